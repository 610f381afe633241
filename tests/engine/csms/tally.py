"""A place to count oddities in, and what answers are made of in tests."""

from collections import Counter


class Tally:
    """Counts, so that a test can see what was coerced."""

    def __init__(self) -> None:
        """Begin with nothing met."""
        self.met: Counter[str] = Counter()

    def count(self, oddity: str) -> None:
        """Note one more."""
        self.met[oddity] += 1
