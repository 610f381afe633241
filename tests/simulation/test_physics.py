"""Cars, charging points, fuses and houses keep to the laws that are published for them."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from simulator.physics.car import Car, CarModel
from simulator.physics.evse import Evse
from simulator.physics.fuse import Fuse
from simulator.physics.house import HOUSEHOLD, House
from simulator.physics.phases import WIRINGS, PerPhase
from simulator.physics.site import Branch, SimulatedSite

VOLTS = PerPhase(230.0, 230.0, 230.0)


def plugged(model: CarModel, *, soc: float = 0.2, wiring: str = "RST", maximum_a: float = 16.0) -> Evse:
    evse = Evse(wiring=WIRINGS[wiring], maximum_a=maximum_a)
    evse.plug(Car("car", model, soc))
    evse.enabled = True
    return evse


def lived(evse: Evse, seconds: float, dt_s: float = 0.5) -> Iterator[Evse]:
    for _ in range(round(seconds / dt_s)):
        evse.step(dt_s, VOLTS)
        yield evse


limits = st.lists(st.sampled_from([0.0, 6.0, 7.3, 9.9, 13.0, 16.0, 32.0]), min_size=1, max_size=12)


@given(limits=limits, phases=st.integers(1, 3), reaction_s=st.floats(3, 10), dt_s=st.sampled_from([0.25, 0.5, 1.0]))
def test_the_register_is_the_integral_of_the_power(
    limits: list[float], phases: int, reaction_s: float, dt_s: float
) -> None:
    evse = plugged(CarModel(phases=phases, reaction_s=reaction_s))
    energy_ws = 0.0
    last = 0
    for limit_a in limits:
        evse.limit_a = limit_a
        for _ in lived(evse, 17, dt_s):
            energy_ws += evse.power_w * dt_s
            assert evse.power_w == pytest.approx(sum(evse.terminals_a) * 230.0)
            assert evse.register_wh >= last
            last = evse.register_wh
    assert abs(energy_ws / 3600 - evse.register_wh) < 1.001


@given(limits=limits)
def test_the_pilot_changes_at_most_every_five_seconds(limits: list[float]) -> None:
    evse = plugged(CarModel())
    changes = []
    before, now_s = evse.pilot_a, 0.0
    for limit_a in limits:
        evse.limit_a = limit_a
        for _ in lived(evse, 2):
            now_s += 0.5
            assert evse.pilot_a == 0.0 or 6.0 <= evse.pilot_a <= evse.maximum_a
            if evse.pilot_a != before:
                changes.append(now_s)
                before = evse.pilot_a
    assert all(later - earlier >= 5.0 for earlier, later in pairwise(changes))


@given(limits=limits)
def test_a_car_never_draws_between_nothing_and_its_ramp_beyond_the_signal(limits: list[float]) -> None:
    evse = plugged(CarModel(reaction_s=3.0, ramp_down_a_per_s=100, ramp_up_a_per_s=100))
    for limit_a in limits:
        evse.limit_a = limit_a
        *_, settled = lived(evse, 12)
        expected = 0.0 if limit_a < 6.0 else float(int(min(limit_a, 16.0)))
        assert settled.terminals_a == (expected,) * 3


@pytest.mark.parametrize("reaction_s", [3.0, 5.0, 10.0])
def test_a_car_reacts_after_its_dead_time(reaction_s: float) -> None:
    evse = plugged(CarModel(reaction_s=reaction_s))
    started = next(n * 0.5 for n, e in enumerate(lived(evse, 30), 1) if e.power_w > 0)
    assert reaction_s <= started <= reaction_s + 1.0


def test_a_car_lets_go_within_three_seconds_of_losing_the_signal() -> None:
    evse = plugged(CarModel(reaction_s=10.0, ramp_down_a_per_s=100))
    *_, _ = lived(evse, 40)
    assert evse.power_w > 0
    evse.enabled = False
    *_, _ = lived(evse, 3.5)
    assert evse.power_w == 0.0


def test_a_car_keeps_drawing_until_it_has_noticed() -> None:
    evse = plugged(CarModel(reaction_s=8.0, ramp_down_a_per_s=100))
    *_, _ = lived(evse, 40)
    evse.limit_a = 8.0
    *_, _ = lived(evse, 7)
    assert evse.terminals_a == (16.0, 16.0, 16.0)
    *_, _ = lived(evse, 3)
    assert evse.terminals_a == (8.0, 8.0, 8.0)


def test_a_battery_fills_and_tapers_and_then_stops() -> None:
    evse = plugged(CarModel(capacity_wh=5_000), soc=0.78)
    currents = [e.terminals_a[0] for e in lived(evse, 3600, 1.0)]
    assert max(currents) == 16.0
    peak = currents.index(16.0)
    tapering = [a for a in currents[peak + 30 :] if a > 0]
    assert all(later <= earlier for earlier, later in pairwise(tapering))
    assert evse.power_w == 0.0
    assert evse.car is not None and evse.car.full
    stored = evse.car.stored_wh - 0.78 * 5_000
    assert stored == pytest.approx(evse.register_wh * 0.9, abs=1.0)


def test_odd_cars_draw_more_or_less_or_sleep() -> None:
    greedy = plugged(CarModel(overdraw_a=1.5))
    greedy.limit_a = 10.0
    *_, _ = lived(greedy, 30)
    assert greedy.terminals_a[0] == 11.5
    modest = plugged(CarModel(underdraw_a=1.0))
    *_, _ = lived(modest, 30)
    assert modest.terminals_a[0] == 15.0
    sleeper = plugged(CarModel(sleeps_after_s=60))
    sleeper.limit_a = 0.0
    *_, _ = lived(sleeper, 70)
    sleeper.limit_a = 16.0
    *_, _ = lived(sleeper, 60)
    assert sleeper.power_w == 0.0


@pytest.mark.parametrize("wiring", WIRINGS)
def test_every_wiring_draws_from_its_own_phases(wiring: str) -> None:
    evse = plugged(CarModel(phases=1), wiring=wiring)
    *_, _ = lived(evse, 30)
    first = "RST".index(wiring[0])
    assert [a > 0 for a in evse.building_a()] == [phase == first for phase in range(3)]


@pytest.mark.parametrize(
    ("factor", "warm", "expected_s"), [(2.55, 0.0, 26), (2.0, 1.0, 11.6), (1.45, 1.0, 35), (1.2, 1.0, 119)]
)
def test_a_fuse_trips_when_the_reference_says(factor: float, warm: float, expected_s: float) -> None:
    fuse = Fuse(25.0)
    fuse.theta = [warm] * 3
    seconds = 0.0
    while not fuse.tripped:
        fuse.step(0.1, PerPhase(0, 25.0 * factor, 0))
        seconds += 0.1
    assert seconds == pytest.approx(expected_s, rel=0.12)


def test_a_fuse_carries_its_rating_for_ever() -> None:
    fuse = Fuse(25.0)
    for _ in range(3600):
        fuse.step(1.0, PerPhase(25.0, 25.2, 27.0))
    assert not fuse.tripped
    assert fuse.theta[0] == pytest.approx(1.0)
    assert fuse.over_current_s == 3600 and fuse.run_s[:2] == [0.0, 0.0]


def test_a_fuse_remembers_its_longest_run_and_whose_fault_it_was() -> None:
    fuse = Fuse(25.0)
    for current_a, seconds, house_a in ((30, 4, 5.0), (20, 2, 5.0), (30, 9, 26.0), (10, 5, 5.0), (26, 3, 5.0)):
        for _ in range(seconds):
            fuse.step(1.0, PerPhase(current_a, 0, 0), PerPhase(house_a, 0, 0))
    assert fuse.longest_s == 9
    assert fuse.over_current_s == 16
    assert fuse.avoidable_s == 7
    assert fuse.peak_a.l1 == 30
    fuse.reset_statistics()
    assert (fuse.longest_s, fuse.over_current_s) == (3.0, 0.0)


def test_appliances_run_by_timetable_by_hand_and_in_cycles() -> None:
    house = House(HOUSEHOLD, seed="house")
    seen = set()
    for _ in range(5 * 24 * 3600 // 10):
        house.step(10.0, VOLTS)
        seen |= {name for name, on in house.appliances.items() if on}
    assert seen == {"kettle", "oven", "induction", "heat_pump", "dryer"}
    quiet = House((HOUSEHOLD[2],), seed="quiet")
    quiet.switch("induction", True, 40)
    drawing = []
    for _ in range(60):
        quiet.step(1.0, VOLTS)
        drawing.append(quiet.currents_a.l3 > 10)
    assert drawing == ([True] * 5 + [False] * 5) * 4 + [False] * 20


def test_equal_seeds_make_equal_houses() -> None:
    def day(seed: str) -> list[PerPhase]:
        house = House(seed=seed)
        currents = []
        for _ in range(3600):
            house.step(1.0, VOLTS)
            currents.append(house.currents_a)
        return currents

    assert day("a") == day("a")
    assert day("a") != day("b")


def test_a_house_can_be_kept_below_its_fuse() -> None:
    house = House(seed="x", capped_at_a=10.0)
    house.switch("dryer", True)
    house.switch("oven", True)
    for _ in range(600):
        house.step(1.0, VOLTS)
        assert max(house.currents_a) <= 10.0


def test_currents_add_up_through_the_tree() -> None:
    near, far = plugged(CarModel(), wiring="RST"), plugged(CarModel(phases=1), wiring="STR")
    branches = (Branch(name="main", rating_a=25), Branch(name="barn", rating_a=20, parent="main"))
    site = SimulatedSite(branches, {"near": ("main", near), "far": ("barn", far)})
    site.step(60)
    assert site.currents_a["barn"] == (0.0, 16.0, 0.0)
    assert site.currents_a["main"] == (16.0, 32.0, 16.0)
    assert site.active_w.l2 == pytest.approx(32.0 * site.voltages_v.l2, rel=0.001)
    assert site.voltages_v.l2 < site.voltages_v.l1
    assert site.imported_wh == pytest.approx(near.register_wh + far.register_wh, abs=2)
    assert site.fuses["main"].longest_s > 30
    assert site.fuses["barn"].longest_s == 0


@pytest.mark.parametrize(
    "branches",
    [
        (),
        (Branch(name="a", rating_a=1), Branch(name="b", rating_a=1)),
        (Branch(name="root", rating_a=1), Branch(name="a", rating_a=1, parent="gone")),
    ],
)
def test_a_tree_that_is_none_is_refused(branches: tuple[Branch, ...]) -> None:
    with pytest.raises(ValueError):
        SimulatedSite(branches, {"x": ("a", Evse(wiring=(0,), maximum_a=16))})
