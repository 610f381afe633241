"""A site in real time, with all of its sockets."""

import asyncio
from contextlib import suppress
from random import Random

import aiohttp

from .control import ControlServer
from .protocol.link import Link, Watcher
from .simulator import Simulator

STEP_S = 0.5
"""Length of a step of the physics."""

CATCH_UP_S = 30.0
"""A delay longer than this (a machine that slept) is not made up for."""


class LiveSite:
    """Runs a simulator against a central system."""

    def __init__(
        self,
        simulator: Simulator,
        central: str,
        watcher: Watcher | None = None,
        connector: aiohttp.BaseConnector | None = None,
    ) -> None:
        """Dial `central` (a ws:// address) from every station, over `connector` if it is not to be TCP."""
        self.simulator = simulator
        self.control = ControlServer(simulator)
        self._central = central
        self._watcher = watcher
        self._connector = connector
        self._session: aiohttp.ClientSession | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, *, control_port: int = 0, meter_port: int = 0) -> None:
        """Listen and dial. Raises OSError if a port is taken."""
        try:
            await self.control.start(control_port)
            await self.simulator.meter.start(meter_port)
        except OSError:
            await self.stop()
            raise
        patience = aiohttp.ClientTimeout(total=None, sock_connect=5.0)
        self._session = aiohttp.ClientSession(connector=self._connector, timeout=patience)
        for identity, station in self.simulator.stations.items():
            random = Random(f"{self.simulator.seed}/{identity}/link")
            link = Link(station, self._central, self._session, random, self._watcher)
            self.simulator.links[identity] = link
            self._tasks.append(asyncio.create_task(link.run(), name=f"link {identity}"))
        self._tasks.append(asyncio.create_task(self._move(), name="physics"))

    async def run(self) -> None:
        """Go on until something breaks; its error is raised."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Hang up and close."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError, Exception):
                await task
        self._tasks.clear()
        if self._session is not None:
            await self._session.close()
        await self.simulator.meter.stop()
        await self.control.stop()

    async def _move(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        steps = 0
        per_second = round(1.0 / STEP_S)
        while True:
            self.simulator.step(STEP_S)
            steps += 1
            if steps % per_second == 0:
                self.simulator.meter.publish(self.simulator.clock.now())
            due += STEP_S
            if loop.time() - due > CATCH_UP_S:
                due = loop.time()
            await asyncio.sleep(max(0.0, due - loop.time()))
