"""The sun is shared out: nothing is bought for it, and contactors rest."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.balancing.goals.solar import SolarCar, SolarShare, Sun
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.station import EvseKey

from .sunny_house import Car, SunnyHouse, cloudy, kettles

ONE, TWO = EvseKey("ONE", 1), EvseKey("TWO", 1)


def house(*cars: Car, sun_w: float = 0.0) -> SunnyHouse:
    return SunnyHouse(list(cars), lambda _: sun_w, lambda _: 300.0)


def test_a_car_starts_after_a_minute_of_enough_sun() -> None:
    home = house(Car(ONE), sun_w=6000)
    home.run(59)
    assert home.offers[ONE].current_a == 0
    home.run(3)
    assert home.offers[ONE].current_a >= 6
    home.run(120)
    assert home.offers[ONE].current_a == pytest.approx(5700 / 690, abs=0.5)


def test_too_little_sun_starts_nothing() -> None:
    home = house(Car(ONE), sun_w=4000)
    home.run(600)
    assert home.offers[ONE].current_a == 0
    assert home.caused_ws == 0
    assert home.offers[ONE].reason is LimitReason.SOLAR


def test_one_phase_starts_with_less() -> None:
    home = house(Car(ONE, phases=1), sun_w=2000)
    home.run(180)
    assert 6 <= home.offers[ONE].current_a <= 7.4


def test_it_goes_down_at_once_and_stops_after_three_minutes() -> None:
    home = house(Car(ONE), sun_w=9000)
    home.run(300)
    assert home.offers[ONE].current_a > 11
    home.sun_w = lambda _: 1000.0
    home.run(2)
    assert home.offers[ONE].current_a == 6
    home.run(170)
    assert home.offers[ONE].current_a == 6
    home.run(30)
    assert home.offers[ONE].current_a == 0


def test_a_cut_is_not_made_twice() -> None:
    """The building's meter shows a cut before the charger's own does."""
    home = house(Car(ONE), sun_w=10_000)
    home.run(300)
    home.sun_w = lambda _: 8000.0
    lowest = 16.0
    for _ in range(40):
        home.run(1)
        lowest = min(lowest, home.offers[ONE].current_a)
    assert lowest == pytest.approx((8000 - 300) / 690, abs=0.6)


def test_the_minimum_is_kept_in_the_dark() -> None:
    home = house(Car(ONE, keeps_minimum=True), sun_w=0)
    home.run(1200)
    assert home.offers[ONE].current_a == 6
    home.sun_w = lambda _: 8000.0
    home.run(120)
    assert home.offers[ONE].current_a > 10


def test_nobody_knows_of_any_sun() -> None:
    """A meter that is silent leaves a car its minimum where that was asked for, and nothing otherwise."""
    share = SolarShare()
    cars = [
        SolarCar(evse=ONE, watts_per_ampere=690, minimum_a=6, maximum_a=16, offer_a=10, draw_w=6900),
        SolarCar(evse=TWO, watts_per_ampere=690, minimum_a=6, maximum_a=16, offer_a=10, keeps_minimum=True),
    ]
    ceilings = share.update(0.0, cars, None)
    assert (ceilings[ONE].current_a, ceilings[TWO].current_a) == (0, 6)
    assert share.surplus_w is None


def test_sun_is_shared_evenly_and_by_class() -> None:
    home = house(Car(ONE), Car(TWO), sun_w=14_000)
    home.run(600)
    assert home.offers[ONE].current_a == pytest.approx(home.offers[TWO].current_a, abs=0.5)
    assert sum(it.current_a for it in home.offers.values()) == pytest.approx(13_700 / 690, abs=1.2)

    home = house(Car(ONE), Car(TWO, priority=1), sun_w=14_000)
    home.run(900)
    assert home.offers[ONE].current_a == pytest.approx(6, abs=0.5)
    assert home.offers[TWO].current_a > 12


def test_two_cars_take_turns_where_the_sun_is_enough_for_one() -> None:
    one, two = Car(ONE), Car(TWO)
    home = house(one, two, sun_w=6000)
    home.run(4 * 3600)
    assert min(one.energy_ws, two.energy_ws) > 0.7 * max(one.energy_ws, two.energy_ws)
    assert one.cycles + two.cycles <= 10
    assert home.caused_ws < 0.03 * (one.energy_ws + two.energy_ws)


def test_a_car_that_takes_less_leaves_the_rest() -> None:
    """What it does not take shows at the meter, once it has said what it takes."""
    home = house(Car(ONE, takes_a=7.0), Car(TWO), sun_w=14_000)
    home.run(900)
    assert home.offers[TWO].current_a > 10


def test_the_battery_is_first() -> None:
    """It takes all it can until it is nearly full; what is beyond its power goes to the car."""
    home = house(Car(ONE), sun_w=9000)
    home.battery = lambda left_w: (min(5000.0, max(-5000.0, left_w)), True, 5000.0)
    home.run(900)
    assert home.offers[ONE].current_a == 0
    assert home.offers[ONE].reason is LimitReason.BATTERY
    home.sun_w = lambda _: 12_000.0
    home.run(300)
    assert home.offers[ONE].current_a == pytest.approx((11_700 - 5000) / 690, abs=0.6)


def test_above_its_threshold_the_battery_stands_back_but_is_not_emptied() -> None:
    home = house(Car(ONE), sun_w=9000)
    home.battery = lambda left_w: (min(5000.0, max(-5000.0, left_w)), False, 5000.0)
    home.run(900)
    assert home.offers[ONE].current_a == pytest.approx(8700 / 690, abs=0.6)
    home.sun_w = lambda _: 0.0
    home.run(300)
    assert home.offers[ONE].current_a == 0


@pytest.mark.parametrize("seed", range(5))
def test_clouds(seed: int) -> None:
    """A cloudy day and a kettle: the cars use most of what there is, buy little, and start seldom."""
    hours = 8
    cars = [Car(ONE), Car(TWO, phases=1)]
    home = SunnyHouse(cars, cloudy(seed, 10_000, hours), kettles(seed, 400))
    home.run(hours * 3600)
    taken_ws = sum(car.energy_ws for car in cars)
    assert home.caused_ws < 0.16 * taken_ws
    assert taken_ws > 0.6 * (taken_ws + home.wasted_ws - home.caused_ws)
    assert all(car.cycles <= 4 * hours for car in cars)


@settings(max_examples=100, deadline=None)
@given(
    grid=st.lists(st.floats(-20_000, 20_000), min_size=1, max_size=80),
    step_s=st.floats(0.5, 40),
    keeps=st.booleans(),
)
def test_no_ceiling_between_nothing_and_the_minimum(grid: list[float], step_s: float, keeps: bool) -> None:
    share = SolarShare()
    offer_a = 0.0
    for n, grid_w in enumerate(grid):
        cars = [
            SolarCar(evse=ONE, watts_per_ampere=690, minimum_a=6, maximum_a=16, offer_a=offer_a, keeps_minimum=keeps),
            SolarCar(evse=TWO, watts_per_ampere=230, minimum_a=8, maximum_a=32, offer_a=0.0),
        ]
        ceilings = share.update(n * step_s, cars, Sun(grid_w=grid_w))
        offer_a = ceilings[ONE].current_a
        assert offer_a == 0 or 6 <= offer_a <= 16
        assert not (keeps and offer_a == 0)
        assert ceilings[TWO].current_a == 0 or 8 <= ceilings[TWO].current_a <= 32
