"""Which EVSEs that can do both had better charge on one phase, by the room there is."""

from collections.abc import Iterable, Sequence

from ..car.evse_track import EvseTrack
from ..car.phase_choice import PhaseMode
from ..settings import BalancingSettings
from ..tree.fuse_tree import Coefficients, FuseTree
from .allocator import EPSILON
from .planning import Plan

_ONE = (0,)


def choose_phases(
    plans: Sequence[Plan], slack: Sequence[float], tree: FuseTree, settings: BalancingSettings, at_s: float
) -> bool:
    """Look at all that can switch; returns whether rows have changed. `slack`: what is left after all shares."""
    able = [plan for plan in plans if plan.track.placement.can_switch_phases and len(plan.track.placement.wiring) > 2]
    if not able:
        return False
    waiting = [plan for plan in plans if not plan.offer_a and plan.ceiling_a >= plan.track.minimum_a]
    spare = _beside_minima(plans, slack) if waiting else slack
    giver = _who_makes_room(able, waiting, spare, tree) if waiting else None
    changed = False
    for plan in able:
        track = plan.track
        choice = track.phase_choice
        match choice.mode:
            case PhaseMode.ALL:
                better = plan is giver or _only_one_fits(plan, spare, tree)
            case PhaseMode.ONE:
                better = _all_fit(track, slack, tree, settings.resume_margin_a)
            case _:
                better = False
        off = not track.on and not track.possible_a
        before = choice.mode
        if choice.look(at_s, better=better, off=off):
            track.route(tree)
            changed = True
        if choice.mode is not before:
            track.touch()
    return changed


def _beside_minima(plans: Iterable[Plan], slack: Sequence[float]) -> list[float]:
    """Return what is left by row if everybody who has something went down to the minimum."""
    spare = list(slack)
    for plan in plans:
        above_a = plan.offer_a - plan.track.minimum_a
        if above_a > 0:
            for row, cost in plan.track.coefficients:
                spare[row] += above_a * cost
    return spare


def _who_makes_room(
    able: Iterable[Plan], waiting: Sequence[Plan], spare: Sequence[float], tree: FuseTree
) -> Plan | None:
    """Return the first that would let somebody in who waits, by leaving its other phases to them; one at a time."""
    givers = [plan for plan in able if plan.offer_a and plan.track.phase_choice.mode is PhaseMode.ALL]
    if not givers or any(plan.track.phase_choice.switching for plan in able):
        return None
    for plan in givers:
        track = plan.track
        if _knows_one_phase(plan):
            continue
        freed = list(spare)
        for row, cost in track.coefficients:
            freed[row] += track.minimum_a * cost
        for row, cost in tree.coefficients(track.placement.evse, _ONE):
            freed[row] -= track.minimum_a * cost
        for other in waiting:
            rows = other.track.coefficients
            if _fits(other.track.minimum_a, rows, freed) and not _fits(other.track.minimum_a, rows, spare):
                return plan
    return None


def _knows_one_phase(plan: Plan) -> bool:
    used = plan.track.demand.phases_used
    return used is not None and len(used) == 1


def _only_one_fits(plan: Plan, spare: Sequence[float], tree: FuseTree) -> bool:
    track = plan.track
    if plan.offer_a or plan.ceiling_a < track.minimum_a or _knows_one_phase(plan):
        return False
    one = tree.coefficients(track.placement.evse, _ONE)
    return _fits(track.minimum_a, one, spare) and not _fits(track.minimum_a, track.coefficients, spare)


def _all_fit(track: EvseTrack, slack: Sequence[float], tree: FuseTree, margin_a: float) -> bool:
    own = {row: track.offer_a * cost for row, cost in track.coefficients}
    wanted_a = track.minimum_a + margin_a
    return all(
        slack[row] + own.get(row, 0.0) >= wanted_a * cost - EPSILON
        for row, cost in tree.coefficients(track.placement.evse, None)
    )


def _fits(current_a: float, rows: Coefficients, slack: Sequence[float]) -> bool:
    return all(slack[row] >= current_a * cost - EPSILON for row, cost in rows)
