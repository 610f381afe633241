"""The door for a hotel's own system: a webhook whose secret address it is told, open only when it is switched on."""

import asyncio
from http import HTTPStatus
import json
import logging
from math import ceil
from typing import Any, Final

from aiohttp.hdrs import METH_POST
from aiohttp.web import Request, Response, json_response
from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ...const import DOMAIN, SUBENTRY_CHARGER
from ...engine.model.failure import LedgerFullError, LedgerUnavailableError
from ...engine.site.site import Site
from ..issuing import Issuing
from ..settings import GuestSettings
from ..throttle import Rate, Throttle, place_of
from .message import HotelMessage, MessageError
from .reservations import Reservations

_LOGGER = logging.getLogger(__name__)

LONGEST_BODY: Final = 16_384
READ_WITHIN_S: Final = 10.0
# All of a big hotel checks in within an hour; a system that repeats everything at once finds this enough, too.
TALKING: Final = (Rate(burst=120, per_s=2), Rate(burst=120, per_s=2))


class HotelWebhook:
    """Registers the webhook as the options say, and answers it."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site, issuing: Issuing) -> None:
        """Prepare; nothing is registered before `follow`."""
        self._hass = hass
        self._entry = entry
        self._reservations = Reservations(hass, entry, site, issuing)
        self._throttle = Throttle(*TALKING, hass.loop.time)
        self._open: tuple[str, bool] | None = None

    @callback
    def follow(self, settings: GuestSettings) -> None:
        """Open, close or move the door."""
        wanted = (settings.webhook_id, settings.webhook_remote) if settings.webhook_id else None
        if wanted == self._open:
            return
        self.stop()
        if wanted is not None:
            webhook_id, remote = wanted
            webhook.async_register(
                self._hass,
                DOMAIN,
                f"{self._entry.title} stays",
                webhook_id,
                self._called,
                local_only=not remote,
                allowed_methods=(METH_POST,),
            )
            self._open = wanted

    @callback
    def stop(self) -> None:
        """Close the door."""
        if self._open is not None:
            webhook.async_unregister(self._hass, self._open[0])
            self._open = None

    async def _called(self, hass: HomeAssistant, webhook_id: str, request: Request) -> Response:
        """Answer a message. Whatever goes wrong is said with a status: a system that hears 200 does not ask again."""
        if wait_s := self._throttle.wait_s(place_of(request.remote)):
            return _answer(
                {"error": "too_many_requests"}, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(ceil(wait_s))}
            )
        try:
            message = HotelMessage.read(
                await _body(request),
                check_out=GuestSettings.of(self._entry).check_out,
                chargers=self._chargers(),
            )
            return _answer(await self._reservations.heed(message))
        except MessageError as err:
            return _answer({"error": "bad_message", "fields": err.faults}, HTTPStatus.BAD_REQUEST)
        except LedgerFullError, LedgerUnavailableError:
            return _answer({"error": "not_recorded"}, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "30"})
        except Exception:
            _LOGGER.exception("A message of the hotel's system could not be heeded")
            return _answer({"error": "internal"}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _chargers(self) -> dict[str, str]:
        """Return the station ids of the site by what people may call them."""
        names: dict[str, str] = {}
        for subentry in self._entry.get_subentries_of_type(SUBENTRY_CHARGER):
            station_id: str = subentry.data["station_id"]
            names[subentry.title.strip().lower()] = station_id
            names[station_id.lower()] = station_id
        return names


async def _body(request: Request) -> object:
    """Read a body of JSON; raises MessageError."""
    body = b""
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            while chunk := await request.content.read(LONGEST_BODY):
                body += chunk
                if len(body) > LONGEST_BODY:
                    raise MessageError({"body": f"is longer than {LONGEST_BODY} bytes"})
        return json.loads(body)
    except TimeoutError as err:
        raise MessageError({"body": "did not arrive in time"}) from err
    # A text that is nested a thousand deep is no message either.
    except (ValueError, RecursionError) as err:
        if isinstance(err, MessageError):
            raise
        raise MessageError({"body": "is no JSON"}) from err


def _answer(
    body: dict[str, Any], status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    return json_response(body, status=status, headers={"Cache-Control": "no-store", **(headers or {})})
