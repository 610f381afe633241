"""The floor is written once, not with every connection: profiles wear out the memory of some chargers."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.csms.smart_charging.known_floors import KnownFloors
from custom_components.offline_evse.engine.csms.smart_charging.profiles import Kind, ProfileShape, Purpose
from custom_components.offline_evse.engine.model.command import (
    ApplyFloor,
    ApplyLimit,
    Command,
    Outcome,
    ReadCompositeSchedule,
)
from tests.engine.clock import ManualClock

from .charger import BOOT, Charger
from .conftest import Dial

FLOOR = ApplyFloor(evse_id=1, current_a=6, phases=3)
LIMIT = ApplyLimit(evse_id=1, current_a=10, phases=3, transaction_id="7", fallback_a=6)


async def told(csms: CentralSystem, charger: Charger, command: Command) -> bool:
    """Send a command to a charger that accepts everything; return whether it has left."""
    sent = asyncio.create_task(csms.send("CP1", command))
    heard = False
    while not sent.done():
        waiting = asyncio.create_task(charger.request())
        await asyncio.wait({sent, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            break
        request = waiting.result()
        heard = heard or request[2].endswith(("ChargingProfile", "CompositeSchedule"))
        limit = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 32}]}
        await charger.accept(request, {"status": "Accepted", "connectorId": 1, "chargingSchedule": limit})
    assert (await sent).outcome is Outcome.ACCEPTED
    return heard


async def test_a_floor_that_is_there_is_not_written_again(csms: CentralSystem, dial: Dial) -> None:
    """Not over a new connection either, nor over a restart of ours."""
    charger = await dial()
    assert await told(csms, charger, FLOOR)
    assert not await told(csms, charger, FLOOR)
    again = await dial()
    result = await csms.send("CP1", FLOOR)
    assert (result.outcome, result.detail) == (Outcome.ACCEPTED, "unchanged")
    memory = csms.memory("CP1")
    await again.hang_up()
    csms.dismiss("CP1")
    csms.remember("CP1", memory)
    third = await dial()
    assert not await told(csms, third, FLOOR)


@pytest.mark.parametrize(
    "other",
    [replace(FLOOR, current_a=8), replace(FLOOR, phases=1), replace(FLOOR, current_a=None), replace(FLOOR, evse_id=2)],
)
async def test_another_floor_is_written(csms: CentralSystem, dial: Dial, other: ApplyFloor) -> None:
    charger = await dial()
    assert await told(csms, charger, FLOOR)
    assert await told(csms, charger, other)
    assert not await told(csms, charger, other)
    assert await told(csms, charger, FLOOR) is (other.evse_id == 1)


async def test_a_charger_that_booted_is_given_its_floor(csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    assert await told(csms, charger, FLOOR)
    await charger.call("BootNotification", BOOT)
    assert await told(csms, charger, FLOOR)


async def test_a_charger_that_tells_of_more_than_it_was_allowed_is_given_its_floor(
    csms: CentralSystem, dial: Dial
) -> None:
    """It says that it would let 32 A flow."""
    charger = await dial()
    assert await told(csms, charger, FLOOR)
    assert await told(csms, charger, ReadCompositeSchedule(1))
    assert await told(csms, charger, FLOOR)


async def test_a_floor_that_was_not_answered_is_written_again(
    csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    """Whether 6 or 8 A are there now, nobody knows."""
    charger = await dial()
    assert await told(csms, charger, FLOOR)
    sent = asyncio.create_task(csms.send("CP1", replace(FLOOR, current_a=8), timeout_s=5))
    await charger.request()
    await clock.advance(6)
    assert (await sent).outcome is Outcome.UNCERTAIN
    assert await told(csms, charger, FLOOR)


def test_a_live_limit_in_its_place_is_its_end() -> None:
    """Where a station has one level only."""
    floors = KnownFloors()
    one_level = ProfileShape(purpose=Purpose.TX_DEFAULT, live_level=0)
    floors.accepted(FLOOR, one_level)
    floors.limiting(LIMIT, ProfileShape())
    assert floors.has(FLOOR, one_level)
    floors.limiting(LIMIT, one_level)
    assert not floors.has(FLOOR, one_level)


def test_a_floor_in_another_form_is_another_floor() -> None:
    floors = KnownFloors()
    floors.accepted(FLOOR, ProfileShape())
    assert not floors.has(FLOOR, ProfileShape(kind=Kind.RELATIVE))


def test_what_it_reads_back_is_judged_by_the_live_limit_as_well() -> None:
    """10 A are what it was told last."""
    floors = KnownFloors()
    floors.accepted(FLOOR, ProfileShape())
    floors.limiting(LIMIT, ProfileShape())
    floors.read_back(1, 10.2)
    assert floors.has(FLOOR, ProfileShape())
    floors.read_back(1, 11)
    assert not floors.has(FLOOR, ProfileShape())


def test_a_spoiled_memory_means_that_it_is_written() -> None:
    floors = KnownFloors()
    for spoiled in (None, 3, {"1": 4}, {"x": "none"}, {"1": "six"}, {"1": "6.0|3"}):
        floors.remember(spoiled)
        assert not floors.has(FLOOR, ProfileShape())
        floors.read_back(1, 40)
