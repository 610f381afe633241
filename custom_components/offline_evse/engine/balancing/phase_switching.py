"""Which EVSEs that can do both had better charge on one phase, by the room there is."""

from collections.abc import Iterable, Sequence

from .allocator import EPSILON
from .car.phase_choice import PhaseMode
from .evse_track import EvseTrack
from .fuse_tree import Coefficients, FuseTree
from .planning import Plan
from .settings import BalancingSettings

_ONE = (0,)


def choose_phases(
    plans: Iterable[Plan], slack: Sequence[float], tree: FuseTree, settings: BalancingSettings, at_s: float
) -> bool:
    """Look at all that can switch; returns whether rows have changed. `slack`: what is left after all shares."""
    changed = False
    for plan in plans:
        track = plan.track
        if not track.placement.can_switch_phases or len(track.placement.wiring) < 3:
            continue
        choice = track.phase_choice
        match choice.mode:
            case PhaseMode.ALL:
                better = _only_one_fits(plan, slack, tree)
            case PhaseMode.ONE:
                better = _all_fit(track, slack, tree, settings.resume_margin_a)
            case _:
                better = False
        off = not track.on and not track.possible_a
        if choice.look(at_s, better=better, off=off):
            track.route(tree)
            changed = True
    return changed


def _only_one_fits(plan: Plan, slack: Sequence[float], tree: FuseTree) -> bool:
    track = plan.track
    used = track.demand.phases_used
    if plan.offer_a or plan.ceiling_a < track.minimum_a or (used is not None and len(used) == 1):
        return False
    one = tree.coefficients(track.placement.evse, _ONE)
    return _fits(track.minimum_a, one, slack) and not _fits(track.minimum_a, track.coefficients, slack)


def _all_fit(track: EvseTrack, slack: Sequence[float], tree: FuseTree, margin_a: float) -> bool:
    own = {row: track.offer_a * cost for row, cost in track.coefficients}
    wanted_a = track.minimum_a + margin_a
    return all(
        slack[row] + own.get(row, 0.0) >= wanted_a * cost - EPSILON
        for row, cost in tree.coefficients(track.placement.evse, None)
    )


def _fits(current_a: float, rows: Coefficients, slack: Sequence[float]) -> bool:
    return all(slack[row] >= current_a * cost - EPSILON for row, cost in rows)
