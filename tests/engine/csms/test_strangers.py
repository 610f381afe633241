"""Stations that nobody adopted: they may introduce themselves, and nothing more."""

import asyncio

import aiohttp
import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.model.station_event import BootReported
from tests.engine.clock import ManualClock

from .charger import AVAILABLE, BOOT, BOOT_201, Charger
from .conftest import Dial
from .site_double import SiteDouble


@pytest.mark.parametrize(
    ("protocols", "boot"), [(("ocpp1.6",), BOOT), (("ocpp2.0.1",), BOOT_201)], ids=["1.6", "2.0.1"]
)
async def test_stranger_may_introduce_itself_and_nothing_more(
    site: SiteDouble, dial: Dial, protocols: tuple[str, ...], boot: dict[str, object]
) -> None:
    charger = await dial("/NEW", protocols)
    assert (await charger.call("BootNotification", boot))[2]["status"] == "Pending"
    for action in ("Heartbeat", "StatusNotification", "Authorize", "StartTransaction", "NoSuchAction"):
        assert (await charger.call(action))[2] == "SecurityError"
    (boot_event,) = site.events
    assert isinstance(boot_event[1], BootReported)
    assert boot_event[1].identity.serial_number == "SN-1"


async def test_nothing_is_asked_of_a_stranger(site: SiteDouble, dial: Dial, clock: ManualClock) -> None:
    charger = await dial("/NEW")
    await charger.call("BootNotification", BOOT)
    await clock.advance(30)
    await charger.call("BootNotification", BOOT)
    await charger.send("[]")
    assert await charger.is_silent()
    assert site.ready == []


async def test_adopted_stranger_is_served_over_the_socket_it_has(
    site: SiteDouble, csms: CentralSystem, dial: Dial
) -> None:
    charger = await dial("/NEW")
    await charger.call("BootNotification", BOOT)
    site.adopted.add("NEW")
    csms.adopt("NEW")
    trigger = await charger.request()
    assert trigger[2:] == ["TriggerMessage", {"requestedMessage": "BootNotification"}]
    await charger.accept(trigger)
    assert (await charger.call("BootNotification", BOOT))[2]["status"] == "Accepted"
    assert (await charger.call("StatusNotification", AVAILABLE))[0] == 3
    await site.until(lambda: site.ready == ["NEW"])
    assert site.disconnected == []


async def test_adopting_somebody_absent_or_twice_does_nothing(csms: CentralSystem, dial: Dial) -> None:
    csms.adopt("NOBODY")
    csms.dismiss("NOBODY")
    charger = await dial("/CP1")
    csms.adopt("CP1")
    assert await charger.is_silent()


async def test_thousand_unknown_identities_take_no_more_than_their_seats(
    site: SiteDouble, csms: CentralSystem, dial: Dial
) -> None:
    real = await dial("/CP1")
    seated = [await dial(f"/S{number}") for number in range(16)]
    url = f"ws://127.0.0.1:{csms.port}/X"

    async def knock(session: aiohttp.ClientSession, number: int) -> int:
        try:
            await session.ws_connect(f"{url}{number}", protocols=("ocpp1.6",))
        except aiohttp.WSServerHandshakeError as refusal:
            return refusal.status
        return 101

    async with aiohttp.ClientSession() as session:
        statuses = await asyncio.gather(*(knock(session, number) for number in range(984)))
    assert set(statuses) == {503}
    assert len(csms.connected) == 17
    assert {reason for _, reason in site.refused} == {"too_many_strangers"}
    assert (await real.call("Heartbeat"))[0] == 3
    assert (await seated[0].call("BootNotification", BOOT))[2]["status"] == "Pending"


async def test_seats_are_free_again_when_strangers_leave(site: SiteDouble, csms: CentralSystem, dial: Dial) -> None:
    for _ in range(3):
        seated = [await dial(f"/S{number}") for number in range(16)]
        for charger in seated:
            await charger.hang_up()
        await site.until(lambda: not csms.connected)
    assert site.refused == []
    assert csms.frames("S1") == ()


async def test_stranger_that_redials_needs_no_second_seat(site: SiteDouble, dial: Dial) -> None:
    for number in range(16):
        await dial(f"/S{number}")
    again: Charger = await dial("/S3")
    assert (await again.call("BootNotification", BOOT))[2]["status"] == "Pending"
    assert site.refused == []


async def test_full_house_of_strangers_does_not_shut_out_an_adopted_one(site: SiteDouble, dial: Dial) -> None:
    for number in range(16):
        await dial(f"/S{number}")
    charger = await dial("/CP1")
    assert (await charger.call("Heartbeat"))[0] == 3
    assert site.refused == []
