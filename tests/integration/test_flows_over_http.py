"""The flows as the frontend sees them: every form survives the way through Home Assistant's web server."""

from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.conftest import Dial

FLOW = "/api/config/config_entries/flow"
SUBENTRY_FLOW = "/api/config/config_entries/subentries/flow"


@pytest.fixture
async def client(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> TestClient[Any, Any]:
    """A browser of somebody who may change the set-up. The test's web server takes no new views once it runs."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "config", {})
    return await hass_client()


async def post(client: TestClient[Any, Any], url: str, **answers: Any) -> dict[str, Any]:
    response = await client.post(url, json=answers)
    assert response.status == 200, await response.text()
    shown: dict[str, Any] = await response.json()
    return shown


def fields(shown: dict[str, Any]) -> list[str]:
    return [field["name"] for field in shown["data_schema"]]


@pytest.mark.usefixtures("own_folder")
async def test_setting_up(client: TestClient[Any, Any], free_port: int) -> None:
    shown = await post(client, FLOW, handler=DOMAIN)
    url = f"{FLOW}/{shown['flow_id']}"
    assert fields(shown) == ["name", "port", "advanced"]
    shown = await post(client, url, name="Home", port=free_port, advanced={"host": "127.0.0.1"})
    assert fields(shown) == ["fuse", "phases", "limit_power", "derate"]
    shown = await post(client, url, fuse=25, phases="three_phase")
    assert fields(shown) == ["meter_kind"]
    shown = await post(client, url, meter_kind="power_total")
    assert fields(shown) == ["power_total", "margin", "advanced"]
    advanced = {"reserve": 10, "stale_after": 10}
    shown = await post(client, url, power_total="sensor.grid", margin=5, advanced=advanced)
    assert shown["type"] == "create_entry"
    kind, flow_id = shown["next_flow"]
    assert kind == "config_subentries_flow"
    response = await client.get(f"{SUBENTRY_FLOW}/{flow_id}")
    shown = await response.json()
    assert fields(shown) == ["qr", "station"]
    assert shown["data_schema"][0]["selector"]["qr_code"]["data"] == f"ws://127.0.0.1:{free_port}/"
    assert (await post(client, f"{SUBENTRY_FLOW}/{flow_id}", station="later"))["reason"] == "later"


async def test_adopting_a_discovered_charger(
    hass: HomeAssistant, client: TestClient[Any, Any], empty_site: Site, dial: Dial
) -> None:
    wallbox = await dial(empty_site.port, "CP-9")
    await wallbox.boot()
    await hass.async_block_till_done()
    (card,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    shown = await (await client.get(f"{FLOW}/{card['flow_id']}")).json()
    first = ["name", "circuit", "wiring", "maximum", "safe", "default_profile"]
    assert fields(shown) == [*first, "connection", "limits", "access", "advanced"]
    answers = {field["name"]: field["default"] for field in shown["data_schema"] if "default" in field}
    answers |= {"name": "Carport", "advanced": {"minimum": 6, "priority": 0}}
    done = await post(client, f"{FLOW}/{card['flow_id']}", **answers)
    assert done["reason"] == "charger_added"
    await hass.async_block_till_done()
    assert "CP-9" in empty_site.stations


async def test_changing_a_fuse(
    hass: HomeAssistant, client: TestClient[Any, Any], site: Site, site_entry: MockConfigEntry
) -> None:
    shown = await post(client, SUBENTRY_FLOW, handler=[site_entry.entry_id, "circuit"])
    assert fields(shown) == ["name", "parent", "fuse", "phases", "derate", "limit_power"]
    url = f"{SUBENTRY_FLOW}/{shown['flow_id']}"
    shown = await post(client, url, name="Barn", parent="main", fuse=16, phases="l2")
    shown = await post(client, url, meter_kind="currents")
    assert fields(shown) == ["current_l2", "power_l2", "margin", "advanced"]
    advanced = {"reserve": 5, "stale_after": 10}
    shown = await post(client, url, current_l2="sensor.barn", margin=1, advanced=advanced)
    assert shown["type"] == "create_entry"
    await hass.async_block_till_done()
    assert {circuit.name for circuit in site.config.circuits} == {"Home", "Barn"}
