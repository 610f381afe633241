"""Why an offer is what it is: the one limit that binds it."""

from collections.abc import Sequence

from ..model.offer import Binding, LimitReason
from .allocator import EPSILON, Cause, Share
from .circuit_load import Hearing
from .fuse_tree import FuseTree
from .planning import Plan, PlanResult

_WORTH_WAITING_A = 1.0
"""Less room than this would raise no offer, however long it lasted: the flicker of a house is no reason."""


class Explainer:
    """Names the binding limit of every plan, in terms of one tree."""

    def __init__(self, tree: FuseTree) -> None:
        """Explain in terms of this tree."""
        self._tree = tree
        self._bindings: dict[tuple[LimitReason, int], Binding] = {}

    def explain(self, plan: Plan, result: PlanResult) -> Binding:
        """Return what keeps the plan's offer from being higher."""
        if plan.ceiling_a < plan.track.minimum_a:
            return self._ceiling(plan)
        if not plan.offer_a:
            return self._why_nothing(plan, result)
        present, sustained = plan.present, plan.sustained
        if present is not None and present.row is not None and plan.offer_a <= present.current_a:
            return self._full_row(present)
        if plan.offer_a >= plan.ceiling_a - EPSILON:
            return self._ceiling(plan)
        if sustained is None or sustained.row is None:
            # It may have its ceiling, only not just yet.
            return self._settling(_tightest(plan, result.sustained), result)
        row = sustained.row
        room_a = (result.now[row] - result.sustained[row]) / dict(plan.track.coefficients)[row]
        if room_a >= _WORTH_WAITING_A or sustained.current_a >= plan.offer_a + _WORTH_WAITING_A:
            return self._settling(row, result)
        return self._full_row(sustained)

    def _why_nothing(self, plan: Plan, result: PlanResult) -> Binding:
        present, sustained = plan.present, plan.sustained
        if present is not None and present.row is not None and not present.current_a:
            return self._full_row(present)
        minimum_a = plan.track.minimum_a
        if present is None:
            if any(result.now[row] < minimum_a * cost for row, cost in plan.track.coefficients):
                return self._by_row(None, _tightest(plan, result.now))
            if any(result.slack[row] < minimum_a * cost for row, cost in plan.track.coefficients):
                return self._by_row(LimitReason.WAITING_TURN, _tightest(plan, result.slack))
        row = sustained.row if sustained is not None and sustained.row is not None else None
        return self._settling(_tightest(plan, result.sustained) if row is None else row, result)

    def _full_row(self, share: Share) -> Binding:
        assert share.row is not None
        match share.cause:
            case Cause.WAITING:
                return self._by_row(LimitReason.WAITING_TURN, share.row)
            case Cause.OTHERS_FIRST:
                return self._by_row(LimitReason.PRIORITY, share.row)
            case _:
                return self._by_row(None, share.row)

    def _settling(self, row: int, result: PlanResult) -> Binding:
        circuit_id = self._tree.rows[row].circuit_id
        if result.hearing.get(circuit_id) is Hearing.HELD:
            return Binding(LimitReason.METER_SILENT, circuit_id)
        return self._by_row(LimitReason.SETTLING, row)

    def _ceiling(self, plan: Plan) -> Binding:
        return Binding(plan.reason, plan.silent_circuit if plan.reason is LimitReason.METER_SILENT else None)

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
