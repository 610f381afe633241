"""One socket to a backend: order, cuts, answers that come late, and what it asks of us."""

import asyncio
from contextlib import suppress
import json
from typing import Any

import pytest

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.link import LinkTrouble
from custom_components.offline_evse.engine.uplink.wire.connection import (
    CallEnd,
    CallOutcome,
    CallRefusedError,
    UpConnection,
)
from tests.engine.clock import ManualClock, settle

from .backend import Backend, Wire, bounded
from .conftest import Dial


def frame(message_id: str, action: str = "Heartbeat") -> str:
    """Write a CALL, with a space that nobody but us would put there."""
    return f'[2, "{message_id}","{action}",{{}}]'


def start(connection: UpConnection, message_id: str, **how: Any) -> asyncio.Task[CallEnd]:
    """Begin a CALL."""
    return asyncio.create_task(connection.call(message_id, frame(message_id), **how))


@pytest.fixture
async def connection(dial: Dial, backend: Backend) -> UpConnection:
    """A connection of version 1.6."""
    await backend.start()
    return await dial(versions=(OcppVersion.V16,))


@pytest.fixture
async def wire(connection: UpConnection, backend: Backend) -> Wire:
    """The other end of it."""
    return await backend.wire()


async def test_a_call_leaves_byte_for_byte_and_is_answered(
    connection: UpConnection, wire: Wire, clock: ManualClock
) -> None:
    call = start(connection, "m1")
    assert await wire.next_raw() == frame("m1")
    await clock.advance(0.25)
    await wire.send([3, "m1", {"currentTime": "2026-06-01T12:00:00Z"}])
    end = await bounded(call)
    assert (end.outcome, end.payload) == (CallOutcome.ANSWERED, {"currentTime": "2026-06-01T12:00:00Z"})
    assert end.rtt_s == pytest.approx(0.25)
    assert connection.sent_bytes == len(frame("m1"))
    assert connection.received_bytes == len(json.dumps([3, "m1", {"currentTime": "2026-06-01T12:00:00Z"}]))
    assert connection.opened_at == clock.now().replace(microsecond=0)


async def test_an_error_is_a_refusal(connection: UpConnection, wire: Wire) -> None:
    call = start(connection, "m1")
    await wire.next()
    await wire.send([4, "m1", "InternalError", "not today", {}])
    end = await bounded(call)
    assert (end.outcome, end.code, end.description) == (CallOutcome.REFUSED, "InternalError", "not today")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ('[3,"m1",{"broken":', CallOutcome.ANSWERED),
        ('[3,"m1",7]', CallOutcome.ANSWERED),
        ('[4,"m1","InternalError"', CallOutcome.REFUSED),
        ('[4,"m1"]', CallOutcome.REFUSED),
    ],
)
async def test_an_answer_that_cannot_be_read_is_still_one(
    connection: UpConnection, wire: Wire, answer: str, outcome: CallOutcome
) -> None:
    call = start(connection, "m1")
    await wire.next()
    await wire.send(answer)
    end = await bounded(call)
    assert end.outcome is outcome
    assert end.payload == ({} if outcome is CallOutcome.ANSWERED else None)
    assert connection.oddities.total() >= 1


async def test_two_calls_are_never_on_the_wire_and_urgent_ones_come_first(connection: UpConnection, wire: Wire) -> None:
    calls = [start(connection, "m1"), start(connection, "m2"), start(connection, "m3")]
    await settle()
    calls += [start(connection, "u1", urgent=True), start(connection, "u2", urgent=True)]
    order = []
    for _ in calls:
        sent = await wire.next()
        await settle()
        assert wire.received.empty()
        order.append(sent[1])
        await wire.send([3, sent[1], {}])
    assert order == ["m1", "u1", "u2", "m2", "m3"]
    assert {(await bounded(call)).outcome for call in calls} == {CallOutcome.ANSWERED}


async def test_a_call_without_an_answer_is_lost_by_the_clock(
    connection: UpConnection, wire: Wire, clock: ManualClock
) -> None:
    first, second = start(connection, "m1", timeout_s=10), start(connection, "m2", timeout_s=10)
    await wire.next()
    await clock.advance(9.9)
    assert not first.done()
    await clock.advance(0.2)
    assert await bounded(first) == CallEnd(outcome=CallOutcome.LOST)
    assert (await wire.next())[1] == "m2"
    await clock.advance(9.5)
    assert not second.done(), "its time counts from the moment it left"
    await wire.send([3, "m1", {"late": True}])
    await wire.send([3, "m2", {"mine": True}])
    assert (await bounded(second)).payload == {"mine": True}
    assert connection.oddities["late_answer"] == 1
    await wire.send([3, "never", {}])
    await settle()
    assert connection.oddities["answer_to_nothing"] == 1
    assert not connection.closed.done()


async def test_whoever_gives_up_waiting_does_not_free_the_wire(connection: UpConnection, wire: Wire) -> None:
    first, second, third = (start(connection, name) for name in ("m1", "m2", "m3"))
    await wire.next()
    first.cancel()
    second.cancel()
    await settle()
    assert wire.received.empty()
    await wire.send([3, "m1", {}])
    assert (await wire.next())[1] == "m3"
    await wire.send([3, "m3", {}])
    assert (await bounded(third)).outcome is CallOutcome.ANSWERED


async def test_what_left_before_a_cut_is_lost_and_what_waited_is_unsent(connection: UpConnection, wire: Wire) -> None:
    first, second = start(connection, "m1"), start(connection, "m2")
    await wire.next()
    wire.cut()
    assert await bounded(first) == CallEnd(outcome=CallOutcome.LOST)
    assert await bounded(second) == CallEnd(outcome=CallOutcome.UNSENT)
    assert await bounded(connection.closed) is LinkTrouble.UNREACHABLE
    assert await bounded(connection.call("m3", frame("m3"))) == CallEnd(outcome=CallOutcome.UNSENT)
    assert connection.sent_bytes == len(frame("m1"))


async def test_a_cut_in_the_middle_of_an_answer_loses_it(connection: UpConnection, wire: Wire) -> None:
    call = start(connection, "m1")
    await wire.next()
    wire.write(b"\x81\x20" + b'[3,"m1",{"tra')
    await settle()
    transport = wire.request.transport
    assert transport is not None
    transport.close()
    assert await bounded(call) == CallEnd(outcome=CallOutcome.LOST)
    assert await bounded(connection.closed) is LinkTrouble.UNREACHABLE


async def test_a_socket_that_closed_before_anything_left_has_sent_nothing(connection: UpConnection, wire: Wire) -> None:
    await wire.socket.close(code=1001, message=b"going away")
    assert await bounded(connection.closed) is None
    assert connection.close_code == 1001
    assert await bounded(connection.call("m1", frame("m1"))) == CallEnd(outcome=CallOutcome.UNSENT)
    assert connection.sent_bytes == 0


async def test_a_transport_that_is_closing_takes_nothing(connection: UpConnection, wire: Wire) -> None:
    call = start(connection, "m1")
    # It is gone between the moment the call was asked for and the moment it would leave.
    connection._socket._writer.transport.abort()  # noqa: SLF001
    assert await bounded(call) == CallEnd(outcome=CallOutcome.UNSENT)
    assert connection.sent_bytes == 0
    await bounded(wire.ended.wait())
    assert wire.received.empty()


async def test_hanging_up_says_so_and_ends_what_waits(connection: UpConnection, wire: Wire) -> None:
    first, second = start(connection, "m1"), start(connection, "m2")
    await wire.next()
    await bounded(connection.close())
    assert (await bounded(first)).outcome is CallOutcome.LOST
    assert (await bounded(second)).outcome is CallOutcome.UNSENT
    assert await bounded(connection.closed) is None
    await bounded(wire.ended.wait())
    assert wire.socket.close_code == 1000
    await bounded(connection.close())


async def test_a_backend_that_sends_too_much_at_once_loses_the_line(connection: UpConnection, wire: Wire) -> None:
    with suppress(ConnectionError):
        await wire.send('[3,"m1",{"x":"' + "y" * (4 * 1024 * 1024) + '"}]')
    assert await bounded(connection.closed) is LinkTrouble.UNREACHABLE
    assert (connection.received_bytes, connection.oddities["broken_websocket_frame"]) == (0, 1)


async def test_a_line_on_which_nothing_comes_back_is_silent(
    connection: UpConnection, wire: Wire, clock: ManualClock
) -> None:
    for _ in range(3):
        await clock.advance(89)
        await asyncio.sleep(0.01)
        await settle()
        assert not connection.closed.done(), "the backend's pongs keep the line"
    transport = wire.request.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    await clock.advance(91)
    assert await bounded(connection.closed) is LinkTrouble.SILENT


async def test_the_backends_pings_are_answered(connection: UpConnection, wire: Wire) -> None:
    await wire.socket.ping(b"there?")
    await wire.send([2, "r1", "ClearCache", {}])
    assert await wire.next() == [3, "r1", {}]
    assert connection.oddities.total() == 0


async def test_what_cannot_be_read_is_answered_as_the_version_has_it(connection: UpConnection, wire: Wire) -> None:
    await wire.send('[2,"r1","Reset",{"type":')
    assert (await wire.next())[:3] == [4, "r1", "FormationViolation"]
    await wire.send("what?")
    await wire.send([9, "r2", {}])
    await wire.send([2, "r3", "Reset", {}])
    assert await wire.next() == [3, "r3", {}]
    assert (connection.oddities["not_json"], connection.oddities["unknown_message_type"]) == (2, 1)


async def test_2x_tells_what_it_cannot_read(dial: Dial, backend: Backend) -> None:
    await backend.start()
    connection = await dial(versions=(OcppVersion.V201,))
    wire = await backend.wire()
    await wire.send("what?")
    assert (await wire.next())[:3] == [4, "-1", "RpcFrameworkError"]
    await wire.send([9, "r2", {}])
    assert (await wire.next())[:3] == [4, "r2", "MessageTypeNotSupported"]
    await wire.send('[2,"r1","Reset",')
    assert (await wire.next())[:3] == [4, "r1", "FormatViolation"]
    assert not connection.closed.done()


class Desk:
    """Somebody who takes his time to answer a backend."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.let_go = asyncio.Event()
        self.finished = 0

    async def answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Refuse Reset, fail at Update, and wait otherwise."""
        self.asked.append((action, payload))
        if action == "Reset":
            raise CallRefusedError("SecurityError", "not from there")
        if action == "Update":
            raise RuntimeError("broken here")
        await self.let_go.wait()
        self.finished += 1
        return {"status": "Accepted"}


async def test_requests_are_answered_in_turn_and_hold_up_no_answer(dial: Dial, backend: Backend) -> None:
    await backend.start()
    desk = Desk()
    connection = await dial(on_call=desk.answer)
    wire = await backend.wire()
    await wire.send([2, "r1", "Slow", {"a": 1}])
    await wire.send([2, "r2", "Slow", {"a": 2}])
    call = start(connection, "m1")
    await wire.next()
    await wire.send([3, "m1", {}])
    assert (await bounded(call)).outcome is CallOutcome.ANSWERED
    assert desk.asked == [("Slow", {"a": 1})]
    desk.let_go.set()
    assert [await wire.next() for _ in range(2)] == [
        [3, "r1", {"status": "Accepted"}],
        [3, "r2", {"status": "Accepted"}],
    ]


async def test_requests_can_be_refused_and_fail(dial: Dial, backend: Backend) -> None:
    await backend.start()
    connection = await dial(on_call=Desk().answer)
    wire = await backend.wire()
    await wire.send([2, "r1", "Reset", {}])
    assert await wire.next() == [4, "r1", "SecurityError", "not from there", {}]
    await wire.send([2, "r2", "Update", {}])
    assert await wire.next() == [4, "r2", "InternalError", "", {}]
    assert connection.oddities["request_failed_here"] == 1


async def test_a_flood_of_requests_is_bounded(dial: Dial, backend: Backend) -> None:
    await backend.start()
    desk = Desk()
    connection = await dial(on_call=desk.answer)
    wire = await backend.wire()
    for number in range(70):
        await wire.send([2, f"r{number}", "Slow", {}])
    refused = await wire.next()
    assert (refused[0], refused[2]) == (4, "InternalError")
    assert connection.oddities["too_many_requests_waiting"] >= 1
    desk.let_go.set()
    answers = [await wire.next() for _ in range(69)]
    assert len({answer[1] for answer in answers} | {refused[1]}) == 70


async def test_what_was_begun_for_a_backend_is_carried_through_and_no_more(dial: Dial, backend: Backend) -> None:
    await backend.start()
    desk = Desk()
    connection = await dial(on_call=desk.answer)
    wire = await backend.wire()
    for number in range(3):
        await wire.send([2, f"r{number}", "Slow", {}])
    async with asyncio.timeout(5):
        while not desk.asked:
            await asyncio.sleep(0)
    await settle()
    wire.cut()
    await bounded(connection.closed)
    desk.let_go.set()
    await bounded(connection.close())
    assert (len(desk.asked), desk.finished) == (1, 1)
    assert connection.oddities["answer_not_delivered"] == 1


async def test_what_is_being_done_for_a_backend_is_answered_before_we_hang_up(dial: Dial, backend: Backend) -> None:
    await backend.start()
    desk = Desk()
    connection = await dial(on_call=desk.answer)
    wire = await backend.wire()
    for number in range(2):
        await wire.send([2, f"r{number}", "Slow", {}])
    async with asyncio.timeout(5):
        while not desk.asked:
            await asyncio.sleep(0)
    closing = asyncio.create_task(connection.close())
    await settle()
    desk.let_go.set()
    await bounded(closing)
    assert (await wire.next())[:2] == [3, "r0"]
    assert len(desk.asked) == 1
    await bounded(wire.ended.wait())
    assert wire.received.empty()


async def test_what_hangs_for_a_backend_is_given_up(dial: Dial, backend: Backend, clock: ManualClock) -> None:
    await backend.start()
    desk = Desk()
    connection = await dial(on_call=desk.answer)
    await (await backend.wire()).send([2, "r1", "Slow", {}])
    async with asyncio.timeout(5):
        while not desk.asked:
            await asyncio.sleep(0)
    closing = asyncio.create_task(connection.close())
    await settle()
    await clock.advance(0.5)
    async with asyncio.timeout(5):
        while not connection._socket.closed:  # noqa: SLF001
            await asyncio.sleep(0)
    await settle()
    await clock.advance(6)
    await bounded(closing)
    assert desk.finished == 0
