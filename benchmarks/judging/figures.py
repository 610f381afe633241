"""The figures of a run, taken second by second."""

from collections.abc import Sequence
from dataclasses import dataclass, field

TOLERANCE_A = 0.25
TRIP_THETA = 1.277
"""Square of the 1.13 times its rating that a breaker carries for an hour (IEC 60898-1)."""
TAU_S = 120.0
PESSIMIST_TAU_S = 60.0
SAME_A = 0.05
MINIMUM_A = 6.0


@dataclass(kw_only=True)
class Figures:
    """What one run, or several together, came to."""

    over_s: int = 0
    """Avoidable over-current in any row: what nobody controls would have fitted."""
    runs_s: list[int] = field(default_factory=list)
    """Length of every avoidable over-current of a row, in s: from the step until it is back under the fuse."""
    far_over_s: int = 0
    """Longest time above 1.45 of a rating."""
    excess_ka2s: float = 0.0
    theta: float = 0.0
    pessimist_theta: float = 0.0
    trips: int = 0
    energy_kwh: float = 0.0
    optimum_kwh: float = 0.0
    fuse_optimum_kwh: float = 0.0
    needed_kwh: float = 0.0
    met_kwh: float = 0.0
    """Delivered to cars whose need has an end."""
    served: list[float] = field(default_factory=list)
    """Share of its need that each such car got, or energy in kWh where needs have no end."""
    jain: list[float] = field(default_factory=list)
    starved_s: int = 0
    commands: int = 0
    pauses: int = 0
    reversals: int = 0
    below_minimum: int = 0
    car_hours: float = 0.0
    quarter_kw: float = 0.0
    """Highest mean power of a quarter of an hour."""
    comply_s: int = 0
    """From a limit's begin until the power keeps to it."""
    over_limit_s: int = 0
    """Seconds above it after that."""
    explained: int = 0
    explained_rightly: int = 0
    hours: float = 0.0

    @property
    def longest_s(self) -> int:
        """The longest over-current."""
        return max(self.runs_s, default=0)

    def percentile_s(self, share: float) -> int:
        """Return the length of over-current that this share of all does not exceed."""
        runs = sorted(self.runs_s)
        return runs[min(len(runs) - 1, int(share * len(runs)))] if runs else 0

    @property
    def commands_per_car_hour(self) -> float:
        """Changed limits sent."""
        return self.commands / self.car_hours if self.car_hours else 0.0

    @property
    def reversals_per_car_hour(self) -> float:
        """Changes of direction within a minute."""
        return self.reversals / self.car_hours if self.car_hours else 0.0

    def add(self, other: Figures) -> None:
        """Take another run in: worst values stay the worst, lists grow, the rest adds up."""
        worst = {"far_over_s", "theta", "pessimist_theta", "starved_s", "quarter_kw", "comply_s"}
        for name, mine in vars(self).items():
            theirs = vars(other)[name]
            if name in worst:
                setattr(self, name, max(mine, theirs))
            else:
                setattr(self, name, mine + theirs)


class FuseWatch:
    """Sees what every row of the tree carries, and how warm its fuse grows."""

    def __init__(self, limits_a: Sequence[float], figures: Figures) -> None:
        """Rate the rows: three for each circuit; 0 for a phase that it does not have."""
        self._rows = [(row, limit_a) for row, limit_a in enumerate(limits_a) if limit_a > 0]
        self._figures = figures
        self._theta = [0.0] * len(limits_a)
        self._pessimist = [0.0] * len(limits_a)
        self._run_s = [0] * len(limits_a)
        self._far_s = [0] * len(limits_a)
        self._tripped = [False] * len(limits_a)

    def second(self, currents_a: Sequence[float], uncontrolled_a: Sequence[float]) -> None:
        """Carry these currents for a second."""
        figures = self._figures
        over = False
        for row, limit_a in self._rows:
            current_a = currents_a[row]
            heat = current_a / limit_a
            heat *= heat
            theta = self._theta[row] = self._theta[row] + (heat - self._theta[row]) / TAU_S
            pessimist = self._pessimist[row] = self._pessimist[row] + (heat - self._pessimist[row]) / PESSIMIST_TAU_S
            if heat <= 1.0:
                if self._run_s[row]:
                    self._end(row)
                continue
            figures.theta = max(figures.theta, theta)
            figures.pessimist_theta = max(figures.pessimist_theta, pessimist)
            if theta >= TRIP_THETA and not self._tripped[row]:
                self._tripped[row] = True
                figures.trips += 1
            figures.excess_ka2s += (current_a * current_a - limit_a * limit_a) / 1000.0
            if current_a > limit_a + TOLERANCE_A and uncontrolled_a[row] <= limit_a:
                over = True
                self._run_s[row] += 1
                self._far_s[row] = self._far_s[row] + 1 if current_a > 1.45 * limit_a else 0
                figures.far_over_s = max(figures.far_over_s, self._far_s[row])
            elif self._run_s[row]:
                self._end(row)
        figures.over_s += over

    def finish(self) -> None:
        """Count what is still under way."""
        for row, _ in self._rows:
            if self._run_s[row]:
                self._end(row)

    def _end(self, row: int) -> None:
        self._figures.runs_s.append(self._run_s[row])
        self._run_s[row] = self._far_s[row] = 0


class CommandWatch:
    """Sees every limit that an EVSE is given."""

    __slots__ = ("_figures", "_last_a", "_last_change", "_last_s")

    def __init__(self, figures: Figures, current_a: float) -> None:
        """Begin with what its station allows."""
        self._figures = figures
        self._last_a = current_a
        self._last_change = 0.0
        self._last_s = 0

    def sent(self, current_a: float, now_s: int) -> None:
        """Count a limit if it is another one."""
        change = current_a - self._last_a
        if 0.0 < current_a < MINIMUM_A:
            self._figures.below_minimum += 1
        if abs(change) <= SAME_A:
            return
        self._figures.commands += 1
        if change * self._last_change < 0 and now_s - self._last_s <= 60:
            self._figures.reversals += 1
        self._last_a, self._last_change, self._last_s = current_a, change, now_s


def jain(shares: Sequence[float]) -> float:
    """Return how evenly something is shared: 1 for all the same, 1/n if one has it all."""
    square = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * square) if square else 1.0
