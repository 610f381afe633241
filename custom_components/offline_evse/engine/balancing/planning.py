"""From capacities to offers: cut at once to what is free now, raise only to what was free all the while."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..model.offer import LimitReason
from .allocator import EPSILON, Allocation, Cause, Claim, Share, allocate, round_down
from .capacity import Capacity
from .circuit_load import Hearing
from .contest import Contest
from .evse_track import EvseTrack
from .fuse_tree import FuseTree
from .settings import BalancingSettings


@dataclass(slots=True)
class Plan:
    """One EVSE that could have current, and what is made of it."""

    track: EvseTrack
    ceiling_a: float
    reason: LimitReason
    silent_circuit: str | None
    offer_a: float
    """What it is to have from now on."""
    sustained: Share | None = None
    """Its share of what was free all the while; None: it is not to be started yet."""
    place: int = -1
    """Its place in the contest for all that is free; -1: its ceiling is below its minimum, and that will last."""
    present: Share | None = None
    """Its share of what is free now; None as long as it is not to be started."""


@dataclass(slots=True)
class PlanResult:
    """The plans, and the rows they were made with."""

    plans: list[Plan]
    now: Sequence[float]
    """What chargers that can be told may have, by row."""
    sustained: Sequence[float]
    slack: Sequence[float]
    """What is left of `now` after all shares."""
    hearing: Mapping[str, Hearing]
    contest: Contest
    """How everybody would share `now` if it stayed like this for long enough."""
    at_s: float


def held_for_absent(tracks: Iterable[EvseTrack], tree: FuseTree, hearing: Mapping[str, Hearing]) -> list[float]:
    """Return what is held for EVSEs that cannot be told anything, by row, in A or W.

    An offline EVSE keeps the most that it may believe it has; where no meter tells, also a car that plugs in unseen
    is reckoned with, at the floor profile's current. One that refused its last offer keeps what it may have beyond.
    """
    held = [0.0] * len(tree.rows)
    others = tree.shared.counts_others
    for track in tracks:
        coefficients = track.coefficients
        if others and (counted := tree.shared_by_others(track.placement.evse, track.demand.phases_used)):
            # A limit that is none for it leaves the members what it has not taken.
            coefficients += counted
            if track.demand.connected:
                for row, cost in counted:
                    held[row] += cost * max(track.possible_a, track.offer_a)
        if not track.demand.connected:
            unseen_a = max(track.possible_a, track.placement.safe_a)
            for row, cost in coefficients:
                held[row] += cost * (track.possible_a if tree.rows[row].shows_in(hearing) else unseen_a)
        elif track.failed and track.possible_a > track.offer_a:
            for row, cost in track.coefficients:
                held[row] += cost * (track.possible_a - track.offer_a)
        if beyond_a := track.beyond_a:
            # Its draw beyond the offer shows in no meter as the house's, so it has to be held here.
            for row, cost in coefficients:
                held[row] += cost * beyond_a
    return held


type _Question = tuple[list[Claim], list[float], int]


class Planner:
    """Decides what every EVSE is to have. Remembers its last answers only to give them to the same questions."""

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin with no question asked."""
        self._settings = settings
        self._sustained: _Question = [], [], 0
        self._shares: list[Share] = []
        self._lasting: _Question = [], [], 0
        self._contest = Contest([], [], Allocation([], []), [])

    def plan(self, plans: list[Plan], capacity: Capacity, held: Sequence[float], at_s: float) -> PlanResult:
        """Decide what every EVSE in `plans` is to have.

        What an EVSE could rise to is its share of the sustained capacity. The present capacity is then shared out with
        that as the ceiling of those that may rise, and their present offer as the ceiling of all others, so nobody is
        cut in favour of somebody who could not use it yet.
        """
        settings = self._settings
        now = [free - taken for free, taken in zip(capacity.now, held, strict=True)]
        sustained = [free - taken for free, taken in zip(capacity.sustained, held, strict=True)]
        turn = int(at_s // settings.slot_s)
        ranked = _ranked(plans, at_s)
        self._share_sustained(ranked, sustained, now, turn, at_s)
        present = _share_present(ranked, now, turn, at_s)
        if capacity.cautious is not None:
            cautious = [free - taken for free, taken in zip(capacity.cautious, held, strict=True)]
            _share_cautiously(ranked, cautious, turn)
        rising = False
        for plan in ranked:
            track, share = plan.track, plan.present
            current_a = share.current_a if share else 0.0
            if current_a >= track.offer_a - EPSILON:
                plan.offer_a = track.offer_a
                rising = rising or current_a > track.offer_a + EPSILON
            elif share is not None and share.cause is not Cause.MAXIMUM and current_a:
                lower_a = round_down(current_a - settings.lower_dead_band_a, track.placement.step_a)
                plan.offer_a = max(track.minimum_a, lower_a)
            else:
                plan.offer_a = current_a
        if rising:
            _raise(ranked, capacity.sustained, held)
        return PlanResult(plans, now, sustained, present.slack, capacity.hearing, self._contest, at_s)

    def _share_sustained(
        self, ranked: list[Plan], sustained: list[float], now: list[float], turn: int, at_s: float
    ) -> None:
        claims: list[Claim] = []
        claimants: list[Plan] = []
        all_claims: list[Claim] = []
        for plan in ranked:
            track = plan.track
            if track.lasting_ceiling_a >= track.minimum_a:
                claim = _claim(plan, track.lasting_ceiling_a, track.entry_a(at_s))
                plan.place = len(all_claims)
                all_claims.append(claim)
                if plan.ceiling_a >= track.minimum_a and (track.offer_a > 0 or track.may_resume(at_s)):
                    claims.append(claim)
                    claimants.append(plan)
        asked = claims, sustained, turn
        if asked != self._sustained:
            self._sustained = asked
            self._shares = allocate(claims, sustained, turn, ordered=True).shares
        for plan, share in zip(claimants, self._shares, strict=True):
            plan.sustained = share
        asked = all_claims, now, turn
        if asked != self._lasting:
            self._lasting = asked
            # One that is refused although it is on will be paused, and has to come back.
            margin_a = self._settings.resume_margin_a
            entries_a = [
                plan.track.minimum_a + margin_a if plan.track.offer_a > 0 else all_claims[plan.place].entry_a
                for plan in ranked
                if plan.place >= 0
            ]
            self._contest = Contest(all_claims, now, allocate(all_claims, now, turn, ordered=True), entries_a)


def _ranked(plans: list[Plan], at_s: float) -> list[Plan]:
    """Put plans in the order in which minima are handed out."""
    ranks = [
        (track.pausable or not track.offer_a, -track.priority, -track.score(at_s))
        for track in [plan.track for plan in plans]
    ]
    return [plans[number] for number in sorted(range(len(plans)), key=ranks.__getitem__)]


def _claim(plan: Plan, maximum_a: float, entry_a: float = 0.0) -> Claim:
    track = plan.track
    placement = track.placement
    return Claim(
        placement.evse,
        track.coefficients,
        track.minimum_a,
        maximum_a,
        placement.step_a,
        track.priority,
        track.weight,
        entry_a=entry_a,
        first=not track.pausable and track.offer_a > 0,
    )


def _share_present(ranked: list[Plan], now: Sequence[float], turn: int, at_s: float) -> Allocation:
    claims: list[Claim] = []
    claimants: list[Plan] = []
    for plan in ranked:
        track, share = plan.track, plan.sustained
        if share is None:
            continue
        rises = share.current_a > track.offer_a and track.may_rise(at_s)
        if rises and track.rises_to(share.current_a, plan.ceiling_a):
            maximum_a = share.current_a
        elif track.offer_a > 0:
            maximum_a = max(min(track.offer_a, plan.ceiling_a), track.minimum_a)
        else:
            continue
        claims.append(_claim(plan, maximum_a))
        claimants.append(plan)
    allocation = allocate(claims, now, turn, ordered=True)
    for plan, share in zip(claimants, allocation.shares, strict=True):
        plan.present = share
    return allocation


def _share_cautiously(ranked: list[Plan], cautious: Sequence[float], turn: int) -> None:
    """While a fuse is overloaded, cut as if no car had risen yet, but pause nobody for what is only possible."""
    claimants = [(plan, plan.present) for plan in ranked if plan.present and plan.track.on]
    claims = [_claim(plan, max(present.current_a, plan.track.minimum_a)) for plan, present in claimants]
    for (plan, present), share in zip(claimants, allocate(claims, cautious, turn, ordered=True).shares, strict=True):
        current_a = max(share.current_a, plan.track.minimum_a)
        if share.row is not None and present.current_a > current_a:
            plan.present = Share(current_a, current_a, Cause.ROW, share.row)


def _raise(ranked: list[Plan], sustained: Sequence[float], held: Sequence[float]) -> None:
    """Raise those that may rise, as far as nobody may still believe to have what they are to get."""
    taken = list(held)
    for plan in ranked:
        track = plan.track
        # What it failed to give up is in `held` already.
        believed_a = track.offer_a if track.failed else track.possible_a
        if believed_a:
            for row, cost in track.coefficients:
                taken[row] += believed_a * cost
    for plan in ranked:
        track, share = plan.track, plan.present
        if share is None or share.current_a <= track.offer_a + EPSILON:
            continue
        believed_a = track.offer_a if track.failed else track.possible_a
        room_a = min((sustained[row] - taken[row]) / cost for row, cost in track.coefficients)
        reach_a = round_down(believed_a + max(0.0, room_a), track.placement.step_a)
        target_a = min(share.current_a, reach_a)
        if target_a <= track.offer_a or not track.rises_to(target_a, plan.ceiling_a):
            continue
        plan.offer_a = target_a
        if target_a > believed_a:
            for row, cost in track.coefficients:
                taken[row] += (target_a - believed_a) * cost
