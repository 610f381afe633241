"""One socket to a backend, from its handshake to its end."""

import asyncio
from collections import Counter

from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType

from ...model.clock import Clock, timeout
from ...model.station import OcppVersion
from ...model.upstream.link import LinkTrouble
from ...ocppj.frames import (
    CALL,
    CALL_ERROR,
    CALL_RESULT,
    FORMAT_VIOLATION,
    MESSAGE_TYPE_NOT_SUPPORTED,
    RPC_FRAMEWORK_ERROR,
    SEND,
    UNKNOWN_MESSAGE_ID,
    Call,
    Unreadable,
    encode_error,
    parse,
)
from .calls import CallEnd, CallLine, CallOutcome, NothingSentError
from .pulse import Pulse
from .requests import CallRefusedError, OnCall, Requests

__all__ = ["CallEnd", "CallOutcome", "CallRefusedError", "OnCall", "UpConnection"]

LARGEST_FRAME_BYTES = 1024 * 1024
"""A backend that sends more in one message loses its connection (close code 1009)."""
_CLOSE_S = 5.0
_FRAMES_PER_TURN = 32
"""Frames of one backend that are taken in before anybody else gets a turn."""


class UpConnection:
    """Reads, answers and asks over one socket.

    Answers to our CALLs are taken in at once; what the backend asks waits beside that, so that neither holds up the
    other. A half-open socket shows by the time that CALLs take, and by pings that stay unanswered.
    """

    def __init__(
        self,
        socket: ClientWebSocketResponse[bool],
        version: OcppVersion,
        clock: Clock,
        on_call: OnCall,
        *,
        agreed: bool = True,
    ) -> None:
        """Take over a socket whose handshake is done; `agreed`: the backend has named the version."""
        self.version = version
        self.opened_at = clock.now()
        self.sent_bytes = 0
        """Length of all frames so far, without what WebSocket and TLS add."""
        self.received_bytes = 0
        self.oddities: Counter[str] = Counter()
        """What had to be put right or could not be used, by a short word."""
        self.close_code: int | None = None
        """What the backend gave as its reason to close (RFC 6455 §7.4); None: it gave none, or it is still open."""
        self.closed: asyncio.Future[LinkTrouble | None] = asyncio.get_running_loop().create_future()
        """Done once nothing more can be said; None: somebody has closed it in due form."""
        self._socket = socket
        self._clock = clock
        self._agreed = agreed
        self._silent = False
        self._calls = CallLine(clock, self._send, self._count)
        self._requests = Requests(clock, on_call, self._send, self._count)
        self._pulse = Pulse(clock, socket.ping)
        self._watch = asyncio.create_task(self._abort_when_silent(), name="uplink pulse")
        self._reader = asyncio.create_task(self._read(), name="uplink socket")

    async def call(self, message_id: str, frame: str, *, urgent: bool = False, timeout_s: float = 30.0) -> CallEnd:
        """Send a CALL as soon as no other one is on the wire, and return how it ended; never raises.

        `frame` leaves byte for byte. `timeout_s` counts from the moment it leaves.
        """
        return await self._calls.call(message_id, frame, urgent, timeout_s)

    async def close(self) -> None:
        """Say goodbye and let go. Whoever waits for an answer knows at once that none will come.

        What the backend has asked and is being done gets its answer first, if that takes no longer than a moment.
        """
        if not self.closed.done():
            await self._requests.finish()
        self._end(None)
        try:
            async with timeout(self._clock, _CLOSE_S):
                await self._socket.close(code=WSCloseCode.OK)
        except TimeoutError, ConnectionError:
            self._count("not_closed_in_due_form")
        self._reader.cancel()
        self._watch.cancel()
        await asyncio.wait((self._reader, self._watch))
        await self._requests.close()

    def _count(self, oddity: str) -> None:
        self.oddities[oddity] += 1

    def _end(self, trouble: LinkTrouble | None) -> None:
        """Nothing more can be said."""
        if not self.closed.done():
            self.closed.set_result(trouble)
        self._calls.close()
        self._requests.drop()

    async def _read(self) -> None:
        """Take in whatever arrives until the socket ends."""
        trouble: LinkTrouble | None = LinkTrouble.UNREACHABLE
        turn = 0
        try:
            while True:
                message = await self._socket.receive()
                self._pulse.heard()
                if message.type is WSMsgType.PING:
                    await self._pong(message.data)
                    continue
                if message.type is WSMsgType.PONG:
                    continue
                if message.type is not WSMsgType.TEXT and message.type is not WSMsgType.BINARY:
                    trouble = self._trouble_of(message.type, message.data)
                    return
                raw: bytes = message.data if isinstance(message.data, bytes) else message.data.encode()
                self.received_bytes += len(raw)
                if message.type is WSMsgType.BINARY:
                    self._count("binary_frame")
                if (reply := self._take(raw)) is not None:
                    await self._reply(reply)
                turn += 1
                if turn % _FRAMES_PER_TURN == 0:
                    await asyncio.sleep(0)
        finally:
            self._end(trouble)
            if not self._silent:
                self._watch.cancel()

    async def _abort_when_silent(self) -> None:
        """Give the socket up once nobody can be at its other end any more."""
        try:
            await self._pulse.until_silent()
        except ConnectionError:
            return
        self._silent = True
        self._end(LinkTrouble.SILENT)
        await self._socket.close(code=WSCloseCode.OK)

    async def _pong(self, said: bytes) -> None:
        try:
            await self._socket.pong(said)
        except ConnectionError:
            self._count("answer_not_delivered")

    def _trouble_of(self, kind: WSMsgType, data: object) -> LinkTrouble | None:
        """Tell why the socket has ended."""
        if kind is WSMsgType.CLOSE and isinstance(data, int):
            self.close_code = data
        if not self._agreed and not self.received_bytes:
            # 1.6-J §3.2: a server that agrees to no version completes the handshake and closes at once.
            return LinkTrouble.VERSION
        if kind in (WSMsgType.CLOSE, WSMsgType.CLOSING):
            return None
        if kind is WSMsgType.ERROR:
            self._count("broken_websocket_frame")
        return LinkTrouble.UNREACHABLE

    def _take(self, raw: bytes) -> bytes | None:
        """Sort a frame to where it belongs; returns a reply that can be given without thinking."""
        frame = parse(raw, self._count)
        if isinstance(frame, Call):
            return self._requests.take(frame)
        if isinstance(frame, Unreadable):
            return self._take_unreadable(frame)
        self._calls.take(frame)
        return None

    def _take_unreadable(self, frame: Unreadable) -> bytes | None:
        """Answer what cannot be read as far as the version has an answer for it (1.6-J §4.1.3, 2.0.1 part 4 §4.3)."""
        kind, message_id = frame.message_type, frame.message_id
        if kind == SEND and self.version is OcppVersion.V21:
            return None
        self._count(frame.reason)
        if kind in (CALL_RESULT, CALL_ERROR):
            if message_id is not None:
                self._calls.take(frame)
            return None
        if kind == CALL and message_id is not None:
            return encode_error(message_id, FORMAT_VIOLATION[self.version], frame.reason)
        if self.version is OcppVersion.V16 or kind == SEND:
            return None
        if message_id is not None:
            return encode_error(message_id, MESSAGE_TYPE_NOT_SUPPORTED, frame.reason)
        return encode_error(UNKNOWN_MESSAGE_ID, RPC_FRAMEWORK_ERROR, frame.reason)

    async def _reply(self, raw: bytes) -> None:
        try:
            await self._send(raw)
        except ConnectionError:
            self._count("answer_not_delivered")

    async def _send(self, raw: bytes) -> None:
        """Put a frame on the wire.

        Raises NothingSentError if the socket refused it before it took a byte, ConnectionError if it broke while the
        frame was leaving. aiohttp hands a frame over in one piece before it waits for anything: a send that fails
        without having waited has handed over nothing.
        """
        if self.closed.done() or self._socket.closed:
            raise NothingSentError("The connection is closed")
        sending = asyncio.create_task(
            self._socket.send_frame(raw, WSMsgType.TEXT), eager_start=True, name="uplink frame"
        )
        if sending.done() and isinstance(sending.exception(), ConnectionError):
            raise NothingSentError("The connection is closing") from sending.exception()
        self.sent_bytes += len(raw)
        await sending
