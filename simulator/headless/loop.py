"""An event loop whose time passes only when nobody has anything left to do, and then at once."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context, copy_context
import selectors
import threading
from typing import Any, override

from .network import Network

THREAD_PATIENCE_S = 60.0
"""How long, in real seconds, a thread may take over what the site waits for."""


class DeadEndError(RuntimeError):
    """Nothing is scheduled and no thread is at work: whoever still waits would wait for ever."""


class _JumpingSelector(selectors.SelectSelector):
    """Where an event loop would sleep, the time jumps. There are no sockets to watch."""

    def __init__(self) -> None:
        super().__init__()
        self.rest: Callable[[float | None], None] = lambda timeout: None

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout != 0:
            self.rest(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs everything that is ready, then waits for threads that owe something, then jumps to the next timer.

    What threads hand over is taken in only when all that they owe is there, in the order in which it was asked for.
    So a run depends on nothing but what is run in it. Sockets are those of `network`.
    """

    def __init__(self) -> None:
        """Begin at 1000 s."""
        self._time_s = 1000.0
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.rest = self._rest
        self.network = Network(self)
        self._owed: deque[asyncio.Future[Any]] = deque()
        self._handed_over: deque[tuple[Context, Callable[..., Any], tuple[Any, ...]]] = deque()
        self._news = threading.Condition()
        self._own_thread = threading.get_ident()

    @override
    def time(self) -> float:
        return self._time_s

    def owe(self, future: asyncio.Future[Any]) -> None:
        """Let no time pass until a thread has settled this future."""
        self._owed.append(future)

    @override
    def call_soon_threadsafe[*Ts](
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if threading.get_ident() == self._own_thread:
            return self.call_soon(callback, *args, context=context)
        with self._news:
            self._handed_over.append((context or copy_context(), callback, args))
            self._news.notify()
        return asyncio.Handle(callback, args, self, context)

    @override
    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Have it done in the executor's thread while everything else stands still; without one, here and now."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args) if executor is None else executor.submit(func, *args).result())
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits the future
            future.set_exception(error)
        return future

    @override
    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:
        return self.network.listen(protocol_factory, port)

    @override
    async def create_unix_connection(self, protocol_factory: Any, path: Any = None, **_: Any) -> Any:
        """Connect to a port of the network; the path is its number."""
        return self.network.connect(protocol_factory, int(path))

    def _rest(self, timeout: float | None) -> None:
        if self._owed or self._handed_over:
            self._wait_for_threads()
        elif timeout is None:
            raise DeadEndError("nothing is scheduled any more")
        else:
            self._time_s += timeout

    def _wait_for_threads(self) -> None:
        while True:
            while self._handed_over:
                context, callback, args = self._handed_over.popleft()
                context.run(callback, *args)
            while self._owed and self._owed[0].done():
                self._owed.popleft()
            if not self._owed:
                return
            with self._news:
                if not self._handed_over and not self._news.wait(THREAD_PATIENCE_S):
                    raise DeadEndError("a thread does not give what it owes")
