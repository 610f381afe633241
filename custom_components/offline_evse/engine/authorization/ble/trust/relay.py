"""Asking a backend through the holder's phone, when neither a record nor a token will do.

The phone is a pipe that nobody has to trust: the request is signed by the site, and the answer must be signed by a
backend that the site knows, for this request, this key and this charger. An answer that comes too late for the
connection is taken on the next one, within a minute.
"""

from dataclasses import dataclass
from datetime import datetime

from ..charger import Charger
from ..wire.messages import RelayRequest
from .claims import TokenError
from .keys import RandomBytes, SiteKeys, from_base64url, sign
from .tokens import Grant, TokenReader

KEPT_S = 60.0
_MOST_KEPT = 32


@dataclass(frozen=True, slots=True)
class _Open:
    request: RelayRequest
    until_s: float


class RelayDesk:
    """The requests that are out. One per key and charger, and no more than 32."""

    def __init__(self, keys: SiteKeys, tokens: TokenReader, random: RandomBytes) -> None:
        """Sign requests with the site's reader key."""
        self._keys = keys
        self._tokens = tokens
        self._random = random
        self._open: dict[tuple[str, Charger], _Open] = {}

    def __len__(self) -> int:
        """How many requests are out."""
        return len(self._open)

    def request(self, jkt: str, charger: Charger, now: datetime, at_s: float) -> RelayRequest:
        """Return what to have relayed: the request that is out already, if it is not a minute old."""
        self._open = {key: entry for key, entry in self._open.items() if entry.until_s > at_s}
        key = (jkt, charger)
        if (entry := self._open.get(key)) is not None:
            return entry.request
        if len(self._open) >= _MOST_KEPT:
            oldest = min(self._open, key=lambda each: self._open[each].until_s)
            del self._open[oldest]
        request = RelayRequest(
            site_id=self._keys.site_id,
            charger_id=charger.charger_id,
            request=self._random(16),
            thumbprint=from_base64url(jkt),
            unix_s=max(0, min(int(now.timestamp()), 0xFFFF_FFFF)),
        )
        signed = RelayRequest.decode(request.payload + sign(self._keys.reader_key, request.to_sign))
        self._open[key] = _Open(signed, at_s + KEPT_S)
        return signed

    def redeem(
        self, token: bytes, jkt: str, charger: Charger, now: datetime, at_s: float, *, time_trusted: bool
    ) -> Grant:
        """Return what the backend grants. A request is answered once. Raises TokenError."""
        entry = self._open.get((jkt, charger))
        if entry is None or entry.until_s <= at_s:
            raise TokenError("other_request")
        grant = self._tokens.read_relayed(token, entry.request.request, jkt, charger, now, time_trusted=time_trusted)
        del self._open[jkt, charger]
        return grant
