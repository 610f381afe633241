"""What is said to bind an offer does bind it: give as much more as is said to be lacking, and the offer rises."""

import pytest

from custom_components.offline_evse.engine.model.offer import LimitReason, Offer

from .living_site import LONG_ENOUGH, LivingSite

PARTS = 10
SITES = 250
SETTLED_STATES_EACH = 3
RESTLESS_SITES = 60
RESTLESS_STATES_EACH = 8


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
    """All of them, but for one in hundreds that waits while several others enter at once."""
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
    assert len(lies) <= 1, lies
    assert asked > 150


def test_in_the_midst_of_changes_nearly_every_offer_does() -> None:
    """Here others may take what is free while one still has to wait out its pause, or a fuse cools down."""
    asked = lies = 0
    for seed in range(RESTLESS_SITES):
        site = LivingSite(seed)
        for _ in range(RESTLESS_STATES_EACH):
            site.live(site.random.randint(1, 15), happenings=0.3)
            if offers := limited(site):
                asked += 1
                lies += not rises(site, site.random.choice(offers))
    assert asked > 400
    assert lies <= 0.02 * asked
