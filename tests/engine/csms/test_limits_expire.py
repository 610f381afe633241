"""Whether a station's limits run out by themselves, and what it takes to learn that anew."""

import asyncio
from typing import Any

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.csms.smart_charging.profiles import Kind
from custom_components.offline_evse.engine.model.command import ApplyLimit

from .charger import BOOT, Charger
from .conftest import Dial

LIMIT = ApplyLimit(evse_id=1, current_a=10, phases=3)


def is_relative(request: list[Any]) -> bool:
    return bool(request[3]["csChargingProfiles"]["chargingProfileKind"] == Kind.RELATIVE)


async def take_only_relative(charger: Charger) -> None:
    """Refuse every profile up to the first that counts from the start of the transaction."""
    while True:
        request = await charger.request()
        if request[2] != "SetChargingProfile":
            await charger.accept(request, {})
        elif is_relative(request):
            await charger.accept(request)
            return
        else:
            await charger.accept(request, {"status": "Rejected"})


async def boot(charger: Charger, firmware: str) -> None:
    await charger.call("BootNotification", {**BOOT, "firmwareVersion": firmware})


async def test_limits_of_a_station_that_takes_steps_run_out(csms: CentralSystem, dial: Dial) -> None:
    await dial()
    assert csms.expires("CP1")
    assert csms.expires("NEVER-SEEN")


async def test_limits_of_a_station_that_takes_relative_profiles_only_hold(csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    await boot(charger, "1.0")
    command = asyncio.create_task(csms.send("CP1", LIMIT))
    await take_only_relative(charger)
    assert (await command).done
    assert not csms.expires("CP1")


async def test_what_a_station_takes_is_remembered_over_a_restart(csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    await boot(charger, "1.0")
    command = asyncio.create_task(csms.send("CP1", LIMIT))
    await take_only_relative(charger)
    await command
    csms.remember("CP2", csms.memory("CP1"))
    assert not csms.expires("CP2")


async def test_other_firmware_is_offered_the_best_profile_again(csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    await boot(charger, "1.0")
    command = asyncio.create_task(csms.send("CP1", LIMIT))
    await take_only_relative(charger)
    await command
    await boot(charger, "1.0")
    assert not csms.expires("CP1")
    await boot(charger, "1.1")
    assert csms.expires("CP1")
    assert csms.memory("CP1")["ladder"]["live"] is None
