"""The grid's word: limits that a grid operator, or somebody in its name, puts on a site for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .shared_limit import LimitBasis

DEVICE_FLOOR_W = 4200.0
"""What a controllable device keeps under §14a EnWG, in W (ruling BK6-22-300 of the Bundesnetzagentur, annex 1)."""
HEARTBEAT_S = 120.0
"""How long a line that is to be heard from all the time may be silent, in s (EEBUS use case LPC)."""
FAILSAFE_MINIMUM_S = 7200.0
"""How long the fail-safe limit holds at least once the line is lost, in s (EEBUS use case LPC)."""


class GridSource(StrEnum):
    """The way that a limit has come."""

    ACTION = "action"
    ENTITY = "entity"
    RELAY = "relay"
    UPLINK = "uplink"
    OPENADR = "openadr"


class GridMode(StrEnum):
    """How a limit on charging is shared."""

    GROUP = "group"
    """All devices share one figure, as an energy management does."""
    PER_DEVICE = "per_device"
    """The figure holds for each device alone."""


class GridPhase(StrEnum):
    """How one line of the grid's word stands."""

    FREE = "free"
    """Heard, and no limit is stated."""
    WAITING = "waiting"
    """A limit is stated for later."""
    LIMITED = "limited"
    FAILSAFE = "failsafe"
    """The line is lost, or is back without having said anything: the fail-safe limit holds."""
    AUTONOMOUS = "autonomous"
    """The line has been lost for so long that the fail-safe limit has run out."""
    ENDED = "ended"
    """The limit is over, and nothing more is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridTerms:
    """What is agreed with whoever speaks on a line."""

    heartbeat_s: float | None = None
    """Silence, in s, after which the line is lost; None: it need not be heard from."""
    failsafe_w: float | None = None
    """Limit while the line is lost, in W; None: the floor."""
    failsafe_minimum_s: float = FAILSAFE_MINIMUM_S


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLimit:
    """One limit as it was stated. A value, however low: what becomes of it is decided with the site's floor."""

    event_id: str
    source: GridSource
    limit_w: float
    start: datetime
    duration_s: float | None = None
    """None: until it is taken back."""
    basis: LimitBasis = LimitBasis.CHARGING
    name: str | None = None
    """Who says so, for people: a grid operator, a program. No personal data."""
    terms: GridTerms = GridTerms()
    may_stop: bool = False
    """Whether it may go below the floor, down to nothing at all."""
    raw_sha256: str | None = None
    """Hash of the message it came in, where it came in one."""

    @property
    def end(self) -> datetime | None:
        """When it is over by itself; None: never."""
        return None if self.duration_s is None else self.start + timedelta(seconds=self.duration_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLineConfig:
    """A line that is there all the time and states limits or their absence: an entity, a relay, an uplink."""

    key: str
    source: GridSource
    name: str | None = None
    basis: LimitBasis = LimitBasis.CHARGING
    terms: GridTerms = GridTerms()
    may_stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GridConfig:
    """What is set up for the grid's word."""

    mode: GridMode = GridMode.GROUP
    floor_w: float = DEVICE_FLOOR_W
    """What one device keeps at least, in W."""
    devices: frozenset[str] | None = None
    """Stations that the limit on charging holds for; None: all."""
    circuit_id: str | None = None
    """Where the limits hold; None: at the root of the tree, the grid connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLineView:
    """One line as people see it."""

    event_id: str
    source: GridSource
    phase: GridPhase
    name: str | None
    stated_w: float | None
    """As stated, or the fail-safe value, in W; None: no limit."""
    limit_w: float | None
    """After the floor, in W; None: no limit."""
    basis: LimitBasis
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GridView:
    """The grid's word as it stands now."""

    lines: tuple[GridLineView, ...] = ()
    binding: GridLineView | None = None
    """The line whose limit is the lowest; None: no limit is in force."""
    time_to_comply_s: float | None = None
    """From the last command to the first sample within it, in s; None: not there yet, or there was none."""
    complies: bool | None = None
    """Whether the last sample was within the limit; None: there is no limit."""

    @property
    def active(self) -> bool:
        """Whether any limit is in force."""
        return self.binding is not None

    @property
    def failsafe(self) -> bool:
        """Whether any line is lost."""
        return any(line.phase is GridPhase.FAILSAFE for line in self.lines)
