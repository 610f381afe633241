"""Whether there is still somebody at the other end of a socket."""

from collections.abc import Awaitable, Callable

from ...model.clock import Clock, sleep, timeout


class Pulse:
    """Asks with a ping after a while of silence, and gives up once even that is not answered.

    aiohttp has the like, by the machine's clock; its timer outlives the socket.
    """

    PING_AFTER_S = 60.0
    """Calls keep a line in use busier than this: pings are for lines on which nothing is due."""
    PONG_WITHIN_S = 30.0

    def __init__(self, clock: Clock, ping: Callable[[], Awaitable[None]]) -> None:
        """Count from now; `ping` sends one."""
        self._clock = clock
        self._ping = ping
        self._heard_s = clock.monotonic()

    def heard(self) -> None:
        """Something arrived, whatever it was."""
        self._heard_s = self._clock.monotonic()

    async def until_silent(self) -> None:
        """Return once nobody answers; raises ConnectionError if the socket is gone."""
        while True:
            while (left_s := self._heard_s + self.PING_AFTER_S - self._clock.monotonic()) > 0:
                await sleep(self._clock, left_s)
            asked_s = self._clock.monotonic()
            try:
                async with timeout(self._clock, self.PONG_WITHIN_S):
                    await self._ping()
            except TimeoutError:
                return
            await sleep(self._clock, asked_s + self.PONG_WITHIN_S - self._clock.monotonic())
            if self._heard_s < asked_s:
                return
