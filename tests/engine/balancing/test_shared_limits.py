"""Limits that several chargers share beside the fuses."""

from dataclasses import replace
from math import inf, nan

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement
from custom_components.offline_evse.engine.model.offer import Binding, LimitReason
from custom_components.offline_evse.engine.model.phases import WIRINGS, Phase, PhaseAmperes
from custom_components.offline_evse.engine.model.shared_limit import LimitBasis, SharedLimit

from .sites import House, key, three

GRID = SharedLimit(
    limit_id="grid", reason=LimitReason.GRID, circuit_id="main", basis=LimitBasis.CHARGING, limit_w=6900.0
)
PEAK = SharedLimit(limit_id="peak", reason=LimitReason.PEAK, circuit_id="main", basis=LimitBasis.TOTAL, limit_w=9660.0)


def charging(cars: int = 2, fuse_a: float = 63.0, **changes: object) -> House:
    house = House(cars, fuse_a, **changes)  # type: ignore[arg-type]
    for number in range(cars):
        house.wants(number)
    house.live(65)
    return house


def limit(house: House, *limits: SharedLimit) -> None:
    house.balancer.set_shared_limits(limits, house.now_s)


def test_a_limit_on_charging_is_shared_whatever_the_house_draws() -> None:
    house = charging()
    assert [house.offer(0).current_a, house.offer(1).current_a] == [16.0, 16.0]
    limit(house, replace(GRID, limit_w=13800.0))
    decision = house.decide()
    # 13.8 kW are 20 A on three phases; a cut goes 0.2 A further.
    assert [offer.current_a for offer in decision.offers.values()] == [9.8, 9.8]
    assert decision.offers[key(0)].binding == Binding(LimitReason.GRID, "main", None, "grid")
    assert [offer.current_a for offer in house.live(60, house_a=20.0).offers.values()] == [9.8, 9.8]


def test_a_limit_on_the_total_counts_what_the_house_draws() -> None:
    house = charging(1)
    limit(house, PEAK)
    # 14 A per phase, less 1 A of margin, less 2 A for the house.
    assert house.offer().current_a == pytest.approx(10.8)
    assert house.offer().binding == Binding(LimitReason.PEAK, "main", None, "peak")
    assert house.live(70, house_a=5.0).offers[key(0)].current_a == pytest.approx(7.8)


def test_export_frees_no_more_than_the_limit() -> None:
    house = charging(1)
    limit(house, PEAK)
    assert house.live(120, house_a=-20.0).offers[key(0)].current_a == pytest.approx(13.0)


def test_a_limit_per_phase_names_its_phase() -> None:
    house = charging(1)
    limit(house, replace(GRID, limit_w=None, limit_a=PhaseAmperes(32.0, 9.0, 32.0)))
    assert house.offer().current_a == pytest.approx(8.8)
    assert house.offer().binding == Binding(LimitReason.GRID, "main", Phase.L2, "grid")


def test_a_limit_holds_for_its_members_only() -> None:
    house = charging()
    limit(house, replace(GRID, members=frozenset({key(1)})))
    decision = house.decide()
    assert [decision.offers[key(number)].current_a for number in (0, 1)] == [16.0, pytest.approx(9.8)]


def test_members_of_a_limit_on_the_total_have_what_others_leave() -> None:
    house = charging()
    limit(house, replace(PEAK, limit_w=690.0 * 29.0, members=frozenset({key(1)})))
    decision = house.decide()
    # 29 A, less 1 A of margin, 2 A for the house and the other's 16 A.
    assert [decision.offers[key(number)].current_a for number in (0, 1)] == [16.0, pytest.approx(9.8)]


def test_a_single_phase_car_costs_a_third_of_the_power() -> None:
    placements = (
        EvsePlacement(evse=key(0), circuit_id="main", wiring=WIRINGS["s"], maximum_a=32.0),
        EvsePlacement(evse=key(1), circuit_id="main"),
    )
    house = House(fuse_a=63.0, placements=placements)
    house.wants(0)
    house.wants(1, wants=False)
    house.balancer.set_shared_limits((replace(GRID, limit_w=4600.0),), 0.0)
    for _ in range(120):
        house.now_s += 1
        house.meter(2.0)
        decision = house.decide()
    assert decision.offers[key(0)].current_a == pytest.approx(20.0)


def test_what_a_member_out_of_sight_may_draw_is_held_for_it() -> None:
    house = charging()
    house.wants(1, connected=False)
    limit(house, replace(GRID, limit_w=690.0 * 24.0))
    # The charger that cannot be told keeps its 16 A; 8 A are left.
    assert house.offer(0).current_a == pytest.approx(7.8)


def test_a_limit_below_every_minimum_pauses_all() -> None:
    house = charging()
    limit(house, replace(GRID, limit_w=1000.0))
    decision = house.decide()
    assert [offer.current_a for offer in decision.offers.values()] == [0.0, 0.0]
    assert {offer.binding.limit_id for offer in decision.offers.values()} == {"grid"}
    assert decision.offers[key(0)].binding.reason is LimitReason.GRID


def test_a_limit_that_is_lifted_binds_nobody_any_more() -> None:
    house = charging()
    limit(house, replace(GRID, limit_w=13800.0))
    house.live(30)
    limit(house)
    assert [offer.current_a for offer in house.live(30).offers.values()] == [16.0, 16.0]


def test_another_value_changes_no_route() -> None:
    house = charging()
    limit(house, GRID)
    before = [house.balancer.tree.coefficients(key(number)) for number in (0, 1)]
    rows = house.balancer.tree.rows
    limit(house, replace(GRID, limit_w=13800.0))
    assert house.balancer.tree.rows is rows
    assert all(house.balancer.tree.coefficients(key(number)) is before[number] for number in (0, 1))
    assert 13800.0 in house.balancer.tree.limits


@pytest.mark.parametrize(
    "nothing",
    [
        replace(GRID, circuit_id="nowhere"),
        replace(GRID, members=frozenset({key(77)})),
        replace(GRID, members=frozenset()),
        replace(GRID, limit_w=None),
        replace(GRID, limit_w=nan),
        replace(GRID, limit_w=inf),
        replace(GRID, limit_w=None, limit_a=three(nan)),
    ],
)
def test_a_limit_that_makes_no_sense_counts_as_nothing(nothing: SharedLimit) -> None:
    house = charging()
    limit(house, nothing, replace(PEAK, limit_w=1e9))
    assert [offer.current_a for offer in house.live(5).offers.values()] == [16.0, 16.0]


def test_a_limit_on_a_circuit_holds_as_soon_as_there_is_one() -> None:
    house = charging(1)
    limit(house, replace(GRID, circuit_id="garage"))
    assert house.offer().current_a == 16.0
    garage = Circuit(circuit_id="garage", name="Garage", parent_id="main", limit_a=three(32.0))
    placements = tuple(replace(placement, circuit_id="garage") for placement in house.layout.placements)
    house.balancer.set_layout(replace(house.layout, circuits=(*house.layout.circuits, garage), placements=placements))
    assert house.offer().current_a == pytest.approx(9.8)
    assert house.offer().binding == Binding(LimitReason.GRID, "garage", None, "grid")
