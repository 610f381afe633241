"""From capacities to offers: cut at once to what is free now, raise only to what was free all the while."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from ...model.offer import Binding, LimitReason
from ..car.evse_track import EvseTrack
from ..meter.capacity import Capacity
from ..meter.circuit_load import Hearing
from ..reasons.contest import Contest
from ..settings import BalancingSettings
from ..tree.fuse_tree import Coefficients
from .allocator import EPSILON, Allocation, Cause, Claim, Share, allocate, round_down
from .held import held_for_rises

_MOST_ROUNDS = 4
"""In how many rounds those who do not heed a limit may rise beside those who have to leave it to them."""

type Standing = tuple[float | bool | Coefficients | Binding | None, ...]


@dataclass(slots=True)
class Plan:
    """One EVSE that could have current, and what is made of it."""

    track: EvseTrack
    ceiling_a: float
    reason: LimitReason
    silent_circuit: str | None
    offer_a: float
    """What it is to have from now on."""
    claim: Claim | None = None
    """What it asks for of all that is free; None: its ceiling is below its minimum, and that will last."""
    back_a: float = 0.0
    """What must be free for it to be admitted if it is refused; one that is on will be paused and has to come back."""
    rank: tuple[bool, int] = (True, 0)
    """Its place in the order in which minima are handed out, the lowest first; among equals by the track's score."""
    standing: Standing | None = None
    ready: bool = False
    """It may have current as soon as there is room."""
    least_rise_a: float | None = None
    late: bool = False
    """It has to wait out its pause, so all others go first."""
    sustained: Share | None = None
    """Its share of what was free all the while; None: it is not to be started yet."""
    kind: int = -1
    """The same for all that differ in nothing but who they are."""
    place: int = -1
    """Its place in the contest for all that is free; -1: it asks for nothing."""
    present: Share | None = None
    """Its share of what is free now; None as long as it is not to be started."""

    def like(self, other: Plan) -> bool:
        """Whether another plan for the same EVSE would come to the same."""
        return (
            self.ceiling_a == other.ceiling_a
            and self.claim == other.claim
            and self.rank == other.rank
            and self.standing == other.standing
            and self.ready == other.ready
            and self.least_rise_a == other.least_rise_a
            and self.late == other.late
            and self.back_a == other.back_a
            and self.reason is other.reason
            and self.silent_circuit == other.silent_circuit
        )


def standing_of(track: EvseTrack, at_s: float) -> Standing:
    """Return what else of an EVSE counts for the plans of all."""
    turn = track.turn
    return (
        track.offer_a,
        track.possible_a,
        track.beyond_a,
        track.failed,
        turn.holds(at_s, on=track.on),
        turn.on_since_s,
        turn.waiting_since_s,
        track.demand.laxity_s,
        track.phase_choice.terminals,
        track.phase_choice.one,
        track.hot,
        track.coefficients,
        track.counted,
    )


def plan_for(track: EvseTrack, silent_circuit: str | None, settings: BalancingSettings, at_s: float) -> Plan:
    """Return what an EVSE could have now, before it is weighed against others."""
    ceiling_a, reason = track.ceiling(silent_circuit, at_s)
    plan = Plan(track, ceiling_a, reason, silent_circuit, track.offer_a)
    on = track.offer_a > 0
    may_resume = on or track.turn.may_resume(at_s)
    entry_a = track.entry_a(at_s)
    if track.lasting_ceiling_a >= track.minimum_a:
        plan.claim = _claim(track, track.lasting_ceiling_a, entry_a)
    plan.back_a = track.minimum_a + settings.resume_margin_a if on else entry_a
    plan.rank = track.pausable or not on, -track.priority
    plan.standing = standing_of(track, at_s)
    plan.ready = ceiling_a >= track.minimum_a and may_resume
    plan.least_rise_a = track.least_rise_a(at_s)
    plan.late = not may_resume
    return plan


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
    """How everybody would share what was free all the while, if nobody were held off any more; where that is not
    known, what is free now."""
    gap: Sequence[float]
    """What is free now beyond what the contest is about, by row: it only has to last."""
    at_s: float
    news: bool
    """Whether anything may differ from the last result."""


class Planner:
    """Decides what every EVSE is to have. Remembers its last answers only to give them to the same questions."""

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin with no question asked."""
        self._settings = settings
        self._ranked: list[Plan] = []
        self._moving = False
        """Whether the order changes with time although nothing happens."""
        self._claims: list[Claim] = []
        self._claimants: list[Plan] = []
        self._all_claims: list[Claim] = []
        self._entries_a: list[float] = []
        self._turn = 0
        self._sustained: list[float] | None = None
        self._held: Sequence[float] = ()
        self._taken: list[float] | None = None
        """What everybody took of each row last time, if all had what they asked for of the present capacity."""
        self._kinds: list[int] = []
        """By place in the contest."""
        self._counted: list[Coefficients] = []
        self._contest = Contest([], [], Allocation([], []), [], [], [])

    def plan(
        self, plans: list[Plan], capacity: Capacity, held: Sequence[float], at_s: float, *, changed: bool = True
    ) -> PlanResult:
        """Decide what every EVSE in `plans` is to have; `changed`: these are not the plans of last time.

        What an EVSE could rise to is its share of the sustained capacity. The present capacity is then shared out with
        that as the ceiling of those that may rise, and their present offer as the ceiling of all others, so nobody is
        cut in favour of somebody who could not use it yet.
        """
        result = self._plan(plans, capacity, held, at_s, changed=changed)
        for _ in range(_MOST_ROUNDS):
            rises = [(plan.track, plan.offer_a) for plan in plans if plan.track.counted]
            if not rises or (taken := held_for_rises(rises, held)) == self._held:
                break
            # Those who have to leave it to them do so at once, and are told why.
            result = self._plan(plans, capacity, taken, at_s, changed=False)
        return result

    def _plan(
        self, plans: list[Plan], capacity: Capacity, held: Sequence[float], at_s: float, *, changed: bool
    ) -> PlanResult:
        now = [free - taken for free, taken in zip(capacity.now, held, strict=True)]
        sustained = [free - taken for free, taken in zip(capacity.sustained, held, strict=True)]
        turn = int(at_s // self._settings.slot_s)
        if self._moving and not changed:
            changed = self._ranked != _ranked(plans, at_s)
        same = not changed and turn == self._turn
        if changed:
            self._ask(plans, at_s)
        self._turn = turn
        news = not same or sustained != self._sustained
        if news:
            self._sustained = sustained
            self._taken = None
            allocation = allocate(self._claims, sustained, turn, ordered=True)
            for plan, share in zip(self._claimants, allocation.shares, strict=True):
                plan.sustained = share
            if len(self._claims) < len(self._all_claims):
                allocation = allocate(self._all_claims, sustained, turn, ordered=True)
            self._contest = self._contested(sustained, allocation)
        if -inf in sustained:
            # What was free all the while is not known, so what is free now has to do.
            news = True
            allocation = allocate(self._all_claims, now, turn, ordered=True)
            self._contest = self._contested(now, allocation)
            gap = [0.0] * len(now)
        else:
            gap = [free - lasting for free, lasting in zip(now, sustained, strict=True)]
        slack = self._unchanged(now, held) if capacity.cautious is None else None
        if slack is None:
            news = True
            slack = self._offer(now, capacity, held, turn)
        self._held = held
        return PlanResult(plans, now, sustained, slack, capacity.hearing, self._contest, gap, at_s, news)

    def _contested(self, capacity: Sequence[float], allocation: Allocation) -> Contest:
        return Contest(self._all_claims, capacity, allocation, self._entries_a, self._kinds, self._counted)

    def _ask(self, plans: list[Plan], at_s: float) -> None:
        """Put plans in order, and write down what they ask for."""
        self._ranked = _ranked(plans, at_s)
        weights = {plan.track.weight for plan in plans if not plan.track.on}
        self._moving = len(weights) > 1
        self._claims, self._claimants = [], []
        self._all_claims, self._entries_a, self._kinds, self._counted = [], [], [], []
        kinds: dict[tuple[object, ...], int] = {}
        for plan in self._ranked:
            plan.sustained = plan.present = None
            plan.place = -1
            if (claim := plan.claim) is not None:
                alike = (
                    id(claim.rows),
                    *claim[2:],
                    plan.ceiling_a,
                    plan.reason,
                    plan.silent_circuit,
                    plan.late,
                    plan.track.placement.maximum_a,
                    plan.track.counted,
                )
                plan.kind = kinds.setdefault(alike, len(kinds))
                self._kinds.append(plan.kind)
                self._counted.append(plan.track.counted)
                plan.place = len(self._all_claims)
                self._all_claims.append(claim)
                self._entries_a.append(plan.back_a)
                if plan.ready:
                    self._claims.append(claim)
                    self._claimants.append(plan)

    def _unchanged(self, now: list[float], held: Sequence[float]) -> list[float] | None:
        """Return what is left if all offers stay as they are because nothing that counts has changed; None: look."""
        if self._taken is None or held != self._held:
            return None
        slack = [free - taken for free, taken in zip(now, self._taken, strict=True)]
        return slack if all(left >= 0.0 for left, taken in zip(slack, self._taken, strict=True) if taken) else None

    def _offer(self, now: list[float], capacity: Capacity, held: Sequence[float], turn: int) -> list[float]:
        """Work out all offers; returns what is left of `now` after all shares."""
        settings, ranked = self._settings, self._ranked
        present = _share_present(ranked, now, turn)
        if capacity.cautious is not None:
            cautious = [free - taken for free, taken in zip(capacity.cautious, held, strict=True)]
            _share_cautiously(ranked, cautious, turn)
        rising = full = False
        for plan in ranked:
            track, share = plan.track, plan.present
            current_a = share.current_a if share else 0.0
            if share is not None and share.cause is not Cause.MAXIMUM:
                full = True
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
        known = not full and capacity.cautious is None and inf not in now
        self._taken = (
            [free - left if free > -inf else 0.0 for free, left in zip(now, present.slack, strict=True)]
            if known
            else None
        )
        return present.slack


def _ranked(plans: list[Plan], at_s: float) -> list[Plan]:
    """Put plans in the order in which minima are handed out."""
    ranks = [(*plan.rank, -_score(plan.track, at_s)) for plan in plans]
    return [plans[number] for number in sorted(range(len(plans)), key=ranks.__getitem__)]


def _score(track: EvseTrack, at_s: float) -> float:
    return track.turn.score(at_s, on=track.offer_a > 0, laxity_s=track.demand.laxity_s, weight=track.weight)


def _claim(track: EvseTrack, maximum_a: float, entry_a: float = 0.0) -> Claim:
    placement = track.placement
    return Claim(
        placement.evse,
        track.coefficients,
        track.minimum_a,
        maximum_a,
        placement.step_a,
        track.priority,
        track.weight,
        0.0,
        entry_a,
        not track.pausable and track.offer_a > 0,
    )


def _share_present(ranked: list[Plan], now: Sequence[float], turn: int) -> Allocation:
    claims: list[Claim] = []
    claimants: list[Plan] = []
    for plan in ranked:
        track, share = plan.track, plan.sustained
        if share is None:
            continue
        least_a = plan.least_rise_a if share.current_a > track.offer_a else None
        if least_a is not None and track.rises_to(share.current_a, plan.ceiling_a, least_a):
            maximum_a = share.current_a
        elif track.offer_a > 0:
            maximum_a = max(min(track.offer_a, plan.ceiling_a), track.minimum_a)
        else:
            continue
        claims.append(_claim(track, maximum_a))
        claimants.append(plan)
    allocation = allocate(claims, now, turn, ordered=True)
    for plan, share in zip(claimants, allocation.shares, strict=True):
        plan.present = share
    return allocation


def _share_cautiously(ranked: list[Plan], cautious: Sequence[float], turn: int) -> None:
    """While a fuse is overloaded, cut as if no car had risen yet, but pause nobody for what is only possible."""
    claimants = [(plan, plan.present) for plan in ranked if plan.present and plan.track.on]
    claims = [_claim(plan.track, max(present.current_a, plan.track.minimum_a)) for plan, present in claimants]
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
        track, share, least_a = plan.track, plan.present, plan.least_rise_a
        if least_a is None or share is None or share.current_a <= track.offer_a + EPSILON:
            continue
        believed_a = track.offer_a if track.failed else track.possible_a
        room_a = min((sustained[row] - taken[row]) / cost for row, cost in track.coefficients)
        reach_a = round_down(believed_a + max(0.0, room_a), track.placement.step_a)
        target_a = min(share.current_a, reach_a)
        if target_a <= track.offer_a or not track.rises_to(target_a, plan.ceiling_a, least_a):
            continue
        plan.offer_a = target_a
        if target_a > believed_a:
            for row, cost in track.coefficients:
                taken[row] += (target_a - believed_a) * cost
