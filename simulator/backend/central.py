"""A strict central system: stations dial it, and it writes down what they say and what they do wrong."""

import asyncio
import base64
import binascii
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
import ssl
from typing import Any

from aiohttp import web

from ..clock import Clock, SystemClock
from .answering import CENTRALS
from .book import Book
from .conduct import Conduct
from .line import Line

VERSIONS = ("ocpp2.1", "ocpp2.0.1", "ocpp1.6")


class CentralSystem:
    """Listens on loopback, at any path that ends with the identity of a station."""

    def __init__(
        self,
        *,
        book: Path | None = None,
        knows_repeats: bool = True,
        passwords: Mapping[str, str] | None = None,
        versions: tuple[str, ...] = VERSIONS,
        clock: Clock | None = None,
    ) -> None:
        """Open the book, in memory unless a file is given.

        With `passwords` only the stations in it are known (HTTP 404), and their passwords are asked for (401).
        """
        self.book = Book(book, knows_repeats=knows_repeats)
        self.conduct = Conduct()
        self.clock: Clock = clock or SystemClock()
        self.lines: dict[str, Line] = {}
        """The newest line of every station that is connected."""
        self.connections: Counter[str] = Counter()
        """How often each station has come."""
        self.port = 0
        self._passwords = passwords
        self._versions = versions
        self._runner: web.AppRunner | None = None
        self._all: set[Line] = set()
        self._news = asyncio.Event()
        self.book.on_change = self._news.set

    async def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        """Listen. Raises OSError if the port is taken."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._dialled)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port or self.port, ssl_context=tls, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Hang up, and listen no more; the book stays open."""
        self.cut()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def close(self) -> None:
        """Hang up, and close the book."""
        await self.stop()
        self.book.close()

    def cut(self, station: str | None = None) -> int:
        """Lose the lines of a station, or of all; return how many."""
        lost = [line for line in self._all if station in (None, line.station)]
        for line in lost:
            line.cut()
        return len(lost)

    async def ask(self, station: str, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a CALL to a station and return its answer; a CALLERROR comes back under `error`.

        Raises LookupError where the station is not connected, else as `Line.ask`.
        """
        if (line := self.lines.get(station)) is None:
            raise LookupError(f"{station} is not connected")
        return await line.ask(action, payload)

    async def until(self, reached: Any, within_s: float = 10.0) -> None:
        """Wait until something is so of what is in the book. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not reached():
                self._news.clear()
                await self._news.wait()

    async def _dialled(self, request: web.Request) -> web.StreamResponse:
        station = request.path.rpartition("/")[2]
        if self.conduct.refusing is not None:
            return web.Response(status=self.conduct.refusing)
        if self._passwords is not None and (status := self._admitted(request, station)) is not None:
            return web.Response(status=status)
        socket = web.WebSocketResponse(protocols=self._versions, compress=False)
        await socket.prepare(request)
        if socket.ws_protocol not in CENTRALS:
            await socket.close()
            return socket
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            return socket
        before = self.lines.get(station)
        line = self.lines[station] = Line(self, station, socket, transport)
        self._all.add(line)
        self.connections[station] += 1
        self._news.set()
        if before is not None:
            before.cut()
        try:
            await line.serve()
        finally:
            self._all.discard(line)
            if self.lines.get(station) is line:
                del self.lines[station]
            self._news.set()
        return socket

    def _admitted(self, request: web.Request, station: str) -> int | None:
        """Return the HTTP status with which a station is sent away; None: it may come in."""
        assert self._passwords is not None
        if station not in self._passwords:
            return 404
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(secret, validate=True).decode().partition(":")
        except binascii.Error, UnicodeDecodeError:
            return 401
        return None if (scheme, name, password) == ("Basic", station, self._passwords[station]) else 401
