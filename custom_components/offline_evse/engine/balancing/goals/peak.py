"""The capacity tariff: the mean power of a quarter of an hour that must not become a new peak."""

from datetime import UTC, datetime, tzinfo

QUARTER_S = 900.0
DEFAULT_FLOOR_W = 2500.0
"""What is paid for anyway (Flanders), so keeping below it saves nothing."""
RESERVE_W = 200.0
"""Stays free, for what the house does before the cars can follow."""
LAST_S = 60.0
"""In the end of a quarter what is left over is not made up for: the next one begins too soon."""
CATCH_UP = 1.5
"""At most this many times the target is allowed in order to use up what is left of a quarter."""
BELIEVE_AFTER_S = 15.0
"""A running mean that is told sooner than this after a quarter began may still be that of the last one."""


class QuarterPeak:
    """Counts what is imported in each quarter of an hour, and says how much may be drawn in the rest of it.

    Quarters are those of the clock. The month is that of the place, because peaks are billed by the month.
    """

    def __init__(self, floor_w: float = DEFAULT_FLOOR_W, time_zone: tzinfo = UTC) -> None:
        """Begin with nothing imported."""
        self.floor_w = floor_w
        """The target as long as the month has no higher peak."""
        self._time_zone = time_zone
        self._quarter: int | None = None
        self._month = ""
        self._energy_ws = 0.0
        self._seen_s = 0.0
        """How much of the present quarter is accounted for, in s from its beginning."""
        self._began_s = 0.0
        """From where in the quarter it was watched."""
        self._import_w: float | None = None
        self._peak_w = 0.0

    @property
    def month(self) -> str:
        """The month that the peak belongs to, as `2026-11`; empty before anything was heard."""
        return self._month

    @property
    def month_peak_w(self) -> float:
        """Highest mean of a quarter in this month, in W."""
        return self._peak_w

    @property
    def mean_w(self) -> float:
        """What the present quarter comes to if nothing more is drawn, as meters tell it, in W."""
        return self._energy_ws / QUARTER_S

    @property
    def target_w(self) -> float:
        """What the mean of a quarter may be: a peak that is there already costs nothing more."""
        return max(self.floor_w, self._peak_w)

    def restore(self, month: str, peak_w: float) -> None:
        """Take up the peak of a month that was kept; forgotten as soon as another month is there."""
        self._month, self._peak_w = month, max(0.0, peak_w)

    def take(self, at: datetime, import_w: float | None) -> None:
        """Take in what is drawn from the grid from now on, in W (export counts as nothing); None: nobody knows.

        Until it is known again, the last value is taken to go on.
        """
        self._go_on(at)
        if import_w is not None:
            self._import_w = max(0.0, import_w)

    def told_mean(self, at: datetime, mean_w: float) -> None:
        """Take over the running mean of the meter that is billed by (OBIS 1.4.0), in W."""
        self._go_on(at)
        if self._seen_s >= BELIEVE_AFTER_S and mean_w >= 0:
            self._energy_ws = mean_w * QUARTER_S
            self._began_s = 0.0

    def told_peak(self, at: datetime, peak_w: float) -> None:
        """Take over the month's peak of the meter that is billed by (OBIS 1.6.0), in W."""
        self._go_on(at)
        if peak_w >= 0:
            self._peak_w = peak_w

    def limit_w(self, at: datetime) -> float:
        """Return what may be drawn from the grid from now on so that the quarter ends below the target, in W."""
        self._go_on(at)
        target_w = self.target_w
        left_s = QUARTER_S - self._seen_s
        # What was drawn before anybody watched is taken to have been as much as was allowed.
        used_ws = self._energy_ws + self._began_s * target_w
        most_w = target_w - RESERVE_W if left_s <= LAST_S else target_w * CATCH_UP
        return max(0.0, min(most_w, (target_w * QUARTER_S - used_ws) / max(left_s, 1.0) - RESERVE_W))

    def _go_on(self, at: datetime) -> None:
        quarter, into_s = divmod(at.timestamp(), QUARTER_S)
        if self._quarter is None or quarter < self._quarter or quarter > self._quarter + 1:
            # The first word, a clock that was set, or a long sleep.
            self._begin(int(quarter), at, into_s)
            return
        if quarter > self._quarter:
            self._count(QUARTER_S)
            if self._began_s < BELIEVE_AFTER_S:
                self._peak_w = max(self._peak_w, self.mean_w)
            self._begin(int(quarter), at, 0.0)
        self._count(into_s)

    def _begin(self, quarter: int, at: datetime, into_s: float) -> None:
        self._quarter, self._energy_ws, self._seen_s, self._began_s = quarter, 0.0, into_s, into_s
        month = at.astimezone(self._time_zone).strftime("%Y-%m")
        if month != self._month:
            self._month, self._peak_w = month, 0.0

    def _count(self, until_s: float) -> None:
        if until_s > self._seen_s:
            self._energy_ws += (self._import_w or 0.0) * (until_s - self._seen_s)
            self._seen_s = until_s
