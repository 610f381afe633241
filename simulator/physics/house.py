"""What a building uses besides its chargers: a base load and appliances, on a seeded timetable or by hand."""

from dataclasses import dataclass
import math
from random import Random

from .phases import PerPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """Something that is switched on now and then."""

    name: str
    power_w: PerPhase
    """What it takes from each phase while it is on, at 230 V."""
    on_s: tuple[float, float] = (120.0, 300.0)
    """Shortest and longest time it stays on."""
    every_s: float | None = None
    """Mean pause between two uses; None: only by hand."""
    duty_s: float | None = None
    """Cycle of a thermostat or hob: on for `duty_share` of each cycle."""
    duty_share: float = 0.5
    power_factor: float = 1.0


KETTLE = Appliance(name="kettle", power_w=PerPhase(2200, 0, 0), on_s=(150, 240), every_s=4 * 3600)
OVEN = Appliance(
    name="oven", power_w=PerPhase(0, 2600, 0), on_s=(1800, 3600), every_s=24 * 3600, duty_s=90, duty_share=0.6
)
INDUCTION = Appliance(name="induction", power_w=PerPhase(0, 0, 2760), on_s=(600, 1800), every_s=12 * 3600, duty_s=10)
HEAT_PUMP = Appliance(
    name="heat_pump", power_w=PerPhase(900, 900, 900), on_s=(900, 2400), every_s=2700, power_factor=0.95
)
DRYER = Appliance(
    name="dryer", power_w=PerPhase(0, 2300, 0), on_s=(2400, 4800), every_s=36 * 3600, duty_s=240, duty_share=0.75
)

HOUSEHOLD: tuple[Appliance, ...] = (KETTLE, OVEN, INDUCTION, HEAT_PUMP, DRYER)
"""An ordinary home."""


class _Running:
    """An appliance with its timetable and its switch."""

    def __init__(self, appliance: Appliance, random: Random) -> None:
        self.appliance = appliance
        self._random = random
        self._on_for_s = 0.0
        self._off_for_s = self._pause_s()
        self._forced: bool | None = None
        self._forced_for_s = math.inf
        self._cycle_s = 0.0

    @property
    def on(self) -> bool:
        """Whether it is switched on, whatever its thermostat does."""
        return self._forced if self._forced is not None else self._on_for_s > 0.0

    def switch(self, on: bool | None, for_s: float | None) -> None:
        """Take it by hand, or give it back to its timetable with None."""
        self._forced = on
        self._forced_for_s = math.inf if for_s is None else for_s
        self._cycle_s = 0.0

    def step(self, dt_s: float) -> bool:
        """Live through `dt_s` seconds; return whether it draws current."""
        self._timetable(dt_s)
        if self._forced is not None:
            self._forced_for_s -= dt_s
            if self._forced_for_s < -1e-9:
                self._forced = None
        if not self.on:
            self._cycle_s = 0.0
            return False
        if self.appliance.duty_s is None:
            return True
        drawing = self._cycle_s < self.appliance.duty_s * self.appliance.duty_share - 1e-9
        self._cycle_s = (self._cycle_s + dt_s) % self.appliance.duty_s
        return drawing

    def _timetable(self, dt_s: float) -> None:
        if self._on_for_s > 0.0:
            self._on_for_s -= dt_s
            if self._on_for_s <= 0.0:
                self._off_for_s = self._pause_s()
        elif self._off_for_s < math.inf:
            self._off_for_s -= dt_s
            if self._off_for_s <= 0.0:
                self._on_for_s = self._random.uniform(*self.appliance.on_s)

    def _pause_s(self) -> float:
        mean_s = self.appliance.every_s
        return math.inf if mean_s is None else self._random.expovariate(1.0 / mean_s)


USUAL_BASE_W = PerPhase(180, 120, 150)
"""Refrigerators, routers and the like."""


class House:
    """A building's own load on its three phases."""

    def __init__(
        self,
        appliances: tuple[Appliance, ...] = HOUSEHOLD,
        *,
        seed: str = "house",
        base_w: PerPhase = USUAL_BASE_W,
        capped_at_a: float | None = None,
    ) -> None:
        """Furnish it; `capped_at_a` keeps it from overloading a fuse all by itself."""
        self._running = {a.name: _Running(a, Random(f"{seed}/{a.name}")) for a in appliances}
        self._random = Random(f"{seed}/base")
        self._base_w = base_w
        self._capped_at_a = capped_at_a
        self._wander = [0.0, 0.0, 0.0]
        self.active_w = PerPhase(0.0, 0.0, 0.0)
        """True power per phase."""
        self.currents_a = PerPhase(0.0, 0.0, 0.0)

    @property
    def appliances(self) -> dict[str, bool]:
        """Appliances by name, and whether each is on."""
        return {name: running.on for name, running in self._running.items()}

    def switch(self, name: str, on: bool | None, for_s: float | None = None) -> None:
        """Switch an appliance by hand, for a while or for good; None gives it back to its timetable.

        Raises KeyError for an appliance that the house does not have.
        """
        self._running[name].switch(on, for_s)

    def step(self, dt_s: float, voltages_v: PerPhase) -> None:
        """Live through `dt_s` seconds at these voltages. Resistive loads follow the square of the voltage."""
        active_w = [0.0, 0.0, 0.0]
        apparent_va = [0.0, 0.0, 0.0]
        for phase in range(3):
            noise = self._random.gauss(0.0, 0.15 * math.sqrt(dt_s))
            self._wander[phase] += noise - self._wander[phase] * dt_s / 60.0
            base_w = self._base_w[phase] * max(0.2, 1.0 + 0.4 * math.tanh(self._wander[phase]))
            active_w[phase] += base_w
            apparent_va[phase] += base_w
        for running in self._running.values():
            if running.step(dt_s):
                for phase, nominal_w in enumerate(running.appliance.power_w):
                    power_w = nominal_w * (voltages_v[phase] / 230.0) ** 2
                    active_w[phase] += power_w
                    apparent_va[phase] += power_w / running.appliance.power_factor
        currents_a = [va / v for va, v in zip(apparent_va, voltages_v, strict=True)]
        if self._capped_at_a is not None:
            for phase, current_a in enumerate(currents_a):
                if current_a > self._capped_at_a:
                    active_w[phase] *= self._capped_at_a / current_a
                    currents_a[phase] = self._capped_at_a
        self.active_w = PerPhase(*active_w)
        self.currents_a = PerPhase(*currents_a)
