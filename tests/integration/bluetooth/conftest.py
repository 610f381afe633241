"""What tests of Bluetooth rely on: radios that are real stacks without a radio, and chargers that dial in."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.offline_evse.bluetooth import central
from simulator.holder.air import Air
from tests.integration.conftest import Dial, open_entry

from .surroundings import STATIONS, Surroundings, bluetooth_home


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Advertisements come every 20 ms here, so every proxy has heard somebody soon."""
    monkeypatch.setattr(central, "SETTLE_S", 0.1)
    monkeypatch.setattr(central, "RETRY_S", 0.1)


@pytest.fixture
async def surroundings(
    hass: HomeAssistant,
    own_folder: Path,
    mock_bleak_scanner_start: object,
    mock_bluetooth_adapters: None,
    quick: None,
    dial: Dial,
) -> AsyncIterator[Surroundings]:
    """The open site with its proxies, and its three chargers connected, each with a free connector."""
    assert await async_setup_component(hass, "bluetooth_adapters", {})
    async with Air() as air:
        around = Surroundings(hass, air)
        await around.put_up_antennas()
        around.register_scanners()
        await open_site(hass, around, dial)
        yield around
        await hass.config_entries.async_unload(around.entry.entry_id)
        around.unregister_scanners()


async def open_site(hass: HomeAssistant, around: Surroundings, dial: Dial) -> None:
    """Open the site and let its chargers dial in."""
    around.entry = bluetooth_home()
    site = await open_entry(hass, around.entry)
    for station in STATIONS:
        wallbox = around.wallboxes[station] = await dial(site.port, station)
        await wallbox.boot()
        await wallbox.status("Available")
    await hass.async_block_till_done()
