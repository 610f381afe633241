"""A central system that is just enough to talk to one station, and remembers every word."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
import itertools
import json
from random import Random
from typing import Any

import aiohttp
from aiohttp import web

from simulator.clock import ManualClock
from simulator.description import CarDescription, PointDescription, SiteDescription, StationDescription
from simulator.physics.car import CarModel
from simulator.physics.phases import ZERO
from simulator.physics.site import Branch
from simulator.protocol.link import Link
from simulator.simulator import Simulator
from simulator.station.model import StationModel

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PATIENCE_S = 10.0


@dataclass
class Frame:
    """One CALL of the station."""

    action: str
    payload: dict[str, Any]
    connection: int


@dataclass
class CentralSystem:
    """Answers like a central system that accepts everything, unless told otherwise."""

    frames: list[Frame] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    authorization: list[str | None] = field(default_factory=list)
    answers: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = field(default_factory=dict)
    """Own answers by action; None: a CALLERROR."""
    refusing: bool = False
    port: int = 0
    _ids: Any = field(default_factory=lambda: itertools.count(100))
    _calls: dict[str, asyncio.Future[list[Any]]] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def payloads(self, action: str) -> list[dict[str, Any]]:
        return [frame.payload for frame in self.frames if frame.action == action]

    async def until(self, reached: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not reached():
                self._news.clear()
                await self._news.wait()

    async def said(self, action: str, count: int = 1) -> dict[str, Any]:
        """Wait until the station has said that `count` times; return what it said then."""
        await self.until(lambda: len(self.payloads(action)) >= count)
        return self.payloads(action)[count - 1]

    async def ask(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Call the station and return its answer. A CALLERROR comes back under `error`."""
        unique_id = f"c{next(self._ids)}"
        answer = self._calls[unique_id] = asyncio.get_running_loop().create_future()
        await self.sockets[-1].send_str(json.dumps([2, unique_id, action, payload]))
        async with asyncio.timeout(PATIENCE_S):
            frame = await answer
        return frame[2] if frame[0] == 3 else {"error": frame[2]}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.authorization.append(request.headers.get("Authorization"))
        if self.refusing:
            return web.Response(status=503)
        socket = web.WebSocketResponse(protocols=("ocpp1.6", "ocpp2.0.1", "ocpp2.1"))
        await socket.prepare(request)
        self.sockets.append(socket)
        connection = len(self.sockets)
        self._news.set()
        async for message in socket:
            if not await self._hear(socket, connection, message.data):
                self.noise.append(message.data)
            self._news.set()
        self._news.set()
        return socket

    async def _hear(self, socket: web.WebSocketResponse, connection: int, text: str) -> bool:
        """Take one frame; return whether it made sense."""
        try:
            kind, unique_id, *rest = frame = json.loads(text)
        except ValueError, TypeError:
            return False
        if kind != 2:
            answer = self._calls.pop(unique_id, None)
            if answer is not None:
                answer.set_result(frame)
            return answer is not None
        if len(rest) != 2 or not isinstance(rest[0], str) or not isinstance(unique_id, str):
            return False
        if unique_id.startswith("garbage"):
            return False
        action, payload = rest
        reply = self._answer(action, payload)
        self.frames.append(Frame(action, payload, connection))
        error = [4, unique_id, "InternalError", "", {}]
        await socket.send_str(json.dumps(error if reply is None else [3, unique_id, reply]))
        return True

    def _answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        if action in self.answers:
            return self.answers[action](payload)
        now = "2026-03-02T12:00:00Z"
        match action:
            case "BootNotification":
                return {"currentTime": now, "interval": 120, "status": "Accepted"}
            case "Heartbeat":
                return {"currentTime": now}
            case "Authorize" if "idToken" in payload:
                return {"idTokenInfo": {"status": "Accepted"}}
            case "Authorize":
                return {"idTagInfo": {"status": "Accepted"}}
            case "StartTransaction":
                return {"transactionId": next(self._ids), "idTagInfo": {"status": "Accepted"}}
        return {}


@dataclass
class Bench:
    """One simulated site without a house, its clock, and the central system it talks to."""

    simulator: Simulator
    clock: ManualClock
    central: CentralSystem

    def live(self, seconds: float) -> None:
        """Let site time pass, all at once."""
        for _ in range(round(seconds)):
            self.clock.advance(1.0)
            self.simulator.step(1.0)

    @property
    def link(self) -> Link:
        return self.simulator.links["bay"]

    async def cut_off(self) -> None:
        """Cut the line and keep the station from coming back."""
        self.central.refusing = True
        self.link.drop(0.0)
        station = self.simulator.stations["bay"]
        async with asyncio.timeout(PATIENCE_S):
            while station.online:
                await asyncio.sleep(0)

    def let_in(self) -> None:
        self.central.refusing = False


@asynccontextmanager
async def bench(central: CentralSystem | None = None, connectors: int = 1, **model: Any) -> AsyncIterator[Bench]:
    """Run one station, `bay`, with cars `heron` (three phases) and `wren` (one phase) beside it."""
    central = central or CentralSystem()
    app = web.Application()
    app.router.add_get("/{identity}", central.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    central.port = runner.addresses[0][1]
    description = SiteDescription(
        name="bench",
        branches=(Branch(name="main", rating_a=63.0),),
        stations=(
            StationDescription(
                model=StationModel(identity="bay", redial_s=(0.01, 0.02), **model),
                points=tuple(PointDescription(branch="main", register_wh=1000 * n) for n in range(1, connectors + 1)),
            ),
        ),
        cars=(
            CarDescription(name="heron", model=CarModel(phases=3)),
            CarDescription(name="wren", model=CarModel(phases=1)),
        ),
        appliances=(),
        base_w=ZERO,
    )
    clock = ManualClock(START)
    simulator = Simulator(description, 7, clock)
    async with aiohttp.ClientSession() as session:
        station = simulator.stations["bay"]
        link = Link(station, f"ws://127.0.0.1:{central.port}", session, Random("link"))
        simulator.links["bay"] = link
        task = asyncio.create_task(link.run())
        try:
            yield Bench(simulator, clock, central)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await runner.cleanup()


def sampled(frame: dict[str, Any], measurand: str) -> list[float]:
    """Return what a MeterValues says of a measurand, phase by phase."""
    return [
        float(value["value"])
        for meter_value in frame["meterValue"]
        for value in meter_value["sampledValue"]
        if value["measurand"] == measurand
    ]


def limit_v16(current_a: float, **more: Any) -> dict[str, Any]:
    """Write a SetChargingProfile of 1.6: a TxProfile on connector 1 unless said otherwise."""
    profile = {
        "chargingProfileId": more.pop("id", 1),
        "stackLevel": more.pop("stack_level", 1),
        "chargingProfilePurpose": more.pop("purpose", "TxProfile"),
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "startSchedule": "2026-03-02T11:59:00Z",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": current_a}],
        },
    }
    return {"connectorId": more.pop("connector", 1), "csChargingProfiles": {**profile, **more}}
