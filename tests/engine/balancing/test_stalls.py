"""Nobody looked for a while, or the clock was set: nothing is taken for seen that was not."""

from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.model.offer import LimitReason

from .sites import House, key


def test_after_a_stall_nothing_rises_until_a_whole_window_has_been_seen() -> None:
    house = House()
    house.wants()
    house.live(60, house_a=12.0)
    house.live(55, house_a=2.0)
    assert house.offer().current_a < 13.0
    house.now_s += 8.0
    house.meter(2.0 + 12.0)
    assert house.offer().current_a < 13.0
    decision = house.live(50, house_a=2.0)
    assert decision.offers[key(0)].current_a < 13.0
    assert decision.offers[key(0)].binding.reason is LimitReason.SETTLING
    assert house.live(15, house_a=2.0).offers[key(0)].current_a == 16.0


def test_after_a_stall_a_meter_is_as_old_as_it_is() -> None:
    house = House()
    house.wants()
    house.live(100)
    house.now_s += 60.0
    decision = house.decide()
    assert decision.safe_mode
    assert decision.offers[key(0)].current_a == 6.0


def test_a_short_pause_between_looks_is_no_stall() -> None:
    house = House()
    house.wants()
    house.live(60, house_a=12.0)
    house.live(50, house_a=2.0)
    house.now_s += 4.0
    assert house.live(12, house_a=2.0).offers[key(0)].current_a == 16.0


@pytest.mark.parametrize("back_s", [5.0, 3600.0, 1e9])
def test_a_clock_that_is_set_back_takes_nothing_for_fresh(back_s: float) -> None:
    house = House(2)
    house.wants(0)
    house.wants(1)
    house.live(200, house_a=8.0)
    offers = house.decide().offers
    house.now_s -= back_s
    decision = house.decide()
    assert decision.at_s == house.now_s
    assert decision.offers == offers
    house.now_s += 12.0
    assert house.decide().circuits["main"].meter_silent
    house.now_s += 31.0
    assert house.decide().safe_mode
    decision = house.live(120, house_a=8.0)
    assert not decision.safe_mode
    assert sum(offer.current_a for offer in decision.offers.values()) == pytest.approx(16.0, abs=0.5)
    next_s = house.balancer.next_look_s(house.now_s)
    assert next_s is not None
    assert house.now_s < next_s < house.now_s + 3600.0


def test_a_clock_that_is_set_back_does_not_stop_cuts() -> None:
    house = House()
    house.wants()
    house.live(100)
    house.now_s -= 1000.0
    decision = house.live(2, house_a=15.0, draws={0: 16.0})
    assert decision.offers[key(0)].current_a <= 9.0


def test_times_that_are_told_are_those_of_the_clock() -> None:
    house = House()
    house.wants()
    house.live(100)
    house.now_s -= 5000.0
    house.decide()
    house.live(60, house_a=14.0, draws={0: 16.0})
    assert 0 <= house.now_s - house.balancer.unheeded[key(0)] <= 60
    assert house.decide().escalations[key(0)].since_s == house.balancer.unheeded[key(0)]


def test_reports_a_little_out_of_order_are_no_jump() -> None:
    house = House()
    house.wants()
    for _ in range(200):
        house.live(1)
        house.balancer.draw_reported(key(0), (16.0,) * 3, house.now_s - 0.4)
    assert house.offer().current_a == 16.0
    assert replace(house.decide(), at_s=0.0) == replace(house.decide(), at_s=0.0)
