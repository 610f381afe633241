"""Homes: what a kitchen does to one or two cars, under meters of every kind, and under meters that fail."""

from functools import partial

from benchmarks.site_model.household import EVERYDAY, Load, lived_in, stepped
from benchmarks.site_model.meter import EVERY_SECOND, EVERY_TEN_SECONDS, WHOLE_AMPERES, Fault, MeterModel
from benchmarks.site_model.run import Run
from benchmarks.site_model.vehicle import CarModel
from custom_components.offline_evse.engine.model.phases import IN_ORDER, Phase

from .scenario import MAIN, Scenario, one_fuse

_FUSE_A = 25.0
_CARS = (CarModel(), CarModel(phases=1))
_WIRINGS = (IN_ORDER, (Phase.L3,))
_HOURS = 2.0


def _everyday(seed: int, seconds: int) -> dict[str, Load]:
    return {MAIN: lived_in(EVERYDAY, seed, seconds, capped_at_a=22.0)}


def _steps(seed: int, seconds: int) -> dict[str, Load]:
    """Kettle, oven and heat pump switch on one after the other, at seconds that the seed moves."""
    steps = tuple(
        (begin + 7 * seed, begin + 7 * seed + lasts, extra)
        for begin, lasts, extra in (
            (600, 180, (9.6, 0.0, 0.0)),
            (1500, 900, (0.0, 11.3, 0.0)),
            (1700, 180, (9.6, 0.0, 0.0)),
            (3000, 1200, (4.0, 4.0, 4.0)),
            (3600, 180, (9.6, 9.6, 0.0)),
            (5400, 600, (12.0, 0.0, 12.0)),
        )
    )
    return {MAIN: stepped(seconds, 2.0, steps)}


def _unexpected(seed: int, seconds: int) -> dict[str, Load]:
    """A house that takes 10 A more just after the meter has failed, for as long as it has."""
    return {MAIN: stepped(seconds, 3.0, ((1830 + seed, 4200, (10.0, 10.0, 10.0)),))}


def _home(name: str, subject: str, meter: MeterModel = EVERY_SECOND, margin_a: float = 1.0) -> Scenario:
    return Scenario(
        name=name,
        subject=subject,
        hours=_HOURS,
        layout=one_fuse(_FUSE_A, _CARS, margin_a=margin_a, wirings=_WIRINGS),
        cars=_CARS,
        loads=_everyday,
        fair=False,
        meters={MAIN: meter},
    )


def _break(run: Run, fault: Fault | None) -> None:
    run.break_meter(MAIN, fault)


def _failing(name: str, subject: str, fault: Fault) -> Scenario:
    return Scenario(
        name=name,
        subject=subject,
        hours=1.5,
        layout=one_fuse(_FUSE_A, _CARS, wirings=_WIRINGS),
        cars=_CARS,
        loads=_unexpected,
        events=((1800, partial(_break, fault=fault)), (3600, partial(_break, fault=None))),
        fair=False,
    )


HOMES: tuple[Scenario, ...] = (
    Scenario(
        name="steps",
        subject="kettle, oven, heat pump; 1 s meter",
        hours=_HOURS,
        layout=one_fuse(_FUSE_A, _CARS, wirings=_WIRINGS),
        cars=_CARS,
        loads=_steps,
        fair=False,
    ),
    _home("everyday", "a usual evening; 1 s meter"),
    _home("meter-10s", "the same, 10 s meter, margin 3 A", EVERY_TEN_SECONDS, 3.0),
    _home("meter-1a", "the same, whole amperes, margin 3 A", WHOLE_AMPERES, 3.0),
    _failing("meter-silent", "frozen or unavailable: no report for 30 min, house +10 A meanwhile", Fault.SILENT),
    _failing("meter-repeats", "reports one value for 30 min, house +10 A meanwhile", Fault.REPEATING),
)
