"""Where chargers find the site."""

from contextlib import suppress

from homeassistant.components import network
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers.network import NoURLAvailableError, get_url

from .const import DOMAIN
from .runtime import OfflineEvseConfigEntry


async def charger_url(hass: HomeAssistant, entry: OfflineEvseConfigEntry) -> str:
    """Return the address to type into a charger, which appends its own id. The site has to be running."""
    host: str = entry.data.get(CONF_HOST) or await network.async_get_source_ip(hass)
    return f"ws://{f'[{host}]' if ':' in host else host}:{entry.runtime_data.site.port}/"


def remote_url(hass: HomeAssistant) -> str:
    """Return the address through Home Assistant's own web server; empty where that has none."""
    with suppress(NoURLAvailableError):
        url = get_url(hass, prefer_external=True)
        return f"{url.replace('http', 'ws', 1)}/api/{DOMAIN}/ocpp/"
    return ""
