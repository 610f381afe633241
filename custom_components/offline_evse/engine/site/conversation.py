"""What stations say, taken in one message at a time: the handler that the central system talks to."""

from collections.abc import Callable
from dataclasses import replace
import logging
from typing import override

from ..csms.handler import StationHandler
from ..ledger.ledger import Ledger
from ..model.clock import Clock
from ..model.failure import LedgerFullError, LedgerUnavailableError
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
from ..model.transaction import TransactionEventType, TransactionReport
from .access.cable import follow_cable
from .access.pass_desk import PassDesk
from .access.vehicles_seen import VehiclesSeen
from .admission import Admission
from .announcement import DuplicateRefused, PasswordRefused, StationBooted, StrangerAppeared
from .background import Background
from .memory import SiteMemory
from .register import SiteRegister
from .sessions import Sessions
from .state import StationState, Stranger
from .steering.metering import Metering
from .steering.steering import Steering

_LOGGER = logging.getLogger(__name__)

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
        admission: Admission,
        vehicles: VehiclesSeen,
        passes: PassDesk,
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
        self._admission = admission
        self._vehicles = vehicles
        self._passes = passes
        self._sessions = sessions
        self._metering = metering
        self._steering = steering
        self._memory = memory
        self._clock = clock
        self._background = background
        self.on_ready: Callable[[str], None] = lambda _: None
        """Called when a station that has connected has been told its limits."""
        self.on_introduced: Callable[[StationState], None] | None = None
        """Called when an adopted station has told who it is, before it is answered."""

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
        elif reason == "duplicate":
            self._register.announce(DuplicateRefused(station_id))

    @override
    async def station_ready(self, station_id: str) -> None:
        try:
            for evse in self._register.of_station(station_id):
                await self._steering.introduce(evse)
        finally:
            # A charger that does not answer to its floor may still take its limits.
            self._steering.ready(station_id)
            self.on_ready(station_id)

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
                return await self._sessions.reported(self._with_pass(report))
            case MeterValuesReported():
                await self._metered(station, event)
            case StatusReported():
                self._status(station, event)
            case HeartbeatReported():
                station.changed()
                return TimeAnswer(self._clock.now())
            case IdTokenPresented():
                token = self._passes.behind(event.id_token, station_id, shown=True)
                decision = await self._admission.at_reader(station_id, token, event.evse_id)
                return AuthorizationAnswer(decision.status, decision.expires_at, decision.group)
            case BootReported():
                return await self._booted(station, event)
            case VariablesReported():
                self._variables(station, event)
            case NoticeReported():
                self._vehicles.notified(station_id, event)
                await self._note(station_id, "station.notice", {"topic": event.topic, "status": event.status})
            case DataTransferReported():
                self._vehicles.transferred(station_id, event)
                return DataTransferAnswer(known_vendor=False)
        return Acknowledged()

    def _with_pass(self, report: TransactionReport) -> TransactionReport:
        """Return a report with the pass in place of the code that was typed for it, which is written down nowhere."""
        if report.id_token is None:
            return report
        shown = report.event_type is TransactionEventType.STARTED and not report.offline
        token = self._passes.behind(report.id_token, report.station_id, shown=shown)
        return report if token is report.id_token else replace(report, id_token=token)

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
        booted = {"reason": event.reason, "firmware": station.identity.firmware_version}
        if self.on_introduced is not None:
            self.on_introduced(station)
        await self._note(station.station_id, "station.boot", booted)
        self._background.run(self._memory.keep_station(station), "memory of a station")
        station.changed()
        self._register.announce(StationBooted(station.station_id, event.reason))
        return BootAnswer(accepted=True, current_time=self._clock.now(), interval_s=HEARTBEAT_INTERVAL_S)

    async def _note(self, station_id: str, kind: str, data: dict[str, str | None]) -> None:
        """Record what no energy depends on. A disk that fails keeps no charger from being served."""
        try:
            await self._ledger.append(kind, station_id=station_id, data=data)
        except (LedgerFullError, LedgerUnavailableError) as error:
            _LOGGER.debug("%s of %s could not be recorded: %s", kind, station_id, error)

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
        was_plugged = evse.plugged
        evse.connector_status = event.status
        follow_cable(evse, was_plugged, self._clock.now())
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
        # Taken before it is written: what a fuse carries counts, whether there is room on the disk or not.
        self._metering.take(evse, event.samples, now)
        try:
            await self._ledger.record_samples(evse.key, event.samples, now)
            await self._sessions.sampled(evse)
        finally:
            evse.changed()
            self._register.count_power()

    def _variables(self, station: StationState, event: VariablesReported) -> None:
        for variable in event.variables:
            if variable.component == "EVSE" and variable.evse_id:
                key = EvseKey(station.station_id, variable.evse_id)
                if key not in self._register.evses and self._register.evse(key) is not None:
                    self._steering.layout_changed()
        if not event.more_to_come:
            self._background.run(self._memory.keep_station(station), "memory of a station's EVSEs")

    def _reachable(self, station: StationState) -> None:
        self._steering.connection_changed(station.station_id)
        for evse in self._register.of_station(station.station_id):
            evse.connected = station.connected
            evse.changed()
            self._steering.demand_changed(evse)
        self._register.count_power()
        station.changed()
