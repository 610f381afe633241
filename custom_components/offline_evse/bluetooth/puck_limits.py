"""How much one reader puck may ask of Home Assistant: whoever stands before it may be anybody."""

from collections import deque
from typing import Final

EVENTS_AT_ONCE: Final = 160
"""More than the frames of the longest message, twice over."""
EVENTS_PER_S: Final = 40.0
LINKS: Final = 6
"""Fewer than the site allows in all, so that nobody at one reader can use up what others need."""
LINKS_PER_S: Final = 60.0


class PuckLimits:
    """Counts what one puck tells and how often phones connect to it."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._left = float(EVENTS_AT_ONCE)
        self._last_s: float | None = None
        self._begun_s: deque[float] = deque()

    def heed(self, at_s: float) -> bool:
        """Whether one more event is listened to."""
        if self._last_s is not None:
            self._left = min(EVENTS_AT_ONCE, self._left + (at_s - self._last_s) * EVENTS_PER_S)
        self._last_s = at_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def link(self, at_s: float) -> bool:
        """Whether one more phone is served."""
        while self._begun_s and at_s - self._begun_s[0] >= LINKS_PER_S:
            self._begun_s.popleft()
        if len(self._begun_s) >= LINKS:
            return False
        self._begun_s.append(at_s)
        return True
