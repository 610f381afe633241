"""Chargers that nobody has adopted yet, and those that are not who they say they are."""

import asyncio
from typing import Any

import aiohttp
import pytest

from custom_components.offline_evse.engine.site.announcement import PasswordRefused, StrangerAppeared

from .place import ONE, Place, charger, until
from .wallbox import RefusedError, Station201, Wallbox, is_live, limit_a


@pytest.mark.parametrize("kind", [Wallbox, Station201])
async def test_a_stranger_gets_pending_and_nothing_else(place: Place, kind: type[Wallbox | Station201]) -> None:
    post = await place.dial(kind, "NEW")
    answer = await post.boot()
    assert answer["status"] == "Pending"
    assert answer["interval"] > 0
    for action in ("Heartbeat", "StatusNotification", "Authorize", "StartTransaction", "TransactionEvent"):
        with pytest.raises(RefusedError, match="SecurityError"):
            await post.say(action, {"idTag": "CARD"})
    assert post.heard == []
    assert list(place.site.state.strangers) == ["NEW"]
    (news,) = place.heard_of(StrangerAppeared)
    assert news.identity.vendor == "Acme"
    assert await place.site.transactions() == ()
    await post.hang_up()
    await until(lambda: not place.site.state.strangers)


async def test_adoption_works_over_the_socket_that_is_open(place: Place) -> None:
    box = await place.dial(Wallbox, "NEW")
    await box.boot()
    await place.reload(stations=(*place.site.config.stations, charger("NEW")))
    assert place.site.stations["NEW"].connected
    assert place.site.stations["NEW"].identity.vendor == "Acme"
    assert (await box.hear("TriggerMessage"))["requestedMessage"] == "BootNotification"
    assert (await box.boot())["status"] == "Accepted"
    await box.status("Available")
    await box.plug_in()
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 16
    assert not box.socket.closed


@pytest.mark.parametrize("login", [None, "ONE:wrong", "ONE:", "nobody:geheim123"])
async def test_a_wrong_password_displaces_nobody(place: Place, box: Wallbox, login: str | None) -> None:
    stations = tuple(charger(it.station_id, password="geheim1234567890") for it in place.site.config.stations)
    await place.reload(stations=stations)
    running = await box.plug_in()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await place.dial(Wallbox, login=login)
    assert refused.value.status == 401
    assert place.heard_of(PasswordRefused) == [PasswordRefused("ONE")]
    await box.stop(running, meter_wh=1500)
    assert (await place.only()).energy_wh == 500
    again = await place.dial(Wallbox, login="ONE:geheim1234567890")
    assert (await again.boot())["status"] == "Accepted"


async def test_a_thousand_unknown_identities_leave_a_session_alone(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    refused = 0

    async def knock(number: int) -> None:
        nonlocal refused
        try:
            stranger = await place.dial(Wallbox, f"unknown-{number}")
        except aiohttp.WSServerHandshakeError as error:
            refused += error.status == 503
        else:
            assert (await stranger.boot())["status"] == "Pending"

    for wave in range(10):
        await asyncio.gather(*(knock(100 * wave + number) for number in range(100)))
        await box.measure(running, energy_wh=1000 + 50 * wave)
    assert refused >= 900
    assert len(place.site.state.strangers) <= 16
    assert place.session().energy_wh == 450
    assert not box.socket.closed


async def test_a_thousand_that_come_and_go_leave_nothing_behind(place: Place, box: Wallbox) -> None:
    tasks = len(asyncio.all_tasks())
    async with aiohttp.ClientSession() as session:
        for number in range(1000):
            async with session.ws_connect(f"ws://127.0.0.1:{place.site.port}/passing-{number}", protocols=["ocpp1.6"]):
                pass
    await until(lambda: not place.site.state.strangers)
    await until(lambda: len(asyncio.all_tasks()) <= tasks + 5)
    assert place.evse(ONE).connected


async def test_a_second_device_under_the_same_name_ends_no_session(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    twin = await place.dial(Wallbox)
    twin_answer: dict[str, Any] = await twin.boot()
    assert twin_answer["status"] == "Accepted"
    await box.closed()
    again = await place.dial(Wallbox)
    await again.boot()
    await again.stop(running, meter_wh=1500)
    assert (await place.only()).energy_wh == 500
