"""Harbour CPO, the operator that the demo site tells its sessions: a process, and a line to it that can be bad."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from random import Random
import sys
from typing import Any, Final, Self

import aiohttp

from ...backend.chaos import Chaos, Ending
from ...backend.conduct import Deed
from ...backend.sessions import BackendSession
from ...backend.store import Store
from ..home_assistant import REPOSITORY

NAME: Final = "Harbour CPO"
VERSION: Final = "ocpp1.6"
"""The one in which the operator numbers sessions itself, so that an answer that was lost matters most."""

IDENTITIES: Final = {
    "driveway": "HCPO-0001",
    "guest-bays": "HCPO-0002",
    "boathouse": "HCPO-0003",
    "garden-gate": "HCPO-0004",
}
"""What the operator calls the chargers, by what they call themselves."""

PASSWORD: Final = "a-boat-for-every-bay"
"""Of every charger at the operator."""

SLOW_S: Final = 1.5
"""How long everything takes on a slow line, one way: past the 2 s for an answer that an online link may need."""

START_TIMEOUT_S: Final = 30.0
END_TIMEOUT_S: Final = 10.0


class OperatorError(Exception):
    """The operator did not do what it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is in the operator's book."""

    sessions: tuple[BackendSession, ...]
    faults: tuple[str, ...]
    """Everything that the site has done wrong, in words."""

    @property
    def running(self) -> int:
        """How many sessions have not ended."""
        return sum(session.ended is None for session in self.sessions)

    @property
    def repeats(self) -> int:
        """How many starts and ends came more than once."""
        return sum(session.repeats for session in self.sessions)

    @property
    def energy_wh(self) -> float:
        """What all sessions have come to, of those that run as far as that was told."""
        return sum(
            session.highest_wh - session.meter_start_wh if session.energy_wh is None else session.energy_wh
            for session in self.sessions
        )


class Operator:
    """A strict central system in a process of its own, with its book in a file, behind a line in our hands."""

    def __init__(self, book: Path, seed: int, line_port: int = 0) -> None:
        """Prepare it; port 0 takes any free one for the line."""
        self._book = book
        self._line = Chaos(0, Random(f"{seed}/operator"))
        self._line_port = line_port
        self._process: asyncio.subprocess.Process | None = None
        self._control: aiohttp.ClientSession | None = None
        self._turn = asyncio.Lock()
        self.cut = False
        self.slow = False

    async def __aenter__(self) -> Self:
        """Start the process and open the line."""
        try:
            await self.revive()
            await self._line.start(self._line_port)
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop both."""
        await self.stop()

    async def stop(self) -> None:
        """Close the line, and let the process end by itself."""
        await self._line.stop()
        if (process := self._process) is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(END_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._control is not None:
            await self._control.close()

    @property
    def address(self) -> str:
        """Where it is reached, through the line."""
        return f"ws://127.0.0.1:{self.line_port}/ocpp"

    @property
    def line_port(self) -> int:
        """The port of the line."""
        return self._line.port

    @property
    def killed(self) -> bool:
        """Whether its process is gone."""
        return self._process is None or self._process.returncode is not None

    def set_cut(self, on: bool) -> None:
        """Let nothing pass in either direction, as a line does that is dug through; or let things pass again."""
        self.cut = on
        if on:
            self._line.darken()
        else:
            self._line.lighten()

    def set_slow(self, on: bool) -> None:
        """Let everything on the line take its time."""
        self.slow = on
        self._line.delay_s = SLOW_S if on else 0.0

    async def kill(self) -> None:
        """End the process at once; its book keeps what was committed, and nothing else."""
        async with self._turn:
            if (process := self._process) is not None and process.returncode is None:
                process.kill()
                await process.wait()
            self._line.drop(Ending.RESET)

    async def revive(self) -> None:
        """Start the process, with the book that it had. Raises OperatorError if it ends at once."""
        async with self._turn:
            if self.killed:
                await self._start()

    async def die_at(self, action: str) -> None:
        """Have it killed the next time that it has committed a message of this action, before it answers."""
        await self._act("deed", {"deed": Deed.EXIT, "action": action})

    async def connected(self) -> set[str]:
        """Return the identities of the chargers that are connected just now."""
        assert self._control is not None
        async with self._control.get("/state") as response:
            state: dict[str, Any] = await response.json()
            return set(state["connected"])

    async def order(self, charger: str, action: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request to a charger as its operator, and return the answer."""
        arguments = {"station": IDENTITIES[charger], "action": action, "payload": dict(payload)}
        answer: dict[str, Any] = (await self._act("order", arguments))["answer"]
        return answer

    async def page(self) -> Page:
        """Read the book from its file, which is as good whether the process lives or not."""
        return await asyncio.to_thread(_read, self._book)

    async def _start(self) -> None:
        stations = [argument for it in IDENTITIES.values() for argument in ("--station", f"{it}:{PASSWORD}")]
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "simulator.backend", "--book", str(self._book), "--version", VERSION, *stations),
            stdout=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.DEVNULL,
            cwd=REPOSITORY,
            start_new_session=True,
        )
        assert process.stdout is not None
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await process.stdout.readline()
        if not line:
            raise OperatorError(f"the operator's process ended with {await process.wait()}")
        said = json.loads(line)
        self._line.target_port = said["port"]
        if self._control is not None:
            await self._control.close()
        self._control = aiohttp.ClientSession(f"http://127.0.0.1:{said['control_port']}")

    async def _act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        assert self._control is not None
        async with self._control.post(f"/{action}", json=dict(arguments)) as response:
            if response.status != 200:
                raise OperatorError(f"{action}: {await response.text()}")
            return await response.json()


def _read(path: Path) -> Page:
    store = Store(path)
    try:
        return Page(
            sessions=tuple(store.sessions()),
            faults=tuple(f"{fault.kind} of {fault.station}: {fault.detail}" for fault in store.faults()),
        )
    finally:
        store.close()
