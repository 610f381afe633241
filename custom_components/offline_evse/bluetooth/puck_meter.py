"""The readings that a phone at a reader gets while its session begins."""

from collections.abc import Awaitable, Callable
from typing import Final

from ..engine.authorization.ble.exchange import Exchange
from ..engine.authorization.ble.states import ExchangeState
from ..engine.authorization.ble.wire.messages import MeterState
from ..engine.model.clock import Clock
from ..engine.model.id_token import IdToken
from ..engine.site.site import Site
from ..engine.site.state import EvseState

EVERY_S: Final = 5.0
STAYS_S: Final = 60.0
"""How long a phone may stay and look; a reader serves one phone at a time, and others wait."""
_GRANTED: Final = {ExchangeState.GRANTED, ExchangeState.STARTING, ExchangeState.ACTIVE}

type Send = Callable[[tuple[bytes, ...]], Awaitable[None]]
type Stays = Callable[[float], Awaitable[bool]]
"""Waits so many seconds; False: the phone has gone."""


class PuckMeter:
    """Tells phones how their session is doing."""

    def __init__(self, site: Site, clock: Clock) -> None:
        """Read from this site."""
        self._site = site
        self._clock = clock

    async def tell(self, exchange: Exchange, id_token: IdToken, send: Send, stays: Stays) -> None:
        """Send a reading every few seconds, until the phone goes or has seen enough. Raises what `send` raises."""
        until_s = self._clock.monotonic() + STAYS_S
        while exchange.state in _GRANTED:
            evse = self._evse(exchange, id_token)
            await send(exchange.meter(*_reading(evse)))
            left_s = until_s - self._clock.monotonic()
            if left_s <= 0 or not await stays(min(EVERY_S, left_s)):
                return

    def _evse(self, exchange: Exchange, id_token: IdToken) -> EvseState | None:
        """Return where the holder's own session runs; None: it has not begun."""
        if exchange.charger is None:
            return None
        for key, evse in self._site.evses.items():
            session = evse.transaction
            if key.station_id == exchange.charger.station_id and evse.has_transaction and session is not None:
                if session.id_token is not None and session.id_token.key == id_token.key:
                    return evse
        return None


def _reading(evse: EvseState | None) -> tuple[int, int, MeterState]:
    """Return energy in Wh, power in W and the state."""
    if evse is None or evse.transaction is None:
        return 0, 0, MeterState.STARTING
    power_w = round(evse.power_w or 0.0)
    return evse.transaction.energy_wh, max(0, power_w), MeterState.CHARGING if evse.charging else MeterState.PAUSED
