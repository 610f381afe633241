"""What the balancing offers each EVSE, and why it is not more."""

from dataclasses import dataclass, field
from enum import StrEnum

from .phases import Phase, PhaseAmperes
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


@dataclass(frozen=True, slots=True)
class Binding:
    """The limit that binds an offer: raise it by 1 A and the offer rises."""

    reason: LimitReason
    circuit_id: str | None = None
    phase: Phase | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """The current that an EVSE may draw on each of its phases, in A: 0, or at least its minimum."""

    evse: EvseKey
    current_a: float
    binding: Binding


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


@dataclass(frozen=True, slots=True)
class BalancingDecision:
    """The answer to one look at the site: an offer for every EVSE, and how each circuit stands."""

    at_s: float
    offers: dict[EvseKey, Offer] = field(default_factory=dict)
    circuits: dict[str, CircuitState] = field(default_factory=dict)
    safe_mode: bool = False
    """A meter is silent, so chargers are held at their safe currents."""
