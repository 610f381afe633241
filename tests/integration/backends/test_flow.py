"""Setting backends up and changing them, form by form; and that none has to be there for it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_schema_suggested_value
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.backends.backend_config import upstream_configs
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.config import UnknownCards, UpstreamPermit, UpstreamRole
from custom_components.offline_evse.engine.site.site import Site
from simulator.backend.central import CentralSystem
from tests.integration.backends.conftest import MONTA, LinesInHand, backend, backend_id
from tests.integration.backends.forms import answers, begin, change, go_on, suggested, told
from tests.integration.conftest import open_entry
from tests.integration.home import home, wall_charger


@pytest.mark.usefixtures("monta_site")
async def test_a_backend_that_answers_is_set_up_at_once(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem, opened_lines: list[LinesInHand]
) -> None:
    flow = await begin(hass, monta_entry)
    assert flow["step_id"] == "user"
    flow = await go_on(hass, flow, answers(central))
    assert flow["step_id"] == "charger"
    assert told(flow)["charger"] == "Garage"
    assert suggested(flow, "identity") == "CP-1"
    done = await go_on(hass, flow, {"identity": "MONTA-7", "password": "very-secret-pw"})
    assert (done["type"], done["title"]) == (FlowResultType.CREATE_ENTRY, "Road")
    assert central.connections["MONTA-7"] == 1
    await hass.async_block_till_done(wait_background_tasks=True)
    road = opened_lines[0].configs[1]
    assert road.upstream_id == backend_id(monta_entry, "Road")
    assert road.versions == (OcppVersion.V21, OcppVersion.V201, OcppVersion.V16)
    assert [(it.station_id, it.identity, it.password) for it in road.lines] == [("CP-1", "MONTA-7", "very-secret-pw")]


TROUBLES: dict[str, tuple[Callable[[CentralSystem], None], dict[str, str], str]] = {
    "password": (lambda _: None, {"identity": "MONTA-7", "password": "wrong"}, "credentials"),
    "identity": (lambda _: None, {"identity": "MONTA-8", "password": "very-secret-pw"}, "unknown_station"),
    "no central system": (
        lambda central: setattr(central.conduct, "refusing", 400),
        {"identity": "MONTA-7"},
        "not_ocpp",
    ),
    "down": (lambda central: setattr(central.conduct, "refusing", 503), {"identity": "MONTA-7"}, "unreachable"),
}


@pytest.mark.usefixtures("monta_site")
@pytest.mark.parametrize("name", TROUBLES)
async def test_what_is_wrong_is_told_and_may_be_kept(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem, name: str
) -> None:
    spoil, line, error = TROUBLES[name]
    spoil(central)
    flow = await go_on(hass, await begin(hass, monta_entry), answers(central))
    flow = await go_on(hass, flow, line)
    assert (flow["step_id"], flow["errors"]) == ("trouble", {"base": error})
    assert told(flow)["identity"] == line["identity"]
    done = await go_on(hass, flow, {"next": "save"})
    assert done["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("monta_site")
async def test_nobody_there_is_no_hindrance(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem, free_port: int
) -> None:
    flow = await begin(hass, monta_entry)
    flow = await go_on(hass, flow, answers(central, address=f"ws://127.0.0.1:{free_port}/ocpp/"))
    flow = await go_on(hass, flow, {"identity": "MONTA-7"})
    assert flow["errors"] == {"base": "unreachable"}
    done = await go_on(hass, flow, {"next": "save"})
    assert done["data"]["address"] == f"ws://127.0.0.1:{free_port}/ocpp"


@pytest.mark.usefixtures("monta_site")
async def test_a_wrong_password_can_be_put_right_on_the_way(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem
) -> None:
    flow = await go_on(hass, await begin(hass, monta_entry), answers(central))
    flow = await go_on(hass, flow, {"identity": "MONTA-7", "password": "wrong"})
    flow = await go_on(hass, flow, {"next": "again"})
    assert flow["errors"] == {"base": "credentials"}
    flow = await go_on(hass, flow, {"next": "change"})
    assert flow["step_id"] == "user"
    assert suggested(flow, "name") == "Road"
    flow = await go_on(hass, flow, answers(central))
    assert (suggested(flow, "identity"), suggested(flow, "password")) == ("MONTA-7", "wrong")
    done = await go_on(hass, flow, {"identity": "MONTA-7", "password": "very-secret-pw"})
    assert done["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("monta_site")
async def test_only_the_charger_that_is_refused_is_asked_for_again(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem
) -> None:
    flow = await go_on(hass, await begin(hass, monta_entry), answers(central, chargers=["CP-2", "CP-1"]))
    flow = await go_on(hass, flow, {"identity": "MONTA-9", "password": "mistyped-secret"})
    flow = await go_on(hass, flow, {"identity": "MONTA-7", "password": "very-secret-pw"})
    assert (flow["errors"], told(flow)["charger"]) == ({"base": "credentials"}, "Yard")
    flow = await go_on(hass, flow, {"next": "change_charger"})
    assert flow["step_id"] == "charger"
    assert (told(flow)["charger"], told(flow)["number"], told(flow)["count"]) == ("Yard", "1", "2")
    assert (suggested(flow, "identity"), suggested(flow, "password")) == ("MONTA-9", "mistyped-secret")
    done = await go_on(hass, flow, {"identity": "MONTA-9", "password": "another-secret"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert list(done["data"]["chargers"]) == ["CP-2", "CP-1"]


@pytest.mark.usefixtures("monta_site")
async def test_an_address_may_be_pasted_with_the_id_at_its_end(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem
) -> None:
    whole = f"ws://127.0.0.1:{central.port}/ocpp/MONTA-7"
    flow = await go_on(hass, await begin(hass, monta_entry), answers(central, address=whole))
    done = await go_on(hass, flow, {"identity": "MONTA-7", "password": "very-secret-pw"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["data"]["address"] == f"ws://127.0.0.1:{central.port}/ocpp"


@pytest.mark.usefixtures("monta_site")
async def test_the_other_chargers_go_likewise(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem
) -> None:
    flow = await go_on(hass, await begin(hass, monta_entry), answers(central, chargers=["CP-1", "CP-2"]))
    flow = await go_on(hass, flow, {"identity": "CP-2", "password": "pw", "others": True})
    assert flow["errors"] == {"identity": "identity_twice"}
    assert told(flow)["charger"] == "Yard"
    flow = await go_on(hass, flow, {"identity": "Y"})
    flow = await go_on(hass, flow, {"next": "change"})
    flow = await go_on(hass, flow, answers(central, chargers=["CP-1", "CP-2"]))
    flow = await go_on(hass, flow, {"identity": "CP-1", "password": "pw", "others": True})
    done = await go_on(hass, flow, {"next": "save"})
    assert done["data"]["chargers"] == {
        "CP-1": {"identity": "CP-1", "password": "pw"},
        "CP-2": {"identity": "Y"},
    }


async def test_everything_that_can_be_said_reaches_the_site(
    hass: HomeAssistant, monta_site: Site, monta_entry: MockConfigEntry, central: CentralSystem
) -> None:
    filled = answers(
        central,
        role="control",
        version="1_6",
        rights={
            "permits": ["reset", "local_list"],
            "vendors": ["com.acme"],
            "since": "2026-11-01",
            "unknown_cards": "ask",
            "knows_repeats": False,
        },
        traffic={
            "live_interval": 300,
            "bulk_from": "22:00:00",
            "bulk_until": "06:00:00",
            "daily_mb": 2.5,
            "metered": "binary_sensor.on_sim",
            "probe_interval": 120,
        },
    )
    flow = await go_on(hass, await begin(hass, monta_entry), filled)
    done = await go_on(hass, flow, {"identity": "MONTA-7", "password": "very-secret-pw"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.config.async_set_time_zone("Europe/Berlin")
    road = next(it for it in upstream_configs(monta_entry) if it.name == "Road")
    assert road.role is UpstreamRole.CONTROL
    assert road.versions == (OcppVersion.V16,)
    assert road.permits == {UpstreamPermit.RESET, UpstreamPermit.LOCAL_LIST}
    assert road.vendor_ids == {"com.acme"}
    assert road.since == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert road.knows_repeats is False
    assert road.unknown_cards is UnknownCards.ASK
    assert (road.traffic.live_interval_s, road.traffic.probe_interval_s) == (300, 120)
    assert (str(road.traffic.bulk_from), str(road.traffic.bulk_until)) == ("22:00:00", "06:00:00")
    assert road.traffic.daily_bytes == 2_500_000


@pytest.mark.usefixtures("monta_site")
async def test_changing_shows_what_is_set_up_and_dials_only_for_what_is_new(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem
) -> None:
    monta = monta_entry.subentries[backend_id(monta_entry)]
    kept = {**MONTA, "address": f"ws://127.0.0.1:{central.port}/ocpp", "permits": ["reset"]}
    hass.config_entries.async_update_subentry(monta_entry, monta, data=kept)
    flow = await change(hass, monta_entry)
    assert flow["step_id"] == "reconfigure"
    assert [suggested(flow, it) for it in ("name", "role", "chargers")] == ["Monta", "report", ["CP-1"]]
    assert flow["data_schema"] is not None
    rights = flow["data_schema"].schema["rights"].schema.schema
    assert get_schema_suggested_value(rights, "permits") == ["reset"]
    flow = await go_on(hass, flow, answers(central, name="Monta Work"))
    assert (suggested(flow, "identity"), suggested(flow, "password")) == ("MONTA-7", "very-secret-pw")
    done = await go_on(hass, flow, {"identity": "MONTA-7", "password": "very-secret-pw"})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert central.connections.total() == 0
    assert monta_entry.subentries[monta.subentry_id].title == "Monta Work"
    assert "permits" not in monta_entry.subentries[monta.subentry_id].data
    flow = await go_on(hass, await change(hass, monta_entry, "Monta Work"), answers(central, version="2_0_1"))
    done = await go_on(hass, flow, {"identity": "MONTA-7", "password": "very-secret-pw"})
    assert done["reason"] == "reconfigure_successful"
    assert central.connections["MONTA-7"] == 1


@pytest.mark.usefixtures("opened_lines")
async def test_a_charger_that_was_removed_is_not_suggested_any_more(
    hass: HomeAssistant, own_folder: object, central: CentralSystem
) -> None:
    two = {"CP-1": {"identity": "A"}, "GONE": {"identity": "B"}}
    entry = home(backend(chargers=two))
    await open_entry(hass, entry)
    assert [it.station_id for it in upstream_configs(entry)[0].lines] == ["CP-1"]
    flow = await change(hass, entry)
    assert suggested(flow, "chargers") == ["CP-1"]


@pytest.mark.usefixtures("empty_site")
async def test_there_has_to_be_a_charger(hass: HomeAssistant, empty_site_entry: MockConfigEntry) -> None:
    flow = await begin(hass, empty_site_entry)
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "no_chargers")


async def test_a_site_that_does_not_run_tries_nothing(
    hass: HomeAssistant, monta_site: Site, monta_entry: MockConfigEntry, central: CentralSystem
) -> None:
    await hass.config_entries.async_unload(monta_entry.entry_id)
    flow = await go_on(hass, await begin(hass, monta_entry), answers(central))
    done = await go_on(hass, flow, {"identity": "MONTA-7", "password": "wrong"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert central.connections.total() == 0


@pytest.mark.usefixtures("opened_lines")
async def test_what_comes_with_a_site_is_there_from_the_start(hass: HomeAssistant, own_folder: object) -> None:
    entry = home(wall_charger("CP-2", "Yard"), backend(), backend("Road", chargers={"CP-2": {"identity": "R"}}))
    await open_entry(hass, entry)
    assert [hass.states.get(f"sensor.{it}_link") is not None for it in ("monta", "road")] == [True, True]


@pytest.mark.usefixtures("monta_site")
async def test_every_form_survives_the_way_to_the_browser(
    hass: HomeAssistant, monta_entry: MockConfigEntry, hass_client: ClientSessionGenerator, central: CentralSystem
) -> None:
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()
    url = "/api/config/config_entries/subentries/flow"

    async def post(url: str, **filled: Any) -> dict[str, Any]:
        response = await client.post(url, json=filled)
        assert response.status == 200, await response.text()
        shown: dict[str, Any] = await response.json()
        return shown

    shown = await post(url, handler=[monta_entry.entry_id, "backend"])
    first = ["name", "address", "role", "chargers", "version"]
    assert [it["name"] for it in shown["data_schema"]] == [*first, "rights", "traffic", "tls"]
    url = f"{url}/{shown['flow_id']}"
    shown = await post(url, **answers(central, chargers=["CP-1", "CP-2"]))
    assert [it["name"] for it in shown["data_schema"]] == ["identity", "password", "others"]
    shown = await post(url, identity="MONTA-8", others=True)
    assert shown["type"] == "progress"
    await hass.async_block_till_done()
    shown = await post(url)
    assert [it["name"] for it in shown["data_schema"]] == ["next"]
    shown = await post(url, next="save")
    assert shown["type"] == "create_entry"
