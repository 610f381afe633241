"""What happens when somebody stops talking: the meter, a charger, or the engine itself. No fuse may notice."""

from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.station import EvseKey
from simulator.description import CarDescription, PointDescription, StationDescription
from simulator.harbour_house import OWNER_TAG
from simulator.physics.car import CarModel
from simulator.physics.fuse import TRIP_LEVEL
from simulator.physics.site import Branch
from simulator.station.model import StationModel

from .books import assert_books
from .closed_loop import ClosedLoop, play, running
from .harbour import NASTY_HARBOUR

pytestmark = pytest.mark.simulation

DRIVEWAY = EvseKey("driveway", 1)
STALE_AFTER_S = 10
HOLD_S = 30

QUIET_HARBOUR = replace(NASTY_HARBOUR, appliances=())
"""The same site with nobody at home, for what is not about the house."""


def assert_safe(loop: ClosedLoop) -> None:
    assert loop.longest_over_s <= 15
    assert loop.highest_theta < TRIP_LEVEL
    assert loop.judgement.impossible_offers == []


def test_a_frozen_meter_leaves_safe_currents_and_a_thawed_one_gives_them_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path) as loop:
            for station_id in ("driveway", "boathouse", "new-charger"):
                loop.simulator.plug(charger=station_id)
                loop.simulator.swipe(charger=station_id, tag=OWNER_TAG)
            await loop.run(240)
            before_a = loop.site.evses[DRIVEWAY].offer.current_a
            assert before_a > 6
            loop.simulator.fault(kind="meter_freeze", seconds=300)
            # What the meter said last counts for a while; nobody gets more meanwhile.
            await loop.run(STALE_AFTER_S + HOLD_S - 2)
            assert loop.site.evses[DRIVEWAY].offer.current_a <= before_a
            await loop.run(5)
            assert loop.site.state.safe_mode
            assert {evse.offer.current_a for evse in loop.site.evses.values()} <= {0.0, 6.0}
            assert loop.site.evses[DRIVEWAY].offer.binding.reason is LimitReason.METER_SILENT
            await loop.run(250)
            assert all(point.evse.terminals_a[0] <= 6.5 for _, point in loop.points())
            await loop.until(lambda: not loop.site.state.safe_mode, 30)
            await loop.until(lambda: loop.site.evses[DRIVEWAY].offer.current_a > 6, 120)
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=3)

    play(scenario)


def test_a_meter_that_freezes_under_load_trips_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(NASTY_HARBOUR, tmp_path, seed=2, reserve_a=20.0) as loop:
            loop.plug_all()
            await loop.run(300)
            loop.simulator.fault(kind="meter_freeze", seconds=600)
            for appliance in ("oven", "kettle", "heat_pump", "dryer"):
                loop.simulator.load(appliance=appliance, on=True, seconds=400)
            await loop.run(900)
            # Until safe currents rule nobody can see what the house does.
            assert loop.highest_theta < TRIP_LEVEL
            assert loop.longest_over_s <= STALE_AFTER_S + HOLD_S + 15
            assert not loop.site.state.safe_mode
            assert_books(loop, await loop.finish(), sessions=6)

    play(scenario)


def test_a_charger_that_is_away_for_ten_minutes_holds_its_floor_and_tells_it_all_later(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path) as loop:
            loop.simulator.plug(charger="driveway")
            loop.simulator.swipe(charger="driveway", tag=OWNER_TAG)
            await loop.run(120)
            evse = loop.site.evses[DRIVEWAY]
            point = loop.point(DRIVEWAY)
            assert point.evse.terminals_a[0] == 16
            session = evse.transaction
            assert session is not None
            register_wh = point.evse.register_wh
            loop.simulator.fault(kind="drop", charger="driveway", seconds=600)
            await loop.run(60)
            assert not evse.connected
            assert evse.offer.binding.reason is LimitReason.OFFLINE
            assert evse.offer.current_a == 16  # it may still take that
            await loop.run(250)
            assert point.evse.limit_a == 6  # the limit has run out by itself
            await loop.until(lambda: evse.connected, 400)
            await loop.run(30)
            assert evse.transaction is not None
            assert evse.transaction.session_id == session.session_id
            away_wh = point.evse.register_wh - register_wh
            assert away_wh > 900
            assert evse.transaction.energy_wh >= session.energy_wh + away_wh - 100
            await loop.until(lambda: point.evse.limit_a == 16, 60)
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=1)

    play(scenario)


def test_a_half_open_line_is_replaced_and_nothing_is_told_twice(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(NASTY_HARBOUR, tmp_path, seed=3) as loop:
            loop.plug_all()
            await loop.run(200)
            loop.simulator.fault(kind="half_open", charger="guest-bays", seconds=15)
            loop.simulator.fault(kind="half_open", charger="boathouse", seconds=90)
            boathouse = loop.site.stations["boathouse"]
            # A dead line is known within 40 s, and the charger's share is held for it.
            await loop.until(lambda: not boathouse.connected, 41)
            await loop.until(lambda: all(station.connected for station in loop.site.stations.values()), 90)
            await loop.run(300)
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=6)

    play(scenario)


@pytest.mark.parametrize(("seed", "dead_s"), [(1, 20), (2, 120), (3, 600)])
def test_an_engine_that_is_killed_goes_on_where_it_was(tmp_path: Path, seed: int, dead_s: int) -> None:
    async def scenario() -> None:
        alone = ("guest-bays", "garden-gate", "new-charger")
        async with running(NASTY_HARBOUR, tmp_path, seed, stopped_when_alone=alone) as loop:
            loop.plug_all()
            await loop.run(600)
            running_before = {
                key: evse.transaction.session_id for key, evse in loop.site.evses.items() if evse.transaction
            }
            assert len(running_before) == 6
            await loop.kill()
            await loop.run(dead_s)
            await loop.revive()
            assert {
                key: evse.transaction.session_id for key, evse in loop.site.evses.items() if evse.transaction
            } == running_before
            await loop.until(lambda: all(station.connected for station in loop.site.stations.values()), 30)
            # While nobody is there, chargers hold what they had and then their safe currents, whatever the house does.
            assert loop.highest_theta < TRIP_LEVEL
            for fuse in loop.simulator.site.fuses.values():
                fuse.run_s = [0.0, 0.0, 0.0]
                fuse.reset_statistics()
            await loop.run(300)
            assert_safe(loop)
            assert {
                key: evse.transaction.session_id for key, evse in loop.site.evses.items() if evse.transaction
            } == running_before
            assert_books(loop, await loop.finish(), sessions=6)

    play(scenario)


def test_a_restart_cuts_nobody_where_there_is_room(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path) as loop:
            for station_id in ("driveway", "boathouse"):
                loop.simulator.plug(charger=station_id)
                loop.simulator.swipe(charger=station_id, tag=OWNER_TAG)
            await loop.run(300)
            keys = (DRIVEWAY, EvseKey("boathouse", 1))
            before_a = {key: loop.point(key).evse.limit_a for key in keys}
            lowest_a = dict(before_a)
            await loop.kill()
            await loop.run(15)
            await loop.revive()

            def watch() -> None:
                for key in keys:
                    lowest_a[key] = min(lowest_a[key], loop.point(key).evse.limit_a)

            loop.watchers.append(watch)
            await loop.run(300)
            assert lowest_a == before_a
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=2)

    play(scenario)


def test_a_charger_that_reboots_resumes_its_session(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(NASTY_HARBOUR, tmp_path, seed=4) as loop:
            loop.plug_all()
            await loop.run(300)
            sessions = {key: evse.transaction.session_id for key, evse in loop.site.evses.items() if evse.transaction}
            for station_id in ("driveway", "boathouse"):
                loop.simulator.fault(kind="reboot", charger=station_id, seconds=20)
            await loop.until(lambda: not loop.site.stations["driveway"].connected, 10)
            await loop.until(lambda: all(station.connected for station in loop.site.stations.values()), 60)
            await loop.run(300)
            assert {
                key: evse.transaction.session_id for key, evse in loop.site.evses.items() if evse.transaction
            } == sessions
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=6)

    play(scenario)


@pytest.mark.parametrize("station_id", ["driveway", "boathouse"])
@pytest.mark.parametrize("off_s", [-600, 600])
def test_limits_are_obeyed_by_a_charger_whose_clock_is_wrong(tmp_path: Path, station_id: str, off_s: int) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path) as loop:
            key = EvseKey(station_id, 1)
            loop.simulator.fault(kind="clock_skew", charger=station_id, seconds=off_s)
            loop.simulator.plug(charger=station_id)
            loop.simulator.swipe(charger=station_id, tag=OWNER_TAG)
            point = loop.point(key)
            await loop.until(lambda: point.evse.limit_a == 16, 60)
            for current_a in (9.0, 0.0, 12.0):
                await loop.site.pause(key, not current_a)
                await loop.site.set_limit(key, current_a or None)
                await loop.until(lambda current_a=current_a: point.evse.limit_a == current_a, 5)
                wrong: list[float] = []
                loop.watchers.append(
                    lambda current_a=current_a, wrong=wrong: (
                        wrong.append(point.evse.limit_a) if point.evse.limit_a != current_a else None
                    )
                )
                await loop.run(400)
                loop.watchers.clear()
                assert wrong == []
            assert_books(loop, await loop.finish(), sessions=1)

    play(scenario)


def test_a_dozen_sessions_that_began_offline_are_all_there_later(tmp_path: Path) -> None:
    stations = tuple(
        StationDescription(
            model=StationModel(identity=f"bay-{number}", version=version, auto_start_tag=OWNER_TAG),
            points=(PointDescription(branch="main", maximum_a=16, register_wh=1000 * number),),
        )
        for number, version in enumerate(["1.6", "2.0.1"] * 3)
    )
    hotel = replace(
        QUIET_HARBOUR,
        branches=(Branch(name="main", rating_a=63.0),),
        stations=stations,
        cars=tuple(CarDescription(name=f"car-{number}", model=CarModel(), soc=0.3) for number in range(6)),
    )

    async def scenario() -> None:
        async with running(hotel, tmp_path) as loop:
            simulator = loop.simulator
            bays = [station.model.identity for station in stations]
            # One session with a link each, so that every charger knows the card.
            await loop.run(20)
            for station_id in bays:
                simulator.plug(charger=station_id)
            await loop.run(120)
            for station_id in bays:
                simulator.unplug(charger=station_id)
            await loop.run(30)
            for station_id in bays:
                simulator.fault(kind="drop", charger=station_id, seconds=1500)
            await loop.run(5)
            for _ in range(2):
                for station_id in bays:
                    simulator.plug(charger=station_id)
                await loop.run(500)
                for station_id in bays:
                    simulator.unplug(charger=station_id)
                await loop.run(60)
            assert len(await loop.site.transactions()) == 6
            assert sum(session.offline for _, point in loop.points() for session in point.history) == 12
            await loop.until(lambda: all(station.connected for station in loop.site.stations.values()), 600)
            await loop.run(30)
            transactions = await loop.finish()
            assert_books(loop, transactions, sessions=18)
            assert_safe(loop)

    play(scenario)
