"""A ceiling for a car that takes clearly less than it is offered, so that others get the rest."""

from math import inf

from ..settings import BalancingSettings
from ..sharing.allocator import round_up

_UP_TO_IT_A = 0.5
"""A car this close to what it has been left takes all of it, and may want more."""


class Reclaim:
    """What one car is left with. All times are monotonic seconds."""

    __slots__ = ("_settings", "kept_a", "since_s")

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin with nothing taken back."""
        self._settings = settings
        self.restart()

    def restart(self) -> None:
        """Give everything back: another car."""
        self.kept_a: float | None = None
        """A ceiling just above what the car takes; None: it may have its whole share."""
        self.since_s = -inf

    def may_go_below(self, changed_s: float) -> float:
        """Return since when a car may have been judged by its draws: its last change, or the end of the last try."""
        return max(changed_s, self.since_s + self._settings.probe_interval_s)

    def saw(self, drawn_a: float) -> bool:
        """Take in a draw; returns whether anything is taken back already."""
        if self.kept_a is None:
            return False
        if drawn_a >= self.kept_a - _UP_TO_IT_A:
            self.kept_a = None
        return True

    def take_back(self, most_a: float, offer_a: float, minimum_a: float, step_a: float, at_s: float) -> None:
        """Take back what it has not used. `most_a`: the most that it drew for as long as it takes to judge."""
        margin_a = self._settings.reclaim_margin_a
        if most_a < offer_a - margin_a - self._settings.raise_step_a:
            self.kept_a = max(minimum_a, round_up(most_a + margin_a, step_a))
            self.since_s = at_s

    def ceiling_a(self, at_s: float) -> float | None:
        """Return what it is left with; None once it is time to ask it again."""
        if self.kept_a is not None and at_s - self.since_s >= self._settings.probe_interval_s:
            self.kept_a = None
        return self.kept_a
