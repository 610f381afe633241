"""The second door for chargers: Home Assistant's own web server, for wss and for chargers at other places."""

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .const import DOMAIN
from .runtime import OfflineEvseConfigEntry


class OcppView(HomeAssistantView):
    """Hands a charger's socket to the site. Views outlive entries, so the site is looked up for each request.

    No user is logged in here: whether a charger is served is the site's decision, by its id and its password.
    """

    url = f"/api/{DOMAIN}/ocpp/{{station_id}}"
    extra_urls = [f"/api/{DOMAIN}/ocpp/{{station_id}}/", f"/api/{DOMAIN}/ocpp//{{station_id}}"]
    name = f"api:{DOMAIN}:ocpp"
    requires_auth = False

    async def get(self, request: web.Request, station_id: str) -> web.StreamResponse:
        """Serve a charger; 503 while there is no site, so that it comes back."""
        entries: list[OfflineEvseConfigEntry] = request.app[KEY_HASS].config_entries.async_loaded_entries(DOMAIN)
        if not entries:
            return web.Response(status=503, headers={"Retry-After": "30"})
        return await entries[0].runtime_data.site.serve(request, station_id)


def register_views(hass: HomeAssistant) -> None:
    """Open the door. It cannot be taken away again before Home Assistant ends."""
    hass.http.register_view(OcppView())
