"""Time as the engine sees it: always handed in, so that whoever runs the engine owns time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol, override


class Timer(Protocol):
    """A call that has been scheduled and can still be called off."""

    def cancel(self) -> None:
        """Call it off. Harmless once it has happened."""


class Clock(Protocol):
    """Wall time, monotonic time and timers, kept apart because only the first one jumps."""

    def now(self) -> datetime:
        """Return the wall time as an aware UTC datetime."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start; never runs backwards."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once after `delay_s` seconds, on the event loop."""


class SystemClock(Clock):
    """The clock of the machine, with the timers of the running event loop."""

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    @override
    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(delay_s, callback)


async def sleep(clock: Clock, delay_s: float) -> None:
    """Wait `delay_s` seconds of the given clock."""
    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not woken.done():
            woken.set_result(None)

    timer = clock.call_later(delay_s, wake)
    try:
        await woken
    finally:
        timer.cancel()


@asynccontextmanager
async def timeout(clock: Clock, delay_s: float) -> AsyncIterator[None]:
    """Raise TimeoutError inside the block after `delay_s` seconds of the given clock."""
    async with asyncio.timeout(None) as scope:
        loop = asyncio.get_running_loop()
        timer = clock.call_later(delay_s, lambda: scope.reschedule(loop.time()))
        try:
            yield
        finally:
            timer.cancel()
