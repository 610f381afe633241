"""The power side of a charging point: pilot signal, contactor, terminals and energy register."""

import math

from .car import MINIMUM_CURRENT_A, Car
from .phases import PerPhase, Wiring

PILOT_INTERVAL_S = 5.0
"""The pilot signal may change at most this often (IEC 61851-1)."""

PILOT_STEP_A = 0.1
"""Finest step of the pilot signal's duty cycle."""


SWITCH_PAUSE_S = 5.0
"""How long its contactors are open before other phases are closed."""


class Evse:
    """One charging point with its cable, and a car at the end of it now and then."""

    def __init__(self, *, wiring: Wiring, maximum_a: float, register_wh: int = 0) -> None:
        """Wire it; `maximum_a` is what the hardware can carry on each phase."""
        self.wiring = wiring
        self.maximum_a = maximum_a
        self.car: Car | None = None
        self.limit_a = maximum_a
        """What its controller allows, in A; 0, or 6 and more."""
        self.enabled = False
        """Whether its controller lets energy flow."""
        self.pilot_a = 0.0
        """What the car is told: 0, or 6 and more."""
        self.terminals_a: tuple[float, ...] = (0.0,) * len(wiring)
        self.terminals_v: tuple[float, ...] = (230.0,) * len(wiring)
        self.power_w = 0.0
        self.use_phases = len(wiring)
        """How many phases its controller wants to be used, from the first on; contactors follow once nothing flows."""
        self.phases_on = len(wiring)
        """How many are closed when energy flows."""
        self._time_s = 0.0
        self._idle_since_s: float | None = None
        self._changed_at_s = -math.inf
        self._register_mj = register_wh * 3_600_000

    @property
    def register_wh(self) -> int:
        """Energy that has ever gone through it, in whole Wh as a meter counts."""
        return self._register_mj // 3_600_000

    @property
    def phases(self) -> int:
        """Phases it is wired with."""
        return len(self.wiring)

    def plug(self, car: Car) -> None:
        """Connect a car."""
        self.car = car
        car.plugged_in()

    def unplug(self) -> Car | None:
        """Take the car away; whatever flowed stops at once."""
        car, self.car = self.car, None
        if car is not None:
            car.unplugged()
        self.terminals_a = (0.0,) * self.phases
        self.power_w = 0.0
        self.pilot_a = 0.0
        return car

    def cut(self) -> None:
        """Open the contactor under load, as a power failure does."""
        self.enabled = False
        self.pilot_a = 0.0
        self.terminals_a = (0.0,) * self.phases
        self.power_w = 0.0
        if self.car is not None:
            self.car.cut_off()

    def step(self, dt_s: float, voltages_v: PerPhase) -> None:
        """Live through `dt_s` seconds at these voltages of the building's phases."""
        self._time_s += dt_s
        self._signal()
        self.terminals_v = tuple(voltages_v[phase] for phase in self.wiring)
        if self.car is None:
            self.terminals_a = (0.0,) * self.phases
            self.power_w = 0.0
            return
        drawn_a = self.car.step(dt_s, self.pilot_a)
        used = min(self.car.model.phases, self.phases_on)
        self.terminals_a = tuple(drawn_a if terminal < used else 0.0 for terminal in range(self.phases))
        self.power_w = sum(a * v for a, v in zip(self.terminals_a, self.terminals_v, strict=True))
        energy_mj = round(self.power_w * dt_s * 1000)
        self._register_mj += energy_mj
        self.car.store(energy_mj / 3_600_000)

    def building_a(self) -> PerPhase:
        """Return what it draws from each phase of the building, in A."""
        phases = [0.0, 0.0, 0.0]
        for terminal_a, phase in zip(self.terminals_a, self.wiring, strict=True):
            phases[phase] += terminal_a
        return PerPhase(*phases)

    def _switch_phases(self) -> bool:
        """Have the car stop, wait and close other contactors; returns whether that is going on."""
        if self.use_phases == self.phases_on:
            self._idle_since_s = None
            return False
        if self.car is None:
            self.phases_on = self.use_phases
            return False
        if self.pilot_a > 0.0 or self.car.current_a > 0.0:
            self._idle_since_s = None
        elif self._idle_since_s is None:
            self._idle_since_s = self._time_s
        elif self._time_s - self._idle_since_s >= SWITCH_PAUSE_S - 1e-9:
            self.phases_on = self.use_phases
            self._idle_since_s = None
            return False
        return True

    def _signal(self) -> None:
        wanted_a = 0.0
        switching = self._switch_phases()
        if self.enabled and self.car is not None and not switching and self.limit_a >= MINIMUM_CURRENT_A:
            wanted_a = math.floor(min(self.limit_a, self.maximum_a) / PILOT_STEP_A + 1e-6) * PILOT_STEP_A
        if wanted_a == self.pilot_a:
            return
        # Only changes between two currents, or of a limit, are paced; taking the signal away altogether is not.
        if self.enabled and self._time_s - self._changed_at_s < PILOT_INTERVAL_S - 1e-9:
            return
        self.pilot_a = wanted_a
        self._changed_at_s = self._time_s
