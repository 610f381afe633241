"""What becomes of an exchange after the holder has heard yes: the charger starts, charges and ends, or does not."""

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, callback

from ..engine.authorization.ble.exchange import Exchange
from ..engine.authorization.ble.states import ExchangeState
from ..engine.model.clock import Clock
from ..engine.model.id_token import IdToken
from ..engine.model.station import EvseKey
from ..engine.site.site import Site


class Follower:
    """Follows granted exchanges to their end, without any radio."""

    def __init__(self, site: Site, clock: Clock) -> None:
        """Follow nobody yet."""
        self._site = site
        self._clock = clock
        self._followed: dict[Exchange, CALLBACK_TYPE] = {}

    @property
    def active(self) -> int:
        """Sessions that run because of a holder."""
        return sum(exchange.state is ExchangeState.ACTIVE for exchange in self._followed)

    @callback
    def follow(self, exchange: Exchange, id_token: IdToken, evse: EvseKey | None) -> None:
        """Follow what the charger does for a holder."""
        state = self._site.evses.get(evse) if evse is not None else None
        if state is None:
            exchange.not_started()
            return

        @callback
        def look() -> None:
            transaction = state.transaction
            shown = transaction.id_token if transaction is not None and state.has_transaction else None
            running = shown is not None and shown.key == id_token.key
            if exchange.state is ExchangeState.STARTING and running:
                exchange.started()
            elif exchange.state is ExchangeState.ACTIVE and not running:
                exchange.ended()
            if exchange.state is ExchangeState.CLOSED:
                self._leave(exchange)

        @callback
        def overdue() -> None:
            if exchange.expire():
                self._leave(exchange)

        ends: list[Callable[[], None]] = [state.listen(look)]
        if exchange.deadline_s is not None:
            ends.append(self._clock.call_later(max(0.0, exchange.deadline_s - self._clock.monotonic()), overdue).cancel)

        def leave() -> None:
            for end in ends:
                end()

        self._followed[exchange] = leave
        look()

    @callback
    def stop(self) -> None:
        """Follow nobody any more; sessions go on."""
        for exchange in tuple(self._followed):
            self._leave(exchange)

    def _leave(self, exchange: Exchange) -> None:
        if (leave := self._followed.pop(exchange, None)) is not None:
            leave()
