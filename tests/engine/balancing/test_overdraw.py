"""Cars that do not draw exactly what they are offered."""

from collections.abc import Callable
from itertools import cycle

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement
from custom_components.offline_evse.engine.model.offer import LimitReason

from .sites import House, key, three


def beyond(more_a: float) -> Callable[[float], float]:
    return lambda offer_a: offer_a + more_a if offer_a else 0.0


def test_what_a_car_draws_beyond_its_offer_is_given_to_nobody_else_even_where_no_meter_tells() -> None:
    board = Circuit(circuit_id="board", name="Board", limit_a=three(26.0))
    placements = tuple(EvsePlacement(evse=key(number), circuit_id="board") for number in (0, 1))
    house = House(circuits=(board,), placements=placements)
    house.wants(0)
    house.wants(1)
    decision = house.live(120, draws={0: beyond(1.5)})
    assert house.balancer.overdraw(key(0)) == pytest.approx(1.5)
    assert decision.offers[key(0)].current_a + 1.5 + decision.offers[key(1)].current_a <= 26.0
    assert decision.offers[key(0)].current_a + 1.5 + decision.offers[key(1)].current_a >= 25.0
    assert house.balancer.unheeded == {}


def test_an_overdraw_is_counted_once_where_a_meter_shows_it() -> None:
    house = House(2, fuse_a=27.0)
    house.wants(0)
    house.wants(1)
    decision = house.live(300, draws={0: beyond(1.5)})
    offered_a = sum(offer.current_a for offer in decision.offers.values())
    assert 22.0 <= offered_a <= 27.0 - 1.0 - 2.0 - 1.5 + 1e-6


def test_an_overdraw_that_ends_is_given_back() -> None:
    house = House(fuse_a=15.0)
    house.wants()
    assert house.live(200, draws={0: beyond(1.5)}).offers[key(0)].current_a <= 10.5
    decision = house.live(200)
    assert house.balancer.overdraw(key(0)) == 0.0
    assert decision.offers[key(0)].current_a == pytest.approx(12.0, abs=0.25)


def test_a_car_that_rounds_to_whole_amperes_causes_no_commands() -> None:
    house = House(2, fuse_a=27.3)
    house.wants(0)
    house.wants(1)
    house.live(120, draws={0: lambda offer_a: float(round(offer_a)), 1: lambda offer_a: float(int(offer_a))})
    settled = house.commands
    house.live(1800, draws={0: lambda offer_a: float(round(offer_a)), 1: lambda offer_a: float(int(offer_a))})
    assert house.commands - settled <= 1


def test_a_car_that_hunts_around_one_ampere_causes_no_commands() -> None:
    hunt = cycle([1.0, 1.0, 0.0, -1.0, -1.0, 0.0, 0.5])
    house = House(2, fuse_a=27.0)
    house.wants(0)
    house.wants(1)
    draws = {0: lambda offer_a: offer_a + next(hunt) if offer_a else 0.0}
    house.live(300, draws=draws)
    settled = house.commands
    house.live(1800, draws=draws)
    assert house.commands - settled <= 2
    assert house.balancer.unheeded == {}


def test_a_car_that_ramps_up_again_has_its_share_back_within_a_minute_and_a_half() -> None:
    house = House(2, fuse_a=27.0)
    house.wants(0)
    house.wants(1)
    assert house.live(200, draws={0: 6.0}).offers[key(0)].binding.reason is LimitReason.VEHICLE
    assert house.offer(0).current_a == 8.0
    assert house.offer(1).current_a == 16.0
    decision = house.live(90)
    assert decision.offers[key(0)].current_a == pytest.approx(12.0, abs=0.3)
    assert decision.offers[key(1)].current_a == pytest.approx(12.0, abs=0.3)
