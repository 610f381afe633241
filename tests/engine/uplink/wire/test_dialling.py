"""Dialling a backend, and every way in which that can fail."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
import contextlib
import socket

from aiohttp import web
import pytest
from yarl import URL

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.link import LinkTrouble
from custom_components.offline_evse.engine.uplink.wire.dialling import DialError, Dialler, address
from tests.engine.clock import ManualClock, settle

from .backend import Backend, bounded
from .conftest import Dial

ONE = (OcppVersion.V16,)


@pytest.mark.parametrize(
    ("url", "identity", "joined"),
    [
        ("wss://a.example", "CP1", "wss://a.example/CP1"),
        ("wss://a.example/", "CP1", "wss://a.example/CP1"),
        ("wss://a.example/ocpp", "CP1", "wss://a.example/ocpp/CP1"),
        (" wss://a.example:9/ocpp// ", "CP1", "wss://a.example:9/ocpp/CP1"),
        ("ws://a.example/o%2Fc", "CP/1 ä?#", "ws://a.example/o%2Fc/CP%2F1%20%C3%A4%3F%23"),
        ("wss://a.example/ocpp?tenant=7", "CP1", "wss://a.example/ocpp/CP1?tenant=7"),
        ("wss://somebody:secret@a.example/ocpp#x", "CP1", "wss://a.example/ocpp/CP1"),
    ],
)
def test_an_address_and_an_identity_are_joined(url: str, identity: str, joined: str) -> None:
    assert address(url, identity) == URL(joined, encoded=True)
    assert str(address(url, identity)) == joined


@pytest.mark.parametrize("url", ["", "csms.example/ocpp", "ftp://a.example", "wss://", "wss://a.example:99999999"])
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(DialError) as raised:
        address(url, "CP1")
    assert raised.value.trouble is LinkTrouble.NOT_OCPP


async def test_a_backend_is_dialled_with_identity_password_and_versions(dial: Dial, backend: Backend) -> None:
    await backend.start()
    connection = await dial(identity="CP 1/ä", password="pass:wörd")
    request = backend.requests[0]
    assert request.raw_path == "/ocpp/CP%201%2F%C3%A4"
    assert request.headers["Sec-WebSocket-Protocol"].replace(" ", "") == "ocpp2.0.1,ocpp1.6"
    kind, _, words = request.headers["Authorization"].partition(" ")
    assert (kind, b64decode(words).decode()) == ("Basic", "CP 1/ä:pass:wörd")
    assert connection.version is OcppVersion.V201


async def test_without_a_password_none_is_sent(dial: Dial, backend: Backend) -> None:
    await backend.start()
    await dial()
    assert "Authorization" not in backend.requests[0].headers


async def test_the_backend_chooses_among_the_versions(dial: Dial, backend: Backend) -> None:
    backend.protocols = ("ocpp1.6",)
    await backend.start()
    assert (await dial()).version is OcppVersion.V16


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (401, LinkTrouble.CREDENTIALS),
        (403, LinkTrouble.CREDENTIALS),
        (404, LinkTrouble.UNKNOWN_STATION),
        (200, LinkTrouble.NOT_OCPP),
        (301, LinkTrouble.NOT_OCPP),
        (400, LinkTrouble.NOT_OCPP),
        (426, LinkTrouble.NOT_OCPP),
        (429, LinkTrouble.UNREACHABLE),
        (502, LinkTrouble.UNREACHABLE),
        (503, LinkTrouble.UNREACHABLE),
    ],
)
async def test_every_http_answer_has_its_meaning(
    dial: Dial, backend: Backend, status: int, trouble: LinkTrouble
) -> None:
    backend.judge = lambda _: web.Response(status=status, headers={"Location": "/elsewhere/CP1"})
    await backend.start()
    with pytest.raises(DialError) as raised:
        await dial(password="open sesame")
    assert raised.value.trouble is trouble
    assert str(status) in raised.value.detail
    assert "sesame" not in raised.value.detail
    assert len(backend.requests) == 1


async def test_no_secret_is_in_what_is_raised(dial: Dial, backend: Backend) -> None:
    backend.judge = lambda _: web.Response(status=401)
    await backend.start()
    with pytest.raises(DialError) as raised:
        await dial(password="open sesame")
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert "sesame" not in repr(raised.value)


async def test_a_backend_that_names_none_of_two_versions_speaks_none(dial: Dial, backend: Backend) -> None:
    backend.protocols = ()
    await backend.start()
    with pytest.raises(DialError) as raised:
        await dial()
    assert raised.value.trouble is LinkTrouble.VERSION
    await bounded((await backend.wire()).ended.wait())


async def test_a_backend_that_names_another_version_is_not_taken(dial: Dial) -> None:
    async with _raw_server(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: ocpp1.2\r\n\r\n") as port:
        with pytest.raises(DialError) as raised:
            await dial(f"ws://127.0.0.1:{port}", versions=ONE)
    assert (raised.value.trouble, raised.value.detail) == (LinkTrouble.VERSION, "It speaks ocpp1.2")


async def test_a_single_version_is_taken_at_the_backends_silence(dial: Dial, backend: Backend) -> None:
    backend.protocols = ()
    await backend.start()
    connection = await dial(versions=ONE)
    assert connection.version is OcppVersion.V16
    wire = await backend.wire()
    await wire.send([2, "1", "GetLocalListVersion", {}])
    assert await wire.next() == [3, "1", {}]
    await wire.socket.close()
    assert await bounded(connection.closed) is None


async def test_silence_and_then_a_close_is_no_agreement(dial: Dial, backend: Backend) -> None:
    backend.protocols = ()
    await backend.start()
    connection = await dial(versions=ONE)
    await (await backend.wire()).socket.close()
    assert await bounded(connection.closed) is LinkTrouble.VERSION


async def test_something_that_does_not_speak_http_is_no_backend(dial: Dial) -> None:
    async with _raw_server(b"220 mail.example ESMTP\r\n") as port:
        with pytest.raises(DialError) as raised:
            await dial(f"ws://127.0.0.1:{port}")
    assert raised.value.trouble is LinkTrouble.NOT_OCPP


async def test_a_handshake_that_is_none_is_no_backend(dial: Dial) -> None:
    raw = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
    async with _raw_server(raw) as port:
        with pytest.raises(DialError) as raised:
            await dial(f"ws://127.0.0.1:{port}")
    assert raised.value.trouble is LinkTrouble.NOT_OCPP


async def test_a_port_where_nobody_listens_is_unreachable(dial: Dial) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(DialError) as raised:
            await dial(f"ws://127.0.0.1:{held.getsockname()[1]}")
    assert raised.value.trouble is LinkTrouble.UNREACHABLE
    assert "127.0.0.1" not in raised.value.detail


async def test_a_name_that_nobody_knows_is_unreachable(dial: Dial) -> None:
    with pytest.raises(DialError) as raised:
        await dial("ws://csms.gone/ocpp")
    assert raised.value.trouble is LinkTrouble.UNREACHABLE
    assert "name" in raised.value.detail.lower()


async def test_a_backend_that_hangs_up_at_once_is_unreachable(dial: Dial) -> None:
    async with _raw_server(b"") as port:
        with pytest.raises(DialError) as raised:
            await dial(f"ws://127.0.0.1:{port}")
    assert raised.value.trouble is LinkTrouble.UNREACHABLE


async def test_a_backend_that_takes_the_call_and_says_nothing_is_unreachable(dial: Dial, clock: ManualClock) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        dialling = asyncio.ensure_future(dial(f"ws://127.0.0.1:{silent.getsockname()[1]}"))
        await settle()
        await clock.advance(29)
        assert not dialling.done()
        await clock.advance(2)
        with pytest.raises(DialError) as raised:
            await bounded(dialling)
    assert (raised.value.trouble, raised.value.detail) == (LinkTrouble.UNREACHABLE, "No answer in time")


async def test_a_dialler_that_never_dialled_can_be_closed(clock: ManualClock) -> None:
    dialler = Dialler(clock)
    await dialler.close()
    await dialler.close()
    assert clock.pending == 0


@contextlib.asynccontextmanager
async def _raw_server(answer: bytes) -> AsyncIterator[int]:
    """Give the port of a listener that answers anything with the same bytes and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
