"""Time as the simulator sees it: the machine's, or one that a test moves by hand."""

from datetime import UTC, datetime, timedelta
from typing import Protocol, override


class Clock(Protocol):
    """Wall time, handed in so that whoever runs the site owns time."""

    def now(self) -> datetime:
        """Return the wall time as an aware UTC datetime."""


class SystemClock(Clock):
    """The clock of the machine."""

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        """Start at `start`, which must be aware."""
        self._now = start

    @override
    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self._now += timedelta(seconds=seconds)
