"""Chargers that nobody speaks to any more: limits run out by themselves, and are reckoned with until they have."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.model.offer import EscalationStep, LimitReason
from custom_components.offline_evse.engine.model.self_test import SelfTestResult
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.config import AfterExpiry, DefaultProfile
from custom_components.offline_evse.engine.site.safety.self_test import SelfTestRefusal
from simulator.description import CarDescription, PointDescription, SiteDescription, StationDescription
from simulator.harbour_house import OWNER_TAG
from simulator.physics.car import CarModel
from simulator.physics.site import Branch
from simulator.station.charging_point import ChargingPoint
from simulator.station.model import StationModel
from simulator.station.schedule import Profile

from .books import assert_books
from .closed_loop import ClosedLoop, play, running
from .test_silences import DRIVEWAY, QUIET_HARBOUR, assert_safe

pytestmark = pytest.mark.simulation

PAIRS = [(60, 70), (60, 130), (120, 130), (120, 250), (300, 310), (300, 610), (45, 95)]
"""How often a limit is repeated, and how long it holds without, in s; the last is nobody's but the installer's own."""


async def _charge(loop: ClosedLoop, station_id: str = "driveway") -> None:
    """Let a car charge at 16 A."""
    loop.simulator.plug(charger=station_id)
    loop.simulator.swipe(charger=station_id, tag=OWNER_TAG)
    point = loop.point(EvseKey(station_id, 1))
    await loop.until(lambda: point.evse.terminals_a[0] > 15, 120)


def _has_more_than_its_floor(point: ChargingPoint) -> bool:
    return point.evse.limit_a > 6


def _of_version(version: str) -> SiteDescription:
    """The quiet harbour, whose charger at the driveway speaks this version."""
    first, *others = QUIET_HARBOUR.stations
    return replace(QUIET_HARBOUR, stations=(replace(first, model=replace(first.model, version=version)), *others))


@pytest.mark.parametrize("after", list(AfterExpiry))
@pytest.mark.parametrize(
    ("version", "refresh_s", "expires_s"), [*(("1.6", *pair) for pair in PAIRS), ("2.1", 60, 70), ("2.1", 120, 250)]
)
def test_a_charger_out_of_sight_is_reckoned_with_for_as_long_as_it_may_draw(
    tmp_path: Path, version: str, refresh_s: int, expires_s: int, after: AfterExpiry
) -> None:
    async def scenario() -> None:
        own = {"refresh_s": refresh_s, "expires_s": expires_s, "after_expiry": after}
        async with running(_of_version(version), tmp_path, chargers=own) as loop:
            await _charge(loop)
            evse, point = loop.site.evses[DRIVEWAY], loop.point(DRIVEWAY)
            await loop.run(2 * refresh_s)
            # It is refreshed before it runs out.
            assert point.evse.limit_a == 16
            held = loop.simulator.stations["driveway"].profiles.held[1]
            # A charger of 2.1 counts the silence itself besides.
            assert expires_s in {profile.max_offline_s for profile in held} or version != "2.1"
            too_little: list[tuple[float, float]] = []
            loop.simulator.fault(kind="drop", charger="driveway", seconds=expires_s + 200)
            await loop.until(lambda: not evse.connected, 60)
            fell_s = released_s = None
            for second in range(expires_s + 60):
                if point.evse.limit_a > evse.offer.current_a + 0.01:
                    too_little.append((point.evse.limit_a, evse.offer.current_a))
                if fell_s is None and point.evse.limit_a == 6:
                    fell_s = second
                if released_s is None and evse.offer.current_a == 6:
                    released_s = second
                await loop.run(1)
            assert fell_s is not None
            assert fell_s <= expires_s
            assert too_little == []
            if after is AfterExpiry.TRUST:
                assert released_s is not None
                assert released_s - fell_s <= 15
            else:
                assert released_s is None
            assert_safe(loop)
            await loop.until(lambda: evse.connected, 400)
            assert_books(loop, await loop.finish(), sessions=1)

    play(scenario)


def test_a_car_that_plugs_in_unseen_finds_its_place_kept(tmp_path: Path) -> None:
    twins = tuple(
        replace(
            station,
            model=replace(station.model, auto_start_tag=OWNER_TAG),
            points=(PointDescription(branch="guests"),),
        )
        for station in QUIET_HARBOUR.stations
        if station.model.identity in ("driveway", "boathouse")
    )
    yard = replace(QUIET_HARBOUR, stations=twins)

    async def scenario() -> None:
        async with running(yard, tmp_path, chargers={"default_profile": DefaultProfile.NONE}) as loop:
            # A session with a link, so that the charger knows the card.
            await _charge(loop)
            loop.simulator.unplug(charger="driveway")
            loop.simulator.plug(charger="boathouse")
            other = loop.point(EvseKey("boathouse", 1))
            await loop.until(lambda: other.evse.terminals_a[0] > 15, 120)
            # No meter shows what the fuse of the guests carries, and without a floor a charger gives all that it can.
            loop.simulator.fault(kind="drop", charger="driveway", seconds=400)
            await loop.until(lambda: other.evse.terminals_a[0] == 0, 60)
            loop.simulator.plug(charger="driveway")
            await loop.until(lambda: loop.point(DRIVEWAY).evse.terminals_a[0] > 15, 60)
            await loop.run(200)
            assert max(loop.simulator.site.fuses["guests"].peak_a) <= 20
            await loop.until(lambda: loop.site.evses[DRIVEWAY].connected, 300)
            await loop.until(lambda: min(loop.point(DRIVEWAY).evse.limit_a, other.evse.limit_a) >= 6, 300)
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=3)

    play(scenario)


@pytest.mark.parametrize("expires_s", [70, 250])
def test_home_assistant_is_gone_until_everything_has_run_out(tmp_path: Path, expires_s: int) -> None:
    async def scenario() -> None:
        own = {"refresh_s": 60, "expires_s": expires_s}
        async with running(QUIET_HARBOUR, tmp_path, chargers=own) as loop:
            for station_id in ("driveway", "boathouse"):
                await _charge(loop, station_id)
            await loop.run(60)
            outlook = loop.site.state.outlook
            assert outlook is not None
            assert (outlook.falling_count, outlook.to_a, outlook.safe) == (2, 6.0, True)
            assert outlook.after_s <= expires_s + 5
            await loop.kill()
            loop.simulator.site.fuses["main"].reset_statistics()
            worst_a = 0.0
            for _ in range(expires_s + 30):
                await loop.run(1)
                house = loop.simulator.house.currents_a
                cars = [point.evse.terminals_a for _, point in loop.points()]
                worst_a = max(worst_a, max(house) + sum(max(car) for car in cars))
            # All cars on one phase would be as much; what is told is the worst of the three.
            assert worst_a >= outlook.load - 2.0
            fuse = loop.simulator.site.fuses["main"]
            assert max(fuse.peak_a) <= outlook.load + 1.0
            assert {point.evse.limit_a for _, point in loop.points() if point.transaction is not None} == {6.0}
            await loop.revive()
            for station_id in ("driveway", "boathouse"):
                point = loop.point(EvseKey(station_id, 1))
                await loop.until(partial(_has_more_than_its_floor, point), 300)
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=2)

    play(scenario)


def test_an_engine_that_cannot_decide_leaves_safe_currents(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path, chargers={"refresh_s": 60, "expires_s": 70}) as loop:
            await _charge(loop)
            point = loop.point(DRIVEWAY)
            failures: list[dict[str, Any]] = []
            asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
            with patch.object(Balancer, "decide", side_effect=RuntimeError("stalled")):
                await loop.run(75)
                # It is tried again every second all the while.
                assert len(failures) >= 70
                assert point.evse.limit_a == 6
                assert loop.site.evses[DRIVEWAY].connected
                await loop.run(60)
            await loop.until(lambda: point.evse.limit_a == 16, 120)
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=1)

    play(scenario)


def test_fifty_chargers_that_come_back_at_once_get_their_limits(tmp_path: Path) -> None:
    stations = tuple(
        StationDescription(
            model=StationModel(identity=f"bay-{number}", version=version, auto_start_tag=OWNER_TAG),
            points=(PointDescription(branch="main", maximum_a=16, register_wh=1000 * number),),
        )
        for number, version in enumerate(["1.6", "2.0.1"] * 25)
    )
    hotel = replace(
        QUIET_HARBOUR,
        branches=(Branch(name="main", rating_a=350.0),),
        stations=stations,
        cars=tuple(CarDescription(name=f"car-{number}", model=CarModel(), soc=0.3) for number in range(50)),
    )

    async def scenario() -> None:
        async with running(hotel, tmp_path) as loop:
            bays = [station.model.identity for station in stations]
            for station_id in bays:
                loop.simulator.plug(charger=station_id)
            await loop.until(lambda: all(evse.has_transaction for evse in loop.site.evses.values()), 60)
            await loop.run(90)
            sessions = {key: evse.transaction.session_id for key, evse in loop.site.evses.items() if evse.transaction}
            for station_id in bays:
                loop.simulator.fault(kind="drop", charger=station_id, seconds=20)
            await loop.until(lambda: not any(station.connected for station in loop.site.stations.values()), 30)
            await loop.until(lambda: all(station.connected for station in loop.site.stations.values()), 60)
            took_s = await loop.until(
                lambda: all(
                    abs(point.evse.limit_a - loop.site.evses[key].offer.current_a) < 0.11
                    for key, point in loop.points()
                ),
                60,
            )
            assert took_s <= 45
            await loop.run(60)
            assert {
                key: evse.transaction.session_id for key, evse in loop.site.evses.items() if evse.transaction
            } == sessions
            assert_safe(loop)

    play(scenario)


def _never_falls(loop: ClosedLoop, station_id: str) -> None:
    """Let a charger obey the first step of every profile for ever."""
    store = loop.simulator.stations[station_id].profiles
    install: Callable[..., Any] = store.install

    def keep(evse_id: int, profile: Profile, *more: Any) -> Any:
        return install(evse_id, replace(profile, periods=profile.periods[:1], valid_to=None), *more)

    store.install = keep  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize("station_id", ["driveway", "boathouse"])
def test_a_self_test_passes_where_the_charger_falls(tmp_path: Path, station_id: str) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path, chargers={"refresh_s": 60, "expires_s": 130}) as loop:
            assert loop.site.self_test(station_id) is SelfTestRefusal.NO_SESSION
            await _charge(loop, station_id)
            await loop.until(lambda: loop.site.self_test(station_id) is None, 90)
            assert loop.site.self_test(station_id) is SelfTestRefusal.RUNNING
            station = loop.site.stations[station_id]
            await loop.until(lambda: not station.self_test_running, 260)
            test = station.self_test
            assert test is not None
            assert test.result is SelfTestResult.PASSED
            assert test.took_s is not None
            assert 120 <= test.took_s <= 215
            assert test.firmware == station.identity.firmware_version
            point = loop.point(EvseKey(station_id, 1))
            await loop.until(lambda: point.evse.limit_a == 16, 10)
            await loop.kill()
            await loop.revive()
            assert loop.site.stations[station_id].self_test == test
            assert_safe(loop)

    play(scenario)


def test_a_charger_that_does_not_fall_fails_and_is_held_with_all_it_can(tmp_path: Path) -> None:
    async def scenario() -> None:
        own = {"refresh_s": 60, "expires_s": 70, "hardware_a": 32.0}
        async with running(QUIET_HARBOUR, tmp_path, chargers=own) as loop:
            _never_falls(loop, "driveway")
            await _charge(loop)
            await loop.until(lambda: loop.site.self_test("driveway") is None, 90)
            station = loop.site.stations["driveway"]
            await loop.until(lambda: not station.self_test_running, 260)
            assert station.self_test is not None
            assert station.self_test.result is SelfTestResult.FAILED
            evse = loop.site.evses[DRIVEWAY]
            loop.simulator.fault(kind="drop", charger="driveway", seconds=200)
            await loop.until(lambda: not evse.connected, 60)
            await loop.run(2)
            assert (evse.offer.current_a, evse.offer.binding.reason) == (32.0, LimitReason.OFFLINE)
            await loop.run(120)
            assert evse.offer.current_a == 32.0
            outlook = loop.site.state.outlook
            assert outlook is not None
            assert outlook.falling_count == 0

    play(scenario)


def test_a_self_test_gives_way_to_the_fuse(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path, chargers={"refresh_s": 60, "expires_s": 130}) as loop:
            await _charge(loop)
            await loop.until(lambda: loop.site.self_test("driveway") is None, 90)
            await loop.run(20)
            for station_id in ("boathouse", "new-charger"):
                loop.simulator.plug(charger=station_id)
                loop.simulator.swipe(charger=station_id, tag=OWNER_TAG)
            station = loop.site.stations["driveway"]
            await loop.until(lambda: not station.self_test_running, 60)
            assert station.self_test is not None
            assert station.self_test.result is SelfTestResult.ABORTED
            assert loop.point(DRIVEWAY).evse.limit_a < 16
            assert_safe(loop)

    play(scenario)


def _says_yes(loop: ClosedLoop, station_id: str) -> None:
    """Let a charger accept every profile and do nothing about it."""
    profiles = loop.simulator.stations[station_id].profiles
    profiles.clear()
    profiles.install = lambda *_: None  # type: ignore[method-assign]


def test_a_charger_that_says_yes_and_does_nothing_is_told_in_other_ways(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path, chargers={"refresh_s": 3000, "expires_s": 6000}) as loop:
            _says_yes(loop, "driveway")
            await _charge(loop)
            evse = loop.site.evses[DRIVEWAY]
            await loop.site.set_limit(DRIVEWAY, 6)
            await loop.run(2)
            sent = loop.site.commands_sent
            # Long before it would be refreshed.
            await loop.until(lambda: loop.site.commands_sent >= sent + 2, 300)
            assert loop.site.stations["driveway"].oddities["limit_ignored"] >= 1
            assert evse.escalation is not None
            assert evse.escalation.step is EscalationStep.OTHERS_CUT

    play(scenario)


def test_a_charger_that_says_yes_and_does_nothing_is_stopped_when_a_fuse_is_over(tmp_path: Path) -> None:
    house = replace(QUIET_HARBOUR, branches=(Branch(name="main", rating_a=15.5), QUIET_HARBOUR.branches[1]))

    async def scenario() -> None:
        async with running(house, tmp_path) as loop:
            _says_yes(loop, "driveway")
            steps, evse = set[EscalationStep](), loop.site.evses[DRIVEWAY]
            loop.watchers.append(lambda: steps.add(evse.escalation.step) if evse.escalation else None)
            loop.simulator.plug(charger="driveway")
            loop.simulator.swipe(charger="driveway", tag=OWNER_TAG)
            await loop.until(lambda: evse.has_transaction, 30)
            await loop.until(lambda: not evse.has_transaction, 600)
            assert {EscalationStep.PAUSED, EscalationStep.STOPPED} <= steps
            (session,) = await loop.site.transactions()
            assert session.stop_reason == "Remote"
            await loop.until(lambda: evse.escalation is None, 120)

    play(scenario)
