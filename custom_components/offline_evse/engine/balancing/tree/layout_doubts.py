"""What is possible but hardly meant in a layout: it works, but somebody should be told."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ...model.circuit import Circuit, EvsePlacement, SiteLayout
from ...model.phases import Phase
from .fuse_tree import FuseTree


@dataclass(frozen=True, slots=True)
class LayoutDoubt:
    """One doubt. `code` names it, `placeholders` the places and figures, for whoever translates it."""

    code: str
    placeholders: dict[str, str] = field(default_factory=dict)


def doubts(layout: SiteLayout) -> tuple[LayoutDoubt, ...]:
    """Return all doubts about a layout, circuits first. Raises LayoutError for one that cannot be.

    Codes: `reserve_above_limit`, `limit_below_minimum` and `power_below_minimum` for a limit too small for any
    charger below, `safe_currents_above_limit`, `phase_missing` for a charger on a phase that a circuit above it does
    not have, and `fuse_below_charger` for one that alone cannot charge at its minimum. A charger larger than its fuse
    is no doubt: it is what balancing is for.
    """
    tree = FuseTree(layout)
    found: list[LayoutDoubt] = []
    for circuit in tree.circuits.values():
        placements = [tree.placements[evse] for evse in tree.evses_below(circuit.circuit_id)]
        found.extend(_about_circuit(circuit, placements, tree.voltage_v))
    for placement in tree.placements.values():
        found.extend(_about_placement(placement, tree))
    return tuple(found)


def _about_circuit(circuit: Circuit, placements: list[EvsePlacement], voltage_v: float) -> Iterator[LayoutDoubt]:
    present = [limit_a for limit_a in circuit.limit_a if limit_a > 0]
    if circuit.reserve_a and (not present or circuit.reserve_a > min(present)):
        yield LayoutDoubt(
            "reserve_above_limit",
            {"circuit": circuit.name, "reserve": _figure(circuit.reserve_a), "limit": _figure(min(present, default=0))},
        )
    if not placements:
        return
    least_a = min(placement.minimum_a for placement in placements)
    if not present or max(present) < least_a:
        yield LayoutDoubt(
            "limit_below_minimum",
            {"circuit": circuit.name, "limit": _figure(max(present, default=0)), "minimum": _figure(least_a)},
        )
    least_w = min(placement.minimum_a * voltage_v * len(placement.wiring) for placement in placements)
    if circuit.limit_w is not None and circuit.limit_w < least_w:
        yield LayoutDoubt(
            "power_below_minimum",
            {"circuit": circuit.name, "limit": _figure(circuit.limit_w), "minimum": _figure(least_w)},
        )
    for phase in Phase:
        safe_a = sum(placement.safe_a for placement in placements if phase in placement.wiring)
        left_a = circuit.limit_a[phase] - circuit.reserve_a
        if circuit.limit_a[phase] > 0 and safe_a > max(0.0, left_a):
            yield LayoutDoubt(
                "safe_currents_above_limit",
                {
                    "circuit": circuit.name,
                    "phase": phase.name,
                    "safe": _figure(safe_a),
                    "left": _figure(max(0.0, left_a)),
                },
            )
            return


def _about_placement(placement: EvsePlacement, tree: FuseTree) -> Iterator[LayoutDoubt]:
    evse = f"{placement.evse.station_id}/{placement.evse.evse_id}"
    for circuit_id in tree.ancestry(placement.circuit_id):
        circuit = tree.circuits[circuit_id]
        limits_a = {phase: circuit.limit_a[phase] for phase in placement.wiring}
        if missing := [phase.name for phase, limit_a in limits_a.items() if limit_a <= 0]:
            yield LayoutDoubt(
                "phase_missing", {"evse": evse, "circuit": circuit.name, "phases": ", ".join(sorted(missing))}
            )
            return
    for circuit_id in tree.ancestry(placement.circuit_id):
        circuit = tree.circuits[circuit_id]
        least_a = min(circuit.limit_a[phase] for phase in placement.wiring)
        if least_a < placement.minimum_a:
            yield LayoutDoubt(
                "fuse_below_charger",
                {
                    "evse": evse,
                    "circuit": circuit.name,
                    "limit": _figure(least_a),
                    "minimum": _figure(placement.minimum_a),
                },
            )
            return


def _figure(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
