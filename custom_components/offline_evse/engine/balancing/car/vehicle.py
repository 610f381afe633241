"""What is learned of the car at an EVSE: what it takes beyond its offer, its own minimum, and whether it sleeps."""

from math import inf

from ..settings import BalancingSettings

_NOTHING_A = 0.5
"""A car that draws less than this draws nothing."""
_LESS_A = 0.5
"""What was learned of an overdraw is taken back once it is this much less."""
_STEP_A = 1.0


class Vehicle:
    """One car, for one session. All times are monotonic seconds."""

    __slots__ = (
        "_good_a",
        "_poor_a",
        "_settings",
        "_sleeper",
        "_tries",
        "_worked_under_s",
        "full",
        "learned_minimum_a",
        "overdraw_a",
        "trial_a",
        "waking_until_s",
    )

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin knowing nothing."""
        self._settings = settings
        self.restart()

    def restart(self) -> None:
        """Forget everything: another car."""
        self.overdraw_a = 0.0
        """What it steadily draws beyond its offer, in A per phase."""
        self.learned_minimum_a: float | None = None
        """The lowest current at which it charges sensibly, where that has turned out to be more than was thought."""
        self.trial_a: float | None = None
        """What it is to be offered if there is room, to see whether it charges there."""
        self.full = False
        """It has charged and has stopped, or become slow, by itself."""
        self.waking_until_s = -inf
        """It is paused until then so that it wakes up."""
        self._good_a = inf
        self._poor_a: float | None = None
        self._worked_under_s = -inf
        """When the offer had changed under which it was last seen to charge."""
        self._sleeper = False
        self._tries = 0

    def starts(self, paused_for_s: float) -> None:
        """Note that it is offered something again after a pause."""
        if paused_for_s >= self._settings.slept_after_s:
            self._sleeper = True
            self._tries = 0

    def saw(self, least_a: float, most_a: float, offer_a: float, changed_s: float, at_s: float) -> None:
        """Take in its last two draws, both told long enough after the last change of its offer."""
        self._see_overdraw(least_a - offer_a, most_a - offer_a)
        if least_a >= self._settings.learn_least_a:
            self._works(offer_a, changed_s)
        elif most_a < self._settings.learn_least_a:
            if self._worked_under_s == changed_s:
                self.full = True
            elif not self.full and at_s - changed_s >= self._settings.learn_step_s:
                self._hardly_charges(offer_a)

    def _see_overdraw(self, least_a: float, most_a: float) -> None:
        if least_a > self._settings.overdraw_least_a and most_a <= self._settings.overdraw_most_a:
            if not self.overdraw_a - _LESS_A <= most_a <= self.overdraw_a:
                self.overdraw_a = most_a
        elif most_a < self.overdraw_a - _LESS_A:
            self.overdraw_a = most_a if most_a > self._settings.overdraw_least_a else 0.0

    def _works(self, offer_a: float, changed_s: float) -> None:
        self.full = False
        self._sleeper = False
        self.trial_a = None
        self._worked_under_s = changed_s
        self._good_a = min(self._good_a, offer_a)
        if self._poor_a is None:
            return
        if offer_a <= self._poor_a:
            # It was not the current, then.
            self._poor_a = self.learned_minimum_a = None
        else:
            self.learned_minimum_a = min(self._poor_a + _STEP_A, offer_a)

    def _hardly_charges(self, offer_a: float) -> None:
        if self._sleeper and self._tries < self._settings.wake_tries:
            return
        if offer_a >= self._good_a or offer_a > self._settings.learn_most_a:
            return
        self._poor_a = max(self._poor_a or 0.0, offer_a)
        self.trial_a = self._poor_a + _STEP_A if self._poor_a + _STEP_A <= self._settings.learn_most_a else None

    def wake(self, most_a: float | None, on_since_s: float, at_s: float) -> bool:
        """Begin a pause that wakes the car if it seems to sleep. `most_a`: its highest draw since it has been on."""
        settings = self._settings
        if not self._sleeper or self.full or self._tries >= settings.wake_tries:
            return False
        if most_a is None or most_a >= _NOTHING_A or at_s - on_since_s < settings.wake_after_s:
            return False
        self._tries += 1
        self.waking_until_s = at_s + settings.wake_pause_s
        return True
