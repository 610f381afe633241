"""How often somebody may try a code: ever more slowly at one place, and a bounded number of times at all of them."""

from dataclasses import dataclass

FREE_TRIES = 3
"""Wrong codes at a place before anybody has to wait."""
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 3600.0
SITE_TRIES = 60
"""Wrong codes of the whole site before everybody has to wait; one of them is forgiven every `SITE_FORGIVEN_S`."""
SITE_FORGIVEN_S = 60.0
FORGOTTEN_AFTER_S = 86_400.0
MOST_PLACES = 1000


@dataclass(slots=True)
class _Place:
    wrong: int
    until_s: float
    last_s: float


class Attempts:
    """Counts wrong codes. Memory is bounded; who floods it with places only makes himself wait for the site's total."""

    def __init__(self) -> None:
        """Begin with no wrong code."""
        self._places: dict[str, _Place] = {}
        self._site = 0.0
        self._site_s = 0.0

    @property
    def place_count(self) -> int:
        """How many places are remembered."""
        return len(self._places)

    def wait_s(self, place: str, now_s: float) -> float:
        """Return how long nobody is heard at a place, in s; 0: they are."""
        known = self._places.get(place)
        there_s = 0.0 if known is None else known.until_s - now_s
        over = self._counted(now_s) - SITE_TRIES + 1
        return max(0.0, there_s, over * SITE_FORGIVEN_S)

    def wrong(self, place: str, now_s: float) -> float:
        """Count a wrong code; returns how long nobody is heard there now, in s."""
        self._site = self._counted(now_s) + 1
        self._site_s = now_s
        known = self._places.pop(place, None)
        if known is None or now_s - known.last_s > FORGOTTEN_AFTER_S:
            known = _Place(0, now_s, now_s)
        known.wrong += 1
        known.last_s = now_s
        doublings = known.wrong - FREE_TRIES
        if doublings >= 0:
            known.until_s = now_s + min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(doublings, 20))
        while len(self._places) >= MOST_PLACES:
            del self._places[next(iter(self._places))]
        self._places[place] = known
        return self.wait_s(place, now_s)

    def right(self, place: str) -> None:
        """Forgive a place where somebody knew a code. The site's count stays."""
        self._places.pop(place, None)

    def _counted(self, now_s: float) -> float:
        return max(0.0, self._site - (now_s - self._site_s) / SITE_FORGIVEN_S)
