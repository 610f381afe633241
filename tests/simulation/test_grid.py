"""The grid operator's limit in the middle of sessions, with the whole engine against the whole simulator."""

from pathlib import Path

import pytest

from custom_components.offline_evse.engine.balancing.grid.formula import group_floor_w
from simulator.description import CarDescription, PointDescription, SiteDescription, StationDescription
from simulator.physics.car import CarModel
from simulator.physics.phases import PerPhase
from simulator.physics.site import Branch
from simulator.station.model import StationModel

from .closed_loop import ClosedLoop, play, running

pytestmark = pytest.mark.simulation

CARS = 4
FLOOR_W = group_floor_w(CARS)
LASTS_S = 900


def site() -> SiteDescription:
    """A garage of four cars on a large fuse, so that nothing but the grid binds."""
    return SiteDescription(
        name="Garage",
        branches=(Branch(name="main", rating_a=100.0),),
        stations=tuple(
            StationDescription(
                model=StationModel(identity=f"bay-{number}", serial=f"B-{number}"),
                points=(PointDescription(branch="main", wiring="RST"),),
            )
            for number in range(CARS)
        ),
        cars=tuple(
            CarDescription(name=f"car-{number}", soc=0.1, model=CarModel(capacity_wh=80_000)) for number in range(CARS)
        ),
        appliances=(),
        base_w=PerPhase(230.0, 230.0, 230.0),
    )


def charging_w(loop: ClosedLoop) -> float:
    """What the cars really draw, by the physics of the simulator."""
    return sum(point.evse.power_w for _, point in loop.points())


def test_the_limit_is_kept_within_a_minute_and_never_broken_after(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(site(), tmp_path) as loop:
            loop.plug_all()
            await loop.until(lambda: charging_w(loop) > 4 * 10_000, 600)
            await loop.run(120)
            await loop.site.grid.set_limit(0.0, event_id="14a", duration_s=LASTS_S, name="Grid AG")
            truth_s = await loop.until(lambda: charging_w(loop) <= FLOOR_W, 120)
            above_s = 0
            served: set[str] = set()
            for _ in range(LASTS_S - int(truth_s) - 5):
                await loop.run(1)
                above_s += charging_w(loop) > FLOOR_W
                served |= {key.station_id for key, point in loop.points() if point.evse.power_w > 1000}
            # Not only kept, but used: two cars fit in what the law leaves to four.
            assert charging_w(loop) > 0.6 * FLOOR_W
            await loop.run(5 + 70)
            (event,) = await loop.site.grid.events()
            assert truth_s <= 60
            assert event.time_to_comply_s is not None
            assert event.time_to_comply_s <= 60
            assert above_s == 0
            assert event.over_s == 0
            assert (event.limit_w, event.applied_w) == (0, FLOOR_W)
            assert event.shed_wh is not None
            assert event.shed_wh > 5000
            assert loop.judgement.impossible_offers == []
            await loop.until(lambda: charging_w(loop) > 4 * 10_000, 300)

    play(scenario)
