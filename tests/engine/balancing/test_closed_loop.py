"""The loop closed over a house that is hard to follow: fuses stay in, cars are served, pilots are left in peace.

Cars step their pilots at most every 5 s, follow 3 to 10 s later in whole amperes, and report every 10 s; the meter
reports every second. The breaker is the thermal model of a 120 s time constant: it trips at 1.277 times its rating
squared, and carries twice its rating for 11.6 s when warm.
"""

import pytest

from custom_components.offline_evse.engine.model.station import EvseKey

from .plant import TRIP_THETA, Car, Plant

HOURS = 2 * 3600


def cars(number: int) -> list[Car]:
    return [Car(EvseKey(f"charger-{place}", place + 1), start_s=5 + 40 * place) for place in range(number)]


@pytest.mark.parametrize(("number", "fuse_a"), [(1, 25.0), (4, 40.0)])
@pytest.mark.parametrize("seed", range(4))
def test_no_fuse_trips_and_no_car_is_starved(seed: int, number: int, fuse_a: float) -> None:
    plant = Plant(seed, fuse_a, cars(number), house_limit_a=22.0)
    outcome = plant.run(HOURS)
    assert outcome.longest_over_s <= 15
    assert outcome.highest_theta < TRIP_THETA
    # What the same rule would get from a meter without delay, that shows the house alone, and cars without rounding.
    assert outcome.delivered_as >= 0.85 * outcome.sustained_as
    car_hours = number * HOURS / 3600
    assert outcome.commands <= 60 * car_hours
    assert outcome.pauses <= 8 * car_hours
    served = [car.energy_as for car in plant.cars]
    assert sum(served) ** 2 / (number * sum(energy**2 for energy in served)) >= 0.97  # Jain's index


def test_a_quiet_house_leaves_nothing_unused() -> None:
    plant = Plant(7, 25.0, cars(1), house_limit_a=1.5)
    outcome = plant.run(1800)
    assert outcome.longest_over_s == 0
    assert outcome.delivered_as >= 0.97 * 3 * 16.0 * 1800
    assert outcome.commands <= 2


def test_a_meter_every_ten_seconds_trips_nothing_either() -> None:
    plant = Plant(3, 25.0, cars(1), house_limit_a=22.0, meter_s=10)
    outcome = plant.run(HOURS)
    assert outcome.longest_over_s <= 25
    assert outcome.highest_theta < TRIP_THETA


def test_a_meter_that_freezes_trips_nothing() -> None:
    plant = Plant(5, 25.0, cars(1), house_limit_a=18.0)
    plant.run(1200)
    plant.meter_s = 10**9
    outcome = plant.run(1800)
    assert outcome.highest_theta < TRIP_THETA
    assert plant.cars[0].limit_a == 6.0
