"""A car at its charger, as cars are: the pilot steps, the car follows late and in whole amperes."""

from collections import deque

from ...model.phases import PhaseAmperes, Wiring, on_building
from .scenario import CarPlan

PILOT_EVERY_S = 5.0
"""IEC 61851-1: the pilot may not change more often."""
_LATE_S = (3.0, 6.0, 10.0, 4.0, 8.0, 5.0, 7.0)
"""How late cars follow, one after the other."""
LOWEST_A = 6.0
VOLTAGE_V = 230.0


class RehearsedCar:
    """One car from its arrival until it is full."""

    def __init__(self, plan: CarPlan, wiring: Wiring, number: int) -> None:
        """Wait for its time. `number` makes cars differ in how late they follow."""
        self.plan = plan
        self.wiring = wiring[: plan.terminals]
        self.terminals = len(wiring)
        self.limit_a = 0.0
        self.draw_a = 0.0
        self.energy_wh = 0.0
        self.waited_s = 0.0
        self.finished_s: float | None = None
        self.pauses = 0
        self.commands = 0
        self._pilot_a = 0.0
        self._stepped_s = -PILOT_EVERY_S
        self._number = number
        self._due: deque[tuple[float, float]] = deque()

    @property
    def full(self) -> bool:
        """Whether it has what it came for."""
        return self.finished_s is not None

    def there(self, at_s: float) -> bool:
        """Whether it is plugged in and wants current."""
        return at_s >= self.plan.arrives_s and not self.full

    def told(self, current_a: float) -> None:
        """Take a new limit from the charger."""
        self.commands += 1
        self.pauses += current_a < LOWEST_A <= self.limit_a
        self.limit_a = current_a

    def live(self, at_s: float, for_s: float) -> None:
        """Let time pass."""
        if not self.there(at_s):
            self.draw_a = 0.0
            return
        if self._pilot_a != self.limit_a and at_s - self._stepped_s >= PILOT_EVERY_S:
            late_s = _LATE_S[(self._number + self.commands) % len(_LATE_S)] if self.limit_a else 2.0
            self._pilot_a = self.limit_a
            self._stepped_s = at_s
            follows_a = float(int(min(self._pilot_a, self.plan.maximum_a) + 1e-6))
            self._due.append((at_s + late_s, follows_a if follows_a >= LOWEST_A else 0.0))
        while self._due and self._due[0][0] <= at_s:
            self.draw_a = self._due.popleft()[1]
        if not self.draw_a:
            self.waited_s += for_s
        self.energy_wh += self.draw_a * len(self.wiring) * VOLTAGE_V * for_s / 3600
        if self.energy_wh >= self.plan.energy_wh:
            self.finished_s = at_s
            self.draw_a = 0.0

    @property
    def terminals_a(self) -> tuple[float, ...]:
        """What it draws on each terminal of its charger, in A."""
        drawing = len(self.wiring)
        return (self.draw_a,) * drawing + (0.0,) * (self.terminals - drawing)

    @property
    def phases_a(self) -> PhaseAmperes:
        """What it draws from each phase of the building, in A."""
        return on_building((self.draw_a,) * len(self.wiring), self.wiring)
