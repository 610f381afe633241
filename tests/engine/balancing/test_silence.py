"""What happens when a meter or a charger says nothing any more, or says no."""

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement
from custom_components.offline_evse.engine.model.offer import Binding, LimitReason
from custom_components.offline_evse.engine.model.phases import Phase, PhaseAmperes

from .sites import House, key, three

L1 = Phase.L1


def test_a_refused_cut_is_held_for_the_charger_and_taken_from_others() -> None:
    house = House(2)
    house.wants(0)
    house.wants(1)
    house.live(60)
    assert [house.offer(number).current_a for number in (0, 1)] == [11.0, 11.0]
    house.now_s += 1
    house.meter(2 + 22 + 6)
    decision = house.decide(confirm=False)
    assert [offer.current_a for offer in decision.offers.values()] == [7.8, 7.8]
    house.balancer.offer_failed(key(0), house.now_s)
    house.balancer.offer_confirmed(key(1), 7.8, house.now_s)
    decision = house.decide(confirm=False)
    assert decision.offers[key(0)].current_a + decision.offers[key(1)].current_a <= 16 - (11 - 7.8) + 1e-6
    house.balancer.offer_confirmed(key(0), decision.offers[key(0)].current_a, house.now_s)
    assert house.decide().circuits["main"].available_a.l1 > 3.0


def test_an_offline_charger_keeps_its_last_offer_until_its_profile_has_run_out() -> None:
    house = House(2)
    house.wants(0)
    house.wants(1)
    house.live(60)
    house.wants(0, connected=False)
    decision = house.live(120, draws={0: 11.0})
    assert decision.offers[key(0)].current_a == 11.0
    assert decision.offers[key(0)].binding == Binding(LimitReason.OFFLINE)
    assert decision.offers[key(1)].current_a == 11.0
    house.balancer.offer_confirmed(key(0), 6.0, house.now_s)
    decision = house.live(120, draws={0: 6.0})
    assert [offer.current_a for offer in decision.offers.values()] == [6.0, 16.0]


def test_where_no_meter_tells_an_offline_charger_is_reckoned_with_at_its_floor() -> None:
    board = Circuit(circuit_id="board", name="Board", limit_a=three(20.0))
    house = House(
        circuits=(board,),
        placements=tuple(EvsePlacement(evse=key(number), circuit_id="board", maximum_a=32.0) for number in (0, 1)),
    )
    house.wants(0)
    assert house.offer().current_a == 14.0
    assert house.decide().circuits["board"].available_a == three(0.0)


def test_a_silent_meter_is_held_at_its_worst_and_then_safe_currents_rule() -> None:
    house = House(2)
    house.wants(0)
    house.wants(1)
    house.live(60, house_a=6.0)
    house.live(5, house_a=10.0)
    house.live(100, house_a=6.0)
    assert [offer.current_a for offer in house.decide().offers.values()] == pytest.approx([9.0, 9.0], abs=0.25)
    house.now_s += 11
    decision = house.decide()
    assert not decision.safe_mode
    assert decision.circuits["main"].meter_silent
    assert decision.circuits["main"].measured_a is None
    assert [offer.current_a for offer in decision.offers.values()] == [6.8, 6.8]  # as when it was at its worst
    house.now_s += 30
    decision = house.decide()
    assert decision.safe_mode
    assert [offer.current_a for offer in decision.offers.values()] == [6.0, 6.0]
    assert {offer.binding for offer in decision.offers.values()} == {Binding(LimitReason.METER_SILENT, "main")}


def test_safe_currents_are_given_in_order_of_priority_within_the_reserve() -> None:
    main = Circuit(circuit_id="main", name="Main", limit_a=three(25.0), metered=True, reserve_a=12.0)
    placements = tuple(EvsePlacement(evse=key(number), circuit_id="main", priority=number) for number in range(3))
    house = House(circuits=(main,), placements=placements)
    for number in range(3):
        house.wants(number)
    decision = house.decide()
    assert [decision.offers[key(number)].current_a for number in range(3)] == [0, 6.0, 6.0]
    assert decision.offers[key(0)].binding.reason is LimitReason.WAITING_TURN


def test_a_meter_that_comes_back_counts_with_its_worst_until_it_has_been_heard_for_a_window() -> None:
    house = House()
    house.wants()
    house.live(60)
    house.live(3, house_a=13.0)
    house.live(100)
    assert house.offer().current_a == 16.0
    house.now_s += 50
    assert house.offer().current_a == 6.0
    assert house.live(50).offers[key(0)].current_a == pytest.approx(11.0)
    assert house.live(30).offers[key(0)].current_a == 16.0


def test_only_what_hangs_below_a_silent_sub_meter_is_held_safe() -> None:
    main = Circuit(circuit_id="main", name="Main", limit_a=three(63.0), metered=True)
    barn = Circuit(circuit_id="barn", name="Barn", parent_id="main", limit_a=three(32.0), metered=True)
    house = House(
        circuits=(main, barn),
        placements=(EvsePlacement(evse=key(0), circuit_id="main"), EvsePlacement(evse=key(1), circuit_id="barn")),
    )
    house.wants(0)
    house.wants(1)
    decision = house.live(60)
    assert decision.safe_mode
    assert [offer.current_a for offer in decision.offers.values()] == [16.0, 6.0]
    assert decision.offers[key(1)].binding == Binding(LimitReason.METER_SILENT, "barn")


def test_a_report_that_is_not_a_number_is_no_report() -> None:
    house = House()
    house.live(60)
    house.wants()
    house.decide()
    for _ in range(45):
        house.now_s += 1
        house.meter(PhaseAmperes(float("nan"), 1.0, 1.0))
        house.draws(0, float("inf"))
    assert house.decide().safe_mode
