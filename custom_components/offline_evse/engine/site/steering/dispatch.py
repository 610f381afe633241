"""Brings offers to the chargers: decreases first, increases once the decreases are confirmed."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
import logging

from ...model.clock import Clock
from ...model.command import ApplyLimit, ChangeAvailability, Command, CommandResult, Outcome, Priority, StopTransaction
from ...model.station import EvseKey
from ..background import Background
from ..config import PauseWay

_LOGGER = logging.getLogger(__name__)

REFRESH_AFTER_S = 120.0
"""How often a live limit is repeated unless the charger has its own figure, so that it never expires while we are
here."""
EXPIRES_AFTER_S = 250
"""After this silence a charger falls back by itself, unless it has its own figure."""
PATIENCE_S = 2.0
"""How long an increase waits for decreases that are not confirmed."""
RETRY_AFTER_S = 5.0

type Send = Callable[[str, Command, Priority], Awaitable[CommandResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an EVSE is to be told."""

    evse: EvseKey
    current_a: float
    floor_a: float
    """What it may draw as long as it has been told nothing for this transaction."""
    fallback_a: float
    transaction_id: str
    phases: int
    use_phases: int | None = None
    """How many of its phases it is to charge on; None: it is not told."""
    refresh_s: float = REFRESH_AFTER_S
    expires_s: int | None = EXPIRES_AFTER_S
    minimum_a: float = 6.0
    """What it is asked to go down to where it refuses 0 A."""
    pause_way: PauseWay = PauseWay.ZERO
    """What is sent instead of a limit of 0 A."""


@dataclass(slots=True)
class _Line:
    """What one EVSE has been told, and what is on its way."""

    order: Order
    told_a: float
    told_at_s: float | None = None
    told_phases: int | None = None
    since_s: float = 0.0
    """Since when it has had `told_a`."""
    busy: bool = False
    waits_since_s: float | None = None
    retry_at_s: float = 0.0

    @property
    def lowers(self) -> bool:
        return self.order.current_a < self.told_a


class Dispatch:
    """One line per EVSE with a running transaction; at most one limit on its way on each."""

    def __init__(
        self,
        send: Send,
        clock: Clock,
        background: Background,
        confirmed: Callable[[EvseKey, float], None],
        failed: Callable[[EvseKey], None],
        answered: Callable[[EvseKey, float, CommandResult], None] | None = None,
    ) -> None:
        """Send through `send`, and tell how it went; `answered` hears of every limit, in A, taken or not."""
        self._send = send
        self._clock = clock
        self._background = background
        self._confirmed = confirmed
        self._failed = failed
        self._answered = answered
        self._held: set[EvseKey] = set()
        self._out_of_service: set[EvseKey] = set()
        """Paused by having been taken out of service."""
        self._lines: dict[EvseKey, _Line] = {}
        self.commands_sent = 0

    def give(self, orders: Iterable[Order]) -> None:
        """Replace all orders; an EVSE that is not named is told nothing more."""
        lines: dict[EvseKey, _Line] = {}
        for order in orders:
            line = self._lines.get(order.evse)
            if line is None or line.order.transaction_id != order.transaction_id:
                line = _Line(order, told_a=order.floor_a)
            else:
                line.order = order
            lines[order.evse] = line
        self._lines = lines
        self._go_on()

    def forget(self, station_id: str) -> None:
        """Take it that a station knows nothing of us any more: it has (re)connected or rebooted."""
        for key in [key for key in self._lines if key.station_id == station_id]:
            line = self._lines[key]
            # What it had may still hold, so whatever is below that counts as a decrease.
            self._lines[key] = _Line(line.order, max(line.told_a, line.order.floor_a))

    def in_force(self, key: EvseKey) -> tuple[float, float] | None:
        """Return the limit that an EVSE has accepted, in A, and the monotonic time since which; None: there is none."""
        line = self._lines.get(key)
        return None if line is None or line.told_at_s is None else (line.told_a, line.since_s)

    def told_s(self, key: EvseKey) -> float | None:
        """Return the monotonic time at which an EVSE last accepted its limit; None: it has not."""
        line = self._lines.get(key)
        return None if line is None else line.told_at_s

    def repeat(self, key: EvseKey) -> None:
        """Tell an EVSE its limit again at once: it will go out in another form."""
        if (line := self._lines.get(key)) is not None:
            line.told_at_s = None
            self._go_on()

    def takes_out(self, key: EvseKey) -> bool:
        """Tell whether an EVSE is out of service because that is how it is paused."""
        return key in self._out_of_service

    def session_over(self, key: EvseKey) -> None:
        """Take it that nothing runs at an EVSE any more: it is put back into service for the next car."""
        self._held.discard(key)
        if key in self._out_of_service:
            self._background.run(self._back_into_service(key), f"return of {key} into service")

    def hold(self, key: EvseKey) -> None:
        """Tell an EVSE nothing more, until it is released or has to be given less."""
        self._held.add(key)

    def release(self, key: EvseKey) -> None:
        """Tell an EVSE everything again, beginning with what it should have now."""
        if key in self._held:
            self._held.discard(key)
            if (line := self._lines.get(key)) is not None:
                line.told_at_s = None
            self._go_on()

    def holds(self, key: EvseKey) -> bool:
        """Tell whether nothing is told to an EVSE."""
        return key in self._held

    def _go_on(self) -> None:
        now_s = self._clock.monotonic()
        due = [line for line in self._lines.values() if not line.busy and self._is_due(line, now_s)]
        for line in due:
            if line.lowers:
                self._start(line)
        lowering = any(line.busy and line.lowers for line in self._lines.values())
        for line in due:
            if line.busy:
                continue
            if line.waits_since_s is None:
                line.waits_since_s = now_s
            if not lowering or now_s - line.waits_since_s >= PATIENCE_S:
                self._start(line)

    def _is_due(self, line: _Line, now_s: float) -> bool:
        if line.order.evse in self._held:
            if not line.lowers:
                return False
            self._held.discard(line.order.evse)
        if now_s < line.retry_at_s:
            return False
        order = line.order
        if line.told_at_s is None or order.current_a != line.told_a or order.use_phases != line.told_phases:
            return True
        return now_s - line.told_at_s >= order.refresh_s

    def _start(self, line: _Line) -> None:
        line.busy = True
        line.waits_since_s = None
        self._background.run(self._tell(line, line.order), f"limit for {line.order.evse}")

    async def _tell(self, line: _Line, order: Order) -> None:
        try:
            self.commands_sent += 1
            result = await (self._limit(order) if order.current_a else self._pause(order))
        finally:
            line.busy = False
        if self._answered is not None:
            self._answered(order.evse, order.current_a, result)
        now_s = self._clock.monotonic()
        if self._lines.get(order.evse) is not line:
            return
        if result.done:
            if line.told_at_s is None or line.told_a != order.current_a:
                line.since_s = now_s
            line.told_a, line.told_at_s, line.told_phases = order.current_a, now_s, order.use_phases
            self._confirmed(order.evse, order.current_a)
        else:
            # It may or may not apply now. Whatever comes next counts as a decrease, and is sent first.
            line.told_a, line.told_at_s = max(line.told_a, order.current_a), None
            line.retry_at_s = now_s + RETRY_AFTER_S
            _LOGGER.debug("%s did not take a limit of %s A: %s", order.evse, order.current_a, result.outcome)
            self._failed(order.evse)
        self._go_on()

    async def _limit(self, order: Order) -> CommandResult:
        station_id, evse_id = order.evse
        if order.current_a:
            await self._back_into_service(order.evse)
        command = ApplyLimit(
            evse_id=evse_id,
            current_a=order.current_a,
            phases=order.phases,
            use_phases=order.use_phases,
            transaction_id=order.transaction_id,
            fallback_a=order.fallback_a,
            expires_after_s=order.expires_s,
        )
        return await self._send(station_id, command, Priority.SAFETY)

    async def _pause(self, order: Order) -> CommandResult:
        """Stop the flow of energy the way the charger takes it, and by a limit of 0 A where that does not work."""
        station_id, evse_id = order.evse
        if order.pause_way is PauseWay.STOP:
            stopped = await self._send(station_id, StopTransaction(order.transaction_id), Priority.SAFETY)
            if stopped.done:
                return stopped
        elif order.pause_way is PauseWay.AVAILABILITY:
            command = ChangeAvailability(evse_id, operative=False)
            taken_out = await self._send(station_id, command, Priority.SAFETY)
            # Whatever the answer, it has to be put back into service when it may go on. What is only scheduled
            # happens when the session is over, which stops nothing now.
            self._out_of_service.add(order.evse)
            if taken_out.outcome is Outcome.ACCEPTED:
                return taken_out
        refused = await self._limit(order)
        if refused.outcome in (Outcome.REJECTED, Outcome.UNSUPPORTED):
            # It counts as not paused, but the less it takes meanwhile the better.
            await self._limit(replace(order, current_a=order.minimum_a))
        return refused

    async def _back_into_service(self, key: EvseKey) -> None:
        if key in self._out_of_service:
            command = ChangeAvailability(key.evse_id, operative=True)
            if (await self._send(key.station_id, command, Priority.SAFETY)).done:
                self._out_of_service.discard(key)
