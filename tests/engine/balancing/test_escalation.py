"""Cars that do not follow: who gives way, how far it goes, and how it ends."""

from itertools import pairwise

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement
from custom_components.offline_evse.engine.model.offer import Binding, EscalationStep, EvseDemand, LimitReason

from .sites import House, key, three


def defiant_house(fuse_a: float = 35.0, pausable: bool = True) -> House:
    """Two cars at 16 A; then the house needs more, and the first car does not go down."""
    house = House(2, fuse_a=fuse_a)
    for number in (0, 1):
        demand = EvseDemand(key(number), connected=True, wants_current=True, ceiling_a=16.0, pausable=pausable)
        house.balancer.set_demand(demand, house.now_s)
    house.live(100)
    return house


def steps(house: House, seconds: int, house_a: float, drawn_a: float = 16.0) -> dict[EscalationStep, float]:
    """When each step was taken, in s from now; the first car draws the same whatever it is told."""
    began_s = house.now_s
    taken: dict[EscalationStep, float] = {}
    for _ in range(seconds):
        decision = house.live(1, house_a=house_a, draws={0: drawn_a})
        if key(0) in decision.escalations:
            taken.setdefault(decision.escalations[key(0)].step, house.now_s - began_s)
    return taken


def test_others_give_way_and_it_goes_no_further_while_that_is_enough() -> None:
    house = defiant_house()
    taken = steps(house, 300, 10.0)
    assert set(taken) == {EscalationStep.OTHERS_CUT}
    assert 12 <= taken[EscalationStep.OTHERS_CUT] <= 12 + 5 + 2
    decision = house.decide()
    assert decision.offers[key(0)].current_a >= 6.0
    assert 6.0 <= decision.offers[key(1)].current_a <= 35.0 - 1.0 - 10.0 - 16.0
    escalation = decision.escalations[key(0)]
    assert (escalation.drawn_a, escalation.offered_a) == (16.0, decision.offers[key(0)].current_a)
    assert key(0) in house.balancer.unheeded


def test_a_car_that_ignores_everything_is_taken_to_the_end_step_by_step() -> None:
    house = defiant_house()
    taken = steps(house, 200, 22.0)
    assert list(taken) == list(EscalationStep)
    times = list(taken.values())
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == [pytest.approx(12, abs=1), *[pytest.approx(20, abs=1)] * 3]
    decision = house.decide()
    assert decision.offers[key(0)].current_a == 0.0
    assert decision.offers[key(0)].binding == Binding(LimitReason.NOT_OBEYING)


def test_a_car_that_obeys_the_pause_comes_back_after_a_while_and_then_is_trusted() -> None:
    house = defiant_house()
    steps(house, 40, 22.0)
    assert house.decide().escalations[key(0)].step is EscalationStep.PAUSED
    decision = house.live(10, house_a=22.0, draws={0: 0.0})
    assert decision.escalations == {}
    assert decision.offers[key(0)].binding == Binding(LimitReason.NOT_OBEYING)
    assert house.balancer.unheeded == {}
    assert house.live(100).offers[key(0)].current_a == 0.0
    assert house.live(100).offers[key(0)].current_a == pytest.approx(16.0)


def test_a_car_that_cannot_be_paused_is_stopped_instead_and_not_sooner() -> None:
    house = defiant_house(pausable=False)
    taken = steps(house, 60, 22.0)
    assert list(taken)[:2] == [EscalationStep.OTHERS_CUT, EscalationStep.STOPPED]
    assert taken[EscalationStep.STOPPED] - taken[EscalationStep.OTHERS_CUT] == pytest.approx(32, abs=1)


def test_a_car_that_is_late_but_follows_is_never_suspected() -> None:
    house = defiant_house()
    for _ in range(11):
        assert house.live(1, house_a=22.0, draws={0: 16.0}).escalations == {}
    assert house.live(120, house_a=22.0).escalations == {}


def test_offers_that_keep_changing_do_not_hide_a_car_that_ignores_them() -> None:
    house = defiant_house()
    seen = False
    for second in range(40):
        decision = house.live(1, house_a=10.0 + second % 4, draws={0: 16.0})
        seen = seen or key(0) in decision.escalations
    assert seen


def test_what_a_defiant_car_takes_is_reserved_where_no_meter_tells() -> None:
    board = Circuit(circuit_id="board", name="Board", limit_a=three(26.0))
    placements = tuple(EvsePlacement(evse=key(number), circuit_id="board", priority=number) for number in (0, 1))
    house = House(circuits=(board,), placements=placements)
    house.wants(0)
    house.wants(1)
    decision = house.live(60, draws={0: 16.0})
    assert decision.offers[key(1)].current_a + 16.0 <= 26.0
    assert decision.escalations[key(0)].step is EscalationStep.OTHERS_CUT


def test_one_that_ends_its_session_is_forgotten() -> None:
    house = defiant_house()
    steps(house, 40, 22.0)
    house.wants(0, wants=False)
    assert house.decide().escalations == {}
    house.wants(0)
    assert house.live(100).offers[key(0)].current_a == 16.0
