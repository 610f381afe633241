"""How often a car has been started: every start wears its contactor and the charger's."""

from collections import deque
from math import ceil

from ..settings import BalancingSettings

_HOUR_S = 3600.0


class Starts:
    """The starts of one car after pauses, as far back as they count. All times are monotonic seconds."""

    __slots__ = ("_times_s",)

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin with none. Turns go on at their pace where they are shorter than the starts allow."""
        most = max(settings.most_starts_per_hour, ceil(_HOUR_S / settings.slot_s))
        self._times_s: deque[float] = deque(maxlen=most)

    def restart(self) -> None:
        """Begin anew: another car."""
        self._times_s.clear()

    def add(self, at_s: float) -> None:
        """Note a start."""
        self._times_s.append(at_s)

    def allow_one(self, at_s: float) -> bool:
        """Whether one more within this hour is not too many."""
        times = self._times_s
        return len(times) < (times.maxlen or 0) or at_s - times[0] >= _HOUR_S

    def allowed_s(self) -> float | None:
        """Return when one more will be allowed; None: now."""
        times = self._times_s
        return times[0] + _HOUR_S if len(times) == times.maxlen else None
