"""A clock whose time passes only when a test says so."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import heapq
from itertools import count
from typing import override

from custom_components.offline_evse.engine.model.clock import Clock, Timer

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class ManualTimer(Timer):
    """A call waiting for its time."""

    __slots__ = ("callback", "cancelled", "when_s")

    def __init__(self, when_s: float, callback: Callable[[], None]) -> None:
        """Wait until `when_s` of the clock's monotonic time."""
        self.when_s = when_s
        self.callback = callback
        self.cancelled = False

    @override
    def cancel(self) -> None:
        self.cancelled = True


async def settle(rounds: int = 100) -> None:
    """Let everything that is ready on the event loop run, loopback sockets included."""
    for _ in range(rounds):
        await asyncio.sleep(0)


class ManualClock(Clock):
    """Stands still until it is advanced; fires timers in the order of their times."""

    def __init__(self, start: datetime = NOON) -> None:
        """Begin at `start`, with monotonic time at 1000 s."""
        self._monotonic_s = 1000.0
        self._wall_at_zero = start - timedelta(seconds=self._monotonic_s)
        self._timers: list[tuple[float, int, ManualTimer]] = []
        self._order = count()

    @override
    def now(self) -> datetime:
        return self._wall_at_zero + timedelta(seconds=self._monotonic_s)

    @override
    def monotonic(self) -> float:
        return self._monotonic_s

    @override
    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        timer = ManualTimer(self._monotonic_s + max(0.0, delay_s), callback)
        heapq.heappush(self._timers, (timer.when_s, next(self._order), timer))
        return timer

    @property
    def pending(self) -> int:
        """How many timers are waiting."""
        return sum(not timer.cancelled for _, _, timer in self._timers)

    def jump_wall(self, to: datetime) -> None:
        """Set the wall time, as a time server or a person does; monotonic time and timers do not notice."""
        self._wall_at_zero = to - timedelta(seconds=self._monotonic_s)

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass: every timer due fires at its own time, and the loop settles after each."""
        end_s = self._monotonic_s + seconds
        await settle()
        while self._timers and self._timers[0][0] <= end_s:
            _, _, timer = heapq.heappop(self._timers)
            if timer.cancelled:
                continue
            self._monotonic_s = max(self._monotonic_s, timer.when_s)
            timer.callback()
            await settle()
        self._monotonic_s = end_s
        await settle()
