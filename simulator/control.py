"""The door for people and tests: look at the true state, and do things to the site. HTTP and JSON on loopback."""

import json
from typing import Any

from aiohttp import web

from .simulator import ActionError, Simulator
from .state import snapshot

ACTIONS = ("plug", "unplug", "swipe", "load", "fault")


class ControlServer:
    """GET /state; POST /plug, /unplug, /swipe, /load, /fault with the arguments of the action; POST /reset_statistics.

    A request that cannot be done is answered with 400 and a sentence under `error`.
    """

    def __init__(self, simulator: Simulator) -> None:
        """Serve `simulator`."""
        self._simulator = simulator
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port it listens on. Raises RuntimeError before `start`."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the control interface is not listening")
        return int(self._runner.addresses[0][1])

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen. Raises OSError if the port is taken."""
        app = web.Application()
        app.router.add_get("/state", self._state)
        app.router.add_post("/reset_statistics", self._reset_statistics)
        for action in ACTIONS:
            app.router.add_post(f"/{action}", self._act)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner

    async def stop(self) -> None:
        """Close."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(snapshot(self._simulator))

    async def _reset_statistics(self, request: web.Request) -> web.Response:
        for fuse in self._simulator.site.fuses.values():
            fuse.reset_statistics()
        return web.json_response({"done": True})

    async def _act(self, request: web.Request) -> web.Response:
        try:
            arguments: Any = json.loads(await request.text() or "{}")
        except ValueError as error:
            return web.json_response({"error": f"not JSON: {error}"}, status=400)
        if not isinstance(arguments, dict):
            return web.json_response({"error": "the body must be a JSON object"}, status=400)
        try:
            self._simulator.perform(request.path.strip("/"), arguments)
        except ActionError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"done": True})
