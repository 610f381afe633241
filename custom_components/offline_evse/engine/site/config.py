"""How a site is set up: what an installer chooses, as values."""

from dataclasses import dataclass, field
from enum import StrEnum

from ..model.access import AccessConfig, AccessMode
from ..model.circuit import MINIMUM_CURRENT_A, Circuit
from ..model.credential import EvidenceLevel
from ..model.grid import GridConfig
from ..model.phases import IN_ORDER, Wiring
from .goals.config import GoalsConfig


class DefaultProfile(StrEnum):
    """What a charger is given on connect for the time that it has no other word from us."""

    NONE = "none"
    ZERO = "zero"
    SAFE = "safe"


class AfterExpiry(StrEnum):
    """What is reckoned for a charger that is out of sight once its limit must have run out."""

    HOLD = "hold"
    """It is taken to keep the last current that it was seen with."""
    TRUST = "trust"
    """It is taken to have fallen to its safe current, and the rest is given to others."""


class PauseWay(StrEnum):
    """How a charger is brought to stop the flow of energy without ending the session."""

    AUTO = "auto"
    """0 A, as long as the charger has not been seen to mind."""
    ZERO = "zero"
    """A limit of 0 A."""
    MINIMUM = "minimum"
    """Not at all: it is left at its minimum current."""
    STOP = "stop"
    """The session is ended by remote stop."""
    AVAILABILITY = "availability"
    """The EVSE is taken out of service for the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationConfig:
    """A charger that belongs to the site."""

    station_id: str
    name: str
    circuit_id: str
    wiring: Wiring = IN_ORDER
    learn_wiring: bool = False
    """Nobody knows the wiring yet: it is learned from the meter. `wiring` tells the number of terminals then."""
    maximum_a: float = 16.0
    minimum_a: float = MINIMUM_CURRENT_A
    safe_a: float = MINIMUM_CURRENT_A
    default_profile: DefaultProfile = DefaultProfile.SAFE
    password: str | None = None
    priority: int = 0
    weight: float = 1.0
    refresh_s: int = 120
    """How often a live limit is repeated, in s."""
    expires_s: int | None = 250
    """How long a live limit holds without being repeated, in s; None: until the next one, however long that takes."""
    after_expiry: AfterExpiry = AfterExpiry.TRUST
    hardware_a: float | None = None
    """What it draws at most where no limit of ours holds; None: no more than `maximum_a`."""
    pause_way: PauseWay = PauseWay.AUTO
    can_switch_phases: bool = False
    session_time_s: int | None = None
    """Longest time that a session gets current, in s."""
    session_energy_wh: int | None = None
    """Most energy that a session gets, in Wh."""
    derate_from_c: float | None = None
    """Temperature of the charger from which its current is lowered, in °C; None: it looks after itself."""
    access_mode: AccessMode | None = None
    """Who is asked about a card; None: what the site says."""
    minimum_level: EvidenceLevel = EvidenceLevel.KEY
    """How much somebody has to prove who comes without a card in its reader."""

    @property
    def unseen_a(self) -> float:
        """What a car may draw that plugs in while nothing can be told to the charger, in A: its default profile."""
        match self.default_profile:
            case DefaultProfile.NONE:
                return self.maximum_a if self.hardware_a is None else self.hardware_a
            case DefaultProfile.ZERO:
                return 0.0
            case DefaultProfile.SAFE:
                return self.safe_a


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """The whole site."""

    name: str
    circuits: tuple[Circuit, ...]
    stations: tuple[StationConfig, ...] = ()
    goals: GoalsConfig = field(default_factory=GoalsConfig)
    """What is wanted beyond the fuse."""
    grid: GridConfig = field(default_factory=GridConfig)
    """Whom a grid operator's limits hold for, and how far down."""
    access: AccessConfig = field(default_factory=AccessConfig)
    """Who is let in; local times are in the time zone of `goals`."""
    shadow: bool = False
    """Decide and show, but send no limit to any charger."""
