"""How a site is set up: what an installer chooses, as values."""

from dataclasses import dataclass
from enum import StrEnum

from ..model.circuit import MINIMUM_CURRENT_A, Circuit
from ..model.phases import IN_ORDER, Wiring


class DefaultProfile(StrEnum):
    """What a charger is given on connect for the time that it has no other word from us."""

    NONE = "none"
    ZERO = "zero"
    SAFE = "safe"


@dataclass(frozen=True, slots=True, kw_only=True)
class StationConfig:
    """A charger that belongs to the site."""

    station_id: str
    name: str
    circuit_id: str
    wiring: Wiring = IN_ORDER
    maximum_a: float = 16.0
    minimum_a: float = MINIMUM_CURRENT_A
    safe_a: float = MINIMUM_CURRENT_A
    default_profile: DefaultProfile = DefaultProfile.SAFE
    password: str | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """The whole site."""

    name: str
    circuits: tuple[Circuit, ...]
    stations: tuple[StationConfig, ...] = ()
