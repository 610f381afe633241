"""Many chargers in one process, each sending its next MeterValues as soon as the last one is answered.

python -m benchmarks.load_generator PORT STATIONS FRAMES FIRST_TRANSACTION_ID INTERVAL_S

Speaks WebSocket by hand over plain sockets, so that it costs less than the server that is measured. Prints `ready`
once all stations are connected, sends from the first line on its standard input on, prints `done` when everything has
been answered, and hangs up at the end of its standard input. Meanwhile pings are answered, and whatever the central
system asks is accepted. A FIRST_TRANSACTION_ID of 0 sends values outside of a transaction. By
their timestamps, messages are INTERVAL_S apart and the last one is of now.
"""

from collections.abc import Sequence
import json
import select
import socket
import struct
import sys

from .meter_values import beginning, frame

TEXT, PING, PONG = 0x81, 0x89, 0x8A
_MASK = bytes.fromhex("1f2e3d4c")
_HANDSHAKE = (
    "GET /CP{number:03d} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)


def _masked(opcode: int, payload: bytes) -> bytes:
    """Frame a message as a client must: masked (RFC 6455 §5.3)."""
    key = (_MASK * (len(payload) // 4 + 1))[: len(payload)]
    masked = (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(len(payload))
    length = struct.pack("!B", 0x80 | len(payload)) if len(payload) < 126 else struct.pack("!BH", 0xFE, len(payload))
    return bytes((opcode,)) + length + _MASK + masked


class _Charger:
    """One socket, and the frames that are still to be sent over it."""

    def __init__(self, port: int, number: int, frames: Sequence[bytes]) -> None:
        self._unsent = [_masked(TEXT, message) for message in reversed(frames)]
        self._unread = b""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(_HANDSHAKE.format(number=number).encode())
        reply = b""
        while b"\r\n\r\n" not in reply:
            reply += self.socket.recv(1)
        if b" 101 " not in reply:
            raise ConnectionRefusedError(reply.decode(errors="replace"))

    def send_next(self) -> bool:
        """Send the next frame; returns whether there was one."""
        if not self._unsent:
            return False
        self.socket.sendall(self._unsent.pop())
        return True

    def take_in(self) -> bool:
        """Read what has come, and return whether the answer to our message was in it."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionResetError("The central system has hung up")
        self._unread += chunk
        answered = False
        while (taken := self._take_message()) is not None:
            opcode, message = taken
            if opcode == PING:
                self.socket.sendall(_masked(PONG, message))
            elif message.startswith(b"[3,"):
                answered = True
            elif message.startswith(b"[2,"):
                self._accept(json.loads(message))
            else:
                raise ValueError(message.decode())
        return answered

    def _accept(self, request: list[object]) -> None:
        answer: dict[str, object] = {"status": "Accepted"}
        if request[2] == "GetConfiguration":
            answer = {"configurationKey": [], "unknownKey": []}
        self.socket.sendall(_masked(TEXT, json.dumps([3, request[1], answer]).encode()))

    def _take_message(self) -> tuple[int, bytes] | None:
        """Take the first message off what is unread; None where none is complete."""
        data = self._unread
        if len(data) < 2 or (data[1] >= 126 and len(data) < 4):
            return None
        begin, length = (2, data[1]) if data[1] < 126 else (4, int.from_bytes(data[2:4]))
        if len(data) < begin + length:
            return None
        self._unread = data[begin + length :]
        return data[0], data[begin : begin + length]


def main(port: int, stations: int, frames: int, first_transaction_id: int, interval_s: float) -> None:
    """Connect, and do what the standard input says until that ends."""
    first = beginning(frames, interval_s)
    chargers: dict[int, _Charger] = {}
    poll = select.epoll()
    for number in range(stations):
        transaction_id = first_transaction_id + number if first_transaction_id else None
        charger = _Charger(port, number, [frame(at, transaction_id, first, interval_s) for at in range(frames)])
        chargers[charger.socket.fileno()] = charger
        poll.register(charger.socket.fileno(), select.EPOLLIN)
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    print("ready", flush=True)
    busy = 0
    while True:
        for number, _ in poll.poll():
            if number in chargers:
                if chargers[number].take_in() and not chargers[number].send_next():
                    busy -= 1
                    if not busy:
                        print("done", flush=True)
            elif not sys.stdin.readline():
                return
            else:
                busy = sum(charger.send_next() for charger in chargers.values())


if __name__ == "__main__":
    _port, _stations, _frames, _transaction = (int(argument) for argument in sys.argv[1:5])
    main(_port, _stations, _frames, _transaction, float(sys.argv[5]))
