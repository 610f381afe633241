"""What the link needs of an OCPP version."""

from typing import Protocol

from ..station.messages import Answer, Message


class Dialect(Protocol):
    """One connection in one OCPP version."""

    async def receive(self) -> None:
        """Answer what comes in until the connection ends. Raises ConnectionError then."""

    async def deliver(self, message: Message) -> Answer:
        """Send a message and return what came back.

        Raises OcppError if it was refused, TimeoutError if nothing came, ConnectionError if the connection ended.
        """
