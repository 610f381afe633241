"""The highest value of a signal over the last while, in memory that does not grow."""

from collections import deque
from math import ceil, inf


class SlidingMaximum:
    """Highest value that a piecewise constant signal had during the last `span_s` seconds.

    A value counts from its report until the next one, or up to `resolution_s` longer: of the values that end within
    one such interval only the highest is kept.
    """

    __slots__ = ("_current", "_ended", "_resolution_s", "_span_s")

    def __init__(self, span_s: float, resolution_s: float) -> None:
        """Begin without any value."""
        self._span_s = span_s
        self._resolution_s = resolution_s
        self._current = -inf
        self._ended: deque[tuple[float, float]] = deque()
        """(when it ended, value), the values falling from left to right."""

    def add(self, value: float, at_s: float) -> None:
        """Note that the signal has this value from now on."""
        if value == self._current:
            return
        before = self._current
        self._current = value
        if before > value:
            while self._ended and self._ended[-1][1] <= before:
                self._ended.pop()
            end_s = ceil(at_s / self._resolution_s) * self._resolution_s
            if not self._ended or self._ended[-1][0] < end_s:
                self._ended.append((end_s, before))
        else:
            while self._ended and self._ended[-1][1] <= value:
                self._ended.pop()

    def highest(self, at_s: float) -> float:
        """Return the maximum over the span that ends now; minus infinity before the first value."""
        ended = self._ended
        while ended and ended[0][0] <= at_s - self._span_s:
            ended.popleft()
        return max(ended[0][1], self._current) if ended else self._current

    def next_fall_s(self) -> float | None:
        """Return when the maximum will fall if the signal stays as it is; None: it will not."""
        return self._ended[0][0] + self._span_s if self._ended else None
