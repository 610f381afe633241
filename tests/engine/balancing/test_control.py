"""How the balancer behaves, told as what happens at a house."""

from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.balancing.settings import BalancingSettings
from custom_components.offline_evse.engine.balancing.tree.fuse_tree import UnknownCircuitError
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.offer import Binding, EvseDemand, LimitReason
from custom_components.offline_evse.engine.model.phases import WIRINGS, Phase, PhaseAmperes
from custom_components.offline_evse.engine.model.station import EvseKey

from .sites import House, key, three

L1 = Phase.L1


def test_a_car_that_plugs_in_at_an_idle_house_gets_everything_at_once() -> None:
    house = House()
    house.live(5)
    house.wants()
    assert house.offer().current_a == 16.0
    assert house.offer().binding == Binding(LimitReason.CHARGER_MAXIMUM)


def test_right_after_the_start_three_seconds_of_meter_will_do() -> None:
    house = House()
    house.wants()
    assert house.offer().binding == Binding(LimitReason.METER_SILENT, "main")
    house.live(2)
    assert house.offer().current_a == 6.0
    assert house.live(25).offers[key(0)].current_a == 16.0


def test_nobody_there_is_offered_nothing_and_holds_nothing() -> None:
    house = House(2)
    house.wants(0)
    decision = house.live(30)
    assert decision.offers[key(1)].binding == Binding(LimitReason.OFFLINE)
    house.wants(1, wants=False)
    decision = house.decide()
    assert decision.offers[key(1)].current_a == 0
    assert decision.offers[key(1)].binding == Binding(LimitReason.NOT_CHARGING)
    assert decision.circuits["main"].available_a == pytest.approx(three(25 - 1 - 2 - 16))


def test_a_kettle_is_answered_in_the_same_decision() -> None:
    house = House()
    house.wants()
    house.live(30)
    house.now_s += 1
    house.meter(PhaseAmperes(2 + 16 + 9, 18, 18))
    offer = house.offer()
    assert offer.current_a == pytest.approx(12.8)  # 25 - 1 - 11, and the dead band
    assert offer.binding == Binding(LimitReason.CIRCUIT, "main", L1)


def test_a_cut_is_not_repeated_before_the_car_can_have_followed() -> None:
    house = House()
    house.wants()
    house.live(30)
    for _ in range(11):
        house.now_s += 1
        house.meter(27.0)
        assert house.offer().current_a == pytest.approx(12.8)
    assert house.balancer.unheeded == {}


def test_a_further_rise_while_the_car_is_on_its_way_is_cut_further() -> None:
    house = House()
    house.wants()
    house.live(30)
    house.now_s += 1
    house.meter(27.0)
    house.decide()
    house.now_s += 2
    house.meter(31.0)
    assert house.offer().current_a == pytest.approx(8.8)


def test_a_rise_after_the_car_has_followed_is_seen_at_once() -> None:
    house = House()
    house.wants()
    house.live(30)
    house.now_s += 1
    house.meter(27.0)
    house.decide()
    house.now_s += 4
    house.meter(11.0 + 12.8)
    house.decide()
    house.now_s += 1
    house.meter(16.0 + 12.8)
    assert house.offer().current_a == pytest.approx(7.8)


def test_a_car_that_does_not_follow_is_noted_and_cut_further() -> None:
    house = House()
    house.wants()
    house.live(30)
    for _ in range(14):
        house.now_s += 1
        house.meter(27.0)
        house.draws(0, 16.0)
        house.decide()
    assert house.offer().current_a == pytest.approx(9.6)
    house.now_s += 13
    house.meter(27.0)
    house.draws(0, 16.0)
    assert key(0) in house.balancer.unheeded


def test_it_rises_only_to_what_was_free_for_the_whole_window() -> None:
    house = House()
    house.wants()
    house.live(60)
    house.live(3, house_a=11.0)
    decision = house.live(58, house_a=2.0)
    assert decision.offers[key(0)].current_a == pytest.approx(12.8)
    assert decision.offers[key(0)].binding == Binding(LimitReason.SETTLING, "main", L1)
    assert house.live(4, house_a=2.0).offers[key(0)].current_a == 16.0


def test_a_small_gain_is_worth_a_command_only_once_nothing_has_changed_for_long() -> None:
    house = House()
    house.wants()
    house.live(60, house_a=12.0)
    assert house.offer().current_a == 12.0
    assert house.live(100, house_a=11.5).offers[key(0)].current_a == 12.0
    assert house.live(30, house_a=11.5).offers[key(0)].current_a == pytest.approx(12.5)
    assert house.live(120, house_a=11.4).offers[key(0)].current_a == pytest.approx(12.5)
    assert house.live(120, house_a=10.9).offers[key(0)].current_a == pytest.approx(13.1)


def test_flicker_of_the_meter_moves_nothing() -> None:
    house = House()
    house.wants()
    house.live(100, house_a=12.0)
    house.live(1, house_a=12.05)
    settled = house.offer().current_a
    for tick in range(200):
        assert house.live(1, house_a=12.0 + 0.1 * (tick % 2)).offers[key(0)].current_a == settled


def test_too_little_for_the_minimum_pauses_and_says_where() -> None:
    house = House()
    house.wants()
    house.live(30)
    offer = house.live(1, house_a=PhaseAmperes(2, 20, 2)).offers[key(0)]
    assert offer.current_a == 0
    assert offer.binding == Binding(LimitReason.CIRCUIT, "main", Phase.L2)


def test_a_paused_car_resumes_with_a_margin_and_after_a_while() -> None:
    house = House()
    house.wants()
    house.live(30)
    house.live(10, house_a=20.0)
    assert house.live(110, house_a=2.0).offers[key(0)].current_a == 0
    assert house.live(15, house_a=2.0).offers[key(0)].current_a == 16.0
    house.live(10, house_a=20.0)
    assert house.live(500, house_a=17.0).offers[key(0)].current_a == 0  # 7 A free: more than 6, less than 8
    assert house.live(500, house_a=17.0).offers[key(0)].current_a == 7.0  # it has waited for a slot


def test_a_second_car_is_let_in_once_the_first_has_confirmed_its_cut() -> None:
    house = House(2)
    house.wants(0)
    house.wants(1, wants=False)
    house.live(100)
    house.wants(1)
    decision = house.decide(confirm=False)
    assert decision.offers[key(0)].current_a == pytest.approx(10.8)
    assert decision.offers[key(1)].current_a == 6.0  # 22 free, 16 of it not given up yet
    house.balancer.offer_confirmed(key(1), 6.0, house.now_s)
    house.balancer.offer_confirmed(key(0), 10.8, house.now_s)
    assert house.live(25).offers[key(1)].current_a == pytest.approx(11.0, abs=0.21)


def test_a_charger_found_running_goes_on_from_there() -> None:
    house = House()
    house.balancer.offer_confirmed(key(0), 13.0, 0.0)
    house.wants()
    house.draws(0, 13.0)
    house.meter(20.0)
    assert house.offer().current_a == 13.0


@pytest.mark.parametrize(("ceiling_a", "offered_a"), [(10.0, 10.0), (5.0, 0.0), (0.0, 0.0), (float("nan"), 0.0)])
def test_what_people_set_only_lowers(ceiling_a: float, offered_a: float) -> None:
    house = House()
    house.live(5)
    house.wants(ceiling_a=ceiling_a, reason=LimitReason.USER_LIMIT)
    assert house.offer().current_a == offered_a
    assert house.offer().binding == Binding(LimitReason.USER_LIMIT)


def test_a_pause_that_is_lifted_is_over_at_once() -> None:
    house = House()
    house.live(5)
    house.wants()
    house.live(60)
    house.wants(ceiling_a=0.0, reason=LimitReason.PAUSED)
    assert house.offer().binding == Binding(LimitReason.PAUSED)
    house.live(10)
    house.wants()
    assert house.offer().current_a == 16.0


def test_a_higher_class_is_served_first_and_the_other_is_told_so() -> None:
    placements = tuple(
        EvsePlacement(evse=key(number), circuit_id="main", maximum_a=32.0, priority=number) for number in range(2)
    )
    house = House(placements=placements)
    house.wants(0)
    house.wants(1)
    decision = house.live(60)
    assert [offer.current_a for offer in decision.offers.values()] == [6.0, 16.0]
    assert decision.offers[key(0)].binding == Binding(LimitReason.PRIORITY, "main", L1)
    assert decision.offers[key(1)].binding == Binding(LimitReason.CIRCUIT, "main", L1)


def test_a_single_phase_car_leaves_the_other_phases_alone() -> None:
    placements = (
        EvsePlacement(evse=key(0), circuit_id="main", wiring=WIRINGS["t"], maximum_a=32.0),
        EvsePlacement(evse=key(1), circuit_id="main"),
    )
    house = House(placements=placements)
    house.wants(0)
    house.wants(1)
    decision = house.live(60, house_a=PhaseAmperes(8.0, 8.0, 2.0))
    assert [offer.current_a for offer in decision.offers.values()] == [11.0, 11.0]


def test_a_car_that_draws_on_one_terminal_only_leaves_the_other_phases_to_others() -> None:
    placements = (
        EvsePlacement(evse=key(0), circuit_id="main", wiring=WIRINGS["t"], maximum_a=32.0),
        EvsePlacement(evse=key(1), circuit_id="main"),
    )
    house = House(placements=placements)
    house.live(60)
    house.wants(0)
    house.balancer.set_demand(
        EvseDemand(key(1), connected=True, wants_current=True, ceiling_a=16.0, phases_used=(0,)), house.now_s
    )
    assert [offer.current_a for offer in house.decide().offers.values()] == [22.0, 16.0]


def test_a_limit_in_watts_binds_by_name() -> None:
    main = Circuit(circuit_id="main", name="Main", limit_a=three(63.0), limit_w=11000.0, metered=True, margin_a=0.0)
    house = House(circuits=(main,))
    house.wants()
    offer = house.live(60, house_a=PhaseAmperes(9.0, 0.0, 0.0)).offers[key(0)]
    assert offer.current_a == pytest.approx(12.9)  # (11000 / 230 - 9) / 3, in steps
    assert offer.binding == Binding(LimitReason.CIRCUIT_POWER, "main")


def test_generation_frees_no_more_than_the_fuse() -> None:
    house = House(placements=(EvsePlacement(evse=key(0), circuit_id="main", maximum_a=63.0),))
    house.wants()
    assert house.live(60, house_a=-15.0).offers[key(0)].current_a == 24.0


def test_a_car_that_takes_less_gives_back_the_rest_and_is_asked_again() -> None:
    house = House(2, fuse_a=27.0)
    house.wants(0)
    house.wants(1)
    decision = house.live(200, draws={0: 6.0})
    assert decision.offers[key(0)].current_a == 8.0
    assert decision.offers[key(0)].binding == Binding(LimitReason.VEHICLE)
    assert decision.offers[key(1)].current_a == 16.0
    decision = house.live(20, draws={0: 8.0})
    assert decision.offers[key(0)].binding.reason is not LimitReason.VEHICLE
    assert house.live(60).offers[key(0)].current_a == pytest.approx(12.0, abs=0.3)


def test_a_sleeping_car_hides_no_load_of_the_house() -> None:
    house = House()
    house.wants()
    house.live(40, draws={0: 0.0})
    decision = house.live(30, house_a=16.0, draws={0: 0.0})
    assert decision.offers[key(0)].current_a <= 8.0


def test_a_car_that_wakes_within_its_offer_is_not_cut() -> None:
    house = House()
    house.wants()
    house.live(30, house_a=8.0, draws={0: 0.0})
    assert house.offer().current_a == 16.0
    assert house.live(9, house_a=8.0, draws={0: 16.0}).offers[key(0)].current_a == 16.0
    assert house.live(50, house_a=8.0).offers[key(0)].current_a == 16.0


@pytest.mark.parametrize("places", [1, 2, 3])
def test_turns_go_round_within_the_stated_wait(places: int) -> None:
    cars = 5
    settings = BalancingSettings(slot_s=300.0)
    house = House(cars, fuse_a=1.0 + 6.0 * places + 3.0, settings=settings)
    for number in range(cars):
        house.wants(number)
    waiting = dict.fromkeys(range(cars), 0)
    longest = dict.fromkeys(range(cars), 0)
    for _ in range(3 * 3600):
        decision = house.live(1, house_a=2.0)
        charging = [number for number in range(cars) if decision.offers[key(number)].current_a]
        assert len(charging) <= places
        for number in range(cars):
            waiting[number] = 0 if number in charging else waiting[number] + 1
            longest[number] = max(longest[number], waiting[number])
            if number not in charging:
                assert decision.offers[key(number)].binding.circuit_id == "main"
    rounds = -(-cars // places)
    assert max(longest.values()) <= settings.slot_s * rounds + 30


def test_a_changed_layout_keeps_what_was_learned() -> None:
    house = House()
    house.wants()
    house.live(100)
    wider = Circuit(circuit_id="main", name="Main", limit_a=three(35.0), metered=True)
    added = EvsePlacement(evse=key(1), circuit_id="main")
    house.balancer.set_layout(SiteLayout(circuits=(wider,), placements=(*house.layout.placements, added)))
    house.wants(1)
    decision = house.decide()
    assert [offer.current_a for offer in decision.offers.values()] == [16.0, 16.0]


def test_a_layout_that_makes_no_sense_leaves_the_old_one_in_force() -> None:
    house = House()
    house.wants()
    house.live(30)
    with pytest.raises(UnknownCircuitError):
        house.balancer.set_layout(SiteLayout(placements=(EvsePlacement(evse=key(0), circuit_id="gone"),)))
    assert house.offer().current_a == 16.0


def test_what_is_said_of_unknown_chargers_and_circuits_does_no_harm() -> None:
    house = House()
    stranger = EvseKey("nobody", 1)
    house.meter(50.0, "nowhere")
    house.balancer.draw_reported(stranger, (16.0,), 0.0)
    house.balancer.offer_confirmed(stranger, 16.0, 0.0)
    house.balancer.offer_failed(stranger, 0.0)
    house.balancer.set_demand(EvseDemand(stranger, connected=True, wants_current=True, ceiling_a=16.0), 0.0)
    assert set(house.decide().offers) == {key(0)}


def test_a_demand_told_before_its_place_counts_once_it_has_one() -> None:
    house = House()
    house.live(5)
    house.wants(1)
    added = EvsePlacement(evse=key(1), circuit_id="main")
    house.balancer.set_layout(replace(house.layout, placements=(*house.layout.placements, added)))
    assert house.decide().offers[key(1)].current_a == 16.0


def test_it_asks_to_look_again_when_something_will_change_by_itself() -> None:
    assert Balancer().next_look_s(0.0) is None
    house = House()
    house.wants()
    house.live(100)
    assert house.balancer.next_look_s(house.now_s) == house.now_s + 10.0
    house.live(2, house_a=12.0)
    times = []
    now_s = house.now_s
    while (next_s := house.balancer.next_look_s(now_s)) is not None and len(times) < 200:
        assert next_s > now_s
        times.append(next_s)
        now_s = next_s
    assert house.now_s + 40.0 in times  # when safe currents begin
    assert len(times) < 200
