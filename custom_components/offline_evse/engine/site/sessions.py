"""Transactions: from what a charger reports to the ledger, the live state and the answer."""

from collections.abc import Callable, Container
import logging

from ..ledger.ledger import Ledger
from ..model.clock import Clock, Timer
from ..model.command import Priority, StopTransaction
from ..model.decision import Decision
from ..model.failure import LedgerFullError, LedgerUnavailableError
from ..model.station import ChargingState, ConnectorStatus, EvseKey
from ..model.station_event import AuthorizationAnswer, TransactionAnswer
from ..model.transaction import Transaction, TransactionEventType, TransactionRecorded, TransactionReport
from .access.cable import follow_cable
from .admission import Admission
from .announcement import SessionEnded, SessionStarted
from .background import Background
from .memory import SiteMemory
from .register import SiteRegister
from .state import EvseState
from .steering.dispatch import Send
from .steering.metering import Metering
from .steering.steering import Steering

_LOGGER = logging.getLogger(__name__)

ABANDONED_AFTER_S = 120.0
"""A charger that has been free for this long and still owes the end of a transaction is not waited for."""
STOP_AGAIN_AFTER_S = 60.0
"""How long a charger that was told to stop a transaction that nobody may have is given to do so."""


class Sessions:
    """Keeps the running transaction of every EVSE true to the ledger."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        admission: Admission,
        metering: Metering,
        steering: Steering,
        memory: SiteMemory,
        send: Send,
        clock: Clock,
        background: Background,
    ) -> None:
        """Join the rooms."""
        self._register = register
        self._ledger = ledger
        self._admission = admission
        self._metering = metering
        self._steering = steering
        self._memory = memory
        self._send = send
        self._clock = clock
        self._background = background
        self._open: set[str] = set()
        self._abandoned: dict[EvseKey, Timer] = {}
        self._told_to_stop_s: dict[str, float] = {}
        self._followers: list[Callable[[EvseState], None]] = []

    def follow(self, follower: Callable[[EvseState], None]) -> None:
        """Call `follower` after every word about the session of an EVSE."""
        self._followers.append(follower)

    def _look(self, evse: EvseState) -> None:
        for follower in self._followers:
            follower(evse)

    async def restore(self, station_ids: Container[str]) -> None:
        """Take up what the ledger knows of these stations: their running transactions and lifetime registers."""
        for transaction in await self._ledger.open_transactions():
            if transaction.station_id not in station_ids:
                continue
            self._open.add(transaction.session_id)
            evse = self._register.evse(EvseKey(transaction.station_id, transaction.evse_id))
            if evse is not None and not evse.has_transaction:
                evse.transaction = transaction
                evse.decision = self._admission.refusal_of(transaction)
                self._steering.found_running(evse)
                self._look(evse)
                evse.changed()
        for key, lifetime_wh in (await self._ledger.lifetimes()).items():
            if key.station_id in station_ids and (evse := self._register.evse(key)) is not None:
                evse.lifetime_wh = lifetime_wh
                evse.changed()

    def forget(self, station_id: str) -> None:
        """Follow a station no more: it does not belong to the site any longer."""
        for key in [key for key in self._abandoned if key.station_id == station_id]:
            self._abandoned.pop(key).cancel()

    def close(self) -> None:
        """Wait for nothing any more."""
        for timer in self._abandoned.values():
            timer.cancel()

    async def reported(self, report: TransactionReport) -> TransactionAnswer:
        """Record a report; the answer is ready only when the ledger has it for good."""
        try:
            decision = await self._admission.at_transaction(report, self._running(report))
            recorded = await self._ledger.record(report, name=decision.name if decision else None)
        except LedgerFullError, LedgerUnavailableError:
            self._show_unrecorded(report)
            raise
        transaction = recorded.transaction
        if decision is not None and recorded.duplicate and report.event_type is TransactionEventType.STARTED:
            decision = self._admission.repeated(decision.id_token, transaction)
        evse = self._register.evse(EvseKey(transaction.station_id, transaction.evse_id))
        if evse is not None:
            await self._show(evse, report, recorded, decision)
        if not recorded.duplicate:
            self._announce(transaction, report)
        if evse is not None and transaction.is_open:
            self._stop_refused(evse)
        return TransactionAnswer(
            transaction_id=transaction.transaction_id,
            authorization=(
                AuthorizationAnswer(decision.status, decision.expires_at, decision.group) if decision else None
            ),
        )

    async def sampled(self, evse: EvseState) -> None:
        """Bring the lifetime register of an EVSE up to date after values outside a transaction."""
        evse.lifetime_wh = await self._ledger.lifetime(evse.key)

    def status_changed(self, evse: EvseState) -> None:
        """Follow a status that says something about the transaction."""
        if (timer := self._abandoned.pop(evse.key, None)) is not None:
            timer.cancel()
        if evse.has_transaction and evse.connector_status is ConnectorStatus.AVAILABLE:
            self._abandoned[evse.key] = self._clock.call_later(ABANDONED_AFTER_S, lambda: self._give_up(evse))

    def _running(self, report: TransactionReport) -> EvseState | None:
        for evse in self._register.of_station(report.station_id):
            if evse.has_transaction and evse.transaction is not None:
                if report.transaction_id is not None and evse.transaction.transaction_id == report.transaction_id:
                    return evse
                if report.transaction_id is None and report.evse_id == evse.key.evse_id:
                    return evse
        return None

    def _show_unrecorded(self, report: TransactionReport) -> None:
        """Steer by what cannot be written: the charger is asked to say it again, the fuse cannot wait."""
        evse = self._running(report)
        if evse is not None and not report.offline:
            self._metering.take(evse, report.samples, report.received_at)
            evse.changed()
            self._steering.demand_changed(evse)

    async def _show(
        self,
        evse: EvseState,
        report: TransactionReport,
        recorded: TransactionRecorded,
        decision: Decision | None,
    ) -> None:
        transaction, was_plugged = recorded.transaction, evse.plugged
        present = evse.transaction
        is_present = present is not None and present.session_id == transaction.session_id
        ended = is_present and evse.has_transaction and not transaction.is_open
        if transaction.is_open and not is_present:
            if present is not None and present.is_open:
                await self._superseded(evse, present)
            self._begin(evse, transaction, decision)
        elif is_present:
            evse.transaction = transaction
            if decision is not None and report.event_type is not TransactionEventType.ENDED:
                self._let_in(evse, decision)
        if not is_present and not transaction.is_open:
            # A transaction of another time: for the ledger only.
            if recorded.lifetime_wh is not None:
                evse.lifetime_wh = recorded.lifetime_wh
                evse.changed()
            return
        if report.charging_state is not None and not report.offline:
            evse.charging_state = report.charging_state
        if recorded.lifetime_wh is not None:
            evse.lifetime_wh = recorded.lifetime_wh
        if not report.offline:
            self._metering.take(evse, report.samples, report.received_at)
        if ended:
            self._end(evse)
        elif not transaction.is_open:
            # Closing values that come after the stop.
            self._metering.rest(evse, report.received_at)
        follow_cable(evse, was_plugged, self._clock.now())
        self._look(evse)
        evse.changed()
        self._register.count_power()
        self._steering.demand_changed(evse)

    def _begin(self, evse: EvseState, transaction: Transaction, decision: Decision | None) -> None:
        evse.transaction = transaction
        evse.decision = decision or self._admission.refusal_of(transaction)
        if decision is not None:
            self._remember_refusal(transaction, decision)
            self._admission.started(evse.key, decision)
        self._steering.look_soon()

    def _let_in(self, evse: EvseState, decision: Decision) -> None:
        """Note the card of a transaction that began without one, or with one that was refused."""
        assert evse.transaction is not None
        if evse.decision is None or (decision.accepted and not evse.decision.accepted):
            evse.decision = decision
            self._remember_refusal(evse.transaction, decision)

    def _remember_refusal(self, transaction: Transaction, decision: Decision) -> None:
        if not decision.accepted:
            self._background.run(self._admission.refused(transaction), "memory of a refusal")

    def _end(self, evse: EvseState) -> None:
        """Nothing flows any more, and what somebody held for this car is not held for the next one."""
        evse.charging_state = ChargingState.IDLE
        self._metering.rest(evse, self._clock.now())
        if evse.paused:
            evse.paused = False
            self._background.run(self._memory.keep_evse(evse), "end of a pause")

    async def _superseded(self, evse: EvseState, present: Transaction) -> None:
        """Another transaction has begun where one was running whose end nobody told."""
        ended = await self._ledger.close_transaction(present.session_id, reason="superseded")
        self._end(evse)
        if ended is not None and present.session_id in self._open:
            self._open.discard(present.session_id)
            self._register.announce(SessionEnded(evse.key, ended))

    def _announce(self, transaction: Transaction, report: TransactionReport) -> None:
        key = EvseKey(transaction.station_id, transaction.evse_id)
        known = transaction.session_id in self._open
        if transaction.is_open:
            self._open.add(transaction.session_id)
            if not known:
                self._register.announce(SessionStarted(key, transaction))
            return
        self._open.discard(transaction.session_id)
        if known or (report.event_type is TransactionEventType.ENDED and transaction.evse_id):
            self._register.announce(SessionEnded(key, transaction))

    def _stop_refused(self, evse: EvseState) -> None:
        """Have a transaction stopped that nobody may have, and again as long as the charger goes on with it."""
        if evse.transaction is None or evse.decision is None or evse.decision.accepted or not evse.has_transaction:
            return
        session_id, now_s = evse.transaction.session_id, self._clock.monotonic()
        told_s = self._told_to_stop_s.get(session_id)
        if told_s is None or now_s - told_s >= STOP_AGAIN_AFTER_S:
            self._told_to_stop_s = {other: at_s for other, at_s in self._told_to_stop_s.items() if other in self._open}
            self._told_to_stop_s[session_id] = now_s
            self._background.run(self._refuse(evse.transaction), "stop of a refused transaction")

    async def _refuse(self, transaction: Transaction) -> None:
        result = await self._send(transaction.station_id, StopTransaction(transaction.transaction_id), Priority.SAFETY)
        if not result.done:
            _LOGGER.warning(
                "%s did not stop a transaction that nobody may have: %s", transaction.station_id, result.outcome
            )

    def _give_up(self, evse: EvseState) -> None:
        self._abandoned.pop(evse.key, None)
        if evse.connected and evse.has_transaction and evse.connector_status is ConnectorStatus.AVAILABLE:
            self._background.run(self._close_abandoned(evse), "end of an abandoned transaction")

    async def _close_abandoned(self, evse: EvseState) -> None:
        if evse.transaction is None:
            return
        closed = await self._ledger.close_transaction(evse.transaction.session_id, reason="abandoned")
        if closed is None or evse.transaction.session_id != closed.session_id:
            return
        evse.transaction = closed
        self._open.discard(closed.session_id)
        self._end(evse)
        self._look(evse)
        evse.changed()
        self._register.count_power()
        self._steering.demand_changed(evse)
        self._register.announce(SessionEnded(evse.key, closed))
