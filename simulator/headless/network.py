"""A network in memory: ports, connections, and lines that can be cut."""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import override

LATENCY_S = 0.004
"""What a frame takes from one end to the other; a local network's."""

type ProtocolFactory = Callable[[], asyncio.Protocol]


class End(asyncio.Transport):
    """One end of a connection. What is written arrives at the other end in order, after the latency."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, address: tuple[str, int], peer_address: tuple[str, int]
    ) -> None:
        """Begin without a protocol and a peer."""
        super().__init__({"sockname": address, "peername": peer_address})
        self._loop = loop
        self._protocol: asyncio.Protocol | None = None
        self._incoming: deque[bytes | ConnectionResetError | None] = deque()
        """What has arrived but could not be read yet; None: the end of it."""
        self._on_the_way: deque[bytes | ConnectionResetError | None] = deque()
        self._paused = False
        self._closing = False
        self.peer: End

    def open(self, protocol: asyncio.Protocol) -> None:
        """Give it to its protocol."""
        self._protocol = protocol
        protocol.connection_made(self)

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self._send(bytes(data))

    @override
    def is_closing(self) -> bool:
        return self._closing

    @override
    def close(self) -> None:
        """Send what was written, then end."""
        if not self._closing:
            self._send(None)
            self._lose(None)

    @override
    def abort(self) -> None:
        """End at once; the other end finds the connection reset."""
        if not self._closing:
            self._send(ConnectionResetError("Connection lost"))
            self._lose(None)

    @override
    def can_write_eof(self) -> bool:
        return False

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self._protocol = protocol

    @override
    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None
        return self._protocol

    @override
    def is_reading(self) -> bool:
        return not self._paused and not self._closing

    @override
    def pause_reading(self) -> None:
        self._paused = True

    @override
    def resume_reading(self) -> None:
        if self._paused:
            self._paused = False
            self._loop.call_soon(self._read)

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is always room."""

    def _send(self, data: bytes | ConnectionResetError | None) -> None:
        self.peer.expect(data)

    def expect(self, data: bytes | ConnectionResetError | None) -> None:
        """Something is on its way here. Timers of one moment fire in any order, but what arrives keeps its own."""
        self._on_the_way.append(data)
        self._loop.call_later(LATENCY_S, self._arrive)

    def _arrive(self) -> None:
        self._incoming.append(self._on_the_way.popleft())
        self._read()

    def _read(self) -> None:
        while self._incoming and not self._paused and not self._closing:
            data = self._incoming.popleft()
            assert self._protocol is not None
            if isinstance(data, bytes):
                self._protocol.data_received(data)
            elif data is None:
                if not self._protocol.eof_received():
                    self.close()
            else:
                self._lose(data)

    def _lose(self, error: Exception | None) -> None:
        self._closing = True
        assert self._protocol is not None
        self._loop.call_soon(self._protocol.connection_lost, error)


class Port:
    """A server that listens, as `asyncio.Server` looks to those who use it."""

    def __init__(self, network: Network, number: int) -> None:
        """Belong to a network."""
        self._network = network
        self.number = number
        self.sockets = [self]

    def getsockname(self) -> tuple[str, int]:
        """Return its address."""
        return ("127.0.0.1", self.number)

    def close(self) -> None:
        """Take no more connections."""
        self._network.release(self)

    async def wait_closed(self) -> None:
        """It is closed already."""


class Network:
    """Ports and the connections between them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin without any."""
        self._loop = loop
        self._ports: dict[int, tuple[Port, ProtocolFactory]] = {}
        self._numbers = count(20_000)
        self._ends: list[tuple[int, End]] = []

    def listen(self, factory: ProtocolFactory, number: int | None) -> Port:
        """Listen on a port; 0: any that is free. Raises OSError if it is taken."""
        number = number or next(self._numbers)
        if number in self._ports:
            raise OSError(98, "Address in use")
        port = Port(self, number)
        self._ports[number] = (port, factory)
        return port

    def release(self, port: Port) -> None:
        """Listen no more."""
        if port.number in self._ports and self._ports[port.number][0] is port:
            del self._ports[port.number]

    def connect(self, factory: ProtocolFactory, number: int) -> tuple[End, asyncio.Protocol]:
        """Connect to a port. Raises ConnectionRefusedError where nobody listens."""
        if number not in self._ports:
            raise ConnectionRefusedError(111, "Connection refused")
        near, far = ("127.0.0.1", next(self._numbers)), ("127.0.0.1", number)
        ours, theirs = End(self._loop, near, far), End(self._loop, far, near)
        ours.peer, theirs.peer = theirs, ours
        theirs.open(self._ports[number][1]())
        protocol = factory()
        ours.open(protocol)
        self._ends = [(port, end) for port, end in self._ends if not end.is_closing()]
        self._ends.append((number, theirs))
        return ours, protocol

    def cut(self, number: int) -> None:
        """Lose a port with all its connections at once, as when the process behind it is killed."""
        self._ports.pop(number, None)
        for port, end in self._ends:
            if port == number:
                end.abort()
