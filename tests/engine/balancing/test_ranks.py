"""Who goes first where there is not enough for everybody."""

from custom_components.offline_evse.engine.balancing.settings import BalancingSettings
from custom_components.offline_evse.engine.model.circuit import EvsePlacement
from custom_components.offline_evse.engine.model.offer import EvseDemand, LimitReason

from .sites import House, key


def demand(house: House, number: int, **changes: object) -> None:
    values = {"connected": True, "wants_current": True, "ceiling_a": 16.0, **changes}
    house.balancer.set_demand(EvseDemand(key(number), **values), house.now_s)  # type: ignore[arg-type]


def offers(house: House) -> list[float]:
    return [offer.current_a for offer in house.decide().offers.values()]


def test_a_class_that_comes_with_the_card_counts_instead_of_the_connectors() -> None:
    house = House(2, 21.0)
    house.live(65)
    demand(house, 0)
    demand(house, 1, priority=1)
    house.live(70)
    # 21 - 1 - 2 A are 18; the lower class keeps its minimum.
    assert offers(house) == [6.0, 12.0]
    assert house.decide().offers[key(0)].binding.reason is LimitReason.PRIORITY


def test_a_weight_that_comes_with_the_card_counts_instead_of_the_connectors() -> None:
    house = House(2, 21.0)
    house.live(65)
    demand(house, 0, weight=2.0)
    demand(house, 1)
    house.live(70)
    assert offers(house) == [12.0, 6.0]


def test_a_minimum_of_the_car_is_the_least_it_is_offered() -> None:
    house = House(2, 16.0)
    house.live(65)
    demand(house, 0, minimum_a=8.0)
    demand(house, 1)
    house.live(70)
    assert sorted(offers(house)) == [0.0, 13.0]


def test_of_those_that_wait_the_one_with_the_least_time_to_spare_goes_first() -> None:
    house = House(4, 10.0, BalancingSettings(slot_s=120.0))
    house.live(65)
    demand(house, 0)
    house.live(5)
    demand(house, 1)
    demand(house, 2, laxity_s=7200.0)
    demand(house, 3, laxity_s=600.0)
    house.live(130)
    assert [current_a > 0 for current_a in offers(house)] == [False, False, False, True]


def test_one_that_cannot_spare_another_turn_keeps_its_place() -> None:
    house = House(2, 10.0, BalancingSettings(slot_s=120.0))
    house.live(65)
    demand(house, 0, laxity_s=60.0)
    house.live(5)
    demand(house, 1, laxity_s=7200.0)
    assert all(offers(house)[0] > 0 for _ in range(30) if house.live(10))


def test_one_with_a_departure_far_off_gives_way_once_it_had_its_turn() -> None:
    house = House(2, 10.0, BalancingSettings(slot_s=120.0))
    house.live(65)
    demand(house, 0, laxity_s=7200.0)
    house.live(5)
    demand(house, 1)
    house.live(180)
    assert [current_a > 0 for current_a in offers(house)] == [False, True]


def test_a_car_that_cannot_be_paused_keeps_its_minimum_before_any_class() -> None:
    placements = (
        EvsePlacement(evse=key(0), circuit_id="main"),
        EvsePlacement(evse=key(1), circuit_id="main", priority=5),
    )
    house = House(fuse_a=25.0, placements=placements)
    house.live(65)
    demand(house, 0, pausable=False)
    demand(house, 1)
    house.live(70)
    assert all(offers(house))
    house.live(30, house_a=16.0)
    assert [current_a > 0 for current_a in offers(house)] == [True, False]
