"""What kind of a meter a circuit has, told by its reports: how often, in whole amperes, or frozen."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ...model.phases import PhaseAmperes
from ..settings import BalancingSettings

_GAPS = 9
"""The period is the median of this many."""
_ENOUGH_GAPS = 5
_WHOLE_CHANGES = 20
"""A meter whose values changed this often from one whole ampere to another knows no fractions."""
_FAST_S = 1.5
_MEDIUM_S = 5.5
_MEDIUM_MARGIN_A = 2.0
_SLOW_MARGIN_A = 3.0
_WHOLE_MARGIN_A = 1.0
_PERIODS = 2.5
"""A report that is missed this many periods long is missing."""
_LONGEST_STALE_S = 30.0
_LATE_S = 2.0
"""A car's report may have been measured this much earlier."""


class Told(NamedTuple):
    """What the cars below a circuit say that they draw."""

    currents_a: PhaseAmperes
    sources: int
    """How many cars are known."""
    oldest_s: float
    """When the one that has not said anything for the longest said it."""


class MeterTraits:
    """One meter's habits, and what has to be kept free because of them.

    A report that comes every 5 s or 10 s tells of a load that late, so 2 A and 3 A are kept free beside such meters
    instead of the margin that was set, if that is less. Whole amperes may be a whole ampere off. A meter that does not
    tell import from export (unsigned) never shows less than what is imported, so what is free is never overrated; while
    the house exports, a lowered car makes it rise, which counts as load.
    """

    __slots__ = (
        "_cars",
        "_changed_s",
        "_gaps_s",
        "_last",
        "_last_s",
        "_moved_s",
        "_settings",
        "_whole_changes",
        "frozen",
        "period_s",
    )

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin knowing nothing."""
        self._settings = settings
        self._gaps_s: deque[float] = deque(maxlen=_GAPS)
        self._last: PhaseAmperes | None = None
        self._last_s = 0.0
        self._whole_changes = 0
        self._changed_s = 0.0
        """When it last showed anything new."""
        self._cars: Told | None = None
        """What all cars have said since then, for the first time."""
        self._moved_s: float | None = None
        """Since when what they say cannot go with unchanged values."""
        self.period_s: float | None = None
        """Median time between reports, in s; None until it is known."""
        self.frozen = False
        """It repeats itself although what it measures has changed."""

    def report(self, currents_a: PhaseAmperes, at_s: float) -> None:
        """Take in a report."""
        if self._last is not None:
            self._gaps_s.append(at_s - self._last_s)
            if len(self._gaps_s) >= _ENOUGH_GAPS:
                self.period_s = sorted(self._gaps_s)[len(self._gaps_s) // 2]
        self._last_s = at_s
        if currents_a == self._last:
            return
        self._last = currents_a
        self._changed_s = at_s
        self._cars = None
        self._moved_s = None
        self.frozen = False
        if any(current_a != int(current_a) for current_a in currents_a):
            self._whole_changes = 0
        elif self._whole_changes < _WHOLE_CHANGES:
            self._whole_changes += 1

    def watch(self, told: Callable[[], Told], at_s: float) -> None:
        """See whether values that have not changed for a while can still be true, by what the cars below say.

        Cars say it late, so only what two reports of a car tell apart counts that were both made since the values last
        changed.
        """
        if self.frozen or self._last is None or at_s - self._changed_s < self._settings.frozen_after_s:
            return
        now, then = told(), self._cars
        if then is None or then.sources != now.sources:
            self._cars = now if now.oldest_s > self._changed_s + _LATE_S else None
            self._moved_s = None
            return
        change_a = max(abs(one - other) for one, other in zip(now.currents_a, then.currents_a, strict=True))
        if change_a <= self._settings.frozen_change_a:
            self._moved_s = None
        elif self._moved_s is None:
            self._moved_s = at_s
        elif at_s - self._moved_s >= self._settings.frozen_after_s and self._last_s > self._moved_s:
            self.frozen = True

    @property
    def whole(self) -> bool:
        """Whether it knows whole amperes only."""
        return self._whole_changes >= _WHOLE_CHANGES

    def margin_a(self, configured_a: float) -> float:
        """Return what has to be kept free, in A per phase."""
        margin_a = configured_a
        if self.period_s is not None and self.period_s > _FAST_S:
            margin_a = max(margin_a, _MEDIUM_MARGIN_A if self.period_s <= _MEDIUM_S else _SLOW_MARGIN_A)
        return margin_a + _WHOLE_MARGIN_A if self.whole else margin_a

    def stale_after_s(self, configured_s: float) -> float:
        """Return the age at which a report is not believed any more: what was set, or more where reports are rare."""
        if self.period_s is None:
            return configured_s
        return max(configured_s, min(_PERIODS * self.period_s, _LONGEST_STALE_S))
