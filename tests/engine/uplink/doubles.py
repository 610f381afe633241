"""The surroundings of a line without a socket and without a disk: what passes is lost or late as a network says."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
import json
from random import Random
from typing import Any, Protocol, override

from custom_components.offline_evse.engine.model.access import BackendAnswer
from custom_components.offline_evse.engine.model.clock import Clock, Timer
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.meter import EvseSample
from custom_components.offline_evse.engine.model.station import EvseStatus, OcppVersion, StationIdentity
from custom_components.offline_evse.engine.model.transaction import Transaction
from custom_components.offline_evse.engine.model.upstream.config import LineConfig, UpstreamConfig
from custom_components.offline_evse.engine.model.upstream.delivery import (
    DeliveryBook,
    DueSession,
    SessionDelivery,
    Settlement,
)
from custom_components.offline_evse.engine.model.upstream.link import Backlog, LinkTrouble, UpstreamView
from custom_components.offline_evse.engine.model.upstream.record import LedgerRecord
from custom_components.offline_evse.engine.model.upstream.site import Grounds, UpstreamEvse
from custom_components.offline_evse.engine.model.upstream.wish import UpstreamWish, WishAnswer, WishOutcome
from custom_components.offline_evse.engine.ocppj.frames import CallResult, encode_call
from custom_components.offline_evse.engine.uplink.control.hooks import ControlHooks
from custom_components.offline_evse.engine.uplink.equipment import Answers, Connection, Dials, Equipment, Tells
from custom_components.offline_evse.engine.uplink.outbox.outgoing import Outgoing, Phase, Told
from custom_components.offline_evse.engine.uplink.wire.calls import CallLine
from custom_components.offline_evse.engine.uplink.wire.codec import UpCodec
from custom_components.offline_evse.engine.uplink.wire.connection import CallEnd, CallOutcome, OnCall
from custom_components.offline_evse.engine.uplink.wire.dialling import DialError


class Network(Protocol):
    """What lies between a line and its backend. Times are seconds since it began."""

    def trip(self, at_s: float) -> float | None:
        """Return how long a round trip that begins now takes, in s; None: it is lost."""

    def reaches(self, at_s: float) -> bool:
        """Whether a connection can be opened now."""

    def cuts(self, at_s: float) -> bool:
        """Whether a connection that is open breaks now, so that both ends see it."""


class Wire(Network):
    """A network that does what a test says: all answers after 50 ms, unless it says otherwise."""

    def __init__(self) -> None:
        self.up = True
        self.trip_s: float | None = 0.05

    @override
    def trip(self, at_s: float) -> float | None:
        return self.trip_s if self.up else None

    @override
    def reaches(self, at_s: float) -> bool:
        return self.up

    @override
    def cuts(self, at_s: float) -> bool:
        return False


@dataclass
class PaperBackend:
    """What a backend has heard, and how it answers."""

    boots: list[dict[str, Any]] = field(default_factory=list)
    """Answers to the next BootNotifications; after those it accepts."""
    refusal: LinkTrouble | None = None
    """Why it lets nobody in."""
    mute: set[str] = field(default_factory=set)
    """Actions that it does not answer."""
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    heard: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    """Numbers of the events that have arrived, each once, in the order of their first arrival."""
    dialled_s: list[float] = field(default_factory=list)
    sockets: list[PaperSocket] = field(default_factory=list)
    most_at_once: int = 0

    @property
    def actions(self) -> list[str]:
        """What was said, in order."""
        return [action for _, action, _ in self.heard]

    def answer(self, at_s: float, action: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        """Take in a CALL; None: it is not answered."""
        self.heard.append((at_s, action, payload))
        if "number" in payload and payload["number"] not in self.told:
            self.told.append(payload["number"])
        if action in self.mute:
            return None
        if action == "BootNotification":
            accepted = {"status": "Accepted", "interval": 300, "currentTime": "2026-06-01T12:00:00Z"}
            return self.boots.pop(0) if self.boots else accepted
        return self.answers.get(action, {})


class PaperSocket(Connection):
    """A connection without a socket; the turns of CALLs are the real ones."""

    def __init__(
        self,
        backend: PaperBackend,
        network: Network,
        clock: Clock,
        version: OcppVersion,
        on_call: OnCall,
        began_s: float,
    ) -> None:
        self._version = version
        self._backend = backend
        self._network = network
        self._clock = clock
        self._began_s = began_s
        self._sent = self._received = 0
        self._closed: asyncio.Future[LinkTrouble | None] = asyncio.get_running_loop().create_future()
        self._under_way = 0
        self._arrivals: set[Timer] = set()
        self.on_call = on_call
        self._calls = CallLine(clock, self._send, lambda _: None)

    @property
    @override
    def version(self) -> OcppVersion:
        return self._version

    @property
    @override
    def sent_bytes(self) -> int:
        return self._sent

    @property
    @override
    def received_bytes(self) -> int:
        return self._received

    @property
    @override
    def closed(self) -> asyncio.Future[LinkTrouble | None]:
        return self._closed

    @override
    async def call(self, message_id: str, frame: str, *, urgent: bool = False, timeout_s: float = 30.0) -> CallEnd:
        return await self._calls.call(message_id, frame, urgent, timeout_s)

    @override
    async def close(self) -> None:
        self.end(None)

    def end(self, trouble: LinkTrouble | None) -> None:
        """Break, or be hung up."""
        if not self._closed.done():
            self._closed.set_result(trouble)
        self._calls.close()
        for arrival in self._arrivals:
            arrival.cancel()

    async def _send(self, raw: bytes) -> None:
        at_s = self._clock.monotonic() - self._began_s
        if self._network.cuts(at_s):
            self.end(LinkTrouble.UNREACHABLE)
            raise ConnectionError("cut")
        self._sent += len(raw)
        _, message_id, action, payload = json.loads(raw)
        trip_s = self._network.trip(at_s)
        if trip_s is None:
            return
        self._under_way += 1
        self._backend.most_at_once = max(self._backend.most_at_once, self._under_way)
        answer = self._backend.answer(at_s, action, payload)

        def arrive() -> None:
            self._arrivals.discard(arrival)
            self._under_way -= 1
            if answer is not None and not self._closed.done():
                self._received += len(json.dumps(answer)) + len(message_id) + 8
                self._calls.take(CallResult(message_id, answer))

        arrival = self._clock.call_later(trip_s, arrive)
        self._arrivals.add(arrival)


class PaperDialler(Dials):
    """Connects to backends on paper, by upstream id and identity."""

    def __init__(self, clock: Clock, network: Network, version: OcppVersion = OcppVersion.V201) -> None:
        self._clock = clock
        self._network = network
        self._version = version
        self._began_s = clock.monotonic()
        self.backends: dict[tuple[str, str], PaperBackend] = {}

    def backend(self, upstream_id: str = "csms", identity: str = "CP1") -> PaperBackend:
        """Return what one line dials."""
        return self.backends.setdefault((upstream_id, identity), PaperBackend())

    @override
    async def dial(self, config: UpstreamConfig, line: LineConfig, on_call: OnCall) -> Connection:
        backend = self.backend(config.upstream_id, line.identity)
        at_s = self._clock.monotonic() - self._began_s
        backend.dialled_s.append(at_s)
        if not self._network.reaches(at_s):
            raise DialError(LinkTrouble.UNREACHABLE, "Nobody answers")
        if backend.refusal is not None:
            raise DialError(backend.refusal, "401")
        socket = PaperSocket(backend, self._network, self._clock, self._version, on_call, self._began_s)
        backend.sockets.append(socket)
        return socket

    @override
    async def close(self) -> None:
        for backend in self.backends.values():
            for socket in backend.sockets:
                socket.end(None)


@dataclass
class Event:
    """Something that is to be told."""

    number: int
    money: bool
    sent: int = 0


class PaperLane(Tells):
    """Tells numbered events in their order. Like TransactionEvents they may be sent until they are confirmed."""

    def __init__(self) -> None:
        self.interval_s: int | None = None
        self.waiting: list[Event] = []
        self.raised = 0
        self.told_again = 0
        self.dropped = 0
        self.asked_telemetry: list[bool] = []
        self.on_next: Callable[[], None] = lambda: None

    @property
    @override
    def next_due_at(self) -> datetime | None:
        return None

    def add(self, money: bool = True) -> int:
        """Let something happen that is to be told."""
        self.waiting.append(Event(self.raised, money))
        self.raised += 1
        return self.raised - 1

    @override
    async def next(self, codec: UpCodec, *, telemetry: bool) -> Outgoing | None:
        self.on_next()
        self.asked_telemetry.append(telemetry)
        event = next((event for event in self.waiting if event.money or telemetry), None)
        if event is None:
            return None
        event.sent += 1
        self.told_again += event.sent > 1
        message_id = f"event-{event.number}"
        frame = encode_call(message_id, "TransactionEvent", {"number": event.number}).decode()
        phase = Phase.START if event.money else Phase.VALUES
        return Outgoing(
            message_id=message_id, action="TransactionEvent", frame=frame, session_id=f"S{event.number}", phase=phase
        )

    @override
    async def value_now(self, codec: UpCodec, evse_id: int, seen: EvseSample | None) -> Outgoing | None:
        return None

    @override
    async def ended(self, outgoing: Outgoing, end: CallEnd, codec: UpCodec) -> Told:
        number = int(outgoing.message_id.removeprefix("event-"))
        event = next(event for event in self.waiting if event.number == number)
        answered = end.outcome is CallOutcome.ANSWERED
        if answered:
            self.waiting.remove(event)
        elif end.outcome is CallOutcome.LOST and not event.money and event.sent >= 3:
            self.dropped += 1
            self.waiting.remove(event)
        denied = BackendAnswer(accepted=False) if answered and (end.payload or {}).get("denied") else None
        return Told(
            session_id=outgoing.session_id,
            money=answered and event.money,
            denied=denied,
            id_token=IdToken("CARD1") if denied else None,
        )

    @override
    async def settle(self, session_id: str, settlement: Settlement, remote_id: str | None = None) -> bool:
        return settlement is Settlement.RESEND and session_id == "S0"


class PaperDesk(Answers):
    """Accepts whatever a backend asks, and says what it was asked."""

    def __init__(self, hooks: ControlHooks) -> None:
        self.hooks = hooks
        self.asked: list[str] = []
        self.ended: list[str] = []
        self.closed = False

    @override
    def restore(self) -> None:
        self.asked.clear()

    @override
    async def answer(self, version: OcppVersion, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(action)
        return {"status": "Accepted"}

    @override
    def session_ended(self, session_id: str) -> None:
        self.ended.append(session_id)

    @override
    async def close(self) -> None:
        self.closed = True


class PaperGrounds(Grounds):
    """A site with two connectors at every charger."""

    def __init__(self) -> None:
        self.now: dict[int, tuple[EvseStatus, str | None]] = {
            1: (EvseStatus.AVAILABLE, None),
            2: (EvseStatus.AVAILABLE, None),
        }
        self.views: list[UpstreamView] = []
        self.noes: list[tuple[str, str]] = []
        self.facts: dict[str, object] = {}
        self.forgotten: list[str] = []
        self.samples: dict[int, EvseSample] = {}
        self.running: dict[int, Transaction] = {}
        self._boot_listeners: list[Callable[[str, str | None, frozenset[str]], None]] = []
        self._listeners: list[Callable[[str], None]] = []

    def set_status(self, evse_id: int, status: EvseStatus, station_id: str = "CP1") -> None:
        """Change what a connector shows."""
        self.now[evse_id] = (status, None)
        for listener in self._listeners:
            listener(station_id)

    @override
    def identity(self, station_id: str) -> StationIdentity:
        return StationIdentity(vendor="Offline EVSE", model="Line")

    @override
    def statuses(self, station_id: str) -> dict[int, tuple[EvseStatus, str | None]]:
        return dict(self.now)

    @override
    def evses(self, station_id: str) -> dict[int, UpstreamEvse]:
        return {
            evse_id: UpstreamEvse(
                phases=3,
                max_current_a=16.0,
                transaction=self.running.get(evse_id),
                sample=self.samples.get(evse_id),
            )
            for evse_id in self.now
        }

    def boot(self, reason: str | None, ordered: frozenset[str] = frozenset(), station_id: str = "CP1") -> None:
        """Let a charger restart."""
        for listener in self._boot_listeners:
            listener(station_id, reason, ordered)

    @override
    def on_boot(self, callback: Callable[[str, str | None, frozenset[str]], None]) -> Callable[[], None]:
        self._boot_listeners.append(callback)
        return lambda: self._boot_listeners.remove(callback)

    @override
    def on_status(self, callback: Callable[[str], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    @override
    async def wish(self, upstream_id: str, station_id: str, wish: UpstreamWish) -> WishAnswer:
        return WishAnswer(WishOutcome.REJECTED)

    @override
    async def denied(self, upstream_id: str, session_id: str, id_token: IdToken, answer: BackendAnswer) -> None:
        self.noes.append((upstream_id, session_id))

    @override
    def remote_start_id(self, upstream_id: str, transaction: Transaction) -> int | None:
        return None

    @override
    def forget_answers(self, upstream_id: str) -> None:
        self.forgotten.append(upstream_id)

    @override
    def shown(self, view: UpstreamView) -> None:
        self.views.append(view)

    @override
    async def keep(self, key: str, value: object) -> None:
        if value is None:
            self.facts.pop(key, None)
        else:
            self.facts[key] = value

    @override
    def kept(self, prefix: str) -> dict[str, object]:
        return {key.removeprefix(prefix): value for key, value in self.facts.items() if key.startswith(prefix)}


class PaperBook(DeliveryBook):
    """Keeps no account of sessions, only of backends; what waits is what the lanes say."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.moves: list[str] = []
        self.waiting: Callable[[str], int] = lambda upstream_id: 0
        self.stations: dict[str, str] = {}
        """Station of a session that there is."""
        self._listeners: list[Callable[[str], None]] = []

    def recorded(self, station_id: str = "CP1") -> None:
        """Something about a charger's sessions was written."""
        for listener in tuple(self._listeners):
            listener(station_id)

    @override
    async def open_upstream(
        self, upstream_id: str, since: datetime | None, *, stations: Collection[str] | None = None
    ) -> None:
        self.open.add(upstream_id)

    @override
    async def close_upstream(self, upstream_id: str) -> None:
        self.open.discard(upstream_id)

    @override
    async def moved(self, upstream_id: str) -> None:
        self.moves.append(upstream_id)

    @override
    async def left_out(self, upstream_id: str, limit: int = 200) -> tuple[DueSession, ...]:
        return ()

    @override
    async def due(self, upstream_id: str, station_id: str, limit: int = 50) -> tuple[DueSession, ...]:
        return ()

    @override
    async def records(self, session_id: str, after_seq: int, limit: int = 200) -> tuple[LedgerRecord, ...]:
        return ()

    @override
    async def save(self, delivery: SessionDelivery) -> None:
        self.open.add(delivery.upstream_id)

    @override
    async def parked(self, upstream_id: str) -> tuple[DueSession, ...]:
        return ()

    @override
    async def delivery(self, upstream_id: str, session_id: str) -> DueSession | None:
        return None

    @override
    async def by_remote_id(self, upstream_id: str, station_id: str, remote_id: str) -> DueSession | None:
        return None

    @override
    async def backlog(self, upstream_id: str) -> Backlog:
        return Backlog(session_count=self.waiting(upstream_id))

    @override
    def on_recorded(self, callback: Callable[[str], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)


class PaperSite:
    """One set of doubles, with what lines are made of."""

    def __init__(self, clock: Clock, network: Network, seed: int = 1, version: OcppVersion = OcppVersion.V201) -> None:
        self.clock = clock
        self.grounds = PaperGrounds()
        self.book = PaperBook()
        self.dialler = PaperDialler(clock, network, version)
        self.lanes: dict[tuple[str, str], PaperLane] = {}
        self.desks: dict[tuple[str, str], PaperDesk] = {}
        self.made_lanes = 0
        self.book.waiting = self._waiting
        self.equipment = Equipment(
            self.book, self.grounds, clock, Random(seed), self._zone, self.dialler, self._lane, self._desk
        )

    def lane(self, upstream_id: str = "csms", station_id: str = "CP1") -> PaperLane:
        """Return what one line tells; it outlives the line, as a ledger does."""
        return self.lanes.setdefault((upstream_id, station_id), PaperLane())

    def _waiting(self, upstream_id: str) -> int:
        return sum(
            sum(event.money for event in lane.waiting)
            for (owner, _), lane in self.lanes.items()
            if owner == upstream_id
        )

    def _zone(self) -> tzinfo:
        return UTC

    def _lane(self, config: UpstreamConfig, line: LineConfig) -> Tells:
        self.made_lanes += 1
        return self.lane(config.upstream_id, line.station_id)

    def _desk(self, config: UpstreamConfig, line: LineConfig, hooks: ControlHooks) -> Answers:
        return self.desks.setdefault((config.upstream_id, line.station_id), PaperDesk(hooks))
