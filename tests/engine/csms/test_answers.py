"""Every request gets an answer, in order, whatever it is and whatever goes wrong here."""

import asyncio
import contextlib
import json
from typing import Any

import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.csms.settings import CsmsSettings
from custom_components.offline_evse.engine.model.command import ClearAuthorizationCache, Outcome
from custom_components.offline_evse.engine.model.station_event import (
    HeartbeatReported,
    IdTokenPresented,
    StationEvent,
    StatusReported,
    TransactionReported,
)
from tests.engine.clock import NOON, ManualClock

from .charger import AVAILABLE, BOOT, Charger
from .conftest import Dial
from .site_double import SiteDouble

V16 = ("ocpp1.6",)
V201 = ("ocpp2.0.1",)


@pytest.mark.parametrize(
    ("protocols", "sent", "answer"),
    [
        (V16, [2, "1", "NoSuchAction", {}], [4, "1", "NotImplemented"]),
        (V201, [2, "1", "NoSuchAction", {}], [4, "1", "NotImplemented"]),
        (V16, [2, "8", ["a"], {}], [4, "8", "FormationViolation"]),
        (V201, [2, "8", ["a"], {}], [4, "8", "FormatViolation"]),
        (V16, [2, "8", "Heartbeat", "text"], [4, "8", "FormationViolation"]),
        (V16, '[2,"8","MeterValues",{"connectorId":', [4, "8", "FormationViolation"]),
        (V201, "garbage", [4, "-1", "RpcFrameworkError"]),
        (V201, {}, [4, "-1", "RpcFrameworkError"]),
        (V201, [2], [4, "-1", "RpcFrameworkError"]),
        (V201, [9, "8", "x"], [4, "8", "MessageTypeNotSupported"]),
    ],
)
async def test_garbage_is_answered_as_the_version_says(
    dial: Dial, protocols: tuple[str, ...], sent: Any, answer: list[Any]
) -> None:
    charger = await dial("/CP1", protocols)
    await charger.send(sent)
    assert (await charger.receive())[:3] == answer
    assert (await charger.call("Heartbeat"))[0] == 3


@pytest.mark.parametrize(
    "sent", ["garbage", {}, [2], [9, "8", "x"], [3, "nobody", {}], [4, "nobody"], [3], "", [6, "1", "A", {}]]
)
async def test_what_has_no_answer_is_counted_and_the_charger_goes_on(
    csms: CentralSystem, dial: Dial, sent: Any
) -> None:
    charger = await dial()
    await charger.send(sent)
    assert (await charger.call("Heartbeat"))[0] == 3
    assert sum(csms.oddities("CP1").values()) >= 1


async def test_number_as_message_id_comes_back_as_a_number(dial: Dial) -> None:
    charger = await dial()
    await charger.send([2, 17, "Heartbeat", {}])
    assert (await charger.receive())[:2] == [3, 17]


async def test_binary_frames_are_read_too(dial: Dial) -> None:
    charger = await dial()
    await charger.socket.send_bytes(b'[2,"1","Heartbeat",{}]')
    assert (await charger.receive())[:2] == [3, "1"]


async def test_stop_transaction_with_garbage_bytes_reaches_the_site(site: SiteDouble, dial: Dial) -> None:
    charger = await dial()
    await charger.socket.send_bytes(
        b'[2,"1","StopTransaction",{"idTag":"01234567890123456789\xfe\x9c","transactionId":7,"meterStop":12,'
        b'"timestamp":"2026-06-01T12:00:00Z"}]'
    )
    assert (await charger.receive())[:2] == [3, "1"]
    (stop,) = site.told(TransactionReported)
    assert isinstance(stop, TransactionReported)
    assert stop.report.register_wh == 12


async def test_fault_of_the_site_is_an_internal_error_and_the_charger_goes_on(
    site: SiteDouble, dial: Dial, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: str, event: StationEvent) -> None:
        if isinstance(event, StatusReported):
            raise OSError("disk full")

    site.before_answer = fail
    charger = await dial()
    for _ in range(3):
        assert (await charger.call("StatusNotification", AVAILABLE))[2] == "InternalError"
    assert (await charger.call("Heartbeat"))[0] == 3
    assert caplog.text.count("OSError: disk full") == 1


async def test_requests_are_answered_in_the_order_of_their_arrival(site: SiteDouble, dial: Dial) -> None:
    first = asyncio.Event()

    async def slow_first(_: str, event: StationEvent) -> None:
        if isinstance(event, IdTokenPresented) and event.id_token.value == "TAG0":
            await first.wait()

    site.before_answer = slow_first
    charger = await dial()
    for number in range(5):
        await charger.send([2, str(number), "Authorize", {"idTag": f"TAG{number}"}])
    await site.until(lambda: site.events)
    first.set()
    assert [(await charger.receive())[1] for _ in range(5)] == ["0", "1", "2", "3", "4"]


async def test_slow_commit_holds_up_neither_heartbeats_nor_our_commands(
    site: SiteDouble, csms: CentralSystem, dial: Dial
) -> None:
    committed = asyncio.Event()

    async def commit(_: str, event: StationEvent) -> None:
        if isinstance(event, TransactionReported):
            await committed.wait()

    site.before_answer = commit
    charger = await dial()
    start = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": "2026-06-01T12:00:00Z"}
    await charger.send([2, "start", "StartTransaction", start])
    await site.until(lambda: site.told(TransactionReported))
    assert (await charger.call("Heartbeat"))[0] == 3
    command = asyncio.create_task(csms.send("CP1", ClearAuthorizationCache()))
    await charger.accept(await charger.request())
    assert (await command).outcome is Outcome.ACCEPTED
    committed.set()
    assert (await charger.answer_to("start"))[2]["transactionId"] == 7


async def test_slow_commit_of_one_station_holds_up_no_other(site: SiteDouble, dial: Dial) -> None:
    committed = asyncio.Event()
    site.adopted.add("CP2")

    async def commit(station_id: str, _: StationEvent) -> None:
        if station_id == "CP1":
            await committed.wait()

    site.before_answer = commit
    slow, quick = await dial("/CP1"), await dial("/CP2")
    await slow.send([2, "1", "Authorize", {"idTag": "TAG"}])
    assert (await quick.call("Authorize", {"idTag": "TAG"}))[0] == 3
    committed.set()
    assert (await slow.receive())[:2] == [3, "1"]


class TestBackpressure:
    """A station that sends faster than it can be served."""

    @pytest.fixture
    def settings(self) -> CsmsSettings:
        """Let few requests wait."""
        return CsmsSettings(max_backlog=8)

    async def test_no_more_is_read_than_may_wait_and_nothing_is_lost(
        self, site: SiteDouble, csms: CentralSystem, dial: Dial
    ) -> None:
        proceed = asyncio.Event()

        async def wait(_: str, __: StationEvent) -> None:
            await proceed.wait()

        site.before_answer = wait
        charger = await dial()
        for number in range(100):
            await charger.send([2, str(number), "Authorize", {"idTag": f"TAG{number}"}])
        await site.until(lambda: site.events)
        assert len(site.events) == 1
        proceed.set()
        assert [(await charger.receive())[1] for _ in range(100)] == [str(number) for number in range(100)]
        assert csms.oddities("CP1")["too_many_requests_waiting"] >= 1
        assert len(site.events) == 100


async def test_flood_of_garbage_leaves_other_stations_alone(site: SiteDouble, csms: CentralSystem, dial: Dial) -> None:
    site.adopted.add("CP2")
    flooding, other = await dial("/CP1"), await dial("/CP2")

    async def flood() -> None:
        for number in range(3000):
            await flooding.send(f"garbage {number}")

    flow = asyncio.create_task(flood())
    for _ in range(50):
        assert (await other.call("Heartbeat"))[0] == 3
    await flow
    assert (await flooding.call("Heartbeat"))[0] == 3
    assert csms.oddities("CP1")["not_json"] == 3000
    assert sum(len(frame.text) for frame in csms.frames("CP1")) < 40_000
    assert len(csms.frames("CP1")) <= 100


async def test_frame_of_a_megabyte_is_read(dial: Dial) -> None:
    charger = await dial()
    data = "x" * ((1 << 20) - 100)
    assert (await charger.call("DataTransfer", {"vendorId": "acme", "data": data}))[0] == 3


async def test_larger_frame_is_cut_off_politely(site: SiteDouble, dial: Dial) -> None:
    site.adopted.add("CP2")
    charger, other = await dial(), await dial("/CP2")
    with contextlib.suppress(ConnectionError):
        await charger.send("[" + "x" * (1 << 20))
    assert await charger.closed() == 1009
    assert (await other.call("Heartbeat"))[0] == 3
    await site.until(lambda: site.disconnected)
    assert site.disconnected == ["CP1"]


async def test_long_interval_of_a_boot_answer_is_shortened(dial: Dial) -> None:
    charger = await dial()
    assert (await charger.call("BootNotification", BOOT))[2]["interval"] == 30


async def test_last_frames_are_kept_for_diagnostics(csms: CentralSystem, dial: Dial, clock: ManualClock) -> None:
    charger = await dial()
    await charger.call("Heartbeat")
    await clock.advance(60)
    received, sent = csms.frames("CP1")[:2]
    assert received.at == sent.at == NOON
    assert (received.direction, json.loads(received.text)[2]) == ("received", "Heartbeat")
    assert (sent.direction, json.loads(sent.text)[0]) == ("sent", 3)
    assert csms.frames("CP9") == ()


async def test_cards_are_in_no_log_above_debug(dial: Dial, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    charger = await dial()
    await charger.call("Authorize", {"idTag": "SECRETTAG"})
    await charger.send('[2,"1","Authorize",{"idTag":"SECRETTAG"')
    await charger.call("Heartbeat")
    assert "SECRETTAG" not in caplog.text


async def test_heartbeats_reach_the_site(site: SiteDouble, dial: Dial) -> None:
    charger: Charger = await dial()
    await charger.call("Heartbeat")
    assert site.told(HeartbeatReported) == [HeartbeatReported()]
