"""The last frames of a station, kept in memory for diagnostics."""

from collections import deque
from datetime import timedelta

from ...model.clock import Clock
from ...model.frame import Direction, LoggedFrame

MAX_FRAMES = 100
MAX_TOTAL_BYTES = 32 * 1024
MAX_FRAME_BYTES = 4 * 1024


class FrameLog:
    """A ring of at most 100 frames and 32 KiB."""

    __slots__ = ("_bytes", "_clock", "_frames")

    def __init__(self, clock: Clock) -> None:
        """Begin empty."""
        self._clock = clock
        self._frames: deque[tuple[float, Direction, bytes, int]] = deque()
        self._bytes = 0

    def add(self, direction: Direction, raw: bytes) -> None:
        """Note a frame, and forget the oldest ones that do not fit any more."""
        size = len(raw)
        kept = raw if size <= MAX_FRAME_BYTES else raw[:MAX_FRAME_BYTES]
        frames = self._frames
        frames.append((self._clock.monotonic(), direction, kept, size))
        self._bytes += len(kept)
        while self._bytes > MAX_TOTAL_BYTES or len(frames) > MAX_FRAMES:
            self._bytes -= len(frames.popleft()[2])

    def frames(self) -> tuple[LoggedFrame, ...]:
        """All that are kept, oldest first."""
        now, now_s = self._clock.now(), self._clock.monotonic()
        return tuple(
            LoggedFrame(now - timedelta(seconds=now_s - at_s), direction, raw.decode(errors="replace"), size)
            for at_s, direction, raw, size in self._frames
        )
