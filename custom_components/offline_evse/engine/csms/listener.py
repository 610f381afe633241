"""Our own port for chargers: any path, nothing but WebSockets."""

from collections.abc import Awaitable, Callable

from aiohttp import web

_SHUTDOWN_S = 1.0


class Listener:
    """A web server without routes, whose port can change while its sockets stay open."""

    def __init__(self, serve: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        """Hand every request to `serve`."""
        self._serve = serve
        self._runner: web.ServerRunner | None = None
        self._site: web.TCPSite | None = None
        self._host: str | None = None

    @property
    def port(self) -> int | None:
        """The port that is listened on; None while none is."""
        return self._site.port if self._site else None

    async def start(self, port: int, host: str | None) -> None:
        """Listen on a port (0: any that is free). Raises OSError if it is taken."""
        server = web.Server(self._serve, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)
        self._host = host
        await self._runner.setup()
        try:
            self._site = await self._listen(port)
        except OSError:
            await self.stop()
            raise

    async def move(self, port: int) -> None:
        """Listen on another port instead. Raises OSError if it is taken, and goes on listening on the old one."""
        old = self._site
        if old is None:
            raise RuntimeError("The listener has not been started")
        if port == old.port:
            return
        self._site = await self._listen(port)
        await old.stop()

    async def close(self) -> None:
        """Take no more connections; those that are open stay."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def stop(self) -> None:
        """Take no more connections and end those that are open."""
        await self.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _listen(self, port: int) -> web.TCPSite:
        assert self._runner is not None
        site = web.TCPSite(self._runner, self._host, port)
        try:
            await site.start()
        except OSError:
            await site.stop()
            raise
        return site
