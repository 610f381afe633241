"""A backend made of nothing but a listener: takes whoever it is told to take, and says what it is told to say."""

import asyncio
from collections.abc import Awaitable, Callable
import json
import ssl
from typing import Any, override

from aiohttp import WSMsgType, web
from aiohttp.abc import AbstractResolver, ResolveResult

PATIENCE_S = 10.0


async def bounded[T](awaitable: Awaitable[T]) -> T:
    """Wait for something that has to happen."""
    async with asyncio.timeout(PATIENCE_S):
        return await awaitable


class OneAddress(AbstractResolver):
    """Knows every name but those that end with `.gone`; all of them are this machine."""

    @override
    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        if host.endswith(".gone"):
            raise OSError(None, "Name or service not known")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=2, proto=0, flags=0)]

    @override
    async def close(self) -> None:
        """There is nothing to close."""


class Wire:
    """One socket, as the backend sees it."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        """Take over a socket whose handshake is done."""
        self.socket = socket
        self.request = request
        self.received: asyncio.Queue[str] = asyncio.Queue()
        self.ended = asyncio.Event()

    async def next_raw(self) -> str:
        """Return the next frame as it came."""
        return await bounded(self.received.get())

    async def next(self) -> list[Any]:
        """Return the next frame."""
        frame = json.loads(await self.next_raw())
        assert isinstance(frame, list)
        return frame

    async def send(self, frame: Any) -> None:
        """Send a frame: text as it is, anything else as JSON."""
        await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    def write(self, raw: bytes) -> None:
        """Put bytes on the wire that need not be a whole frame."""
        transport = self.request.transport
        assert transport is not None
        transport.write(raw)

    def cut(self) -> None:
        """Tear the line."""
        transport = self.request.transport
        assert transport is not None
        transport.abort()


class Backend:
    """Listens on a free port of this machine."""

    def __init__(self) -> None:
        """Use `start` next."""
        self.protocols: tuple[str, ...] = ("ocpp2.0.1", "ocpp1.6")
        self.judge: Callable[[web.Request], web.StreamResponse | None] = lambda _: None
        """Returns an answer other than a handshake."""
        self.requests: list[web.Request] = []
        self.port = 0
        self.scheme = "ws"
        self._wires: asyncio.Queue[Wire] = asyncio.Queue()
        self._open: list[Wire] = []
        self._runner: web.AppRunner | None = None

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        """Begin to listen."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.scheme = "ws" if tls is None else "wss"

    async def stop(self) -> None:
        """Let go of everything."""
        for wire in self._open:
            if not wire.ended.is_set():
                wire.cut()
        if self._runner is not None:
            await self._runner.cleanup()

    def url(self, host: str = "127.0.0.1", path: str = "/ocpp") -> str:
        """Return the address, up to the identity."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def wire(self) -> Wire:
        """Return the next socket that somebody opened."""
        return await bounded(self._wires.get())

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if (refusal := self.judge(request)) is not None:
            return refusal
        socket = web.WebSocketResponse(protocols=self.protocols, max_msg_size=0)
        await socket.prepare(request)
        wire = Wire(socket, request)
        self._open.append(wire)
        self._wires.put_nowait(wire)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    wire.received.put_nowait(message.data)
        finally:
            wire.ended.set()
        return socket
