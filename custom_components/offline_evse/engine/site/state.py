"""What the site knows right now, for whoever shows it. Written by the site only; everybody else listens."""

from collections.abc import Callable
from datetime import datetime

from ..model.access import Exposure, LinkState
from ..model.allowance import Allowance, VehicleSeen
from ..model.circuit import Circuit
from ..model.commissioning import MeterFinding, WiringLearned
from ..model.decision import Decision
from ..model.grid import GridView
from ..model.local_list import LocalListState
from ..model.meter import EvseSample
from ..model.offer import Binding, CircuitState, Escalation, LimitReason, Offer
from ..model.outlook import Outlook
from ..model.phases import PhaseAmperes
from ..model.self_test import SelfTest
from ..model.station import ChargingState, ConnectorStatus, EvseKey, EvseStatus, OcppVersion, StationIdentity
from ..model.transaction import Transaction
from ..model.upstream.link import UpstreamView
from ..model.upstream.site import UpstreamLimit
from .goals.goal_state import EvseGoal, SiteGoals


class Listened:
    """Something that tells its listeners when it has changed."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._listeners: list[Callable[[], None]] = []

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after every change; returns the call that ends it."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def changed(self) -> None:
        """Tell everybody, once per batch of changes."""
        for callback in tuple(self._listeners):
            callback()


class EvseState(Listened):
    """One EVSE, live."""

    __slots__ = (
        "allowance",
        "charging_state",
        "connected",
        "connector_status",
        "decision",
        "error_code",
        "error_info",
        "escalation",
        "goal",
        "key",
        "lifetime_wh",
        "limit_a",
        "maximum_a",
        "minimum_a",
        "offer",
        "pausable",
        "paused",
        "phases_used",
        "plugged_at",
        "sample",
        "status_since",
        "terminals",
        "transaction",
        "upstream_limit",
        "vehicle",
        "vehicle_minimum_a",
        "wiring_known",
    )

    def __init__(self, key: EvseKey) -> None:
        """Begin knowing nothing."""
        super().__init__()
        self.key = key
        self.connected = False
        """Whether its station is connected; nothing else here is current while it is not."""
        self.connector_status: ConnectorStatus | None = None
        self.charging_state: ChargingState | None = None
        self.status_since: datetime | None = None
        self.error_code: str | None = None
        self.error_info: str | None = None
        self.transaction: Transaction | None = None
        """The running one, or the last one that ended."""
        self.decision: Decision | None = None
        """The last authorization decided here."""
        self.allowance: Allowance | None = None
        """What is left for the running session; None: nobody limits it, or nothing runs."""
        self.plugged_at: datetime | None = None
        """When the cable that is in was plugged; None: none is, or it was in before we looked."""
        self.vehicle: VehicleSeen | None = None
        """The car that was recognised here and has not left since."""
        self.sample: EvseSample | None = None
        """The newest values of its meter, older measurands kept until they are told anew."""
        self.lifetime_wh: int | None = None
        """Everything it ever delivered: follows the charger's register, and never runs backwards."""
        self.offer = Offer(key, 0.0, Binding(LimitReason.OFFLINE))
        self.goal = EvseGoal()
        """What people want of it beyond that."""
        self.limit_a: float | None = None
        """Current that somebody set as the most it may have; None: nobody did."""
        self.upstream_limit: UpstreamLimit | None = None
        """The lowest that a backend wants it to have; None: none wants any."""
        self.paused = False
        """Somebody paused charging; the transaction goes on."""
        self.minimum_a = 6.0
        self.maximum_a = 16.0
        self.terminals = 3
        """Phases the EVSE is wired with."""
        self.phases_used: tuple[int, ...] | None = None
        """Terminals (0-based) that the car draws on, once seen."""
        self.wiring_known = True
        """Whether it is known which phases of the building the terminals are on."""
        self.vehicle_minimum_a: float | None = None
        """The lowest current at which this car has been seen to charge."""
        self.pausable = True
        """Whether an offer of 0 pauses it and lets it go on later."""
        self.escalation: Escalation | None = None
        """What is being done because its car does not follow its limit; None: it does."""

    @property
    def plugged(self) -> bool | None:
        """Whether a cable is in; None where the station has not told its status."""
        if self.connector_status is None:
            return None
        return self.has_transaction or self.connector_status is ConnectorStatus.OCCUPIED

    @property
    def charging(self) -> bool:
        """Whether energy flows."""
        return self.has_transaction and self.charging_state is ChargingState.CHARGING

    @property
    def power_w(self) -> float | None:
        """What it draws now, in W: as told, or else from its currents and voltages; None where neither is told."""
        if self.sample is None or self.sample.power_w is not None:
            return self.sample.power_w if self.sample else None
        if self.sample.currents_a is None or self.sample.voltages_v is None:
            return None
        volts = self.sample.voltages_v
        return sum(
            current_a * volts[min(terminal, len(volts) - 1)]
            for terminal, current_a in enumerate(self.sample.currents_a)
        )

    @property
    def has_transaction(self) -> bool:
        """Whether a transaction is running."""
        return self.transaction is not None and self.transaction.is_open

    @property
    def status(self) -> EvseStatus | None:
        """The one word for people; None where the station has not told it."""
        match self.connector_status:
            case None:
                return None
            case ConnectorStatus.FAULTED:
                return EvseStatus.FAULTED
            case ConnectorStatus.UNAVAILABLE:
                return EvseStatus.UNAVAILABLE
            case ConnectorStatus.RESERVED:
                return EvseStatus.RESERVED
            case ConnectorStatus.AVAILABLE if not self.has_transaction:
                return EvseStatus.AVAILABLE
        match self.charging_state:
            case ChargingState.CHARGING:
                return EvseStatus.CHARGING
            case ChargingState.SUSPENDED_EV:
                return EvseStatus.SUSPENDED_EV
            case ChargingState.SUSPENDED_EVSE:
                return EvseStatus.SUSPENDED_EVSE
            case ChargingState.IDLE if not self.has_transaction:
                return EvseStatus.FINISHING
        return EvseStatus.PREPARING


class StationState(Listened):
    """One charging station, live."""

    __slots__ = (
        "connected",
        "connected_since",
        "error_code",
        "evse_ids",
        "identity",
        "last_seen",
        "local_list",
        "oddities",
        "operative",
        "remote",
        "self_test",
        "self_test_running",
        "station_id",
        "taken_out",
        "version",
    )

    def __init__(self, station_id: str) -> None:
        """Begin knowing nothing but its name."""
        super().__init__()
        self.station_id = station_id
        self.connected = False
        self.connected_since: datetime | None = None
        self.last_seen: datetime | None = None
        self.identity = StationIdentity()
        self.version: OcppVersion | None = None
        self.remote: str | None = None
        self.operative: bool | None = None
        """Whether the station as a whole is in service; None until it tells."""
        self.error_code: str | None = None
        self.evse_ids: tuple[int, ...] = ()
        self.oddities: dict[str, int] = {}
        """How often each deviation from the standard had to be put right."""
        self.local_list: LocalListState | None = None
        """Which of the enrolled cards it can let in by itself; None: it keeps no list for us."""
        self.self_test: SelfTest | None = None
        """The last self-test; None: there was none."""
        self.self_test_running = False
        self.taken_out: frozenset[int] = frozenset()
        """EVSEs that were taken out of service from here because they did not follow their limits."""


class Stranger:
    """A station that has dialled in and is not adopted."""

    __slots__ = ("first_seen", "identity", "remote", "station_id", "version")

    def __init__(self, station_id: str, version: OcppVersion, remote: str, first_seen: datetime) -> None:
        """Note who is at the door."""
        self.station_id = station_id
        self.version = version
        self.remote = remote
        self.first_seen = first_seen
        self.identity = StationIdentity()


class SiteState(Listened):
    """The site as a whole, live."""

    __slots__ = (
        "charging_power_w",
        "circuits",
        "distrusted_meters",
        "exported_at",
        "exposure",
        "goals",
        "grid",
        "layout",
        "ledger_failed",
        "link",
        "meter_findings",
        "outlook",
        "safe_mode",
        "shadow",
        "silent_meters",
        "stopped",
        "strangers",
        "upstreams",
        "wirings_learned",
    )

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.layout: dict[str, Circuit] = {}
        self.circuits: dict[str, CircuitState] = {}
        self.goals = SiteGoals()
        """How what people want beyond the fuse stands."""
        self.grid: GridView | None = None
        """The grid operator's limits; None as long as there has never been anything of the kind."""
        self.charging_power_w = 0.0
        self.safe_mode = False
        self.silent_meters: frozenset[str] = frozenset()
        """Circuits whose meter has fallen silent."""
        self.meter_findings: tuple[MeterFinding, ...] = ()
        """What is suspected or proven to be wrong with meters."""
        self.wirings_learned: tuple[WiringLearned, ...] = ()
        """Chargers whose wiring is another one than was set up, or was left to be learned."""
        self.distrusted_meters: frozenset[str] = frozenset()
        """Circuits whose meter reports, but is taken for silent because what it shows is wrong."""
        self.ledger_failed = False
        """The ledger cannot be written; new sessions are refused until it can."""
        self.strangers: dict[str, Stranger] = {}
        self.stopped = False
        """Somebody has stopped all charging at the site."""
        self.shadow = False
        """What is decided is shown, but no charger is told."""
        self.outlook: Outlook | None = None
        """What the site would do if nobody steered it any more; None until it has been looked at."""
        self.exposure = Exposure()
        """What has been given to people whom nobody has confirmed."""
        self.exported_at: datetime | None = None
        """When records last left as a file; None: never."""
        self.link: LinkState | None = None
        """How the backend that is asked about cards can be reached; None: there is none."""
        self.upstreams: dict[str, UpstreamView] = {}
        """Every backend as it is shown, by its id."""

    def available_a(self, circuit_id: str) -> PhaseAmperes | None:
        """What a circuit has left for charging, in A per phase; None before the first decision."""
        circuit = self.circuits.get(circuit_id)
        return circuit.available_a if circuit else None
