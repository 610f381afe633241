"""What tests of Bluetooth rely on: radios that are real stacks without a radio, and chargers that dial in."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.offline_evse.bluetooth import buttons, central
from simulator.holder.air import Air
from tests.integration.conftest import Dial, open_entry

from .surroundings import STATIONS, Surroundings, bluetooth_home


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Advertisements come every 20 ms here, so every proxy has heard somebody soon."""
    monkeypatch.setattr(central, "SETTLE_S", 0.1)
    monkeypatch.setattr(central, "RETRY_S", 0.1)
    monkeypatch.setattr(buttons, "OTHERS_HEAR_S", 0.0)


@pytest.fixture
def nothing_else_discovered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Home Assistant's other integrations leave what is heard here alone."""

    async def nobody(hass: HomeAssistant) -> list[object]:
        return []

    monkeypatch.setattr("homeassistant.components.bluetooth.async_get_bluetooth", nobody)


@pytest.fixture
def minimum_level() -> str:
    """How much each charger asks for."""
    return "key"


@pytest.fixture
async def surroundings(
    hass: HomeAssistant,
    minimum_level: str,
    own_folder: Path,
    mock_bleak_scanner_start: object,
    mock_bluetooth_adapters: None,
    quick: None,
    nothing_else_discovered: None,
    dial: Dial,
) -> AsyncIterator[Surroundings]:
    """The open site with its proxies, and its three chargers connected, each with a free connector."""
    assert await async_setup_component(hass, "bluetooth_adapters", {})
    async with Air() as air:
        around = Surroundings(hass, air)
        await around.put_up_antennas()
        around.register_scanners()
        try:
            await open_site(hass, around, dial, minimum_level)
            yield around
            await hass.config_entries.async_unload(around.entry.entry_id)
        finally:
            around.unregister_scanners()


async def open_site(hass: HomeAssistant, around: Surroundings, dial: Dial, minimum_level: str) -> None:
    """Open the site and let its chargers dial in."""
    around.entry = bluetooth_home(minimum_level)
    site = await open_entry(hass, around.entry)
    for station in STATIONS:
        wallbox = around.wallboxes[station] = await dial(site.port, station)
        await wallbox.boot()
        await wallbox.status("Available")
    await hass.async_block_till_done()
