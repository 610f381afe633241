"""What the last round trips over a line were like."""

from collections import deque
from dataclasses import dataclass

PROBES = 20
"""So many probes are judged."""
ENOUGH = 8
"""Fewer than this say nothing about a line."""
SLOT_S = 12.0
"""The shortest time between two probes of an idle line (15 s - 20 %): what comes within it counts as one probe, so that
a busy line is judged over the same minutes as an idle one."""
_OLDEST_S = 3600.0


@dataclass(slots=True)
class _Slot:
    began_at: float
    good: int = 0
    failed: int = 0
    total_s: float = 0.0


class Window:
    """The last 20 probes: which share failed, and how long slow answers take. Times are monotonic seconds."""

    def __init__(self) -> None:
        """Begin with none."""
        self._slots: deque[_Slot] = deque(maxlen=PROBES)

    def note(self, at: float, rtt_s: float | None) -> None:
        """Take in one round trip; None: nothing came back."""
        while self._slots and at - self._slots[0].began_at > _OLDEST_S:
            self._slots.popleft()
        if not self._slots or at - self._slots[-1].began_at >= SLOT_S:
            self._slots.append(_Slot(at))
        slot = self._slots[-1]
        if rtt_s is None:
            slot.failed += 1
        else:
            slot.good += 1
            slot.total_s += rtt_s

    def forget_since(self, at: float) -> None:
        """Forget what came after a moment: the gap at the end of a line's life says nothing about its quality."""
        while self._slots and self._slots[-1].began_at > at:
            self._slots.pop()

    @property
    def enough(self) -> bool:
        """Whether the figures mean anything."""
        return len(self._slots) >= ENOUGH

    @property
    def count(self) -> int:
        """How many probes are judged, 0 to 20."""
        return len(self._slots)

    @property
    def error_share(self) -> float:
        """Share of the probes that failed, 0 to 1."""
        if not self._slots:
            return 0.0
        return sum(slot.failed / (slot.good + slot.failed) for slot in self._slots) / len(self._slots)

    @property
    def slow_s(self) -> float | None:
        """Slow round trips (95th percentile) in s; None: there was none."""
        trips = sorted(slot.total_s / slot.good for slot in self._slots if slot.good)
        if not trips:
            return None
        # Between the two neighbours: one slow answer among few is not what slow answers are like.
        below, weight = divmod(0.95 * (len(trips) - 1), 1.0)
        at = int(below)
        return trips[at] + weight * (trips[min(at + 1, len(trips) - 1)] - trips[at])
