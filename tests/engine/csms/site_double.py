"""A site that only writes down what the central system tells it, and answers as it is told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, override

from custom_components.offline_evse.engine.csms.handler import StationHandler
from custom_components.offline_evse.engine.model.clock import Clock
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.station_event import (
    Acknowledged,
    AuthorizationAnswer,
    BootAnswer,
    BootReported,
    DataTransferAnswer,
    DataTransferReported,
    HeartbeatReported,
    IdTokenPresented,
    StationAnswer,
    StationEvent,
    TimeAnswer,
    TransactionAnswer,
    TransactionReported,
)

PATIENCE_S = 10.0


class SiteDouble(StationHandler):
    """Takes in everything; `adopted`, `passwords` and the hooks steer it."""

    def __init__(self, clock: Clock) -> None:
        """Adopt nobody."""
        self.clock = clock
        self.adopted: set[str] = set()
        self.passwords: dict[str, str] = {}
        self.events: list[tuple[str, StationEvent]] = []
        self.connected: list[tuple[str, OcppVersion, str]] = []
        self.disconnected: list[str] = []
        self.ready: list[str] = []
        self.refused: list[tuple[str, str]] = []
        self.clocks_moved: list[str] = []
        self.before_answer: Callable[[str, StationEvent], Awaitable[None]] | None = None
        self.when_ready: Callable[[str], Awaitable[Any]] | None = None
        self._changed = asyncio.Event()

    @override
    def is_adopted(self, station_id: str) -> bool:
        return station_id in self.adopted

    @override
    def password(self, station_id: str) -> str | None:
        return self.passwords.get(station_id)

    @override
    async def handle(self, station_id: str, event: StationEvent) -> StationAnswer:
        self.events.append((station_id, event))
        self._changed.set()
        if self.before_answer is not None:
            await self.before_answer(station_id, event)
        match event:
            case BootReported():
                return BootAnswer(accepted=self.is_adopted(station_id), current_time=self.clock.now(), interval_s=3600)
            case HeartbeatReported():
                return TimeAnswer(self.clock.now())
            case IdTokenPresented():
                return AuthorizationAnswer(AuthorizationStatus.ACCEPTED)
            case TransactionReported():
                return TransactionAnswer(
                    transaction_id="7", authorization=AuthorizationAnswer(AuthorizationStatus.ACCEPTED)
                )
            case DataTransferReported():
                return DataTransferAnswer()
        return Acknowledged()

    @override
    def station_connected(self, station_id: str, version: OcppVersion, remote: str) -> None:
        self.connected.append((station_id, version, remote))
        self._changed.set()

    @override
    def station_disconnected(self, station_id: str) -> None:
        self.disconnected.append(station_id)
        self._changed.set()

    @override
    async def station_ready(self, station_id: str) -> None:
        self.ready.append(station_id)
        self._changed.set()
        if self.when_ready is not None:
            await self.when_ready(station_id)

    @override
    def clock_moved(self, station_id: str) -> None:
        self.clocks_moved.append(station_id)

    @override
    def connection_refused(self, station_id: str, reason: str) -> None:
        self.refused.append((station_id, reason))
        self._changed.set()

    def told(self, kind: type[StationEvent]) -> list[StationEvent]:
        """All events of a kind, in order."""
        return [event for _, event in self.events if isinstance(event, kind)]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until what the site was told makes `condition` true."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()
