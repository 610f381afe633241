"""Why an offer is what it is: the limit that binds it, and what would have to change."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from ...model.offer import Binding, LimitReason
from ..meter.circuit_load import Hearing
from ..settings import BalancingSettings
from ..sharing.allocator import EPSILON, Cause, Share, round_down, round_up
from ..sharing.planning import Plan, PlanResult
from ..tree.fuse_tree import FuseTree
from .contest import Lacking

_ROUGHLY_A = 0.5
"""What is missing is told in multiples of this, upwards: as the house flickers, so would the figure."""


_REASONS = {Cause.WAITING: LimitReason.WAITING_TURN, Cause.OTHERS_FIRST: LimitReason.PRIORITY}
"""Where a row binds, but more there would not go to this EVSE alone; otherwise the row itself is the reason."""


class Explanation(NamedTuple):
    """What keeps an offer from being higher."""

    binding: Binding
    missing_a: float | None = None
    """How much more the binding limit would have to allow for the offer to rise by a step worth a command, in A;
    None: no current would help, or only time."""
    also: tuple[Binding, ...] = ()
    """Other limits that would have to allow as much more."""
    lacking: Lacking = ()
    """Where rows bind: what they lack."""

    def told_a(self, last_a: float | None) -> float | None:
        """Return what is told to be missing, in A; the same as last time as long as that is near enough."""
        if self.missing_a is None or (last_a is not None and self.missing_a <= last_a <= self.missing_a + _ROUGHLY_A):
            return last_a if self.missing_a is not None else None
        return max(_ROUGHLY_A, ceil(self.missing_a / _ROUGHLY_A - EPSILON) * _ROUGHLY_A)


class Explainer:
    """Explains every plan in terms of one tree.

    An offer is to rise by a step worth a command, or to its ceiling, or from 0 to its minimum. What that takes is
    reckoned with everybody who would have a share of it. Where that is there already, only time is missing.
    """

    def __init__(self, tree: FuseTree, settings: BalancingSettings) -> None:
        """Explain in terms of this tree."""
        self._tree = tree
        self._settings = settings
        self._bindings: dict[tuple[LimitReason, int], Binding] = {}
        self._known: dict[tuple[int, float, float | None, int, int], Explanation] = {}
        """In one result, for those that are alike."""

    def begin(self) -> None:
        """Forget the last result."""
        self._known.clear()

    def explain(self, plan: Plan, result: PlanResult) -> Explanation:
        """Return what keeps the plan's offer from being higher."""
        if plan.place < 0 or not (plan.offer_a or plan.late):
            return self._why(plan, result)
        share = result.contest.shares[plan.place]
        if plan.offer_a:
            alike = (plan.kind, plan.offer_a, plan.least_rise_a, id(share), id(plan.sustained))
        else:
            # Below 0, so that nobody who has something is taken for it.
            row = -1 if share.row is None else share.row
            alike = (plan.kind, -1.0 if share.current_a else -2.0, plan.back_a, row, id(share.cause))
        known = self._known.get(alike)
        if known is None:
            known = self._known[alike] = self._why(plan, result)
        return known

    def _why(self, plan: Plan, result: PlanResult) -> Explanation:
        track, ceiling_a, offer_a, contest = plan.track, plan.ceiling_a, plan.offer_a, result.contest
        if plan.place < 0:
            entry_a = track.minimum_a if track.on else track.entry_a(result.at_s)
            return self._ceiling(plan, track.minimum_a - ceiling_a, contest.to_enter_last(track.coefficients, entry_a))
        lasting = contest.shares[plan.place]
        if ceiling_a < track.minimum_a:
            # It is held off for now; once that is over, whatever else is lacking still is.
            lacking = () if lasting.current_a else contest.to_enter_late(plan.place)
            return self._ceiling(plan, 0.0, lacking)
        if not offer_a:
            if lasting.current_a:
                return self.settling(plan, result)
            late = not track.turn.may_resume(result.at_s)
            return self._rows(
                plan, contest.to_enter_late(plan.place) if late else contest.to_enter(plan.place), lasting
            )
        step_a = self._settings.raise_step_a if plan.least_rise_a is None else plan.least_rise_a
        if EPSILON < ceiling_a - offer_a < step_a:
            target_a = ceiling_a
        else:
            target_a = round_up(offer_a + step_a, track.placement.step_a)
        if lasting.current_a >= target_a - EPSILON:
            return self.settling(plan, result)
        lacking = contest.for_more(plan.place, target_a)
        if offer_a >= ceiling_a - EPSILON:
            return self._ceiling(plan, target_a - ceiling_a, lacking)
        return self._rows(plan, lacking, lasting)

    def _rows(self, plan: Plan, lacking: Lacking, share: Share) -> Explanation:
        costs = dict(plan.track.coefficients)
        missing_a = max((lack / costs[row] for row, lack in lacking), default=0.0)
        rows = [row for row, _ in lacking]
        first = share.row
        if first is None or (first not in rows and rows):
            first = max(lacking, key=lambda pair: pair[1] / costs[pair[0]])[0]
        also = tuple(self._by_row(None, row) for row in rows if row != first)
        return Explanation(self._by_row(_REASONS.get(share.cause), first), missing_a, also, lacking)

    def settling(self, plan: Plan, result: PlanResult) -> Explanation:
        """Return that what the plan lacks is there and only has to last."""
        row = plan.sustained.row if plan.sustained is not None else None
        if row is None:
            row = _tightest(plan, result.sustained)
        circuit_id, _, _ = self._tree.rows[row]
        if result.hearing.get(circuit_id) is Hearing.HELD:
            return Explanation(Binding(LimitReason.METER_SILENT, circuit_id))
        return Explanation(self._by_row(LimitReason.SETTLING, row))

    def _ceiling(self, plan: Plan, missing_a: float, lacking: Lacking) -> Explanation:
        binding = Binding(plan.reason, plan.silent_circuit if plan.reason is LimitReason.METER_SILENT else None)
        costs = dict(plan.track.coefficients)
        missing_a = max([missing_a, *(lack / costs[row] for row, lack in lacking)])
        also = tuple(self._by_row(None, row) for row, _ in lacking)
        track = plan.track
        most_a = round_down(track.placement.maximum_a, track.placement.step_a)
        held_off = plan.ceiling_a < track.minimum_a <= track.lasting_ceiling_a
        if (
            plan.reason is not LimitReason.CHARGER_MAXIMUM
            and not held_off
            and most_a <= max(plan.ceiling_a, track.minimum_a - EPSILON)
        ):
            also = (*also, Binding(LimitReason.CHARGER_MAXIMUM))
        return Explanation(binding, missing_a or None, also)

    def _by_row(self, reason: LimitReason | None, row: int) -> Binding:
        """Return a binding at a row; reason None: the row itself."""
        circuit_id, phase, shared = self._tree.rows[row]
        if reason is None:
            if shared is not None:
                reason = shared.reason
            else:
                reason = LimitReason.CIRCUIT if phase is not None else LimitReason.CIRCUIT_POWER
        binding = self._bindings.get((reason, row))
        if binding is None:
            limit_id = shared.limit_id if shared is not None else None
            binding = self._bindings[reason, row] = Binding(reason, circuit_id, phase, limit_id)
        return binding


def _tightest(plan: Plan, rows: Sequence[float]) -> int:
    """Return the row with the least in it, in A of the plan's EVSE."""
    row, _ = min(plan.track.coefficients, key=lambda pair: rows[pair[0]] / pair[1])
    return row
