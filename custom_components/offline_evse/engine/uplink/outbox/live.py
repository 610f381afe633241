"""Live meter values of running sessions: the newest one, now and then, and given up rather than insisted on."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
import json
import logging

from ...model.clock import Clock
from ...model.meter import EvseSample
from ...model.station import OcppVersion
from ...model.upstream.delivery import DeliveryBook, DueSession, PendingCall
from ...model.upstream.message import SessionValues
from ..wire.codec import UpCodec, call_of
from ..wire.connection import CallEnd, CallOutcome
from .answers import After, after_values
from .outgoing import Outgoing, Phase
from .pacing import Pacing
from .telling import Newest, gap_before, value_at_once, values
from .thinning import Span

_LOGGER = logging.getLogger(__name__)

UNWANTED_PAUSE_S = 900.0
"""After three errors in a row for one value: the backend has no use for them, at least for now."""
_EVENT = "TransactionEvent"


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A value that has left, and what it stands for."""

    message_id: str
    values_at: datetime
    gaps: tuple[Span, ...]


class Live:
    """Words live values, and knows when the next one may leave."""

    def __init__(self, book: DeliveryBook, clock: Clock, pacing: Pacing) -> None:
        """Begin with none sent."""
        self.dropped_count = 0
        self._book = book
        self._clock = clock
        self._pacing = pacing
        self._newest: dict[str, Newest] = {}
        self._sent_s: dict[str, float] = {}
        self._under_way: dict[str, _UnderWay] = {}
        self._held_s: dict[str, float] = {}
        """Until when a session's values are left alone; its money never waits for them."""

    def begin_round(self, sessions: Collection[str]) -> None:
        """Forget sessions that there is nothing more to tell of."""
        for kept in (self._newest, self._sent_s, self._under_way, self._held_s):
            for session_id in kept.keys() - sessions:
                del kept[session_id]

    async def next(self, due: DueSession, codec: UpCodec, interval_s: int) -> Outgoing | None:
        """Return the newest value of a session, counted as sent; None: there is none, or it is too early."""
        session_id, delivery = due.transaction.session_id, due.delivery
        if (held_s := self._held_s.get(session_id, 0.0) - self._clock.monotonic()) > 0:
            self._pacing.note(held_s)
            return None
        if (again := await self._once_more(due, codec)) is not None:
            return again
        newest = self._newest.setdefault(session_id, Newest(delivery.told_seq))
        sent_s = self._sent_s.get(session_id)
        left_s = 0.0 if sent_s is None else sent_s + interval_s - self._clock.monotonic()
        if left_s > 0:
            self._pacing.note(left_s)
            return None
        await newest.read_on(self._book, session_id)
        message = values(due, newest, self._clock.now())
        return None if message is None else await self._send(due, newest, message, codec, interval_s)

    async def at_once(
        self, due: DueSession, codec: UpCodec, seen: EvseSample | None, interval_s: int
    ) -> Outgoing | None:
        """Return what is known of a session now, however soon after the last time; None: nothing is."""
        if (again := await self._once_more(due, codec)) is not None:
            # In 2.x nothing overtakes an event that was not answered.
            return again
        session_id = due.transaction.session_id
        newest = self._newest.setdefault(session_id, Newest(due.delivery.told_seq))
        await newest.read_on(self._book, session_id)
        message = value_at_once(due, newest, seen)
        return None if message is None else await self._send(due, newest, message, codec, interval_s)

    async def _send(
        self, due: DueSession, newest: Newest, message: SessionValues, codec: UpCodec, interval_s: int
    ) -> Outgoing | None:
        """Word a value and count it as sent; None: it cannot be worded."""
        session_id, delivery = due.transaction.session_id, due.delivery
        values_at = message.samples[-1].timestamp
        self._sent_s[session_id] = self._clock.monotonic()
        try:
            message_id, action, frame = call_of(codec, message)
        except Exception as error:  # noqa: BLE001 - one value is lost, and nothing else
            _LOGGER.debug("A live value cannot be worded: %s", type(error).__name__)
            self.dropped_count += 1
            return None
        pending = PendingCall(message_id=message_id, action=action, frame=frame, through_seq=newest.seq, sent_count=1)
        # The number of an event that has left is used up, whether it arrives or not.
        await self._book.save(replace(delivery, pending=pending, next_seq_no=delivery.next_seq_no + 1))
        gaps = gap_before(due, values_at, interval_s)
        self._under_way[session_id] = _UnderWay(message_id, values_at, gaps)
        return self._outgoing(pending, session_id, values_at)

    def unanswered(self, due: DueSession, codec: UpCodec) -> bool:
        """Return whether an event has left and was not answered (2.x).

        Its number is used up. Until a backend has it, or says that it does not want it, what follows looks as if
        something were missing, so nothing follows it.
        """
        pending = due.delivery.pending
        if pending is None or pending.refused_count or codec.version is OcppVersion.V16:
            return False
        return pending.action == _EVENT

    async def before_end(self, due: DueSession, codec: UpCodec) -> Outgoing | None:
        """Return such an event once more, as it was; None: it is too early for that."""
        if (held_s := self._held_s.get(due.transaction.session_id, 0.0) - self._clock.monotonic()) > 0:
            self._pacing.note(held_s)
            return None
        return await self._once_more(due, codec)

    async def _once_more(self, due: DueSession, codec: UpCodec) -> Outgoing | None:
        """Return a value that was not answered, as it was, if it is one of ours or cannot be passed over."""
        pending = due.delivery.pending
        if pending is None or (pending.action == _EVENT) is (codec.version is OcppVersion.V16):
            # It was worded for another version.
            return None
        under_way = self._known(due, pending)
        if under_way is None:
            # What a lane before this one had sent is past; a newer value takes its place.
            return None
        pending = replace(pending, sent_count=pending.sent_count + 1)
        await self._book.save(replace(due.delivery, pending=pending))
        return self._outgoing(pending, due.transaction.session_id, under_way.values_at)

    def _known(self, due: DueSession, pending: PendingCall) -> _UnderWay | None:
        """Return what a message stands for; of an event that a lane before this one had sent it can be read."""
        session_id = due.transaction.session_id
        under_way = self._under_way.get(session_id)
        if under_way is not None and under_way.message_id == pending.message_id:
            return under_way
        if pending.action != _EVENT:
            return None
        told = json.loads(pending.frame)[3]
        at = datetime.fromisoformat(told.get("meterValue", [told])[-1]["timestamp"])
        self._under_way[session_id] = _UnderWay(pending.message_id, at, gap_before(due, at, 0.0))
        return self._under_way[session_id]

    def _outgoing(self, pending: PendingCall, session_id: str, values_at: datetime) -> Outgoing:
        return Outgoing(
            message_id=pending.message_id,
            action=pending.action,
            frame=pending.frame,
            session_id=session_id,
            phase=Phase.VALUES,
            values_at=values_at,
        )

    def after(self, due: DueSession, pending: PendingCall, end: CallEnd) -> After:
        """Return what the end of a value makes of its session."""
        under_way = self._known(due, pending)
        if under_way is None:
            return After(replace(due.delivery, pending=None))
        after = after_values(due.delivery, pending, end, under_way.values_at, under_way.gaps)
        session_id, pause_s = due.transaction.session_id, after.pause_s
        if after.delivery.pending is None:
            del self._under_way[session_id]
            if end.outcome is CallOutcome.UNSENT:
                self._sent_s.pop(session_id, None)
            elif end.outcome is not CallOutcome.ANSWERED:
                self.dropped_count += 1
                pause_s = UNWANTED_PAUSE_S if end.outcome is CallOutcome.REFUSED else 0.0
        self._held_s[session_id] = self._clock.monotonic() + pause_s
        return After(after.delivery)
