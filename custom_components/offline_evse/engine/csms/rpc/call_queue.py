"""Our requests to one station over one connection: the urgent ones first, and never two on the wire at once."""

import asyncio
from bisect import insort
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
import logging
from uuid import uuid4

from ...model.clock import Clock, timeout
from ...model.command import ApplyFloor, ApplyLimit, Command, CommandResult, Outcome, Priority
from ...ocppj.frames import CallError, CallResult, CountOddity, Unreadable, encode_call
from ..codec import Codec, UnsupportedCommandError

_LOGGER = logging.getLogger(__name__)

_TRANSIENT_ERRORS = frozenset({"InternalError", "GenericError", "SecurityError"})
"""CALLERROR codes that say "not now", where all others say "not this"."""

NO_ANSWER = "no_answer"
"""Detail of a result where the station let the time run out."""

_REMEMBERED_IDS = 32
_MOST_FORMS = 100
"""Forms of one profile that are tried at most; the ladder ends long before."""

type Answer = CallResult | CallError | Unreadable


@dataclass(slots=True, eq=False, kw_only=True)
class _QueuedCall:
    """A command on its way, and everybody who waits for its result."""

    command: Command
    priority: Priority
    order: int
    timeout_s: float
    waiters: list[asyncio.Future[CommandResult]]
    forms_tried: int = 0
    """How often it has left, each time in another form."""

    def resolve(self, result: CommandResult) -> None:
        """Tell everybody who still waits."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(result)


def _rank(call: _QueuedCall) -> tuple[int, int]:
    """Return a call's place in the queue."""
    return (call.priority, call.order)


class CallQueue:
    """Sends commands one after the other and matches what comes back (one outstanding CALL: 1.6-J §4.1.1)."""

    def __init__(
        self,
        codec: Codec,
        clock: Clock,
        *,
        send: Callable[[bytes], Awaitable[None]],
        count: CountOddity,
        timeout_s: float,
    ) -> None:
        """Send through `send`; `timeout_s` is how long a station may take to answer unless the caller says."""
        self._codec = codec
        self._clock = clock
        self._send = send
        self._count = count
        self._timeout_s = timeout_s
        self._queued: list[_QueuedCall] = []
        self._order = 0
        self._current: _QueuedCall | None = None
        self._awaited: tuple[str, asyncio.Future[Answer]] | None = None
        self._given_up: deque[str] = deque(maxlen=_REMEMBERED_IDS)
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    def submit(
        self, command: Command, priority: Priority = Priority.COMMAND, timeout_s: float | None = None
    ) -> asyncio.Future[CommandResult]:
        """Queue a command; the future always gets a result, never an exception.

        A limit or floor that has not left yet is replaced by a newer one for the same EVSE, and whoever waited for
        it gets the newer one's result. `timeout_s` counts from the moment the command leaves.
        """
        waiter: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        if self._closed:
            waiter.set_result(CommandResult(outcome=Outcome.OFFLINE))
            return waiter
        self._order += 1
        call = _QueuedCall(
            command=command,
            priority=priority,
            order=self._order,
            timeout_s=self._timeout_s if timeout_s is None else timeout_s,
            waiters=[waiter],
        )
        if (older := self._queued_like(command)) is not None:
            self._queued.remove(older)
            call.order = older.order
            call.priority = min(call.priority, older.priority)
            call.waiters += older.waiters
        insort(self._queued, call, key=_rank)
        if self._pump is None:
            self._pump = asyncio.create_task(self._send_queued(), name="ocpp calls")
        return waiter

    def settle(self, answer: Answer) -> None:
        """Take in an answer from the station; ones that nobody waits for any more are only counted."""
        message_id = str(answer.message_id)
        if self._awaited is not None and self._awaited[0] == message_id:
            future = self._awaited[1]
            if not future.done():
                future.set_result(answer)
        elif message_id in self._given_up:
            self._count("late_answer")
        else:
            self._count("answer_to_nothing")

    def close(self) -> asyncio.Task[None] | None:
        """End everything: what has left is uncertain, what has not is offline. Returns the task that is ending."""
        self._closed = True
        if self._current is not None:
            self._current.resolve(CommandResult(outcome=Outcome.UNCERTAIN, detail="connection_lost"))
        for call in self._queued:
            call.resolve(CommandResult(outcome=Outcome.OFFLINE, detail="connection_lost"))
        self._queued.clear()
        if self._pump is not None:
            self._pump.cancel()
        return self._pump

    def _queued_like(self, command: Command) -> _QueuedCall | None:
        """The queued command that sets the same limit or floor as `command` does."""
        if not isinstance(command, ApplyLimit | ApplyFloor):
            return None
        for call in self._queued:
            if type(call.command) is type(command) and call.command.evse_id == command.evse_id:
                return call
        return None

    def _has_another_form(self, call: _QueuedCall, result: CommandResult) -> bool:
        """Whether a refused limit or floor is worth sending again, differently encoded."""
        call.forms_tried += 1
        return (
            isinstance(call.command, ApplyLimit | ApplyFloor)
            and result.outcome in (Outcome.REJECTED, Outcome.UNSUPPORTED)
            and result.answered_at is not None
            and call.forms_tried < _MOST_FORMS
            and not self._closed
            and self._codec.next_rung(call.command, result)
        )

    def _enqueue(self, call: _QueuedCall) -> None:
        """Queue a call again in its old place, behind what is more urgent; a newer one for the same EVSE takes over."""
        if (newer := self._queued_like(call.command)) is not None:
            newer.waiters += call.waiters
        else:
            insort(self._queued, call, key=_rank)

    async def _send_queued(self) -> None:
        """Work until nothing is left."""
        try:
            while self._queued:
                call = self._queued.pop(0)
                if all(waiter.done() for waiter in call.waiters):
                    continue
                self._current = call
                result = await self._perform(call)
                if self._has_another_form(call, result):
                    self._enqueue(call)
                else:
                    call.resolve(result)
        finally:
            self._current = None
            self._pump = None

    async def _perform(self, call: _QueuedCall) -> CommandResult:
        """Send one command and wait for its end."""
        if (foreseen := self._codec.foreseen(call.command)) is not None:
            return foreseen
        message_id = str(uuid4())
        try:
            action, payload = self._codec.encode_command(call.command)
            raw = encode_call(message_id, action, payload)
        except UnsupportedCommandError as error:
            return CommandResult(outcome=Outcome.UNSUPPORTED, detail=str(error) or None)
        except Exception:
            _LOGGER.exception("%s cannot be put into OCPP", type(call.command).__name__)
            return CommandResult(outcome=Outcome.UNSUPPORTED, detail="not_encodable")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._awaited = (message_id, answer)
        try:
            async with timeout(self._clock, call.timeout_s):
                await self._send(raw)
                return self._read(call.command, await answer)
        except TimeoutError:
            self._given_up.append(message_id)
            self._count("no_answer")
            return CommandResult(outcome=Outcome.UNCERTAIN, detail=NO_ANSWER)
        except ConnectionError:
            return CommandResult(outcome=Outcome.UNCERTAIN, detail="connection_lost")
        finally:
            self._awaited = None

    def _read(self, command: Command, answer: Answer) -> CommandResult:
        """Turn an answer into a result."""
        answered_at = self._clock.now()
        match answer:
            case CallResult(payload=payload):
                try:
                    result = self._codec.decode_result(command, payload)
                except Exception:
                    _LOGGER.exception("Answer to %s could not be read", type(command).__name__)
                    self._count("unreadable_answer")
                    return CommandResult(
                        outcome=Outcome.UNSUPPORTED, detail="unreadable_answer", answered_at=answered_at
                    )
                return result if result.answered_at else replace(result, answered_at=answered_at)
            case CallError(code=code, description=description):
                return CommandResult(
                    outcome=Outcome.REJECTED if code in _TRANSIENT_ERRORS else Outcome.UNSUPPORTED,
                    detail=f"{code}: {description}" if description else code,
                    answered_at=answered_at,
                )
        self._count("unreadable_answer")
        return CommandResult(outcome=Outcome.UNSUPPORTED, detail="unreadable_answer", answered_at=answered_at)
