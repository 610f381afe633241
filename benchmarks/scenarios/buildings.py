"""Many cars, several fuses, and other limits than fuses."""

from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

from benchmarks.site_model.household import CALM, EVERYDAY, Load, lived_in
from benchmarks.site_model.run import Run
from benchmarks.site_model.vehicle import CarModel
from custom_components.offline_evse.engine.balancing.goals.peak import QuarterPeak
from custom_components.offline_evse.engine.balancing.grid.formula import group_floor_w
from custom_components.offline_evse.engine.model.circuit import Circuit, SiteLayout
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.shared_limit import LimitBasis, SharedLimit

from .scenario import MAIN, Scenario, one_fuse, placements

_VOLTAGE_V = 230.0
_GRID_FROM_S, _GRID_UNTIL_S = 1800, 5400
_COMPLIED_TOLERANCE_W = 100.0
_PEAK_TARGET_W = 8000.0


def _night(seed: int, seconds: int) -> dict[str, Load]:
    return {MAIN: lived_in(CALM, seed, seconds, base_w=(900.0, 800.0, 700.0), name="night")}


def _evening(seed: int, seconds: int) -> dict[str, Load]:
    return {MAIN: lived_in(EVERYDAY, seed, seconds, capped_at_a=36.0)}


def _clouds(seed: int, seconds: int) -> dict[str, Load]:
    """A house whose roof feeds in up to 20 A on each phase, with clouds that come and go within seconds."""
    random = Random(seed)
    house = lived_in(EVERYDAY, seed, seconds, capped_at_a=36.0)
    load: Load = []
    sun_a = target_a = 20.0
    for l1, l2, l3 in house:
        if random.random() < 1 / 90:
            target_a = random.choice((3.0, 8.0, 20.0))
        sun_a += max(-4.0, min(4.0, target_a - sun_a))
        load.append((l1 - sun_a, l2 - sun_a, l3 - sun_a))
    return {MAIN: load}


def _guests(seed: int, count: int, hours: float) -> tuple[CarModel, ...]:
    """Cars that come in the evening, and need between 15 and 40 kWh by the morning."""
    random = Random(f"guests {seed}")
    return tuple(
        CarModel(need_wh=random.uniform(15_000, 40_000), arrives_s=int(random.uniform(0, 0.15 * hours * 3600)))
        for _ in range(count)
    )


def _impose(run: Run, watts: float | None) -> None:
    """Let the grid's limit hold for all cars, or be lifted with None."""
    if run.law is not None:
        limit = (
            ()
            if watts is None
            else (
                SharedLimit(
                    limit_id="grid",
                    reason=LimitReason.GRID,
                    circuit_id=MAIN,
                    basis=LimitBasis.CHARGING,
                    limit_w=watts,
                ),
            )
        )
        run.law.limits(limit, run.now_s)


def _watch_grid(run: Run, watts: float) -> None:
    """Measure how soon the cars keep to the grid's limit, and whether they stay with it."""
    if not _GRID_FROM_S <= run.now_s < _GRID_UNTIL_S:
        return
    charging_w = sum(vehicle.draw_a * len(vehicle.phases) for vehicle in run.vehicles) * _VOLTAGE_V
    figures = run.figures
    since_s = run.now_s - _GRID_FROM_S
    if charging_w > watts + _COMPLIED_TOLERANCE_W:
        if figures.comply_s >= since_s:
            figures.comply_s = since_s + 1
        else:
            figures.over_limit_s += 1


class _PeakKeeper:
    """Keeps quarter-hours below a target, as the site does: by what a quarter has left."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._peak = QuarterPeak(floor_w=_PEAK_TARGET_W)

    def second(self, run: Run) -> None:
        """Count, and limit what the site may draw."""
        if run is not self._run:
            self._run, self._peak = run, QuarterPeak(floor_w=_PEAK_TARGET_W)
        at = datetime(2026, 1, 15, tzinfo=UTC) + timedelta(seconds=run.now_s)
        self._peak.take(at, sum(run.currents_a[:3]) * _VOLTAGE_V)
        if run.now_s % 5 == 0 and run.law is not None:
            limit = SharedLimit(
                limit_id="peak",
                reason=LimitReason.PEAK,
                circuit_id=MAIN,
                basis=LimitBasis.TOTAL,
                limit_w=round(self._peak.limit_w(at), -1),
            )
            run.law.limits((limit,), run.now_s)


def _two_levels() -> SiteLayout:
    main = Circuit(circuit_id=MAIN, name="Main", limit_a=PhaseAmperes(63.0, 63.0, 63.0), metered=True)
    halls = tuple(
        Circuit(circuit_id=name, name=name, parent_id=MAIN, limit_a=PhaseAmperes(limit_a, limit_a, limit_a))
        for name, limit_a in (("garage", 40.0), ("yard", 32.0))
    )
    cars = (CarModel(),) * 4
    return SiteLayout(
        circuits=(main, *halls),
        placements=placements("garage", cars) + placements("yard", cars, first=4),
    )


_EIGHT = tuple(CarModel() for _ in range(8))
_FOUR = tuple(CarModel() for _ in range(4))
_GROUP_W = group_floor_w(len(_FOUR))


def hotel(hours: float = 10.0) -> Scenario:
    """Return the hotel's night; it is the same night however short."""
    cars = _guests(1, 40, hours)
    return Scenario(
        name="hotel",
        subject="40 cars × 16 A on 3×63 A over night, minima do not all fit",
        hours=hours,
        layout=one_fuse(63.0, cars),
        cars=cars,
        loads=_night,
        grid_limited=True,
    )


BUILDINGS: tuple[Scenario, ...] = (
    hotel(),
    Scenario(
        name="calm",
        subject="8 cars on 3×63 A, calm house",
        hours=2.0,
        layout=one_fuse(63.0, _EIGHT),
        cars=_EIGHT,
        loads=_night,
        grid_limited=True,
    ),
    Scenario(
        name="two-level",
        subject="main 63 A, garage 40 A, yard 32 A, four cars each",
        hours=2.0,
        layout=_two_levels(),
        cars=_EIGHT,
        loads=_night,
        fair=False,
        grid_limited=True,
    ),
    Scenario(
        name="quarter-hour",
        subject=f"capacity tariff, no quarter above {_PEAK_TARGET_W / 1000:g} kW",
        hours=2.0,
        layout=one_fuse(40.0, _FOUR),
        cars=_FOUR,
        loads=_evening,
        every_second=_PeakKeeper().second,
        fair=False,
    ),
    Scenario(
        name="grid-limit",
        subject=f"§14a: four cars held to {_GROUP_W / 1000:.1f} kW for an hour, mid-session",
        hours=2.0,
        layout=one_fuse(63.0, _FOUR),
        cars=_FOUR,
        loads=_evening,
        events=(
            (_GRID_FROM_S, partial(_impose, watts=_GROUP_W)),
            (_GRID_UNTIL_S, partial(_impose, watts=None)),
        ),
        every_second=partial(_watch_grid, watts=_GROUP_W),
        fair=False,
    ),
    Scenario(
        name="clouds",
        subject="20 A of sun on each phase behind clouds, four cars on 3×40 A",
        hours=2.0,
        layout=one_fuse(40.0, _FOUR),
        cars=_FOUR,
        loads=_clouds,
        fair=False,
    ),
)
