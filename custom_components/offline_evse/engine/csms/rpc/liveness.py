"""Whether there is still somebody at the other end of a socket."""

from collections.abc import Awaitable, Callable

from ...model.clock import Clock, sleep, timeout
from ..settings import CsmsSettings
from ..station import Station

_SHORTEST_WAIT_S = 0.1
_PROMPT_S = 5.0
"""What arrives later than this after a ping was sent in knowledge of it: the answer is due before."""


class Liveness:
    """Judges a connection by when it was last heard; everything that arrives counts as life.

    A station is dead after `ping_interval_s + ping_timeout_s` of silence, whether it has answered a ping before or
    not. One that is known to ignore pings is only judged by `silence_limit_s`, for some firmware does and still does
    its work: it is known by talking on without having answered, or by coming back each time it was given up.
    """

    __slots__ = ("_answered", "_clock", "_deaf", "_ping", "_pinged_at_s", "_settings", "_station", "heard_at_s", "over")

    def __init__(
        self,
        clock: Clock,
        settings: CsmsSettings,
        ping: Callable[[], Awaitable[None]],
        *,
        station: Station,
        deaf: Callable[[], bool],
    ) -> None:
        """Begin alive. `deaf` tells whether it is we who do not listen just now, when silence means nothing."""
        self._clock = clock
        self._settings = settings
        self._ping = ping
        self._station = station
        self._deaf = deaf
        self._answered = False
        self._pinged_at_s: float | None = None
        """When the first ping was sent that nothing has followed yet; None: there is none."""
        self.over = False
        """Whether the connection was taken for dead."""
        self.heard_at_s = clock.monotonic()

    @property
    def never_answered(self) -> bool:
        """Whether no ping has been answered over this connection."""
        return not self._answered

    def heard(self) -> None:
        """Something has arrived."""
        self.heard_at_s = now_s = self._clock.monotonic()
        if self._pinged_at_s is not None and now_s - self._pinged_at_s > _PROMPT_S:
            self._pinged_at_s = None
            self._station.talked_past_ping()

    def ponged(self) -> None:
        """A ping was answered."""
        self.heard_at_s = self._clock.monotonic()
        self._answered = True
        self._pinged_at_s = None
        self._station.answered_ping()

    async def until_dead(self) -> None:
        """Ping where it is silent, and return once the connection has to be taken for dead."""
        settings = self._settings
        await self._try_ping()
        while True:
            silent_s = self._clock.monotonic() - self.heard_at_s
            patience_s = settings.ping_interval_s + settings.ping_timeout_s
            limit_s = settings.silence_limit_s if self._station.memory.ignores_pings else patience_s
            if self._deaf():
                self.heard_at_s = self._clock.monotonic()
                silent_s = 0.0
            elif silent_s >= limit_s:
                self.over = True
                return
            elif silent_s >= settings.ping_interval_s:
                await self._try_ping()
                silent_s = self._clock.monotonic() - self.heard_at_s
                await sleep(self._clock, max(_SHORTEST_WAIT_S, min(settings.ping_timeout_s, limit_s - silent_s)))
                continue
            await sleep(self._clock, max(_SHORTEST_WAIT_S, settings.ping_interval_s - silent_s))

    async def _try_ping(self) -> None:
        """Send a ping; a socket that takes none any more shows soon enough that it is dead."""
        if self._pinged_at_s is None and not self._answered:
            self._pinged_at_s = self._clock.monotonic()
        try:
            async with timeout(self._clock, self._settings.ping_timeout_s):
                await self._ping()
        except TimeoutError, ConnectionError:
            pass
