"""What is said over one connection, from BootNotification to its end."""

from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from ..model.access import BackendAnswer, LinkState
from ..model.clock import Clock
from ..model.id_token import IdToken
from ..model.station import OcppVersion
from ..model.upstream.link import LinkTrouble
from ..model.upstream.message import Ask, Boot, Heartbeat, Status, UpMessage
from ..model.upstream.site import Grounds
from ..ocppj.frames import encode_call
from .equipment import Connection, Tells
from .link.budget import Budget
from .link.machine import GONE_AFTER_S, GONE_FAILURES, SILENT_AFTER_S
from .link.nudge import Nudge
from .link.pace import Pace, probe_wait_s
from .link.watch import LinkWatch
from .on_request import ValuesOnRequest
from .outbox.outgoing import Outgoing, Told
from .standing import Standings
from .wire.codec import UpCodec, call_of, codec_of
from .wire.connection import CallEnd, CallOutcome

ASK_S = 15.0
STATUS_S = 15.0
MONEY_S = 30.0


class Conversation:
    """Says one thing after the other, each for a reason, and waits otherwise.

    After an answer that did not come the next thing said is a heartbeat: what money depends on may be sent only so
    often, and is not risked on a line that may be dead.
    """

    def __init__(
        self,
        station_id: str,
        connection: Connection,
        lane: Tells,
        grounds: Grounds,
        clock: Clock,
        watch: LinkWatch,
        pace: Pace,
        budget: Budget,
        on_told: Callable[[Told], None],
        boot_reason: str,
    ) -> None:
        """Begin with nothing said."""
        self.lane = lane
        """May be replaced at any time; what is under way ends where it began."""
        self.nudge = Nudge(clock)
        self.accepted = False
        """The backend has accepted this charger over this connection."""
        self.boot_due_at = clock.monotonic()
        """When the backend may be asked again to accept the charger, in monotonic s."""
        self.heartbeat_s: int | None = None
        """Between heartbeats, as the backend wants it."""
        self._station_id = station_id
        self._connection = connection
        self._codec: UpCodec = codec_of(connection.version)
        self._grounds = grounds
        self._clock = clock
        self._watch = watch
        self._pace = pace
        self._budget = budget
        self._on_told = on_told
        self._boot_reason = boot_reason
        self._pending = False
        self._hung_up = False
        self._misses = 0
        self._last_rtt_s = 0.0
        self._heard_at = clock.monotonic()
        self._probe_at = clock.monotonic()
        self._counted_bytes = 0
        self._standings = Standings(station_id, grounds, connection.version)
        self._heartbeat_wanted = False
        self._on_request = ValuesOnRequest(station_id, grounds, self._codec)
        self._follow_ups: deque[tuple[str, dict[str, Any]]] = deque(maxlen=16)
        connection.closed.add_done_callback(lambda _: self.nudge())

    @property
    def version(self) -> OcppVersion:
        """What is spoken."""
        return self._connection.version

    @property
    def over(self) -> bool:
        """Whether nothing more will be said."""
        return self._hung_up or self._connection.closed.done() or self._gone

    async def run(self) -> None:
        """Talk until there is nobody to talk to, or somebody hangs up."""
        while not self.over:
            if self.accepted:
                await self._work()
            else:
                await self._introduce()

    def hang_up(self) -> None:
        """Say nothing more."""
        self._hung_up = True
        self.nudge()

    def trigger(self, message: str, evse_id: int | None) -> bool:
        """Say something soon that the backend has asked for; False: there is nothing to say, or not now."""
        match message:
            case "boot":
                self.introduce("Triggered")
            case "status":
                self._standings.want(evse_id)
            case "heartbeat":
                self._heartbeat_wanted = True
            case _:
                if not self.accepted or not self._budget.allows_bulk(self._clock.now()):
                    return False
                if not self._on_request.want(message, evse_id):
                    return False
        self.nudge()
        return True

    def introduce(self, reason: str) -> None:
        """Introduce the charger anew, over the same connection."""
        self.boot_due_at = self._clock.monotonic()
        self._boot_reason = reason
        self.accepted = False
        self.nudge()

    def follow_up(self, action: str, payload: dict[str, Any]) -> None:
        """Send a CALL soon."""
        self._follow_ups.append((action, payload))
        self.nudge()

    async def ask(self, id_token: IdToken) -> BackendAnswer:
        """Ask about a card; raises ConnectionError without an answer."""
        if not self.accepted or self.over:
            raise ConnectionError("The backend has not accepted this charger")
        end = await self._say(Ask(id_token), ASK_S, urgent=True)
        if end.outcome is not CallOutcome.ANSWERED:
            raise ConnectionError(f"No answer about a card: {end.outcome}")
        return self._codec.read_ask(end.payload or {})

    @property
    def _gone(self) -> bool:
        silent_s = self._clock.monotonic() - self._heard_at
        return (
            self.accepted
            and self._misses > 0
            and (silent_s >= SILENT_AFTER_S or (self._misses >= GONE_FAILURES and silent_s >= GONE_AFTER_S))
        )

    async def _introduce(self) -> None:
        """Have the charger accepted, as often as the backend wants to be asked."""
        if (wait_s := self.boot_due_at - self._clock.monotonic()) > 0:
            if not (self._pending and await self._say_wanted()):
                await self.nudge.wait(wait_s)
            return
        boot = Boot(self._grounds.identity(self._station_id), self._boot_reason)
        end = await self._call(*call_of(self._codec, boot), MONEY_S, judged=False)
        if end.outcome in (CallOutcome.LOST, CallOutcome.UNSENT):
            if not self._connection.closed.done():
                self._watch.failed(detail="No answer to BootNotification")
            self._hung_up = True
            return
        if end.outcome is CallOutcome.REFUSED:
            self._not_accepted(end.code or "CALLERROR", None)
            return
        said = self._codec.read_boot(end.payload or {})
        if said.status != "Accepted":
            self._pending = said.status == "Pending"
            self._not_accepted(said.status, said.interval_s)
            return
        self.accepted = True
        self.heartbeat_s = said.interval_s or self.heartbeat_s
        self._standings.want(None)
        self._heard(end.rtt_s or 0.0)

    def _not_accepted(self, said: str, interval_s: int | None) -> None:
        self._watch.refused(LinkTrouble.NOT_ACCEPTED, said)
        self.boot_due_at = self._clock.monotonic() + self._pace.boot_s(interval_s)

    async def _work(self) -> None:
        """Say what is to be said now, or wait for a reason."""
        if self._misses == 0:
            said = await self._say_wanted() or await self._say_status() or await self._say_values()
            said = await self._say_money_and_more() or said
            if said:
                return
        wait_s = self._probe_at - self._clock.monotonic()
        if wait_s <= 0 or (self._heartbeat_wanted and self._misses == 0):
            await self._say_heartbeat()
            return
        if self._misses == 0 and (due_at := self.lane.next_due_at) is not None:
            due_s = (due_at - self._clock.now()).total_seconds()
            # What is overdue and has not been said may not be said now: the next probe looks again.
            wait_s = min(wait_s, due_s) if due_s > 0 else wait_s
        await self.nudge.wait(wait_s)

    async def _say_wanted(self) -> bool:
        """Say one thing that the backend has asked for; returns whether there was one."""
        if self._follow_ups:
            action, payload = self._follow_ups.popleft()
            message_id = str(uuid4())
            await self._call(message_id, action, encode_call(message_id, action, payload).decode(), STATUS_S)
            return True
        if not self.accepted and self._heartbeat_wanted:
            await self._say_heartbeat()
            return True
        return not self.accepted and await self._say_status()

    async def _say_heartbeat(self) -> None:
        self._heartbeat_wanted = False
        slow_s = max(self._watch.slow_s or 0.0, self._last_rtt_s)
        await self._say(Heartbeat(), probe_wait_s(self._watch.state, slow_s))

    async def _say_status(self) -> bool:
        """Tell the newest status of one EVSE that the backend does not know; returns whether there was one."""
        found = self._standings.take(changed=self.accepted and not self._budget.spent(self._clock.now()))
        if found is None:
            return False
        evse_id, (status, error_code) = found
        message = Status(evse_id=evse_id, status=status, error_code=error_code, timestamp=self._clock.now())
        end = await self._say(message, STATUS_S)
        heard = end.outcome in (CallOutcome.ANSWERED, CallOutcome.REFUSED)
        self._standings.ended(*found, heard=heard)
        return True

    async def _say_money_and_more(self) -> bool:
        """Tell the next thing of the charger's sessions that the state of the link lets through."""
        if self.over or self._misses or self._watch.state is LinkState.OFFLINE:
            return False
        lane = self.lane
        bulk = self._budget.allows_bulk(self._clock.now())
        outgoing: Outgoing | None = None
        if self._watch.state is not LinkState.ONLINE or not bulk:
            outgoing = await lane.next(self._codec, telemetry=False)
            if outgoing is None:
                self._watch.drained()
        if outgoing is None and bulk and self._watch.state in (LinkState.ONLINE, LinkState.RECOVERING):
            outgoing = await lane.next(self._codec, telemetry=True)
        if outgoing is None:
            return False
        await self._carry(lane, outgoing)
        return True

    async def _say_values(self) -> bool:
        """Tell values that the backend has asked for; returns whether there were any."""
        lane = self.lane
        said = None if self.over or self._misses else await self._on_request.next(lane)
        if said is None:
            return False
        if isinstance(said, Outgoing):
            await self._carry(lane, said)
        else:
            await self._call(*said, STATUS_S)
        return True

    async def _carry(self, lane: Tells, outgoing: Outgoing) -> None:
        """Carry a message of a lane, and tell the lane how it ended."""
        end = await self._call(outgoing.message_id, outgoing.action, outgoing.frame, MONEY_S)
        self._on_told(await lane.ended(outgoing, end, self._codec))

    async def _say(self, message: UpMessage, timeout_s: float, *, urgent: bool = False) -> CallEnd:
        return await self._call(*call_of(self._codec, message), timeout_s, urgent=urgent)

    async def _call(
        self, message_id: str, action: str, frame: str, timeout_s: float, *, urgent: bool = False, judged: bool = True
    ) -> CallEnd:
        """Have one CALL said, and judge the line by how it ended."""
        end = await self._connection.call(message_id, frame, urgent=urgent, timeout_s=timeout_s)
        self.count_bytes()
        if judged and end.outcome in (CallOutcome.ANSWERED, CallOutcome.REFUSED):
            self._heard(end.rtt_s or 0.0)
        elif judged and end.outcome is CallOutcome.LOST:
            self._misses += 1
            # The end of a connection is one failure, and is counted by whoever sees it end.
            if not self._connection.closed.done():
                self._watch.failed(detail=f"No answer to {action}")
            self._plan_probe()
        return end

    def _heard(self, rtt_s: float) -> None:
        self._misses = 0
        self._last_rtt_s = rtt_s
        self._heard_at = self._clock.monotonic()
        if self.accepted:
            self._watch.succeeded(rtt_s)
        self._plan_probe()

    def _plan_probe(self) -> None:
        interval_s = float(self._budget.traffic.probe_interval_s)
        if self.heartbeat_s:
            interval_s = min(interval_s, float(max(5, self.heartbeat_s)))
        pause_s = self._pace.probe_s(self._watch.state, interval_s, confirm=self._misses > 0)
        self._probe_at = self._clock.monotonic() + pause_s

    def count_bytes(self) -> None:
        """Count what has gone over the wire since the last time."""
        total = self._connection.sent_bytes + self._connection.received_bytes
        self._budget.used(total - self._counted_bytes, self._clock.now())
        self._counted_bytes = total
