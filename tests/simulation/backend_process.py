"""A strict backend as a process of its own, which can be killed like any other."""

import asyncio
import json
from pathlib import Path
import sys
from typing import Any

import aiohttp

from .backend_station import PATIENCE_S

ROOT = Path(__file__).parents[2]


class Process:
    """A backend that runs as a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None
        self.started: dict[str, Any] = {}

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simulator.backend", *self._arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            self.started = json.loads(await self._process.stdout.readline())

    async def act(self, act: str, **arguments: Any) -> tuple[int, Any]:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{self.started['control_port']}") as session:
            method = "GET" if act in ("state", "faults") else "POST"
            async with session.request(method, f"/{act}", json=arguments) as response:
                return response.status, await response.json()

    async def ended(self) -> int:
        assert self._process is not None
        async with asyncio.timeout(PATIENCE_S):
            return await self._process.wait()

    async def end(self) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
