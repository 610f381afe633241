"""Figures on Home Assistant's health page."""

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.wallbox import Wallbox


@pytest.mark.usefixtures("charger")
async def test_a_running_site(hass: HomeAssistant, site: Site) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    assert await get_system_health_info(hass, DOMAIN) == {
        "running": True,
        "port": site.port,
        "chargers": 1,
        "chargers_connected": 1,
        "unknown_chargers": 0,
        "ledger": "ok",
        "silent_meters": 1,
        "backends": 0,
        "backends_online": 0,
        "sessions_waiting": 0,
    }


async def test_a_site_that_is_not_running(hass: HomeAssistant, charger: Wallbox, site_entry: MockConfigEntry) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(site_entry.entry_id)
    assert await get_system_health_info(hass, DOMAIN) == {"running": False}
