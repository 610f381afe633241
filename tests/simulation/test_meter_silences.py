"""Meters that tell late, rarely, roughly, the same again and again, or nothing at all: no fuse may notice."""

from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.station import EvseKey
from simulator.harbour_house import OWNER_TAG
from simulator.physics.fuse import TRIP_LEVEL

from .books import assert_books
from .closed_loop import ClosedLoop, play, running
from .harbour import NASTY_HARBOUR
from .test_silences import DRIVEWAY, HOLD_S, QUIET_HARBOUR, STALE_AFTER_S

pytestmark = pytest.mark.simulation

BOATHOUSE = EvseKey("boathouse", 1)
NEW_CHARGER = EvseKey("new-charger", 1)
IN_A_ROW = (DRIVEWAY, BOATHOUSE, NEW_CHARGER)


def whole_and_unsigned(currents_a: PhaseAmperes) -> PhaseAmperes:
    """Show what a DSMR meter tells of currents: whole amperes, import and export alike."""
    return PhaseAmperes(*(float(round(abs(current_a))) for current_a in currents_a))


def rank(loop: ClosedLoop, *keys: EvseKey) -> None:
    """Put these chargers above all others, the first of them first."""
    classes = {key.station_id: len(keys) - place for place, key in enumerate(keys)}
    stations = tuple(replace(station, priority=classes.get(station.station_id, 0)) for station in loop.config.stations)
    loop.config = replace(loop.config, stations=stations)
    loop.site.configure(loop.config)


async def charge(loop: ClosedLoop, *keys: EvseKey) -> None:
    """Let cars begin at these chargers, and settle."""
    for key in keys:
        loop.simulator.plug(charger=key.station_id, connector=key.evse_id)
        loop.simulator.swipe(charger=key.station_id, connector=key.evse_id, tag=OWNER_TAG)
    await loop.run(180)


@pytest.mark.parametrize(
    ("every_s", "late_s", "longest_s"), [(1, 10, 35), (10, 0, 25), (10, 10, 45)], ids=["late", "rare", "both"]
)
def test_a_meter_that_is_behind_trips_nothing(tmp_path: Path, every_s: int, late_s: int, longest_s: float) -> None:
    async def scenario() -> None:
        async with running(NASTY_HARBOUR, tmp_path) as loop:
            loop.meter_every_s, loop.meter_late_s = every_s, late_s
            loop.plug_all()
            await loop.run(1500)
            assert loop.highest_theta < TRIP_LEVEL
            assert loop.longest_over_s <= longest_s
            assert not loop.site.state.safe_mode
            assert loop.judgement.impossible_offers == []
            assert loop.delivered_wh > 2000
            assert_books(loop, await loop.finish(), sessions=6)

    play(scenario)


def test_whole_amperes_without_a_sign_trip_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(NASTY_HARBOUR, tmp_path) as loop:
            loop.meter_shows = whole_and_unsigned
            loop.plug_all()
            await loop.run(1500)
            assert loop.highest_theta < TRIP_LEVEL
            assert loop.longest_over_s <= 15
            assert loop.judgement.impossible_offers == []
            assert loop.delivered_wh > 2000
            assert_books(loop, await loop.finish(), sessions=6)

    play(scenario)


@pytest.mark.parametrize("kind", ["meter_freeze", "meter_gone"])
@pytest.mark.parametrize("first", IN_A_ROW, ids=lambda key: key.station_id)
def test_safe_currents_go_to_those_of_the_highest_class_within_the_reserve(
    tmp_path: Path, kind: str, first: EvseKey
) -> None:
    async def scenario() -> None:
        # 35 A less 22 A: two safe currents of 6 A fit on a phase, and not the third.
        async with running(QUIET_HARBOUR, tmp_path, reserve_a=22.0) as loop:
            others = [key for key in IN_A_ROW if key != first]
            rank(loop, first, others[0])
            await charge(loop, *IN_A_ROW)
            assert all(loop.site.evses[key].offer.current_a > 0 for key in IN_A_ROW)
            loop.simulator.fault(kind=kind, seconds=300)
            await loop.run(STALE_AFTER_S + HOLD_S + 5)
            assert loop.site.state.safe_mode
            offers = {key: loop.site.evses[key].offer for key in IN_A_ROW}
            assert offers[first].current_a == 6
            assert offers[first].binding.reason is LimitReason.METER_SILENT
            phases_a = [0.0, 0.0, 0.0]
            for key, offer in offers.items():
                for phase in loop.point(key).evse.wiring:
                    phases_a[phase] += offer.current_a
            assert max(phases_a) <= 35 - 22
            assert offers[others[1]].current_a == 0
            loop.simulator.site.fuses["main"].reset_statistics()
            await loop.run(240)
            # The house may take all that was kept for it.
            assert max(loop.simulator.site.fuses["main"].peak_a) <= 35
            await loop.until(lambda: not loop.site.state.safe_mode, 30)
            # Those of a lower class are given no more than that until the others have all they can take.
            await loop.until(lambda: loop.site.evses[first].offer.current_a > 6, 120)
            await loop.until(lambda: all(loop.site.evses[key].offer.current_a >= 6 for key in IN_A_ROW), 180)
            assert loop.highest_theta < TRIP_LEVEL
            assert_books(loop, await loop.finish(), sessions=3)

    play(scenario)


def test_a_meter_that_repeats_itself_is_found_out_when_a_car_begins(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(QUIET_HARBOUR, tmp_path, reserve_a=20.0) as loop:
            await charge(loop, DRIVEWAY)
            loop.simulator.fault(kind="meter_frozen_values", seconds=600)
            await loop.run(60)
            # It may be a quiet house.
            assert not loop.site.state.safe_mode
            loop.simulator.plug(charger="boathouse")
            loop.simulator.swipe(charger="boathouse", tag=OWNER_TAG)
            took_s = await loop.until(lambda: loop.site.state.safe_mode, 120)
            assert took_s <= 75
            await loop.run(15)
            assert {loop.point(key).evse.limit_a for key in (DRIVEWAY, BOATHOUSE)} == {6.0}
            await loop.until(lambda: not loop.site.state.safe_mode, 600)
            await loop.until(lambda: loop.site.evses[DRIVEWAY].offer.current_a > 6, 120)
            assert loop.highest_theta < TRIP_LEVEL
            assert_books(loop, await loop.finish(), sessions=2)

    play(scenario)
