"""Stations that cannot be told anything for a while, or will not listen."""

from collections.abc import Callable
from functools import partial

from benchmarks.site_model.household import EVERYDAY, Load, lived_in, stepped
from benchmarks.site_model.run import Run
from benchmarks.site_model.vehicle import CarModel

from .scenario import MAIN, Scenario, one_fuse

_CARS = (CarModel(), CarModel(), CarModel())
_FUSE_A = 40.0


def _house(seed: int, seconds: int) -> dict[str, Load]:
    return {MAIN: lived_in(EVERYDAY, seed, seconds, capped_at_a=32.0)}


def _rising(seed: int, seconds: int) -> dict[str, Load]:
    """Takes much more while a station is out of sight, but leaves room for its safe current."""
    return {MAIN: stepped(seconds, 3.0, ((1860 + 11 * seed, 2700, (14.0, 14.0, 14.0)),))}


def _cut(run: Run, evse: int) -> None:
    run.cut_link(evse)


def _mend(run: Run, evse: int) -> None:
    run.mend_link(evse)


def _cut_all(run: Run) -> None:
    for evse in range(len(run.vehicles)):
        run.cut_link(evse)


def _mend_all(run: Run) -> None:
    for evse in range(len(run.vehicles)):
        run.mend_link(evse)


def _refuses(run: Run, evse: int, refuses: bool) -> None:
    run.vehicles[evse].obeys = not refuses


def _late_clock(run: Run, evse: int, late_s: int) -> None:
    run.vehicles[evse].runs_out_late_s = late_s


def _stop(run: Run) -> None:
    run.stop_law()


def _start(run: Run) -> None:
    run.start_law()


def _trouble(
    name: str,
    subject: str,
    *events: tuple[int, Callable[..., None]],
    loads: Callable[[int, int], dict[str, Load]] = _rising,
) -> Scenario:
    return Scenario(
        name=name,
        subject=subject,
        hours=1.5,
        layout=one_fuse(_FUSE_A, _CARS),
        cars=_CARS,
        loads=loads,
        events=events,
        fair=False,
    )


_FIFTY = tuple(CarModel() for _ in range(50))

STATIONS: tuple[Scenario, ...] = (
    _trouble(
        "offline",
        "one of three out of sight for 20 min while charging",
        (1800, partial(_cut, evse=0)),
        (3000, partial(_mend, evse=0)),
    ),
    _trouble(
        "clock-late",
        "the same, its limit runs out 10 min late",
        (60, partial(_late_clock, evse=0, late_s=600)),
        (1800, partial(_cut, evse=0)),
        (3000, partial(_mend, evse=0)),
    ),
    _trouble(
        "clock-early",
        "the same, its limit runs out at once",
        (60, partial(_late_clock, evse=0, late_s=-200)),
        (1800, partial(_cut, evse=0)),
        (3000, partial(_mend, evse=0)),
    ),
    _trouble("restart", "Home Assistant away for 90 s", (1830, _stop), (1920, _start)),
    _trouble("long-restart", "Home Assistant away for 10 min", (1830, _stop), (2430, _start), loads=_house),
    _trouble(
        "rejects",
        "one of three refuses every limit for 10 min",
        (1800, partial(_refuses, evse=0, refuses=True)),
        (2400, partial(_refuses, evse=0, refuses=False)),
    ),
    Scenario(
        name="storm",
        subject="50 stations lose their links at once and come back at once, 3×400 A",
        hours=0.75,
        layout=one_fuse(400.0, _FIFTY),
        cars=_FIFTY,
        loads=_house,
        events=((900, _cut_all), (1500, _mend_all)),
    ),
)
