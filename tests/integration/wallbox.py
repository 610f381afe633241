"""A charger that speaks OCPP 1.6 JSON over a raw WebSocket, word by word as the test dictates."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import aiohttp

PATIENCE_S = 5.0

type Payload = dict[str, Any]


class Wallbox:
    """One charger on one socket. It accepts whatever it is told, unless the test says otherwise."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Take over an open socket."""
        self._socket = socket
        self._number = 0
        self._answers: dict[str, asyncio.Future[Payload]] = {}
        self._news = asyncio.Event()
        self.told: list[tuple[str, Payload]] = []
        """What the central system has told it: action and payload."""
        self.replies: dict[str, Payload | str | None] = {}
        """Replies other than the usual, by action; a text is the code of a CALLERROR; None: it does not answer."""
        self.configuration: dict[str, str] = {"NumberOfConnectors": "1"}

    async def say(self, action: str, payload: Payload) -> Payload:
        """Send a CALL and return the payload of its CALLRESULT."""
        self._number += 1
        message_id = str(self._number)
        answer = self._answers[message_id] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(PATIENCE_S):
            return await answer

    async def boot(self) -> Payload:
        """Introduce itself."""
        return await self.say(
            "BootNotification",
            {
                "chargePointVendor": "Acme",
                "chargePointModel": "Wallbox 22",
                "chargePointSerialNumber": "0001",
                "firmwareVersion": "1.2.3",
            },
        )

    async def status(self, status: str, *, connector: int = 1, error: str = "NoError", **more: str) -> Payload:
        """Tell the status of a connector."""
        payload = {"connectorId": connector, "status": status, "errorCode": error, "timestamp": _now(), **more}
        return await self.say("StatusNotification", payload)

    async def start(self, card: str, *, meter_wh: int, connector: int = 1, ago_s: float = 0.0) -> int:
        """Begin a transaction, or tell of one that began a while ago, and return its id."""
        answer = await self.say(
            "StartTransaction",
            {"connectorId": connector, "idTag": card, "meterStart": meter_wh, "timestamp": _now(ago_s)},
        )
        transaction_id: int = answer["transactionId"]
        return transaction_id

    async def measure(self, transaction_id: int | None, *, connector: int = 1, **values: float) -> Payload:
        """Send MeterValues; `energy_wh`, `power_w`, `current_l1_a`, `voltage_l1_v`, `soc`, `temperature` as given."""
        sampled = [_SAMPLED[it](value) for it, value in values.items()]
        payload: Payload = {
            "connectorId": connector,
            "meterValue": [{"timestamp": _now(), "sampledValue": sampled}],
        }
        if transaction_id is not None:
            payload["transactionId"] = transaction_id
        return await self.say("MeterValues", payload)

    async def stop(self, transaction_id: int, *, meter_wh: int, reason: str = "Local") -> Payload:
        """End a transaction."""
        payload = {"transactionId": transaction_id, "meterStop": meter_wh, "timestamp": _now(), "reason": reason}
        return await self.say("StopTransaction", payload)

    async def hear(self, action: str) -> Payload:
        """Wait until the central system has said something, and forget it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for entry in self.told:
                    if entry[0] == action:
                        self.told.remove(entry)
                        return entry[1]
                self._news.clear()
                await self._news.wait()

    async def hang_up(self) -> None:
        """Close the socket."""
        await self._socket.close()

    async def listen(self) -> None:
        """Take in frames until the socket closes."""
        async for message in self._socket:
            frame = json.loads(message.data)
            if frame[0] == 2:
                await self._reply(frame[1], frame[2], frame[3])
            elif (answer := self._answers.pop(frame[1], None)) is not None:
                if frame[0] == 3:
                    answer.set_result(frame[2])
                else:
                    answer.set_exception(AssertionError(f"CALLERROR {frame[2:]}"))

    async def _reply(self, message_id: str, action: str, payload: Payload) -> None:
        self.told.append((action, payload))
        self._news.set()
        reply = self.replies[action] if action in self.replies else self._usual_reply(action, payload)
        if isinstance(reply, str):
            await self._socket.send_str(json.dumps([4, message_id, reply, "", {}]))
        elif reply is not None:
            await self._socket.send_str(json.dumps([3, message_id, reply]))

    def _usual_reply(self, action: str, payload: Payload) -> Payload:
        match action:
            case "GetConfiguration":
                asked = payload.get("key") or list(self.configuration)
                return {
                    "configurationKey": [
                        {"key": key, "readonly": False, "value": self.configuration[key]}
                        for key in asked
                        if key in self.configuration
                    ],
                    "unknownKey": [key for key in asked if key not in self.configuration],
                }
            case "UnlockConnector":
                return {"status": "Unlocked"}
            case "GetCompositeSchedule":
                return {"status": "Rejected"}
        return {"status": "Accepted"}


@asynccontextmanager
async def dial(port: int, station_id: str) -> AsyncIterator[Wallbox]:
    """Open a charger's socket, and close it at the end."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"ws://127.0.0.1:{port}/{station_id}", protocols=["ocpp1.6"]) as socket,
    ):
        wallbox = Wallbox(socket)
        listening = asyncio.create_task(wallbox.listen())
        try:
            yield wallbox
        finally:
            await socket.close()
            await listening


def _now(ago_s: float = 0.0) -> str:
    return (datetime.now(UTC) - timedelta(seconds=ago_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sampled(measurand: str, unit: str, phase: str | None = None) -> Any:
    def sampled(value: float) -> Payload:
        return {"value": str(value), "measurand": measurand, "unit": unit} | ({"phase": phase} if phase else {})

    return sampled


_SAMPLED = {
    "energy_wh": _sampled("Energy.Active.Import.Register", "Wh"),
    "power_w": _sampled("Power.Active.Import", "W"),
    "soc": _sampled("SoC", "Percent"),
    "temperature": _sampled("Temperature", "Celsius"),
    **{f"current_l{it}_a": _sampled("Current.Import", "A", f"L{it}") for it in (1, 2, 3)},
    **{f"voltage_l{it}_v": _sampled("Voltage", "V", f"L{it}-N") for it in (1, 2, 3)},
}
