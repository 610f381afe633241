"""What is done about a car that draws more than it is offered, step by step."""

from collections.abc import Callable
from math import inf

from ...model.offer import Escalation, EscalationStep
from ...model.station import EvseKey
from ..settings import BalancingSettings
from ..sliding_maximum import SlidingMaximum

_PAUSED_A = 1.0
"""A car that is offered nothing and draws no more than this is paused."""
_REACTION_S = 5.0
"""A report is an answer to a step only if it is this much younger."""
_BLIND = 3.0
"""A step is taken without a younger report once this many times its time has passed."""
_MOST_DOUBLINGS = 4


class Obedience:
    """Whether one car follows its offers, and how far things have gone if not. All times are monotonic seconds.

    Others give way as soon as a car is seen above every offer of the last while. It is taken further only while a fuse
    above it is over its rating, because only then does its excess matter.
    """

    __slots__ = (
        "_offences",
        "_offers_of_late",
        "_over_since_s",
        "_seen_s",
        "_settings",
        "_step_s",
        "drawn_a",
        "excess_a",
        "paused_until_s",
        "since_s",
        "step",
    )

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin with trust."""
        self._settings = settings
        self._offers_of_late = SlidingMaximum(settings.in_flight_s, 1.0)
        """What has been allowed for as long as a car may take to follow, whichever car it is."""
        self.restart()

    def restart(self) -> None:
        """Forget everything: a new session."""
        self.step: EscalationStep | None = None
        self.since_s: float | None = None
        """Since when the car has been seen above its offer although it has had time to follow."""
        self.drawn_a = 0.0
        self.excess_a = 0.0
        """What it draws beyond what it has been allowed of late, in A; 0 while it obeys."""
        self._step_s = 0.0
        self._seen_s = -inf
        self._over_since_s: float | None = None
        self.paused_until_s = -inf
        """It is offered nothing until then."""
        self._offences = 0

    def offered(self, offer_a: float, at_s: float) -> None:
        """Note what the car is offered from now on."""
        self._offers_of_late.add(offer_a, at_s)

    def saw(self, drawn_a: float, allowed_a: float, at_s: float) -> None:
        """Take in a draw, and the most that the car may believe to be allowed now."""
        self._seen_s = at_s
        allowed_a = max(self._offers_of_late.highest(at_s), allowed_a)
        tolerance_a = self._settings.overdraw_most_a if allowed_a else _PAUSED_A
        if drawn_a <= allowed_a + tolerance_a:
            self.settle(at_s)
            return
        self.drawn_a = drawn_a
        self.excess_a = drawn_a - allowed_a
        if self.step is None:
            self.since_s = self._step_s = at_s
            self._over_since_s = None
            self.step = EscalationStep.OTHERS_CUT
            if at_s < self.paused_until_s:
                self._take(EscalationStep.PAUSED, at_s)

    def settle(self, at_s: float) -> None:
        """Note that the car obeys; one that had to be paused for it stays so for a while."""
        self.excess_a = 0.0
        if self.step is None:
            return
        if self.step >= EscalationStep.PAUSED:
            self.paused_until_s = at_s + self._settings.disobedient_pause_s * 2.0 ** min(
                self._offences, _MOST_DOUBLINGS
            )
            self._offences += 1
        self.step = None
        self.since_s = None
        self._over_since_s = None

    def look(self, at_s: float, *, over: bool, pausable: bool) -> None:
        """Take the next step if it is time for it. `over`: a fuse above the car carries more than its rating."""
        if self.step is None:
            return
        if at_s - self._seen_s > self._settings.draw_stale_s:
            self.settle(at_s)
            return
        if not over:
            self._over_since_s = None
            return
        if self._over_since_s is None:
            self._over_since_s = at_s
        if self.step is EscalationStep.ALARM:
            return
        step, wait_s = self._next(pausable)
        since_s = max(self._step_s, self._over_since_s)
        if at_s - since_s < wait_s:
            return
        answered = self._seen_s >= self._step_s + _REACTION_S or step <= EscalationStep.PAUSED
        if answered or at_s - since_s >= _BLIND * wait_s:
            self._take(step, at_s)

    def _take(self, step: EscalationStep, at_s: float) -> None:
        self.step = step
        self._step_s = at_s
        self.paused_until_s = inf

    def _next(self, pausable: bool) -> tuple[EscalationStep, float]:
        settings = self._settings
        match self.step:
            case EscalationStep.OTHERS_CUT if pausable:
                return EscalationStep.PAUSED, settings.pause_disobedient_after_s
            case EscalationStep.OTHERS_CUT:
                return (
                    EscalationStep.STOPPED,
                    settings.pause_disobedient_after_s + settings.stop_disobedient_after_s,
                )
            case EscalationStep.PAUSED:
                return EscalationStep.STOPPED, settings.stop_disobedient_after_s
            case EscalationStep.STOPPED:
                return EscalationStep.OUT_OF_SERVICE, settings.close_disobedient_after_s
        return EscalationStep.ALARM, settings.alarm_after_s

    def next_look_s(self) -> float | None:
        """Return when the next step is due if everything stays as it is."""
        if self.step is None or self._over_since_s is None or self.step is EscalationStep.ALARM:
            return self.paused_until_s if -inf < self.paused_until_s < inf else None
        return max(self._step_s, self._over_since_s) + self._next(pausable=True)[1]

    def escalation(self, evse: EvseKey, offered_a: float, outside: Callable[[float], float]) -> Escalation | None:
        """Return how far things have gone, with times turned by `outside`; None while the car obeys."""
        if self.step is None or self.since_s is None:
            return None
        return Escalation(evse, self.step, outside(self.since_s), self.drawn_a, offered_a)
