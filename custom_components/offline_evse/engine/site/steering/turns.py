"""How long a car that waits for its turn has to wait at most."""

from collections.abc import Iterable, Mapping
from math import inf

from ...balancing.sharing.waiting import longest_wait_s
from ...balancing.tree.fuse_tree import FuseTree
from ...model.offer import CircuitState, EvseDemand, LimitReason, Offer
from ...model.station import EvseKey


def longest_turn_s(
    offer: Offer,
    tree: FuseTree,
    demands: Mapping[EvseKey, EvseDemand],
    circuits: Mapping[str, CircuitState],
    slot_s: float,
) -> float | None:
    """Return the longest wait of an EVSE that waits for its turn, in s; None where none can be stated.

    None, too, where somebody of a higher class is among those who share the limit: they go first for as long as they
    like.
    """
    binding = offer.binding
    if binding.reason is not LimitReason.WAITING_TURN or binding.circuit_id is None or binding.phase is None:
        return None
    state = circuits.get(binding.circuit_id)
    mine = demands.get(offer.evse)
    if state is None or mine is None or binding.circuit_id not in tree.circuits:
        return None
    rivals = [
        evse
        for evse in tree.evses_below(binding.circuit_id)
        if (demand := demands.get(evse)) is not None
        and demand.wants_current
        and demand.connected
        and demand.ceiling_a >= tree.placements[evse].minimum_a
        and binding.phase in tree.phases(evse, demand.phases_used)
    ]
    own_class = _class(tree, mine)
    if any(_class(tree, demands[evse]) > own_class for evse in rivals):
        return None
    equals = [evse for evse in rivals if _class(tree, demands[evse]) == own_class]
    most_a = max(_minima(tree, demands, equals), default=inf)
    wait_s = longest_wait_s(len(equals), int(state.capacity_a[binding.phase] / most_a + 1e-6), slot_s)
    return None if wait_s == inf else wait_s


def _class(tree: FuseTree, demand: EvseDemand) -> int:
    return tree.placements[demand.evse].priority if demand.priority is None else demand.priority


def _minima(tree: FuseTree, demands: Mapping[EvseKey, EvseDemand], evses: Iterable[EvseKey]) -> Iterable[float]:
    return (max(tree.placements[evse].minimum_a, demands[evse].minimum_a or 0.0) for evse in evses)
