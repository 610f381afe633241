"""What is said to bind an offer does bind it."""

from copy import deepcopy
from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.model.offer import Binding, LimitReason, Offer
from custom_components.offline_evse.engine.model.phases import Phase, PhaseAmperes

from .living_site import LONG_ENOUGH, LivingSite

PARTS = 10
SITES = 240
SETTLED_STATES_EACH = 2
RESTLESS_SITES = 120
RESTLESS_STATES_EACH = 8
PLENTY_A = 500.0
ONLY_TIME = {LimitReason.SETTLING, LimitReason.FUSE_HOT, LimitReason.FEWER_PHASES}
"""Reasons that name no limit that could be raised: the offer rises by itself, or once something has cooled down."""


def limited(site: LivingSite) -> list[Offer]:
    """All offers but those for which nobody asks."""
    offers = site.decision.offers.values()
    return [offer for offer in offers if offer.binding.reason is not LimitReason.NOT_CHARGING]


def rises(site: LivingSite, offer: Offer) -> bool:
    """Whether an offer rises once there is as much more as it is said to lack, and time for it to settle."""
    other = site.with_more(offer.evse)
    return any(other.live(1).offers[offer.evse].current_a > offer.current_a for _ in range(LONG_ENOUGH))


@pytest.mark.parametrize("part", range(PARTS))
def test_offers_rise_once_there_is_what_was_lacking(part: int) -> None:
    lies = []
    asked = 0
    for seed in range(part, SITES, PARTS):
        site = LivingSite(seed)
        for _ in range(SETTLED_STATES_EACH):
            site.live(site.random.randint(5, 15), happenings=0.3)
            site.live(35)
            for offer in limited(site):
                asked += 1
                if not rises(site, offer):
                    lies.append((seed, site.now_s, offer))
    assert lies == []
    assert asked > 100


def with_plenty_elsewhere(site: LivingSite, offer: Offer) -> LivingSite:
    """Return a copy in which all limits but those that are said to bind this offer are far away."""
    copy = deepcopy(site)
    named = {(binding.circuit_id, binding.phase, binding.limit_id) for binding in (offer.binding, *offer.also)}
    for circuit in site.layout.circuits:
        for phase in Phase:
            if (circuit.circuit_id, phase, None) not in named:
                copy.allow_more(Binding(LimitReason.CIRCUIT, circuit.circuit_id, phase), offer.evse, PLENTY_A)
        if circuit.limit_w is not None and (circuit.circuit_id, None, None) not in named:
            copy.allow_more(Binding(LimitReason.CIRCUIT_POWER, circuit.circuit_id), offer.evse, PLENTY_A)
    for limit in site.limits:
        limit_a, limit_w = limit.limit_a, limit.limit_w
        if limit_a is not None:
            free = [(limit.circuit_id, phase, limit.limit_id) not in named for phase in Phase]
            limit_a = PhaseAmperes(*(it + PLENTY_A * more for it, more in zip(limit_a, free, strict=True)))
        if limit_w is not None and (limit.circuit_id, None, limit.limit_id) not in named:
            limit_w += PLENTY_A * 690.0
        wider = replace(limit, limit_a=limit_a, limit_w=limit_w)
        copy.limit(*(wider if it.limit_id == limit.limit_id else it for it in copy.limits))
    return copy


def decided_anew(site: LivingSite, offer: Offer) -> Offer:
    return site.balancer.decide(site.now_s).offers[offer.evse]


@pytest.mark.parametrize("part", range(4))
def test_in_the_midst_of_changes_the_named_limits_and_no_others_bind(part: int) -> None:
    """At the same moment, in the same state: more of what is named is enough, more of all else is of no use.

    Enough means that the offer rises or that only time is missing: others' pauses and hot fuses run on, and what
    becomes of them is not known yet. Commands under way are confirmed first, for they make room themselves.
    """
    lies = []
    asked = 0
    for seed in range(part, RESTLESS_SITES, 4):
        site = LivingSite(seed)
        for _ in range(RESTLESS_STATES_EACH):
            site.live(site.random.randint(1, 15), happenings=0.3)
            site.decision = site.balancer.decide(site.now_s)
            named = [offer for offer in limited(site) if offer.binding.reason not in ONLY_TIME]
            if not named:
                continue
            offer = site.random.choice(named)
            asked += 1
            raised = decided_anew(site.with_more(offer.evse), offer)
            if raised.current_a <= offer.current_a and raised.binding.reason not in ONLY_TIME:
                lies.append(("not enough", seed, site.now_s, offer, raised))
            elsewhere = decided_anew(with_plenty_elsewhere(site, offer), offer)
            if elsewhere.current_a > offer.current_a:
                lies.append(("not binding", seed, site.now_s, offer, elsewhere))
    assert lies == []
    assert asked > 150
