"""When something may be tried again. Kept in memory only: how often it was tried is in the book."""

from collections.abc import Collection
from datetime import datetime, timedelta

from ...model.clock import Clock

REFUSED_PAUSES_S = (60.0, 120.0)
"""Before the second and the third try of a message that was answered with an error."""
LOST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0


def lost_pause_s(sent_count: int, free_count: int) -> float:
    """Return the pause after a loss, in s: none for the first `free_count`, then ever longer ones up to an hour."""
    beyond = sent_count - free_count
    return 0.0 if beyond < 0 else float(min(LOST_PAUSE_S * 2 ** min(beyond, 10), LONGEST_PAUSE_S))


class Pacing:
    """Keeps, for each session, from when on it may be tried, and what falls due by time alone."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nothing to wait for."""
        self._clock = clock
        self._until_s: dict[str, float] = {}
        self._next_s: float | None = None

    def begin_round(self, sessions: Collection[str]) -> None:
        """Forget what fell due, and sessions that there is nothing more to tell of."""
        self._next_s = None
        self._until_s = {key: until_s for key, until_s in self._until_s.items() if key in sessions}

    def hold(self, session_id: str, pause_s: float) -> None:
        """Leave a session alone for some time."""
        if pause_s > 0:
            self._until_s[session_id] = self._clock.monotonic() + pause_s

    def release(self, session_id: str) -> None:
        """Try it again at once."""
        self._until_s.pop(session_id, None)

    def held(self, session_id: str) -> bool:
        """Return whether it has to wait, and note until when."""
        until_s = self._until_s.get(session_id)
        if until_s is None or until_s <= self._clock.monotonic():
            return False
        self.note(until_s - self._clock.monotonic())
        return True

    def note(self, in_s: float) -> None:
        """Note that something falls due by time."""
        at_s = self._clock.monotonic() + max(0.0, in_s)
        self._next_s = at_s if self._next_s is None else min(self._next_s, at_s)

    @property
    def next_due_at(self) -> datetime | None:
        """When the next of these falls due; None: nothing does."""
        if self._next_s is None:
            return None
        return self._clock.now() + timedelta(seconds=self._next_s - self._clock.monotonic())
