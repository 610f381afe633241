"""The fuse tree as rows: one limit per (circuit, phase), and one per circuit with a limit in W."""

from collections.abc import Container, Iterable, Mapping
from math import isfinite
from typing import NamedTuple

from ...model.circuit import Circuit, EvsePlacement, SiteLayout
from ...model.failure import LayoutError
from ...model.phases import Phase
from ...model.shared_limit import LimitBasis, SharedLimit
from ...model.station import EvseKey
from .shared_rows import LimitRows, SharedRows


class DuplicateCircuitError(LayoutError):
    """Two circuits have one id."""

    code = "duplicate_circuit"


class UnknownParentError(LayoutError):
    """A circuit hangs in one that does not exist."""

    code = "unknown_parent"


class CircuitLoopError(LayoutError):
    """A circuit hangs, by way of others, in itself."""

    code = "circuit_loop"


class DuplicateEvseError(LayoutError):
    """One EVSE is placed twice."""

    code = "duplicate_evse"


class UnknownCircuitError(LayoutError):
    """An EVSE hangs in a circuit that does not exist."""

    code = "unknown_circuit"


class InvalidValueError(LayoutError):
    """A number or a wiring that no circuit or charger can have."""

    code = "invalid_value"


class Row(NamedTuple):
    """One limit of the tree; phase None: the limit in W for all phases together."""

    circuit_id: str
    phase: Phase | None
    shared: SharedLimit | None = None
    """The shared limit that it stands for; its values may be older than those in force. None: the circuit's own."""

    def shows_in(self, metered: Container[str]) -> bool:
        """Whether one of these circuits' meters shows what loads it, even if nobody else does."""
        return self.circuit_id in metered and (self.shared is None or self.shared.basis is LimitBasis.TOTAL)


type Coefficients = tuple[tuple[int, float], ...]
"""What one ampere of an EVSE costs: (row number, A or W per A) for every row it passes on its way to the supply."""


class FuseTree:
    """A layout that has been checked. Rows are numbered: three per circuit, then those in W, then shared limits."""

    def __init__(self, layout: SiteLayout, voltage_v: float = 230.0) -> None:
        """Check the layout and number its rows. Raises LayoutError."""
        self.voltage_v = voltage_v
        self.circuits: Mapping[str, Circuit] = _circuits(layout)
        self._ancestry = {circuit_id: _ancestry(circuit_id, self.circuits) for circuit_id in self.circuits}
        self.placements: Mapping[EvseKey, EvsePlacement] = _placements(layout, self.circuits)
        self._first_row = {circuit_id: 3 * number for number, circuit_id in enumerate(self.circuits)}
        rows = [Row(circuit_id, phase) for circuit_id in self.circuits for phase in Phase]
        limits = [limit_a for circuit in self.circuits.values() for limit_a in circuit.limit_a]
        self._power_row: dict[str, int] = {}
        for circuit in self.circuits.values():
            if circuit.limit_w is not None:
                self._power_row[circuit.circuit_id] = len(rows)
                rows.append(Row(circuit.circuit_id, None))
                limits.append(circuit.limit_w)
        self.rows: tuple[Row, ...] = tuple(rows)
        self.limits: tuple[float, ...] = tuple(limits)
        """By row number, in A or W."""
        below: dict[str, list[EvseKey]] = {circuit_id: [] for circuit_id in self.circuits}
        for placement in self.placements.values():
            for circuit_id in self._ancestry[placement.circuit_id]:
                below[circuit_id].append(placement.evse)
        self._below = {circuit_id: tuple(evses) for circuit_id, evses in below.items()}
        self._own_rows = self.rows
        self._own_limits = self.limits
        self._coefficients: dict[tuple[str, tuple[Phase, ...], frozenset[int]], Coefficients] = {}
        self.shared = SharedRows(len(rows), (), self._below)

    def set_shared_limits(self, limits: Iterable[SharedLimit]) -> bool:
        """Put shared limits beside the circuits' own; those that hold for nobody here count as nothing.

        Returns whether rows have come or gone, so that what an ampere costs has changed; False if only values have.
        """
        shared = SharedRows(len(self._own_rows), limits, self._below)
        changed = shared.shape != self.shared.shape
        if changed:
            self.rows = self._own_rows + tuple(Row(limit.circuit_id, phase, limit) for limit, phase in shared.of_rows)
            self._coefficients.clear()
        self.shared = shared
        self.limits = self._own_limits + shared.values
        return changed

    def phase_row(self, circuit_id: str, phase: Phase) -> int:
        """Return the number of a circuit's row for one phase."""
        return self._first_row[circuit_id] + phase

    def power_row(self, circuit_id: str) -> int | None:
        """Return the number of a circuit's row in W, if it has such a limit."""
        return self._power_row.get(circuit_id)

    def limits_on_total(self, circuit_id: str) -> list[LimitRows]:
        """Return a circuit's own limit, and the shared ones that count all it carries."""
        circuit = self.circuits[circuit_id]
        power_row = self._power_row.get(circuit_id, 0)
        first_row = self._first_row[circuit_id]
        own = LimitRows(circuit_id, LimitBasis.TOTAL, circuit.limit_a, first_row, circuit.limit_w, power_row)
        return [own, *(limit for limit in self.shared.limits if limit[:2] == (circuit_id, LimitBasis.TOTAL))]

    def ancestry(self, circuit_id: str) -> tuple[str, ...]:
        """Return the circuit itself and all it hangs in, up to the supply."""
        return self._ancestry[circuit_id]

    def evses_below(self, circuit_id: str) -> tuple[EvseKey, ...]:
        """Return all EVSEs that the circuit feeds, at any depth."""
        return self._below[circuit_id]

    def phases(self, evse: EvseKey, phases_used: tuple[int, ...] | None = None) -> tuple[Phase, ...]:
        """Return the building phases an EVSE loads, or may load where the car's terminals are not known yet."""
        wiring = self.placements[evse].wiring
        if phases_used:
            seen = tuple(phase for terminal, phase in enumerate(wiring) if terminal in phases_used)
            if seen:
                return seen
        return wiring

    def coefficients(self, evse: EvseKey, phases_used: tuple[int, ...] | None = None) -> Coefficients:
        """Return what one ampere on each loaded phase of an EVSE costs in every row above it.

        EVSEs that load the same phases of the same circuit get the same tuple.
        """
        phases = tuple(sorted(self.phases(evse, phases_used)))
        placement = self.placements[evse]
        member_of = self.shared.member_of(evse)
        known = self._coefficients.get((placement.circuit_id, phases, member_of))
        if known is not None:
            return known
        watts = self.voltage_v * len(phases)
        costs: list[tuple[int, float]] = []
        for circuit_id in self._ancestry[placement.circuit_id]:
            first = self._first_row[circuit_id]
            costs.extend((first + phase, 1.0) for phase in phases)
            power_row = self._power_row.get(circuit_id)
            if power_row is not None:
                costs.append((power_row, watts))
        costs.extend(self.shared.costs(member_of, phases, watts))
        coefficients = tuple(sorted(costs))
        self._coefficients[placement.circuit_id, phases, member_of] = coefficients
        return coefficients

    def shared_by_others(self, evse: EvseKey, phases_used: tuple[int, ...] | None = None) -> Coefficients:
        """Return what one ampere of an EVSE takes from shared limits that hold for others but count it."""
        loaded = self.shared.counted_in(evse)
        if not loaded:
            return ()
        phases = self.phases(evse, phases_used)
        return tuple(self.shared.costs(loaded, phases, self.voltage_v * len(phases)))


def _circuits(layout: SiteLayout) -> dict[str, Circuit]:
    circuits: dict[str, Circuit] = {}
    for circuit in layout.circuits:
        circuit_id = circuit.circuit_id
        if circuit_id in circuits:
            raise DuplicateCircuitError(f"Circuit {circuit_id} is there twice", circuit=circuit_id)
        numbers = (*circuit.limit_a, circuit.limit_w or 0.0, circuit.margin_a, circuit.reserve_a)
        if not all(isfinite(number) and number >= 0 for number in (*numbers, circuit.stale_after_s)):
            raise InvalidValueError(f"Circuit {circuit_id} has an impossible limit", place=circuit.name)
        circuits[circuit_id] = circuit
    for circuit in layout.circuits:
        if circuit.parent_id is not None and circuit.parent_id not in circuits:
            raise UnknownParentError(
                f"Circuit {circuit.circuit_id} hangs in {circuit.parent_id}, which does not exist",
                circuit=circuit.circuit_id,
                parent=circuit.parent_id,
            )
    return circuits


def _ancestry(circuit_id: str, circuits: Mapping[str, Circuit]) -> tuple[str, ...]:
    path: list[str] = []
    step: str | None = circuit_id
    while step is not None:
        if step in path:
            raise CircuitLoopError(f"Circuit {step} hangs in itself", circuit=step)
        path.append(step)
        step = circuits[step].parent_id
    return tuple(path)


def _placements(layout: SiteLayout, circuits: Mapping[str, Circuit]) -> dict[EvseKey, EvsePlacement]:
    placements: dict[EvseKey, EvsePlacement] = {}
    for placement in layout.placements:
        evse = placement.evse
        name = f"{evse.station_id}/{evse.evse_id}"
        if evse in placements:
            raise DuplicateEvseError(f"EVSE {name} is placed twice", evse=name)
        if placement.circuit_id not in circuits:
            raise UnknownCircuitError(
                f"EVSE {name} hangs in {placement.circuit_id}, which does not exist",
                evse=name,
                circuit=placement.circuit_id,
            )
        not_negative = (placement.maximum_a, placement.safe_a)
        positive = (placement.minimum_a, placement.step_a, placement.weight)
        wiring = placement.wiring
        if (
            not all(isfinite(number) and number >= 0 for number in not_negative)
            or not all(isfinite(number) and number >= 0.001 for number in positive)
            or not wiring
            or len(set(wiring)) != len(wiring)
        ):
            raise InvalidValueError(f"EVSE {name} has an impossible current, weight or wiring", place=name)
        placements[evse] = placement
    return placements
