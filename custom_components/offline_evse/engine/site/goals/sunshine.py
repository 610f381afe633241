"""The way from the building's meter to cars that charge on sun."""

from collections.abc import Callable, Mapping

from ...balancing.goals.solar import SolarCar, SolarCeiling, SolarSettings, SolarShare, Sun
from ...model.goal import ChargingMode
from ...model.meter import EvseSample
from ...model.offer import LimitReason
from ...model.station import EvseKey
from ..register import SiteRegister
from ..state import EvseState
from .config import SolarGoal

VOLTAGE_V = 230.0
STALE_AFTER_S = 60.0
"""Age after which a power that is told besides the meter's currents is not believed any more."""
_SOC_BAND = 2.0
"""Once the battery stands back for the cars, it goes before them only this far below the threshold, in %."""

SOLAR_MODES = (ChargingMode.SOLAR, ChargingMode.SOLAR_MINIMUM)


class Sunshine:
    """Keeps what each car may have of the sun. Times are monotonic seconds."""

    def __init__(self, register: SiteRegister) -> None:
        """Begin in the dark."""
        self._register = register
        self._share = SolarShare()
        self._goal = SolarGoal()
        self._ceilings: Mapping[EvseKey, SolarCeiling] = {}
        self._samples: dict[EvseKey, tuple[EvseSample | None, float]] = {}
        self._meter: tuple[float, float] | None = None
        self._power: tuple[float, float] | None = None
        self._battery_w: float | None = None
        self._battery_soc: float | None = None
        self._battery_first = True

    def configure(self, goal: SolarGoal) -> None:
        """Take over how patient people are, and what their battery needs."""
        if goal == self._goal:
            return
        self._goal = goal
        self._share.settings = SolarSettings(
            start_after_s=goal.start_after_s, stop_after_s=goal.stop_after_s, reserve_w=goal.reserve_w
        )

    def meter_reported(self, at_s: float, grid_w: float) -> None:
        """Take in what is drawn from the grid by the currents of the main meter, in W; export negative."""
        self._meter = (at_s, grid_w)

    def power_reported(self, at_s: float, grid_w: float | None) -> None:
        """Take in the power at the grid connection as it is told besides; it is more exact than the currents."""
        self._power = None if grid_w is None else (at_s, grid_w)

    def battery_reported(self, power_w: float | None, soc_percent: float | None) -> None:
        """Take in what charges the house's battery, and how full it is. None: nobody knows."""
        self._battery_w, self._battery_soc = power_w, soc_percent

    def grid_w(self, at_s: float) -> float | None:
        """Return what is drawn from the grid, in W; None while nobody knows."""
        if self._power is not None and at_s - self._power[0] <= STALE_AFTER_S:
            return self._power[1]
        root = root_circuit(self._register)
        if self._meter is None or root is None or root in self._register.state.silent_meters:
            return None
        return self._meter[1]

    def share(self, at_s: float, charges_on_sun: Callable[[EvseState], bool]) -> set[EvseKey]:
        """Share the sun out anew; returns the EVSEs whose ceiling has changed."""
        cars = [
            self._car(at_s, evse)
            for evse in self._register.evses.values()
            if evse.connected and evse.has_transaction and not evse.paused and charges_on_sun(evse)
        ]
        before = self._ceilings
        self._ceilings = dict(self._share.update(at_s, cars, self._sun(at_s)))
        return {key for key in before.keys() | self._ceilings.keys() if before.get(key) != self._ceilings.get(key)}

    @property
    def surplus_w(self) -> float | None:
        """Sun that cars could use, in W."""
        return self._share.surplus_w

    def ceiling(self, evse: EvseState) -> SolarCeiling:
        """Return what an EVSE may have; one that has not been looked at yet waits."""
        if (known := self._ceilings.get(evse.key)) is not None:
            return known
        keeps = evse.goal.mode is ChargingMode.SOLAR_MINIMUM
        return SolarCeiling(lowest_a(evse) if keeps else 0.0, LimitReason.SOLAR)

    def _sun(self, at_s: float) -> Sun | None:
        grid_w = self.grid_w(at_s)
        if grid_w is None:
            return None
        below = self._goal.battery_first_below_percent
        if below <= 0:
            self._battery_first = False
        elif self._battery_soc is None:
            self._battery_first = True
        else:
            self._battery_first = self._battery_soc < (below if self._battery_first else below - _SOC_BAND)
        return Sun(
            grid_w=grid_w,
            battery_w=self._battery_w or 0.0,
            battery_first=self._battery_first and self._battery_w is not None,
            battery_most_w=self._goal.battery_most_w,
        )

    def _car(self, at_s: float, evse: EvseState) -> SolarCar:
        seen = self._samples.get(evse.key)
        if seen is None or seen[0] is not evse.sample:
            seen = self._samples[evse.key] = (evse.sample, at_s)
        minimum_a = lowest_a(evse)
        return SolarCar(
            evse=evse.key,
            watts_per_ampere=watts_per_ampere(evse),
            minimum_a=minimum_a,
            maximum_a=max(minimum_a, highest_a(evse)),
            offer_a=evse.offer.current_a,
            draw_w=drawn_w(evse),
            draw_at_s=seen[1],
            keeps_minimum=evse.goal.mode is ChargingMode.SOLAR_MINIMUM,
            priority=evse.goal.priority or 0,
        )


def root_circuit(register: SiteRegister) -> str | None:
    """Return the circuit that everything hangs in."""
    return next((circuit.circuit_id for circuit in register.config.circuits if circuit.parent_id is None), None)


def lowest_a(evse: EvseState) -> float:
    """Return the lowest current at which the car at an EVSE charges, in A."""
    return max(evse.minimum_a, evse.vehicle_minimum_a or 0.0)


def highest_a(evse: EvseState) -> float:
    """Return the most that an EVSE may have, in A."""
    return evse.maximum_a if evse.limit_a is None else min(evse.maximum_a, evse.limit_a)


def watts_per_ampere(evse: EvseState) -> float:
    """Return what an ampere per phase comes to, in W, for the phases that the car uses."""
    used = len(evse.phases_used or range(evse.terminals))
    return VOLTAGE_V * (used if evse.offer.terminals is None else min(used, evse.offer.terminals))


def drawn_w(evse: EvseState) -> float | None:
    """Return what an EVSE says it draws, in W."""
    if (power_w := evse.power_w) is not None:
        return power_w
    if evse.sample is None or evse.sample.currents_a is None:
        return None
    return VOLTAGE_V * sum(evse.sample.currents_a)
