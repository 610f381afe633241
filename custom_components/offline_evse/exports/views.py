"""The door at which administrators fetch files of records."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from ..const import DOMAIN
from .desk import export_folder, find_file

PATH: Final = f"/api/{DOMAIN}/exports"


class ExportView(HomeAssistantView):
    """Hands a file to an administrator; the path may be signed for a browser."""

    url = f"{PATH}/{{name}}"
    name = f"api:{DOMAIN}:exports"

    async def get(self, request: web.Request, name: str) -> web.StreamResponse:
        """Serve it."""
        if not request[KEY_HASS_USER].is_admin:
            raise Unauthorized
        hass: HomeAssistant = request.app[KEY_HASS]
        path = await hass.async_add_executor_job(find_file, export_folder(hass), name)
        if path is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Type": "application/zip",
            "X-Content-Type-Options": "nosniff",
        }
        return web.FileResponse(path, headers=headers)
