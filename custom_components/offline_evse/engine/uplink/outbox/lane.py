"""What to say next to one backend of one charger, and what its answer means.

Everything that counts is in the book: a lane can be thrown away between any two steps, and another one goes on from
there. A message is in the book, counted as sent, before it may leave, and stays there byte for byte until the
backend's answer is.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
import logging

from ...model.clock import Clock
from ...model.failure import LedgerFullError, LedgerUnavailableError
from ...model.id_token import IdToken
from ...model.meter import EvseSample
from ...model.station import OcppVersion
from ...model.upstream.config import LineConfig, UpstreamConfig
from ...model.upstream.delivery import (
    MOVED,
    RESTORED,
    DeliveryBook,
    DeliveryState,
    DueSession,
    PendingCall,
    SessionDelivery,
    Settlement,
)
from ...model.upstream.message import SessionStart, SessionStop, SessionValues
from ..wire.codec import UpCodec, call_of
from ..wire.connection import CallEnd, CallOutcome
from .answers import CARD_BUSY, After, after_money, hopeless, scrubbed
from .live import Live
from .outgoing import Outgoing, Phase, Told
from .pacing import Pacing
from .settling import settled
from .telling import RemoteStart, Telling, Wait
from .turns import Turn, evse_of, turns

_LOGGER = logging.getLogger(__name__)

_ACTIONS_OF_16 = frozenset({"StartTransaction", "StopTransaction", "MeterValues"})
_DISK_PAUSE_S = 60.0
_PAGE = 50


class Lane:
    """Tells one backend of one charger's sessions: money in the order of events, live values between."""

    def __init__(
        self,
        config: UpstreamConfig,
        line: LineConfig,
        book: DeliveryBook,
        clock: Clock,
        remote_start: RemoteStart | None = None,
    ) -> None:
        """Go on where the book says; `remote_start`: by which order of the backend a session began."""
        self.interval_s: int | None = None
        """Between live values, as the backend wants it; 0: none; None: as it is set up, which is the least."""
        self._config = config
        self._station_id = line.station_id
        self._book = book
        self._clock = clock
        self._telling = Telling(book, clock, remote_start)
        self._pacing = Pacing(clock)
        self._live = Live(book, clock, self._pacing)
        self._parked = False
        """Something was given to a person in this round."""
        self._waiting: dict[str, tuple[DueSession, float]] = {}
        """Sessions too young, or with too uncertain an end, to be told: until then, or until something changes."""
        self._unsaved: dict[str, SessionDelivery] = {}
        """What an answer came to, where the disk has not taken it yet."""

    @property
    def next_due_at(self) -> datetime | None:
        """When something falls due by time alone, as of the last `next`."""
        return self._pacing.next_due_at

    @property
    def dropped_count(self) -> int:
        """How many live values were given up."""
        return self._live.dropped_count

    async def next(self, codec: UpCodec, *, telemetry: bool) -> Outgoing | None:
        """Return the next message, which is on the disk as sent by then; None: nothing is to be said now.

        `telemetry`: live values may be among them. A disk that takes nothing lets nothing leave.
        """
        try:
            return await self._next(codec, telemetry)
        except (LedgerFullError, LedgerUnavailableError) as error:
            _LOGGER.debug("Nothing leaves for %s: %s", self._config.name, error)
            self._pacing.note(_DISK_PAUSE_S)
            return None

    async def value_now(self, codec: UpCodec, evse_id: int, seen: EvseSample | None) -> Outgoing | None:
        """Return the value of the session that runs at an EVSE, whatever the interval; None: there is none to tell.

        `seen` is what the charger has said last. A session whose start the backend does not know has no value yet.
        """
        try:
            await self._catch_up()
            _, running = turns(await self._book.due(self._config.upstream_id, self._station_id, _PAGE))
            for each in running:
                if evse_of(each.transaction) == evse_id:
                    return await self._live.at_once(each, codec, seen, self._interval_s or 0)
        except (LedgerFullError, LedgerUnavailableError) as error:
            _LOGGER.debug("No value leaves for %s: %s", self._config.name, error)
        return None

    async def _catch_up(self) -> None:
        """Have the disk take what it has not taken before."""
        for delivery in tuple(self._unsaved.values()):
            await self._save(delivery)

    async def _next(self, codec: UpCodec, telemetry: bool) -> Outgoing | None:
        await self._catch_up()
        limit = _PAGE
        while True:
            self._parked = False
            due = await self._book.due(self._config.upstream_id, self._station_id, limit)
            if (outgoing := await self._first(due, codec, telemetry)) is not None:
                return outgoing
            if self._parked:
                # What it held up on its EVSE has its turn now.
                continue
            if len(due) < limit:
                return None
            # All of these have to wait; on another EVSE there may be some that have not.
            limit *= 10

    async def _first(self, due: Collection[DueSession], codec: UpCodec, telemetry: bool) -> Outgoing | None:
        """Return the first message among these sessions that may leave."""
        sessions = {each.transaction.session_id for each in due}
        self._pacing.begin_round(sessions)
        self._live.begin_round(sessions)
        self._waiting = {key: waiting for key, waiting in self._waiting.items() if key in sessions}
        money, running = turns(due)
        for turn in money:
            if (outgoing := await self._tell(turn, codec)) is not None:
                return outgoing
        if telemetry and (interval_s := self._interval_s) is not None:
            for each in running:
                if (outgoing := await self._live.next(each, codec, interval_s)) is not None:
                    return outgoing
        return None

    @property
    def _interval_s(self) -> int | None:
        least_s = self._config.traffic.live_interval_s
        if least_s <= 0 or (self.interval_s is not None and self.interval_s <= 0):
            return None
        return max(least_s, self.interval_s or 0)

    async def _save(self, delivery: SessionDelivery) -> None:
        await self._book.save(delivery)
        self._unsaved.pop(delivery.session_id, None)

    async def _park(self, delivery: SessionDelivery, state: DeliveryState, detail: str) -> None:
        await self._save(replace(delivery, state=state, detail=detail))
        self._parked = True

    async def _tell(self, turn: Turn, codec: UpCodec) -> Outgoing | None:
        """Return the message of a turn; None: it is not to leave now, or never."""
        delivery = turn.due.delivery
        if self._pacing.held(delivery.session_id) or self._waits(turn.due):
            return None
        under_way = delivery.state in (DeliveryState.STARTING, DeliveryState.ENDING)
        if not under_way:
            if self._live.unanswered(turn.due, codec):
                return await self._live.before_end(turn.due, codec)
            return await self._tell_anew(turn, codec)
        pending = delivery.pending
        if pending is None:
            await self._park(
                delivery, DeliveryState.AMBIGUOUS, "The message that was under way cannot be read any more"
            )
            return None
        if (pending.action in _ACTIONS_OF_16) is not (codec.version is OcppVersion.V16):
            return await self._tell_in_other_words(turn, pending, codec)
        parked = hopeless(pending, turn.phase, codec.version, knows_repeats=self._config.knows_repeats)
        if parked is not None:
            await self._park(delivery, parked, delivery.detail or f"No answer to {pending.action}")
            return None
        return await self._send(delivery, turn.phase, pending)

    async def _tell_in_other_words(self, turn: Turn, pending: PendingCall, codec: UpCodec) -> Outgoing | None:
        """The backend speaks another version than when the message was worded: its bytes are of no use."""
        if pending.sent_count > pending.refused_count and turn.phase is Phase.START:
            detail = f"{pending.action} was not answered, and now the backend speaks {codec.version}"
            await self._park(turn.due.delivery, DeliveryState.AMBIGUOUS, detail)
            return None
        # An end names the transaction; told in both ways it ends the same one.
        return await self._tell_anew(turn, codec)

    def _waits(self, due: DueSession) -> bool:
        waiting, until_s = self._waiting.get(due.transaction.session_id, (None, 0.0))
        left_s = until_s - self._clock.monotonic()
        if waiting != due or left_s <= 0:
            return False
        self._pacing.note(left_s)
        return True

    async def _tell_anew(self, turn: Turn, codec: UpCodec) -> Outgoing | None:
        """Word a start or an end for the first time."""
        delivery = turn.due.delivery
        unsure = delivery.detail == RESTORED and turn.phase is Phase.START
        if unsure and codec.version is OcppVersion.V16 and not self._config.knows_repeats:
            await self._park(delivery, DeliveryState.AMBIGUOUS, RESTORED)
            return None
        message: SessionStart | SessionStop
        if turn.phase is Phase.START:
            start = await self._telling.start(turn.due)
            if isinstance(start, Wait):
                self._wait(turn.due, start)
                return None
            message, through_seq = start
            worded = replace(
                delivery,
                state=DeliveryState.STARTING,
                meter_start_wh=message.meter_wh,
                next_seq_no=max(1, delivery.next_seq_no),
            )
        else:
            stop = await self._telling.stop(turn.due)
            if isinstance(stop, Wait):
                self._wait(turn.due, stop)
                return None
            message, through_seq, transaction = stop
            worded = replace(
                delivery,
                state=DeliveryState.ENDING,
                next_seq_no=delivery.next_seq_no + 1,
                energy_wh=transaction.energy_wh,
                ended_at=transaction.ended_at,
            )
        pending = await self._worded(delivery, message, through_seq, codec)
        return None if pending is None else await self._send(worded, turn.phase, pending)

    def _wait(self, due: DueSession, wait: Wait) -> None:
        self._waiting[due.transaction.session_id] = due, self._clock.monotonic() + wait.for_s
        if wait.for_s > 0:
            self._pacing.note(wait.for_s)

    async def _worded(
        self,
        delivery: SessionDelivery,
        message: SessionStart | SessionStop | SessionValues,
        through_seq: int,
        codec: UpCodec,
    ) -> PendingCall | None:
        """Return a message as it leaves; one that cannot be worded is given to a person, and blocks nobody."""
        try:
            message_id, action, frame = call_of(codec, message)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one session must not stop the others
            _LOGGER.warning("A session cannot be told to %s (%s)", self._config.name, type(error).__name__)
            token = message.id_token if not isinstance(message, SessionValues) else None
            await self._park(delivery, DeliveryState.REFUSED, scrubbed(f"Not to be worded: {error}", token))
            return None
        return PendingCall(message_id=message_id, action=action, frame=frame, through_seq=through_seq)

    async def _send(self, delivery: SessionDelivery, phase: Phase, pending: PendingCall) -> Outgoing:
        """Count it as sent, durably, and let it leave."""
        pending = replace(pending, sent_count=pending.sent_count + 1)
        await self._save(replace(delivery, pending=pending))
        return Outgoing(
            message_id=pending.message_id,
            action=pending.action,
            frame=pending.frame,
            session_id=delivery.session_id,
            phase=phase,
        )

    async def ended(self, outgoing: Outgoing, end: CallEnd, codec: UpCodec) -> Told:
        """Take in how a message ended. What the disk does not take is kept until it does; nothing leaves before."""
        session_id = outgoing.session_id
        try:
            due = await self._book.delivery(self._config.upstream_id, session_id)
        except LedgerUnavailableError:
            # It stays counted as sent, without an answer.
            return Told(session_id=session_id, money=False)
        if due is None or due.delivery.state.final:
            return Told(session_id=session_id, money=False)
        pending = due.delivery.pending
        if pending is None or pending.message_id != outgoing.message_id:
            pending = self._overtaken(due, outgoing, end)
            if pending is None:
                return Told(session_id=session_id, money=False)
        if outgoing.phase is Phase.VALUES:
            after = self._live.after(due, pending, end)
        else:
            after = after_money(due, outgoing.phase, pending, end, codec, self._config)
        await self._keep(after)
        state = after.delivery.state
        if state is DeliveryState.DONE:
            await self._free(due.transaction.id_token)
        taken = not state.parked and state is not DeliveryState.SKIPPED
        confirmed = end.outcome is CallOutcome.ANSWERED and outgoing.money and taken
        denied = after.answer if after.delivery.denied else None
        return Told(
            session_id=session_id,
            money=confirmed,
            denied=denied,
            id_token=due.transaction.id_token if denied is not None else None,
            parked=state.parked,
        )

    async def _free(self, id_token: IdToken | None) -> None:
        """Tell once more what was turned away because the card charged, as far as the backend knew: it does not now.

        That is what becomes of all later sessions of a card while the backend has one open whose number is not known.
        """
        if id_token is None:
            return
        try:
            for each in await self._book.parked(self._config.upstream_id):
                token = each.transaction.id_token
                if each.delivery.detail == CARD_BUSY and token is not None and token.key == id_token.key:
                    if (again := settled(each, Settlement.RESEND, None)) is not None:
                        await self._save(again)
        except (LedgerFullError, LedgerUnavailableError) as error:
            _LOGGER.debug("What waits for the end of a session goes on waiting: %s", error)

    def _overtaken(self, due: DueSession, outgoing: Outgoing, end: CallEnd) -> PendingCall | None:
        """Something was done to the session while the message was under way; an answer to it counts all the same."""
        started = due.delivery.remote_id is not None
        if due.delivery.detail == MOVED:
            return None
        if end.outcome is not CallOutcome.ANSWERED or not outgoing.money or started is (outgoing.phase is Phase.START):
            return None
        return PendingCall(
            message_id=outgoing.message_id,
            action=outgoing.action,
            frame=outgoing.frame,
            through_seq=due.delivery.told_seq,
            sent_count=1,
        )

    async def _keep(self, after: After) -> None:
        self._pacing.hold(after.delivery.session_id, after.pause_s)
        self._unsaved[after.delivery.session_id] = after.delivery
        try:
            await self._save(after.delivery)
        except (LedgerFullError, LedgerUnavailableError) as error:
            _LOGGER.debug("An answer of %s waits for the disk: %s", self._config.name, error)

    async def settle(self, session_id: str, settlement: Settlement, remote_id: str | None = None) -> bool:
        """Take a person's decision about a session that is parked; False: it is not, or that cannot be decided."""
        if (unsaved := self._unsaved.get(session_id)) is not None:
            await self._save(unsaved)
        due = await self._book.delivery(self._config.upstream_id, session_id)
        if due is None or (delivery := settled(due, settlement, remote_id)) is None:
            return False
        self._pacing.release(session_id)
        self._waiting.pop(session_id, None)
        await self._save(delivery)
        if delivery.state.final:
            await self._free(due.transaction.id_token)
        return True
