"""A line to a backend that can be cut anywhere: a TCP proxy on loopback, as bad as it is told to be."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
import socket
import struct

from .conduct import ANY
from .passing import OTHER, Cutter, Piece


class Moment(StrEnum):
    """Where a line is cut, as seen from a CALL."""

    BEFORE = "before"
    """It never arrives."""
    WITHIN = "within"
    """Some bytes of it arrive."""
    AFTER = "after"
    """It arrives, and the line is gone before it can be answered."""
    BEFORE_ANSWER = "before_answer"
    """It was answered, and the answer never arrives."""
    WITHIN_ANSWER = "within_answer"
    AFTER_ANSWER = "after_answer"


class Ending(StrEnum):
    """How a line is cut."""

    CLOSE = "close"
    RESET = "reset"
    SILENCE = "silence"
    """Both ends keep their sockets, and nothing passes any more."""


_OF_CALL = (Moment.BEFORE, Moment.WITHIN, Moment.AFTER)


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut, planned or done."""

    moment: Moment
    action: str = ANY
    ending: Ending = Ending.RESET


@dataclass
class Storm:
    """Cuts at random: so many of all CALLs are cut off at one of these moments, in one of these ways."""

    share: float
    moments: tuple[Moment, ...] = tuple(Moment)
    endings: tuple[Ending, ...] = (Ending.CLOSE, Ending.RESET)
    actions: tuple[str, ...] = ()
    """Only those; empty: all, and the handshake."""


@dataclass(eq=False)
class _Passage:
    """One connection with its two ends."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    silent: bool = False
    swallowed: bool = False
    over: bool = False
    pending: dict[str, Cut] = field(default_factory=dict)
    """Cuts that wait for the answer to a message."""
    actions: dict[str, str] = field(default_factory=dict)

    def end(self, ending: Ending) -> None:
        """End it."""
        if ending is Ending.SILENCE:
            self.silent = True
            return
        self.over = True
        for writer in (self.near, self.far):
            if ending is Ending.RESET:
                with suppress(OSError):
                    # Linger for 0 s: what the kernel sends is a reset.
                    writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
                writer.transport.abort()
            else:
                writer.close()


class Chaos:
    """Stands between a site and one address of loopback. Equal seeds and equal traffic give equal cuts."""

    def __init__(self, target_port: int, random: Random, *, opaque: bool = False) -> None:
        """Lead to a port; `opaque`: what passes cannot be read (TLS), so cuts go by bytes only."""
        self.target_port = target_port
        self.storm: Storm | None = None
        self.delay_s = 0.0
        """How long everything takes, one way."""
        self.cuts: list[Cut] = []
        """What was done: with the action that it was done to."""
        self.refused = 0
        """Connections that found nobody."""
        self.port = 0
        self._random = random
        self._opaque = opaque
        self._planned: list[Cut] = []
        self._bytes_left: tuple[int, Ending] | None = None
        self._server: asyncio.Server | None = None
        self._passages: set[_Passage] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._dark = False

    @property
    def counts(self) -> Counter[str]:
        """How many cuts were made at each moment, and how many in all."""
        return Counter({"all": len(self.cuts)}) + Counter(f"{cut.moment}" for cut in self.cuts)

    @property
    def planned(self) -> int:
        """How many cuts are still to come."""
        return len(self._planned)

    @property
    def open_count(self) -> int:
        """How many connections are open now."""
        return sum(not passage.over for passage in self._passages)

    async def start(self, port: int = 0) -> None:
        """Listen, or listen again, at the port that it had."""
        if self._server is None:
            self._server = await asyncio.start_server(self._dialled, "127.0.0.1", port or self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Listen no more: who dials is refused. What is open stays open."""
        if self._server is not None:
            server, self._server = self._server, None
            server.close()

    async def stop(self) -> None:
        """Cut everything, and leave nothing running."""
        await self.refuse()
        self.drop(Ending.RESET)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def plan(self, *cuts: Cut) -> None:
        """Make each of these cuts once, at the first message that it is for."""
        self._planned += cuts

    def unplan(self) -> None:
        """Make no more of the cuts that were planned."""
        self._planned.clear()
        self._bytes_left = None
        for passage in self._passages:
            passage.pending.clear()

    def cut_after(self, count: int, ending: Ending = Ending.RESET) -> None:
        """Cut the line once so many more bytes have passed, in whichever direction."""
        self._bytes_left = (count, ending)

    def drop(self, ending: Ending = Ending.RESET) -> int:
        """Cut everything that is open now; return how many connections that were."""
        passages = [it for it in self._passages if not it.over]
        for passage in passages:
            self._done(passage, Cut(Moment.BEFORE, OTHER, ending))
        return len(passages)

    def darken(self) -> None:
        """Let nothing pass any more, on old and new connections: half-open lines."""
        self._dark = True

    def lighten(self) -> None:
        """Let things pass again; connections that have lost something are cut."""
        self._dark = False
        for passage in list(self._passages):
            if passage.swallowed and not passage.over:
                passage.end(Ending.RESET)

    def _done(self, passage: _Passage, cut: Cut) -> None:
        self.cuts.append(cut)
        passage.end(cut.ending)

    async def _dialled(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._pass(reader, near)
        finally:
            self._tasks.discard(task)
            near.close()

    async def _pass(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            self.refused += 1
            near.transport.abort()
            return
        passage = _Passage(near, far)
        self._passages.add(passage)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(passage, reader, far))
                both.create_task(self._pump(passage, far_reader, near))
        finally:
            self._passages.discard(passage)
            self._planned += passage.pending.values()
            far.close()

    async def _pump(self, passage: _Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cutter = Cutter()
        with suppress(OSError):
            while data := await reader.read(65_536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                for piece in (Piece(data),) if self._opaque else cutter.pieces(data):
                    if passage.over:
                        return
                    await self._let_pass(passage, piece, writer)
        if not passage.over and not passage.silent and not self._dark:
            passage.end(Ending.CLOSE)
        passage.over = passage.over or not passage.silent

    async def _let_pass(self, passage: _Passage, piece: Piece, writer: asyncio.StreamWriter) -> None:
        if passage.silent or self._dark:
            passage.swallowed = True
            return
        cut = self._cut_for(passage, piece)
        length = len(piece.data)
        if cut is None:
            if self._bytes_left is not None:
                left, ending = self._bytes_left
                if left < length:
                    self._bytes_left = None
                    await _write(writer, piece.data[:left])
                    self._done(passage, Cut(Moment.WITHIN, piece.action, ending))
                    return
                self._bytes_left = (left - length, ending)
            await _write(writer, piece.data)
            return
        match cut.moment:
            case Moment.BEFORE | Moment.BEFORE_ANSWER:
                length = 0
            case Moment.WITHIN | Moment.WITHIN_ANSWER:
                length = self._random.randrange(1, length)
        await _write(writer, piece.data[:length])
        self._done(passage, cut)

    def _cut_for(self, passage: _Passage, piece: Piece) -> Cut | None:
        """Return the cut that is due at this piece, with the action that it is done to."""
        if piece.answer:
            cut = passage.pending.pop(piece.message_id or "", None)
            action = passage.actions.pop(piece.message_id or "", piece.action)
            return None if cut is None else Cut(cut.moment, action, cut.ending)
        if piece.action == OTHER:
            return None
        cut = next((it for it in self._planned if it.action in (ANY, piece.action)), None)
        if cut is not None:
            self._planned.remove(cut)
        elif (storm := self.storm) is not None and (not storm.actions or piece.action in storm.actions):
            if self._random.random() < storm.share:
                cut = Cut(self._random.choice(storm.moments), piece.action, self._random.choice(storm.endings))
        if cut is None or cut.moment in _OF_CALL:
            return None if cut is None else Cut(cut.moment, piece.action, cut.ending)
        passage.pending[piece.message_id or ""] = cut
        passage.actions[piece.message_id or ""] = piece.action
        return None


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if data:
        writer.write(data)
        await writer.drain()
