"""Chargers and cars that do as they like, taken as far as it goes: out of service, and somebody is called."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from custom_components.offline_evse.engine.model.offer import EscalationStep, LimitReason
from custom_components.offline_evse.engine.site.announcement import Announcement, LimitIgnored
from simulator.harbour_house import OWNER_TAG
from simulator.physics.fuse import TRIP_LEVEL
from simulator.physics.site import Branch
from simulator.station.charging_point import ChargingPoint

from .closed_loop import ClosedLoop, play, running
from .test_silences import DRIVEWAY, QUIET_HARBOUR

pytestmark = pytest.mark.simulation

TIGHT_HARBOUR = replace(QUIET_HARBOUR, branches=(Branch(name="main", rating_a=15.5), QUIET_HARBOUR.branches[1]))
"""A car that takes 16 A is always too much."""
STEPS = list(EscalationStep)


def obey_nothing(loop: ClosedLoop, station_id: str) -> None:
    """Let a charger accept every profile and every stop, and do nothing about them."""
    station = loop.simulator.stations[station_id]
    station.profiles.clear()
    station.profiles.install = lambda *_: None  # type: ignore[method-assign]
    station.remote_stop = lambda _: True  # type: ignore[method-assign, assignment]


def obeys_availability_at_once(loop: ClosedLoop) -> Callable[[], None]:
    """Let an EVSE that is taken out of service open its contactor, as some do; returns what ends that."""
    set_operative = ChargingPoint.set_operative

    def open_at_once(point: ChargingPoint, operative: bool) -> str:
        if not operative and point.transaction is not None:
            point.stop("Other", "RemoteStop")
        return set_operative(point, operative)

    patched = patch.object(ChargingPoint, "set_operative", open_at_once)
    patched.start()
    return patched.stop


async def _begin(loop: ClosedLoop) -> tuple[dict[EscalationStep, float], list[Announcement]]:
    """Let a car begin; returns what will be taken of the steps and when, and the news."""
    taken: dict[EscalationStep, float] = {}
    news: list[Announcement] = []
    evse = loop.site.evses[DRIVEWAY]

    def watch() -> None:
        if evse.escalation is not None:
            taken.setdefault(evse.escalation.step, loop.clock.monotonic())

    loop.watchers.append(watch)
    loop.site.announce_to(news.append)
    loop.simulator.plug(charger="driveway")
    loop.simulator.swipe(charger="driveway", tag=OWNER_TAG)
    await loop.until(lambda: evse.has_transaction, 30)
    return taken, news


def test_a_charger_that_ignores_everything_is_taken_out_of_service_and_told_of(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(TIGHT_HARBOUR, tmp_path) as loop:
            obey_nothing(loop, "driveway")
            taken, news = await _begin(loop)
            evse, station = loop.site.evses[DRIVEWAY], loop.site.stations["driveway"]
            await loop.until(lambda: EscalationStep.ALARM in taken, 400)
            assert [step for step in STEPS if step in taken] == STEPS
            assert taken[EscalationStep.ALARM] - taken[EscalationStep.OTHERS_CUT] <= 90
            assert evse.offer.current_a == 0
            assert evse.offer.binding.reason is LimitReason.NOT_OBEYING
            await loop.run(5)
            assert station.taken_out == {1}
            (told,) = [each for each in news if isinstance(each, LimitIgnored)]
            assert told.evse == DRIVEWAY
            assert told.escalation.drawn_a > 15
            # It says that it will be out of service, and charges on: told again, and not told of again.
            await loop.run(300)
            assert evse.escalation is not None
            assert len([each for each in news if isinstance(each, LimitIgnored)]) == 1
            assert loop.highest_theta < TRIP_LEVEL
            # Somebody pulls the plug.
            loop.simulator.unplug(charger="driveway")
            await loop.until(lambda: evse.escalation is None, 30)
            await loop.run(60)
            point = loop.point(DRIVEWAY)
            assert not point.operative
            # It stays so over a restart, until a person says otherwise.
            await loop.kill()
            await loop.revive()
            await loop.until(lambda: loop.site.stations["driveway"].connected, 30)
            assert loop.site.stations["driveway"].taken_out == {1}
            assert not point.operative
            assert (await loop.site.set_operative("driveway", True)).done
            await loop.until(lambda: point.operative, 10)
            assert not loop.site.stations["driveway"].taken_out

    play(scenario)


def test_the_alarm_is_never_raised_where_taking_it_out_of_service_helps(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(TIGHT_HARBOUR, tmp_path) as loop:
            obey_nothing(loop, "driveway")
            end = obeys_availability_at_once(loop)
            try:
                taken, news = await _begin(loop)
                evse = loop.site.evses[DRIVEWAY]
                await loop.until(lambda: not evse.has_transaction, 400)
            finally:
                end()
            await loop.until(lambda: evse.escalation is None, 60)
            await loop.run(120)
            assert [step for step in STEPS if step in taken] == STEPS[: STEPS.index(EscalationStep.ALARM)]
            assert not [each for each in news if isinstance(each, LimitIgnored)]
            assert loop.site.stations["driveway"].taken_out == {1}
            assert loop.highest_theta < TRIP_LEVEL

    play(scenario)


def test_a_car_that_takes_far_more_than_its_pilot_allows_warms_no_fuse(tmp_path: Path) -> None:
    model = replace(QUIET_HARBOUR.cars[0].model, phases=3, overdraw_a=10.0)
    greedy = replace(TIGHT_HARBOUR, cars=tuple(replace(car, model=model) for car in QUIET_HARBOUR.cars))

    async def scenario() -> None:
        async with running(greedy, tmp_path) as loop:
            taken, _ = await _begin(loop)
            point = loop.point(DRIVEWAY)
            await loop.until(lambda: point.evse.terminals_a[0] > 18, 60)
            # Without a pilot signal it takes nothing, so a pause is enough each time that it tries again.
            await loop.until(lambda: point.evse.terminals_a[0] == 0, 30)
            await loop.run(900)
            assert EscalationStep.OTHERS_CUT in taken
            assert EscalationStep.STOPPED not in taken
            assert loop.site.evses[DRIVEWAY].has_transaction
            assert loop.longest_over_s <= 15
            assert loop.highest_theta < 0.5

    play(scenario)
