"""What a backend asks over one socket: answered one after the other, in the order of arrival."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
import logging
from typing import Any

from ...model.clock import Clock, timeout
from ...ocppj.frames import INTERNAL_ERROR, Call, CountOddity, encode_error, encode_result

_LOGGER = logging.getLogger(__name__)

_MOST_WAITING = 64
"""Requests of a backend that wait at most; the specification allows it one at a time."""
_GRACE_S = 5.0
_LAST_WORD_S = 0.3
"""So long a goodbye is put off for an answer that is about to be given: the backend would take it for refused."""

type OnCall = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class CallRefusedError(Exception):
    """Raised by whoever answers a backend: it gets a CALLERROR."""

    def __init__(self, code: str, description: str = "") -> None:
        """Refuse with an error code of the OCPP version in use."""
        super().__init__(code)
        self.code = code
        self.description = description


class Requests:
    """A backend's CALLs that wait for an answer.

    What has been begun when the socket ends is carried through, for it may have changed something here; what has not
    been begun is dropped, and the backend knows that by the missing answer.
    """

    def __init__(
        self, clock: Clock, on_call: OnCall, send: Callable[[bytes], Awaitable[None]], count: CountOddity
    ) -> None:
        """Ask `on_call` for the answers and send them through `send`."""
        self._clock = clock
        self._on_call = on_call
        self._send = send
        self._count = count
        self._waiting: deque[Call] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._ending = False

    def take(self, call: Call) -> bytes | None:
        """Have a CALL answered in its turn; returns the answer where it is refused at once."""
        if self._ending:
            self._count("request_while_closing")
            return None
        if len(self._waiting) >= _MOST_WAITING:
            self._count("too_many_requests_waiting")
            return encode_error(call.message_id, INTERNAL_ERROR, "Too many requests are waiting")
        self._waiting.append(call)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(), name="uplink answers")
        return None

    async def finish(self) -> None:
        """Begin nothing more, and give what has been begun a moment for its answer, while it can still be sent."""
        self._ending = True
        self._waiting.clear()
        worker = self._worker
        if worker is None or worker is asyncio.current_task():
            return
        with suppress(TimeoutError):
            async with timeout(self._clock, _LAST_WORD_S):
                await asyncio.wait((worker,))

    def drop(self) -> None:
        """Begin nothing more."""
        self._waiting.clear()

    async def close(self) -> None:
        """Begin nothing more, and wait a moment for what has been begun."""
        self._waiting.clear()
        worker = self._worker
        if worker is None or worker is asyncio.current_task():
            return
        try:
            async with timeout(self._clock, _GRACE_S):
                await asyncio.wait((worker,))
        except TimeoutError:
            worker.cancel()
            await asyncio.wait((worker,))

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._answer(self._waiting.popleft())
        finally:
            self._worker = None

    async def _answer(self, call: Call) -> None:
        """Answer one CALL; whatever happens inside, the backend gets an answer while it can be reached."""
        try:
            raw = encode_result(call.message_id, await self._on_call(call.action, call.payload))
        except CallRefusedError as err:
            raw = encode_error(call.message_id, err.code, err.description)
        except Exception:
            _LOGGER.exception("%s of a backend could not be handled", call.action[:50])
            self._count("request_failed_here")
            raw = encode_error(call.message_id, INTERNAL_ERROR)
        try:
            await self._send(raw)
        except ConnectionError:
            self._count("answer_not_delivered")
