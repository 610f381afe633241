"""Laws that damp what they follow: by patience, by filters, by small steps."""

from math import floor
from typing import override

from custom_components.offline_evse.engine.model.circuit import MINIMUM_CURRENT_A

from .simple import MARGIN_A, SimpleLaw, signalled


class RiskBudget(SimpleLaw):
    """Tolerates an overload for the longer the smaller it is, at least 20 s between commands, up after 15 min."""

    name = "risk budget, up after 15 min"
    _BUDGET = 60.0
    _QUIET_S = 20.0
    _PATIENCE_S = 900.0

    def __init__(self) -> None:
        """Begin without any risk."""
        super().__init__()
        self._risk = [0.0, 0.0, 0.0]
        self._changed_s = -self._QUIET_S
        self._raised_s: float | None = None

    @override
    def rule(self, now_s: float) -> dict[int, float]:
        """Return everybody's current once the budget of a phase is spent, or patience is over."""
        left_a = [float(floor(self.limit_a - MARGIN_A - floor(self.meter_a[phase]))) for phase in range(3)]
        for phase in range(3):
            overload = -left_a[phase] / self.limit_a
            if overload <= 0:
                self._risk[phase] = max(0.0, self._risk[phase] - 1.0)
            else:
                self._risk[phase] += (
                    1.0 if overload <= 0.13 else 2.0 if overload <= 0.4 else 6.0 if overload <= 1 else 60.0
                )
        active = self.active
        if not active or now_s - self._changed_s < self._QUIET_S:
            return {}
        spent = [phase for phase in range(3) if self._risk[phase] >= self._BUDGET]
        if spent:
            for phase in spent:
                self._risk[phase] = 0.0
            self._raised_s = self._changed_s = now_s
            return self._shared(active, min(left_a[phase] for phase in spent))
        if self._raised_s is None:
            self._raised_s = now_s - self._PATIENCE_S
        if now_s - self._raised_s >= self._PATIENCE_S and min(left_a) > 0:
            self._raised_s = self._changed_s = now_s
            return self._shared(active, min(left_a))
        return {}

    def _shared(self, active: list[int], change_a: float) -> dict[int, float]:
        each_a = change_a / len(active)
        return {
            evse: signalled(float(floor(min(self.maximum_a[evse], max(0.0, self.told_a[evse] + each_a)))))
            for evse in active
        }


class SmoothedAndRamped(SimpleLaw):
    """A filtered headroom with a dead band, ramped by 0.1 A/s up and 0.2 A/s down, sent every 15 s."""

    name = "smoothed and ramped"
    every_s = 2
    _SHARE = 0.3
    _DEAD_BAND_A = 0.3
    _UP_A_PER_S = 0.1
    _DOWN_A_PER_S = 0.2
    _SENT_EVERY_S = 15
    _PAUSE_S = 180.0

    def __init__(self) -> None:
        """Begin unfiltered."""
        super().__init__()
        self._smooth: dict[int, float] = {}
        self._ramped: dict[int, float] = {}
        self._paused_s: dict[int, float] = {}
        self._sent_s: dict[int, float] = {}

    @override
    def rule(self, now_s: float) -> dict[int, float]:
        """Return what is due to be sent."""
        active = self.active
        due: dict[int, float] = {}
        for evse in active:
            target_a = min(
                (self.limit_a - MARGIN_A - self.meter_a[phase] + sum(self.drawn_a[other][phase] for other in active))
                / max(1, sum(phase in self.wirings[other] for other in active))
                for phase in self.wirings[evse]
            )
            target_a = max(0.0, min(target_a, self.maximum_a[evse]))
            smooth_a = self._smooth.get(evse, target_a)
            smooth_a += self._SHARE * (target_a - smooth_a)
            self._smooth[evse] = smooth_a
            current_a = self._next_a(evse, smooth_a, now_s)
            at_once = bool(current_a) != bool(self.told_a[evse])
            if at_once or now_s - self._sent_s.get(evse, -60.0) >= self._SENT_EVERY_S:
                self._sent_s[evse] = now_s
                due[evse] = round(current_a, 1)
        return due

    def _next_a(self, evse: int, smooth_a: float, now_s: float) -> float:
        ramped_a = self._ramped.get(evse, 0.0)
        if now_s - self._paused_s.get(evse, -self._PAUSE_S) < self._PAUSE_S:
            return 0.0
        if smooth_a < MINIMUM_CURRENT_A:
            if ramped_a:
                self._paused_s[evse] = now_s
            self._ramped[evse] = 0.0
            return 0.0
        if not ramped_a:
            ramped_a = smooth_a
        elif abs(smooth_a - ramped_a) > self._DEAD_BAND_A:
            up_a, down_a = self._UP_A_PER_S * self.every_s, self._DOWN_A_PER_S * self.every_s
            ramped_a += max(-down_a, min(up_a, smooth_a - ramped_a))
        self._ramped[evse] = max(MINIMUM_CURRENT_A, ramped_a)
        return self._ramped[evse]


class QuarterSteps(SimpleLaw):
    """A quarter of the highest phase's headroom up, all of its overload down, shared evenly; all stop if too short."""

    name = "quarter steps up, full steps down"
    every_s = 2
    _STOPPED_S = 60.0

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self._total_a = 0.0
        self._short = 0
        self._stopped_s = -self._STOPPED_S

    @override
    def rule(self, now_s: float) -> dict[int, float]:
        """Return everybody's current."""
        active = self.active
        if not active or now_s - self._stopped_s < self._STOPPED_S:
            return dict.fromkeys(active, 0.0)
        room_a = self.limit_a - MARGIN_A - max(self.meter_a)
        if not any(self.told_a[evse] for evse in active):
            if room_a < MINIMUM_CURRENT_A:
                return {}
            self._total_a = MINIMUM_CURRENT_A * len(active)
        self._total_a += room_a / 4 if room_a > 0 else room_a
        least_a = MINIMUM_CURRENT_A * len(active)
        if self._total_a < least_a:
            self._short += 1
            self._total_a = least_a
            if self._short > 3 or max(self.meter_a) > 2 * self.limit_a:
                self._short = 0
                self._stopped_s = now_s
                return dict.fromkeys(active, 0.0)
        else:
            self._short = 0
        self._total_a = min(self._total_a, sum(self.maximum_a[evse] for evse in active))
        return {
            evse: round(min(self.maximum_a[evse], max(MINIMUM_CURRENT_A, self._total_a / len(active))), 1)
            for evse in active
        }
