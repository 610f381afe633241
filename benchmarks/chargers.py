"""Chargers in a process of their own, as an asynchronous server under measurement sees them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import sys

from .meter_values import INTERVAL_S


class Chargers:
    """A load generator that is connected and waits for the word."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def _input(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None
        return self._process.stdin

    async def _said(self, word: str) -> None:
        assert self._process.stdout is not None
        if await self._process.stdout.readline() != f"{word}\n".encode():
            raise RuntimeError("The chargers were not served as they should be")

    def send(self) -> None:
        """Let them loose."""
        self._input.write(b"send\n")

    async def done(self) -> None:
        """Wait until all that they had to say has been answered."""
        await self._said("done")

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, as long as they live."""
        while not condition():
            if self._process.returncode is not None:
                raise RuntimeError("The chargers were not served as they should be")
            await asyncio.sleep(0.02)


@asynccontextmanager
async def connect(
    port: int, stations: int, frames: int, first_transaction_id: int = 0, interval_s: float = INTERVAL_S
) -> AsyncIterator[Chargers]:
    """Connect chargers CP000, CP001 and so on; each has so many MeterValues to send. They hang up at the end."""
    arguments = [str(argument) for argument in (port, stations, frames, first_transaction_id, interval_s)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.load_generator", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        chargers = Chargers(process)
        await chargers._said("ready")  # noqa: SLF001
        yield chargers
    finally:
        await process.communicate()
