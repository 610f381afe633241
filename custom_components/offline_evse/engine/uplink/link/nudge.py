"""Waiting for something to do, with a reason and a timer."""

import asyncio

from ...model.clock import Clock


class Nudge:
    """Wakes one waiter: by a nudge, or by the clock. A nudge that comes before the waiting is not lost."""

    def __init__(self, clock: Clock) -> None:
        """Begin without a nudge."""
        self._clock = clock
        self._event = asyncio.Event()

    def __call__(self) -> None:
        """Wake whoever waits, or the next one who does."""
        self._event.set()

    async def wait(self, delay_s: float) -> None:
        """Wait for a nudge, `delay_s` seconds at most."""
        if delay_s > 0 and not self._event.is_set():
            timer = self._clock.call_later(delay_s, self._event.set)
            try:
                await self._event.wait()
            finally:
                timer.cancel()
        self._event.clear()
