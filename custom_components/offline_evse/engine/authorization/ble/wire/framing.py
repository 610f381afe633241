"""Messages cut into frames that fit one write or one notification, and put together again.

A frame is one byte `first 0x80 | sequence 0..127` and a piece of the message; the first piece begins with
`type 1 | length 2`. Every attribute protocol MTU from 23 on will do.
"""

from collections.abc import Iterator

from .messages import MAX_BODY_BYTES, Message

MIN_FRAME_BYTES = 20
"""What an ATT MTU of 23, the least there is, leaves for one write or notification."""
_FIRST = 0x80
_SEQUENCE = 0x7F
_HEADER_BYTES = 3
_MOST_FRAMES = 128


class FrameError(ValueError):
    """The frame does not continue what came before. Whatever was begun is dropped."""


def frames(message: Message, frame_bytes: int) -> Iterator[bytes]:
    """Cut a message up; `frame_bytes` is what fits one write or notification (MTU - 3). Raises ValueError."""
    if frame_bytes < MIN_FRAME_BYTES:
        raise ValueError(f"A frame needs {MIN_FRAME_BYTES} bytes, not {frame_bytes}")
    if len(message.body) > MAX_BODY_BYTES:
        raise ValueError(f"A message of {len(message.body)} bytes is too long")
    data = bytes((message.type,)) + len(message.body).to_bytes(2) + message.body
    size = frame_bytes - 1
    for sequence, start in enumerate(range(0, len(data), size)):
        yield bytes(((_FIRST if start == 0 else 0) | sequence,)) + data[start : start + size]


class Reassembler:
    """Puts frames of one direction of one connection together. Holds at most one message, of at most 2 KiB."""

    __slots__ = ("_buffer", "_next", "_wanted")

    def __init__(self) -> None:
        """Wait for a first frame."""
        self._buffer = bytearray()
        self._next: int | None = None
        self._wanted = 0

    @property
    def held_bytes(self) -> int:
        """How much of an unfinished message is kept."""
        return len(self._buffer)

    def feed(self, frame: bytes) -> Message | None:
        """Take in a frame; returns the message that it completes. Raises FrameError, and waits for a first frame."""
        try:
            return self._take(frame)
        except FrameError:
            self._drop()
            raise

    def _take(self, frame: bytes) -> Message | None:
        if len(frame) < 2:
            raise FrameError("An empty frame")
        head = frame[0]
        if head & _FIRST:
            if head & _SEQUENCE or len(frame) < 1 + _HEADER_BYTES:
                raise FrameError("A first frame without its header")
            length = int.from_bytes(frame[2:4])
            if length > MAX_BODY_BYTES:
                raise FrameError(f"A message of {length} bytes is too long")
            self._drop()
            self._wanted, self._next = _HEADER_BYTES + length, 0
        if self._next is None or head & _SEQUENCE != self._next:
            raise FrameError("A frame out of sequence")
        self._next += 1
        self._buffer += frame[1:]
        if len(self._buffer) > self._wanted or (self._next == _MOST_FRAMES and len(self._buffer) < self._wanted):
            raise FrameError("A message that is not as long as it says")
        if len(self._buffer) < self._wanted:
            return None
        message = Message(self._buffer[0], bytes(self._buffer[_HEADER_BYTES:]))
        self._drop()
        return message

    def _drop(self) -> None:
        self._buffer.clear()
        self._next = None
        self._wanted = 0
