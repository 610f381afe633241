"""The addresses that people type into their chargers."""

import errno

from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.address import charger_url, remote_url
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.port import bind_reason


@pytest.mark.parametrize(("host", "shown"), [("192.0.2.7", "192.0.2.7"), ("2001:db8::7", "[2001:db8::7]")])
async def test_the_interface_that_was_chosen_is_shown(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, host: str, shown: str
) -> None:
    hass.config_entries.async_update_entry(site_entry, data={**site_entry.data, "host": host})
    assert await charger_url(hass, site_entry) == f"ws://{shown}:{site.port}/"


async def test_the_way_through_home_assistant_is_safe_where_home_assistant_is(hass: HomeAssistant) -> None:
    await async_process_ha_core_config(hass, {"external_url": "https://home.example.org"})
    assert remote_url(hass) == "wss://home.example.org/api/offline_evse/ocpp/"


def test_a_port_that_cannot_be_used_says_why_in_few_words() -> None:
    assert bind_reason(OSError(errno.EADDRINUSE, "a paragraph")) == "Address already in use"
    assert bind_reason(OSError("no number")) == "no number"
