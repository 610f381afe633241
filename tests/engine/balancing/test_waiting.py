"""Everybody's turn comes, within a time that can be told beforehand."""

import pytest

from custom_components.offline_evse.engine.balancing.settings import BalancingSettings
from custom_components.offline_evse.engine.balancing.sharing.waiting import longest_wait_s

from .sites import House, key


@pytest.mark.parametrize(
    ("cars", "places", "slots"),
    [(1, 1, 0), (4, 4, 0), (5, 4, 1), (8, 4, 1), (9, 4, 2), (20, 4, 4), (3, 1, 2), (2, 3, 0)],
)
def test_the_longest_wait_is_a_whole_number_of_turns(cars: int, places: int, slots: int) -> None:
    assert longest_wait_s(cars, places, 900.0, 0.0) == slots * 900.0


def test_without_a_place_the_wait_has_no_end() -> None:
    assert longest_wait_s(3, 0, 900.0) == float("inf")


@pytest.mark.parametrize(("cars", "places"), [(20, 4), (5, 2), (3, 1)])
def test_nobody_waits_longer_than_is_stated(cars: int, places: int) -> None:
    settings = BalancingSettings(slot_s=300.0, most_starts_per_hour=1000)
    house = House(cars, 2.0 + 1.0 + 6.0 * places + 2.5, settings)
    for number in range(cars):
        house.wants(number)
    house.live(70)
    waited = dict.fromkeys((key(number) for number in range(cars)), 0)
    longest = dict(waited)
    charged = dict(waited)
    for _ in range(int(3 * longest_wait_s(cars, places, 300.0)) + 600):
        decision = house.live(1)
        for evse, offer in decision.offers.items():
            waited[evse] = 0 if offer.current_a else waited[evse] + 1
            longest[evse] = max(longest[evse], waited[evse])
            charged[evse] += offer.current_a > 0
    assert max(longest.values()) <= longest_wait_s(cars, places, 300.0)
    # Nor does anybody have much more of it than others.
    assert max(charged.values()) - min(charged.values()) <= 2 * 300.0
