"""Clocks that are set, an engine that stands still, and restarts at the worst of times: no current may notice."""

from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.steering.steering import Steering
from simulator.harbour_house import OWNER_TAG
from simulator.physics.fuse import TRIP_LEVEL

from .books import assert_books
from .closed_loop import ClosedLoop, play, running
from .harbour import NASTY_HARBOUR
from .test_silences import DRIVEWAY, QUIET_HARBOUR, assert_safe

pytestmark = pytest.mark.simulation

BOATHOUSE = EvseKey("boathouse", 1)
BOTH = (DRIVEWAY, BOATHOUSE)
HOURS = [-9, -1, 1, 9, 24 * 400]


async def charge(loop: ClosedLoop, *keys: EvseKey) -> None:
    """Let cars begin at these chargers, and settle."""
    for key in keys:
        loop.simulator.plug(charger=key.station_id, connector=key.evse_id)
        loop.simulator.swipe(charger=key.station_id, connector=key.evse_id, tag=OWNER_TAG)
    await loop.run(240)


def limits_a(loop: ClosedLoop, *keys: EvseKey) -> list[float]:
    """What each charger allows its car."""
    return [loop.point(key).evse.limit_a for key in keys]


def sessions(loop: ClosedLoop) -> dict[EvseKey, str]:
    """What runs, by the engine."""
    return {key: evse.transaction.session_id for key, evse in loop.site.evses.items() if evse.transaction}


def changes(loop: ClosedLoop, *keys: EvseKey) -> list[list[float]]:
    """Whatever these chargers allow from now on but what they allow now."""
    before_a, seen = limits_a(loop, *keys), []

    def watch() -> None:
        if (now_a := limits_a(loop, *keys)) != before_a:
            seen.append(now_a)

    loop.watchers.append(watch)
    return seen


@pytest.mark.parametrize("hours", HOURS)
def test_a_wall_clock_that_jumps_gives_nobody_more_and_is_forgotten_in_half_a_minute(
    tmp_path: Path, hours: int
) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path) as loop:
            await charge(loop, *BOTH)
            ran, before_a = sessions(loop), limits_a(loop, *BOTH)
            seen = changes(loop, *BOTH)
            loop.engine_clock.off = timedelta(hours=hours)
            await loop.run(600)
            # A limit that goes out before the charger has said its time twice is over, or has not begun, by its clock.
            assert len(seen) <= 30
            assert {current_a for limits in seen for current_a in limits} <= {6.0, *before_a}
            assert limits_a(loop, *BOTH) == before_a
            assert sessions(loop) == ran
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=2)

    play(scenario)


@pytest.mark.parametrize("hours", HOURS)
def test_an_engine_that_comes_back_in_another_hour_takes_up_where_it_was(tmp_path: Path, hours: int) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path) as loop:
            await charge(loop, *BOTH)
            ran = sessions(loop)
            seen = changes(loop, *BOTH)
            await loop.kill()
            loop.engine_clock.off = timedelta(hours=hours)
            await loop.run(15)
            await loop.revive()
            await loop.run(600)
            assert seen == []
            assert sessions(loop) == ran
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=2)

    play(scenario)


@pytest.mark.parametrize("kind", ["meter_freeze", "meter_gone"])
def test_a_restart_while_the_meter_is_silent_leaves_safe_currents(tmp_path: Path, kind: str) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path, reserve_a=20.0) as loop:
            await charge(loop, *BOTH)
            ran = sessions(loop)
            assert min(limits_a(loop, *BOTH)) > 6
            loop.simulator.fault(kind=kind, seconds=400)
            await loop.run(5)
            await loop.kill()
            await loop.run(20)
            await loop.revive()
            # A meter that was never heard is silent from the start. A charger that is back first has to make room for
            # what another may still draw, and resumes two minutes later.
            await loop.until(lambda: max(limits_a(loop, *BOTH)) <= 6, 45)
            assert loop.site.state.safe_mode
            await loop.until(lambda: limits_a(loop, *BOTH) == [6.0, 6.0], 150)
            assert {loop.site.evses[key].offer.binding.reason for key in BOTH} == {LimitReason.METER_SILENT}
            await loop.run(100)
            assert limits_a(loop, *BOTH) == [6.0, 6.0]
            await loop.until(lambda: not loop.site.state.safe_mode, 300)
            await loop.until(lambda: min(limits_a(loop, *BOTH)) > 6, 120)
            assert sessions(loop) == ran
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=2)

    play(scenario)


@pytest.mark.parametrize("stall_s", [8, 45])
def test_an_engine_that_stood_still_gives_nobody_more_for_what_it_did_not_see(tmp_path: Path, stall_s: int) -> None:
    async def scenario() -> None:
        async with running(NASTY_HARBOUR, tmp_path, seed=2) as loop:
            loop.plug_all()
            await loop.run(300)
            before_a = {key: evse.offer.current_a for key, evse in loop.site.evses.items()}
            with patch.object(Steering, "look_soon", lambda _: None):
                await loop.run(stall_s)
            raised: list[EvseKey] = []
            for _ in range(55):
                await loop.run(1)
                raised += [key for key, evse in loop.site.evses.items() if evse.offer.current_a > before_a[key]]
                before_a = {key: min(before_a[key], evse.offer.current_a) for key, evse in loop.site.evses.items()}
            assert raised == []
            # It cuts at once all the same, and goes on as ever.
            assert loop.highest_theta < TRIP_LEVEL
            assert loop.longest_over_s <= stall_s + 15
            await loop.run(300)
            assert_books(loop, await loop.finish(), sessions=6)

    play(scenario)


def test_a_stop_holds_over_a_restart_while_cars_charge(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path) as loop:
            await charge(loop, *BOTH)
            await loop.site.stop_all(True)
            await loop.until(lambda: limits_a(loop, *BOTH) == [0.0, 0.0], 10)
            await loop.kill()
            await loop.run(15)
            await loop.revive()
            assert loop.site.state.stopped
            seen = changes(loop, *BOTH)
            await loop.run(400)
            assert seen == []
            assert {loop.site.evses[key].offer.binding.reason for key in BOTH} == {LimitReason.STOPPED}
            # Gone for longer than its limits hold, a charger falls to its safe current; back, it is stopped again.
            loop.watchers.clear()
            await loop.kill()
            await loop.run(300)
            assert limits_a(loop, *BOTH) == [6.0, 6.0]
            await loop.revive()
            await loop.until(lambda: limits_a(loop, *BOTH) == [0.0, 0.0], 45)
            await loop.site.stop_all(False)
            await loop.until(lambda: min(limits_a(loop, *BOTH)) > 6, 150)
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=2)

    play(scenario)
