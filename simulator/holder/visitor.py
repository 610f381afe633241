"""Phones that walk up to a reader puck and connect to it."""

import asyncio
from collections.abc import Callable
from typing import override

from ..esphome.reader import KEY, PKOC, ReaderPuck
from .holder import Holder, HolderLink
from .pkoc import PkocPhone

type Tampering = Callable[[bytes], bytes | None]
"""What a dishonest phone makes of what it would write; None: it writes nothing."""


class Visitor:
    """A phone at a reader. With `listens` False it never switches notifications on."""

    def __init__(self, puck: ReaderPuck, mtu: int = 185) -> None:
        """Stand before a reader."""
        self.puck = puck
        self.mtu = mtu
        self.listens = True
        self.connected = False
        self.heard: list[tuple[str, bytes]] = []
        """Notifications that it got."""
        self.written: list[tuple[str, bytes]] = []
        self.tamper: Tampering | None = None
        self._news = asyncio.Event()

    def arrive(self) -> bool:
        """Connect; False: the reader is taken."""
        self.connected = self.puck.connect(self)
        return self.connected

    def leave(self) -> None:
        """Disconnect, or walk out of reach."""
        self.connected = False
        self.puck.disconnect(self)
        self._news.set()

    def write(self, pipe: str, value: bytes) -> None:
        """Write to the reader, whatever it is."""
        told = self.tamper(value) if self.tamper is not None else value
        if told is not None:
            self.written.append((pipe, told))
            self.puck.write(self, pipe, told)

    def notified(self, pipe: str, value: bytes) -> None:
        """Hear a notification."""
        if self.listens:
            self.heard.append((pipe, value))
            self.answer(pipe, value)
            self._news.set()

    def dropped(self) -> None:
        """The reader has hung up."""
        self.connected = False
        self._news.set()

    def answer(self, pipe: str, value: bytes) -> None:
        """Do what this phone does about a notification: nothing."""

    async def until(self, test: Callable[[], bool], within_s: float = 8.0) -> None:
        """Wait until something that has to do with this phone is so. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not test():
                self._news.clear()
                await self._news.wait()


class KeyVisitor(Visitor):
    """A phone with an app of our own protocol."""

    def __init__(self, puck: ReaderPuck, holder: Holder, mtu: int = 185) -> None:
        """Carry a holder's key."""
        super().__init__(puck, mtu)
        self.link: HolderLink = holder.link(mtu - 3)

    def ask(self) -> bool:
        """Connect and greet the reader; False: it is taken."""
        if not self.arrive():
            return False
        for frame in self.link.hello():
            self.write(KEY, frame)
        return True

    @override
    def answer(self, pipe: str, value: bytes) -> None:
        """Answer a challenge."""
        if pipe == KEY:
            for frame in self.link.receive(value):
                self.write(KEY, frame)

    async def result(self) -> int:
        """Wait for a RESULT; returns its code."""
        await self.until(lambda: bool(self.link.results))
        return self.link.results[-1].code


class PkocVisitor(Visitor):
    """A phone with a PKOC app. It waits for the reader's offer."""

    def __init__(self, puck: ReaderPuck, phone: PkocPhone, mtu: int = 515) -> None:
        """Carry a credential."""
        super().__init__(puck, mtu)
        self.phone = phone

    @override
    def answer(self, pipe: str, value: bytes) -> None:
        """Answer the reader."""
        if pipe == PKOC and (told := self.phone.notified(value)) is not None:
            self.write(PKOC, told)

    async def status(self) -> int | None:
        """Wait for what the reader says in the end: 3 is granted."""
        await self.until(lambda: self.phone.status is not None)
        return self.phone.status
