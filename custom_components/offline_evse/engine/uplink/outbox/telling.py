"""Puts together what is told of a session, from what the ledger has of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...model.clock import Clock
from ...model.meter import EvseSample
from ...model.transaction import Transaction
from ...model.upstream.delivery import DeliveryBook, DueSession
from ...model.upstream.message import SessionStart, SessionStop, SessionValues
from ...model.upstream.record import LedgerRecord, RecordKind
from .registers import VirtualRegister, meter_start_wh
from .thinning import STEP_S, Span, thinned
from .turns import evse_of

START_GRACE_S = 300.0
"""So long a running session whose start has not come yet waits for it, from when it was first heard of."""
CARD_GRACE_S = 900.0
"""So long a running session for which nobody has shown a card waits for one; a start can be told only once."""
CLOSED_GRACE_S = 1800.0
"""So long a session that was closed from here waits for its charger to tell the end after all. Nobody is closed whose
charger is away; what the charger has kept comes within its own retries, and an end can be told only once."""
SUPERSEDED_GRACE_S = 120.0
"""The same where another session has begun: chargers tell in order, and what is to come would have come before."""
LATE_S = 60.0
"""What is told so much later than it was recorded happened while the backend could not be told."""
PAGE = 200
"""Entries that are read at once: while they are, all other questions to the ledger wait."""
_REMEMBERED = 256

type RemoteStart = Callable[[Transaction], int | None]
"""Returns the number under which the backend has ordered a session."""


@dataclass(frozen=True, slots=True)
class Wait:
    """It is too early to tell."""

    for_s: float


class Telling:
    """Reads sessions of one charger and words them."""

    def __init__(self, book: DeliveryBook, clock: Clock, remote_start: RemoteStart | None) -> None:
        """Read from a book."""
        self._book = book
        self._clock = clock
        self._remote_start = remote_start
        self._superseded: dict[str, datetime] = {}
        """When each was first seen with another session begun after it, and no word of its own end."""

    def _waits(self, since: datetime, grace_s: float) -> Wait | None:
        left_s = grace_s - (self._clock.now() - since).total_seconds()
        # A clock that was set back must not make it longer.
        return Wait(min(left_s, grace_s)) if left_s > 0 else None

    def _late(self, received_at: datetime) -> bool:
        return (self._clock.now() - received_at).total_seconds() > LATE_S

    async def start(self, due: DueSession) -> tuple[SessionStart, int] | Wait:
        """Return the start, and the last entry that it tells."""
        transaction = due.transaction
        first = await self._book.records(transaction.session_id, 0, 20)
        began = next((record for record in first if record.kind is RecordKind.STARTED), None)
        if transaction.is_open and first:
            wait = None
            if began is None:
                wait = self._waits(first[0].received_at, START_GRACE_S)
            elif transaction.id_token is None:
                wait = self._waits(began.received_at, CARD_GRACE_S)
            if wait is not None:
                return wait
        record = began or (first[0] if first else None)
        message = SessionStart(
            session_id=transaction.session_id,
            evse_id=evse_of(transaction),
            connector_id=transaction.connector_id or 1,
            timestamp=transaction.started_at,
            id_token=transaction.id_token,
            meter_wh=meter_start_wh(transaction),
            offline=record is not None and (record.offline or self._late(record.received_at)),
            charging_state=began.charging_state if began else None,
            trigger_reason=began.trigger_reason if began else None,
            remote_start_id=self._remote_start(transaction) if self._remote_start else None,
        )
        return message, record.seq if record else 0

    async def stop(self, due: DueSession) -> tuple[SessionStop, int, Transaction] | Wait:
        """Return the end with what was not told on the way, the last entry that it tells, and what it rests on."""
        records = await self._all(due.transaction.session_id)
        newest = await self._book.delivery(due.delivery.upstream_id, due.delivery.session_id)
        transaction = newest.transaction if newest is not None else due.transaction
        if transaction.ended_at is None:
            return Wait(0.0)
        if transaction.end_estimated and (wait := self._end_grace(transaction.session_id, records)) is not None:
            return wait
        delivery = due.delivery
        start_wh = meter_start_wh(transaction) if delivery.meter_start_wh is None else delivery.meter_start_wh
        stop_wh = start_wh + transaction.energy_wh
        since = max(delivery.told_until or transaction.started_at, transaction.started_at)
        spans: tuple[Span, ...] = (*delivery.gaps, (since, transaction.ended_at))
        samples = [sample for record in records for sample in record.samples]
        register = VirtualRegister(transaction.register_start_wh, start_wh, transaction.started_at)
        ends = [record for record in records if record.kind in (RecordKind.ENDED, RecordKind.CLOSED)]
        ended = max(ends, key=lambda record: record.timestamp) if ends else None
        heard_at = records[-1].received_at if ended is None and records else ended.received_at if ended else since
        message = SessionStop(
            session_id=transaction.session_id,
            remote_id=delivery.remote_id or transaction.session_id,
            seq_no=delivery.next_seq_no,
            evse_id=evse_of(transaction),
            connector_id=transaction.connector_id or 1,
            timestamp=transaction.ended_at,
            id_token=ended.id_token if ended else None,
            meter_wh=stop_wh,
            reason="Other" if transaction.end_estimated else transaction.stop_reason,
            samples=thinned(samples, spans, register, stop_wh),
            offline=transaction.offline or self._late(heard_at),
        )
        return message, records[-1].seq if records else delivery.told_seq, transaction

    def _end_grace(self, session_id: str, records: list[LedgerRecord]) -> Wait | None:
        closed = next((record for record in reversed(records) if record.kind is RecordKind.CLOSED), None)
        if closed is None:
            if len(self._superseded) >= _REMEMBERED:
                del self._superseded[next(iter(self._superseded))]
            seen_at = self._superseded.setdefault(session_id, self._clock.now())
            return self._waits(seen_at, SUPERSEDED_GRACE_S)
        superseded = closed.stop_reason == "superseded"
        return self._waits(closed.received_at, SUPERSEDED_GRACE_S if superseded else CLOSED_GRACE_S)

    async def _all(self, session_id: str) -> list[LedgerRecord]:
        found: list[LedgerRecord] = []
        while True:
            page = await self._book.records(session_id, found[-1].seq if found else 0, PAGE)
            found += page
            if len(page) < PAGE:
                return found


@dataclass(slots=True)
class Newest:
    """The newest meter value of a running session, found by reading on from where it was read to."""

    seq: int
    record: LedgerRecord | None = None
    sample: EvseSample | None = None

    async def read_on(self, book: DeliveryBook, session_id: str) -> None:
        """Take in what has been recorded since."""
        while page := await book.records(session_id, self.seq, PAGE):
            for record in page:
                for sample in record.samples:
                    if not sample.is_empty and (self.sample is None or sample.timestamp >= self.sample.timestamp):
                        self.record, self.sample = record, sample
            self.seq = page[-1].seq
            if len(page) < PAGE:
                return


def values(due: DueSession, newest: Newest, now: datetime) -> SessionValues | None:
    """Return the newest value as it is told; None: there is none that has not been told."""
    transaction, delivery, sample, record = due.transaction, due.delivery, newest.sample, newest.record
    told_until = delivery.told_until or transaction.started_at
    if sample is None or record is None or sample.timestamp <= told_until:
        return None
    start_wh = meter_start_wh(transaction) if delivery.meter_start_wh is None else delivery.meter_start_wh
    if sample.energy_import_wh is not None:
        sample = replace(sample, energy_import_wh=start_wh + transaction.energy_wh)
    return SessionValues(
        session_id=transaction.session_id,
        remote_id=delivery.remote_id or transaction.session_id,
        seq_no=delivery.next_seq_no,
        evse_id=evse_of(transaction),
        connector_id=transaction.connector_id or 1,
        timestamp=sample.timestamp,
        samples=(sample,),
        offline=record.offline or (now - record.received_at).total_seconds() > LATE_S,
        charging_state=record.charging_state,
        trigger_reason=record.trigger_reason,
    )


def value_at_once(due: DueSession, newest: Newest, seen: EvseSample | None) -> SessionValues | None:
    """Return what is known of a running session now, told before or not; None: its meter has said nothing yet.

    `seen` is what the charger has said last, which may be newer than what is recorded, or than what was read on to.
    """
    transaction, delivery = due.transaction, due.delivery
    known = [sample for sample in (newest.sample, seen) if sample is not None and not sample.is_empty]
    samples = [sample for sample in known if sample.timestamp >= transaction.started_at]
    if not samples:
        return None
    sample = max(samples, key=lambda sample: sample.timestamp)
    start_wh = meter_start_wh(transaction) if delivery.meter_start_wh is None else delivery.meter_start_wh
    if sample.energy_import_wh is not None:
        sample = replace(sample, energy_import_wh=start_wh + transaction.energy_wh)
    return SessionValues(
        session_id=transaction.session_id,
        remote_id=delivery.remote_id or transaction.session_id,
        seq_no=delivery.next_seq_no,
        evse_id=evse_of(transaction),
        connector_id=transaction.connector_id or 1,
        # Not now: the session may turn out to have ended a moment ago, and events do not run backwards.
        timestamp=max(sample.timestamp, delivery.told_until or sample.timestamp),
        samples=(sample,),
        trigger_reason="Trigger",
    )


def gap_before(due: DueSession, at: datetime, interval_s: float) -> tuple[Span, ...]:
    """Return the time before a value of which the backend has been told nothing, if it is worth telling at the end."""
    told_until = due.delivery.told_until or due.transaction.started_at
    longest = timedelta(seconds=max(float(STEP_S), 2 * interval_s))
    return ((told_until, at),) if at - told_until > longest else ()
