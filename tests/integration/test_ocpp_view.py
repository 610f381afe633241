"""The second door: Home Assistant's own web server."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.engine.site.site import Site

DOOR = "/api/offline_evse/ocpp"
BOOT = '[2,"1","BootNotification",{"chargePointVendor":"Acme","chargePointModel":"Wallbox"}]'


@pytest.mark.parametrize("path", [f"{DOOR}/CP-1", f"{DOOR}/CP-1/", f"{DOOR}//CP-1"])
async def test_a_charger_is_served_without_a_login(
    hass: HomeAssistant, site: Site, hass_client_no_auth: ClientSessionGenerator, path: str
) -> None:
    client = await hass_client_no_auth()
    async with client.ws_connect(path, protocols=("ocpp1.6",)) as socket:
        assert socket.protocol == "ocpp1.6"
        await socket.send_str(BOOT)
        kind, message_id, answer = await socket.receive_json(timeout=10)
        assert (kind, message_id, answer["status"]) == (3, "1", "Accepted")
        assert site.stations["CP-1"].connected


async def test_without_a_running_site_chargers_are_told_to_come_back(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await hass.config_entries.async_unload(site_entry.entry_id)
    assert site_entry.state is ConfigEntryState.NOT_LOADED
    client = await hass_client_no_auth()
    answer = await client.get(f"{DOOR}/CP-1")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "30"


async def test_a_browser_is_turned_away(
    hass: HomeAssistant, site: Site, hass_client_no_auth: ClientSessionGenerator
) -> None:
    client = await hass_client_no_auth()
    answer = await client.get(f"{DOOR}/CP-1")
    assert 400 <= answer.status < 500
