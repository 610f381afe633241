"""The strict central system sees every fault, holds nothing against who does it right, and forgets nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulator.backend.central import CentralSystem
from simulator.backend.conduct import FOR_EVER, Deed
from simulator.backend.faults import FaultKind
from simulator.backend.sessions import BackendSession

from .backend_station import BEGAN, Dialler, Teller, at, reading

type Wrong = Callable[[Teller], Awaitable[object]]


@pytest.fixture
async def central() -> AsyncIterator[CentralSystem]:
    central = CentralSystem()
    await central.start()
    yield central
    await central.close()


@pytest.fixture
async def dialler(central: CentralSystem) -> AsyncIterator[Dialler]:
    async with Dialler(central.port) as dialler:
        yield dialler


def kinds(central: CentralSystem) -> list[FaultKind]:
    return [fault.kind for fault in central.book.faults]


def only(central: CentralSystem) -> BackendSession:
    (session,) = central.book.sessions.values()
    return session


async def test_a_good_station_of_1_6(central: CentralSystem, dialler: Dialler) -> None:
    box = await dialler.dial()
    assert (await box.boot())["status"] == "Accepted"
    await box.say("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    assert (await box.say("Authorize", {"idTag": "CARD"}))["idTagInfo"] == {"status": "Accepted"}
    number = await box.start()
    assert await box.values(number, reading(10, 2000), reading(20, 2500)) == {}
    await box.stop(number, transactionData=[reading(30, 3000), reading(45, 5.5, unit="kWh")])
    assert await box.start(60) == number + 1
    first = central.book.sessions["ONE", str(number)]
    assert (first.energy_wh, first.started, first.id_tag, len(first.values)) == (8000, BEGAN, "CARD", 4)
    assert [register for _, register in first.values] == [2000, 2500, 3000, 5500]
    assert central.book.faults == []


@pytest.mark.parametrize("protocol", ["ocpp2.0.1", "ocpp2.1"])
async def test_a_good_station_of_2(central: CentralSystem, dialler: Dialler, protocol: str) -> None:
    station = await dialler.dial(protocol)
    assert (await station.boot())["status"] == "Accepted"
    card = {"idToken": "CARD", "type": "ISO14443"}
    said = await station.event("Started", 0, 0, 1000, idToken=card, offline=True)
    assert said == {"idTokenInfo": {"status": "Accepted"}}
    assert await station.event("Updated", 1, 10, 2000) == {}
    info = {"transactionId": "01JOURS", "stoppedReason": "EVDisconnected"}
    await station.event("Ended", 2, 60, 9000, transactionInfo=info)
    session = only(central)
    assert (session.remote_id, session.energy_wh, session.id_tag) == ("01JOURS", 8000, "CARD")
    assert (session.offline, session.reason) == (True, "EVDisconnected")
    assert central.book.faults == []


async def _start_and_values_of_before(box: Teller) -> None:
    number = await box.start(10)
    await box.values(number, reading(5, 1000))


async def _values_after_the_end(box: Teller) -> None:
    number = await box.start()
    await box.stop(number)
    await box.values(number, reading(70, 9000))


async def _stop_before_the_start(box: Teller) -> None:
    await box.stop(await box.start(10), 5)


async def _stop_before_values(box: Teller) -> None:
    number = await box.start()
    await box.values(number, reading(30, 1500))
    await box.stop(number, 20)


async def _look_back_in_disorder(box: Teller) -> None:
    number = await box.start()
    await box.stop(number, transactionData=[reading(30, 3000), reading(20, 3000)])


async def _look_back_on_less(box: Teller) -> None:
    number = await box.start()
    await box.stop(number, transactionData=[reading(30, 3000), reading(40, 2999)])


async def _look_back_beyond_the_end(box: Teller) -> None:
    number = await box.start()
    await box.stop(number, transactionData=[reading(61, 3000)])


async def _end_twice(box: Teller) -> None:
    number = await box.start()
    await box.stop(number)
    await box.stop(number, 61)


async def _sink(box: Teller) -> None:
    number = await box.start()
    await box.values(number, reading(10, 2000))
    await box.stop(number, register_wh=1999)


async def _begin_during_the_last(box: Teller) -> None:
    await box.stop(await box.start())
    await box.start(59, 9000)


async def _other_bytes(box: Teller) -> None:
    await box.start(message_id="same")
    await box.say(
        "StartTransaction", {"idTag": "CARD", "connectorId": 1, "meterStart": 1000, "timestamp": at(0)}, "same"
    )


async def _other_message_id(box: Teller) -> None:
    await box.start()
    await box.start()


async def _same_id_for_another(box: Teller) -> None:
    await box.stop(await box.start(message_id="same"), message_id="same")


async def _four_times(box: Teller) -> None:
    for _ in range(4):
        await box.start(message_id="same")


async def _two_at_once(box: Teller) -> None:
    await box.send(2, "a", "Heartbeat", {})
    await box.send(2, "b", "Heartbeat", {})
    await box.hear()
    await box.hear()


WRONG_16: list[tuple[FaultKind, Wrong]] = [
    (FaultKind.NOT_OCPP, lambda box: box.send({"not": "ocpp"})),
    (FaultKind.NOT_OCPP, lambda box: box.send(2, 17, "Heartbeat", {})),
    (FaultKind.NOT_OCPP, lambda box: box.send(2, "x" * 37, "Heartbeat", {})),
    (FaultKind.NOT_OCPP, lambda box: box.send(2, "m", "Heartbeat")),
    (FaultKind.UNKNOWN_ACTION, lambda box: box.say("Smile", {})),
    (FaultKind.SCHEMA, lambda box: box.say("Authorize", {"idTag": "X" * 21})),
    (FaultKind.SCHEMA, lambda box: box.say("Heartbeat", {"more": 1})),
    (FaultKind.SCHEMA, lambda box: box.say("StartTransaction", {"connectorId": 1})),
    (FaultKind.NOT_A_TIME, lambda box: box.stop(1, timestamp="2026-03-02T12:00:00")),
    (FaultKind.NOT_A_TIME, lambda box: box.stop(1, transactionData=[reading(0, 1) | {"timestamp": "noon"}])),
    (FaultKind.OVERLAP, _two_at_once),
    (FaultKind.UNKNOWN_TRANSACTION, lambda box: box.values(4711, reading(0, 1000))),
    (FaultKind.UNKNOWN_TRANSACTION, lambda box: box.stop(-1)),
    (FaultKind.AFTER_END, _values_after_the_end),
    (FaultKind.TIME_BACKWARDS, _start_and_values_of_before),
    (FaultKind.TIME_BACKWARDS, _stop_before_the_start),
    (FaultKind.TIME_BACKWARDS, _stop_before_values),
    (FaultKind.TIME_BACKWARDS, _begin_during_the_last),
    (FaultKind.TIME_BACKWARDS, _look_back_in_disorder),
    (FaultKind.TIME_BACKWARDS, _look_back_beyond_the_end),
    (FaultKind.REGISTER_BACKWARDS, _look_back_on_less),
    (FaultKind.REGISTER_BACKWARDS, _sink),
    (FaultKind.CHANGED_REPEAT, _other_bytes),
    (FaultKind.CHANGED_REPEAT, _other_message_id),
    (FaultKind.CHANGED_REPEAT, _same_id_for_another),
    (FaultKind.TWO_STOPS, _end_twice),
    (FaultKind.TOO_MANY_SENDS, _four_times),
    (FaultKind.UNKNOWN_ANSWER, lambda box: box.send(3, "nobody-asked", {})),
]


@pytest.mark.parametrize(("kind", "wrong"), WRONG_16)
async def test_sees_a_fault_of_1_6(central: CentralSystem, dialler: Dialler, kind: FaultKind, wrong: Wrong) -> None:
    box = await dialler.dial()
    await box.boot()
    assert central.book.faults == []
    await wrong(box)
    await central.until(lambda: central.book.faults)
    assert set(kinds(central)) == {kind}


async def _gap(station: Teller) -> None:
    await station.event("Started", 0, 0, 1000)
    await station.event("Updated", 2, 10, 2000)


async def _begin_with_one(station: Teller) -> None:
    await station.event("Started", 1, 0, 1000)


async def _event_of_before(station: Teller) -> None:
    await station.event("Started", 0, 10, 1000)
    await station.event("Updated", 1, 9, 1000)


async def _event_after_the_end(station: Teller) -> None:
    await station.event("Started", 0, 0, 1000)
    await station.event("Ended", 1, 10, 2000)
    await station.event("Updated", 2, 20, 2000)


async def _changed_event(station: Teller) -> None:
    await station.event("Started", 0, 0, 1000, message_id="a")
    await station.event("Updated", 1, 10, 1000, message_id="b")
    await station.event("Updated", 1, 10, 1001, message_id="b")


async def _event_by_another_id(station: Teller) -> None:
    await station.event("Started", 0, 0, 1000, message_id="a")
    await station.event("Started", 0, 0, 1000, message_id="b")


async def _begin_twice(station: Teller) -> None:
    await station.event("Started", 0, 0, 1000)
    await station.event("Started", 1, 1, 1000)


async def _begin_under_two_ids(station: Teller) -> None:
    await station.event("Started", 0, 0, 1000)
    await station.event("Started", 0, 0, 1000, transactionInfo={"transactionId": "another"})


async def _end_without_a_register(station: Teller) -> None:
    await station.event("Started", 0, 0, 1000)
    await station.event("Ended", 1, 10, None)


WRONG_2: list[tuple[FaultKind, Wrong]] = [
    (FaultKind.SCHEMA, lambda station: station.event("Finished", 0, 0, 1000)),
    (FaultKind.UNKNOWN_TRANSACTION, lambda station: station.event("Updated", 0, 0, 1000)),
    (FaultKind.UNKNOWN_TRANSACTION, lambda station: station.event("Ended", 0, 0, 1000)),
    (FaultKind.SEQUENCE, _gap),
    (FaultKind.SEQUENCE, _begin_with_one),
    (FaultKind.TIME_BACKWARDS, _event_of_before),
    (FaultKind.AFTER_END, _event_after_the_end),
    (FaultKind.CHANGED_REPEAT, _changed_event),
    (FaultKind.CHANGED_REPEAT, _event_by_another_id),
    (FaultKind.TWO_STARTS, _begin_twice),
    (FaultKind.TWO_STARTS, _begin_under_two_ids),
    (FaultKind.NO_REGISTER, lambda station: station.event("Started", 0, 0, None)),
    (FaultKind.NO_REGISTER, _end_without_a_register),
]


@pytest.mark.parametrize(("kind", "wrong"), WRONG_2)
async def test_sees_a_fault_of_2(central: CentralSystem, dialler: Dialler, kind: FaultKind, wrong: Wrong) -> None:
    station = await dialler.dial("ocpp2.0.1")
    await station.boot()
    await wrong(station)
    assert kind in kinds(central)
    assert len(set(kinds(central))) == 1


async def test_nothing_comes_before_boot(central: CentralSystem, dialler: Dialler) -> None:
    await (await dialler.dial()).start()
    assert kinds(central) == [FaultKind.BEFORE_BOOT]


async def test_who_is_not_accepted_waits(central: CentralSystem, dialler: Dialler) -> None:
    central.conduct.boot_status, central.conduct.boot_interval_s = "Pending", 60
    box = await dialler.dial()
    assert (await box.boot())["interval"] == 60
    await box.start()
    assert kinds(central) == [FaultKind.NOT_ACCEPTED]
    await box.boot()
    assert kinds(central) == [FaultKind.NOT_ACCEPTED, FaultKind.BOOT_TOO_SOON]


async def test_who_waits_is_accepted(central: CentralSystem, dialler: Dialler) -> None:
    central.conduct.boot_status, central.conduct.boot_interval_s = "Rejected", 0
    box = await dialler.dial()
    assert (await box.boot())["status"] == "Rejected"
    central.conduct.boot_status = "Accepted"
    assert (await box.boot())["status"] == "Accepted"
    await box.start()
    assert central.book.faults == []


async def test_knows_a_start_that_comes_again(central: CentralSystem, dialler: Dialler) -> None:
    box = await dialler.dial()
    await box.boot()
    number = await box.start(message_id="same")
    again = await dialler.dial()
    await again.boot()
    assert await again.start(message_id="same") == number
    assert (only(central).repeats, central.book.repeats) == (1, 1)
    assert central.book.faults == []


async def test_does_not_know_a_start_that_comes_again() -> None:
    central = CentralSystem(knows_repeats=False)
    await central.start()
    async with Dialler(central.port) as dialler:
        box = await dialler.dial()
        await box.boot()
        assert await box.start(message_id="same") != await box.start(message_id="same")
    assert kinds(central) == [FaultKind.TWO_STARTS]
    await central.close()


async def test_values_and_ends_count_once(central: CentralSystem, dialler: Dialler) -> None:
    box = await dialler.dial()
    await box.boot()
    number = await box.start()
    values = {"connectorId": 1, "transactionId": number, "meterValue": [reading(10, 2000)]}
    for _ in range(2):
        await box.say("MeterValues", values, "values")
    for _ in range(2):
        await box.stop(number, message_id="end")
    assert len(only(central).values) == 1
    assert central.book.faults == []


async def test_an_end_may_look_back_on_the_whole_session(central: CentralSystem, dialler: Dialler) -> None:
    box = await dialler.dial()
    await box.boot()
    number = await box.start()
    await box.values(number, reading(30, 5000))
    await box.stop(number, transactionData=[reading(15, 3000), reading(45, 7000)])
    assert sorted(register for _, register in only(central).values) == [3000, 5000, 7000]
    assert central.book.faults == []


async def test_events_count_once(central: CentralSystem, dialler: Dialler) -> None:
    station = await dialler.dial("ocpp2.0.1")
    await station.boot()
    for seq_no, kind in enumerate(("Started", "Updated", "Ended")):
        for _ in range(5):
            await station.event(kind, seq_no, seq_no, 1000 + seq_no, message_id=kind)
    assert (len(only(central).values), only(central).energy_wh) == (3, 2)
    assert central.book.faults == []


async def test_a_message_that_was_refused_may_be_left_out(central: CentralSystem, dialler: Dialler) -> None:
    station = await dialler.dial("ocpp2.0.1")
    await station.boot()
    await station.event("Started", 0, 0, 1000)
    central.conduct.plan(Deed.CALL_ERROR, "TransactionEvent", 2)
    assert await station.event("Updated", 1, 1, 1001, message_id="u") == "InternalError"
    assert await station.event("Updated", 1, 1, 1001, message_id="u") == "InternalError"
    assert await station.event("Updated", 2, 2, 1002) == {}
    assert [register for _, register in only(central).values] == [1000, 1002]
    assert central.book.faults == []


@pytest.mark.parametrize("deed", [Deed.DIE, Deed.IGNORE, Deed.WRONG_ID, Deed.NONSENSE])
async def test_commits_and_does_not_answer(central: CentralSystem, dialler: Dialler, deed: Deed) -> None:
    box = await dialler.dial()
    await box.boot()
    central.conduct.plan(deed, "StartTransaction")
    await box.send(2, "s", "StartTransaction", {"connectorId": 1, "idTag": "A", "meterStart": 1, "timestamp": at(0)})
    match deed:
        case Deed.DIE:
            await box.gone()
        case Deed.WRONG_ID:
            assert (await box.hear())[1] == "not-s"
        case Deed.NONSENSE:
            assert (await box.hear())[2] == {"nonsense": True}
    await central.until(lambda: central.book.sessions)
    assert only(central).id_tag == "A"
    again = await dialler.dial()
    assert (await again.boot())["status"] == "Accepted"


async def test_an_answer_can_be_slow(central: CentralSystem, dialler: Dialler) -> None:
    box = await dialler.dial()
    await box.boot()
    central.conduct.delay_s = 0.2
    began_s = asyncio.get_running_loop().time()
    await box.start()
    assert asyncio.get_running_loop().time() - began_s >= 0.19


async def test_cards_can_be_rejected(central: CentralSystem, dialler: Dialler) -> None:
    central.conduct.rejected_cards["CARD"] = "Blocked"
    box = await dialler.dial()
    await box.boot()
    start = {"connectorId": 1, "idTag": "CARD", "meterStart": 0, "timestamp": at(0)}
    assert (await box.say("Authorize", {"idTag": "CARD"}))["idTagInfo"] == {"status": "Blocked"}
    assert (await box.say("StartTransaction", start))["idTagInfo"] == {"status": "Blocked"}
    station = await dialler.dial("ocpp2.0.1", "TWO")
    await station.boot()
    token = {"idToken": {"idToken": "CARD", "type": "ISO14443"}}
    assert (await station.say("Authorize", token))["idTokenInfo"] == {"status": "Blocked"}


ORDERS: list[tuple[str, str, dict[str, Any]]] = [
    ("ocpp1.6", "RemoteStartTransaction", {"idTag": "CARD", "connectorId": 1}),
    ("ocpp1.6", "RemoteStopTransaction", {"transactionId": 7}),
    ("ocpp1.6", "ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "30"}),
    ("ocpp1.6", "Reset", {"type": "Soft"}),
    ("ocpp1.6", "SendLocalList", {"listVersion": 1, "localAuthorizationList": [{"idTag": "A"}], "updateType": "Full"}),
    ("ocpp1.6", "DataTransfer", {"vendorId": "org.acme", "data": "x"}),
    ("ocpp1.6", "TriggerMessage", {"requestedMessage": "Heartbeat"}),
    (
        "ocpp1.6",
        "SetChargingProfile",
        {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Absolute",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.1}],
                },
            },
        },
    ),
    ("ocpp2.0.1", "RequestStartTransaction", {"idToken": {"idToken": "A", "type": "Central"}, "remoteStartId": 5}),
    ("ocpp2.0.1", "RequestStopTransaction", {"transactionId": "01JOURS"}),
    ("ocpp2.0.1", "Reset", {"type": "OnIdle"}),
    ("ocpp2.1", "TriggerMessage", {"requestedMessage": "Heartbeat"}),
]


@pytest.mark.parametrize(("protocol", "action", "payload"), ORDERS)
async def test_gives_orders(
    central: CentralSystem, dialler: Dialler, protocol: str, action: str, payload: dict[str, Any]
) -> None:
    station = await dialler.dial(protocol)
    await station.boot()
    answered = asyncio.create_task(station.hear())
    assert await central.ask("ONE", action, payload) == {"status": "Accepted"}
    assert station.asked == [(action, payload)]
    assert central.book.faults == []
    answered.cancel()


async def test_sees_a_bad_answer(central: CentralSystem, dialler: Dialler) -> None:
    station = await dialler.dial()
    await station.boot()
    station.reply = {"status": "Perhaps"}
    answering = asyncio.create_task(station.hear())
    assert "error" in await central.ask("ONE", "Reset", {"type": "Soft"})
    assert kinds(central) == [FaultKind.BAD_ANSWER]
    answering.cancel()


async def test_asks_nobody_who_is_away(central: CentralSystem) -> None:
    with pytest.raises(LookupError):
        await central.ask("ONE", "Reset", {"type": "Soft"})


async def test_lets_in_who_has_the_password() -> None:
    central = CentralSystem(passwords={"ONE": "secret"})
    await central.start()
    async with Dialler(central.port) as dialler:
        for station, login, status in (("ONE", None, 401), ("ONE", "ONE:wrong", 401), ("TWO", "TWO:secret", 404)):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await dialler.dial(station=station, login=login)
            assert refused.value.status == status
        box = await dialler.dial(login="ONE:secret")
        assert (await box.boot())["status"] == "Accepted"
        central.conduct.refusing = 503
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await dialler.dial(login="ONE:secret")
    await central.close()


async def test_a_version_that_it_does_not_speak_is_hung_up_on() -> None:
    central = CentralSystem(versions=("ocpp1.6",))
    await central.start()
    async with Dialler(central.port) as dialler:
        await (await dialler.dial("ocpp2.0.1")).gone()
    assert not central.connections
    await central.close()


async def test_the_newest_line_of_a_station_counts(central: CentralSystem, dialler: Dialler) -> None:
    first = await dialler.dial()
    await first.boot()
    second = await dialler.dial()
    await first.gone()
    assert (await second.boot())["status"] == "Accepted"
    assert central.connections["ONE"] == 2


async def test_keeps_its_book(tmp_path: Path) -> None:
    for round_ in range(2):
        central = CentralSystem(book=tmp_path / "book.db")
        await central.start()
        async with Dialler(central.port) as dialler:
            box = await dialler.dial()
            await box.say("Heartbeat", {}, f"early{round_}")
            await box.say("BootNotification", {"chargePointVendor": "A", "chargePointModel": "B"}, f"boot{round_}")
            assert await box.start(message_id="same") == 7001
        assert (only(central).repeats, kinds(central)) == (round_, [FaultKind.BEFORE_BOOT] * (round_ + 1))
        await central.close()


async def test_an_error_can_go_on_for_ever(central: CentralSystem, dialler: Dialler) -> None:
    central.conduct.plan(Deed.CALL_ERROR, times=FOR_EVER)
    box = await dialler.dial()
    assert [await box.boot() for _ in range(5)] == ["InternalError"] * 5
    central.conduct.plan(Deed.CALL_ERROR, times=0)
    assert (await box.boot())["status"] == "Accepted"
