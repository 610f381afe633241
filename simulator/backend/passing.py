"""What passes through a line to a backend: the HTTP handshake, then WebSocket frames, and which message each is."""

from collections.abc import Iterator
from dataclasses import dataclass
import json

HANDSHAKE = "(handshake)"
"""Stands for an action where the handshake is meant."""
OTHER = "(other)"
"""Pings, closes, and whatever cannot be read."""
_END_OF_HEAD = b"\r\n\r\n"
_TEXT = 0x1
_MASKED = 0x80


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the stream that belongs together."""

    data: bytes
    action: str = OTHER
    """Of a CALL; else what it is."""
    message_id: str | None = None
    answer: bool = False
    """It answers the CALL of that id."""


class Cutter:
    """Cuts one direction of a connection into its pieces. Extensions of WebSocket and TLS are not understood."""

    def __init__(self) -> None:
        """Begin before the handshake."""
        self._rest = b""
        self._in_head = True

    def pieces(self, data: bytes) -> Iterator[Piece]:
        """Take bytes and return the pieces that are complete."""
        self._rest += data
        while (length := self._length()) is not None and len(self._rest) >= length:
            piece, self._rest = self._rest[:length], self._rest[length:]
            if self._in_head:
                self._in_head = False
                yield Piece(piece, HANDSHAKE, answer=piece.startswith(b"HTTP/"))
            else:
                yield _read(piece)

    def _length(self) -> int | None:
        """Return how long the next piece is; None: that cannot be said yet."""
        if self._in_head:
            end = self._rest.find(_END_OF_HEAD)
            return None if end < 0 else end + len(_END_OF_HEAD)
        head = _head(self._rest)
        return None if head is None else sum(head)


def _head(frame: bytes) -> tuple[int, int] | None:
    """Return the lengths of a frame's head and payload (RFC 6455 §5.2); None: not enough of it is there."""
    if len(frame) < 2:
        return None
    masked, length = frame[1] & _MASKED, frame[1] & ~_MASKED
    more = {126: 2, 127: 8}.get(length, 0)
    if len(frame) < 2 + more:
        return None
    if more:
        length = int.from_bytes(frame[2 : 2 + more])
    return 2 + more + (4 if masked else 0), length


def _read(frame: bytes) -> Piece:
    head = _head(frame)
    if head is None or frame[0] & 0x0F != _TEXT:
        return Piece(frame)
    payload = frame[head[0] :]
    if frame[1] & _MASKED:
        key = frame[head[0] - 4 : head[0]]
        payload = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    try:
        message = json.loads(payload)
        if message[0] == 2:
            return Piece(frame, str(message[2]), str(message[1]))
        return Piece(frame, OTHER, str(message[1]), answer=message[0] in (3, 4))
    except ValueError, TypeError, KeyError, IndexError:
        return Piece(frame)
