"""Plays a site: its own tree and its own balancing, with loads and cars of a scenario, second by second."""

from collections.abc import Callable, Iterable, Mapping

from ...model.circuit import SiteLayout
from ...model.meter import CircuitSample
from ...model.offer import EvseDemand
from ...model.phases import NO_CURRENT, Phase, PhaseAmperes
from ...model.rehearsal import CarResult, LoadSeries, RehearsalResult, RowResult
from ...model.station import EvseKey
from ..control import Balancer
from ..settings import BalancingSettings
from ..tree.fuse_tree import FuseTree
from .car import RehearsedCar
from .scenario import CarPlan

STEP_S = 1.0
SAMPLE_EVERY_S = 10.0
"""How often chargers tell what they draw."""
CONFIRM_S = 0.3
TOLERANCE_A = 0.25
TRIP_HEAT = 1.277
"""Square of 1.13 times the rating, which a breaker carries for an hour (IEC 60898-1)."""
_HEAT_TAU_S = 120.0
_MOST_SLICES = 96
_BEGIN_S = 1000.0
"""The balancing's own time at the beginning; it is none that stands for 'never'."""


class _Row:
    """One phase of one fuse."""

    def __init__(self, circuit_id: str, phase: Phase, limit_a: float) -> None:
        self.circuit_id = circuit_id
        self.phase = phase
        self.limit_a = limit_a
        self.highest_a = 0.0
        self.over_s = self.longest_s = self.alone_s = 0.0
        self.heat = self.hottest = 0.25
        self._run_s = 0.0

    def carry(self, current_a: float, house_a: float) -> None:
        self.highest_a = max(self.highest_a, current_a)
        if house_a > self.limit_a + TOLERANCE_A:
            self.alone_s += STEP_S
        if current_a > self.limit_a + TOLERANCE_A:
            self.over_s += STEP_S
            self._run_s += STEP_S
            self.longest_s = max(self.longest_s, self._run_s)
        else:
            self._run_s = 0.0
        self.heat += ((max(0.0, current_a) / self.limit_a) ** 2 - self.heat) * STEP_S / _HEAT_TAU_S
        self.hottest = max(self.hottest, self.heat)

    def result(self) -> RowResult:
        return RowResult(
            circuit_id=self.circuit_id,
            phase=self.phase,
            limit_a=self.limit_a,
            highest_a=self.highest_a,
            over_s=self.over_s,
            longest_over_s=self.longest_s,
            heat=self.hottest,
            tripped=self.hottest >= TRIP_HEAT,
            over_without_cars_s=self.alone_s,
        )


class _Slices:
    """Means over slices of time."""

    def __init__(self) -> None:
        self.means: list[float] = []
        self._sum = 0.0
        self._count = 0

    def add(self, value: float) -> None:
        self._sum += value
        self._count += 1

    def close(self) -> None:
        self.means.append(self._sum / self._count if self._count else 0.0)
        self._sum, self._count = 0.0, 0


class Rehearsal:
    """One rehearsal. Pure: nothing but what it is given goes in."""

    def __init__(
        self,
        layout: SiteLayout,
        loads: Mapping[str, LoadSeries],
        cars: Iterable[CarPlan],
        *,
        hours: float,
        meter_every_s: float = 1.0,
        settings: BalancingSettings | None = None,
    ) -> None:
        """Prepare. `loads` are per circuit what it feeds beside chargers and the circuits below. Raises LayoutError."""
        self._tree = FuseTree(layout)
        self._balancer = Balancer(settings)
        self._balancer.set_layout(layout)
        self._loads = loads
        self._cars = [
            RehearsedCar(plan, self._tree.placements[plan.evse].wiring, number) for number, plan in enumerate(cars)
        ]
        self._cars_below = {
            circuit_id: [car for car in self._cars if car.plan.evse in self._tree.evses_below(circuit_id)]
            for circuit_id in self._tree.circuits
        }
        self._children: dict[str, list[str]] = {circuit_id: [] for circuit_id in self._tree.circuits}
        for circuit in self._tree.circuits.values():
            if circuit.parent_id is not None:
                self._children[circuit.parent_id].append(circuit.circuit_id)
        self._seconds = max(1, int(hours * 3600))
        self._meter_every_s = max(STEP_S, meter_every_s)
        self._slice_s = max(60.0, -(-self._seconds // _MOST_SLICES))
        self._rows = [
            _Row(circuit_id, phase, circuit.limit_a[phase])
            for circuit_id, circuit in self._tree.circuits.items()
            for phase in Phase
            if circuit.limit_a[phase] > 0
        ]
        self._offers = [_Slices() for _ in self._cars]
        self._draws = [_Slices() for _ in self._cars]
        self._house = [_Slices() for _ in Phase]
        self._root = next((it.circuit_id for it in self._tree.circuits.values() if it.parent_id is None), None)
        self._wanted: dict[EvseKey, bool] = {}

    def run(self, stop: Callable[[], bool] = lambda: False) -> RehearsalResult:
        """Play it; `stop` is asked every simulated minute whether to break off."""
        played = 0
        finished = True
        for second in range(self._seconds):
            if second % 60 == 0 and stop():
                finished = False
                break
            self._second(float(second))
            played = second + 1
        for slices in (*self._offers, *self._draws, *self._house):
            if not slices.means:
                slices.close()
        return self._result(float(played), finished)

    def _second(self, at_s: float) -> None:
        now_s = _BEGIN_S + at_s
        for car in self._cars:
            car.live(at_s, STEP_S)
        house: dict[str, PhaseAmperes] = {}
        for circuit_id in self._tree.circuits:
            self._sum_house(circuit_id, at_s, house)
        carried = {circuit_id: self._with_cars(circuit_id, house[circuit_id]) for circuit_id in house}
        for row in self._rows:
            row.carry(carried[row.circuit_id][row.phase], house[row.circuit_id][row.phase])
        if at_s % self._meter_every_s < STEP_S:
            for circuit_id, circuit in self._tree.circuits.items():
                if circuit.metered:
                    shown = carried[circuit_id]
                    if not circuit.phases_measured:
                        shown = PhaseAmperes(*(shown.total / 3,) * 3)
                    self._balancer.meter_reported(CircuitSample(circuit_id, shown, now_s))
        self._tell_cars(at_s, now_s)
        self._note(at_s, house)

    def _tell_cars(self, at_s: float, now_s: float) -> None:
        for number, car in enumerate(self._cars):
            evse, wants = car.plan.evse, car.there(at_s)
            if self._wanted.get(evse) is not wants:
                self._wanted[evse] = wants
                demand = EvseDemand(evse, connected=True, wants_current=wants, ceiling_a=car.plan.maximum_a)
                self._balancer.set_demand(demand, now_s)
            if (at_s + number) % SAMPLE_EVERY_S < STEP_S:
                self._balancer.draw_reported(evse, car.terminals_a, now_s)
        decision = self._balancer.decide(now_s)
        for car in self._cars:
            offer_a = decision.offers[car.plan.evse].current_a
            if car.there(at_s) and (offer_a != car.limit_a or not car.commands):
                car.told(offer_a)
                self._balancer.offer_confirmed(car.plan.evse, offer_a, now_s + CONFIRM_S)

    def _sum_house(self, circuit_id: str, at_s: float, sums: dict[str, PhaseAmperes]) -> PhaseAmperes:
        if circuit_id in sums:
            return sums[circuit_id]
        series = self._loads.get(circuit_id)
        l1, l2, l3 = series.at(at_s) if series is not None else NO_CURRENT
        for child in self._children[circuit_id]:
            below = self._sum_house(child, at_s, sums)
            l1, l2, l3 = l1 + below.l1, l2 + below.l2, l3 + below.l3
        sums[circuit_id] = PhaseAmperes(l1, l2, l3)
        return sums[circuit_id]

    def _with_cars(self, circuit_id: str, house: PhaseAmperes) -> PhaseAmperes:
        l1, l2, l3 = house
        for car in self._cars_below[circuit_id]:
            if car.draw_a:
                drawn = car.phases_a
                l1, l2, l3 = l1 + drawn.l1, l2 + drawn.l2, l3 + drawn.l3
        return PhaseAmperes(l1, l2, l3)

    def _note(self, at_s: float, house: Mapping[str, PhaseAmperes]) -> None:
        for car, offers, draws in zip(self._cars, self._offers, self._draws, strict=True):
            offers.add(car.limit_a if car.there(at_s) else 0.0)
            draws.add(car.draw_a)
        if self._root is not None:
            for slices, current_a in zip(self._house, house[self._root], strict=True):
                slices.add(current_a)
        if (at_s + STEP_S) % self._slice_s < STEP_S:
            for slices in (*self._offers, *self._draws, *self._house):
                slices.close()

    def _result(self, played_s: float, finished: bool) -> RehearsalResult:
        rows = sorted((row.result() for row in self._rows), key=lambda row: (-row.over_s, -row.highest_a / row.limit_a))
        cars = tuple(
            CarResult(
                evse=car.plan.evse,
                wanted_wh=car.plan.energy_wh,
                energy_wh=car.energy_wh,
                waited_s=car.waited_s,
                finished_s=car.finished_s,
                pauses=car.pauses,
                offers_a=tuple(offers.means),
                draws_a=tuple(draws.means),
            )
            for car, offers, draws in zip(self._cars, self._offers, self._draws, strict=True)
        )
        return RehearsalResult(
            played_s=played_s,
            finished=finished,
            rows=tuple(rows),
            cars=cars,
            slice_s=self._slice_s,
            house_a=tuple((l1, l2, l3) for l1, l2, l3 in zip(*(it.means for it in self._house), strict=True)),
            limits_sent=sum(car.commands for car in self._cars),
        )
