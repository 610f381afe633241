"""Sessions that are ended from here: no more current, a remote stop until the charger heeds it, and why."""

import logging

from ...ledger.ledger import Ledger
from ...model.clock import Clock, Timer
from ...model.command import CommandResult, Outcome, Priority, StopTransaction
from ...model.decision import StopCause
from ...model.failure import LedgerFullError, LedgerUnavailableError
from ...model.offer import LimitReason
from ...model.station import EvseKey
from ...model.transaction import Transaction
from ..announcement import SessionStopped
from ..background import Background
from ..register import SiteRegister
from ..state import EvseState
from ..steering.demands import Ceiling
from ..steering.dispatch import Send
from ..steering.steering import Steering

_LOGGER = logging.getLogger(__name__)

STOP_AGAIN_AFTER_S = 60.0

_REASONS = {
    StopCause.SESSION_ENERGY: LimitReason.USED_UP,
    StopCause.DAY_ENERGY: LimitReason.USED_UP,
    StopCause.TOTAL_ENERGY: LimitReason.USED_UP,
    StopCause.MONEY: LimitReason.USED_UP,
    StopCause.UNKNOWN_CAP: LimitReason.USED_UP,
    StopCause.SESSION_TIME: LimitReason.TIME_OVER,
    StopCause.VALIDITY: LimitReason.TIME_OVER,
}


class Endings:
    """Ends sessions. A restart goes on with it, because the ledger knows which."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        steering: Steering,
        send: Send,
        clock: Clock,
        background: Background,
    ) -> None:
        """Begin with none to end."""
        self._register = register
        self._ledger = ledger
        self._steering = steering
        self._send = send
        self._clock = clock
        self._background = background
        self._ordered: dict[EvseKey, tuple[str, StopCause]] = {}
        self._timers: dict[EvseKey, Timer] = {}
        self._soon: dict[EvseKey, Timer] = {}
        self._closed = False
        steering.demands.add_ceiling(self.ceiling)

    def close(self) -> None:
        """Say nothing any more."""
        self._closed = True
        for timer in (*self._timers.values(), *self._soon.values()):
            timer.cancel()
        self._timers.clear()
        self._soon.clear()

    def cause(self, evse: EvseState) -> StopCause | None:
        """Return why the running session of an EVSE is being ended, if it is."""
        ordered = self._ordered.get(evse.key)
        if ordered is None or evse.transaction is None or not evse.has_transaction:
            return None
        return ordered[1] if ordered[0] == evse.transaction.session_id else None

    def ceiling(self, evse: EvseState) -> Ceiling | None:
        """Give nothing to a session that is being ended."""
        cause = self.cause(evse)
        return None if cause is None else Ceiling(0.0, _REASONS.get(cause, LimitReason.DEAUTHORIZED))

    def order(self, evse: EvseState, cause: StopCause) -> None:
        """Have the running session end, whatever the charger thinks of it."""
        session = evse.transaction
        if session is None or not session.is_open or self.cause(evse) is not None:
            return
        self._ordered[evse.key] = (session.session_id, cause)
        self._steering.demand_changed(evse)
        evse.changed()
        self._register.announce(SessionStopped(evse.key, session, cause))
        self._background.run(self._record(session, cause), "record of a stop")
        self._tell(evse)

    def order_after(self, evse: EvseState, cause: StopCause, delay_s: float) -> None:
        """Have the running session end unless its charger has ended it by then."""
        session = evse.transaction
        if session is None or self._closed or evse.key in self._soon:
            return

        def end() -> None:
            self._soon.pop(evse.key, None)
            if evse.transaction is not None and evse.transaction.session_id == session.session_id:
                self.order(evse, cause)

        self._soon[evse.key] = self._clock.call_later(delay_s, end)

    def take_up(self, evse: EvseState) -> None:
        """Go on ending what was being ended before a restart."""
        session = evse.transaction
        if session is not None and session.is_open and session.stop_cause is not None and self.cause(evse) is None:
            if session.stop_cause not in (StopCause.PEOPLE, StopCause.HOLDER, StopCause.MASTER):
                self._ordered[evse.key] = (session.session_id, session.stop_cause)
                self._tell(evse)

    async def stop(self, evse: EvseState, cause: StopCause) -> CommandResult:
        """Ask once for the end of a session, because somebody wants it; the charger may refuse."""
        session = evse.transaction
        if not evse.connected:
            return CommandResult(outcome=Outcome.OFFLINE)
        if session is None or not session.is_open:
            return CommandResult(outcome=Outcome.REJECTED, detail="no_transaction")
        result = await self._send(evse.key.station_id, StopTransaction(session.transaction_id), Priority.SAFETY)
        if result.done:
            await self._record(session, cause)
            if cause is not StopCause.PEOPLE:
                self._register.announce(SessionStopped(evse.key, session, cause))
        return result

    async def _record(self, session: Transaction, cause: StopCause) -> None:
        try:
            await self._ledger.order_stop(session.session_id, cause)
        except (LedgerFullError, LedgerUnavailableError) as error:
            _LOGGER.warning("Why a session of %s was ended could not be recorded: %s", session.station_id, error)

    def _tell(self, evse: EvseState) -> None:
        self._timers.pop(evse.key, None)
        if self._closed or self.cause(evse) is None or evse.transaction is None:
            self._ordered.pop(evse.key, None)
            return
        self._timers[evse.key] = self._clock.call_later(STOP_AGAIN_AFTER_S, lambda: self._tell(evse))
        if evse.connected:
            self._background.run(self._send_stop(evse.transaction), "stop of a session")

    async def _send_stop(self, session: Transaction) -> None:
        result = await self._send(session.station_id, StopTransaction(session.transaction_id), Priority.SAFETY)
        if not result.done:
            _LOGGER.info("%s has not stopped a session yet: %s", session.station_id, result.outcome)
