"""Where the grid's word comes in: whatever its way, it ends up as limits for the fuse tree and as proof."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
import logging
from math import isfinite

from ...balancing.grid.line import GridLine, LineStanding
from ...ledger.entry import microseconds, new_ulid
from ...ledger.ledger import Ledger
from ...model.clock import Clock, Timer
from ...model.command import ApplyLimit, Command, CommandResult
from ...model.failure import LedgerFullError, LedgerUnavailableError
from ...model.grid import GridLimit, GridLineConfig, GridLineView, GridPhase, GridSource, GridTerms, GridView
from ...model.shared_limit import LimitBasis, SharedLimit
from ...model.station import EvseKey
from ..background import Background
from ..memory import Json, SiteMemory
from ..register import SiteRegister
from .entry import GridEntry
from .events import GridEvent, events_of
from .proof import EventProof
from .sample import GridSample
from .setter import BEFORE_EVERY_S, GridSetter

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
KEEP_EVERY_S = 60.0
_FACT = "grid"


class GridDesk:
    """Takes limits in from every side, sets the lowest of them, and proves that it was kept.

    Setting a limit never waits for anything: it steers at once, and is written down then.
    """

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        memory: SiteMemory,
        apply: Callable[[str, tuple[SharedLimit, ...]], None],
        clock: Clock,
        background: Background,
    ) -> None:
        """Set limits with `apply`, under the name of this desk."""
        self._register = register
        self.setter = GridSetter(register, apply, clock)
        """What is made of the limits; own generation is told here."""
        self._ledger = ledger
        self._memory = memory
        self._clock = clock
        self._background = background
        self._entries: dict[str, GridEntry] = {}
        self._proofs: dict[str, EventProof] = {}
        self._kept_s = clock.monotonic()
        self._unwritten = 0
        self._all_written = asyncio.Event()
        self._all_written.set()
        self._timer: Timer | None = None
        self._idle = True
        self._closed = False

    @property
    def lines(self) -> Mapping[str, GridLine]:
        """The lines that there are, by the key of their set-up or their event."""
        return {key: entry.line for key, entry in self._entries.items()}

    def stated(self, source: GridSource) -> dict[str, GridLimit]:
        """Return the limits of a source that hold now or later, by event id."""
        limits = (entry.limit for entry in self._entries.values() if entry.source is source)
        return {limit.event_id: limit for limit in limits if limit is not None}

    def start(self) -> None:
        """Take up what ran before a restart, end what has run out meanwhile, and begin to look."""
        now, at_s = self._clock.now(), self._clock.monotonic()
        kept = self._memory.mapping(_FACT)
        proofs, lines = kept.get("proofs"), kept.get("lines")
        for event_id, fact in proofs.items() if isinstance(proofs, dict) else ():
            proof = self._proofs[event_id] = self._new_proof(event_id, now, at_s)
            proof.take_up(fact if isinstance(fact, dict) else {})
        for fact in lines if isinstance(lines, list) else ():
            try:
                entry = GridEntry.of_fact(fact if isinstance(fact, dict) else {}, now, at_s)
            except (KeyError, TypeError, ValueError) as error:
                _LOGGER.warning("A grid limit that was kept cannot be read: %r", error)
                continue
            self._entries[entry.key] = entry
            self._take_up(entry, now, at_s)
        running = {entry.event_id for entry in self._entries.values()}
        for event_id, proof in tuple(self._proofs.items()):
            if event_id not in running and not proof.released:
                proof.end_at(now, "lost")
                del self._proofs[event_id]
        if kept:
            # What has just been ended must not be ended again by the next life.
            self._background.run(self._keep_quietly(), "memory of the grid's word")
        self._tick()

    def _take_up(self, entry: GridEntry, now: datetime, at_s: float) -> None:
        """Go on with what an earlier life had, or end it where its time has run out meanwhile."""
        limit = entry.limit
        proof = self._proofs.get(limit.event_id) if limit else None
        if limit is None:
            return
        if limit.end is None or now < limit.end:
            if proof is not None:
                proof.command(limit, self._after_floor(entry, limit.limit_w), now, resumed=True)
            return
        if entry.line.failsafe_since_s is None:
            entry.line.state(None, at_s)
            if proof is not None and not proof.released:
                proof.end_at(limit.end, "expired")
                del self._proofs[limit.event_id]

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    async def keep(self) -> None:
        """Write down how things stand, for a later life; raises as the ledger does."""
        now, at_s = self._clock.now(), self._clock.monotonic()
        self._kept_s = at_s
        lines: list[Json] = [
            entry.fact(now, at_s) for entry in self._entries.values() if entry.event_id or not entry.standing
        ]
        proofs: dict[str, Json] = {event_id: proof.fact for event_id, proof in self._proofs.items()}
        if lines or proofs or self._memory.mapping(_FACT):
            await self._memory.keep(_FACT, {"lines": lines, "proofs": proofs})

    async def set_limit(
        self,
        limit_w: float,
        *,
        source: GridSource = GridSource.ACTION,
        event_id: str | None = None,
        start: datetime | None = None,
        duration_s: float | None = None,
        basis: LimitBasis = LimitBasis.CHARGING,
        name: str | None = None,
        terms: GridTerms | None = None,
        may_stop: bool = False,
        raw_sha256: str | None = None,
    ) -> str:
        """Set a limit in W, or change the one with the same event id; returns its event id once it is written down.

        It is in force when this is called; LedgerFullError or LedgerUnavailableError mean that it is not recorded.
        Raises ValueError for a limit or a duration that is none.
        """
        if not isfinite(limit_w) or limit_w < 0 or (duration_s is not None and not duration_s > 0):
            raise ValueError("a limit is a power of at least 0 W, for a time that is longer than 0")
        now, at_s = self._clock.now(), self._clock.monotonic()
        limit = GridLimit(
            event_id=event_id or new_ulid(microseconds(now)),
            source=source,
            limit_w=limit_w,
            start=start or now,
            duration_s=duration_s,
            basis=basis,
            name=name,
            terms=terms or GridTerms(),
            may_stop=may_stop,
            raw_sha256=raw_sha256,
        )
        key = f"{source.value}/{limit.event_id}"
        entry = self._entries.get(key)
        if entry is None:
            self._entries[key] = entry = GridEntry.of_event(key, limit, at_s)
        else:
            entry.take(limit, at_s)
        self._commanded(entry, limit, now, at_s)
        self._look()
        await self.keep()
        await self._all_written.wait()
        return limit.event_id

    async def clear(self, event_id: str | None = None, source: GridSource | None = None) -> int:
        """Take limits back: the one of an event, those of a source, or all; returns how many there were."""
        found = [
            entry
            for entry in self._entries.values()
            if (entry.limit is not None or entry.line.failsafe_since_s is not None)
            and event_id in (None, entry.event_id)
            and source in (None, entry.source)
        ]
        for entry in found:
            entry.end_reason = "cleared"
            entry.line.state(None, self._clock.monotonic())
        if found:
            self._look()
            await self.keep()
            await self._all_written.wait()
        return len(found)

    def follow(self, lines: Iterable[GridLineConfig]) -> None:
        """Have these lines all the time, and no others; one that stays keeps what it has stated."""
        wanted = {line.key: line for line in lines}
        at_s = self._clock.monotonic()
        for key in [key for key, entry in self._entries.items() if entry.standing and key not in wanted]:
            self._drop(key, "removed")
        for key, line in wanted.items():
            if (entry := self._entries.get(key)) is not None:
                entry.set_up(line)
            else:
                self._entries[key] = GridEntry.of_line(line, at_s)
        self._look()

    def hear(self, key: str) -> None:
        """A line is there, though it states nothing; `key` is that of its set-up, or an event id."""
        for entry in self._entries.values():
            if key in (entry.key, entry.event_id):
                entry.line.hear(self._clock.monotonic())

    def state(self, key: str, limit_w: float | None) -> None:
        """A line that is there all the time states a limit in W, or with None that there is none."""
        entry = self._entries.get(key)
        if entry is None:
            return
        now, at_s = self._clock.now(), self._clock.monotonic()
        if limit_w is None:
            entry.end_reason = "stated"
            entry.line.state(None, at_s)
        elif isfinite(limit_w):
            stated = entry.limit
            if stated is not None and stated.limit_w == limit_w and entry.line.failsafe_since_s is None:
                entry.line.hear(at_s)
                return
            running = entry.event_id if entry.phase in (GridPhase.LIMITED, GridPhase.FAILSAFE) else None
            described = entry.failsafe_limit(now, running or new_ulid(microseconds(now)))
            limit = replace(described, limit_w=max(0.0, limit_w))
            entry.take(limit, at_s)
            self._commanded(entry, limit, now, at_s)
        else:
            entry.line.hear(at_s)
            return
        self._look()
        self._background.run(self._keep_quietly(), "memory of the grid's word")

    async def events(self, *, since: datetime | None = None, limit: int = 20) -> tuple[GridEvent, ...]:
        """Return what is recorded of the last events, the newest first."""
        return events_of(await self._ledger.grid_entries(since=since, limit=limit))

    async def witness(self, station_id: str, command: Command, sending: Awaitable[CommandResult]) -> CommandResult:
        """Send a command, and note it where a limit runs that it may be about."""
        if not isinstance(command, ApplyLimit) or not self._proofs:
            return await sending
        sent = self._clock.now()
        result = await sending
        if self.setter.means(station_id):
            for proof in tuple(self._proofs.values()):
                proof.told(EvseKey(station_id, command.evse_id), command, result, sent, self._clock.now())
        return result

    def changed(self) -> None:
        """Look again: the set-up has changed."""
        self._look()

    def _tick(self) -> None:
        self._timer = None
        self._look()

    def _look(self) -> None:
        at_s = self._clock.monotonic()
        idle = not self._entries and not self._proofs
        self._look_again(idle=idle)
        if idle and self.setter.put_by_s is not None and at_s - self.setter.put_by_s < BEFORE_EVERY_S:
            return
        sample = self.setter.sample()
        if not idle:
            self._show(self._follow_lines(sample))
            for event_id, proof in tuple(self._proofs.items()):
                if proof.look(sample):
                    del self._proofs[event_id]
                    self._background.run(self._keep_quietly(), "memory of the grid's word")
            if at_s - self._kept_s >= KEEP_EVERY_S:
                self._kept_s = at_s
                self._background.run(self._keep_quietly(), "memory of the grid's word")
        self.setter.put_by(sample)

    def _look_again(self, *, idle: bool) -> None:
        """Have a timer: a slow one as long as nothing is stated and nothing is being proven."""
        if self._closed or (self._timer is not None and self._idle is idle):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._idle = idle
        self._timer = self._clock.call_later(BEFORE_EVERY_S if idle else LOOK_EVERY_S, self._tick)

    def _follow_lines(self, sample: GridSample) -> GridView:
        """Look at every line, set what is in force, and follow the events that begin and end."""
        views: list[tuple[GridEntry, GridLineView]] = []
        for key, entry in tuple(self._entries.items()):
            standing = entry.line.look(sample.at, sample.at_s)
            limit_w = None if standing.limit_w is None else self._after_floor(entry, standing.limit_w)
            self._follow_event(entry, standing, limit_w, sample)
            entry.phase = standing.phase
            views.append((entry, entry.view(standing, limit_w)))
            if not entry.standing and standing.phase in (GridPhase.FREE, GridPhase.AUTONOMOUS):
                del self._entries[key]
        in_force = [view for _, view in views if view.limit_w is not None]
        self.setter.set([(view.basis, view.limit_w or 0.0) for view in in_force], sample)
        binding = min(in_force, key=lambda view: view.limit_w or 0.0, default=None)
        proof = self._proofs.get(binding.event_id) if binding else None
        return GridView(
            lines=tuple(view for entry, view in views if entry.standing or entry.key in self._entries),
            binding=binding,
            time_to_comply_s=proof.complied_s if proof else None,
            complies=proof.complies if proof else None,
        )

    def _follow_event(
        self, entry: GridEntry, standing: LineStanding, limit_w: float | None, sample: GridSample
    ) -> None:
        proof = self._proofs.get(entry.event_id or "")
        if limit_w is None:
            if proof is not None and not proof.released and standing.phase is not GridPhase.WAITING:
                lost = entry.phase is GridPhase.FAILSAFE and entry.end_reason is None
                proof.release("failsafe_over" if lost else entry.end_reason or "expired", sample)
                self._background.run(self._keep_quietly(), "memory of the grid's word")
            return
        if standing.phase is GridPhase.FAILSAFE and entry.phase is not GridPhase.FAILSAFE:
            if proof is None or proof.released:
                entry.event_id = new_ulid(microseconds(sample.at))
            entry.end_reason = None
            assert entry.event_id is not None
            failsafe = entry.failsafe_limit(sample.at, entry.event_id)
            self._commanded(entry, failsafe, sample.at, sample.at_s, failsafe=True)
            self._background.run(self._keep_quietly(), "memory of the grid's word")
        if (proof := self._proofs.get(entry.event_id or "")) is not None:
            proof.begin(limit_w, entry.basis, sample, self.setter.minute_before(sample.at_s))

    def _commanded(
        self, entry: GridEntry, limit: GridLimit, now: datetime, at_s: float, *, failsafe: bool = False
    ) -> None:
        proof = self._proofs.get(limit.event_id)
        if proof is None or proof.released:
            if proof is not None:
                proof.finish()
            proof = self._proofs[limit.event_id] = self._new_proof(limit.event_id, now, at_s)
        proof.command(limit, self._after_floor(entry, limit.limit_w), now, failsafe=failsafe)

    def _show(self, view: GridView) -> None:
        site = self._register.state
        if site.grid != view:
            site.grid = view
            site.changed()

    def _drop(self, key: str, reason: str) -> None:
        entry = self._entries.pop(key)
        proof = self._proofs.get(entry.event_id or "")
        if proof is not None and not proof.released:
            proof.release(reason, self.setter.sample())
        self._background.run(self._keep_quietly(), "memory of the grid's word")

    def _after_floor(self, entry: GridEntry, stated_w: float) -> float:
        return self.setter.after_floor(entry.basis, stated_w, may_stop=entry.may_stop)

    def _new_proof(self, event_id: str, now: datetime, at_s: float) -> EventProof:
        return EventProof(event_id, self.setter.config, self._write, now, at_s)

    def _write(self, kind: str, evse: EvseKey | None, body: Mapping[str, Json]) -> None:
        self._unwritten += 1
        self._all_written.clear()
        self._background.run(self._append(kind, evse, body), "record of the grid's word")

    async def _append(self, kind: str, evse: EvseKey | None, body: Mapping[str, Json]) -> None:
        try:
            if evse is None:
                await self._ledger.append(kind, data=body)
            else:
                await self._ledger.append(kind, station_id=evse.station_id, evse_id=evse.evse_id, data=body)
        except (LedgerFullError, LedgerUnavailableError) as error:
            _LOGGER.warning("A record of the grid's word could not be written (%s): %s", kind, error)
        finally:
            self._unwritten -= 1
            if not self._unwritten:
                self._all_written.set()

    async def _keep_quietly(self) -> None:
        try:
            await self.keep()
        except (LedgerFullError, LedgerUnavailableError) as error:
            _LOGGER.warning("The grid's word could not be kept for a restart: %s", error)
