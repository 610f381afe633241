"""Transactions: from what a charger reports to the ledger, the live state and the answer."""

import logging

from ..authorization.authorizer import Authorizer
from ..ledger.ledger import Ledger
from ..model.clock import Clock, Timer
from ..model.command import Priority, StopTransaction
from ..model.id_token import Decision
from ..model.station import ChargingState, ConnectorStatus, EvseKey
from ..model.station_event import AuthorizationAnswer, TransactionAnswer
from ..model.transaction import Transaction, TransactionEventType, TransactionRecorded, TransactionReport
from .announcement import SessionEnded, SessionStarted
from .background import Background
from .dispatch import Send
from .metering import Metering
from .register import SiteRegister
from .state import EvseState
from .steering import Steering

_LOGGER = logging.getLogger(__name__)

ABANDONED_AFTER_S = 120.0
"""A charger that has been free for this long and still owes the end of a transaction is not waited for."""


class Sessions:
    """Keeps the running transaction of every EVSE true to the ledger."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        authorizer: Authorizer,
        metering: Metering,
        steering: Steering,
        send: Send,
        clock: Clock,
        background: Background,
    ) -> None:
        """Join the rooms."""
        self._register = register
        self._ledger = ledger
        self._authorizer = authorizer
        self._metering = metering
        self._steering = steering
        self._send = send
        self._clock = clock
        self._background = background
        self._open: set[str] = set()
        self._abandoned: dict[EvseKey, Timer] = {}

    async def restore(self) -> None:
        """Take up the transactions that were running when the ledger was last closed."""
        for transaction in await self._ledger.open_transactions():
            self._open.add(transaction.session_id)
            evse = self._register.evse(EvseKey(transaction.station_id, transaction.evse_id))
            if evse is not None:
                evse.transaction = transaction
                self._steering.found_running(evse)
        for key, lifetime_wh in (await self._ledger.lifetimes()).items():
            if (evse := self._register.evse(key)) is not None:
                evse.lifetime_wh = lifetime_wh

    def close(self) -> None:
        """Wait for nothing any more."""
        for timer in self._abandoned.values():
            timer.cancel()

    async def reported(self, report: TransactionReport) -> TransactionAnswer:
        """Record a report; the answer is ready only when the ledger has it for good."""
        decision = await self._decide(report)
        recorded = await self._ledger.record(report, name=decision.name if decision else None)
        transaction = recorded.transaction
        evse = self._register.evse(EvseKey(transaction.station_id, transaction.evse_id))
        if evse is not None:
            self._show(evse, report, recorded, decision)
        if not recorded.duplicate:
            self._announce(transaction, report)
        if decision is not None and not decision.accepted and transaction.is_open:
            self._background.run(self._refuse(transaction), "stop of a refused transaction")
        return TransactionAnswer(
            transaction_id=transaction.transaction_id,
            authorization=AuthorizationAnswer(decision.status, decision.expires_at) if decision else None,
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

    async def _decide(self, report: TransactionReport) -> Decision | None:
        if report.id_token is None:
            return None
        now = self._clock.now()
        running = self._running(report)
        if report.event_type is not TransactionEventType.STARTED and running is not None:
            if running.decision is not None and running.decision.id_token.key == report.id_token.key:
                return running.decision
            if running.transaction is not None and _same_holder(running.transaction, report):
                # It was let in before; what the list says today does not end a transaction that runs.
                return self._authorizer.accepted_before(report.id_token, now, running.transaction.name)
        decision = self._authorizer.decide(report.id_token, now, report.station_id, report.evse_id)
        if report.event_type is TransactionEventType.STARTED:
            await self._ledger.record_decision(decision, report.station_id, report.evse_id)
        return decision

    def _running(self, report: TransactionReport) -> EvseState | None:
        for evse in self._register.of_station(report.station_id):
            if evse.has_transaction and evse.transaction is not None:
                if report.transaction_id is not None and evse.transaction.transaction_id == report.transaction_id:
                    return evse
                if report.transaction_id is None and report.evse_id == evse.key.evse_id:
                    return evse
        return None

    def _show(
        self,
        evse: EvseState,
        report: TransactionReport,
        recorded: TransactionRecorded,
        decision: Decision | None,
    ) -> None:
        transaction = recorded.transaction
        present = evse.transaction
        ended = False
        if transaction.is_open or (present is not None and present.session_id == transaction.session_id):
            ended = evse.has_transaction and not transaction.is_open
            began = transaction.is_open and (present is None or present.session_id != transaction.session_id)
            evse.transaction = transaction
            if began:
                evse.decision = decision
                if report.id_token is not None:
                    self._authorizer.remote_starts.withdraw(evse.key)
            elif decision is not None and evse.decision is None:
                evse.decision = decision
        if report.charging_state is not None and not report.offline:
            evse.charging_state = report.charging_state
        if recorded.lifetime_wh is not None:
            evse.lifetime_wh = recorded.lifetime_wh
        if not report.offline:
            self._metering.take(evse, report.samples, report.received_at)
        if ended:
            evse.charging_state = ChargingState.IDLE
            self._metering.rest(evse, report.received_at)
        evse.changed()
        self._steering.demand_changed(evse)

    def _announce(self, transaction: Transaction, report: TransactionReport) -> None:
        key = EvseKey(transaction.station_id, transaction.evse_id)
        known = transaction.session_id in self._open
        if transaction.is_open:
            self._open.add(transaction.session_id)
            if not known:
                self._register.announce(SessionStarted(key, transaction))
            return
        self._open.discard(transaction.session_id)
        if known or report.event_type is TransactionEventType.ENDED:
            self._register.announce(SessionEnded(key, transaction))

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
        self._metering.rest(evse, self._clock.now())
        evse.changed()
        self._steering.demand_changed(evse)
        self._register.announce(SessionEnded(evse.key, closed))


def _same_holder(transaction: Transaction, report: TransactionReport) -> bool:
    return (
        transaction.id_token is not None
        and report.id_token is not None
        and transaction.id_token.key == report.id_token.key
    )
