"""A site with its guest page switched on, a charger that has dialled in, and guests with phones."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.engine.site.site import Site
from tests.integration.conftest import Dial, open_entry
from tests.integration.guests.phone import Phone
from tests.integration.home import home, wall_charger
from tests.integration.wallbox import Wallbox

WEBHOOK_ID = "0123456789abcdef0123456789abcdef"
OPTIONS: dict[str, Any] = {
    "page": True,
    "page_url": "http://192.0.2.10:8123",
    "language": "en",
    "check_out": "11:00:00",
    "webhook": True,
    "webhook_id": WEBHOOK_ID,
    "webhook_remote": False,
}


@pytest.fixture
def hotel_entry() -> MockConfigEntry:
    """A site with the chargers Garage (CP-1) and Yard (CP-2), and everything for guests switched on."""
    entry = home(wall_charger("CP-2", "Yard"), fuse_a=63.0)
    object.__setattr__(entry, "options", {"guests": OPTIONS})
    return entry


@pytest.fixture
async def hotel(hass: HomeAssistant, own_folder: object, hotel_entry: MockConfigEntry) -> Site:
    """The site of `hotel_entry`, open."""
    return await open_entry(hass, hotel_entry)


@pytest.fixture
async def garage(hass: HomeAssistant, hotel: Site, dial: Dial) -> Wallbox:
    """The charger CP-1, connected, with a free connector."""
    return await connected(hass, hotel, dial, "CP-1")


async def connected(hass: HomeAssistant, site: Site, dial: Dial, station_id: str) -> Wallbox:
    """Let a charger dial in and introduce itself."""
    point = await dial(site.port, station_id)
    await point.boot()
    await point.status("Available")
    await hass.async_block_till_done()
    return point


type NewPhone = Callable[[], Awaitable[Phone]]


@pytest.fixture
def phone(hass_client_no_auth: ClientSessionGenerator) -> NewPhone:
    """Make phones on the guests' Wi-Fi: `mine = await phone()`."""

    async def new() -> Phone:
        client: TestClient[Any, Any] = await hass_client_no_auth()
        return Phone(client)

    return new


@pytest.fixture
def ask(hass: HomeAssistant) -> Callable[..., Awaitable[Any]]:
    """Perform an action and return its response: `await ask("issue_pass", name="12", to=…)`."""

    async def perform(action: str, **data: Any) -> Any:
        return await hass.services.async_call("offline_evse", action, data, blocking=True, return_response=True)

    return perform
