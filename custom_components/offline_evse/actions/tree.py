"""The fuse tree as plain data: for a panel, for automations and for whoever looks for a fault."""

from typing import Any

from ..engine.model.offer import Binding
from ..engine.model.phases import WIRINGS, PhaseAmperes, Wiring
from ..engine.model.upstream.site import UpstreamLimit
from ..engine.site.tree import SiteTree, TreeCharger, TreeNode

_WIRING_NAMES = {wiring: name for name, wiring in WIRINGS.items()}


def tree_view(tree: SiteTree) -> dict[str, Any]:
    """Describe the whole tree. Currents are in A per phase, powers in W; null is what nobody tells."""
    return {
        "name": tree.name,
        "safe_mode": tree.safe_mode,
        "circuits": [_node(node) for node in tree.roots],
    }


def _node(node: TreeNode) -> dict[str, Any]:
    """Describe a circuit with all that hangs in it."""
    return {
        "circuit_id": node.circuit_id,
        "name": node.name,
        "limit_a": _phases(node.limit_a),
        "limit_w": node.limit_w,
        "margin_a": node.margin_a,
        "reserve_a": node.reserve_a,
        "meter": node.meter.value,
        "measured_a": _phases(node.measured_a),
        "uncontrolled_a": _phases(node.uncontrolled_a),
        "capacity_a": _phases(node.capacity_a),
        "offered_a": _phases(node.offered_a),
        "reserved_a": _phases(node.reserved_a),
        "available_a": _phases(node.available_a),
        "heat": _phases(node.heat, digits=2),
        "chargers": [_charger(charger) for charger in node.chargers],
        "circuits": [_node(child) for child in node.circuits],
    }


def _charger(charger: TreeCharger) -> dict[str, Any]:
    """Describe a charger's connector."""
    return {
        "station_id": charger.evse.station_id,
        "connector": charger.evse.evse_id,
        "name": charger.name,
        "connected": charger.connected,
        "status": charger.status.value if charger.status else None,
        "offered_a": _rounded(charger.offered_a),
        "limited_by": _binding(charger.binding),
        "missing_a": _rounded(charger.missing_a),
        "drawn_a": None if charger.drawn_a is None else [_rounded(current_a) for current_a in charger.drawn_a],
        "power_w": _rounded(charger.power_w),
        "wiring": _WIRING_NAMES.get(charger.wiring, _letters(charger.wiring)) if charger.wiring_known else None,
        "phases": [int(phase) + 1 for phase in charger.wiring],
        "terminals_used": None if charger.phases_used is None else [terminal + 1 for terminal in charger.phases_used],
        "maximum_a": charger.maximum_a,
        "safe_a": charger.safe_a,
        "priority": charger.priority,
        "backend_limit": _backend_limit(charger.backend_limit),
    }


def _binding(binding: Binding) -> dict[str, Any]:
    """Describe what keeps an offer from being higher."""
    return {
        "reason": binding.reason.value,
        "circuit_id": binding.circuit_id,
        "phase": None if binding.phase is None else int(binding.phase) + 1,
        "limit_id": binding.limit_id,
    }


def _backend_limit(limit: UpstreamLimit | None) -> dict[str, Any] | None:
    """Describe the most that a backend wants a connector to have."""
    return None if limit is None else {"backend": limit.name, "current_a": _rounded(limit.current_a)}


def _phases(currents_a: PhaseAmperes | None, digits: int = 1) -> list[float | None] | None:
    """List L1, L2 and L3."""
    return None if currents_a is None else [_rounded(current_a, digits) for current_a in currents_a]


def _rounded(value: float | None, digits: int = 1) -> float | None:
    """Round for people; what is not finite (nothing is known yet) is null."""
    if value is None or not -1e9 < value < 1e9:
        return None
    return round(value, digits)


def _letters(wiring: Wiring) -> str:
    """Name a wiring that OCPP has no name for, terminal by terminal."""
    return "".join("rst"[phase] for phase in wiring)
