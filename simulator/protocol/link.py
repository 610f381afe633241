"""The socket of a station: dials, speaks, loses the line, dials again."""

import asyncio
import base64
from collections.abc import Callable
from contextlib import suppress
import logging
from random import Random
from typing import Protocol

import aiohttp

from ..station.messages import Answer, Boot, Message, TransactionMessage
from ..station.station import Station
from .dialect import Dialect
from .library import OcppError, Wire
from .v16 import SUBPROTOCOL as V16, StationV16
from .v21 import SUBPROTOCOL as V21, StationV21
from .v201 import SUBPROTOCOL as V201, StationV201

_LOGGER = logging.getLogger(__name__)

_VERSIONS: dict[str, tuple[str, Callable[[Station, Wire], Dialect]]] = {
    "1.6": (V16, StationV16),
    "2.0.1": (V201, StationV201),
    "2.1": (V21, StationV21),
}
"""Subprotocol and speaker, by version."""

ABANDONED_FOR_S = 60.0
"""How long a half-open socket is kept after a new one was dialled."""

GARBAGE = (
    "this is not JSON",
    "{}",
    "[]",
    "[2]",
    '[2,"garbage-1"]',
    '[2,17,"Heartbeat",{}]',
    '[2,"garbage-2",["Heartbeat"],{}]',
    '[2,"garbage-3","NoSuchAction",{"a":1}]',
    '[2,"garbage-4","MeterValues",{"connectorId":"one","meterValue":"much"}]',
    '[3,"nobody-asked",{"status":"Accepted"}]',
    '[4,"nobody-asked","FormationViolation",""]',
    '[9,"x","y",{}]',
    "[" * 500,
)
"""Frames that no station should send and some do."""


class _Wire:
    """An aiohttp socket as the `ocpp` package wants a connection. Pings are answered only while somebody receives."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def recv(self) -> str:
        """Return the next text frame. Raises ConnectionError at the end."""
        while True:
            message = await self.socket.receive()
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    return str(message.data)
                case aiohttp.WSMsgType.PING:
                    await self.socket.pong(message.data)
                case aiohttp.WSMsgType.CLOSE | aiohttp.WSMsgType.CLOSING | aiohttp.WSMsgType.CLOSED:
                    raise ConnectionError("closed by the other side")
                case aiohttp.WSMsgType.ERROR:
                    raise ConnectionError("line broken")

    async def send(self, message: str) -> None:
        """Send a text frame."""
        await self.socket.send_str(message)

    def abort(self) -> None:
        """Cut the line without a word."""
        # The transport is the one door to an unannounced end.
        response = self.socket._response  # noqa: SLF001
        if response.connection is not None and response.connection.transport is not None:
            response.connection.transport.abort()
        response.close()


class Watcher(Protocol):
    """Wants to hear of what goes over the line."""

    def delivered(self, station: Station, message: Message, answer: Answer) -> None:
        """A message was answered."""


class Link:
    """Keeps one station connected."""

    def __init__(
        self,
        station: Station,
        central: str,
        session: aiohttp.ClientSession,
        random: Random,
        watcher: Watcher | None = None,
    ) -> None:
        """Dial `central` (ws://host:port/any/path); the identity is added as last segment."""
        self._station = station
        self._address = f"{central.rstrip('/')}/{station.model.identity}"
        self._session = session
        self._random = random
        self._watcher = watcher
        self._wire: _Wire | None = None
        self._abandoned: dict[_Wire, asyncio.TimerHandle] = {}
        self._hung_up = asyncio.Event()
        self._blocked_until = 0.0
        self._until_changed = asyncio.Event()
        self._refused: tuple[Message, int] | None = None
        self._garbage: asyncio.Task[None] | None = None
        self.dials = 0
        self.connected = False
        self.refusal: str | None = None
        """Why the last dial failed."""

    async def run(self) -> None:
        """Stay connected until cancelled."""
        try:
            while True:
                await self._ready_to_dial()
                with suppress(OSError, aiohttp.ClientError, TimeoutError):
                    await self._connection()
                await self._pause()
        finally:
            self._station.link_lost()
            for wire, timer in self._abandoned.items():
                timer.cancel()
                wire.abort()

    def drop(self, for_s: float) -> None:
        """Lose the line without a close frame, and stay away; 0: come back if it is away."""
        self._blocked_until = asyncio.get_running_loop().time() + for_s
        self._until_changed.set()
        if self._wire is not None:
            self._wire.abort()
        self._hung_up.set()

    def half_open(self, for_s: float) -> None:
        """Fall silent on a socket that stays open, and dial a new one after a while."""
        loop = asyncio.get_running_loop()
        self._blocked_until = loop.time() + for_s
        if self._wire is None:
            return
        wire, self._wire = self._wire, None
        self._abandoned[wire] = loop.call_later(for_s + ABANDONED_FOR_S, self._forget, wire)
        self._hung_up.set()

    def send_garbage(self) -> None:
        """Send frames that make no sense, between those that do."""
        if self._wire is not None:
            self._garbage = asyncio.create_task(self._send_garbage(self._wire))

    def _forget(self, wire: _Wire) -> None:
        wire.abort()
        self._abandoned.pop(wire, None)

    async def _send_garbage(self, wire: _Wire) -> None:
        with suppress(ConnectionError):
            for frame in GARBAGE:
                await wire.socket.send_str(frame)

    async def _ready_to_dial(self) -> None:
        loop = asyncio.get_running_loop()
        await self._station.power_back.wait()
        while (left_s := self._blocked_until - loop.time()) > 0.0:
            self._until_changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._until_changed.wait()

    async def _pause(self) -> None:
        await asyncio.sleep(self._random.uniform(*self._station.model.redial_s))

    async def _connection(self) -> None:
        model = self._station.model
        protocol, speaker = _VERSIONS[model.version]
        self.dials += 1
        headers = {}
        if model.password is not None:
            secret = base64.b64encode(f"{model.identity}:{model.password}".encode()).decode()
            headers["Authorization"] = f"Basic {secret}"
        try:
            socket = await self._session.ws_connect(
                self._address,
                protocols=(protocol,),
                headers=headers,
                autoping=False,
                max_msg_size=1_000_000,
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            self.refusal = str(error) or type(error).__name__
            raise
        self.refusal = None
        self._hung_up.clear()
        self._wire = wire = _Wire(socket)
        self.connected = True
        dialect = speaker(self._station, wire)
        tasks = [
            asyncio.create_task(dialect.receive()),
            asyncio.create_task(self._speak(dialect)),
            asyncio.create_task(self._hung_up.wait()),
            asyncio.create_task(self._power_fails(wire)),
            asyncio.create_task(self._ping(wire)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.connected = False
            self._station.link_lost()
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, OcppError):
                    _LOGGER.warning("%s: refused at the door: %r", model.identity, outcome)
                elif isinstance(outcome, Exception) and not isinstance(outcome, ConnectionError | TimeoutError):
                    _LOGGER.error("%s: %r", model.identity, outcome, exc_info=outcome)
            if wire not in self._abandoned:
                self._wire = None
                with suppress(Exception):
                    await socket.close()

    async def _power_fails(self, wire: _Wire) -> None:
        await self._station.power_failed.wait()
        wire.abort()

    async def _ping(self, wire: _Wire) -> None:
        # As with many stations, a new interval counts from the next connection on.
        interval_s = self._station.settings.number("WebSocketPingInterval")
        while True:
            await asyncio.sleep(interval_s or 86_400)
            await wire.socket.ping()

    async def _speak(self, dialect: Dialect) -> None:
        station = self._station
        while not station.booted:
            station.boot_again.clear()
            answer = await self._deliver(dialect, Boot(station.boot_reason))
            if not station.booted:
                with suppress(TimeoutError):
                    await asyncio.wait_for(station.boot_again.wait(), answer.interval_s or 60)
        station.link_ready()
        while True:
            message = await station.outbox.head()
            await self._tell(dialect, message)

    async def _tell(self, dialect: Dialect, message: Message) -> None:
        station = self._station
        try:
            await self._deliver(dialect, message)
        except OcppError as error:
            _LOGGER.warning("%s: %s refused: %r", station.model.identity, type(message).__name__, error)
            if isinstance(message, TransactionMessage) and not await self._give_up(message):
                return
            station.refused(message)
        station.outbox.done(message)

    async def _give_up(self, message: TransactionMessage) -> bool:
        """Wait before another attempt, or say that there will be none."""
        settings = self._station.settings
        made = self._refused[1] + 1 if self._refused is not None and self._refused[0] is message else 1
        if made >= settings.number("TransactionMessageAttempts"):
            self._refused = None
            return True
        self._refused = (message, made)
        await asyncio.sleep(settings.number("TransactionMessageRetryInterval") * made)
        return False

    async def _deliver(self, dialect: Dialect, message: Message) -> Answer:
        answer = await dialect.deliver(message)
        self._station.answered(message, answer)
        if self._watcher is not None:
            self._watcher.delivered(self._station, message, answer)
        return answer
