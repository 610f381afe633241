"""Somebody who has just asked for more does not wait longer than the fuse demands."""

from custom_components.offline_evse.engine.model.offer import Binding, LimitReason
from custom_components.offline_evse.engine.model.phases import Phase

from .sites import House, key


def test_a_limit_that_is_lifted_right_after_it_was_set_is_followed_at_once() -> None:
    house = House()
    house.live(60)
    house.wants()
    house.live(60)
    house.wants(ceiling_a=8.0, reason=LimitReason.USER_LIMIT)
    assert house.live(3).offers[key(0)].current_a == 8.0
    house.wants()
    assert house.offer().current_a == 16.0


def test_asking_for_more_gives_no_more_than_was_free_all_the_while() -> None:
    house = House()
    house.live(60)
    house.wants(ceiling_a=8.0, reason=LimitReason.USER_LIMIT)
    house.live(30)
    house.live(3, house_a=14.0)
    house.live(3)
    house.wants()
    offer = house.offer()
    assert offer.current_a == 10.0  # 25 - 1 - 14
    assert offer.binding == Binding(LimitReason.SETTLING, "main", Phase.L1)


def test_a_pause_that_is_lifted_does_not_bring_an_older_shortage_back() -> None:
    house = House()
    house.live(60)
    house.wants()
    house.live(30)
    house.live(10, house_a=20.0)
    assert house.offer().current_a == 0.0
    house.wants(ceiling_a=0.0, reason=LimitReason.PAUSED)
    house.live(70)
    house.wants()
    assert house.offer().current_a == 16.0


def test_a_second_session_has_its_share_within_seconds_of_the_first_ones_cut() -> None:
    house = House(2)
    house.wants(0)
    house.wants(1, wants=False)
    house.live(100)
    house.wants(1)
    assert house.decide(confirm=False).offers[key(1)].current_a == 6.0
    house.balancer.offer_confirmed(key(1), 6.0, house.now_s)
    house.balancer.offer_confirmed(key(0), 10.8, house.now_s)
    assert house.live(2).offers[key(1)].current_a >= 10.8


def test_haste_is_over_soon() -> None:
    house = House()
    house.live(60)
    house.wants(ceiling_a=8.0, reason=LimitReason.USER_LIMIT)
    house.live(60, house_a=14.0)
    house.wants()
    assert house.live(12, house_a=14.0).offers[key(0)].current_a == 10.0
    house.meter(10.0 + 15.0)
    assert house.offer().current_a < 10.0
    lowered_a = house.offer().current_a
    assert house.live(18, house_a=10.0).offers[key(0)].current_a == lowered_a
