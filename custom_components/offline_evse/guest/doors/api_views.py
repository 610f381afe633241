"""What the guest page asks: let me in, how does it stand, start, stop, and what have I charged."""

import asyncio
from collections.abc import Awaitable, Callable
import csv
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from io import StringIO
from typing import Any, Final

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads_object

from ...engine.model.command import CommandResult
from ...engine.model.credential import Credential, Evidence, EvidenceLevel
from ...engine.model.failure import LedgerFullError, LedgerUnavailableError
from ...engine.model.guest_pass import TooManyTriesError
from ...engine.model.station import EvseKey
from ...runtime import OfflineEvseConfigEntry
from ..desk import GuestDesk
from ..spots import find_spot
from ..throttle import place_of
from ..visible import is_over, own_session, record_view, visit_view
from .guard import (
    COOKIE,
    FRESH,
    HEADERS,
    PATH,
    Refused,
    answer,
    from_our_page,
    guests_of,
    let_in,
    too_many,
    visit_of,
    within,
)

ENTRY_TAKES_S: Final = 0.25
"""Every code is answered this long after it came, so that the time tells nothing about it."""
LONGEST_BODY: Final = 1024
READ_WITHIN_S: Final = 5.0
LONGEST_SECRET: Final = 128
MOST_SESSIONS: Final = 1000
CLOCKS_DIFFER: Final = timedelta(days=1)
"""A charger may date a session before the pass. Passes with a code are never handed on, so it shows nobody else's."""

SOURCE: Final = "guest_page"

type Handler = Callable[[web.Request, OfflineEvseConfigEntry, GuestDesk], Awaitable[web.Response]]


async def _served(request: web.Request, handler: Handler) -> web.Response:
    """Answer a request, or say why not."""
    try:
        entry, desk = guests_of(request)
        return await handler(request, entry, desk)
    except Refused as refused:
        return refused.response
    except LedgerFullError, LedgerUnavailableError:
        return answer({"error": "not_recorded"}, HTTPStatus.SERVICE_UNAVAILABLE)


class GuestVisitView(HomeAssistantView):
    """Begins and ends a visit."""

    url = f"{PATH}/visit"
    name = "api:offline_evse:guest:visit"
    requires_auth = False

    async def post(self, request: web.Request) -> web.Response:
        """Let in whoever shows the code or the link of a pass."""
        return await _served(request, self._enter)

    async def delete(self, request: web.Request) -> web.Response:
        """Leave."""
        return await _served(request, self._leave)

    async def _enter(self, request: web.Request, entry: OfflineEvseConfigEntry, desk: GuestDesk) -> web.Response:
        from_our_page(request)
        within(desk.entering, request)
        answered_at_s = desk.hass.loop.time() + ENTRY_TAKES_S
        body = await _body(request)
        place = place_of(request.remote)
        credential: Credential | None = None
        response: web.Response | None = None
        try:
            if code := body.get("code"):
                credential = desk.site.passes.by_code(code, place)
            elif link := body.get("link"):
                credential = desk.site.passes.by_link(link, place)
        except TooManyTriesError as err:
            response = too_many(err.wait_s)
        now = dt_util.utcnow()
        if response is None and (credential is None or is_over(credential, now)):
            # A pass that is over is not told from one that never was.
            response = answer({"error": "wrong"}, HTTPStatus.UNAUTHORIZED)
        if response is None and credential is not None:
            terms = credential.terms
            since = min(it for it in (terms.valid_from, credential.changed_at, now) if it is not None)
            token = desk.visits.begin(credential.id_token.value, since - CLOCKS_DIFFER)
            response = answer(visit_view(entry, desk.site, credential.id_token.value, now))
            let_in(request, response, token)
        await asyncio.sleep(max(0.0, answered_at_s - desk.hass.loop.time()))
        assert response is not None
        return response

    async def _leave(self, request: web.Request, entry: OfflineEvseConfigEntry, desk: GuestDesk) -> web.Response:
        from_our_page(request)
        within(desk.asking, request)
        desk.visits.end(request.cookies.get(COOKIE))
        response = answer({})
        response.del_cookie(COOKIE, path=PATH)
        return response


class GuestStateView(HomeAssistantView):
    """Tells how it stands."""

    url = f"{PATH}/state"
    name = "api:offline_evse:guest:state"
    requires_auth = False

    async def get(self, request: web.Request) -> web.Response:
        """Tell it, or that nothing has changed."""
        return await _served(request, self._state)

    async def _state(self, request: web.Request, entry: OfflineEvseConfigEntry, desk: GuestDesk) -> web.Response:
        within(desk.asking, request)
        visit = visit_of(request, desk)
        body = json_bytes(visit_view(entry, desk.site, visit.pass_id, dt_util.utcnow()))
        tag = f'"{sha256(body).hexdigest()[:24]}"'
        headers = {**HEADERS, "Cache-Control": "no-cache, private", "ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            response = web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        else:
            response = web.Response(body=body, content_type="application/json", headers=headers)
        # The cookie lasts as long as the visit, which every request prolongs.
        let_in(request, response, request.cookies[COOKIE])
        return response


class GuestPressView(HomeAssistantView):
    """Starts and stops."""

    url = f"{PATH}/{{deed:start|stop}}"
    name = "api:offline_evse:guest:press"
    requires_auth = False

    async def post(self, request: web.Request, deed: str) -> web.Response:
        """Do it, and tell how it stands then."""

        async def press(request: web.Request, entry: OfflineEvseConfigEntry, desk: GuestDesk) -> web.Response:
            from_our_page(request)
            visit = visit_of(request, desk)
            within(desk.pressing, request)
            credential = desk.site.passes.find(visit.pass_id)
            evse = find_spot(entry, desk.site, (await _body(request)).get("charger", ""))
            if credential is None or evse is None:
                return answer({"error": "refused", "why": "unknown"}, HTTPStatus.CONFLICT)
            error = await (_start if deed == "start" else _stop)(desk, credential, evse)
            if error is not None:
                return answer(error, HTTPStatus.CONFLICT)
            return answer(visit_view(entry, desk.site, visit.pass_id, dt_util.utcnow()))

        return await _served(request, press)


class GuestRecordView(HomeAssistantView):
    """Hands out the record of what was charged with the pass, also after it is over."""

    url = f"{PATH}/record"
    extra_urls = [f"{PATH}/record.csv"]
    name = "api:offline_evse:guest:record"
    requires_auth = False

    async def get(self, request: web.Request) -> web.Response:
        """Hand it out as JSON, or as a table."""
        return await _served(request, self._record)

    async def _record(self, request: web.Request, entry: OfflineEvseConfigEntry, desk: GuestDesk) -> web.Response:
        visit = visit_of(request, desk)
        within(desk.records, request)
        found = await desk.site.transactions(since=visit.since, limit=MOST_SESSIONS)
        record = record_view(entry, desk.site, visit.pass_id, found)
        if not request.path.endswith(".csv"):
            return answer({"sessions": record})
        table = StringIO()
        writer = csv.DictWriter(table, ["session", "charger", "started", "ended", "kwh"])
        writer.writeheader()
        writer.writerows(record)
        disposition = {"Content-Disposition": 'attachment; filename="charging.csv"'}
        return web.Response(text=table.getvalue(), content_type="text/csv", headers={**HEADERS, **FRESH, **disposition})


async def _start(desk: GuestDesk, credential: Credential, evse: EvseKey) -> dict[str, Any] | None:
    """Start a session; returns why it has not begun."""
    presented = await desk.site.present(_evidence(credential, evse))
    if presented.decision.refusal is not None:
        return {"error": "refused", "why": presented.decision.refusal.value}
    return _failure(presented.result)


async def _stop(desk: GuestDesk, credential: Credential, evse: EvseKey) -> dict[str, Any] | None:
    """End the own session; returns why it has not ended."""
    if own_session(credential, desk.site.evses[evse]) is None:
        return {"error": "refused", "why": "not_theirs"}
    presented = await desk.site.end_by(_evidence(credential, evse))
    if presented.decision.refusal is not None:
        return {"error": "refused", "why": presented.decision.refusal.value}
    return _failure(presented.result)


def _evidence(credential: Credential, evse: EvseKey) -> Evidence:
    return Evidence(
        id_token=credential.id_token,
        level=EvidenceLevel.KEY,
        station_id=evse.station_id,
        evse_id=evse.evse_id,
        seen_at=dt_util.utcnow(),
        source=SOURCE,
    )


def _failure(result: CommandResult | None) -> dict[str, Any] | None:
    """Say that a charger has not done what it was asked to do."""
    return None if result is None or result.done else {"error": "charger", "why": result.outcome.value}


async def _body(request: web.Request) -> dict[str, str]:
    """Read a small object of texts. Raises Refused."""
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            content = b""
            while len(content) <= LONGEST_BODY and (chunk := await request.content.read(LONGEST_BODY + 1)):
                content += chunk
        if len(content) > LONGEST_BODY:
            raise Refused(answer({"error": "bad"}, HTTPStatus.BAD_REQUEST))
        decoded = json_loads_object(content)
    except (TimeoutError, ValueError) as err:
        raise Refused(answer({"error": "bad"}, HTTPStatus.BAD_REQUEST)) from err
    return {
        name: value.strip()
        for name, value in decoded.items()
        if isinstance(value, str) and 0 < len(value) <= LONGEST_SECRET
    }


def register_guest_api(hass: HomeAssistant) -> None:
    """Open the doors; they answer 404 while the option is off."""
    for view in (GuestVisitView, GuestStateView, GuestPressView, GuestRecordView):
        hass.http.register_view(view())
