"""Chargers out of sight: what is held for them, and what frees it."""

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement
from custom_components.offline_evse.engine.model.offer import EvseDemand

from .sites import House, key, three


def board_of_two(can_switch: bool = False) -> House:
    board = Circuit(circuit_id="board", name="Board", limit_a=three(26.0))
    placements = tuple(
        EvsePlacement(evse=key(number), circuit_id="board", can_switch_phases=can_switch, hardware_a=32.0)
        for number in (0, 1)
    )
    house = House(circuits=(board,), placements=placements)
    house.wants(0)
    house.wants(1)
    house.live(60)
    return house


def test_a_profile_that_has_run_out_lowers_what_is_held_step_by_step() -> None:
    house = board_of_two()
    assert house.offer(0).current_a == 13.0
    house.wants(0, connected=False)
    assert house.live(60).offers[key(1)].current_a == 13.0
    house.balancer.offer_confirmed(key(0), 8.0, house.now_s)
    assert house.live(60).offers[key(1)].current_a == 16.0
    assert house.offer(0).current_a == 8.0


def test_a_charger_whose_limits_are_gone_is_held_at_what_its_hardware_can_take() -> None:
    house = board_of_two()
    house.wants(0, connected=False)
    house.balancer.offer_confirmed(key(0), 32.0, house.now_s)
    assert house.live(5).offers[key(1)].current_a == 0.0


def test_an_overdraw_is_held_out_of_sight_too() -> None:
    house = board_of_two()
    house.live(120, draws={0: lambda offer_a: offer_a + 1.5})
    taken_a = house.offer(0).current_a + 1.5
    house.wants(0, connected=False)
    assert house.live(120, draws={0: taken_a}).offers[key(1)].current_a <= 26.0 - taken_a + 1e-6


def test_one_that_comes_back_is_told_anew() -> None:
    house = board_of_two()
    house.wants(0, connected=False)
    house.balancer.offer_confirmed(key(0), 6.0, house.now_s)
    house.live(60)
    demand = EvseDemand(key(0), connected=True, wants_current=True, ceiling_a=16.0)
    house.balancer.set_demand(demand, house.now_s)
    decision = house.live(120)
    assert [offer.current_a for offer in decision.offers.values()] == pytest.approx([13.0, 13.0], abs=0.21)
