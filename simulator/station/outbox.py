"""What a station still has to say. Transactions wait for a link; everything else is only worth saying now."""

import asyncio
from collections import deque

from .messages import Message, is_durable


class Outbox:
    """Messages in the order in which they came about."""

    def __init__(self) -> None:
        """Start empty."""
        self._waiting: deque[Message] = deque()
        self._filled = asyncio.Event()
        self.online = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def durable(self) -> int:
        """Messages that would survive a reboot."""
        return sum(is_durable(message) for message in self._waiting)

    def put(self, message: Message) -> None:
        """Add a message; without a link, only if it is worth keeping."""
        if self.online or is_durable(message):
            self._waiting.append(message)
            self._filled.set()

    def put_first(self, *messages: Message) -> None:
        """Add messages before everything that waits."""
        self._waiting.extendleft(reversed(messages))
        self._filled.set()

    def link_lost(self) -> None:
        """Keep what must be told later, drop the rest."""
        self.online = False
        self._waiting = deque(message for message in self._waiting if is_durable(message))

    async def head(self) -> Message:
        """Wait for the next message and return it without taking it out."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting[0]

    def done(self, message: Message) -> None:
        """Take out a message that was delivered or given up."""
        if message in self._waiting:
            self._waiting.remove(message)
