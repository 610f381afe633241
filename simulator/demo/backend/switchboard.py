"""The door to the demo's operator for Home Assistant and for people. HTTP and JSON on loopback."""

from collections.abc import Awaitable, Callable
import json
from typing import Any, Self

from aiohttp import web

from .operator import Operator

type Switch = Callable[[bool], Awaitable[None]]


class Switchboard:
    """GET /state; POST /cut, /slow or /killed with {"on": true} or {"on": false}, answered with the state.

    What cannot be done is answered with 400 and a sentence under `error`.
    """

    def __init__(self, operator: Operator) -> None:
        """Switch an operator and its line."""
        self._operator = operator
        self._runner: web.AppRunner | None = None
        self._switches: dict[str, Switch] = {"cut": self._cut, "slow": self._slow, "killed": self._killed}

    @property
    def port(self) -> int:
        """The port it listens on. Raises RuntimeError before it is entered."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the switchboard is not listening")
        return int(self._runner.addresses[0][1])

    async def __aenter__(self) -> Self:
        """Listen."""
        app = web.Application()
        app.router.add_get("/state", self._state)
        for name in self._switches:
            app.router.add_post(f"/{name}", self._switch)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _state(self, request: web.Request) -> web.Response:
        page = await self._operator.page()
        return web.json_response(
            {
                "cut": self._operator.cut,
                "slow": self._operator.slow,
                "killed": self._operator.killed,
                "sessions": len(page.sessions),
                "running": page.running,
                "energy_kwh": round(page.energy_wh / 1000, 3),
                "faults": page.faults,
            }
        )

    async def _switch(self, request: web.Request) -> web.Response:
        try:
            arguments: Any = json.loads(await request.text())
            on = arguments["on"]
        except ValueError, TypeError, KeyError:
            on = None
        if not isinstance(on, bool):
            return web.json_response({"error": 'the body must be {"on": true} or {"on": false}'}, status=400)
        await self._switches[request.path.strip("/")](on)
        return await self._state(request)

    async def _cut(self, on: bool) -> None:
        self._operator.set_cut(on)

    async def _slow(self, on: bool) -> None:
        self._operator.set_slow(on)

    async def _killed(self, on: bool) -> None:
        await (self._operator.kill() if on else self._operator.revive())
