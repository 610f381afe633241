"""Time that never runs backwards, whatever the clock that is handed in does."""

_OUT_OF_ORDER_S = 1.0
"""Several callers may be this far out of order without the clock having jumped."""


class SteadyTime:
    """Turns the times that are handed in into times that go on from where they were when the clock is set back."""

    __slots__ = ("_behind_s", "_latest_s")

    def __init__(self) -> None:
        """Begin by trusting the clock."""
        self._latest_s: float | None = None
        self._behind_s = 0.0
        """By how much the clock that is handed in is behind this one."""

    def inside(self, at_s: float) -> float:
        """Return the steady time of a time that has just been handed in."""
        steady_s = at_s + self._behind_s
        if self._latest_s is None or steady_s > self._latest_s:
            self._latest_s = steady_s
        elif steady_s < self._latest_s - _OUT_OF_ORDER_S:
            self._behind_s += self._latest_s - steady_s
            return self._latest_s
        return steady_s

    def outside(self, steady_s: float) -> float:
        """Return a steady time in terms of the clock that is handed in."""
        return steady_s - self._behind_s

    @property
    def behind_s(self) -> float:
        """By how much the clock has been set back so far, in s."""
        return self._behind_s
