"""What a site would do if nobody steered it any more: worked out from the tree alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..model.circuit import Circuit
from ..model.offer import CircuitState
from ..model.outlook import Outlook
from ..model.phases import Phase
from ..model.station import EvseKey
from .tree.fuse_tree import FuseTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What becomes of one EVSE that hears nothing any more."""

    evse: EvseKey
    running: bool
    """Whether a transaction runs; otherwise a car may come, and gets what the charger gives it without us."""
    now_a: float
    """The most it may draw until its limit has run out, in A."""
    then_a: float
    """The most it may draw for ever after, in A."""
    falls_after_s: float | None
    """When its limit has run out, in s from now; None: it does not."""
    phases_used: tuple[int, ...] | None = None
    """Terminals (0-based) that its car draws on, where that is known and cannot change."""


def look_ahead(tree: FuseTree, circuits: Mapping[str, CircuitState], prospects: Iterable[Prospect]) -> Outlook:
    """Say what the worst fuse would carry if the site fell silent now.

    Every car counts with the higher of what it has now and what it is left with: they do not fall at the same time.
    A charger without a session counts only in the figures for a full site, with what it is left with. The house counts
    with what it takes now, or with what is reserved for it where nobody measures it.
    """
    fates = list(prospects)
    load = [0.0] * len(tree.rows)
    more = [0.0] * len(tree.rows)
    for fate in fates:
        worst_a = max(fate.now_a, fate.then_a) if fate.running else fate.then_a
        phases_used = fate.phases_used if fate.running else None
        for row, cost in tree.coefficients(fate.evse, phases_used):
            (load if fate.running else more)[row] += cost * worst_a
    for circuit_id, circuit in tree.circuits.items():
        for phase in Phase:
            house_a = _house_a(circuit, circuits.get(circuit_id), phase)
            load[tree.phase_row(circuit_id, phase)] += house_a
            if (power_row := tree.power_row(circuit_id)) is not None:
                load[power_row] += tree.voltage_v * house_a
    running = [fate for fate in fates if fate.running]
    falling = [fate for fate in running if fate.falls_after_s is not None and fate.then_a < fate.now_a]
    rising = [fate for fate in running if fate.then_a > fate.now_a]
    worst = _worst(tree, load)
    full = [now + later for now, later in zip(load, more, strict=True)]
    worst_when_full = _worst(tree, full)
    return Outlook(
        falling_count=len(falling),
        holding_count=len(running) - len(falling) - len(rising),
        rising_count=len(rising),
        to_a=max((fate.then_a for fate in falling), default=None),
        after_s=max((fate.falls_after_s or 0.0 for fate in falling), default=0.0),
        circuit_id=None if worst is None else tree.rows[worst].circuit_id,
        phase=None if worst is None else tree.rows[worst].phase,
        load=0.0 if worst is None else load[worst],
        limit=0.0 if worst is None else tree.limits[worst],
        full_load=0.0 if worst_when_full is None else full[worst_when_full],
        full_limit=0.0 if worst_when_full is None else tree.limits[worst_when_full],
        full_circuit_id=None if worst_when_full is None else tree.rows[worst_when_full].circuit_id,
        full_phase=None if worst_when_full is None else tree.rows[worst_when_full].phase,
    )


def _house_a(circuit: Circuit, state: CircuitState | None, phase: Phase) -> float:
    """Return what everything but chargers takes of a phase, in A: as measured, or else as reserved."""
    if not circuit.metered or state is None or state.meter_silent:
        return circuit.reserve_a if circuit.limit_a[phase] else 0.0
    if state.uncontrolled_a is not None:
        return max(0.0, state.uncontrolled_a[phase])
    return max(0.0, circuit.limit_a[phase] - circuit.margin_a - state.capacity_a[phase])


def _worst(tree: FuseTree, load: list[float]) -> int | None:
    """Return the row that is nearest to its limit, or furthest above it.

    Rows without a limit carry nothing. What a goal or the grid wants is no fuse: nothing burns above it.
    """
    candidates = [row for row, limit in enumerate(tree.limits) if limit > 0 and tree.rows[row].shared is None]
    return max(candidates, key=lambda row: load[row] / tree.limits[row], default=None)
