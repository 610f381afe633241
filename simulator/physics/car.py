"""A car: what it makes of the pilot signal, and the battery behind it."""

from collections import deque
from dataclasses import dataclass
import math

MINIMUM_CURRENT_A = 6.0
"""Below this the pilot signal has no value (IEC 61851-1), so no car charges."""

FULL_STOP_S = 3.0
"""A car has opened its switch this long after the pilot signal went away (IEC 61851-1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarModel:
    """What a car can do and how it behaves."""

    phases: int = 3
    """Phases of its on-board charger; it uses the charger's first terminals."""
    maximum_a: float = 16.0
    capacity_wh: float = 60_000.0
    efficiency: float = 0.9
    """Share of the energy drawn that reaches the battery."""
    target_soc: float = 1.0
    taper_soc: float = 0.8
    """Above this state of charge it takes less and less."""
    taper_end_a: float = 1.0
    """What it still takes when it is full, just before it stops."""
    reaction_s: float = 5.0
    """Dead time between a change of the pilot signal and the first change of current; 3 to 10 s in the field."""
    ramp_up_a_per_s: float = 2.0
    ramp_down_a_per_s: float = 8.0
    rounds_down: bool = True
    """Takes whole amperes only."""
    overdraw_a: float = 0.0
    """What it takes beyond the signal."""
    underdraw_a: float = 0.0
    """What it leaves of the signal."""
    sleeps_after_s: float | None = None
    """Falls asleep when it has had no pilot signal for this long, until it is plugged in again."""


class Car:
    """A car at a charger, or on the road."""

    def __init__(self, name: str, model: CarModel, soc: float) -> None:
        """Give it a name and a state of charge (0 to 1)."""
        self.name = name
        self.model = model
        self.stored_wh = soc * model.capacity_wh
        self.current_a = 0.0
        """What it draws now, on each of its phases."""
        self.asleep = False
        self.contactor_changes = 0
        self._time_s = 0.0
        self._pilot_a = 0.0
        self._seen_a = 0.0
        self._coming: deque[tuple[float, float]] = deque()
        self._without_pilot_s = 0.0

    @property
    def soc(self) -> float:
        """State of charge, 0 to 1."""
        return self.stored_wh / self.model.capacity_wh

    @property
    def full(self) -> bool:
        """Whether it has what it wanted."""
        return self.soc >= self.model.target_soc - 1e-9

    @property
    def wants_energy(self) -> bool:
        """Whether it would take current if it were offered."""
        return not self.full and not self.asleep

    def plugged_in(self) -> None:
        """Wake up and forget the last signal."""
        self.asleep = False
        self.current_a = 0.0
        self._pilot_a = self._seen_a = 0.0
        self._coming.clear()
        self._without_pilot_s = 0.0

    def cut_off(self) -> None:
        """Lose the current at once, without having been asked."""
        self.contactor_changes += self.current_a > 0.0
        self.current_a = 0.0
        self._pilot_a = self._seen_a = 0.0
        self._coming.clear()

    def unplugged(self) -> None:
        """Let go of the charger."""
        self.plugged_in()

    def step(self, dt_s: float, pilot_a: float) -> float:
        """Live through `dt_s` seconds with this pilot signal; return the current it draws on each of its phases."""
        self._time_s += dt_s
        if pilot_a != self._pilot_a:
            self._pilot_a = pilot_a
            delay_s = self.model.reaction_s if pilot_a >= MINIMUM_CURRENT_A else min(self.model.reaction_s, FULL_STOP_S)
            self._coming.append((self._time_s - dt_s + delay_s, pilot_a))
        while self._coming and self._coming[0][0] < self._time_s - 1e-9:
            self._seen_a = self._coming.popleft()[1]
        self._doze(dt_s, pilot_a)
        before_a = self.current_a
        self._ramp(dt_s, self._target_a())
        if (before_a > 0.0) != (self.current_a > 0.0):
            self.contactor_changes += 1
        return self.current_a

    def store(self, energy_wh: float) -> None:
        """Put drawn energy into the battery, less the loss."""
        self.stored_wh = min(self.stored_wh + energy_wh * self.model.efficiency, self.model.capacity_wh)

    def _doze(self, dt_s: float, pilot_a: float) -> None:
        if pilot_a >= MINIMUM_CURRENT_A:
            self._without_pilot_s = 0.0
            return
        self._without_pilot_s += dt_s
        if self.model.sleeps_after_s is not None and self._without_pilot_s >= self.model.sleeps_after_s:
            self.asleep = True

    def _target_a(self) -> float:
        if self._seen_a < MINIMUM_CURRENT_A or not self.wants_energy:
            return 0.0
        allowed_a = min(self._seen_a, self.model.maximum_a) - self.model.underdraw_a
        if self.model.rounds_down:
            allowed_a = math.floor(allowed_a + 1e-9)
        return max(0.0, min(allowed_a + self.model.overdraw_a, self._taper_a()))

    def _taper_a(self) -> float:
        model = self.model
        if self.soc <= model.taper_soc or model.target_soc <= model.taper_soc:
            return model.maximum_a + model.overdraw_a
        left = (model.target_soc - self.soc) / (model.target_soc - model.taper_soc)
        return model.taper_end_a + (model.maximum_a - model.taper_end_a) * left

    def _ramp(self, dt_s: float, target_a: float) -> None:
        if target_a > self.current_a:
            self.current_a = min(target_a, self.current_a + self.model.ramp_up_a_per_s * dt_s)
        else:
            self.current_a = max(target_a, self.current_a - self.model.ramp_down_a_per_s * dt_s)
