"""How many requests of a backend are taken: a bucket that fills with time."""


class TokenBucket:
    """Lets a burst pass, and then so many in a second."""

    def __init__(self, burst: int, per_s: float) -> None:
        """Begin full."""
        self._burst = float(burst)
        self._per_s = per_s
        self._left = float(burst)
        self._at_s: float | None = None

    def take(self, at_s: float) -> bool:
        """Take one at a monotonic time; False: there is none left."""
        if self._at_s is not None:
            self._left = min(self._burst, self._left + max(0.0, at_s - self._at_s) * self._per_s)
        self._at_s = at_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
