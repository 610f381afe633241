"""Frames as docs/ble-protocol.md has them: `first|sequence`, and in the first frame type and length."""


def cut(kind: int, body: bytes, frame_bytes: int) -> list[bytes]:
    """Return the frames of a message for writes or notifications of `frame_bytes`."""
    rest = bytes([kind]) + len(body).to_bytes(2) + body
    out: list[bytes] = []
    while rest:
        head = len(out) | (0x80 if not out else 0)
        out.append(bytes([head]) + rest[: frame_bytes - 1])
        rest = rest[frame_bytes - 1 :]
    return out


class Joiner:
    """Puts frames together. A frame that does not fit drops what was begun."""

    def __init__(self) -> None:
        """Wait for a first frame."""
        self._data: bytes | None = None
        self._count = 0

    def add(self, frame: bytes) -> tuple[int, bytes] | None:
        """Take in a frame; returns type and body of the message that is whole now."""
        if not frame:
            return None
        if frame[0] & 0x80:
            self._data, self._count = b"", 0
        if self._data is None or frame[0] & 0x7F != self._count:
            self._data = None
            return None
        self._data += frame[1:]
        self._count += 1
        if len(self._data) < 3:
            self._data = None
            return None
        length = int.from_bytes(self._data[1:3])
        if length > 2048 or len(self._data) > 3 + length:
            self._data = None
        elif len(self._data) == 3 + length:
            whole, self._data = self._data, None
            return whole[0], whole[3:]
        return None
