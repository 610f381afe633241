"""The simulator as its own process, and its control interface."""

import asyncio
from collections.abc import Mapping
import json
import signal
import sys
from typing import Any, Self

import aiohttp

from .home_assistant import REPOSITORY

START_TIMEOUT_S = 30.0


class SimulationError(Exception):
    """The simulator did not do what it was asked."""


class Simulation:
    """A running simulator of Harbour House."""

    def __init__(self, central: str, seed: int, control_port: int = 0, meter_port: int = 0) -> None:
        """Prepare a site whose chargers dial `central`; port 0 takes any free one."""
        self._central = central
        self._seed = seed
        self._wanted_ports = (control_port, meter_port)
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self.control_port = 0
        self.meter_port = 0

    async def __aenter__(self) -> Self:
        """Start it."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        await self.stop()

    async def start(self) -> None:
        """Start the process; returns when it says which ports it took."""
        control_port, meter_port = self._wanted_ports
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "simulator",
            "--central",
            self._central,
            "--seed",
            str(self._seed),
            "--control-port",
            str(control_port),
            "--meter-port",
            str(meter_port),
            "--quiet",
            stdout=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.DEVNULL,
            cwd=REPOSITORY,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await self._process.stdout.readline()
        if not line:
            raise SimulationError(f"the simulator ended with {await self._process.wait()}")
        said = json.loads(line)
        self.control_port, self.meter_port = said["control_port"], said["meter_port"]
        self._session = aiohttp.ClientSession(f"http://127.0.0.1:{self.control_port}")

    async def stop(self) -> None:
        """Stop it."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

    async def state(self) -> dict[str, Any]:
        """Return the true state of everything."""
        assert self._session is not None
        async with self._session.get("/state") as response:
            state: dict[str, Any] = await response.json()
            return state

    async def act(self, action: str, arguments: Mapping[str, Any] | None = None) -> None:
        """Do something to the site: plug, unplug, swipe, load, fault or reset_statistics."""
        assert self._session is not None
        async with self._session.post(f"/{action}", json=dict(arguments or {})) as response:
            if response.status != 200:
                raise SimulationError(f"{action}: {await response.text()}")
