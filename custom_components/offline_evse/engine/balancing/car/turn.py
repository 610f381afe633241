"""Whose turn it is where there is not enough for everybody's minimum: times of one car, and what follows from them."""

from math import inf, isfinite

from ..settings import BalancingSettings
from .starts import Starts

_IN_SLOT = 1e9
"""Score of a car that holds its turn: above any time that others may have waited, in s."""
_DEPARTS = 1e8
"""Score of a car that has to be ready at a time and can wait no more: above any time that others have waited, in s."""


class Turn:
    """When one car was started and paused. All times are monotonic seconds. `on`: it has an offer."""

    __slots__ = ("_off_since_s", "_settings", "_starts", "on_since_s", "paused_s", "waiting_since_s")

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin with a car that has waited since ever."""
        self._settings = settings
        self._starts = Starts(settings)
        self._off_since_s = inf
        self.on_since_s = 0.0
        self.waiting_since_s = 0.0
        self.paused_s: float | None = None
        """Since when it has had to be paused; None: it is on, or has not begun yet."""

    def restart(self, at_s: float) -> None:
        """Begin anew: another car, which begins to wait now."""
        self.waiting_since_s = self.on_since_s = at_s
        self.paused_s = None
        self._off_since_s = inf
        self._starts.restart()

    def ends(self, at_s: float, *, wished: bool) -> None:
        """Note that it gets nothing any more; `wished`: because of its own ceiling, so it was not paused."""
        self.waiting_since_s = self._off_since_s = at_s
        self.paused_s = None if wished else at_s

    def begins(self, at_s: float) -> float | None:
        """Note that it gets something; returns for how long it had nothing, in s. None: this is its first turn."""
        self.on_since_s = at_s
        self.paused_s = None
        if self._off_since_s >= at_s:
            return None
        self._starts.add(at_s)
        return at_s - self._off_since_s

    def holds(self, at_s: float, *, on: bool) -> bool:
        """Whether it keeps its place for now, whoever waits."""
        return on and at_s - self.on_since_s < self._settings.slot_s

    def may_start(self, at_s: float) -> bool:
        """Whether one more start is not too many."""
        return self._starts.allow_one(at_s)

    def may_resume(self, at_s: float) -> bool:
        """Whether it has been paused for long enough, or was not."""
        if self.paused_s is None:
            return True
        return at_s - self.paused_s >= self._settings.resume_after_s and self._starts.allow_one(at_s)

    def margin_a(self, at_s: float, *, on: bool) -> float:
        """Return what must be free beyond its minimum before it gets anything, in A."""
        if on or self.paused_s is None or at_s - self.waiting_since_s >= self._settings.slot_s:
            return 0.0
        return self._settings.resume_margin_a

    def score(self, at_s: float, *, on: bool, laxity_s: float | None, weight: float) -> float:
        """Return its place in the order of admission within its class, the highest first.

        First whoever is in its turn. Then whoever has a departure, by what is left to spare (`laxity_s`); one that has
        had its turn gives way all the same, unless it cannot spare another one. Then by waiting time, and last those
        who had theirs.
        """
        served_s = at_s - self.on_since_s
        if on and served_s < self._settings.slot_s:
            return _IN_SLOT - served_s
        if laxity_s is not None and isfinite(laxity_s) and (not on or laxity_s < self._settings.slot_s):
            return _DEPARTS - max(-_DEPARTS / 2, min(laxity_s, _DEPARTS / 2))
        return -1.0 - served_s if on else (at_s - self.waiting_since_s) * weight

    def changes(self, *, on: bool) -> list[float]:
        """Return times at which it may come to something else without anything happening."""
        times = [(self.on_since_s if on else self.waiting_since_s) + self._settings.slot_s]
        if self.paused_s is not None:
            times.append(self.paused_s + self._settings.resume_after_s)
        if (allowed_s := self._starts.allowed_s()) is not None:
            times.append(allowed_s)
        return times
