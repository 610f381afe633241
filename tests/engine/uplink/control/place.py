"""A desk with a site around it that takes wishes and remembers, and a backend's view of the sessions."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
import json
from typing import Any, override

from ocpp.charge_point import remove_nones, snake_to_camel_case
from ocpp.messages import CallResult, validate_payload

from custom_components.offline_evse.engine.model.access import BackendAnswer, LinkState
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import EvseStatus, OcppVersion, StationIdentity
from custom_components.offline_evse.engine.model.transaction import Transaction
from custom_components.offline_evse.engine.model.upstream.config import (
    LineConfig,
    UpstreamConfig,
    UpstreamPermit,
    UpstreamRole,
)
from custom_components.offline_evse.engine.model.upstream.delivery import (
    DeliveryBook,
    DeliveryState,
    DueSession,
    SessionDelivery,
)
from custom_components.offline_evse.engine.model.upstream.link import Backlog, UpstreamView
from custom_components.offline_evse.engine.model.upstream.record import LedgerRecord
from custom_components.offline_evse.engine.model.upstream.site import Grounds, UpstreamEvse
from custom_components.offline_evse.engine.model.upstream.wish import UpstreamWish, WantLimit, WishAnswer, WishOutcome
from custom_components.offline_evse.engine.uplink.control.desk import ControlDesk
from custom_components.offline_evse.engine.uplink.control.hooks import ControlHooks

from ...clock import ManualClock, settle

STATION = "garage"
LIBRARY_VERSIONS = {OcppVersion.V16: "1.6", OcppVersion.V201: "2.0.1", OcppVersion.V21: "2.1"}
EVERY_PERMIT = frozenset(UpstreamPermit)


class SiteDouble(Grounds):
    """Knows two EVSEs; takes every wish unless told otherwise."""

    def __init__(self) -> None:
        self.evse_map: dict[int, UpstreamEvse] = {
            1: UpstreamEvse(phases=3, max_current_a=32.0),
            2: UpstreamEvse(phases=1, max_current_a=16.0),
        }
        self.status: dict[int, tuple[EvseStatus, str | None]] = {
            1: (EvseStatus.AVAILABLE, None),
            2: (EvseStatus.AVAILABLE, None),
        }
        self.wishes: list[UpstreamWish] = []
        self.limits: dict[int, float | None] = {}
        self.limit_times: list[tuple[datetime, int, float | None]] = []
        self.result = WishAnswer(WishOutcome.ACCEPTED)
        self.facts: dict[str, str] = {}
        self.disk_full = False
        self.stalled = False
        self.clock: ManualClock | None = None
        self._callbacks: list[Callable[[str], None]] = []

    @override
    def identity(self, station_id: str) -> StationIdentity:
        return StationIdentity()

    @override
    def statuses(self, station_id: str) -> dict[int, tuple[EvseStatus, str | None]]:
        return self.status

    @override
    def evses(self, station_id: str) -> dict[int, UpstreamEvse]:
        return self.evse_map if station_id == STATION else {}

    @override
    def on_status(self, callback: Callable[[str], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def status_changed(self) -> None:
        """Tell of a change."""
        for callback in self._callbacks:
            callback(STATION)

    @override
    async def wish(self, upstream_id: str, station_id: str, wish: UpstreamWish) -> WishAnswer:
        assert (upstream_id, station_id) == ("monta", STATION)
        if isinstance(wish, WantLimit):
            self.limits[wish.evse_id] = wish.current_a
            assert self.clock is not None
            self.limit_times.append((self.clock.now(), wish.evse_id, wish.current_a))
            return WishAnswer(WishOutcome.ACCEPTED)
        self.wishes.append(wish)
        if self.stalled:
            assert self.clock is not None
            await settle_for_ever()
        return self.result

    @override
    async def denied(self, upstream_id: str, session_id: str, id_token: IdToken, answer: BackendAnswer) -> None:
        raise AssertionError

    @override
    def shown(self, view: UpstreamView) -> None:
        raise AssertionError

    @override
    async def keep(self, key: str, value: object) -> None:
        if self.disk_full:
            raise OSError("disk full")
        if value is None:
            self.facts.pop(key, None)
        else:
            self.facts[key] = json.dumps(value)

    @override
    def kept(self, prefix: str) -> dict[str, object]:
        return {
            key.removeprefix(prefix): json.loads(fact) for key, fact in self.facts.items() if key.startswith(prefix)
        }


async def settle_for_ever() -> None:
    """Never come back, unless cancelled."""
    await asyncio.get_running_loop().create_future()


class BookDouble(DeliveryBook):
    """Sessions that the backend knows, by its ids."""

    def __init__(self) -> None:
        self.sessions: dict[str, DueSession] = {}
        self._callbacks: list[Callable[[str], None]] = []

    def know(self, remote_id: str, transaction: Transaction) -> None:
        """Let the backend know a session."""
        delivery = SessionDelivery(
            upstream_id="monta",
            session_id=transaction.session_id,
            station_id=STATION,
            state=DeliveryState.RUNNING,
            remote_id=remote_id,
        )
        self.sessions[remote_id] = DueSession(transaction, delivery)

    def recorded(self) -> None:
        """Tell that something was recorded."""
        for callback in self._callbacks:
            callback(STATION)

    @override
    async def open_upstream(
        self, upstream_id: str, since: datetime | None, *, stations: Collection[str] | None = None
    ) -> None:
        raise AssertionError

    @override
    async def close_upstream(self, upstream_id: str) -> None:
        raise AssertionError

    @override
    async def moved(self, upstream_id: str) -> None:
        raise AssertionError

    @override
    async def left_out(self, upstream_id: str, limit: int = 200) -> tuple[DueSession, ...]:
        return ()

    @override
    async def due(self, upstream_id: str, station_id: str, limit: int = 50) -> tuple[DueSession, ...]:
        return tuple(self.sessions.values())[:limit]

    @override
    async def records(self, session_id: str, after_seq: int, limit: int = 200) -> tuple[LedgerRecord, ...]:
        raise AssertionError

    @override
    async def save(self, delivery: SessionDelivery) -> None:
        raise AssertionError

    @override
    async def parked(self, upstream_id: str) -> tuple[DueSession, ...]:
        raise AssertionError

    @override
    async def delivery(self, upstream_id: str, session_id: str) -> DueSession | None:
        return next((due for due in self.sessions.values() if due.delivery.session_id == session_id), None)

    @override
    async def by_remote_id(self, upstream_id: str, station_id: str, remote_id: str) -> DueSession | None:
        return self.sessions.get(remote_id)

    @override
    async def backlog(self, upstream_id: str) -> Backlog:
        return Backlog()

    @override
    def on_recorded(self, callback: Callable[[str], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)


class LineDouble(ControlHooks):
    """Notes what a line is told."""

    def __init__(self) -> None:
        self.state = LinkState.ONLINE
        self.told: list[tuple[Any, ...]] = []
        self.mute: set[str] = set()
        """Messages of which there is nothing to say."""

    @property
    @override
    def link(self) -> LinkState:
        return self.state

    @override
    def set_heartbeat(self, interval_s: int) -> None:
        self.told.append(("heartbeat", interval_s))

    @override
    def set_interval(self, interval_s: int | None) -> None:
        self.told.append(("interval", interval_s))

    @override
    def trigger(self, message: str, evse_id: int | None) -> bool:
        self.told.append(("trigger", message, evse_id))
        return message not in self.mute

    @override
    def follow_up(self, action: str, payload: dict[str, Any]) -> None:
        self.told.append(("follow_up", action, payload))

    @override
    def forget_answers(self) -> None:
        self.told.append(("forget",))

    @override
    def reconnect(self) -> None:
        self.told.append(("reconnect",))


@dataclass
class Place:
    """A desk and everything around it."""

    config: UpstreamConfig
    clock: ManualClock = field(default_factory=ManualClock)
    site: SiteDouble = field(default_factory=SiteDouble)
    book: BookDouble = field(default_factory=BookDouble)
    line: LineDouble = field(default_factory=LineDouble)

    def __post_init__(self) -> None:
        self.site.clock = self.clock
        self.desk = self._desk()
        self.desk.restore()

    def _desk(self) -> ControlDesk:
        return ControlDesk(self.config, self.config.lines[0], self.book, self.site, self.clock, self.line)

    async def restart(self) -> None:
        """Begin anew with what was kept."""
        await self.desk.close()
        self.line.told.clear()
        self.site.limits.clear()
        self.desk = self._desk()
        self.desk.restore()
        await settle()

    async def raw(self, version: OcppVersion, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Ask, and hold the answer against the schemas of the library."""
        said = await self.desk.answer(version, action, payload)
        await settle()
        result = CallResult("1", json.loads(json.dumps(said)), action)  # type: ignore[no-untyped-call]
        await validate_payload(result, ocpp_version=LIBRARY_VERSIONS[version])
        return said

    async def ask(self, version: OcppVersion, message: Any) -> dict[str, Any]:
        """Ask with a message of the library."""
        payload: Any = remove_nones(snake_to_camel_case(asdict(message)))  # type: ignore[no-untyped-call]
        return await self.raw(version, type(message).__name__, payload)

    def run(self, evse_id: int = 1, session_id: str = "01SESSION", remote_id: str = "77", card: str = "CARD") -> None:
        """Let a session run that the backend knows."""
        transaction = Transaction(
            transaction_id="1",
            session_id=session_id,
            station_id=STATION,
            evse_id=evse_id,
            connector_id=1,
            started_at=self.clock.now(),
            ended_at=None,
            energy_wh=0,
            register_start_wh=0,
            register_last_wh=0,
            id_token=IdToken(card),
            name=None,
        )
        self.site.evse_map[evse_id] = replace(self.site.evse_map[evse_id], transaction=transaction)
        self.book.know(remote_id, transaction)
        self.book.recorded()

    def end(self, evse_id: int = 1) -> None:
        """Let the session at an EVSE be over."""
        transaction = self.site.evse_map[evse_id].transaction
        assert transaction is not None
        self.site.evse_map[evse_id] = replace(self.site.evse_map[evse_id], transaction=None)
        for remote_id, due in self.book.sessions.items():
            if due.transaction.session_id == transaction.session_id:
                ended = replace(transaction, ended_at=self.clock.now())
                self.book.sessions[remote_id] = replace(due, transaction=ended)
        self.book.recorded()
        self.desk.session_ended(transaction.session_id)


def backend(**changes: Any) -> UpstreamConfig:
    """Return a backend that controls and has every permit, unless it is said otherwise."""
    settings: dict[str, Any] = {
        "upstream_id": "monta",
        "name": "Monta",
        "url": "ws://127.0.0.1/ocpp",
        "role": UpstreamRole.CONTROL,
        "lines": (LineConfig(station_id=STATION, identity="CP1", password="secret"),),
        "permits": EVERY_PERMIT,
        "vendor_ids": frozenset({"com.acme"}),
    }
    return UpstreamConfig(**settings | changes)
