"""EVSEs that can charge on one phase or on three."""

import pytest

from custom_components.offline_evse.engine.model.circuit import EvsePlacement
from custom_components.offline_evse.engine.model.offer import Binding, EvseDemand, LimitReason, Offer
from custom_components.offline_evse.engine.model.phases import WIRINGS, PhaseAmperes, Wiring

from .sites import House, key

NARROW = PhaseAmperes(2.0, 20.0, 20.0)
WIDE = PhaseAmperes(2.0, 2.0, 2.0)


def house_with_one(wiring: Wiring = WIRINGS["rst"]) -> House:
    house = House(placements=(EvsePlacement(evse=key(0), circuit_id="main", can_switch_phases=True, wiring=wiring),))
    house.wants()
    return house


def lived(house: House, seconds: int, house_a: PhaseAmperes) -> Offer:
    return house.live(seconds, house_a=house_a).offers[key(0)]


def narrowed() -> House:
    house = house_with_one()
    lived(house, 60, WIDE)
    lived(house, 200, NARROW)
    return house


def test_it_goes_on_with_one_phase_when_there_is_no_room_on_three() -> None:
    house = house_with_one()
    offer = lived(house, 60, WIDE)
    assert (offer.current_a, offer.terminals, offer.binding) == (16.0, None, Binding(LimitReason.CHARGER_MAXIMUM))
    assert lived(house, 50, NARROW).terminals is None
    offer = lived(house, 150, NARROW)
    assert (offer.current_a, offer.terminals) == (16.0, 1)
    assert offer.binding == Binding(LimitReason.FEWER_PHASES)


def test_the_phase_it_is_left_with_is_the_one_its_first_terminal_is_wired_to() -> None:
    house = house_with_one(WIRINGS["str"])
    lived(house, 60, WIDE)
    assert lived(house, 300, PhaseAmperes(2.0, 20.0, 2.0)).terminals is None
    offer = lived(house, 300, PhaseAmperes(20.0, 2.0, 20.0))
    assert (offer.current_a, offer.terminals) == (16.0, 1)


def test_it_gets_all_phases_back_after_ten_minutes_of_room_and_is_off_for_the_change() -> None:
    house = narrowed()
    assert lived(house, 590, WIDE).terminals == 1
    seen: list[tuple[float, int | None]] = []
    for _ in range(150):
        offer = lived(house, 1, WIDE)
        if not seen or seen[-1] != (offer.current_a, offer.terminals):
            seen.append((offer.current_a, offer.terminals))
    assert seen[0] == (16.0, 1)
    assert seen[-1] == (16.0, None)
    assert (0.0, None) in seen
    assert (16.0, None) not in seen[: seen.index((0.0, None))]


def test_room_that_comes_and_goes_is_not_enough() -> None:
    house = narrowed()
    for _ in range(4):
        assert lived(house, 400, WIDE).terminals == 1
        assert lived(house, 20, NARROW).terminals == 1


def test_it_is_switched_at_most_four_times_a_session() -> None:
    house = house_with_one()
    switches = 0
    last: int | None = None
    for _ in range(8):
        for room in (NARROW, WIDE):
            terminals = lived(house, 900, room).terminals
            switches += terminals != last
            last = terminals
    assert switches == 4


def test_until_the_station_has_confirmed_all_phases_count() -> None:
    house = house_with_one()
    lived(house, 60, WIDE)
    for _ in range(70):
        house.live(1, house_a=NARROW)
        if house.balancer.decide(house.now_s).offers[key(0)].terminals == 1:
            break
    house.sent[key(0)] = (0.0, 1)  # it is told, and does not answer
    for _ in range(25):
        house.now_s += 1
        house.meter(NARROW)
        assert house.decide(confirm=False).offers[key(0)].current_a == 0.0
    for _ in range(30):
        house.now_s += 1
        house.meter(NARROW)
        decision = house.decide(confirm=False)
    assert decision.offers[key(0)].terminals is None
    assert decision.offers[key(0)].current_a == 0.0


def test_one_that_goes_on_with_three_all_the_same_is_not_believed_again() -> None:
    house = narrowed()
    house.draws(0, 16.0)
    offer = house.offer()
    assert offer.terminals is None
    assert offer.current_a == 0.0
    assert lived(house, 1200, NARROW).terminals is None


def test_out_of_sight_it_may_be_back_on_three() -> None:
    placements = (
        EvsePlacement(evse=key(0), circuit_id="main", can_switch_phases=True),
        EvsePlacement(evse=key(1), circuit_id="main", wiring=WIRINGS["s"], maximum_a=32.0),
    )
    house = House(placements=placements)
    house.wants(0)
    house.live(60, house_a=WIDE)
    house.live(300, house_a=NARROW)
    house.wants(1)
    with_one_phase = house.live(300, house_a=PhaseAmperes(2.0, 2.0, 20.0)).offers[key(1)].current_a
    assert with_one_phase == pytest.approx(22.0, abs=0.3)
    house.wants(0, connected=False)
    assert house.balancer.decide(house.now_s).circuits["main"].available_a.l2 < 1.0


def test_one_that_cannot_switch_and_a_car_with_one_phase_are_left_alone() -> None:
    plain = House()
    plain.wants()
    assert plain.live(300, house_a=NARROW).offers[key(0)].terminals is None
    house = house_with_one()
    house.balancer.set_demand(
        EvseDemand(key(0), connected=True, wants_current=True, ceiling_a=16.0, phases_used=(1,)), house.now_s
    )
    assert lived(house, 300, NARROW).terminals is None


def test_it_leaves_two_phases_to_a_car_that_would_have_to_wait() -> None:
    placements = (
        EvsePlacement(evse=key(0), circuit_id="main", can_switch_phases=True),
        EvsePlacement(evse=key(1), circuit_id="main", wiring=WIRINGS["s"]),
        EvsePlacement(evse=key(2), circuit_id="main"),
    )
    house = House(placements=placements, fuse_a=14.0)
    house.wants(0)
    house.wants(2, wants=False)
    assert house.live(60, house_a=WIDE).offers[key(0)].current_a == 11.0
    house.wants(1)
    decision = house.live(50, house_a=WIDE)
    assert decision.offers[key(1)].binding.reason is LimitReason.WAITING_TURN
    decision = house.live(150, house_a=WIDE)
    assert decision.offers[key(0)].terminals == 1
    assert [decision.offers[key(number)].current_a for number in (0, 1)] == pytest.approx([11.0, 11.0], abs=0.3)


def test_it_keeps_its_phases_where_that_would_let_nobody_in() -> None:
    placements = (
        EvsePlacement(evse=key(0), circuit_id="main", can_switch_phases=True),
        EvsePlacement(evse=key(1), circuit_id="main", wiring=WIRINGS["r"]),
    )
    house = House(placements=placements, fuse_a=14.0)
    house.wants(0)
    house.wants(1)
    for _ in range(300):
        decision = house.live(1, house_a=WIDE)
        assert decision.offers[key(0)].terminals is None
