"""What is learned of a car: its own minimum, and whether it has to be woken."""

from collections.abc import Callable

import pytest

from custom_components.offline_evse.engine.balancing.settings import BalancingSettings
from custom_components.offline_evse.engine.model.circuit import EvsePlacement
from custom_components.offline_evse.engine.model.offer import EvseDemand, LimitReason

from .sites import House, key


class Sleeper:
    """A car that sleeps once it has been offered nothing for long, until its offer comes back for the n-th time."""

    def __init__(self, wakes_after: int) -> None:
        self.wakes_after = wakes_after
        self.off_s = 0
        self.asleep = False
        self.starts = 0
        self.last_a = 0.0

    def __call__(self, offer_a: float) -> float:
        if offer_a and not self.last_a:
            self.starts += 1
            if self.off_s > 200:
                self.asleep = True
                self.starts = 0
            elif self.starts >= self.wakes_after:
                self.asleep = False
        self.off_s = 0 if offer_a else self.off_s + 1
        self.last_a = offer_a
        return 0.0 if self.asleep else offer_a


def slept(wakes_after: int, pausable: bool = True) -> tuple[House, Sleeper]:
    """A car that charged, had to be paused for ten minutes, and has room again."""
    house, car = House(), Sleeper(wakes_after)
    demand = EvseDemand(key(0), connected=True, wants_current=True, ceiling_a=16.0, pausable=pausable)
    house.balancer.set_demand(demand, house.now_s)
    house.live(100, draws={0: car})
    house.live(600, house_a=20.0, draws={0: car})
    return house, car


def pauses(house: House, car: Callable[[float], float], seconds: int) -> list[int]:
    """How long each pause within this time was, in s."""
    found: list[int] = []
    off = True
    for _ in range(seconds):
        offer = house.live(1, draws={0: car}).offers[key(0)]
        if not offer.current_a:
            if not off:
                found.append(0)
                assert offer.binding.reason is LimitReason.VEHICLE
            if found:
                found[-1] += 1
        off = not offer.current_a
    return found


@pytest.mark.parametrize("wakes_after", [1, 2])
def test_a_car_that_fell_asleep_in_a_pause_is_woken(wakes_after: int) -> None:
    house, car = slept(wakes_after)
    found = pauses(house, car, 600)
    assert found == [pytest.approx(10, abs=1)] * wakes_after
    assert not car.asleep


def test_it_is_tried_three_times_and_then_left_alone() -> None:
    house, car = slept(99)
    assert len(pauses(house, car, 3000)) == 3
    assert house.offer().current_a >= 6.0


def test_a_car_that_is_known_not_to_survive_a_pause_is_not_woken_by_one() -> None:
    house, car = slept(99, pausable=False)
    assert pauses(house, car, 1000) == []


def test_a_car_that_has_stopped_by_itself_is_not_woken() -> None:
    house = House()
    house.wants()
    house.live(100)
    house.live(200, draws={0: 0.0})
    house.live(600, house_a=20.0, draws={0: 0.0})
    assert pauses(house, lambda _: 0.0, 1500) == []


def test_a_car_that_has_never_been_paused_is_not_woken() -> None:
    house = House()
    house.wants()
    house.live(5)
    assert pauses(house, lambda _: 0.0, 1500) == []


def test_a_paused_car_is_started_at_most_four_times_an_hour() -> None:
    house = House(settings=BalancingSettings(most_starts_per_hour=4))
    house.wants()
    house.live(100)
    starts = 0
    last_a = house.offer().current_a
    for second in range(3600):
        offer_a = house.live(1, house_a=20.0 if second % 300 < 20 else 2.0).offers[key(0)].current_a
        starts += bool(offer_a and not last_a)
        last_a = offer_a
    assert 3 <= starts <= 4


def picky(least_a: float) -> Callable[[float], float]:
    """A car that takes next to nothing below a current of its own."""
    return lambda offer_a: offer_a if offer_a >= least_a else 0.4


def test_a_car_that_hardly_charges_at_six_amperes_is_offered_more_step_by_step() -> None:
    house = House(2, fuse_a=30.0)
    house.wants(0)
    house.wants(1)
    house.live(100)
    house.live(60, house_a=16.0, draws={0: picky(8.0)})
    assert house.offer(0).current_a < 8.0
    house.live(600, house_a=11.0, draws={0: picky(8.0)})
    assert house.balancer.learned_minimum(key(0)) == pytest.approx(8.0, abs=0.6)
    assert house.offer(0).current_a >= 8.0
    # From now on it is that or nothing.
    for _ in range(180):
        offer_a = house.live(1, house_a=16.5, draws={0: picky(8.0)}).offers[key(0)].current_a
        assert offer_a == 0.0 or offer_a >= 7.3


def test_a_car_that_just_takes_little_is_not_thought_to_need_more() -> None:
    house = House()
    house.wants()
    house.live(600, house_a=12.0)
    house.live(600, house_a=17.5)
    house.live(900, house_a=17.5, draws={0: 2.0})
    assert house.balancer.learned_minimum(key(0)) is None


def test_what_was_learned_ends_with_the_session_and_can_be_handed_in_again() -> None:
    house = House()
    house.wants(wants=False)
    demand = EvseDemand(key(0), connected=True, wants_current=True, ceiling_a=16.0, minimum_a=9.0)
    house.live(60, house_a=16.0)
    house.balancer.set_demand(demand, house.now_s)
    assert house.live(5, house_a=16.0).offers[key(0)].current_a == 0.0
    assert house.live(90, house_a=14.5).offers[key(0)].current_a == 9.5
    assert house.balancer.learned_minimum(key(0)) is None


def test_at_a_silent_meter_its_safe_current_is_better_than_nothing() -> None:
    house = House()
    demand = EvseDemand(key(0), connected=True, wants_current=True, ceiling_a=16.0, minimum_a=9.0)
    house.balancer.set_demand(demand, house.now_s)
    house.live(60)
    house.now_s += 60
    offer = house.offer()
    assert offer.current_a == 6.0
    assert offer.binding.reason is LimitReason.METER_SILENT


@pytest.mark.parametrize("minimum_a", [0.0, 5.0, 99.0, float("nan")])
def test_a_minimum_that_makes_no_sense_changes_nothing(minimum_a: float) -> None:
    house = House(placements=(EvsePlacement(evse=key(0), circuit_id="main", maximum_a=16.0),))
    demand = EvseDemand(key(0), connected=True, wants_current=True, ceiling_a=16.0, minimum_a=minimum_a)
    house.balancer.set_demand(demand, house.now_s)
    assert house.live(100, house_a=17.5).offers[key(0)].current_a in (6.0, 6.5)
