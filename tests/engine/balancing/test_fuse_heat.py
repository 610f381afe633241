"""Fuses that have carried too much."""

from math import exp

import pytest

from custom_components.offline_evse.engine.balancing.fuse.fuse_heat import FuseHeat
from custom_components.offline_evse.engine.balancing.settings import BalancingSettings
from custom_components.offline_evse.engine.balancing.tree.fuse_tree import FuseTree
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.offer import Binding, EvseDemand, LimitReason
from custom_components.offline_evse.engine.model.phases import Phase, PhaseAmperes

from .sites import House, key, three


def heat_of(*currents_a: tuple[float, float], rating_a: float = 25.0) -> float:
    """Heat after currents that each lasted for some seconds, the first of them for ever before."""
    heat = FuseHeat(BalancingSettings())
    heat.set_tree(FuseTree(SiteLayout(circuits=(Circuit(circuit_id="main", name="Main", limit_a=three(rating_a)),))))
    now_s = 0.0
    for current_a, seconds in currents_a:
        heat.update(now_s, lambda _, current_a=current_a: three(current_a))  # type: ignore[misc]
        now_s += seconds
    heat.update(now_s, lambda _: None)
    return heat.of("main").l1


def test_a_fuse_warms_towards_the_square_of_its_load() -> None:
    assert heat_of((25.0, 1.0)) == pytest.approx(1.0)
    assert heat_of((0.0, 1.0), (25.0, 120.0)) == pytest.approx(1 - exp(-1))
    assert heat_of((25.0, 1.0), (50.0, 11.6)) == pytest.approx(1.277, abs=0.003)
    assert heat_of((0.0, 1.0), (2.55 * 25.0, 26.0)) == pytest.approx(1.277, abs=0.03)


def test_it_does_not_matter_how_often_one_looks() -> None:
    assert heat_of((10.0, 1.0), *[(30.0, 1.0)] * 60) == pytest.approx(heat_of((10.0, 1.0), (30.0, 60.0)))


def full_house(placements: tuple[EvsePlacement, ...] | None = None, unpausable: tuple[int, ...] = ()) -> House:
    """Four cars that have filled the fuse for long."""
    placements = placements or tuple(EvsePlacement(evse=key(number), circuit_id="main") for number in range(4))
    house = House(placements=placements, fuse_a=63.0)
    for number in range(4):
        demand = EvseDemand(
            key(number), connected=True, wants_current=True, ceiling_a=16.0, pausable=number not in unpausable
        )
        house.balancer.set_demand(demand, house.now_s)
    house.live(600, house_a=0.0)
    assert house.decide().circuits["main"].heat.l1 == pytest.approx((62 / 63) ** 2, abs=0.03)
    return house


def overload(house: House) -> list[int]:
    """The house takes so much that all cars have to go to their minimum, and none does; returns who is paused first."""
    draws = dict.fromkeys(range(4), 15.5)
    for _ in range(12):
        decision = house.live(1, house_a=38.0, draws=draws, reports_every_s=1000)
        paused = [number for number in range(4) if not decision.offers[key(number)].current_a]
        if paused:
            assert decision.circuits["main"].heat.l1 < 1.2
            return paused
    return []


def classes() -> tuple[EvsePlacement, ...]:
    return tuple(EvsePlacement(evse=key(number), circuit_id="main", priority=number // 2) for number in range(4))


def test_before_a_fuse_trips_the_lowest_class_is_paused_at_once() -> None:
    house = full_house(classes())
    assert overload(house) == [0, 1]
    decision = house.decide()
    assert [offer.current_a for offer in decision.offers.values()] == [0.0, 0.0, 6.0, 6.0]
    assert decision.offers[key(0)].binding == Binding(LimitReason.FUSE_HOT, "main", Phase.L1)


def test_those_that_can_be_paused_are_paused_first() -> None:
    assert overload(full_house(unpausable=(0, 3))) == [1, 2]


def test_those_that_were_paused_go_on_when_the_fuse_has_cooled_down() -> None:
    house = full_house(classes())
    assert overload(house) == [0, 1]
    assert house.live(100, house_a=2.0).offers[key(0)].current_a == 0.0
    decision = house.live(60, house_a=2.0)
    assert decision.offers[key(0)].current_a >= 6.0
    assert decision.circuits["main"].heat.l1 <= 1.0


def test_nothing_begins_on_a_fuse_that_is_too_warm_and_it_says_so() -> None:
    house = House(fuse_a=25.0)
    house.live(600, house_a=24.0)
    house.live(60, house_a=30.0)
    decision = house.live(2, house_a=2.0)
    assert decision.circuits["main"].heat.l1 > 1.05
    house.wants()
    assert house.offer().current_a == 0.0
    assert house.offer().binding == Binding(LimitReason.FUSE_HOT, "main", Phase.L1)
    assert house.live(70).offers[key(0)].current_a == 16.0


def test_after_a_restart_a_fuse_is_taken_to_be_as_warm_as_its_present_load_makes_it() -> None:
    house = House(fuse_a=25.0)
    house.meter(PhaseAmperes(25.0, 10.0, 0.0))
    assert house.decide().circuits["main"].heat == pytest.approx((1.0, 0.16, 0.0))
