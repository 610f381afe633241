"""What is told of a circuit after every decision."""

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement
from custom_components.offline_evse.engine.model.phases import NO_CURRENT, PhaseAmperes

from .sites import House, key, three


def test_it_adds_up_per_phase() -> None:
    main = Circuit(circuit_id="main", name="Main", limit_a=three(63.0), metered=True)
    barn = Circuit(circuit_id="barn", name="Barn", parent_id="main", limit_a=three(32.0), reserve_a=2.0)
    placements = tuple(EvsePlacement(evse=key(number), circuit_id="barn") for number in range(3))
    house = House(circuits=(main, barn), placements=placements)
    for number in (0, 1):
        house.wants(number)
    decision = house.live(100, house_a=PhaseAmperes(5.0, 6.0, 7.0))
    state = decision.circuits["main"]
    offered_a = sum(decision.offers[key(number)].current_a for number in (0, 1))
    assert state.uncontrolled_a == pytest.approx((5.0, 6.0, 7.0))
    assert state.offered_a == pytest.approx(three(offered_a))
    assert state.reserved_a == NO_CURRENT
    assert state.measured_a is not None
    assert state.measured_a.l1 == pytest.approx(5.0 + offered_a)
    # A charger that has never been heard may let a car have its safe current, where no meter would show it.
    barn_state = decision.circuits["barn"]
    assert barn_state.uncontrolled_a is None
    assert barn_state.reserved_a == three(6.0)
    assert barn_state.available_a.l1 == pytest.approx(32.0 - 2.0 - 6.0 - offered_a)
    assert 0.5 < barn_state.heat.l1 <= 1.0


def test_a_silent_meter_tells_nothing_of_the_house() -> None:
    house = House()
    house.wants()
    house.live(100)
    house.now_s += 60
    state = house.decide().circuits["main"]
    assert state.uncontrolled_a is None
    assert state.measured_a is None
    assert 0.0 < state.heat.l1 <= 1.0
