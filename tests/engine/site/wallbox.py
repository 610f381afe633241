"""Chargers that speak OCPP over a raw WebSocket, word by word as the test dictates, by a clock that the test owns."""

import asyncio
from collections.abc import Callable
from datetime import datetime
import json
from typing import Any, ClassVar, override

import aiohttp

from custom_components.offline_evse.engine.model.clock import Clock

PATIENCE_S = 10.0

type Payload = dict[str, Any]
type Reply = Payload | str | Callable[[Payload], Payload] | None


class RefusedError(Exception):
    """The central system has answered with a CALLERROR; `code` is its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Post:
    """One charger on one socket. It accepts whatever it is told, unless the test says otherwise."""

    protocol: ClassVar[str]

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, clock: Clock, log: list[tuple[str, Payload]]) -> None:
        """Take over an open socket; what is told to any charger is also noted in `log`, in one order."""
        self.socket = socket
        self._clock = clock
        self._log = log
        self._number = 0
        self._answers: dict[str, asyncio.Future[Payload]] = {}
        self._news = asyncio.Event()
        self.unanswered = 0
        self.most_unanswered = 0
        """How many requests of the central system were ever waiting for an answer at the same time."""
        self.told: list[tuple[str, Payload]] = []
        """What the central system has told it and nobody has heard yet: action and payload."""
        self.heard: list[str] = []
        """All actions that it was ever told."""
        self.replies: dict[str, Reply] = {}
        """Replies other than the usual, by action; a text is the code of a CALLERROR; None: it does not answer."""

    def at(self, when: datetime | None = None) -> str:
        """Write a time as OCPP does; the present one by default."""
        return (when or self._clock.now()).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def send(self, frame: str) -> None:
        """Send a frame as it is."""
        await self.socket.send_str(frame)

    async def say(self, action: str, payload: Payload) -> Payload:
        """Send a CALL and return the payload of its CALLRESULT; raises RefusedError."""
        self._number += 1
        message_id = str(self._number)
        answer = self._answers[message_id] = asyncio.get_running_loop().create_future()
        await self.send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(PATIENCE_S):
            answered: Payload = await answer
            return answered

    async def hear(self, action: str, where: Callable[[Payload], bool] = lambda _: True) -> Payload:
        """Wait until the central system has said something, and forget it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for entry in self.told:
                    if entry[0] == action and where(entry[1]):
                        self.told.remove(entry)
                        return entry[1]
                self._news.clear()
                await self._news.wait()

    def forget(self) -> None:
        """Let go of everything it was told so far."""
        self.told.clear()

    async def closed(self) -> int | None:
        """Wait until the socket is closed; returns the close code."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.socket.closed:
                self._news.clear()
                await self._news.wait()
        return self.socket.close_code

    async def hang_up(self) -> None:
        """Close the socket."""
        await self.socket.close()

    async def listen(self) -> None:
        """Take in frames until the socket closes."""
        async for message in self.socket:
            frame = json.loads(message.data)
            if frame[0] == 2:
                await self._reply(frame[1], frame[2], frame[3])
            elif (answer := self._answers.pop(frame[1], None)) is not None and not answer.done():
                if frame[0] == 3:
                    answer.set_result(frame[2])
                else:
                    answer.set_exception(RefusedError(frame[2]))
        self._news.set()

    async def _reply(self, message_id: str, action: str, payload: Payload) -> None:
        self.told.append((action, payload))
        self._log.append((action, payload))
        self.heard.append(action)
        self._news.set()
        self.unanswered += 1
        self.most_unanswered = max(self.most_unanswered, self.unanswered)
        reply = self.replies[action] if action in self.replies else self._usual_reply(action, payload)
        if callable(reply):
            reply = reply(payload)
        if reply is None:
            return
        self.unanswered -= 1
        if isinstance(reply, str):
            await self.send(json.dumps([4, message_id, reply, "", {}]))
        else:
            await self.send(json.dumps([3, message_id, reply]))

    def _usual_reply(self, action: str, payload: Payload) -> Payload:
        return {"status": "Accepted"}


class Wallbox(Post):
    """A charger of version 1.6."""

    protocol = "ocpp1.6"

    async def boot(self, **more: str) -> Payload:
        """Introduce itself."""
        return await self.say(
            "BootNotification",
            {"chargePointVendor": "Acme", "chargePointModel": "Box", "firmwareVersion": "1.2.3"} | more,
        )

    async def status(self, status: str, *, connector: int = 1, **more: str) -> Payload:
        """Tell the status of a connector."""
        payload = {"connectorId": connector, "status": status, "errorCode": "NoError", "timestamp": self.at()}
        return await self.say("StatusNotification", payload | more)

    async def authorize(self, card: str) -> str:
        """Ask whether a card may charge."""
        return str((await self.say("Authorize", {"idTag": card}))["idTagInfo"]["status"])

    async def ask_start(
        self, card: str, *, meter_wh: int = 1000, connector: int = 1, when: datetime | None = None
    ) -> Payload:
        """Begin a transaction and return the whole answer."""
        payload = {"connectorId": connector, "idTag": card, "meterStart": meter_wh, "timestamp": self.at(when)}
        return await self.say("StartTransaction", payload)

    async def start(self, card: str, *, meter_wh: int = 1000, connector: int = 1, when: datetime | None = None) -> int:
        """Begin a transaction that is accepted, and return its id."""
        answer = await self.ask_start(card, meter_wh=meter_wh, connector=connector, when=when)
        assert answer["idTagInfo"]["status"] == "Accepted"
        return int(answer["transactionId"])

    async def measure(
        self, transaction_id: int | None, *, connector: int = 1, when: datetime | None = None, **values: float | str
    ) -> Payload:
        """Send MeterValues; `energy_wh`, `power_w`, `current_l1_a` as given."""
        sampled = [_sampled(name, value) for name, value in values.items()]
        payload: Payload = {
            "connectorId": connector,
            "meterValue": [{"timestamp": self.at(when), "sampledValue": sampled}],
        }
        if transaction_id is not None:
            payload["transactionId"] = transaction_id
        return await self.say("MeterValues", payload)

    async def stop(self, transaction_id: int, *, meter_wh: int, when: datetime | None = None, **more: str) -> Payload:
        """End a transaction."""
        payload = {"transactionId": transaction_id, "meterStop": meter_wh, "timestamp": self.at(when)}
        return await self.say("StopTransaction", payload | more)

    async def plug_in(self, card: str = "CARD", *, meter_wh: int = 1000, connector: int = 1) -> int:
        """Go through the beginning of a session, and return the id of its transaction."""
        await self.status("Preparing", connector=connector)
        transaction_id = await self.start(card, meter_wh=meter_wh, connector=connector)
        await self.status("Charging", connector=connector)
        return transaction_id

    @override
    def _usual_reply(self, action: str, payload: Payload) -> Payload:
        match action:
            case "GetConfiguration":
                return {"configurationKey": [], "unknownKey": payload.get("key", [])}
            case "UnlockConnector":
                return {"status": "Unlocked"}
        return {"status": "Accepted"}


class Station201(Post):
    """A charger of version 2.0.1."""

    protocol = "ocpp2.0.1"

    async def boot(self) -> Payload:
        """Introduce itself."""
        return await self.say(
            "BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "Two"}}
        )

    async def status(self, status: str) -> Payload:
        """Tell the status of its connector."""
        return await self.say(
            "StatusNotification", {"timestamp": self.at(), "connectorStatus": status, "evseId": 1, "connectorId": 1}
        )

    async def event(
        self,
        kind: str,
        seq_no: int,
        *,
        transaction_id: str = "tx-1",
        card: str | None = None,
        meter_wh: int | None = None,
    ) -> Payload:
        """Send a TransactionEvent: Started, Updated or Ended."""
        payload: Payload = {
            "eventType": kind,
            "timestamp": self.at(),
            "triggerReason": "MeterValuePeriodic",
            "seqNo": seq_no,
            "transactionInfo": {"transactionId": transaction_id, "chargingState": "Charging"},
            "evse": {"id": 1, "connectorId": 1},
        }
        if card is not None:
            payload["idToken"] = {"idToken": card, "type": "ISO14443"}
        if meter_wh is not None:
            payload["meterValue"] = [{"timestamp": self.at(), "sampledValue": [{"value": meter_wh}]}]
        return await self.say("TransactionEvent", payload)

    @override
    def _usual_reply(self, action: str, payload: Payload) -> Payload:
        match action:
            case "GetVariables":
                return {
                    "getVariableResult": [
                        {**asked, "attributeStatus": "UnknownVariable"} for asked in payload["getVariableData"]
                    ]
                }
            case "SetVariables":
                return {
                    "setVariableResult": [
                        {"attributeStatus": "Accepted", "component": it["component"], "variable": it["variable"]}
                        for it in payload["setVariableData"]
                    ]
                }
        return {"status": "Accepted"}


def limit_a(payload: Payload) -> float:
    """Return the current that a SetChargingProfile of either version gives right now, in A."""
    if "csChargingProfiles" in payload:
        schedule = payload["csChargingProfiles"]["chargingSchedule"]
    else:
        schedule = payload["chargingProfile"]["chargingSchedule"][0]
    assert schedule["chargingRateUnit"] == "A"
    limit: float = schedule["chargingSchedulePeriod"][0]["limit"]
    return limit


def is_live(payload: Payload) -> bool:
    """Whether a SetChargingProfile is for the running transaction."""
    profile = payload.get("csChargingProfiles") or payload["chargingProfile"]
    return bool(profile["chargingProfilePurpose"] == "TxProfile")


def _sampled(name: str, value: float | str) -> Payload:
    measurand, unit, phase = _SAMPLED[name]
    sampled = {"value": str(value), "measurand": measurand, "unit": unit}
    return sampled | ({"phase": phase} if phase else {})


_SAMPLED = {
    "energy_wh": ("Energy.Active.Import.Register", "Wh", None),
    "power_w": ("Power.Active.Import", "W", None),
    **{f"current_l{it}_a": ("Current.Import", "A", f"L{it}") for it in (1, 2, 3)},
}
