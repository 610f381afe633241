"""What stations say, taken in one message at a time: the handler that the central system talks to."""

from dataclasses import replace
from typing import override

from ..authorization.authorizer import Authorizer
from ..csms.handler import StationHandler
from ..ledger.ledger import Ledger
from ..model.clock import Clock
from ..model.id_token import AuthorizationStatus, Decision
from ..model.station import ConnectorStatus, EvseKey, OcppVersion, StationIdentity
from ..model.station_event import (
    Acknowledged,
    AuthorizationAnswer,
    BootAnswer,
    BootReported,
    DataTransferAnswer,
    DataTransferReported,
    HeartbeatReported,
    IdTokenPresented,
    MeterValuesReported,
    NoticeReported,
    StationAnswer,
    StationEvent,
    StatusReported,
    TimeAnswer,
    TransactionReported,
    VariablesReported,
)
from .announcement import CardPresented, PasswordRefused, StrangerAppeared
from .background import Background
from .memory import SiteMemory
from .metering import Metering
from .register import SiteRegister
from .sessions import Sessions
from .state import StationState, Stranger
from .steering import Steering

HEARTBEAT_INTERVAL_S = 30
"""Some chargers drop a socket that has been idle for less than two minutes."""
STRANGER_INTERVAL_S = 15
"""How soon a station that nobody has adopted yet may introduce itself again."""


class Conversation(StationHandler):
    """Takes in every message of every station. Nothing here waits for a person, a backend or the internet."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        authorizer: Authorizer,
        sessions: Sessions,
        metering: Metering,
        steering: Steering,
        memory: SiteMemory,
        clock: Clock,
        background: Background,
    ) -> None:
        """Join the rooms."""
        self._register = register
        self._ledger = ledger
        self._authorizer = authorizer
        self._sessions = sessions
        self._metering = metering
        self._steering = steering
        self._memory = memory
        self._clock = clock
        self._background = background

    @override
    def is_adopted(self, station_id: str) -> bool:
        return station_id in self._register.configs

    @override
    def password(self, station_id: str) -> str | None:
        config = self._register.configs.get(station_id)
        return config.password if config else None

    @override
    def station_connected(self, station_id: str, version: OcppVersion, remote: str) -> None:
        now = self._clock.now()
        station = self._register.stations.get(station_id)
        if station is None:
            self._register.state.strangers[station_id] = Stranger(station_id, version, remote, now)
            self._register.state.changed()
            return
        station.connected = True
        station.connected_since = now
        station.last_seen = now
        station.version = version
        station.remote = remote
        self._reachable(station)

    @override
    def station_disconnected(self, station_id: str) -> None:
        if self._register.state.strangers.pop(station_id, None) is not None:
            self._register.state.changed()
        station = self._register.stations.get(station_id)
        if station is not None:
            station.connected = False
            self._reachable(station)

    @override
    def connection_refused(self, station_id: str, reason: str) -> None:
        if reason == "wrong_password":
            self._register.announce(PasswordRefused(station_id))

    @override
    async def station_ready(self, station_id: str) -> None:
        for evse in self._register.of_station(station_id):
            await self._steering.introduce(evse)
        self._steering.forget(station_id)

    @override
    def clock_moved(self, station_id: str) -> None:
        self._background.run(self.station_ready(station_id), "limits by a charger's own clock")

    @override
    async def handle(self, station_id: str, event: StationEvent) -> StationAnswer:
        station = self._register.stations.get(station_id)
        if station is None:
            return self._stranger_says(station_id, event)
        station.last_seen = self._clock.now()
        match event:
            case TransactionReported(report):
                return await self._sessions.reported(report)
            case MeterValuesReported():
                await self._metered(station, event)
            case StatusReported():
                self._status(station, event)
            case HeartbeatReported():
                station.changed()
                return TimeAnswer(self._clock.now())
            case IdTokenPresented():
                return await self._id_token(station, event)
            case BootReported():
                return await self._booted(station, event)
            case VariablesReported():
                self._variables(station, event)
            case NoticeReported():
                await self._ledger.append(
                    "station.notice", station_id=station_id, data={"topic": event.topic, "status": event.status}
                )
            case DataTransferReported():
                return DataTransferAnswer(known_vendor=False)
        return Acknowledged()

    def _stranger_says(self, station_id: str, event: StationEvent) -> StationAnswer:
        now = self._clock.now()
        stranger = self._register.state.strangers.get(station_id)
        if isinstance(event, BootReported) and stranger is not None:
            if stranger.identity != event.identity:
                stranger.identity = event.identity
                self._register.state.changed()
            # Told each time: whoever listens may not have been able to do anything about it before.
            self._register.announce(StrangerAppeared(station_id, event.identity, stranger.remote))
        return BootAnswer(accepted=False, current_time=now, interval_s=STRANGER_INTERVAL_S)

    async def _booted(self, station: StationState, event: BootReported) -> BootAnswer:
        station.identity = StationIdentity(
            vendor=event.identity.vendor or station.identity.vendor,
            model=event.identity.model or station.identity.model,
            serial_number=event.identity.serial_number or station.identity.serial_number,
            firmware_version=event.identity.firmware_version or station.identity.firmware_version,
        )
        await self._ledger.append(
            "station.boot",
            station_id=station.station_id,
            data={"reason": event.reason, "firmware": station.identity.firmware_version},
        )
        await self._memory.keep_station(station)
        station.changed()
        return BootAnswer(accepted=True, current_time=self._clock.now(), interval_s=HEARTBEAT_INTERVAL_S)

    def _status(self, station: StationState, event: StatusReported) -> None:
        if event.evse_id == 0:
            station.operative = event.status is not ConnectorStatus.UNAVAILABLE
            station.error_code = event.error_code
            station.changed()
            return
        if station.operative is None and event.status is not ConnectorStatus.UNAVAILABLE:
            station.operative = True
            station.changed()
        met_before = event.evse_id in station.evse_ids
        evse = self._register.evse(EvseKey(station.station_id, event.evse_id))
        if evse is None:
            return
        if not met_before:
            self._steering.layout_changed()
            self._background.run(self._memory.keep_station(station), "memory of a new EVSE")
            self._background.run(self._steering.introduce(evse), "floor of a new EVSE")
        if event.status is not evse.connector_status:
            evse.status_since = self._clock.now()
        evse.connector_status = event.status
        if event.charging_state is not None:
            evse.charging_state = event.charging_state
        elif event.status is ConnectorStatus.AVAILABLE:
            evse.charging_state = None
        evse.error_code = event.error_code
        evse.error_info = event.info or event.vendor_error_code
        self._sessions.status_changed(evse)
        evse.changed()
        self._steering.demand_changed(evse)

    async def _metered(self, station: StationState, event: MeterValuesReported) -> None:
        evse = self._register.evse(EvseKey(station.station_id, event.evse_id))
        if evse is None:
            return
        now = self._clock.now()
        await self._ledger.record_samples(evse.key, event.samples, now)
        self._metering.take(evse, event.samples, now)
        await self._sessions.sampled(evse)
        evse.changed()

    async def _id_token(self, station: StationState, event: IdTokenPresented) -> AuthorizationAnswer:
        decision = self._authorizer.decide(event.id_token, self._clock.now(), station.station_id, event.evse_id)
        if decision.accepted and self._register.state.ledger_failed:
            # Nothing could be written of the session that would follow.
            decision = replace(decision, status=AuthorizationStatus.BLOCKED)
        else:
            await self._ledger.record_decision(decision, station.station_id, event.evse_id)
        self._presented(station, event.evse_id, decision)
        return AuthorizationAnswer(decision.status, decision.expires_at)

    def _presented(self, station: StationState, evse_id: int | None, decision: Decision) -> None:
        evses = self._register.of_station(station.station_id)
        if evse_id is None and len(evses) == 1:
            evse_id = evses[0].key.evse_id
        key = EvseKey(station.station_id, evse_id) if evse_id else None
        if key is not None and (evse := self._register.evses.get(key)) is not None:
            evse.decision = decision
            evse.changed()
        self._register.announce(CardPresented(station.station_id, key, decision))

    def _variables(self, station: StationState, event: VariablesReported) -> None:
        for variable in event.variables:
            if variable.component == "EVSE" and variable.evse_id:
                key = EvseKey(station.station_id, variable.evse_id)
                if key not in self._register.evses and self._register.evse(key) is not None:
                    self._steering.layout_changed()
        if not event.more_to_come:
            self._background.run(self._memory.keep_station(station), "memory of a station's EVSEs")

    def _reachable(self, station: StationState) -> None:
        for evse in self._register.of_station(station.station_id):
            evse.connected = station.connected
            evse.changed()
            self._steering.demand_changed(evse)
        station.changed()
