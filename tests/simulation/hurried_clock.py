"""A clock that runs faster than the machine's, for who talks over real sockets and cannot jump through time."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import time
from typing import override

from custom_components.offline_evse.engine.model.clock import SystemClock, Timer

BEGIN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class HurriedClock(SystemClock):
    """So many of its seconds pass in one of the machine's. What is timed runs down at the speed of that moment."""

    def __init__(self, speed: float) -> None:
        """Begin at noon."""
        self._speed = speed
        self._since_s = time.monotonic()
        self._passed_s = 0.0

    @property
    def speed(self) -> float:
        """Its seconds in one of the machine's."""
        return self._speed

    def hurry(self, speed: float) -> None:
        """Run at another speed from now on."""
        self._passed_s, self._since_s = self.monotonic(), time.monotonic()
        self._speed = speed

    @override
    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.monotonic())

    @override
    def monotonic(self) -> float:
        return self._passed_s + (time.monotonic() - self._since_s) * self._speed

    @override
    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(delay_s / self._speed, callback)
