"""A central system in a few lines: it accepts everything, notes it, and asks what the test wants."""

import asyncio
from collections.abc import Callable
import json
from typing import Any

from aiohttp import WSMsgType, web

PATIENCE_S = 30.0

type Payload = dict[str, Any]


class SmallCsms:
    """OCPP 1.6 for one charger at a time."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.heard: list[tuple[str, Payload]] = []
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._socket: web.WebSocketResponse | None = None
        self._news = asyncio.Event()
        self._answers: dict[str, asyncio.Future[Payload]] = {}
        self._transactions = 4000

    async def open(self) -> None:
        """Listen; on the same port as before where there was one."""
        app = web.Application()
        app.router.add_get("/ocpp/{identity}", self._serve)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Be gone."""
        if self._socket is not None:
            await self._socket.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def actions(self) -> list[str]:
        """What was said, without what only keeps a line alive."""
        return [action for action, _ in self.heard if action not in ("Heartbeat", "StatusNotification", "MeterValues")]

    async def hear(self, action: str, where: Callable[[Payload], bool] = lambda _: True) -> Payload:
        """Wait until something was said."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for said, payload in self.heard:
                    if said == action and where(payload):
                        return payload
                self._news.clear()
                await self._news.wait()

    async def ask(self, action: str, payload: Payload) -> Payload:
        """Ask something of the charger."""
        assert self._socket is not None
        message_id = f"c{len(self._answers)}"
        answer = self._answers[message_id] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(PATIENCE_S):
            answered: Payload = await answer
            return answered

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("ocpp1.6",))
        await socket.prepare(request)
        self._socket = socket
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            frame = json.loads(message.data)
            if frame[0] == 2:
                self.heard.append((frame[2], frame[3]))
                await socket.send_str(json.dumps([3, frame[1], self._reply(frame[2])]))
                self._news.set()
            elif (waiting := self._answers.get(frame[1])) is not None and not waiting.done():
                waiting.set_result(frame[2] if frame[0] == 3 else {"error": frame[2]})
        return socket

    def _reply(self, action: str) -> Payload:
        match action:
            case "BootNotification":
                return {"status": "Accepted", "interval": 300, "currentTime": "2026-06-01T12:00:00Z"}
            case "Heartbeat":
                return {"currentTime": "2026-06-01T12:00:00Z"}
            case "StartTransaction":
                self._transactions += 1
                return {"transactionId": self._transactions, "idTagInfo": {"status": "Accepted"}}
            case "Authorize":
                return {"idTagInfo": {"status": "Accepted"}}
        return {}
