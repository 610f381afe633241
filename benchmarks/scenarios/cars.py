"""Cars that do not do what they are told, and wirings that are not what somebody thinks."""

from benchmarks.site_model.household import EVERYDAY, Load, lived_in
from benchmarks.site_model.vehicle import CarModel
from custom_components.offline_evse.engine.model.circuit import SiteLayout
from custom_components.offline_evse.engine.model.phases import WIRINGS, Wiring

from .scenario import MAIN, Scenario, one_fuse

_FUSE_A = 40.0


def _house(seed: int, seconds: int) -> dict[str, Load]:
    return {MAIN: lived_in(EVERYDAY, seed, seconds, capped_at_a=36.0)}


def _fleet(
    name: str,
    subject: str,
    *cars: CarModel,
    layout: SiteLayout | None = None,
    wirings: tuple[Wiring, ...] | None = None,
    fair: bool = False,
) -> Scenario:
    return Scenario(
        name=name,
        subject=subject,
        hours=2.0,
        layout=layout or one_fuse(_FUSE_A, cars),
        cars=cars,
        loads=_house,
        wirings=wirings,
        fair=fair,
    )


_THREE = CarModel()
_SINGLE = CarModel(phases=1)
_TURNED = tuple(WIRINGS[name] for name in ("rst", "str", "trs", "r", "t"))
_MIXED = (_THREE, _SINGLE, _THREE, _SINGLE, _SINGLE)

CARS: tuple[Scenario, ...] = (
    _fleet("underdraw", "three cars, one takes 4 A less than offered", CarModel(underdraw_a=4.0), _THREE, _THREE),
    _fleet("overdraw", "three cars, one takes 1.5 A more than offered", CarModel(overdraw_a=1.5), _THREE, _THREE),
    _fleet("rounding", "three cars that take whole amperes", *(CarModel(rounds=True) for _ in range(3)), fair=True),
    _fleet("sleepy", "four cars that sleep after 10 min without a signal", *(CarModel(sleeps_after_s=600),) * 4),
    _fleet("slow", "three cars that follow after 11 s", *(CarModel(dead_s=11),) * 3, fair=True),
    _fleet(
        "rotated",
        "1- and 3-phase cars, wirings rotated and known",
        *_MIXED,
        layout=one_fuse(_FUSE_A, _MIXED, wirings=_TURNED),
    ),
    _fleet("miswired", "the same, but configured as if all were in order", *_MIXED, wirings=_TURNED),
    _fleet("asymmetry", "four 1-phase cars on L1 of 3×40 A, and one on all", *(_SINGLE,) * 4, _THREE),
)
