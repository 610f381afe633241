"""Where guests find the page."""

from urllib.parse import quote

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.network import NoURLAvailableError, get_url

from ..engine.model.station import EvseKey
from .settings import GuestSettings
from .spots import spot_id

SHORT_PATH = "/charge"


def page_url(hass: HomeAssistant, settings: GuestSettings) -> str | None:
    """Return the address of the guest page; None where Home Assistant has not been told its own.

    The address in the local network is taken even where there is one from outside: guests are in the building, and
    it is the one that needs no internet.
    """
    if settings.page_url is not None:
        return f"{settings.page_url}{SHORT_PATH}"
    try:
        return f"{get_url(hass, prefer_external=False, allow_cloud=False)}{SHORT_PATH}"
    except NoURLAvailableError:
        return None


def pass_link(page: str, secret: str) -> str:
    """Return the link that opens the page with a pass. What follows the # is sent to no server and is in no log."""
    return f"{page}#p={quote(secret, safe='')}"


def charger_link(page: str, entry: ConfigEntry, evse: EvseKey) -> str:
    """Return the link for the sign at a charger, which opens the page with this charger on top. It is no secret."""
    return f"{page}#at={spot_id(entry, evse)}"
