"""What every row of the tree can give to chargers: now, and for the whole last while."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf

from ...model.circuit import Circuit
from ...model.meter import CircuitSample
from ...model.phases import Phase, PhaseAmperes
from ...model.station import EvseKey
from ..car.draw import Bounds
from ..settings import BalancingSettings
from ..tree.fuse_tree import FuseTree
from ..tree.shared_rows import LimitRows
from .circuit_load import CircuitLoad, Hearing, Loads
from .draws_below import DrawsBelow
from .meter_traits import Told


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


class _Filling:
    """Writes what one circuit can give into its rows, and into those of shared limits that count all it carries."""

    __slots__ = ("_limits", "_watts", "circuit", "reserve")

    def __init__(self, circuit: Circuit, limits: list[LimitRows], voltage_v: float) -> None:
        """Fill the rows of these limits."""
        phases = sum(limit_a > 0 for limit_a in circuit.limit_a)
        self.circuit = circuit
        self.reserve = Loads((circuit.reserve_a,) * 3, circuit.reserve_a * phases)
        self._limits = limits
        self._watts = voltage_v, voltage_v * phases

    def fill(self, rows: list[float], loads: Loads | None, margin_a: float) -> None:
        """Write capacities. Generation can go away within a second, so it frees its own phase at most."""
        volts, watts = self._watts
        for _, _, limit_a, first_row, limit_w, power_row in self._limits:
            if limit_a is not None:
                if loads is None:
                    rows[first_row] = rows[first_row + 1] = rows[first_row + 2] = -inf
                else:
                    l1, l2, l3 = loads.phases
                    rows[first_row] = limit_a[0] - margin_a - (max(0.0, l1))
                    rows[first_row + 1] = limit_a[1] - margin_a - (max(0.0, l2))
                    rows[first_row + 2] = limit_a[2] - margin_a - (max(0.0, l3))
            if limit_w is not None:
                rows[power_row] = -inf if loads is None else limit_w - max(0.0, loads.total) * volts - margin_a * watts


class CapacityEstimate:
    """Keeps the load of every metered circuit, and turns loads and limits into capacities."""

    def __init__(
        self,
        settings: BalancingSettings,
        bounds_of: Callable[[EvseKey, float], tuple[Bounds, float]],
        told_by: Callable[[EvseKey, float], tuple[float, PhaseAmperes] | None],
    ) -> None:
        """Ask `bounds_of` what an EVSE may draw, and until when that holds; `told_by` what it says that it draws."""
        self._settings = settings
        self._draws = DrawsBelow(bounds_of)
        self._told_by = told_by
        self._tree: FuseTree | None = None
        self._loads: dict[str, CircuitLoad] = {}
        self._metered: list[tuple[_Filling, CircuitLoad]] = []
        self._unmetered: list[float] = []
        """Capacity by row as far as no meter has a say in it."""

    def set_tree(self, tree: FuseTree) -> None:
        """Take over a tree; circuits that stay metered keep what was learned of them."""
        kept = self._loads
        self._tree = tree
        self._loads = {}
        for circuit_id, circuit in tree.circuits.items():
            if circuit.metered:
                load = kept.get(circuit_id) or CircuitLoad(circuit, self._settings)
                load.circuit = circuit
                self._loads[circuit_id] = load
        self._draws.set_tree(tree, self._loads)
        self.limits_changed()

    def limits_changed(self) -> None:
        """Take over the tree's shared limits as they are now."""
        assert self._tree is not None
        tree = self._tree
        self._metered = []
        self._unmetered = list(tree.limits)
        for circuit_id, circuit in tree.circuits.items():
            filling = _Filling(circuit, tree.limits_on_total(circuit_id), tree.voltage_v)
            if (load := self._loads.get(circuit_id)) is not None:
                self._metered.append((filling, load))
            else:
                filling.fill(self._unmetered, filling.reserve, 0.0)

    def forget(self, evse: EvseKey) -> None:
        """Something has happened that changes what the car at an EVSE may draw."""
        self._draws.forget(evse)

    def forget_all(self) -> None:
        """Something has happened that changes what any car may draw."""
        self._draws.forget_all()

    def report(self, sample: CircuitSample) -> bool:
        """Take in a meter's report; returns whether it was of any use."""
        load = self._loads.get(sample.circuit_id)
        if load is None:
            return False
        return load.report(sample.currents_a, sample.at_s, self._draws.of(sample.circuit_id, sample.at_s))

    def update(self, at_s: float) -> None:
        """Look again at all loads: draws, offers or the time have changed."""
        for circuit_id, load in self._loads.items():
            load.update(at_s, self._draws.of(circuit_id, at_s), partial(self._told, circuit_id, at_s))

    def expect_drop(self, circuit_id: str, phase: Phase, drop_a: float, at_s: float) -> None:
        """Note that a car below the circuit has been told to draw less by this much."""
        load = self._loads.get(circuit_id)
        if load is not None:
            load.expect_drop(phase, drop_a, at_s)

    def distrust(self, circuit_id: str, distrusted: bool, at_s: float) -> None:
        """Take the circuit's meter for silent, whatever it reports, or believe it again."""
        load = self._loads.get(circuit_id)
        if load is not None:
            load.distrust(distrusted, at_s)

    def measured(self, circuit_id: str, at_s: float) -> PhaseAmperes | None:
        """Return what the circuit's meter says; None without one, and while it is silent."""
        load = self._loads.get(circuit_id)
        return load.measured if load is not None and load.hearing(at_s) is Hearing.FRESH else None

    def uncontrolled(self, circuit_id: str, at_s: float) -> PhaseAmperes | None:
        """Return what everything but cars draws at most; None without a meter, and while it is silent."""
        load = self._loads.get(circuit_id)
        if load is None or load.measured is None or load.hearing(at_s) is not Hearing.FRESH:
            return None
        return PhaseAmperes(*load.loads)

    def carried(self, circuit_id: str, at_s: float) -> PhaseAmperes | None:
        """Return what a metered circuit carries: as measured, or else what all below may draw; None: not heard yet."""
        assert self._tree is not None
        load = self._loads.get(circuit_id)
        if load is None or load.measured is None:
            return None
        if load.hearing(at_s) is Hearing.FRESH:
            return load.measured
        cars = self._draws.of(circuit_id, at_s).expected
        # What is only assumed of the house fills the fuse at most: nobody is paused for a guess.
        l1, l2, l3 = (
            max(car_a, min(car_a + load_a, limit_a))
            for car_a, load_a, limit_a in zip(cars, load.highest(at_s).phases, load.circuit.limit_a, strict=True)
        )
        return PhaseAmperes(l1, l2, l3)

    @property
    def frozen(self) -> frozenset[str]:
        """Circuits whose meters repeat themselves although what they measure has changed."""
        return frozenset(circuit_id for circuit_id, load in self._loads.items() if load.traits.frozen)

    def interrupt(self, at_s: float) -> None:
        """Nobody has looked for a while."""
        for load in self._loads.values():
            load.interrupt(at_s)

    def capacity(self, at_s: float) -> Capacity:
        """Return what every row can give."""
        now = self._unmetered.copy()
        sustained = self._unmetered.copy()
        hearing: dict[str, Hearing] = {}
        overloaded: list[tuple[_Filling, Loads, float]] = []
        for filling, load in self._metered:
            margin_a = load.margin_a
            heard = hearing[filling.circuit.circuit_id] = load.hearing(at_s)
            match heard:
                case Hearing.SILENT:
                    unseen = load.unseen(at_s)
                    filling.fill(now, unseen, 0.0)
                    filling.fill(sustained, unseen, 0.0)
                case Hearing.HELD:
                    filling.fill(now, load.highest(at_s), margin_a)
                    filling.fill(sustained, None, 0.0)
                case Hearing.FRESH:
                    l1, l2, l3 = load.loads
                    filling.fill(now, Loads((l1, l2, l3), l1 + l2 + l3), margin_a)
                    filling.fill(sustained, load.sustained(at_s), margin_a)
                    if (most := load.cautious()) is not None:
                        overloaded.append((filling, most, margin_a))
        cautious: list[float] | None = None
        if overloaded:
            cautious = now.copy()
            for filling, most, margin_a in overloaded:
                filling.fill(cautious, most, margin_a)
        return Capacity(now, list(map(min, now, sustained, strict=True)), cautious, hearing)

    def changes_at(self, at_s: float) -> list[float]:
        """Return the times after `at_s` at which a capacity may change without a report."""
        return [time_s for load in self._loads.values() for time_s in load.changes_at(at_s)]

    def _told(self, circuit_id: str, at_s: float) -> Told:
        """Return what all cars below a circuit say that they draw."""
        assert self._tree is not None
        currents = [0.0, 0.0, 0.0]
        sources, oldest_s = 0, at_s
        for evse in self._tree.evses_below(circuit_id):
            if (told := self._told_by(evse, at_s)) is not None:
                sources += 1
                oldest_s = min(oldest_s, told[0])
                for phase in range(3):
                    currents[phase] += told[1][phase]
        return Told(PhaseAmperes(*currents), sources, oldest_s)
