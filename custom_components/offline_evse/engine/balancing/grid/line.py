"""One line on which limits are stated, by the rules of the EEBUS use case LPC: limits, heartbeats and fail-safe."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ...model.grid import GridLimit, GridPhase, GridTerms

WORD_AFTER_RETURN_S = 120.0
"""A line that is back keeps the fail-safe limit for so long, in s, unless it states something before."""


@dataclass(frozen=True, slots=True)
class LineStanding:
    """How a line stands at one moment."""

    phase: GridPhase
    limit_w: float | None = None
    """As stated, or the fail-safe value, in W; None: no limit."""
    until: datetime | None = None
    """When this is over by itself, as far as is known."""

    @property
    def limits(self) -> bool:
        """Whether there is a limit now."""
        return self.limit_w is not None


class GridLine:
    """Follows what is stated on one line. Limits begin and end by wall time; silence is monotonic.

    A line that is lost has the fail-safe limit for at least the agreed time. If it comes back and states something,
    that counts at once; if it only comes back, it has two minutes to state something, and is free then. A line that
    does not come back is autonomous once the agreed time is over, until it is heard again.
    """

    __slots__ = ("_autonomous", "_back_s", "_failsafe_s", "_heard_s", "limit", "terms")

    def __init__(self, terms: GridTerms, at_s: float) -> None:
        """Begin free, and as if just heard."""
        self.terms = terms
        self.limit: GridLimit | None = None
        """The last limit stated, until it is over or taken back."""
        self._heard_s = at_s
        self._failsafe_s: float | None = None
        """Since when the fail-safe limit holds."""
        self._back_s: float | None = None
        """Since when it has been heard again without a statement."""
        self._autonomous = False

    @property
    def failsafe_since_s(self) -> float | None:
        """Since when the fail-safe limit holds, in monotonic s."""
        return self._failsafe_s

    @property
    def heard_s(self) -> float:
        """When it was heard last, in monotonic s."""
        return self._heard_s

    def hear(self, at_s: float) -> None:
        """Note a sign of life that states nothing."""
        self._look_for_silence(at_s)
        self._heard_s = max(self._heard_s, at_s)
        self._autonomous = False

    def state(self, limit: GridLimit | None, at_s: float) -> None:
        """Note that a limit is stated, or with None that there is to be none."""
        self.limit = limit
        if limit is not None:
            self.terms = limit.terms
        self._heard_s = max(self._heard_s, at_s)
        self._failsafe_s = self._back_s = None
        self._autonomous = False

    def resume_failsafe(self, since_s: float) -> None:
        """Take up a fail-safe limit that held before a restart, since a time that may lie before this clock's zero."""
        self._failsafe_s = since_s
        self._heard_s = since_s - (self.terms.heartbeat_s or 0.0) - 1.0

    def look(self, now: datetime, at_s: float) -> LineStanding:
        """Return how the line stands; `now` and `at_s` are the same moment on two clocks."""
        self._look_for_silence(at_s)
        if self._failsafe_s is not None:
            left_s = self._failsafe_s + self.terms.failsafe_minimum_s - at_s
            if self._back_s is not None:
                left_s = self._back_s + WORD_AFTER_RETURN_S - at_s
            until = now + timedelta(seconds=max(0.0, left_s))
            return LineStanding(GridPhase.FAILSAFE, self.terms.failsafe_w or 0.0, until)
        limit = self.limit
        if limit is not None and limit.end is not None and now >= limit.end:
            self.limit = limit = None
        if limit is None:
            return LineStanding(GridPhase.AUTONOMOUS if self._autonomous else GridPhase.FREE)
        if now < limit.start:
            return LineStanding(GridPhase.WAITING, None, limit.start)
        return LineStanding(GridPhase.LIMITED, limit.limit_w, limit.end)

    def _look_for_silence(self, at_s: float) -> None:
        heartbeat_s = self.terms.heartbeat_s
        lost = heartbeat_s is not None and at_s - self._heard_s > heartbeat_s
        if self._failsafe_s is None:
            if lost and not self._autonomous:
                assert heartbeat_s is not None
                self._failsafe_s = self._heard_s + heartbeat_s
                self._back_s = None
            else:
                return
        if not lost:
            if self._back_s is None:
                self._back_s = self._heard_s
            if at_s - self._back_s >= WORD_AFTER_RETURN_S:
                self._go_free(autonomous=False)
            return
        self._back_s = None
        if at_s - self._failsafe_s >= self.terms.failsafe_minimum_s:
            self._go_free(autonomous=True)

    def _go_free(self, *, autonomous: bool) -> None:
        """What was stated before the line was lost is not believed any more."""
        self.limit = None
        self._failsafe_s = self._back_s = None
        self._autonomous = autonomous
