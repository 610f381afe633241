"""Backends as a storm meets them: each behind a line of its own that can be cut, one of them a process."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, override

from simulator.backend.central import CentralSystem
from simulator.backend.chaos import Chaos
from simulator.backend.conduct import Deed
from simulator.backend.control import snapshot

from .backend_process import Process

PASSWORD = "correct horse"


class Peer(ABC):
    """A backend and the line to it."""

    def __init__(self, upstream_id: str, seed: int) -> None:
        self.upstream_id = upstream_id
        self.deeds: Counter[str] = Counter()
        """Deaths that it was asked to die, by the message that it died of."""
        self._seed = seed
        self._chaos: Chaos | None = None

    @property
    def chaos(self) -> Chaos:
        assert self._chaos is not None
        return self._chaos

    async def open(self, identities: Mapping[str, str], patience_s: float) -> None:
        """Let it listen; `identities` are the stations that it knows, with their passwords."""
        port = await self.listen(identities, patience_s)
        self._chaos = self.line_to(port, Random(f"{self.upstream_id} {self._seed}"))
        await self._chaos.start()

    def line_to(self, port: int, random: Random) -> Chaos:
        """Return the line to its port."""
        return Chaos(port, random)

    @abstractmethod
    async def listen(self, identities: Mapping[str, str], patience_s: float) -> int:
        """Listen, and return the port."""

    @abstractmethod
    async def die(self, action: str) -> None:
        """Die of the next such message, once it is committed, and come back by and by."""

    @abstractmethod
    async def heal(self) -> None:
        """Do nothing bad any more, and be there."""

    @abstractmethod
    async def state(self) -> dict[str, Any]:
        """Return what it has in its book."""

    @abstractmethod
    async def tolerate(self, sends: int) -> None:
        """Let a message come so often."""

    async def close(self) -> None:
        """End it."""
        await self.chaos.stop()


class NearPeer(Peer):
    """One that runs in this process."""

    def __init__(self, upstream_id: str, seed: int, *, versions: tuple[str, ...], knows_repeats: bool) -> None:
        super().__init__(upstream_id, seed)
        self._versions = versions
        self._knows_repeats = knows_repeats
        self.central: CentralSystem

    @override
    async def listen(self, identities: Mapping[str, str], patience_s: float) -> int:
        self.central = CentralSystem(passwords=identities, versions=self._versions, knows_repeats=self._knows_repeats)
        self.central.conduct.patience_s = patience_s
        await self.central.start()
        return self.central.port

    @override
    async def die(self, action: str) -> None:
        self.central.conduct.plan(Deed.DIE, action)
        self.deeds[action] += 1

    @override
    async def heal(self) -> None:
        for action in self.deeds:
            self.central.conduct.plan(Deed.DIE, action, 0)
        self.central.conduct.delay_s = 0.0

    @override
    async def state(self) -> dict[str, Any]:
        return snapshot(self.central)

    @override
    async def tolerate(self, sends: int) -> None:
        self.central.book.most_sends = sends

    @override
    async def close(self) -> None:
        await super().close()
        await self.central.close()


class FarPeer(Peer):
    """One that is a process; its book is all that it has left when it is killed."""

    def __init__(self, upstream_id: str, seed: int, folder: Path, *, version: str) -> None:
        super().__init__(upstream_id, seed)
        self._folder = folder
        self._version = version
        self.process: Process
        self._patience_s = 0.0

    @override
    async def listen(self, identities: Mapping[str, str], patience_s: float) -> int:
        stations = [part for pair in identities.items() for part in ("--station", ":".join(pair))]
        self._folder.mkdir(parents=True)
        book = ("--book", str(self._folder / "book.db"))
        self.process = Process(*book, "--version", self._version, *stations)
        self._patience_s = patience_s
        await self._begin()
        return int(self.process.started["port"])

    @override
    async def die(self, action: str) -> None:
        await self.process.act("deed", deed="exit", action=action)
        self.deeds[action] += 1

    async def rise(self) -> None:
        """Wait until it has died, and bring it back."""
        await self.process.ended()
        await self._begin()

    @override
    async def heal(self) -> None:
        for action in self.deeds:
            await self.process.act("deed", deed="exit", action=action, times=0)

    @override
    async def state(self) -> dict[str, Any]:
        _, state = await self.process.act("state")
        assert isinstance(state, dict)
        return state

    @override
    async def tolerate(self, sends: int) -> None:
        await self.process.act("tolerate", sends=sends)

    @override
    async def close(self) -> None:
        await super().close()
        await self.process.end()

    async def _begin(self) -> None:
        await self.process.start()
        await self.process.act("tolerate", patience=self._patience_s)
        if self._chaos is not None:
            self._chaos.target_port = self.process.started["port"]
