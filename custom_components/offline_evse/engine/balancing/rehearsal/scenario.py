"""What is to be played: the house's loads per circuit, and the cars that come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...model.circuit import Circuit, SiteLayout
from ...model.phases import Phase, PhaseAmperes
from ...model.rehearsal import LoadSeries
from ...model.station import EvseKey

DRAWN_AT_MOST = 0.95
"""Share of its fuse that a house takes in the built-in evening: it does not trip its fuse without any car."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarPlan:
    """A car that is to come."""

    evse: EvseKey
    energy_wh: float
    arrives_s: float = 0.0
    terminals: int = 3
    """How many phases it charges on; no more than its EVSE has."""
    maximum_a: float = 16.0


@dataclass(frozen=True, slots=True)
class Appliance:
    """A load of a house that goes on and off by the clock."""

    current_a: float
    phases: tuple[Phase, ...]
    first_s: int
    on_s: int
    every_s: int
    duty: tuple[int, int] | None = None
    """(s on, s off) while it is on; None: on all the while."""

    def draws(self, at_s: int) -> bool:
        """Tell whether it takes current at a time."""
        if at_s < self.first_s:
            return False
        inside_s = (at_s - self.first_s) % self.every_s
        if inside_s >= self.on_s:
            return False
        return self.duty is None or inside_s % sum(self.duty) < self.duty[0]


_L1, _L2, _L3 = Phase.L1, Phase.L2, Phase.L3
WORST_EVENING: tuple[Appliance, ...] = (
    Appliance(10.0, (_L1,), 600, 2700, 7200, (40, 60)),
    Appliance(9.0, (_L2,), 420, 180, 1380),
    Appliance(9.0, (_L1,), 1010, 150, 2900),
    Appliance(5.0, (_L1, _L2, _L3), 120, 1200, 2100),
    Appliance(12.0, (_L2,), 900, 1500, 5400, (5, 5)),
    Appliance(12.0, (_L3,), 930, 1500, 5400, (7, 4)),
    Appliance(8.0, (_L3,), 2400, 3000, 9000, (240, 60)),
)
"""An oven, a kettle twice, a heat pump, two zones of an induction hob, a dryer: all that is hard to follow."""
_BASE_A = 1.5


def worst_evening(circuit: Circuit, hours: float) -> LoadSeries:
    """Return the built-in evening for a circuit, second by second; on one phase where it has only one."""
    there = [phase for phase in Phase if circuit.limit_a[phase] > 0]
    loads = []
    for at_s in range(max(1, int(hours * 3600))):
        load = [_BASE_A if phase in there else 0.0 for phase in Phase]
        for appliance in WORST_EVENING:
            if appliance.draws(at_s):
                for phase in appliance.phases:
                    if there:
                        load[phase if phase in there else there[0]] += appliance.current_a
        most = [DRAWN_AT_MOST * limit_a for limit_a in circuit.limit_a]
        loads.append(PhaseAmperes(*(min(pair) for pair in zip(load, most, strict=True))))
    return LoadSeries(1.0, tuple(loads))


def own_loads(layout: SiteLayout, totals: Mapping[str, LoadSeries]) -> dict[str, LoadSeries]:
    """Take from what each meter showed what the meters below it showed too, so that no load is played twice.

    All series have to have the same step. A meter below that showed more than the one above leaves nothing.
    """
    parents = {circuit.circuit_id: circuit.parent_id for circuit in layout.circuits}
    nearest: dict[str, list[str]] = {}
    for circuit_id in totals:
        above = parents.get(circuit_id)
        while above is not None and above not in totals:
            above = parents.get(above)
        if above is not None:
            nearest.setdefault(above, []).append(circuit_id)
    return {
        circuit_id: _less(series, [totals[below] for below in nearest.get(circuit_id, ())])
        for circuit_id, series in totals.items()
    }


def _less(series: LoadSeries, below: Iterable[LoadSeries]) -> LoadSeries:
    below = list(below)
    if not below:
        return series
    left = []
    for number, load in enumerate(series.loads_a):
        at_s = number * series.step_s
        taken = [sum(other.at(at_s)[phase] for other in below) for phase in Phase]
        left.append(PhaseAmperes(*(all_a - taken_a for all_a, taken_a in zip(load, taken, strict=True))))
    return LoadSeries(series.step_s, tuple(left))
