"""Every scenario, by name."""

from .buildings import BUILDINGS
from .cars import CARS
from .hostile import FOUR_CARS, ONE_CAR
from .houses import HOMES
from .scenario import Scenario
from .stations import STATIONS

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario for scenario in (ONE_CAR, FOUR_CARS, *HOMES, *STATIONS, *CARS, *BUILDINGS)
}
