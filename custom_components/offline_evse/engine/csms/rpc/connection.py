"""One socket of a station, from its handshake to its end."""

import asyncio
from collections import deque
from dataclasses import replace
import logging

from aiohttp import WSMsgType, web

from ...model.clock import Clock, timeout
from ...model.command import Command, CommandResult, Priority
from ...model.frame import Direction
from ...model.station import OcppVersion
from ...model.station_event import BootAnswer, BootReported, StationAnswer, StationEvent, StatusReported
from ...ocppj.frames import (
    CALL,
    CALL_ERROR,
    CALL_RESULT,
    FORMAT_VIOLATION,
    INTERNAL_ERROR,
    MESSAGE_TYPE_NOT_SUPPORTED,
    NOT_IMPLEMENTED,
    RPC_FRAMEWORK_ERROR,
    SECURITY_ERROR,
    SEND,
    UNKNOWN_MESSAGE_ID,
    Call,
    Unreadable,
    encode_error,
    encode_result,
    parse,
)
from ..codec import Codec, UnknownActionError
from ..handler import StationHandler
from ..onboarding import Onboarding
from ..settings import CsmsSettings
from ..station import Station
from .call_queue import CallQueue
from .liveness import Liveness

_LOGGER = logging.getLogger(__name__)

_FRAMES_PER_TURN = 32
"""Frames of one station that are worked on before all others get a turn."""
_SHOWN_FAILURES = 50
_LAST_RESORT_S = 1.0


class Connection:
    """Reads, answers and asks over one socket; knows nothing of the station's other sockets.

    Answers to our requests are taken in at once. The station's own requests are answered in the order of their
    arrival, one after the other, so that a slow commit holds back only the station that waits for it; a Heartbeat
    overtakes them, for it says nothing but that the station lives.
    """

    def __init__(
        self,
        *,
        station: Station,
        socket: web.WebSocketResponse[bool],
        transport: asyncio.Transport | None,
        remote: str,
        codec: Codec,
        handler: StationHandler,
        clock: Clock,
        settings: CsmsSettings,
        adopted: bool,
    ) -> None:
        """Take over a socket whose handshake is done."""
        self.remote = remote
        self.adopted = adopted
        """Whether the station belongs to the site; a stranger may introduce itself, and nothing more."""
        self.version: OcppVersion = codec.version
        self.calls = CallQueue(
            codec, clock, send=self._send, count=station.oddities.count, timeout_s=settings.call_timeout_s
        )
        self.onboarding = Onboarding(
            station=station,
            version=codec.version,
            send=self.send,
            handler=handler,
            clock=clock,
            settings=settings,
        )
        self._station = station
        self._socket = socket
        self._transport = transport
        self._codec = codec
        self._handler = handler
        self._clock = clock
        self._settings = settings
        self._liveness = Liveness(clock, settings, socket.ping, station=station, deaf=self._is_deaf)
        self._backlog: deque[Call] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._heartbeat: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._delivering = False
        self._cutting: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        """Set once nothing more can arrive."""
        self._failed_actions: set[str] = set()
        codec.ladder.clock.on_moved = self._clock_moved

    async def send(
        self, command: Command, priority: Priority = Priority.COMMAND, timeout_s: float | None = None
    ) -> CommandResult:
        """Have a command carried out; its outcome says how it ended."""
        return await self.calls.submit(command, priority, timeout_s)

    async def run(self, first_frame: bytes | None = None) -> None:
        """Serve the socket until it ends; nothing of it is left afterwards."""
        watch = asyncio.create_task(self._abort_when_dead(), name="ocpp liveness")
        try:
            if self.adopted:
                self.onboarding.start()
            if first_frame is not None and (reply := self._take(first_frame)) is not None:
                await self._deliver(reply)
            await self._read()
        except ConnectionError:
            _LOGGER.debug("Connection of %s broke", self._station.station_id)
        finally:
            self._ended.set()
            self._station.ended(in_silence=self._liveness.over and self._liveness.never_answered)
            await self._wind_up(watch)

    def cut(self, code: int, reason: str) -> asyncio.Task[None]:
        """Close the socket in the background. Whoever waits for an answer over it knows at once that none will come."""
        if self._cutting is None:
            self.calls.close()
            self.onboarding.cancel()
            self._cutting = asyncio.create_task(self._close(code, reason), name="ocpp close")
        return self._cutting

    def _clock_moved(self) -> None:
        self._station.oddities.count("clock_off")
        self._codec.ladder.floors.forget()
        if self.adopted:
            self._handler.clock_moved(self._station.station_id)

    def _is_deaf(self) -> bool:
        """Whether silence is our own doing: too much is waiting for its turn here."""
        return self._room is not None and not self._delivering

    async def _read(self) -> None:
        """Take in whatever arrives until the socket ends."""
        receive = self._socket.receive
        turn = 0
        while True:
            message = await receive()
            kind = message.type
            turn += 1
            if turn >= _FRAMES_PER_TURN:
                turn = 0
                await asyncio.sleep(0)
            if kind is WSMsgType.TEXT or kind is WSMsgType.BINARY:
                if self._cutting is not None:
                    # What comes after our goodbye cannot be answered any more; the station will say it again.
                    continue
                self._liveness.heard()
                if kind is WSMsgType.BINARY:
                    self._station.oddities.count("binary_frame")
                if (reply := self._take(message.data)) is not None:
                    await self._deliver(reply)
                if len(self._backlog) >= self._settings.max_backlog:
                    await self._wait_for_room()
            elif kind is WSMsgType.PING:
                self._liveness.heard()
                if self._cutting is None:
                    await self._socket.pong(message.data)
            elif kind is WSMsgType.PONG:
                self._liveness.ponged()
            else:
                if kind is WSMsgType.ERROR:
                    self._station.oddities.count("broken_websocket_frame")
                return

    def _take(self, raw: bytes) -> bytes | None:
        """Sort a frame to where it belongs; returns a reply that can be given without thinking."""
        station = self._station
        station.frame_log.add(Direction.RECEIVED, raw)
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("%s > %s", station.station_id, raw.decode(errors="replace"))
        frame = parse(raw, station.oddities.count)
        if isinstance(frame, Call):
            self._take_call(frame)
            return None
        if isinstance(frame, Unreadable):
            return self._take_unreadable(frame)
        self.calls.settle(frame)
        return None

    def _take_call(self, call: Call) -> None:
        """Have a request answered now if nothing is before it, or in its turn."""
        if self._worker is None:
            self._backlog.append(call)
            task = asyncio.create_task(self._work(), eager_start=True, name="ocpp answers")
            if not task.done():
                self._worker = task
        elif call.action == "Heartbeat" and self._heartbeat is None:
            task = asyncio.create_task(self._answer(call), eager_start=True, name="ocpp heartbeat")
            if not task.done():
                self._heartbeat = task
                task.add_done_callback(self._heartbeat_done)
        else:
            self._backlog.append(call)

    def _heartbeat_done(self, _: asyncio.Task[None]) -> None:
        self._heartbeat = None

    def _take_unreadable(self, frame: Unreadable) -> bytes | None:
        """Answer what cannot be read as far as the version has an answer for it."""
        kind, message_id = frame.message_type, frame.message_id
        if kind == SEND and self.version is OcppVersion.V21:
            # Periodic event streams: none was asked for, none is answered.
            return None
        self._station.oddities.count(frame.reason)
        if kind in (CALL_RESULT, CALL_ERROR):
            if message_id is not None:
                self.calls.settle(frame)
            return None
        if kind == CALL and message_id is not None:
            return encode_error(message_id, FORMAT_VIOLATION[self.version], frame.reason)
        if self.version is OcppVersion.V16 or kind == SEND:
            # 1.6-J §4.1.3 wants unknown types ignored, and has no id to answer to where none can be read.
            return None
        if message_id is not None:
            return encode_error(message_id, MESSAGE_TYPE_NOT_SUPPORTED, frame.reason)
        return encode_error(UNKNOWN_MESSAGE_ID, RPC_FRAMEWORK_ERROR, frame.reason)

    async def _work(self) -> None:
        """Answer what is waiting, in order, until nothing is."""
        backlog = self._backlog
        try:
            while backlog:
                await self._answer(backlog.popleft())
                if self._room is not None and len(backlog) <= self._settings.max_backlog // 2:
                    self._make_room()
        finally:
            self._worker = None

    async def _answer(self, call: Call) -> None:
        """Answer one request; whatever happens inside, the station gets an answer."""
        event: StationEvent | None = None
        answer: StationAnswer | None = None
        try:
            if self.adopted or call.action == "BootNotification":
                event = self._codec.decode_call(call.action, call.payload)
                answer = await self._handler.handle(self._station.station_id, event)
                if type(answer) is BootAnswer:
                    answer = self._bounded(answer)
                raw = encode_result(call.message_id, self._codec.encode_answer(event, answer))
            else:
                raw = encode_error(call.message_id, SECURITY_ERROR, "This station is not served here")
        except UnknownActionError:
            self._station.oddities.count("unknown_action")
            raw = encode_error(call.message_id, NOT_IMPLEMENTED, f"{call.action[:50]} is not served here")
        except Exception:
            answer = None
            if self._fails_first_time(call.action):
                _LOGGER.exception("%s of station %s could not be handled", call.action[:50], self._station.station_id)
            raw = encode_error(call.message_id, INTERNAL_ERROR)
        await self._deliver(raw)
        if type(event) is BootReported:
            self._booted(event, answer)
        elif type(event) is StatusReported:
            self.onboarding.status_told()

    def _bounded(self, answer: BootAnswer) -> BootAnswer:
        """Never let a served station fall silent for longer than the liveness check can bear."""
        longest_s = self._settings.heartbeat_interval_s
        if answer.accepted and not 0 < answer.interval_s <= longest_s:
            return replace(answer, interval_s=longest_s)
        return answer

    def _booted(self, event: BootReported, answer: StationAnswer | None) -> None:
        """The station has introduced itself, and has been told whether it is served."""
        if isinstance(answer, BootAnswer) and answer.accepted and self.adopted and self._cutting is None:
            self._station.note_firmware(event.identity.firmware_version)
            if event.reason != "Triggered":
                self._codec.ladder.floors.forget()
            self.onboarding.booted()

    def _fails_first_time(self, action: str) -> bool:
        """Count a failure of our own; returns whether it is worth a traceback, once per action and connection."""
        self._station.oddities.count("request_failed_here")
        if action in self._failed_actions or len(self._failed_actions) >= _SHOWN_FAILURES:
            return False
        self._failed_actions.add(action)
        return True

    async def _send(self, raw: bytes) -> None:
        """Put a frame on the wire; raises ConnectionError if the socket has gone."""
        if self._cutting is not None:
            raise ConnectionResetError("The connection is being closed")
        station = self._station
        station.frame_log.add(Direction.SENT, raw)
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("%s < %s", station.station_id, raw.decode(errors="replace"))
        await self._socket.send_frame(raw, WSMsgType.TEXT)

    async def _deliver(self, raw: bytes) -> None:
        """Send an answer; a station that has gone meanwhile will ask again."""
        self._delivering = True
        try:
            await self._send(raw)
        except ConnectionError:
            self._station.oddities.count("answer_not_delivered")
        finally:
            self._delivering = False

    async def _wait_for_room(self) -> None:
        """Read no more until the worker has caught up: the station's own TCP window fills, and it waits."""
        if self._cutting is not None:
            return
        self._station.oddities.count("too_many_requests_waiting")
        self._room = asyncio.get_running_loop().create_future()
        await self._room

    def _make_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None

    async def _abort_when_dead(self) -> None:
        """Give the socket up once nobody can be at its other end any more."""
        await self._liveness.until_dead()
        _LOGGER.info("Station %s has fallen silent, its connection is given up", self._station.station_id)
        self.calls.close()
        self._make_room()
        self._abort()

    async def _close(self, code: int, reason: str) -> None:
        """Say goodbye, wait a moment for the station to do the same, and let go.

        aiohttp's own close would not wait while another task reads.
        """
        self._make_room()
        try:
            async with timeout(self._clock, self._settings.close_timeout_s):
                await self._socket.send_frame(code.to_bytes(2) + reason.encode(), WSMsgType.CLOSE)
                await self._ended.wait()
        except TimeoutError, ConnectionError:
            _LOGGER.debug("Station %s did not close its socket", self._station.station_id)
        finally:
            self._abort()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _wind_up(self, watch: asyncio.Task[None]) -> None:
        """Let what has arrived be finished, then end every task of this connection."""
        ending: set[asyncio.Task[None]] = {watch}
        watch.cancel()
        if (pump := self.calls.close()) is not None:
            ending.add(pump)
        ending |= self.onboarding.cancel()
        working = {task for task in (self._worker, self._heartbeat) if task is not None}
        if working:
            try:
                async with timeout(self._clock, self._settings.finish_timeout_s):
                    await asyncio.wait(working)
            except TimeoutError:
                for task in working:
                    task.cancel()
            ending |= working
        if self._cutting is not None:
            ending.add(self._cutting)
        await asyncio.wait(ending, timeout=self._settings.close_timeout_s + _LAST_RESORT_S)
