"""Goals that are limits for several chargers together: the peak of a quarter of an hour, and hours of a circuit."""

from collections.abc import Callable
from datetime import datetime

from ...balancing.goals.peak import QuarterPeak
from ...model.offer import LimitReason
from ...model.phases import PhaseAmperes
from ...model.shared_limit import LimitBasis, SharedLimit
from .config import GoalsConfig
from .goal_state import SiteGoals

PEAK = "peak"
HOURS = "hours"
STEP_W = 100.0
"""A limit that changes by less is not worth a decision of its own."""

type SetSharedLimits = Callable[[str, tuple[SharedLimit, ...]], None]


class GoalLimits:
    """Keeps the shared limits of the goals up to date with the steering."""

    def __init__(self, goals: SiteGoals, set_shared_limits: SetSharedLimits) -> None:
        """Show how they stand in the site's goals."""
        self._goals = goals
        self._set = set_shared_limits
        self._config = GoalsConfig()
        self._peak: QuarterPeak | None = None
        self._kept: tuple[str, float] = ("", 0.0)
        self._given: dict[str, tuple[SharedLimit, ...]] = {}
        self._free: frozenset[str] = frozenset()
        """Circuits of which it is known that they are not limited now."""

    def configure(self, config: GoalsConfig) -> None:
        """Take over a changed set-up; a circuit whose hours nobody has told yet is limited."""
        self._config = config
        if config.peak is None:
            self._peak = None
            self._goals.quarter_w = self._goals.month_peak_w = self._goals.peak_limit_w = None
            self._give(PEAK, ())
        elif self._peak is None:
            self._peak = QuarterPeak(config.peak.target_w, config.time_zone)
            self._peak.restore(*self._kept)
        else:
            self._peak.floor_w = config.peak.target_w
        self._limit_circuits()

    @property
    def month_peak(self) -> tuple[str, float] | None:
        """The month as `2026-11` and its peak in W; None where no peak is looked at."""
        return None if self._peak is None else (self._peak.month, self._peak.month_peak_w)

    def restore(self, month: str, peak_w: float) -> None:
        """Take up the peak that was kept."""
        self._kept = (month, peak_w)
        if self._peak is not None:
            self._peak.restore(month, peak_w)

    def grid_power(self, now: datetime, grid_w: float | None, root: str | None) -> None:
        """Take in what the main circuit `root` draws from the grid, in W; None: nobody knows."""
        if self._peak is None or root is None:
            return
        self._peak.take(now, grid_w)
        limit_w = self._peak.limit_w(now)
        self._goals.quarter_w = self._peak.mean_w
        self._goals.month_peak_w = self._peak.month_peak_w
        self._goals.peak_limit_w = limit_w
        limit = SharedLimit(
            limit_id=PEAK,
            reason=LimitReason.PEAK,
            circuit_id=root,
            basis=LimitBasis.TOTAL,
            limit_w=limit_w // STEP_W * STEP_W,
        )
        self._give(PEAK, (limit,))

    def told_mean(self, now: datetime, mean_w: float) -> None:
        """Take over the running mean of the meter that is billed by, in W."""
        if self._peak is not None:
            self._peak.told_mean(now, mean_w)

    def told_peak(self, now: datetime, peak_w: float) -> None:
        """Take over the month's peak of the meter that is billed by, in W."""
        if self._peak is not None:
            self._peak.told_peak(now, peak_w)

    def circuit_hours(self, circuit_id: str, limited: bool) -> None:
        """Take it that a circuit's chargers are limited from now on, or are not."""
        self._free = self._free - {circuit_id} if limited else self._free | {circuit_id}
        self._limit_circuits()

    def _limit_circuits(self) -> None:
        limits = [
            SharedLimit(
                limit_id=f"{HOURS}/{hours.circuit_id}",
                reason=LimitReason.SCHEDULE,
                circuit_id=hours.circuit_id,
                basis=LimitBasis.CHARGING,
                limit_w=hours.limit_w,
                limit_a=None if hours.limit_a is None else PhaseAmperes(hours.limit_a, hours.limit_a, hours.limit_a),
            )
            for hours in self._config.circuit_hours
            if hours.circuit_id not in self._free
        ]
        self._goals.limited_circuits = frozenset(limit.circuit_id for limit in limits)
        self._give(HOURS, tuple(limits))

    def _give(self, source: str, limits: tuple[SharedLimit, ...]) -> None:
        if self._given.get(source, ()) != limits:
            self._given[source] = limits
            self._set(source, limits)
