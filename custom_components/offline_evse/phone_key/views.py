"""The doors of the page: its files, what it has to know of the site, and the picture of a key.

They are open to everybody who reaches Home Assistant, and closed while Bluetooth is off. What they tell is what every
holder of a key is told: the site's public key, and the names of the chargers that have a reader.
"""

from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
import re
import time
from typing import Final

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from ..const import DOMAIN
from ..guest.qr import qr_svg
from ..guest.throttle import Rate, Throttle, place_of
from ..runtime import OfflineEvseConfigEntry

PATH: Final = "/api/offline_evse/key"
FOLDER: Final = Path(__file__).parent / "page"
SCRIPTS: Final = ("page.js", "session.js", "keeper.js", "protocol.js", "words.js")
_KINDS: Final = dict.fromkeys(SCRIPTS, "text/javascript") | {"key.css": "text/css"}
_PUBLIC_KEY: Final = re.compile(r"[A-Za-z0-9_-]{44}")
"""33 bytes, base64url."""
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "bluetooth=(self), camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FRESH: Final = {"Cache-Control": "no-store"}


def _site_of(request: web.Request) -> OfflineEvseConfigEntry | None:
    """Return the site whose Bluetooth is on; None: there is nothing here."""
    hass: HomeAssistant = request.app[KEY_HASS]
    entries: list[OfflineEvseConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return entries[0] if entries and entries[0].runtime_data.bluetooth.open is not None else None


class KeyPageView(HomeAssistantView):
    """The page itself."""

    url = PATH
    name = "api:offline_evse:key"
    requires_auth = False

    def __init__(self, html: str) -> None:
        """Serve this."""
        self._html = html

    async def get(self, request: web.Request) -> web.Response:
        """Serve it."""
        if _site_of(request) is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = _HEADERS | {"Cache-Control": "no-cache"}
        return web.Response(text=self._html, content_type="text/html", headers=headers)


class KeyFileView(HomeAssistantView):
    """Its scripts and its style."""

    url = f"{PATH}/page/{{file}}"
    name = "api:offline_evse:key:file"
    requires_auth = False

    def __init__(self, files: dict[str, bytes]) -> None:
        """Serve these."""
        self._files = {name: (content, f'"{sha256(content).hexdigest()[:16]}"') for name, content in files.items()}

    async def get(self, request: web.Request, file: str) -> web.Response:
        """Serve a file; the browser keeps it, and asks whether it is still the same."""
        content, tag = self._files.get(file, (None, ""))
        if content is None or _site_of(request) is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = _HEADERS | {"Cache-Control": "no-cache", "ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(body=content, content_type=_KINDS[file], charset="utf-8", headers=headers)


class KeySiteView(HomeAssistantView):
    """What the page has to know: whom to answer, and which chargers have a reader."""

    url = f"{PATH}/site.json"
    name = "api:offline_evse:key:site"
    requires_auth = False

    async def get(self, request: web.Request) -> web.Response:
        """Serve it."""
        entry = _site_of(request)
        if entry is None or (opened := entry.runtime_data.bluetooth.open) is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        return self.json(opened.pucks.told_to_phones(), headers=_HEADERS | _FRESH)


class KeyCodeView(HomeAssistantView):
    """The QR code of a public key, for whoever enrols it. It keeps nothing, and draws nothing else."""

    url = f"{PATH}/code/{{key}}.svg"
    name = "api:offline_evse:key:code"
    requires_auth = False

    def __init__(self) -> None:
        """Draw few of them: it takes some time."""
        self._throttle = Throttle(Rate(20, 0.5), Rate(60, 2.0), time.monotonic)

    async def get(self, request: web.Request, key: str) -> web.Response:
        """Draw it."""
        if _site_of(request) is None or not _PUBLIC_KEY.fullmatch(key):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        if self._throttle.wait_s(place_of(request.remote)):
            return web.Response(status=HTTPStatus.TOO_MANY_REQUESTS)
        return web.Response(text=qr_svg(key), content_type="image/svg+xml", headers=_HEADERS | _FRESH)


async def register_key_page(hass: HomeAssistant) -> None:
    """Open the doors of the page; they answer 404 while Bluetooth is off."""

    def read() -> tuple[str, dict[str, bytes]]:
        files = {name: (FOLDER / name).read_bytes() for name in _KINDS}
        return (FOLDER / "index.html").read_text(encoding="utf-8"), files

    html, files = await hass.async_add_executor_job(read)
    hass.http.register_view(KeyPageView(html))
    hass.http.register_view(KeyFileView(files))
    hass.http.register_view(KeySiteView())
    hass.http.register_view(KeyCodeView())
