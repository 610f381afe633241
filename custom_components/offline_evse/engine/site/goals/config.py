"""Which goals a site has: what an installer chooses, as values. What is not set is not looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarGoal:
    """There are panels, and cars may wait for them."""

    start_after_s: float = 60.0
    stop_after_s: float = 180.0
    reserve_w: float = 0.0
    """Always left to flow into the grid, in W; negative: what may be bought on top of the sun."""
    battery_first_below_percent: float = 0.0
    """Below this state of charge the house's battery is served before the cars."""
    battery_most_w: float = 0.0
    """What the battery can take at most, in W: kept for it while it is first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakGoal:
    """The mean power of every quarter of an hour is kept below a target, because the highest of a month is billed."""

    target_w: float = 2500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitHours:
    """At times, chargers of a circuit may have only so much together."""

    circuit_id: str
    limit_w: float | None = None
    limit_a: float | None = None
    """Per phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """The car that usually hangs at a charger."""

    capacity_wh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalsConfig:
    """All goals of a site."""

    time_zone: tzinfo = UTC
    """Of the place: departures and months go by it."""
    solar: SolarGoal | None = None
    prices: bool = False
    """Whether prices are told."""
    price_limit: Decimal | None = None
    """Scheduled charging goes on while power costs no more than this."""
    hours: bool = False
    """Whether it is told when scheduled charging may go on."""
    peak: PeakGoal | None = None
    circuit_hours: tuple[CircuitHours, ...] = ()
    vehicles: Mapping[str, Vehicle] = field(default_factory=dict)
    """By station."""
