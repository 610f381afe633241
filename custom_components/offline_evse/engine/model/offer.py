"""What the balancing offers each EVSE, and why it is not more."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from .phases import NO_CURRENT, Phase, PhaseAmperes
from .station import EvseKey


class LimitReason(StrEnum):
    """What keeps an offer from being higher."""

    NOT_CHARGING = "not_charging"
    """No car asks for current."""
    CHARGER_MAXIMUM = "charger_maximum"
    """The charger, its cable or its own branch."""
    USER_LIMIT = "user_limit"
    """Somebody set a lower current."""
    PAUSED = "paused"
    """Somebody paused it."""
    CIRCUIT = "circuit"
    """A fuse on one phase; its name and phase go with it."""
    CIRCUIT_POWER = "circuit_power"
    """A circuit's limit for all phases together."""
    WAITING_TURN = "waiting_turn"
    """There is not enough for everyone's minimum, and others are served first."""
    METER_SILENT = "meter_silent"
    """A meter has fallen silent: safe currents only."""
    SETTLING = "settling"
    """There is room, but not yet for long enough to count on it."""
    PRIORITY = "priority"
    """A fuse on one phase, where the next ampere would go to others first, by their class or their weight."""
    VEHICLE = "vehicle"
    """The car has not taken more for a while; it is asked again from time to time."""
    OFFLINE = "offline"
    """The charger cannot be told anything; its last offer is held for it."""
    STOPPED = "stopped"
    """Somebody stopped all charging at the site."""
    MODE = "mode"
    """The charging mode that somebody chose allows no more."""
    SOLAR = "solar"
    """There is no more sun to spare."""
    BATTERY = "battery"
    """The house's battery comes first."""
    PRICE = "price"
    """Power is too expensive now."""
    SCHEDULE = "schedule"
    """It is not the time of day for it."""
    PLAN = "plan"
    """The plan for its departure puts charging off, or spreads it."""
    PEAK = "peak"
    """The mean power of this quarter of an hour must not become a new peak."""
    GRID = "grid"
    """The grid operator's limit."""
    SESSION_TIME = "session_time"
    """The session has lasted as long as it may."""
    SESSION_ENERGY = "session_energy"
    """The session has had all the energy that it may have."""
    TEMPERATURE = "temperature"
    """The charger is hot."""
    CHARGER_ERROR = "charger_error"
    """The charger reports an error that calls for less current."""
    NOT_OBEYING = "not_obeying"
    """It did not follow its limit, so it was paused."""
    FUSE_HOT = "fuse_hot"
    """A fuse has carried too much for so long that it has to cool down."""
    USED_UP = "used_up"
    """Whoever charges has had the energy or money that the card or pass is good for."""
    TIME_OVER = "time_over"
    """The time is over for which whoever charges may do so."""
    DEAUTHORIZED = "deauthorized"
    """Whoever charges has not been let in, or not any longer."""
    BACKEND = "backend"
    """A backend's limit."""
    FEWER_PHASES = "fewer_phases"
    """It charges on one phase for now, so that there is room for all."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The limit that binds an offer: raise it by 1 A and the offer rises."""

    reason: LimitReason
    circuit_id: str | None = None
    phase: Phase | None = None
    limit_id: str | None = None
    """The shared limit that binds, if it is one."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The current that an EVSE may draw on each of its phases, in A: 0, or at least its minimum."""

    evse: EvseKey
    current_a: float
    binding: Binding
    missing_a: float | None = None
    """What would have to change: how much more there would have to be at the binding limit, in A on its phase (or per
    phase of this EVSE where the limit is in W), for the offer to rise by a step worth a command, or from 0 to its
    minimum. None where no amount of current would help."""
    terminals: int | None = None
    """How many of its terminals it is to use; None: all."""
    also: tuple[Binding, ...] = ()
    """Other limits that bind as tightly, like the other phases of a fuse: all of them have to give `missing_a`."""


@dataclass(frozen=True, slots=True)
class EvseDemand:
    """What an EVSE would take if nothing bound it, and what is known of the car."""

    evse: EvseKey
    connected: bool
    """Whether the station can be told anything."""
    wants_current: bool
    """A car is there and has been let in."""
    ceiling_a: float
    """The lowest of the limits that people and modes have set, in A."""
    ceiling_reason: LimitReason = LimitReason.CHARGER_MAXIMUM
    phases_used: tuple[int, ...] | None = None
    """Terminals (0-based) the car draws on, once seen; None: all that are wired."""
    priority: int | None = None
    """Class of whoever charges, where it is not the connector's own; higher is served first."""
    weight: float | None = None
    """Share within its class, where it is not the connector's own."""
    laxity_s: float | None = None
    """How long it could still wait at full current and be ready for its departure, in s; the least goes first among
    those of its class that have to wait. None: it has no departure."""
    minimum_a: float | None = None
    """The lowest current at which this car charges sensibly, where that is more than the connector's minimum."""
    pausable: bool = True
    """Whether an offer of 0 is known to pause it and to let it go on later; otherwise it is not paused as long as
    anything else will do."""


@dataclass(frozen=True, slots=True)
class CircuitState:
    """How a circuit stands after a decision."""

    circuit_id: str
    measured_a: PhaseAmperes | None
    """What the meter says; None without a meter or while it is silent."""
    capacity_a: PhaseAmperes
    """What chargers may have in all, in A per phase."""
    available_a: PhaseAmperes
    """What is left of the capacity after all offers and reservations."""
    meter_silent: bool = False
    uncontrolled_a: PhaseAmperes | None = None
    """What everything but our chargers draws at most, in A per phase; None where no meter tells."""
    offered_a: PhaseAmperes = NO_CURRENT
    """Sum of the offers below, in A per phase."""
    reserved_a: PhaseAmperes = NO_CURRENT
    """Held for chargers that cannot be seen or told, in A per phase."""
    heat: PhaseAmperes = NO_CURRENT
    """Estimated heat of the fuse per phase, as a share of what it carries for ever at its rating (1.0); it may trip
    from 1.28 on."""


class EscalationStep(IntEnum):
    """What is done about a car that goes on drawing more than its offer; each step includes those before."""

    OTHERS_CUT = 1
    """Others give up what it takes too much."""
    PAUSED = 2
    """It is offered 0."""
    STOPPED = 3
    """Its transaction is to be stopped."""
    OUT_OF_SERVICE = 4
    """Its EVSE is to be taken out of service, which opens its contactor."""
    ALARM = 5
    """Nothing helps: somebody has to be called, and a contactor of the building opened if there is one."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """A car that does not follow its limit, and how far things have gone."""

    evse: EvseKey
    step: EscalationStep
    since_s: float
    """Monotonic time at which it was first seen."""
    drawn_a: float
    offered_a: float


@dataclass(frozen=True, slots=True)
class BalancingDecision:
    """The answer to one look at the site: an offer for every EVSE, and how each circuit stands."""

    at_s: float
    offers: dict[EvseKey, Offer] = field(default_factory=dict)
    circuits: dict[str, CircuitState] = field(default_factory=dict)
    safe_mode: bool = False
    """A meter is silent, so chargers are held at their safe currents."""
    escalations: dict[EvseKey, Escalation] = field(default_factory=dict)
    """Cars that do not follow, with what is to be done about each."""
