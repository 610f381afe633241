"""Whether there is still somebody at the other end of a socket."""

from collections.abc import Awaitable, Callable

from ...model.clock import Clock, sleep, timeout
from ..settings import CsmsSettings

_SHORTEST_WAIT_S = 0.1


class Liveness:
    """Judges a connection by when it was last heard; everything that arrives counts as life.

    A station that has ever answered a ping is dead after `ping_interval_s + ping_timeout_s` of silence. One that
    never has is only judged by `silence_limit_s`: some firmware ignores pings and still does its work.
    """

    __slots__ = ("_clock", "_deaf", "_ping", "_settings", "answers_pings", "heard_at_s")

    def __init__(
        self,
        clock: Clock,
        settings: CsmsSettings,
        ping: Callable[[], Awaitable[None]],
        *,
        deaf: Callable[[], bool],
        answers_pings: bool,
    ) -> None:
        """Begin alive.

        `deaf` tells whether it is we who do not listen just now, when silence means nothing. `answers_pings`:
        whether an earlier connection of the station did.
        """
        self._clock = clock
        self._settings = settings
        self._ping = ping
        self.answers_pings = answers_pings
        self._deaf = deaf
        self.heard_at_s = clock.monotonic()

    def heard(self) -> None:
        """Something has arrived."""
        self.heard_at_s = self._clock.monotonic()

    def ponged(self) -> None:
        """A ping was answered."""
        self.answers_pings = True
        self.heard_at_s = self._clock.monotonic()

    async def until_dead(self) -> None:
        """Ping where it is silent, and return once the connection has to be taken for dead."""
        settings = self._settings
        await self._try_ping()
        while True:
            silent_s = self._clock.monotonic() - self.heard_at_s
            limit_s = (
                settings.ping_interval_s + settings.ping_timeout_s if self.answers_pings else settings.silence_limit_s
            )
            if self._deaf():
                self.heard()
                silent_s = 0.0
            elif silent_s >= limit_s:
                return
            elif silent_s >= settings.ping_interval_s:
                await self._try_ping()
                silent_s = self._clock.monotonic() - self.heard_at_s
                await sleep(self._clock, max(_SHORTEST_WAIT_S, min(settings.ping_timeout_s, limit_s - silent_s)))
                continue
            await sleep(self._clock, max(_SHORTEST_WAIT_S, settings.ping_interval_s - silent_s))

    async def _try_ping(self) -> None:
        """Send a ping; a socket that takes none any more shows soon enough that it is dead."""
        try:
            async with timeout(self._clock, self._settings.ping_timeout_s):
                await self._ping()
        except TimeoutError, ConnectionError:
            pass
