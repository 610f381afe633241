"""What tests of reader pucks rely on: an emulated ESPHome node, and a charger that dials in."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
import sys
from types import ModuleType

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from simulator.esphome.reader import ReaderPuck
from tests.integration.conftest import Dial

from .bus_puck import BusPuck
from .corner import Corner

MAC = "24:6F:28:00:00:01"


@pytest.fixture
def no_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the `esphome` integration be imported without the voice libraries, which are not built for every Python."""
    for name, contents in (("pymicro_vad", "MicroVad"), ("pyspeex_noise", "AudioProcessor")):
        module = ModuleType(name)
        setattr(module, contents, object)
        monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def skip_other_platforms(hass: HomeAssistant) -> Iterator[None]:
    """Let what the `esphome` integration depends on for voice count as set up."""
    hass.config.components |= {"assist_pipeline", "conversation", "intent"}
    return iter(())


@pytest.fixture
async def corner(
    hass: HomeAssistant,
    own_folder: Path,
    no_voice: None,
    mock_bleak_scanner_start: object,
    mock_bluetooth_adapters: None,
    mock_async_zeroconf: object,
    skip_other_platforms: None,
    dial: Dial,
) -> AsyncIterator[Corner]:
    """The open site with a puck at CP-1, in Home Assistant through its own ESPHome integration."""
    assert await async_setup_component(hass, "bluetooth_adapters", {})
    async with ReaderPuck("reader-garage", MAC, "CP-1") as puck:
        corner = Corner(hass, puck)
        await corner.adopt_puck()
        await corner.open_site(dial)
        yield corner
        await corner.close()


@pytest.fixture
async def bus_corner(
    hass: HomeAssistant,
    own_folder: Path,
    mock_bleak_scanner_start: object,
    mock_bluetooth_adapters: None,
    dial: Dial,
) -> AsyncIterator[Corner]:
    """The open site with a puck at CP-1 that fires its events in this process."""
    assert await async_setup_component(hass, "bluetooth_adapters", {})
    puck = BusPuck(hass, "reader-garage", MAC, "CP-1")
    corner = Corner(hass, puck)
    await corner.open_site(dial)
    yield corner
    await hass.config_entries.async_unload(corner.entry.entry_id)
