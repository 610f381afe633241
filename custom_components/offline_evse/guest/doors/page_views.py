"""The guest page's files, the slip of a pass, and the QR codes for the signs at chargers."""

from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView

from ..links import SHORT_PATH, charger_link, page_url
from ..qr import qr_svg
from ..slips import slip_html
from ..spots import find_spot
from ..words import Words, best_language, load_words
from .guard import FRESH, HEADERS, PATH, Refused, guests_of, within

FOLDER: Final = Path(__file__).parents[1] / "page"
KINDS: Final = {"guest.js": "text/javascript", "guest.css": "text/css", "icon.svg": "image/svg+xml"}
LANGUAGE_MARK: Final = "%language%"


@dataclass(frozen=True, slots=True)
class PageFiles:
    """The built page, in memory."""

    html: str
    files: dict[str, tuple[bytes, str]]
    """Content and ETag, by name."""
    words: dict[str, Words]


async def load_page(hass: HomeAssistant) -> PageFiles:
    """Read the page beside the event loop."""

    def read() -> tuple[str, dict[str, tuple[bytes, str]]]:
        files = {name: (FOLDER / name).read_bytes() for name in KINDS}
        return (FOLDER / "index.html").read_text(encoding="utf-8"), {
            name: (content, sha256(content).hexdigest()[:16]) for name, content in files.items()
        }

    html, files = await hass.async_add_executor_job(read)
    return PageFiles(html, files, await load_words(hass))


class _PageView(HomeAssistantView):
    """A door of the page. Views outlive entries, so the site is looked up for each request."""

    requires_auth = False

    def __init__(self, page: PageFiles) -> None:
        """Serve these files."""
        self._page = page


class GuestPageView(_PageView):
    """The page itself, without a word about anybody."""

    url = PATH
    extra_urls = [f"{PATH}/", SHORT_PATH, f"{SHORT_PATH}/"]
    name = "api:offline_evse:guest"

    async def get(self, request: web.Request) -> web.Response:
        """Serve it in the browser's language."""
        try:
            _, desk = guests_of(request)
            within(desk.asking, request)
        except Refused as refused:
            return refused.response
        language = best_language(request.headers.get("Accept-Language"), desk.settings.language)
        return web.Response(
            text=self._page.html.replace(LANGUAGE_MARK, language),
            content_type="text/html",
            headers={**HEADERS, "Cache-Control": "no-cache", "Content-Language": language, "Vary": "Accept-Language"},
        )


class GuestFileView(_PageView):
    """Its script, its style and its icon."""

    url = f"{PATH}/page/{{file}}"
    name = "api:offline_evse:guest:file"

    async def get(self, request: web.Request, file: str) -> web.Response:
        """Serve a file; the browser keeps it, and asks whether it is still the same."""
        try:
            _, desk = guests_of(request)
            within(desk.asking, request)
        except Refused as refused:
            return refused.response
        content, tag = self._page.files.get(file, (None, ""))
        if content is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": f'"{tag}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(body=content, content_type=KINDS[file], charset="utf-8", headers=headers)


class GuestSlipView(_PageView):
    """The slip of a pass, for whoever was given its address when the pass was issued."""

    url = f"{PATH}/slip/{{slip}}"
    name = "api:offline_evse:guest:slip"

    async def get(self, request: web.Request, slip: str) -> web.Response:
        """Serve a slip to print."""
        try:
            _, desk = guests_of(request)
            within(desk.entering, request)
        except Refused as refused:
            return refused.response
        found = desk.slips.find(slip)
        if found is None:
            return web.Response(status=HTTPStatus.NOT_FOUND, headers={**HEADERS, **FRESH})
        language = desk.settings.language
        html = slip_html(found, self._page.words[language]["slip"], language, f"{PATH}/page/guest.css")
        return web.Response(text=html, content_type="text/html", headers={**HEADERS, **FRESH})


class ChargerSignView(_PageView):
    """The QR code for the sign at a charger. It holds an address and a handle, and no secret."""

    url = f"{PATH}/sign/{{spot}}.svg"
    name = "api:offline_evse:guest:sign"

    async def get(self, request: web.Request, spot: str) -> web.Response:
        """Serve the picture."""
        try:
            entry, desk = guests_of(request)
            within(desk.asking, request)
        except Refused as refused:
            return refused.response
        page = page_url(desk.hass, desk.settings)
        evse = find_spot(entry, desk.site, spot)
        if page is None or evse is None:
            return web.Response(status=HTTPStatus.NOT_FOUND, headers=HEADERS)
        return web.Response(
            text=qr_svg(charger_link(page, entry, evse)), content_type="image/svg+xml", headers={**HEADERS, **FRESH}
        )


async def register_guest_page(hass: HomeAssistant) -> None:
    """Open the doors of the page; they answer 404 while the option is off."""
    page = await load_page(hass)
    for view in (GuestPageView, GuestFileView, GuestSlipView, ChargerSignView):
        hass.http.register_view(view(page))
