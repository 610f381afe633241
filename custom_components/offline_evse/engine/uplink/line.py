"""One charger at one backend: a virtual charging station with its own socket."""

import asyncio
from collections.abc import Callable
from datetime import datetime
import logging
import traceback
from typing import Any

from ..model.access import BackendAnswer, LinkState
from ..model.clock import timeout
from ..model.id_token import IdToken
from ..model.upstream.config import LineConfig, UpstreamConfig
from ..model.upstream.delivery import Settlement
from ..model.upstream.link import LinkTrouble, LinkView
from .conversation import Conversation
from .equipment import Answers, Connection, Equipment, Tells
from .link.budget import Budget
from .link.nudge import Nudge
from .link.pace import HELD_AFTER_S, Pace
from .link.watch import LinkWatch
from .outbox.outgoing import Told
from .wire.connection import CallRefusedError
from .wire.dialling import DialError

_LOGGER = logging.getLogger(__name__)

STOP_S = 0.7
"""So long a goodbye may take; after that the line is simply let go."""

INTRODUCED_APART_S = 60.0
"""A charger that boots again and again is introduced no more often."""


class Line:
    """Dials, has the charger introduced, and dials again at its pace; keeps the state of the link."""

    def __init__(
        self,
        config: UpstreamConfig,
        line: LineConfig,
        equipment: Equipment,
        budget: Budget,
        on_change: Callable[[], None],
        on_told: Callable[[Told], None],
        offline_since: datetime | None = None,
    ) -> None:
        """Begin out of reach; `start` dials.

        `on_change`: something that is shown may have changed. `offline_since`: it has been out of reach since then, as
        was found in an earlier run.
        """
        self.config = config
        self.line = line
        self.watch = LinkWatch(equipment.clock, self._link_changed, offline_since)
        self._equipment = equipment
        self._budget = budget
        self._on_change = on_change
        self._on_told = on_told
        self._pace = Pace(equipment.random)
        self._again = Nudge(equipment.clock)
        self._interval_s: int | None = None
        self._heartbeat_s: int | None = None
        self._lane: Tells = equipment.lane(config, line)
        self._desk: Answers = equipment.desk(config, line, self)
        self._desk.restore()
        self._connection: Connection | None = None
        self._talk: Conversation | None = None
        self._boot_reason = "PowerUp"
        self._introduced_s = -INTRODUCED_APART_S
        self._wanted_again = False
        self._stopping = False
        self._logged: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._side: set[asyncio.Task[Any]] = set()

    @property
    def link(self) -> LinkState:
        """How the backend can be reached over this line."""
        return self.watch.state

    @property
    def view(self) -> LinkView:
        """What is shown of the line."""
        return self.watch.view(self._talk.version.value if self._talk is not None else None)

    def start(self, line_count: int) -> None:
        """Begin to dial, in no hurry where a backend has many lines."""
        self._task = asyncio.get_running_loop().create_task(
            self._run(self._pace.beginning_s(line_count)), name=f"offline_evse line of {self.line.station_id}"
        )

    def configure(self, config: UpstreamConfig, line: LineConfig) -> None:
        """Take a new set-up; the socket is kept unless it leads elsewhere, or is opened otherwise."""
        before, before_line = self.config, self.line
        self.config, self.line = config, line
        if before_line != line or _telling(before) != _telling(config):
            self._lane = self._equipment.lane(config, line)
            self._lane.interval_s = self._interval_s
            if self._talk is not None:
                self._talk.lane = self._lane
        if before_line != line or _answering(before) != _answering(config):
            self._spawn(self._desk.close())
            self._desk = self._equipment.desk(config, line, self)
            self._desk.restore()
        if _way(before, before_line) != _way(config, line):
            self.reconnect()
        self.look()

    def look(self) -> None:
        """See whether there is something to be said."""
        if self._talk is not None:
            self._talk.nudge()

    async def ask(self, id_token: IdToken) -> BackendAnswer:
        """Ask about a card; raises ConnectionError where there is no answer. A late one still counts for the link."""
        if self._talk is None:
            raise ConnectionError("There is no connection")
        task = asyncio.get_running_loop().create_task(self._talk.ask(id_token), name="offline_evse card of a backend")
        self._side.add(task)
        task.add_done_callback(self._asked)
        return await asyncio.shield(task)

    async def settle(self, session_id: str, settlement: Settlement, remote_id: str | None) -> bool:
        """Take a person's decision about a session that is parked."""
        settled = await self._lane.settle(session_id, settlement, remote_id)
        self.look()
        return settled

    def session_ended(self, session_id: str) -> None:
        """Let what the backend wants for a session end with it."""
        self._desk.session_ended(session_id)

    def set_heartbeat(self, interval_s: int) -> None:
        """Send a heartbeat at least this often; 0: only when there is need to."""
        self._heartbeat_s = interval_s or None
        if self._talk is not None:
            self._talk.heartbeat_s = self._heartbeat_s

    def set_interval(self, interval_s: int | None) -> None:
        """Space meter values of running sessions at least so far apart; 0: send none; None: as it was set up."""
        self._interval_s = interval_s
        self._lane.interval_s = interval_s
        self.look()

    def trigger(self, message: str, evse_id: int | None) -> bool:
        """Send a message soon: boot, status, heartbeat, values or event; no EVSE: of all. False: not now."""
        return self._talk is not None and self._talk.trigger(message, evse_id)

    def follow_up(self, action: str, payload: dict[str, Any]) -> None:
        """Send a CALL soon, after the answer that promises it."""
        if self._talk is not None:
            self._talk.follow_up(action, payload)

    def booted(self, reason: str) -> None:
        """The charger has restarted: introduce it anew, over the same connection or with the next one."""
        now_s = self._equipment.clock.monotonic()
        if self._talk is None:
            self._boot_reason = reason
        elif self._talk.accepted and now_s - self._introduced_s >= INTRODUCED_APART_S:
            self._introduced_s = now_s
            self._talk.introduce(reason)

    def forget_answers(self) -> None:
        """Go by no earlier answer of this backend about cards."""
        self._equipment.grounds.forget_answers(self.config.upstream_id)

    def reconnect(self) -> None:
        """Hang up and dial again, without regard to what happened before."""
        self._pace.forget_attempts()
        self._wanted_again = True
        if self._talk is not None:
            self._talk.hang_up()
        self._again()

    async def close(self) -> None:
        """Hang up; what is under way counts as lost, and is sent again after the next start."""
        self._stopping = True
        self._again()
        if (task := self._task) is not None:
            if self._talk is not None:
                self._talk.hang_up()
            else:
                task.cancel()
            self._spawn(self._hang_up())
            try:
                async with timeout(self._equipment.clock, STOP_S):
                    await asyncio.wait((task, *self._side))
            except TimeoutError:
                _LOGGER.debug("The line of %s was let go without a goodbye", self.line.station_id)
        left = [work for work in (self._task, *self._side) if work is not None and not work.done()]
        for work in left:
            work.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        self.watch.close()
        await self._desk.close()

    async def _run(self, pause_s: float) -> None:
        """Dial, talk, wait; whatever fails inside, the line goes on."""
        await self._again.wait(pause_s)
        while not self._stopping:
            self._wanted_again = False
            try:
                pause_s = await self._attempt()
                self._logged.clear()
                self._on_change()
            except Exception as err:  # noqa: BLE001 - a line that fails is logged, and goes on at its pace
                self._log(err)
                self.watch.failed(LinkTrouble.UNREACHABLE, type(err).__name__)
                pause_s = self._pace.reconnect_s()
            if not self._wanted_again:
                await self._again.wait(pause_s)

    async def _attempt(self) -> float:
        """Connect and talk; returns the pause before the next attempt, in s."""
        clock = self._equipment.clock
        try:
            connection = await self._equipment.dialler.dial(self.config, self.line, self._answer)
        except DialError as err:
            return self._failed(err.trouble, err.detail)
        began_s = clock.monotonic()
        talk = Conversation(
            self.line.station_id,
            connection,
            self._lane,
            self._equipment.grounds,
            clock,
            self.watch,
            self._pace,
            self._budget,
            self._on_told,
            self._boot_reason,
        )
        talk.heartbeat_s = self._heartbeat_s
        self._boot_reason = "Unknown"
        self._connection, self._talk = connection, talk
        self._on_change()
        try:
            await talk.run()
        finally:
            talk.hang_up()
            self._talk = None
            ended_there = connection.closed.done() and not self._stopping
            trouble = connection.closed.result() if ended_there else None
            await self._hang_up()
            talk.count_bytes()
        if talk.accepted and clock.monotonic() - began_s >= HELD_AFTER_S:
            self._pace.forget_attempts()
        if not talk.accepted and (wait_s := talk.boot_due_at - clock.monotonic()) > 0:
            return max(wait_s, self._pace.reconnect_s())
        if ended_there and not self._wanted_again:
            return self._failed(trouble or LinkTrouble.UNREACHABLE, None if trouble else "The backend has hung up")
        return self._pace.reconnect_s()

    def _failed(self, trouble: LinkTrouble, detail: str | None) -> float:
        """Judge the line by a connection that could not be had; returns the pause before the next attempt, in s."""
        if trouble.misconfigured:
            self.watch.refused(trouble, detail)
            return self._pace.misconfigured_s()
        self.watch.failed(trouble, detail)
        return self._pace.reconnect_s()

    async def _answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Have what the backend asks answered at the desk."""
        talk = self._talk
        if talk is None:
            raise CallRefusedError("InternalError", "The line is not ready")
        return await self._desk.answer(talk.version, action, payload)

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _link_changed(self, before: LinkState) -> None:
        if before is LinkState.OFFLINE:
            self._pace.forget_attempts()
        self.look()
        self._on_change()

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name="offline_evse line's end")
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    def _asked(self, task: asyncio.Task[BackendAnswer]) -> None:
        self._side.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, ConnectionError):
            self._log(error)

    def _log(self, error: BaseException) -> None:
        """Say once what went wrong; the same again is not news."""
        # The trace without the message: what was to be said may be in it, and a card in that.
        kind, trace = type(error).__name__, traceback.extract_tb(error.__traceback__).format()
        if (news := kind + trace[-1] if trace else kind) not in self._logged:
            self._logged.add(news)
            name = self.config.name
            _LOGGER.error(
                "The line of %s to %s failed and goes on: %s\n%s", self.line.station_id, name, kind, "".join(trace)
            )


def _way(config: UpstreamConfig, line: LineConfig) -> tuple[object, ...]:
    """What a socket is opened with."""
    return (config.url, config.versions, config.tls, line.identity, line.password)


def _telling(config: UpstreamConfig) -> tuple[object, ...]:
    """What a lane goes by."""
    return (config.role, config.knows_repeats, config.unknown_cards, config.since, config.traffic)


def _answering(config: UpstreamConfig) -> tuple[object, ...]:
    """What a desk goes by."""
    return (config.name, config.role, config.permits, config.vendor_ids, config.traffic)
