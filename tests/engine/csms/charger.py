"""A charger made of nothing but a socket: sends what it is told to, well-formed or not."""

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
import json
from typing import Any, Self
from uuid import uuid4

import aiohttp

PATIENCE_S = 10.0

BOOT = {"chargePointVendor": "Acme", "chargePointModel": "Box", "chargePointSerialNumber": "SN-1"}
BOOT_201 = {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "Box", "serialNumber": "SN-1"}}
AVAILABLE = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


class Charger:
    """One connection as seen from the charger."""

    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Use `dial` instead."""
        self._session = session
        self.socket = socket
        self._calls: deque[list[Any]] = deque()

    @classmethod
    async def dial(
        cls,
        url: str,
        protocols: tuple[str, ...] = ("ocpp1.6",),
        *,
        login: str | None = None,
        autoping: bool = True,
        headers: Mapping[str, str] | None = None,
        local: str | None = None,
    ) -> Self:
        """Connect; `login` is `user:password`, `local` the address to come from. Raises as aiohttp does if refused."""
        if login is not None:
            headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}
        connector = aiohttp.TCPConnector(local_addr=(local, 0) if local else None)
        session = aiohttp.ClientSession(connector=connector)
        try:
            socket = await session.ws_connect(
                url, protocols=protocols, autoping=autoping, headers=headers, max_msg_size=0
            )
        except BaseException:
            await session.close()
            raise
        return cls(session, socket)

    async def send(self, frame: Any) -> None:
        """Send a frame: text and bytes as they are, anything else as JSON."""
        await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def receive(self) -> list[Any]:
        """Return the next frame."""
        frame = await self.socket.receive_json(timeout=PATIENCE_S)
        assert isinstance(frame, list)
        return frame

    async def answer_to(self, message_id: Any) -> list[Any]:
        """Return the answer to a message, keeping requests that come before it."""
        while True:
            frame = await self.receive()
            if frame[0] == 2:
                self._calls.append(frame)
            elif frame[1] == message_id:
                return frame

    async def call(self, action: str, payload: Any = None) -> list[Any]:
        """Send a request and return the whole answer."""
        message_id = str(uuid4())
        await self.send([2, message_id, action, payload or {}])
        return await self.answer_to(message_id)

    async def request(self) -> list[Any]:
        """Return the next request of the central system, without answering it."""
        if self._calls:
            return self._calls.popleft()
        while True:
            frame = await self.receive()
            if frame[0] == 2:
                return frame

    async def accept(self, request: list[Any], payload: Any = None) -> None:
        """Answer a request, with Accepted unless told otherwise."""
        await self.send([3, request[1], {"status": "Accepted"} if payload is None else payload])

    async def is_silent(self) -> bool:
        """Whether nothing has been sent to the charger, after everything that it sent has been answered."""
        await self.call("Heartbeat")
        return not self._calls

    async def closed(self) -> int | None:
        """Wait until the connection is closed; returns the close code."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.socket.closed:
                await self.socket.receive()
        return self.socket.close_code

    async def hang_up(self) -> None:
        """Close the connection properly."""
        await self.socket.close()
        await self._session.close()

    def drop(self) -> None:
        """Let the connection break without a word."""
        connection = self.socket._response.connection  # noqa: SLF001
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
