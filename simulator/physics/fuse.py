"""A fuse: how warm it is, and how long it has carried too much."""

import math

from .phases import ZERO, PerPhase

TRIP_LEVEL = 1.13**2
"""Relative heat at which it trips: a breaker must carry 1.13 of its rating for an hour (IEC 60898-1)."""

TOLERANCE_A = 0.25
"""Excess that no meter could have seen, and that is not counted."""


class Fuse:
    """One fuse per phase, all of the same rating, heated by I² with a first-order lag."""

    def __init__(self, rating_a: float, *, tau_s: float = 120.0) -> None:
        """Rate it; `tau_s` is the time constant of the lag (120 s is the reference, 60 s the pessimist's)."""
        self.rating_a = rating_a
        self.tau_s = tau_s
        self.theta = [0.0, 0.0, 0.0]
        """Heat per phase now, relative to what the rated current leads to."""
        self.tripped = False
        self.run_s = [0.0, 0.0, 0.0]
        """How long each phase has been over its rating without a break."""
        self.reset_statistics()

    def reset_statistics(self) -> None:
        """Count anew from here. Heat and runs that are under way stay."""
        self.longest_s = max(self.run_s)
        self.over_current_s = 0.0
        """Seconds in which any phase was over."""
        self.avoidable_s = 0.0
        """Of these, the seconds in which what nobody controls would have fitted."""
        self.excess_a2s = 0.0
        """Integral of I² - In² over the time above In, all phases."""
        self.peak_a = ZERO
        self.theta_max = max(self.theta)

    def step(self, dt_s: float, currents_a: PerPhase, uncontrolled_a: PerPhase = ZERO) -> None:
        """Carry these currents for `dt_s` seconds; `uncontrolled_a` is the part that no charger draws."""
        decay = 1.0 - math.exp(-dt_s / self.tau_s)
        any_over = any_avoidable = False
        for phase, current_a in enumerate(currents_a):
            self.theta[phase] += ((current_a / self.rating_a) ** 2 - self.theta[phase]) * decay
            self.excess_a2s += max(0.0, current_a**2 - self.rating_a**2) * dt_s
            if current_a > self.rating_a + TOLERANCE_A:
                self.run_s[phase] += dt_s
                self.longest_s = max(self.longest_s, self.run_s[phase])
                any_over = True
                any_avoidable = any_avoidable or uncontrolled_a[phase] <= self.rating_a
            else:
                self.run_s[phase] = 0.0
        self.theta_max = max(self.theta_max, *self.theta)
        self.tripped = self.tripped or self.theta_max >= TRIP_LEVEL
        self.over_current_s += dt_s * any_over
        self.avoidable_s += dt_s * any_avoidable
        self.peak_a = PerPhase(*(max(a, b) for a, b in zip(self.peak_a, currents_a, strict=True)))
