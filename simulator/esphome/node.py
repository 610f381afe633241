"""An ESPHome node as Home Assistant meets it: the native API, unencrypted, on a port of loopback."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
import contextlib
import importlib
from typing import Any, Final, Self

from aioesphomeapi.core import MESSAGE_TYPE_TO_PROTO

# The messages are generated at run time, so a type checker finds none of them in the module.
api: Final[Any] = importlib.import_module("aioesphomeapi.api_pb2")

_NUMBERS: Final = {kind: number for number, kind in MESSAGE_TYPE_TO_PROTO.items()}

type Message = Any
"""A message of the native API."""
type Handler = Callable[[Any], Awaitable[None] | None]
"""Takes in a message of one kind; what it returns is waited for beside the next messages."""


class EspHomeNode:
    """A node with one client at a time. What it can do is added as handlers of messages."""

    def __init__(self, name: str, mac: str) -> None:
        """Describe a node that nobody can reach before `start`."""
        self.name = name
        self.mac = mac
        self.port = 0
        self.received: Counter[str] = Counter()
        """How many messages of each kind have come."""
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._running: set[asyncio.Task[None]] = set()
        self.handlers: dict[str, Handler] = {
            "HelloRequest": self._hello,
            "AuthenticationRequest": lambda message: self.send(api.AuthenticationResponse()),
            "PingRequest": lambda message: self.send(api.PingResponse()),
            "DisconnectRequest": lambda message: self.send(api.DisconnectResponse()),
            "DeviceInfoRequest": lambda message: self.send(self.device_info()),
            "ListEntitiesRequest": self._entities,
        }

    async def __aenter__(self) -> Self:
        """Start it."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        await self.stop()

    @property
    def connected(self) -> bool:
        """Whether a client is there."""
        return self._writer is not None

    def device_info(self) -> Message:
        """What it says of itself."""
        return self.described()

    def described(self, **more: Any) -> Message:
        """Say what every node says of itself, and what else is given."""
        return api.DeviceInfoResponse(
            name=self.name,
            friendly_name=self.name,
            mac_address=self.mac,
            model="esp32-s3-devkitc-1",
            manufacturer="Espressif",
            esphome_version="2026.10.0",
            compilation_time="Oct 1 2026, 00:00:00",
            **more,
        )

    def entities(self) -> list[Message]:
        """Entities and actions that it offers."""
        return []

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Let the client go, and leave nothing running."""
        if self._server is not None:
            self._server.close()
        self.hang_up()
        waiting = self._clients | self._running
        for task in self._running:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def hang_up(self) -> None:
        """Drop the client, as a node that loses its Wi-Fi does."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def send(self, message: Message) -> None:
        """Send a message to whoever is connected, if anybody is."""
        if self._writer is not None and not self._writer.is_closing():
            body = message.SerializeToString()
            self._writer.write(b"\0" + _varint(len(body)) + _varint(_NUMBERS[type(message)]) + body)

    def fire(self, event: str, data: Mapping[str, str]) -> None:
        """Fire an event in Home Assistant, as `homeassistant.event` of a node does; its name begins with `esphome.`."""
        message = api.HomeassistantActionRequest(service=event, is_event=True)
        for key, value in data.items():
            entry = message.data.add()
            entry.key, entry.value = key, value
        self.send(message)

    def disconnected(self) -> None:
        """Hear that the client has gone."""

    def run(self, work: Awaitable[None]) -> None:
        """Let something run beside the messages."""

        async def running() -> None:
            await work

        task = asyncio.get_running_loop().create_task(running())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _hello(self, message: Any) -> None:
        self.send(api.HelloResponse(api_version_major=1, api_version_minor=15, server_info="esphome", name=self.name))

    def _entities(self, message: Any) -> None:
        for entity in self.entities():
            self.send(entity)
        self.send(api.ListEntitiesDoneResponse())

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        self._writer = writer
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    self._take(*await _read(reader))
        finally:
            self._clients.discard(task)
            if self._writer is writer:
                self._writer = None
                self.disconnected()
            writer.close()

    def _take(self, number: int, body: bytes) -> None:
        kind = MESSAGE_TYPE_TO_PROTO.get(number)
        if kind is None:
            return
        message = kind()
        message.ParseFromString(body)
        name = type(message).__name__
        self.received[name] += 1
        handler = self.handlers.get(name)
        if handler is not None and (work := handler(message)) is not None:
            self.run(work)


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one message: a zero, its length, its number, its body."""
    if await reader.readexactly(1) != b"\0":
        raise ConnectionError("only plain text is spoken here")
    length = await _read_varint(reader)
    number = await _read_varint(reader)
    return number, await reader.readexactly(length)


async def _read_varint(reader: asyncio.StreamReader) -> int:
    value = shift = 0
    while True:
        part = (await reader.readexactly(1))[0]
        value |= (part & 0x7F) << shift
        shift += 7
        if not part & 0x80:
            return value


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
