"""What every test inside Home Assistant relies on: a site that is really open, and chargers that dial in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
import socket

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.site.site import Site
from tests.integration import wallbox
from tests.integration.wallbox import Wallbox

STATION = "CP-1"
MAIN = {
    "circuit_id": "main",
    "fuse": 25.0,
    "phases": "three_phase",
    "meter_kind": "currents",
    "meter": {f"current_l{n}": f"sensor.grid_current_l{n}" for n in (1, 2, 3)},
    "margin": 1.0,
    "reserve": 12.5,
    "stale_after": 10.0,
}
CHARGER = {
    "station_id": STATION,
    "circuit": "main",
    "wiring": "rst",
    "maximum": 16.0,
    "minimum": 6.0,
    "safe": 6.0,
    "default_profile": "safe",
    "priority": 0,
}


@pytest.fixture(autouse=True)
def find_our_integration(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load the integration of this checkout. A recorder, where asked for, has to start first."""
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")
    request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def own_folder(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Let Home Assistant keep its files in a folder of this test."""
    hass.config.config_dir = str(tmp_path)
    return tmp_path


@pytest.fixture
def empty_site_entry() -> MockConfigEntry:
    """A site with a main fuse and nothing else; not set up yet."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Home",
        data={CONF_PORT: 0, CONF_HOST: "127.0.0.1"},
        subentries_data=[circuit_subentry(MAIN, "Home")],
    )


@pytest.fixture
def site_entry() -> MockConfigEntry:
    """A site with a main fuse and one charger, CP-1; not set up yet."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Home",
        data={CONF_PORT: 0, CONF_HOST: "127.0.0.1"},
        subentries_data=[circuit_subentry(MAIN, "Home"), charger_subentry(CHARGER, "Garage")],
    )


@pytest.fixture
async def site(hass: HomeAssistant, own_folder: Path, site_entry: MockConfigEntry) -> Site:
    """The site of `site_entry`, open."""
    return await open_entry(hass, site_entry)


@pytest.fixture
async def empty_site(hass: HomeAssistant, own_folder: Path, empty_site_entry: MockConfigEntry) -> Site:
    """The site of `empty_site_entry`, open."""
    return await open_entry(hass, empty_site_entry)


type Dial = Callable[[int, str], Awaitable[Wallbox]]


@pytest.fixture
async def dial(hass: HomeAssistant) -> AsyncIterator[Dial]:
    """Let chargers dial a port: `wallbox = await dial(site.port, "CP-1")`. They hang up at the end."""
    async with AsyncExitStack() as sockets:

        async def call(port: int, station_id: str) -> Wallbox:
            return await sockets.enter_async_context(wallbox.dial(port, station_id))

        yield call
    await hass.async_block_till_done()


@pytest.fixture
async def charger(hass: HomeAssistant, site: Site, dial: Dial) -> Wallbox:
    """The charger CP-1, connected, introduced, and with one free connector."""
    point = await dial(site.port, STATION)
    await point.boot()
    await point.status("Available")
    await hass.async_block_till_done()
    return point


async def open_entry(hass: HomeAssistant, entry: MockConfigEntry) -> Site:
    """Set an entry up and return its open site."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    opened: Site = entry.runtime_data.site
    return opened


def circuit_subentry(data: dict[str, object], title: str) -> ConfigSubentryData:
    """A fuse, as it is stored."""
    return ConfigSubentryData(data=data, subentry_type="circuit", title=title, unique_id=None)


def charger_subentry(data: dict[str, object], title: str) -> ConfigSubentryData:
    """A charger, as it is stored."""
    return ConfigSubentryData(data=data, subentry_type="charger", title=title, unique_id=str(data["station_id"]))
