"""What a car draws now, by its last report and by what it has been offered since."""


class DrawGuess:
    """Bounds for the power of a car whose meter speaks less often than the building's.

    Without them, the same ampere would be counted twice: a car that has just been cut would still seem to draw what
    its last report says, while the building's meter shows the cut already.
    """

    __slots__ = ("_changed_s", "_offer_w", "_settle_s")

    def __init__(self, settle_s: float) -> None:
        """Take it that a car has followed an offer after `settle_s`."""
        self._settle_s = settle_s
        self._offer_w = 0.0
        self._changed_s = float("-inf")

    def bounds(self, at_s: float, offer_w: float, draw_w: float | None, draw_at_s: float) -> tuple[float, float]:
        """Return the least and the most that it may draw, in W; `draw_w` is what it reported at `draw_at_s`.

        A car that never reports is taken to draw what it is offered.
        """
        if abs(offer_w - self._offer_w) > 1.0:
            self._offer_w, self._changed_s = offer_w, at_s
        if draw_w is None:
            return offer_w, offer_w
        settled = at_s - self._changed_s >= self._settle_s
        if draw_at_s - self._changed_s >= self._settle_s:
            return draw_w, draw_w
        if draw_w <= offer_w:
            # Nobody knows whether it takes what it may take by now.
            return draw_w, offer_w
        return offer_w, offer_w if settled else draw_w
