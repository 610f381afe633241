"""What every row of the tree can give to chargers: now, and for the whole last while."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from ..model.circuit import Circuit
from ..model.meter import CircuitSample
from ..model.phases import Phase, PhaseAmperes
from ..model.station import EvseKey
from .circuit_load import CircuitLoad, Hearing, Loads
from .draw import Bounds
from .fuse_tree import FuseTree
from .settings import BalancingSettings


@dataclass(frozen=True, slots=True)
class Capacity:
    """Capacity by row number, in A or W, before anything is held for chargers out of sight. May be negative."""

    now: list[float]
    sustained: list[float]
    """What was free without a break; never more than now, minus infinity where that is not known."""
    cautious: list[float] | None
    """While a fuse is overloaded: what is free if all that may be the house's is the house's."""
    hearing: dict[str, Hearing]
    """How well each metered circuit's meter is heard."""

    @property
    def silent(self) -> frozenset[str]:
        """Metered circuits whose chargers have to be held at their safe currents."""
        return frozenset(circuit_id for circuit_id, heard in self.hearing.items() if heard is Hearing.SILENT)


class CapacityEstimate:
    """Keeps the load of every metered circuit, and turns loads and limits into capacities."""

    def __init__(self, settings: BalancingSettings, bounds_of: Callable[[EvseKey, float], Bounds]) -> None:
        """Ask `bounds_of` what an EVSE may draw at a time."""
        self._settings = settings
        self._bounds_of = bounds_of
        self._tree: FuseTree | None = None
        self._loads: dict[str, CircuitLoad] = {}
        self._sums: dict[str, Bounds] = {}
        self._summed_at_s = -inf

    def set_tree(self, tree: FuseTree) -> None:
        """Take over a tree; circuits that stay metered keep what was learned of them."""
        kept = self._loads
        self._tree = tree
        self.forget_sums()
        self._loads = {}
        for circuit_id, circuit in tree.circuits.items():
            if circuit.metered:
                load = kept.get(circuit_id) or CircuitLoad(circuit, self._settings)
                load.circuit = circuit
                self._loads[circuit_id] = load

    def forget_sums(self) -> None:
        """Something has happened that changes what cars may draw."""
        self._sums.clear()

    def report(self, sample: CircuitSample) -> bool:
        """Take in a meter's report; returns whether it was of any use."""
        load = self._loads.get(sample.circuit_id)
        if load is None:
            return False
        return load.report(sample.currents_a, sample.at_s, self._below(sample.circuit_id, sample.at_s))

    def update(self, at_s: float) -> None:
        """Look again at all loads: draws, offers or the time have changed."""
        for circuit_id, load in self._loads.items():
            load.update(at_s, self._below(circuit_id, at_s))

    def expect_drop(self, circuit_id: str, phase: Phase, drop_a: float, at_s: float) -> None:
        """Note that a car below the circuit has been told to draw less by this much."""
        load = self._loads.get(circuit_id)
        if load is not None:
            load.expect_drop(phase, drop_a, at_s)

    def measured(self, circuit_id: str, at_s: float) -> PhaseAmperes | None:
        """Return what the circuit's meter says; None without one, and while it is silent."""
        load = self._loads.get(circuit_id)
        return load.measured if load is not None and load.hearing(at_s) is Hearing.FRESH else None

    def capacity(self, at_s: float) -> Capacity:
        """Return what every row can give."""
        assert self._tree is not None
        tree = self._tree
        now = [0.0] * len(tree.rows)
        sustained = [0.0] * len(tree.rows)
        cautious: list[float] | None = None
        hearing: dict[str, Hearing] = {}
        for circuit_id, circuit in tree.circuits.items():
            load = self._loads.get(circuit_id)
            reserve = Loads((circuit.reserve_a,) * 3, circuit.reserve_a * _phases(circuit))
            if load is None:
                self._fill(circuit, now, reserve, 0.0)
                self._fill(circuit, sustained, reserve, 0.0)
                continue
            heard = load.hearing(at_s)
            hearing[circuit_id] = heard
            match heard:
                case Hearing.SILENT:
                    self._fill(circuit, now, reserve, 0.0)
                    self._fill(circuit, sustained, reserve, 0.0)
                case Hearing.HELD:
                    self._fill(circuit, now, load.highest(at_s), circuit.margin_a)
                    self._fill(circuit, sustained, None, 0.0)
                case Hearing.FRESH:
                    present = Loads((load.loads[0], load.loads[1], load.loads[2]), sum(load.loads))
                    self._fill(circuit, now, present, circuit.margin_a)
                    self._fill(circuit, sustained, load.sustained(at_s), circuit.margin_a)
        for circuit_id, heard in hearing.items():
            load = self._loads[circuit_id]
            if heard is Hearing.FRESH and (most := load.cautious()) is not None:
                cautious = cautious or list(now)
                self._fill(load.circuit, cautious, most, load.circuit.margin_a)
        return Capacity(now, [min(pair) for pair in zip(now, sustained, strict=True)], cautious, hearing)

    def changes_at(self, at_s: float) -> list[float]:
        """Return the times after `at_s` at which a capacity may change without a report."""
        return [time_s for load in self._loads.values() for time_s in load.changes_at(at_s)]

    def _fill(self, circuit: Circuit, rows: list[float], loads: Loads | None, margin_a: float) -> None:
        """Write a circuit's capacities. Generation can go away within a second, so it frees its own phase at most."""
        assert self._tree is not None
        first = self._tree.phase_row(circuit.circuit_id, Phase.L1)
        for phase in range(3):
            free = -inf if loads is None else circuit.limit_a[phase] - margin_a - max(0.0, loads.phases[phase])
            rows[first + phase] = free
        power_row = self._tree.power_row(circuit.circuit_id)
        if power_row is not None and circuit.limit_w is not None:
            taken = inf if loads is None else max(0.0, loads.total) + margin_a * _phases(circuit)
            rows[power_row] = circuit.limit_w - taken * self._tree.voltage_v

    def _below(self, circuit_id: str, at_s: float) -> Bounds:
        assert self._tree is not None
        if at_s - self._summed_at_s > 1.0:
            # Reports grow stale without anything happening; a second sooner or later does not matter.
            self._sums.clear()
            self._summed_at_s = at_s
        if (known := self._sums.get(circuit_id)) is not None:
            return known
        low = [0.0, 0.0, 0.0]
        expected = [0.0, 0.0, 0.0]
        high = [0.0, 0.0, 0.0]
        for evse in self._tree.evses_below(circuit_id):
            bounds = self._bounds_of(evse, at_s)
            if bounds.high.total:
                for phase in range(3):
                    low[phase] += bounds.low[phase]
                    expected[phase] += bounds.expected[phase]
                    high[phase] += bounds.high[phase]
        sums = Bounds(PhaseAmperes(*low), PhaseAmperes(*expected), PhaseAmperes(*high))
        self._sums[circuit_id] = sums
        return sums


def _phases(circuit: Circuit) -> int:
    return sum(limit_a > 0 for limit_a in circuit.limit_a)
