"""The fuse tree as a picture needs it: circuits inside circuits, chargers where they hang, and what is live in each."""

from dataclasses import dataclass
from enum import StrEnum

from ..model.circuit import Circuit
from ..model.offer import Binding
from ..model.phases import NO_CURRENT, PhaseAmperes, Wiring
from ..model.station import EvseKey, EvseStatus
from ..model.upstream.site import UpstreamLimit
from .register import SiteRegister
from .state import EvseState, SiteState
from .steering.metering import terminals_a


class MeterHearing(StrEnum):
    """How a circuit's meter is heard."""

    NONE = "none"
    """There is no meter."""
    HEARD = "heard"
    SILENT = "silent"
    """It has not reported for too long."""
    DISTRUSTED = "distrusted"
    """It reports, but what it shows cannot be true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeCharger:
    """An EVSE in its circuit."""

    evse: EvseKey
    name: str
    connected: bool
    status: EvseStatus | None
    offered_a: float
    binding: Binding
    missing_a: float | None
    drawn_a: tuple[float, ...] | None
    """Per terminal; None where nothing was reported."""
    power_w: float | None
    wiring: Wiring
    wiring_known: bool
    phases_used: tuple[int, ...] | None
    """Terminals that the car draws on; None: all, as far as is known."""
    maximum_a: float
    safe_a: float
    priority: int
    backend_limit: UpstreamLimit | None
    """The lowest that a backend wants here, whether it binds or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """A circuit, with what hangs in it."""

    circuit_id: str
    name: str
    limit_a: PhaseAmperes
    limit_w: float | None
    margin_a: float
    reserve_a: float
    meter: MeterHearing
    measured_a: PhaseAmperes | None
    uncontrolled_a: PhaseAmperes | None
    capacity_a: PhaseAmperes | None
    offered_a: PhaseAmperes
    reserved_a: PhaseAmperes
    available_a: PhaseAmperes | None
    heat: PhaseAmperes
    chargers: tuple[TreeCharger, ...]
    circuits: tuple[TreeNode, ...]


@dataclass(frozen=True, slots=True)
class SiteTree:
    """The whole site."""

    name: str
    safe_mode: bool
    roots: tuple[TreeNode, ...]


def site_tree(register: SiteRegister) -> SiteTree:
    """Take a picture of the tree."""
    state = register.state
    below: dict[str | None, list[Circuit]] = {}
    for circuit in state.layout.values():
        below.setdefault(circuit.parent_id, []).append(circuit)
    chargers: dict[str, list[TreeCharger]] = {}
    for key in sorted(register.evses):
        config = register.configs[key.station_id]
        chargers.setdefault(config.circuit_id, []).append(_charger(register, register.evses[key]))

    def node(circuit: Circuit) -> TreeNode:
        inside = tuple(node(child) for child in below.get(circuit.circuit_id, ()))
        return _node(state, circuit, tuple(chargers.get(circuit.circuit_id, ())), inside)

    return SiteTree(register.config.name, state.safe_mode, tuple(node(circuit) for circuit in below.get(None, ())))


def _node(
    state: SiteState, circuit: Circuit, chargers: tuple[TreeCharger, ...], circuits: tuple[TreeNode, ...]
) -> TreeNode:
    live = state.circuits.get(circuit.circuit_id)
    return TreeNode(
        circuit_id=circuit.circuit_id,
        name=circuit.name,
        limit_a=circuit.limit_a,
        limit_w=circuit.limit_w,
        margin_a=circuit.margin_a,
        reserve_a=circuit.reserve_a,
        meter=_hearing(state, circuit),
        measured_a=live.measured_a if live else None,
        uncontrolled_a=live.uncontrolled_a if live else None,
        capacity_a=live.capacity_a if live else None,
        offered_a=live.offered_a if live else NO_CURRENT,
        reserved_a=live.reserved_a if live else NO_CURRENT,
        available_a=live.available_a if live else None,
        heat=live.heat if live else NO_CURRENT,
        chargers=chargers,
        circuits=circuits,
    )


def _charger(register: SiteRegister, evse: EvseState) -> TreeCharger:
    config = register.configs[evse.key.station_id]
    return TreeCharger(
        evse=evse.key,
        name=config.name,
        connected=evse.connected,
        status=evse.status,
        offered_a=evse.offer.current_a,
        binding=evse.offer.binding,
        missing_a=evse.offer.missing_a,
        drawn_a=terminals_a(evse.sample, evse.terminals) if evse.sample else None,
        power_w=evse.power_w,
        wiring=register.wiring_of(evse.key, config),
        wiring_known=evse.wiring_known,
        phases_used=evse.phases_used,
        maximum_a=config.maximum_a,
        safe_a=config.safe_a,
        priority=config.priority,
        backend_limit=evse.upstream_limit,
    )


def _hearing(state: SiteState, circuit: Circuit) -> MeterHearing:
    if not circuit.metered:
        return MeterHearing.NONE
    if circuit.circuit_id in state.distrusted_meters:
        return MeterHearing.DISTRUSTED
    return MeterHearing.SILENT if circuit.circuit_id in state.silent_meters else MeterHearing.HEARD
