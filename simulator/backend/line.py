"""One socket of one station: what comes is judged before it is answered, and answered one at a time."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
import json
import os
import signal
from typing import Any

import aiohttp
from aiohttp import web

from .answering import CENTRALS, Desk
from .conduct import Deed
from .faults import FaultKind
from .library import (
    OcppError,
    error_frame,
    request_of,
    said,
    v16_call,
    v21_call,
    v201_call,
    violation,
    violation_of_answer,
)
from .readings import time_of

_CALLS = {"1.6": v16_call, "2.0.1": v201_call, "2.1": v21_call}
_TIMES = ("timestamp", "validFrom", "validTo", "startSchedule")


@dataclass
class Message:
    """A CALL of the station."""

    station: str
    message_id: str = ""
    action: str = ""
    text: str = ""
    payload: Any = None
    taken: bool = False


class Line:
    """A station's socket, from its first frame to its last."""

    def __init__(self, desk: Desk, station: str, socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        """Take over a socket that is open."""
        self.desk = desk
        self.station = station
        self.told = Message(station)
        self.boot_status: str | None = None
        self.frames = 0
        self.version, kind = CENTRALS[socket.ws_protocol or ""]
        self._socket = socket
        self._transport = transport
        self._central = kind(self, self, 30.0)
        self._asked: dict[str, str] = {}
        self._waiting: asyncio.Queue[Message] = asyncio.Queue()
        self._unanswered: dict[str, float] = {}
        self._refused_until = 0.0
        self._answerer = asyncio.create_task(self._answer_all())

    async def serve(self) -> None:
        """Take frames until the socket closes."""
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self.frames += 1
                    await self._take(message.data)
        finally:
            self._answerer.cancel()
            with suppress(asyncio.CancelledError):
                await self._answerer

    def cut(self) -> None:
        """Lose the line without a word."""
        self._transport.abort()

    async def ask(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a CALL, checked by its schema, and return the answer; a CALLERROR comes back under `error`.

        Raises ValueError for what is no request of the version, TimeoutError, ConnectionError.
        """
        request = request_of(_CALLS[self.version], action, payload)
        try:
            return said(await self._central.call(request, suppress=False))
        except OcppError as error:
            return {"error": getattr(error, "code", type(error).__name__)}

    async def send(self, text: str) -> None:
        """Send what the package wants to be sent; answers only as they are wanted here."""
        frame = json.loads(text)
        if frame[0] == 2:
            self._asked[frame[1]] = frame[2]
        else:
            text = await self._spoiled(frame, text)
        if not text:
            return
        self._unanswered.pop(frame[1], None)
        if self._socket.closed:
            raise ConnectionError("the line is gone")
        await self._socket.send_str(text)

    async def _spoiled(self, frame: list[Any], text: str) -> str:
        """Do to an answer what was planned; nothing is left of it where it does not go out."""
        conduct, action = self.desk.conduct, self.told.action
        if frame[0] == 3:
            self.desk.book.taken(self.station, self.told.message_id)
        self.desk.book.commit()
        if conduct.due(Deed.EXIT, action):
            os.kill(os.getpid(), signal.SIGKILL)
        if conduct.due(Deed.DIE, action):
            self.cut()
            raise ConnectionError("cut instead of an answer")
        if conduct.delay_s:
            await asyncio.sleep(conduct.delay_s)
        if conduct.due(Deed.IGNORE, action):
            return ""
        if conduct.due(Deed.WRONG_ID, action):
            return json.dumps([frame[0], f"not-{frame[1]}", *frame[2:]])
        if conduct.due(Deed.NONSENSE, action):
            return json.dumps([3, frame[1], {"nonsense": True}])
        return text

    async def _take(self, text: str) -> None:
        try:
            frame = json.loads(text)
            kind, message_id = frame[0], frame[1]
            well = isinstance(message_id, str) and len(message_id) <= 36 and len(frame) == {2: 4, 3: 3, 4: 5}[kind]
        except ValueError, TypeError, KeyError, IndexError:
            well = False
        if not well:
            self._fault(FaultKind.NOT_OCPP, text[:200])
        elif kind == 2:
            self._called(Message(self.station, message_id, frame[2], text, frame[3]))
        elif message_id not in self._asked:
            self._fault(FaultKind.UNKNOWN_ANSWER, text[:200])
        else:
            action = self._asked.pop(message_id)
            if kind == 3 and (why := violation_of_answer(self.version, message_id, action, frame[2])):
                self._fault(FaultKind.BAD_ANSWER, f"{action}: {why}")
            await self._central.route_message(text)

    def _called(self, message: Message) -> None:
        now = asyncio.get_running_loop().time()
        for message_id, since in self._unanswered.items():
            if now - since < self.desk.conduct.patience_s:
                self._fault(FaultKind.OVERLAP, f"{message.action} while {message_id} was not answered")
        self._unanswered[message.message_id] = now
        self._waiting.put_nowait(message)

    async def _answer_all(self) -> None:
        while True:
            message = await self._waiting.get()
            with suppress(ConnectionError):
                await self._answer(message)

    async def _answer(self, message: Message) -> None:
        self.told = message
        action, payload = message.action, message.payload
        message.taken = self.desk.book.heard(self.station, message.message_id, action, message.text)
        self._in_order(action)
        if action not in self._central.route_map:
            self._fault(FaultKind.UNKNOWN_ACTION, action)
            await self.send(error_frame(message.message_id, "NotImplemented"))
            return
        why = violation(self.version, message.message_id, action, payload)
        if why is not None or not isinstance(payload, dict):
            self._fault(FaultKind.SCHEMA, f"{action}: {why}: {message.text}")
            await self.send(error_frame(message.message_id, "FormationViolation", str(why)))
            return
        if wrong := next(_wrong_times(payload), None):
            self._fault(FaultKind.NOT_A_TIME, f"{action}: {wrong}")
            await self.send(error_frame(message.message_id, "PropertyConstraintViolation", wrong))
            return
        if self.desk.conduct.due(Deed.CALL_ERROR, action):
            if action == "TransactionEvent":
                self.desk.book.refused(self.station, payload)
            await self.send(error_frame(message.message_id, "InternalError", "out of order"))
            return
        await self._central.route_message(message.text)
        if action == "BootNotification" and self.boot_status != "Accepted":
            self._refused_until = asyncio.get_running_loop().time() + self.desk.conduct.boot_interval_s

    def _in_order(self, action: str) -> None:
        if action == "BootNotification":
            # A tenth early is a clock that differs.
            early_s = self._refused_until - asyncio.get_running_loop().time()
            if self.boot_status != "Accepted" and early_s > self.desk.conduct.boot_interval_s / 10:
                self._fault(FaultKind.BOOT_TOO_SOON, f"{early_s:.1f} s too soon")
        elif self.boot_status is None:
            self._fault(FaultKind.BEFORE_BOOT, action)
        elif self.boot_status != "Accepted":
            self._fault(FaultKind.NOT_ACCEPTED, f"{action} while {self.boot_status}")

    def _fault(self, kind: FaultKind, detail: str) -> None:
        self.desk.book.fault(kind, self.station, detail)


def _wrong_times(value: Any) -> Any:
    """Find what stands where a time should, and is none."""
    if isinstance(value, list):
        for item in value:
            yield from _wrong_times(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in _TIMES and time_of(item) is None:
                yield f"{name} {item!r}"
            yield from _wrong_times(item)
