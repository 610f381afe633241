"""What all doors for guests have in common: who may come in, how often, and what a browser is told to allow."""

from http import HTTPStatus
from math import ceil
from typing import Any, Final

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import KEY_HASS
from homeassistant.helpers.json import json_bytes

from ...const import DOMAIN
from ...runtime import OfflineEvseConfigEntry
from ..desk import GuestDesk
from ..throttle import Throttle, place_of
from ..visits import VISIT_S, Visit

PATH: Final = "/api/offline_evse/guest"
COOKIE: Final = "offline_evse_guest"

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FRESH: Final = {"Cache-Control": "no-store"}


class Refused(Exception):
    """A request is answered with this instead."""

    def __init__(self, response: web.Response) -> None:
        """Take the answer."""
        super().__init__()
        self.response = response


def guests_of(request: web.Request) -> tuple[OfflineEvseConfigEntry, GuestDesk]:
    """Return the site and its desk for guests. Raises Refused: without the option there is nothing here."""
    hass: HomeAssistant = request.app[KEY_HASS]
    entries: list[OfflineEvseConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    if not entries or not (desk := entries[0].runtime_data.guests).settings.page:
        raise Refused(web.Response(status=HTTPStatus.NOT_FOUND))
    return entries[0], desk


def within(throttle: Throttle, request: web.Request) -> None:
    """Count a request. Raises Refused where there were too many."""
    if wait_s := throttle.wait_s(place_of(request.remote)):
        raise Refused(too_many(wait_s))


def too_many(wait_s: float) -> web.Response:
    """Say how long to wait."""
    wait = max(1, ceil(wait_s))
    return answer({"error": "too_many", "wait": wait}, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(wait)})


def from_our_page(request: web.Request) -> None:
    """Make sure that it is our own page that asks for a change. Raises Refused.

    The cookie is withheld from other sites by its SameSite; here are a second and a third lock: a body of JSON cannot
    be sent from elsewhere without asking first, which is not allowed, and browsers say where a request comes from.
    """
    fetched = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if (
        request.content_type != "application/json"
        or (fetched is not None and fetched != "same-origin")
        or (origin is not None and origin.partition("://")[2] != request.host)
    ):
        raise Refused(answer({"error": "foreign"}, HTTPStatus.FORBIDDEN))


def visit_of(request: web.Request, desk: GuestDesk) -> Visit:
    """Return the visit that a request belongs to. Raises Refused: the pass has to be shown (again)."""
    visit = desk.visits.find(request.cookies.get(COOKIE))
    if visit is None:
        raise Refused(answer({"error": "no_visit"}, HTTPStatus.UNAUTHORIZED))
    return visit


def let_in(request: web.Request, response: web.Response, token: str) -> None:
    """Give a browser its token: for this page only, out of reach of scripts, and not for long."""
    response.set_cookie(
        COOKIE, token, max_age=int(VISIT_S), path=PATH, httponly=True, secure=request.secure, samesite="Strict"
    )


def answer(body: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with JSON that nobody keeps."""
    return web.Response(
        body=json_bytes(body),
        status=status,
        content_type="application/json",
        headers={**HEADERS, **FRESH, **(headers or {})},
    )
