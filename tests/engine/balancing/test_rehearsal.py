"""A rehearsal plays the site's own tree with the real balancing, and tells what would have come of it."""

from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.balancing.rehearsal.rehearsal import Rehearsal
from custom_components.offline_evse.engine.balancing.rehearsal.scenario import CarPlan, own_loads, worst_evening
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.phases import Phase, PhaseAmperes
from custom_components.offline_evse.engine.model.rehearsal import LoadSeries, RehearsalResult

from .sites import key, three

MAIN = Circuit(circuit_id="main", name="Main", limit_a=three(25.0), metered=True)


def layout(cars: int, *more: Circuit, circuit_id: str = "main", main: Circuit = MAIN) -> SiteLayout:
    placements = tuple(EvsePlacement(evse=key(number), circuit_id=circuit_id) for number in range(cars))
    return SiteLayout(circuits=(main, *more), placements=placements)


def cars(count: int, **more: float) -> list[CarPlan]:
    plan = CarPlan(evse=key(0), energy_wh=20_000.0, arrives_s=60.0)
    return [replace(plan, evse=key(number), **more) for number in range(count)]


def evening(count: int = 4, hours: float = 2.0, **more: float) -> RehearsalResult:
    return Rehearsal(layout(count), {"main": worst_evening(MAIN, hours)}, cars(count), hours=hours, **more).run()


def quiet(load_a: float) -> LoadSeries:
    return LoadSeries(3600.0, (three(load_a),))


def test_the_worst_evening_trips_no_fuse() -> None:
    result = evening()
    assert result.finished
    assert result.played_s == 7200
    assert result.trips == 0
    assert max(row.longest_over_s for row in result.rows) <= 20
    assert sum(car.energy_wh for car in result.cars) > 10_000
    assert 0 < result.limits_sent < 30 * 4 * 2


def test_it_comes_out_the_same_every_time() -> None:
    assert evening(2, 0.5) == evening(2, 0.5)


def test_a_car_alone_in_a_quiet_house_gets_all_it_can_take() -> None:
    result = Rehearsal(layout(1), {"main": quiet(2.0)}, cars(1), hours=1.0).run()
    (car,) = result.cars
    assert car.energy_wh == pytest.approx(16 * 3 * 230 * (3600 - 60) / 3600, rel=0.05)
    assert car.waited_s < 60
    assert max(car.offers_a) == 16.0
    assert result.over_s == 0


def test_a_car_that_is_full_draws_no_more() -> None:
    (car,) = Rehearsal(layout(1), {}, cars(1, energy_wh=2_000.0), hours=1.0).run().cars
    assert car.finished_s is not None
    assert car.finished_s < 1200
    assert car.energy_wh == pytest.approx(2_000, rel=0.01)
    assert car.draws_a[-1] == 0


def test_a_car_on_one_phase_takes_a_third() -> None:
    (car,) = Rehearsal(layout(1), {"main": quiet(2.0)}, cars(1, terminals=1), hours=1.0).run().cars
    assert car.energy_wh == pytest.approx(16 * 230 * (3600 - 60) / 3600, rel=0.05)


def test_a_fuse_below_binds_first_and_the_one_above_carries_both() -> None:
    garage = Circuit(circuit_id="garage", name="Garage", parent_id="main", limit_a=three(16.0))
    site = layout(2, garage, circuit_id="garage")
    result = Rehearsal(site, {"main": quiet(5.0)}, cars(2), hours=0.5).run()
    highest = {(row.circuit_id, row.phase): row.highest_a for row in result.rows}
    assert 12 <= highest["garage", Phase.L1] <= 16
    assert highest["main", Phase.L1] == pytest.approx(highest["garage", Phase.L1] + 5)


def test_too_many_cars_wait_their_turn() -> None:
    result = Rehearsal(layout(8), {"main": quiet(2.0)}, cars(8), hours=1.0).run()
    assert result.trips == 0
    assert sum(car.waited_s > 300 for car in result.cars) >= 4


def test_a_house_that_is_too_much_for_its_fuse_alone_is_told_apart() -> None:
    result = Rehearsal(layout(1), {"main": quiet(30.0)}, cars(1), hours=0.5).run()
    assert result.rows[0].over_without_cars_s == 1800
    assert result.cars[0].energy_wh == 0


def test_a_meter_of_ten_seconds_lets_less_through() -> None:
    slow = evening(2, 1.0, meter_every_s=10.0)
    assert slow.trips == 0
    assert slow.played_s == 3600


def test_it_can_be_broken_off() -> None:
    asked = iter([False] * 5 + [True])
    result = Rehearsal(layout(1), {"main": quiet(2.0)}, cars(1), hours=2.0).run(lambda: next(asked))
    assert not result.finished
    assert result.played_s == 300


def test_a_load_that_two_meters_show_is_played_once() -> None:
    garage = Circuit(circuit_id="garage", name="Garage", parent_id="board", limit_a=three(16.0), metered=True)
    board = Circuit(circuit_id="board", name="Board", parent_id="main", limit_a=three(20.0))
    totals = {"main": LoadSeries(60.0, (three(9.0), three(8.0))), "garage": LoadSeries(60.0, (three(4.0), three(5.0)))}
    own = own_loads(layout(1, board, garage), totals)
    assert own["main"].loads_a == (three(5.0), three(3.0))
    assert own["garage"].loads_a == (three(4.0), three(5.0))


@pytest.mark.parametrize("limits", [PhaseAmperes(25, 0, 0), PhaseAmperes(0, 0, 0), three(16)])
def test_the_evening_fits_the_phases_that_are_there(limits: PhaseAmperes) -> None:
    series = worst_evening(Circuit(circuit_id="main", name="Main", limit_a=limits), 2.0)
    highest = [max(load[phase] for load in series.loads_a) for phase in Phase]
    assert all(load_a <= limit_a for load_a, limit_a in zip(highest, limits, strict=True))
    assert all((load_a > 5) == (limit_a > 0) for load_a, limit_a in zip(highest, limits, strict=True))
