"""A station that tells a backend word by word what the test dictates, rightly or wrongly."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
import itertools
import json
from typing import Any, Self

import aiohttp

BEGAN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PATIENCE_S = 10.0
_NUMBERS = itertools.count()

type Payload = dict[str, Any]


def at(minutes: float) -> str:
    """Write a time so many minutes after the first as OCPP does."""
    return (BEGAN + timedelta(minutes=minutes)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reading(minutes: float, register_wh: float, **more: Any) -> Payload:
    """One moment of MeterValues."""
    sampled = {"value": str(register_wh)} if not more.pop("number", False) else {"value": register_wh}
    return {"timestamp": at(minutes), "sampledValue": [sampled | more]}


class Teller:
    """One station on one socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.asked: list[tuple[str, Payload]] = []
        """What it was asked: action and payload."""
        self.reply: Payload | None = {"status": "Accepted"}

    async def send(self, *frame: Any) -> None:
        await self.socket.send_str(json.dumps(frame))

    async def hear(self) -> Any:
        """Return the next answer; what it is asked on the way is answered."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise ConnectionError(message.type)
                frame = json.loads(message.data)
                if frame[0] != 2:
                    return frame
                self.asked.append((frame[2], frame[3]))
                await self.send(3, frame[1], self.reply)

    async def say(self, action: str, payload: Payload, message_id: str | None = None) -> Any:
        """Send a CALL and return the payload of its answer, or the code of its CALLERROR."""
        await self.send(2, message_id or f"m{next(_NUMBERS)}", action, payload)
        return (await self.hear())[2]

    async def boot(self) -> Any:
        if self.socket.protocol == "ocpp1.6":
            return await self.say("BootNotification", {"chargePointVendor": "Acme", "chargePointModel": "Box"})
        station = {"vendorName": "Acme", "model": "Two"}
        return await self.say("BootNotification", {"reason": "PowerUp", "chargingStation": station})

    async def start(
        self, minutes: float = 0, register_wh: int = 1000, *, message_id: str | None = None, **more: Any
    ) -> int:
        payload = {"connectorId": 1, "idTag": "CARD", "meterStart": register_wh, "timestamp": at(minutes)} | more
        return int((await self.say("StartTransaction", payload, message_id))["transactionId"])

    async def values(self, number: int, *meter_values: Payload) -> Any:
        payload = {"connectorId": 1, "transactionId": number, "meterValue": meter_values}
        return await self.say("MeterValues", payload)

    async def stop(
        self, number: int, minutes: float = 60, register_wh: int = 9000, *, message_id: str | None = None, **more: Any
    ) -> Any:
        payload = {"transactionId": number, "timestamp": at(minutes), "meterStop": register_wh} | more
        return await self.say("StopTransaction", payload, message_id)

    async def event(
        self,
        kind: str,
        seq_no: int,
        minutes: float,
        register_wh: float | None,
        *,
        message_id: str | None = None,
        **more: Any,
    ) -> Any:
        payload: Payload = {
            "eventType": kind,
            "timestamp": at(minutes),
            "triggerReason": "MeterValuePeriodic",
            "seqNo": seq_no,
            "transactionInfo": {"transactionId": "01JOURS"},
            "evse": {"id": 1, "connectorId": 1},
        }
        if register_wh is not None:
            payload["meterValue"] = [reading(minutes, register_wh, number=True)]
        return await self.say("TransactionEvent", payload | more, message_id)

    async def gone(self) -> None:
        """Wait until the line is lost."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.socket.closed:
                await self.socket.receive()


class Dialler:
    """Stations that dial one port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.tellers: list[Teller] = []
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for teller in self.tellers:
            await teller.socket.close()
        await self._session.close()

    async def dial(
        self, protocol: str = "ocpp1.6", station: str = "ONE", login: str | None = None, **more: Any
    ) -> Teller:
        headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
        scheme = "wss" if "ssl" in more else "ws"
        address = f"{scheme}://127.0.0.1:{self.port}/ocpp/{station}"
        teller = Teller(await self._session.ws_connect(address, protocols=[protocol], headers=headers, **more))
        self.tellers.append(teller)
        return teller
