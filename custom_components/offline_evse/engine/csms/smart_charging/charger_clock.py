"""How far a charger's own clock is from ours: absolute profiles are obeyed by that clock, right or wrong."""

from collections.abc import Callable
from datetime import datetime, timedelta

from ...model.clock import Clock
from ...model.station_event import StationEvent, StatusReported, TransactionReported

_JITTER = timedelta(seconds=10)
"""Less than this changes nothing for a profile that begins a minute ago."""
_AGREEMENT = timedelta(seconds=3)
_APART = timedelta(seconds=1.5)


class ChargerClock:
    """Learns the offset from the times that a charger puts on what it says.

    A single time proves nothing: a message may be told hours late, or be nonsense. Two that arrive apart and are off
    by the same amount do, for messages that are told late come in a burst and are each off by something else.
    """

    __slots__ = ("_seen", "offset", "on_moved")

    def __init__(self) -> None:
        """Take it to be right."""
        self.offset = timedelta()
        """What has to be added to our time."""
        self.on_moved: Callable[[], None] | None = None
        """Called when the offset has turned out to be another one."""
        self._seen: tuple[timedelta, datetime] | None = None

    def at(self, now: datetime) -> datetime:
        """Return what it shows when ours shows `now`."""
        try:
            return now + self.offset
        except OverflowError:
            return now

    def noted(self, event: StationEvent, ours: Clock) -> None:
        """Take in what was said, if it was said with a time and at that time; `ours` shows when it came."""
        if type(event) is TransactionReported:
            report = event.report
            if not report.offline and report.timestamp is not report.received_at:
                self.heard(report.timestamp, report.received_at)
        elif type(event) is StatusReported and event.timestamp is not None:
            self.heard(event.timestamp, ours.now())

    def heard(self, timestamp: datetime, received_at: datetime) -> None:
        """Note a time that came with a message."""
        off = timestamp - received_at
        if abs(off - self.offset) <= _JITTER:
            self._seen = None
        elif self._seen is None or abs(off - self._seen[0]) > _AGREEMENT:
            self._seen = (off, received_at)
        elif received_at - self._seen[1] >= _APART:
            self.offset, self._seen = off, None
            if self.on_moved is not None:
                self.on_moved()
