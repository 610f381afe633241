"""Starts that a backend orders: decided like any other, sent to the charger, and told back under their number."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...authorization.authorizer import Authorizer
from ...authorization.remote_starts import PATIENCE
from ...ledger.ledger import Ledger
from ...model.clock import Clock, timeout
from ...model.command import CommandResult, Outcome
from ...model.decision import Decision
from ...model.failure import LedgerFullError, LedgerUnavailableError
from ...model.station import ConnectorStatus, EvseKey
from ...model.transaction import Transaction
from ...model.upstream.wish import WantStart, WishAnswer, WishOutcome
from ..access.deciding import Deciding
from ..people import People
from ..register import SiteRegister
from ..state import EvseState

ANSWERED_WITHIN_S = 20.0
"""A charger that has not answered by then has not taken the order: whoever gave it has to hear something."""
EARLIER = timedelta(minutes=1)
"""How much a charger's clock may be behind ours for its start to be the one that was ordered."""
_REMEMBERED = 100

_NOT_FREE = {
    ConnectorStatus.FAULTED: "Faulted",
    ConnectorStatus.RESERVED: "Reserved",
    ConnectorStatus.UNAVAILABLE: "Unavailable",
}


@dataclass(slots=True)
class _Order:
    upstream_id: str
    evse: EvseKey
    token_key: str
    number: int
    at: datetime
    session_id: str | None = None


class UpstreamStarts:
    """Lets in whom a backend sends, unless somebody here says no. Nothing waits: what cannot be now is refused."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        authorizer: Authorizer,
        deciding: Deciding,
        people: People,
        clock: Clock,
    ) -> None:
        """Begin with nothing ordered."""
        self._register = register
        self._ledger = ledger
        self._authorizer = authorizer
        self._deciding = deciding
        self._people = people
        self._clock = clock
        self._orders: deque[_Order] = deque(maxlen=_REMEMBERED)
        self._beginning: set[EvseKey] = set()

    async def start(self, upstream_id: str, station_id: str, wish: WantStart) -> WishAnswer:
        """Start a session, or say why not."""
        if self._register.state.stopped:
            return _no("Stopped")
        evse = self._choose(station_id, wish.evse_id)
        if evse is None:
            return _no("UnknownEvse")
        if (reason := self._why_not(evse)) is not None:
            return _no(reason)
        if self._left_s(wish) <= 0:
            return _no("Timeout")
        self._beginning.add(evse.key)
        try:
            decision = await self._deciding.decide_vouched(wish.id_token, station_id, evse.key.evse_id)
            if not await self._record(evse, decision):
                return _no("NotRecorded")
            if not decision.accepted:
                return _no("InvalidIdToken")
            return await self._order(upstream_id, evse, wish, decision)
        finally:
            self._beginning.discard(evse.key)

    def number_of(self, upstream_id: str, transaction: Transaction) -> int | None:
        """Return the number under which a backend has ordered this session."""
        for order in self._orders:
            if order.upstream_id == upstream_id and order.session_id == transaction.session_id:
                return order.number
        place = EvseKey(transaction.station_id, transaction.evse_id)
        for order in self._orders:
            if order.upstream_id != upstream_id or order.session_id is not None or order.evse != place:
                continue
            late = transaction.started_at - order.at
            token = transaction.id_token
            if token is not None and token.key == order.token_key and -EARLIER <= late <= PATIENCE:
                order.session_id = transaction.session_id
                return order.number
        return None

    def _choose(self, station_id: str, evse_id: int | None) -> EvseState | None:
        """Return the EVSE that is meant: where nothing is said, one with a car that waits, else one that is free."""
        evses = self._register.of_station(station_id)
        if evse_id is not None:
            return next((evse for evse in evses if evse.key.evse_id == evse_id), None)
        possible = [evse for evse in evses if self._why_not(evse) is None]
        return next((evse for evse in possible if evse.plugged), next(iter(possible or evses), None))

    def _why_not(self, evse: EvseState) -> str | None:
        """Return why nothing can begin at an EVSE now."""
        if not evse.connected:
            return "Offline"
        awaited = self._authorizer.remote_starts.awaited(evse.key, self._clock.now())
        if evse.has_transaction or evse.key in self._beginning or awaited is not None:
            return "TxInProgress"
        return None if evse.connector_status is None else _NOT_FREE.get(evse.connector_status)

    async def _record(self, evse: EvseState, decision: Decision) -> bool:
        try:
            await self._ledger.record_decision(decision, evse.key.station_id, evse.key.evse_id)
        except LedgerFullError, LedgerUnavailableError:
            return False
        return not self._register.state.ledger_failed

    async def _order(self, upstream_id: str, evse: EvseState, wish: WantStart, decision: Decision) -> WishAnswer:
        if (reason := self._why_not_any_longer(evse)) is not None:
            return _no(reason)
        if (left_s := self._left_s(wish)) <= 0:
            return _no("Timeout")
        evse.decision = decision
        evse.changed()
        order: _Order | None = None
        if wish.remote_start_id is not None:
            order = _Order(upstream_id, evse.key, wish.id_token.key, wish.remote_start_id, self._clock.now())
            self._orders.append(order)
        result = CommandResult(outcome=Outcome.UNCERTAIN)
        try:
            async with timeout(self._clock, min(ANSWERED_WITHIN_S, left_s)):
                result = await self._people.start_for(evse.key, decision)
        except TimeoutError:
            pass
        finally:
            # Also where whoever asked has given up: what has not left by then does not leave any more.
            if not result.done and not evse.has_transaction:
                self._withdraw(evse, order)
        return answer_of(result)

    def _withdraw(self, evse: EvseState, order: _Order | None) -> None:
        """Expect nothing any more: whoever ordered it hears no.

        A charger that begins all the same is answered as if the card had been shown to it, for nobody can tell that
        apart: somebody whose app has failed takes his card.
        """
        self._authorizer.remote_starts.withdraw(evse.key)
        if order is not None and order in self._orders:
            self._orders.remove(order)

    def _left_s(self, wish: WantStart) -> float:
        """Return for how long a start is still wanted, in s."""
        if wish.expires_at is None:
            return ANSWERED_WITHIN_S
        return (wish.expires_at - self._clock.now()).total_seconds()

    def _why_not_any_longer(self, evse: EvseState) -> str | None:
        """Return what has come between, while it was decided."""
        self._beginning.discard(evse.key)
        return "Stopped" if self._register.state.stopped else self._why_not(evse)


def answer_of(result: CommandResult) -> WishAnswer:
    """Return how a charger took it, in the words of a wish."""
    match result.outcome:
        case Outcome.ACCEPTED:
            return WishAnswer(WishOutcome.ACCEPTED)
        case Outcome.SCHEDULED:
            return WishAnswer(WishOutcome.SCHEDULED)
        case Outcome.UNSUPPORTED:
            return WishAnswer(WishOutcome.UNSUPPORTED, "NotSupported")
        case Outcome.OFFLINE:
            return _no("Offline")
        case Outcome.UNCERTAIN:
            return _no("NoAnswer")
    return _no("Rejected")


def _no(reason: str) -> WishAnswer:
    return WishAnswer(WishOutcome.REJECTED, reason)
