"""A house that does everything to be hard to follow, and that would never overload the fuse by itself."""

from benchmarks.site_model.household import HOSTILE_BASE_W, Load, hostile, lived_in
from benchmarks.site_model.vehicle import CarModel
from custom_components.offline_evse.engine.model.phases import IN_ORDER, Phase

from .scenario import MAIN, Scenario, one_fuse

_CAPPED_AT_A = 22.0


def _house(seed: int, seconds: int) -> dict[str, Load]:
    return {MAIN: lived_in(hostile(seed), seed, seconds, capped_at_a=_CAPPED_AT_A, base_w=HOSTILE_BASE_W)}


_ONE = (CarModel(),)
_FOUR = (CarModel(), CarModel(), CarModel(), CarModel(phases=1))

ONE_CAR = Scenario(
    name="hostile-1",
    subject="hostile house, one car, 3×25 A",
    hours=4.0,
    layout=one_fuse(25.0, _ONE),
    cars=_ONE,
    loads=_house,
    fair=False,
)
FOUR_CARS = Scenario(
    name="hostile-4",
    subject="hostile house, four cars, 3×40 A",
    hours=4.0,
    layout=one_fuse(40.0, _FOUR, wirings=(IN_ORDER, IN_ORDER, IN_ORDER, (Phase.L2,))),
    cars=_FOUR,
    loads=_house,
    fair=False,
)
