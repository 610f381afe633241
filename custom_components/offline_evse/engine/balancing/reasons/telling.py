"""Offers with their reasons, made of plans; where nothing has changed they are the same objects as last time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...model.offer import Binding, LimitReason, Offer
from ...model.station import EvseKey
from ..car.evse_track import EvseTrack
from ..fuse.protection import Protection
from ..sharing.allocator import EPSILON
from ..sharing.planning import Plan, PlanResult
from .contest import Lacking
from .explanation import Explainer, Explanation

_OFFLINE = Explanation(Binding(LimitReason.OFFLINE))
_NOT_CHARGING = Explanation(Binding(LimitReason.NOT_CHARGING))


@dataclass(slots=True)
class _Held:
    """Plans that the same rows keep down."""

    why: Explanation
    open: bool
    """Whether what they lack is there now, so that it only has to last."""
    plans: list[Plan] = field(default_factory=list)


class Telling:
    """What was told last, for one tree."""

    def __init__(self, explainer: Explainer, protection: Protection) -> None:
        """Begin with nothing told."""
        self._explainer = explainer
        self._protection = protection
        self._held: dict[int, _Held] = {}
        """By the identity of their explanation."""
        self._offers: dict[EvseKey, Offer] = {}
        self._last: tuple[dict[EvseKey, Offer], dict[EvseKey, Offer]] = ({}, {})
        """What was told last while something was lacking, and while that only had to last."""

    def all(
        self, tracks: Mapping[EvseKey, EvseTrack], plan_of: Mapping[EvseKey, Plan], result: PlanResult
    ) -> dict[EvseKey, Offer]:
        """Return all offers of a new result."""
        self._explainer.begin()
        self._held.clear()
        offers: dict[EvseKey, Offer] = {}
        for evse, track in tracks.items():
            plan = plan_of.get(evse)
            if plan is None:
                why, current_a = (_NOT_CHARGING, 0.0) if track.demand.connected else (_OFFLINE, track.possible_a)
                offers[evse] = self._offer(track, current_a, why, 0)
                continue
            why = self._explainer.explain(plan, result)
            if why.lacking:
                held = self._held.get(id(why))
                if held is None:
                    held = self._held[id(why)] = _Held(why, _is_open(why.lacking, result.gap))
                held.plans.append(plan)
                if held.open:
                    offers[evse] = self._settling(plan, result)
                    continue
            offers[evse] = self._offer(track, plan.offer_a, self._with_names(why, plan), 0)
        self._offers = offers
        return offers

    def again(self, result: PlanResult) -> dict[EvseKey, Offer]:
        """Return all offers of the last result, with reasons as they are by what is free now."""
        gap = result.gap
        turned = [held for held in self._held.values() if _is_open(held.why.lacking, gap) is not held.open]
        if turned:
            self._offers = dict(self._offers)
            for held in turned:
                held.open = not held.open
                for plan in held.plans:
                    track = plan.track
                    self._offers[track.placement.evse] = (
                        self._settling(plan, result)
                        if held.open
                        else self._offer(track, plan.offer_a, self._with_names(held.why, plan), 0)
                    )
        return self._offers

    def _settling(self, plan: Plan, result: PlanResult) -> Offer:
        why = self._with_names(self._explainer.settling(plan, result), plan)
        return self._offer(plan.track, plan.offer_a, why, 1)

    def _with_names(self, why: Explanation, plan: Plan) -> Explanation:
        """Return what keeps an offer from being higher, whoever says it."""
        binding = self._protection.binding(why.binding, plan.track)
        if plan.track.phase_choice.one and binding.reason is LimitReason.CHARGER_MAXIMUM:
            return Explanation(Binding(LimitReason.FEWER_PHASES))
        return why if binding is why.binding else why._replace(binding=binding)

    def _offer(self, track: EvseTrack, current_a: float, why: Explanation, way: int) -> Offer:
        """Return the offer, the same object as last time in the same way if it is the same offer."""
        evse = track.placement.evse
        last = self._last[way].get(evse)
        terminals = track.phase_choice.terminals
        binding, _, also, _ = why
        missing_a: float | None = None
        if last is not None and last.also == also and (last.binding is binding or last.binding == binding):
            missing_a = why.told_a(last.missing_a)
            if last.current_a == current_a and last.missing_a == missing_a and last.terminals == terminals:
                return last
        else:
            missing_a = why.told_a(None)
        offer = self._last[way][evse] = Offer(evse, current_a, binding, missing_a, terminals, also)
        return offer


def _is_open(lacking: Lacking, gap: Sequence[float]) -> bool:
    return all([gap[row] >= lack - EPSILON for row, lack in lacking])  # noqa: C419 - a list is faster for so few
