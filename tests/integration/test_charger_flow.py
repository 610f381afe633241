"""Adding and changing chargers in the settings of a site."""

from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_schema_suggested_value

from custom_components.offline_evse.engine.site.site import Site
from tests.integration.conftest import MAIN, Dial, circuit_subentry, open_entry
from tests.integration.test_discovery import ANSWERS
from tests.integration.wallbox import Wallbox


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init((entry.entry_id, "charger"), context={"source": SOURCE_USER})


async def go_on(
    hass: HomeAssistant, flow: SubentryFlowResult, answers: dict[str, Any] | None = None
) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_configure(flow["flow_id"], answers)


async def test_the_address_is_shown(hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry) -> None:
    flow = await begin(hass, empty_site_entry)
    url = f"ws://127.0.0.1:{empty_site.port}/"
    assert flow["description_placeholders"]["url"] == url
    qr, station = flow["data_schema"].schema.values()
    assert qr.config["data"] == url
    assert [option["value"] for option in station.config["options"]] == ["wait", "manual", "later"]


async def test_waiting_ends_by_itself_when_a_charger_dials_in(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry, dial: Dial
) -> None:
    flow = await begin(hass, empty_site_entry)
    flow = await go_on(hass, flow, {"station": "wait"})
    assert flow["type"] is FlowResultType.SHOW_PROGRESS
    assert flow["progress_action"] == "wait_for_charger"
    wallbox = await dial(empty_site.port, "CP-9")
    await wallbox.boot()
    await hass.async_block_till_done()
    flow = await go_on(hass, flow)
    assert flow["step_id"] == "adopt"
    assert flow["description_placeholders"] == {"charger": "Acme Wallbox 22 (0001)"}
    assert get_schema_suggested_value(flow["data_schema"].schema, "name") == "Acme Wallbox 22"
    done = await go_on(hass, flow, ANSWERS)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["title"] == "Carport"
    await hass.async_block_till_done()
    assert "CP-9" in empty_site.stations


async def test_who_came_while_the_address_was_read_is_not_waited_for(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry, dial: Dial
) -> None:
    one, several = [await begin(hass, empty_site_entry) for _ in range(2)]
    await (await dial(empty_site.port, "CP-8")).boot()
    one = await go_on(hass, one, {"station": "wait"})
    assert one["step_id"] == "adopt"
    await (await dial(empty_site.port, "CP-9")).boot()
    several = await go_on(hass, several, {"station": "wait"})
    assert several["step_id"] == "user"
    _, station = several["data_schema"].schema.values()
    assert {option["value"] for option in station.config["options"]} >= {"id:CP-8", "id:CP-9"}


async def test_waiting_for_nobody_ends_with_a_hint(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry
) -> None:
    flow = await begin(hass, empty_site_entry)
    with patch("custom_components.offline_evse.flows.charger.WAIT_FOR_S", 0.01):
        flow = await go_on(hass, flow, {"station": "wait"})
        await hass.async_block_till_done(wait_background_tasks=True)
        flow = await go_on(hass, flow)
    assert flow["step_id"] == "user"
    assert flow["errors"] == {"base": "nobody_came"}


async def test_giving_up_the_wait_leaves_nothing_behind(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry, dial: Dial
) -> None:
    flow = await begin(hass, empty_site_entry)
    flow = await go_on(hass, flow, {"station": "wait"})
    hass.config_entries.subentries.async_abort(flow["flow_id"])
    wallbox = await dial(empty_site.port, "CP-9")
    await wallbox.boot()
    await hass.async_block_till_done()
    assert hass.config_entries.subentries.async_progress() == []


async def test_later_is_an_answer(hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry) -> None:
    flow = await begin(hass, empty_site_entry)
    done = await go_on(hass, flow, {"station": "later"})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "later")


async def test_a_charger_at_the_door_can_be_chosen(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry, dial: Dial
) -> None:
    wallbox = await dial(empty_site.port, "wait")
    await wallbox.boot()
    flow = await begin(hass, empty_site_entry)
    _, station = flow["data_schema"].schema.values()
    assert station.config["options"][0] == {"value": "id:wait", "label": "Acme Wallbox 22 (0001) · wait"}
    flow = await go_on(hass, flow, {"station": "id:wait"})
    assert flow["description_placeholders"] == {"charger": "Acme Wallbox 22 (0001)"}


async def test_an_id_can_be_typed(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    flow = await begin(hass, site_entry)
    flow = await go_on(hass, flow, {"station": "manual"})
    assert flow["step_id"] == "manual"
    for typed, error in ((" ", "bad_station_id"), ("a/b", "bad_station_id"), ("CP-1", "already_adopted")):
        flow = await go_on(hass, flow, {"station_id": typed})
        assert flow["errors"] == {"station_id": error}
    flow = await go_on(hass, flow, {"station_id": " CP-2 "})
    assert flow["step_id"] == "adopt"
    refused = await go_on(hass, flow, ANSWERS | {"safe": 20})
    assert refused["errors"] == {"safe": "above_maximum"}
    assert refused["description_placeholders"]["maximum"] == "16"
    done = await go_on(hass, flow, ANSWERS | {"advanced": {"minimum": 6, "priority": 1, "password": "secret"}})
    await hass.async_block_till_done()
    assert done["data"]["password"] == "secret"
    assert "CP-2" in site.stations


async def test_a_charger_adopted_meanwhile_is_not_adopted_twice(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry
) -> None:
    slow, fast = [await begin(hass, empty_site_entry) for _ in range(2)]
    for flow in (slow, fast):
        await go_on(hass, flow, {"station": "manual"})
        await go_on(hass, flow, {"station_id": "CP-2"})
    await go_on(hass, fast, ANSWERS)
    done = await go_on(hass, slow, ANSWERS)
    assert done["reason"] == "already_adopted"


async def test_a_changed_charger_stays_connected(
    hass: HomeAssistant, charger: Wallbox, site: Site, site_entry: MockConfigEntry
) -> None:
    (subentry,) = site_entry.get_subentries_of_type("charger")
    flow = await site_entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    assert get_schema_suggested_value(flow["data_schema"].schema, "name") == "Garage"
    flow = await go_on(hass, flow, ANSWERS | {"safe": 20})
    assert flow["errors"] == {"safe": "above_maximum"}
    done = await go_on(hass, flow, ANSWERS | {"maximum": 10, "wiring": "str"})
    await hass.async_block_till_done()
    assert done["reason"] == "reconfigure_successful"
    (station,) = site.config.stations
    assert (station.name, station.maximum_a) == ("Carport", 10)
    assert await charger.say("Heartbeat", {})


@pytest.mark.usefixtures("own_folder")
async def test_a_site_with_one_phase_suggests_one_phase(hass: HomeAssistant, empty_site_entry: MockConfigEntry) -> None:
    (main,) = empty_site_entry.subentries.values()
    entry = MockConfigEntry(
        domain="offline_evse",
        data=empty_site_entry.data,
        subentries_data=[circuit_subentry(MAIN | {"phases": "l1"}, main.title)],
    )
    await open_entry(hass, entry)
    flow = await begin(hass, entry)
    flow = await go_on(hass, flow, {"station": "manual"})
    flow = await go_on(hass, flow, {"station_id": "CP-2"})
    assert get_schema_suggested_value(flow["data_schema"].schema, "wiring") == "r"
    flow = await go_on(hass, flow, ANSWERS)
    assert flow["errors"] == {"wiring": "phase_not_in_circuit"}
    done = await go_on(hass, flow, ANSWERS | {"wiring": "r"})
    assert done["type"] is FlowResultType.CREATE_ENTRY


async def test_without_a_running_site_there_is_no_address(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(empty_site_entry.entry_id)
    done = await begin(hass, empty_site_entry)
    assert done["reason"] == "not_running"


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"connection": {"timeout": "own", "refresh": 60}}, "own_timeout_needed"),
        ({"connection": {"timeout": "own", "refresh": 60, "expiry": 60}}, "refresh_after_expiry"),
        ({"connection": {"hardware": 10}}, "hardware_below_maximum"),
        ({"wiring": "r", "limits": {"can_switch_phases": True}}, "one_phase_cannot_switch"),
    ],
)
async def test_what_cannot_be_in_a_section_is_told(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry, answers: dict[str, Any], error: str
) -> None:
    flow = await begin(hass, empty_site_entry)
    flow = await go_on(hass, flow, {"station": "manual"})
    flow = await go_on(hass, flow, {"station_id": "CP-2"})
    assert (await go_on(hass, flow, ANSWERS | answers))["errors"] == {"base": error}


async def test_a_charger_has_its_own_silence_and_its_own_caps(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry
) -> None:
    flow = await begin(hass, empty_site_entry)
    flow = await go_on(hass, flow, {"station": "manual"})
    flow = await go_on(hass, flow, {"station_id": "CP-2"})
    own = {"connection": {"timeout": "60_70", "after_expiry": "hold"}, "limits": {"session_energy": 12}}
    assert (await go_on(hass, flow, ANSWERS | own))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (station,) = empty_site.config.stations
    assert (station.refresh_s, station.expires_s, station.after_expiry) == (60, 70, "hold")
    assert station.session_energy_wh == 12000
    # Changed later, it is suggested as it is.
    (subentry,) = empty_site_entry.get_subentries_of_type("charger")
    flow = await empty_site_entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    inner = next(value for key, value in flow["data_schema"].schema.items() if key == "connection").schema
    assert get_schema_suggested_value(inner.schema, "timeout") == "60_70"
