"""A line to a backend is cut where it was planned, and the backend as a process keeps what it has committed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import aiohttp
import pytest

from simulator.backend.central import CentralSystem
from simulator.backend.chaos import Chaos, Cut, Ending, Moment, Storm
from simulator.backend.passing import HANDSHAKE, OTHER, Cutter
from tests.engine.clock import settle

from .backend_process import Process
from .backend_station import Dialler, Teller, at

START = {"connectorId": 1, "idTag": "CARD", "meterStart": 1000, "timestamp": at(0)}


@pytest.fixture
async def central() -> AsyncIterator[CentralSystem]:
    central = CentralSystem()
    await central.start()
    yield central
    await central.close()


@pytest.fixture
async def chaos(central: CentralSystem) -> AsyncIterator[Chaos]:
    chaos = Chaos(central.port, Random("chaos"))
    await chaos.start()
    yield chaos
    await chaos.stop()


@pytest.fixture
async def dialler(chaos: Chaos) -> AsyncIterator[Dialler]:
    async with Dialler(chaos.port) as dialler:
        yield dialler


async def booted(dialler: Dialler) -> Teller:
    box = await dialler.dial()
    assert (await box.boot())["status"] == "Accepted"
    return box


async def test_passes_everything_on_when_left_alone(central: CentralSystem, dialler: Dialler, chaos: Chaos) -> None:
    box = await booted(dialler)
    chaos.delay_s = 0.01
    await box.stop(await box.start(), reason="Local", transactionData=[])
    assert await box.say("DataTransfer", {"vendorId": "long", "data": "ü" * 70_000}) == {"status": "UnknownVendorId"}
    assert len(central.book.sessions) == 1
    assert (central.book.faults, chaos.cuts) == ([], [])


ARRIVES = {
    Moment.BEFORE: False,
    Moment.WITHIN: False,
    Moment.AFTER: None,
    Moment.BEFORE_ANSWER: True,
    Moment.WITHIN_ANSWER: True,
}
"""Whether the central system has a message after the line was cut at that moment; None: that is left to chance."""


@pytest.mark.parametrize("ending", [Ending.CLOSE, Ending.RESET])
@pytest.mark.parametrize("moment", ARRIVES)
async def test_cuts_at_the_planned_moment(
    central: CentralSystem, dialler: Dialler, chaos: Chaos, moment: Moment, ending: Ending
) -> None:
    chaos.plan(Cut(moment, "StartTransaction", ending))
    box = await booted(dialler)
    await box.send(2, "s", "StartTransaction", START)
    with pytest.raises(ConnectionError):
        await box.hear()
    await central.until(lambda: not central.lines)
    if (arrives := ARRIVES[moment]) is not None:
        assert bool(central.book.sessions) is arrives
    assert chaos.cuts == [Cut(moment, "StartTransaction", ending)]
    assert central.book.faults == []
    again = await booted(dialler)
    assert await again.start(message_id="s") == 7001


async def test_cuts_after_the_answer(dialler: Dialler, chaos: Chaos) -> None:
    chaos.plan(Cut(Moment.AFTER_ANSWER, "StartTransaction", Ending.CLOSE))
    box = await booted(dialler)
    assert await box.start() == 7001
    with pytest.raises(ConnectionError):
        await box.hear()


async def test_cuts_after_so_many_bytes(central: CentralSystem, dialler: Dialler, chaos: Chaos) -> None:
    box = await booted(dialler)
    chaos.cut_after(50)
    await box.send(2, "s", "StartTransaction", START)
    with pytest.raises(ConnectionError):
        await box.hear()
    assert chaos.cuts == [Cut(Moment.WITHIN, "StartTransaction")]
    assert not central.book.sessions


async def test_cuts_a_handshake(dialler: Dialler, chaos: Chaos) -> None:
    # The client dials a second time by itself where no answer came back.
    moments = [Moment.WITHIN, Moment.WITHIN, Moment.WITHIN_ANSWER, Moment.WITHIN_ANSWER]
    chaos.plan(*(Cut(moment, HANDSHAKE) for moment in moments))
    for _ in range(2):
        with pytest.raises((aiohttp.ClientError, OSError)):
            await dialler.dial()
    await booted(dialler)
    assert [cut.moment for cut in chaos.cuts] == moments


async def test_falls_silent_at_the_planned_moment(central: CentralSystem, dialler: Dialler, chaos: Chaos) -> None:
    chaos.plan(Cut(Moment.BEFORE_ANSWER, "StartTransaction", Ending.SILENCE))
    box = await booted(dialler)
    await box.send(2, "s", "StartTransaction", START)
    await central.until(lambda: central.book.sessions)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await box.hear()
    assert not box.socket.closed
    again = await booted(dialler)
    assert await again.start(message_id="s") == 7001


async def test_a_dark_line_swallows_everything(central: CentralSystem, dialler: Dialler, chaos: Chaos) -> None:
    box = await booted(dialler)
    chaos.darken()
    await box.send(2, "s", "StartTransaction", START)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await dialler.dial()
    assert not central.book.sessions
    chaos.lighten()
    with pytest.raises(ConnectionError):
        await box.hear()
    assert await (await booted(dialler)).start(message_id="s") == 7001


async def test_refuses_and_listens_again_at_the_same_port(dialler: Dialler, chaos: Chaos) -> None:
    port = chaos.port
    await chaos.refuse()
    with pytest.raises(aiohttp.ClientConnectorError):
        await dialler.dial()
    await chaos.start()
    assert chaos.port == port
    await booted(dialler)
    assert chaos.drop() == 1


async def test_nobody_behind_the_line(central: CentralSystem, dialler: Dialler, chaos: Chaos) -> None:
    await central.stop()
    with pytest.raises((aiohttp.ClientError, OSError)):
        await dialler.dial()
    assert chaos.refused >= 1
    await central.start()
    await booted(dialler)


async def test_a_storm_is_the_same_every_time(central: CentralSystem) -> None:
    storms = []
    for _ in range(2):
        chaos = Chaos(central.port, Random("storm"))
        chaos.storm = Storm(share=0.3, actions=("Heartbeat",))
        await chaos.start()
        async with Dialler(chaos.port) as dialler:
            box = await booted(dialler)
            for _ in range(40):
                try:
                    await box.say("Heartbeat", {})
                except ConnectionError:
                    box = await booted(dialler)
        await settle()
        storms.append(chaos.cuts)
        await chaos.stop()
    assert storms[0] == storms[1]
    assert len(storms[0]) > 5
    assert central.book.faults == []


def test_frames_are_read_however_they_are_split() -> None:
    masked = bytes([0x81, 0x80 | 20, 1, 2, 3, 4]) + bytes(
        byte ^ (1, 2, 3, 4)[at % 4] for at, byte in enumerate(b'[2,"a","Boot",{"b":1')
    )
    # Cut short by the length in its head, it is no JSON; the next one is.
    text = b'[3,"a",{"long":"%b"}]' % (b"x" * 70_000)
    plain = bytes([0x81, 127]) + len(text).to_bytes(8) + text
    stream = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + masked + plain + bytes([0x89, 0])
    for size in (1, 7, 100_000):
        cutter = Cutter()
        pieces = [it for start in range(0, len(stream), size) for it in cutter.pieces(stream[start : start + size])]
        assert b"".join(piece.data for piece in pieces) == stream
        assert [piece.action for piece in pieces] == [HANDSHAKE, OTHER, OTHER, OTHER]
        assert [(piece.message_id, piece.answer) for piece in pieces[2:]] == [("a", True), (None, False)]


async def test_a_process_that_is_killed_keeps_what_it_has_committed(tmp_path: Path) -> None:
    process = Process("--book", str(tmp_path / "book.db"), "--line-port", "0")
    await process.start()
    try:
        await process.act("deed", deed="exit", action="StartTransaction")
        async with Dialler(process.started["line_port"]) as dialler:
            box = await booted(dialler)
            await box.send(2, "s", "StartTransaction", START)
            with pytest.raises(ConnectionError):
                await box.hear()
        assert await process.ended() == -9
        await process.start()
        assert process.started["sessions"] == 1
        async with Dialler(process.started["line_port"]) as dialler:
            box = await booted(dialler)
            assert await box.start(message_id="s") == 7001
        _, state = await process.act("state")
        assert [(it["id"], it["repeats"]) for it in state["sessions"]] == [("7001", 1)]
        assert state["faults"] == []
    finally:
        await process.end()


async def test_a_process_is_steered_from_outside() -> None:
    process = Process("--line-port", "0", "--station", "ONE:secret", "--version", "ocpp1.6", "--new-ids")
    await process.start()
    try:
        assert (await process.act("smile"))[0] == 404
        assert (await process.act("slow"))[0] == 400
        assert (await process.act("boot", status="Perhaps"))[0] == 400
        assert (await process.act("order", station="ONE", action="Reset"))[0] == 400
        for act, arguments in (
            ("slow", {"seconds": 0}),
            ("reject", {"id": "CARD", "status": "Blocked"}),
            ("line_plan", {"moment": "before", "action": "StopTransaction", "ending": "close"}),
            ("line_delay", {"seconds": 0.001}),
            ("line_dark", {"on": True}),
            ("line_dark", {"on": False}),
            ("line_refuse", {"on": True}),
            ("line_refuse", {"on": False}),
        ):
            assert await process.act(act, **arguments) == (200, {"done": True})
        async with Dialler(process.started["line_port"]) as dialler:
            box = await dialler.dial(login="ONE:secret")
            await box.boot()
            assert (await box.say("Authorize", {"idTag": "CARD"}))["idTagInfo"] == {"status": "Blocked"}
            answering = asyncio.create_task(box.hear())
            status, said = await process.act("order", station="ONE", action="Reset", payload={"type": "Soft"})
            assert (status, said["answer"]) == (200, {"status": "Accepted"})
            answering.cancel()
            assert await process.act("order", station="ONE", action="Sing") == (400, {"error": "there is no Sing"})
            assert (await process.act("line_after", bytes=10))[0] == 200
            with pytest.raises(ConnectionError):
                await box.say("Heartbeat", {})
            assert (await process.act("cut"))[0] == 200
            await process.act("refuse", status=503)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await dialler.dial(login="ONE:secret")
            await process.act("stop")
            with pytest.raises((aiohttp.ClientError, OSError)):
                await dialler.dial(login="ONE:secret")
            await process.act("start")
            await process.act("refuse")
            await (await dialler.dial(login="ONE:secret")).boot()
        status, state = await process.act("state")
        assert (status, state["faults"], state["cuts"]["within"]) == (200, [], 1)
        assert await process.act("faults") == (200, [])
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await process.act("kill")
        assert await process.ended() == -9
    finally:
        await process.end()
