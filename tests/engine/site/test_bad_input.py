"""What chargers send that nobody should: they get OCPP's answer, and nobody else notices."""

import asyncio
from collections.abc import AsyncIterator
import json
from typing import Any

import pytest

from .place import ONE, TWO, Place, until
from .wallbox import RefusedError, Wallbox, is_live, limit_a

GARBAGE = [
    "",
    "not JSON",
    "null",
    "{}",
    "[]",
    "[2]",
    '[2,"8",["a"],{}]',
    '[2,{"a":1},"Heartbeat",{}]',
    '[2,"9","Heartbeat"',
    '[3,"nobody-asked",{}]',
    '[4,"nobody-asked"]',
    '[9,"1","What",{}]',
    '[2,"10","BootNotification","text"]',
    '[2,"11","StartTransaction",[[[[]]]]]',
    "[" * 5000,
    "\ud7ff\x00\x01",
]


@pytest.fixture
async def other(place: Place) -> AsyncIterator[Wallbox]:
    """The charger TWO, in the middle of a session that must not notice anything."""
    other = await place.dial(Wallbox, "TWO")
    await other.boot()
    running = await other.plug_in()
    yield other
    async with asyncio.timeout(2):
        await other.measure(running, energy_wh=1700)
        await other.stop(running, meter_wh=2000)
    sessions = await place.site.transactions(evse=TWO)
    assert [session.energy_wh for session in sessions] == [1000]
    assert len(set(other.heard)) > 1


@pytest.mark.usefixtures("other")
async def test_garbage_costs_neither_its_sender_nor_anybody_else(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    for frame in GARBAGE:
        await box.send(frame)
        assert "currentTime" in await box.say("Heartbeat", {})
    await box.stop(running, meter_wh=1500)
    assert (await place.site.transactions(evse=ONE))[0].energy_wh == 500
    assert place.site.stations["ONE"].connected


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize("wrong", [None, "x", -1, 1e300, [], {"a": []}, True])
async def test_wrong_types_in_a_session_are_answered_and_recorded(place: Place, box: Wallbox, wrong: Any) -> None:
    answer = await box.say(
        "StartTransaction", {"connectorId": 1, "idTag": "CARD", "meterStart": wrong, "timestamp": wrong}
    )
    assert answer["idTagInfo"]["status"] == "Accepted"
    running = answer["transactionId"]
    values = {
        "connectorId": wrong,
        "transactionId": running,
        "meterValue": [{"timestamp": wrong, "sampledValue": wrong}],
    }
    assert await box.say("MeterValues", values) == {}
    assert await box.say("MeterValues", {"connectorId": 1, "transactionId": running, "meterValue": wrong}) == {}
    await box.say("StatusNotification", {"connectorId": wrong, "status": wrong, "errorCode": wrong})
    await box.say(
        "StopTransaction", {"transactionId": running, "meterStop": wrong, "timestamp": wrong, "reason": wrong}
    )
    session = (await place.site.transactions(evse=ONE))[0]
    assert session.transaction_id == str(running)
    assert not session.is_open
    assert session.energy_wh == 0


@pytest.mark.usefixtures("other")
async def test_a_frame_of_a_megabyte_is_read_and_a_larger_one_is_cut_politely(place: Place, box: Wallbox) -> None:
    payload = {"vendorId": "Acme", "data": "x" * 1_000_000}
    assert (await box.say("DataTransfer", payload))["status"] == "UnknownVendorId"
    await box.send(json.dumps([2, "big", "DataTransfer", payload | {"more": "y" * 200_000}]))
    # Cut off while it is still sending, it may find its socket broken before it reads the reason.
    assert await box.closed() in {1009, 1006}
    again = await place.dial(Wallbox)
    assert (await again.boot())["status"] == "Accepted"


async def test_a_flood_leaves_the_answers_to_others_quick(place: Place, box: Wallbox, other: Wallbox) -> None:
    running = await box.plug_in()
    loop = asyncio.get_running_loop()
    values = {"connectorId": 1, "transactionId": running, "meterValue": [{"sampledValue": [{"value": "1000"}]}]}
    for number in range(2000):
        await box.send(json.dumps([2, f"flood-{number}", "MeterValues", values]))
        if number % 100 == 0:
            await box.send("garbage" * 1000)
    began_s = loop.time()
    assert await other.authorize("CARD") == "Accepted"
    assert loop.time() - began_s < 2
    assert "currentTime" in await box.say("Heartbeat", {})
    assert place.evse().has_transaction


async def test_an_answer_to_a_limit_that_never_comes_holds_nobody_up(
    place: Place, box: Wallbox, other: Wallbox
) -> None:
    await other.hear("SetChargingProfile", is_live)
    box.replies["SetChargingProfile"] = None
    running = await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    await place.site.set_limit(TWO, 7)
    await other.hear("SetChargingProfile", lambda it: is_live(it) and limit_a(it) == 7)
    assert (await box.say("Heartbeat", {})).keys() == {"currentTime"}
    await place.pass_time(40, box, other)
    # It was asked again; what it may still believe is kept free for it.
    assert len([action for action in box.heard if action == "SetChargingProfile"]) >= 3
    assert place.evse(ONE).offer.current_a + place.evse(TWO).offer.current_a <= 25
    await box.stop(running, meter_wh=1500)
    await until(lambda: not place.evse(ONE).has_transaction)


@pytest.mark.parametrize(
    ("answer", "action"),
    [("NotSupported", "SetChargingProfile"), ({}, "SetChargingProfile"), ({"status": 5}, "TriggerMessage")],
)
async def test_answers_that_are_none_end_no_conversation(
    place: Place, answer: dict[str, Any] | str, action: str
) -> None:
    box = await place.dial(Wallbox)
    box.replies[action] = answer
    await box.boot()
    await box.status("Available")
    running = await box.plug_in()
    await place.pass_time(20, box)
    assert action in box.heard
    await box.stop(running, meter_wh=1500)
    assert (await place.only()).energy_wh == 500
    with pytest.raises(RefusedError, match="NotImplemented"):
        await box.say("", {})
