"""Our CALLs over one socket: the urgent ones first, and never two on the wire at once (1.6-J §4.1.1)."""

import asyncio
from bisect import insort
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
import logging
from typing import Any

from ...model.clock import Clock, timeout
from ...ocppj.frames import CALL_ERROR, CallError, CallResult, CountOddity, Unreadable

_LOGGER = logging.getLogger(__name__)

_REMEMBERED_IDS = 32

type Answer = CallResult | CallError | Unreadable


class CallOutcome(StrEnum):
    """How a CALL ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """With a CALLERROR."""
    LOST = "lost"
    """It may have left and nothing came back: only the backend knows what it has."""
    UNSENT = "unsent"
    """Not one byte of it has left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    """How a CALL ended, and what was said."""

    outcome: CallOutcome
    payload: dict[str, Any] | None = None
    """Of ANSWERED; empty where an answer came that could not be read."""
    code: str | None = None
    """Of REFUSED, as the backend wrote it."""
    description: str | None = None
    rtt_s: float | None = None
    """From the moment it left to the answer, in s; None without an answer."""


class NothingSentError(ConnectionError):
    """Raised by whoever sends when a frame was not handed to the transport."""


@dataclass(slots=True, eq=False, kw_only=True)
class _Waiting:
    """A CALL that waits for its turn, and who waits for its end."""

    message_id: str
    raw: bytes
    urgent: bool
    order: int
    timeout_s: float
    end: asyncio.Future[CallEnd]

    def resolve(self, end: CallEnd) -> None:
        if not self.end.done():
            self.end.set_result(end)


def _rank(waiting: _Waiting) -> tuple[bool, int]:
    return (not waiting.urgent, waiting.order)


class CallLine:
    """The waiting line before a socket.

    A CALL stays on the wire until it is answered, its time is over or the socket is gone, even if nobody waits for its
    end any more: the next one would otherwise overlap it.
    """

    def __init__(self, clock: Clock, send: Callable[[bytes], Awaitable[None]], count: CountOddity) -> None:
        """Send through `send`, which raises NothingSentError, or another ConnectionError where nobody can know."""
        self._clock = clock
        self._send = send
        self._count = count
        self._waiting: list[_Waiting] = []
        self._order = 0
        self._current: _Waiting | None = None
        self._awaited: tuple[str, asyncio.Future[Answer]] | None = None
        self._given_up: deque[str] = deque(maxlen=_REMEMBERED_IDS)
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    async def call(self, message_id: str, frame: str, urgent: bool, timeout_s: float) -> CallEnd:
        """Send a CALL in its turn and return how it ended; `timeout_s` counts from the moment it leaves.

        Whoever is cancelled before the turn has come takes the CALL out of the line.
        """
        if self._closed:
            return CallEnd(outcome=CallOutcome.UNSENT)
        self._order += 1
        waiting = _Waiting(
            message_id=message_id,
            raw=frame.encode(),
            urgent=urgent,
            order=self._order,
            timeout_s=timeout_s,
            end=asyncio.get_running_loop().create_future(),
        )
        insort(self._waiting, waiting, key=_rank)
        if self._pump is None:
            self._pump = asyncio.create_task(self._send_waiting(), name="uplink calls")
        return await waiting.end

    def take(self, answer: Answer) -> None:
        """Take in an answer; one that nobody waits for any more is only counted."""
        message_id = str(answer.message_id)
        if self._awaited is not None and self._awaited[0] == message_id:
            if not self._awaited[1].done():
                self._awaited[1].set_result(answer)
        else:
            self._count("late_answer" if message_id in self._given_up else "answer_to_nothing")

    def close(self) -> asyncio.Task[None] | None:
        """End everything: what has left is lost, what waits is unsent. Returns the task that is ending."""
        self._closed = True
        if self._current is not None:
            self._current.resolve(CallEnd(outcome=CallOutcome.LOST))
        for waiting in self._waiting:
            waiting.resolve(CallEnd(outcome=CallOutcome.UNSENT))
        self._waiting.clear()
        if self._pump is not None:
            self._pump.cancel()
        return self._pump

    async def _send_waiting(self) -> None:
        """Work until nobody waits."""
        try:
            while self._waiting:
                waiting = self._waiting.pop(0)
                if waiting.end.done():
                    continue
                self._current = waiting
                waiting.resolve(await self._perform(waiting))
                self._current = None
        finally:
            self._current = None
            self._pump = None

    async def _perform(self, waiting: _Waiting) -> CallEnd:
        """Send one CALL and wait for its end."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._awaited = (waiting.message_id, answer)
        left_s = self._clock.monotonic()
        try:
            async with timeout(self._clock, waiting.timeout_s):
                await self._send(waiting.raw)
                return self._read(await answer, self._clock.monotonic() - left_s)
        except NothingSentError:
            return CallEnd(outcome=CallOutcome.UNSENT)
        except TimeoutError:
            self._given_up.append(waiting.message_id)
            self._count("no_answer")
            return CallEnd(outcome=CallOutcome.LOST)
        except ConnectionError:
            return CallEnd(outcome=CallOutcome.LOST)
        except Exception:
            _LOGGER.exception("A call to a backend ended in an unforeseen way")
            return CallEnd(outcome=CallOutcome.LOST)
        finally:
            self._awaited = None

    def _read(self, answer: Answer, rtt_s: float) -> CallEnd:
        match answer:
            case CallResult(payload=payload):
                return CallEnd(outcome=CallOutcome.ANSWERED, payload=payload, rtt_s=rtt_s)
            case CallError(code=code, description=description):
                return CallEnd(outcome=CallOutcome.REFUSED, code=code, description=description, rtt_s=rtt_s)
        # Its head could be read: the backend has taken a decision, and told it badly.
        self._count("unreadable_answer")
        if answer.message_type == CALL_ERROR:
            return CallEnd(outcome=CallOutcome.REFUSED, code="", description=answer.reason, rtt_s=rtt_s)
        return CallEnd(outcome=CallOutcome.ANSWERED, payload={}, rtt_s=rtt_s)
