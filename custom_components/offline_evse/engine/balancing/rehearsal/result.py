"""What came of a rehearsal."""

from dataclasses import dataclass

from ...model.phases import Phase
from ...model.station import EvseKey


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """How a fuse fared on one phase."""

    circuit_id: str
    phase: Phase
    limit_a: float
    highest_a: float
    over_s: float
    """How long it carried more than its rating, in s."""
    longest_over_s: float
    heat: float
    """Highest heat, as a share of what it carries for ever at its rating (1.0)."""
    tripped: bool
    """Whether a real breaker might have opened."""
    over_without_cars_s: float
    """How long the house alone was above the rating, in s; no balancing helps against that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarResult:
    """How a car fared."""

    evse: EvseKey
    wanted_wh: float
    energy_wh: float
    waited_s: float
    """How long it was there and wanted current, but got none."""
    finished_s: float | None
    """When it had what it came for, in s since the beginning; None: not within the time."""
    pauses: int
    offers_a: tuple[float, ...]
    """Mean offer in each slice of time."""
    draws_a: tuple[float, ...]
    """Mean draw in each slice of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalResult:
    """How the site fared."""

    played_s: float
    finished: bool
    """False: it was broken off, because it took too long."""
    rows: tuple[RowResult, ...]
    """Most strained first."""
    cars: tuple[CarResult, ...]
    slice_s: float
    house_a: tuple[tuple[float, float, float], ...]
    """Mean of what the main circuit carried beside cars, in each slice of time."""
    limits_sent: int

    @property
    def trips(self) -> int:
        """How many fuses might have opened."""
        return len({row.circuit_id for row in self.rows if row.tripped})

    @property
    def over_s(self) -> float:
        """Time above a rating, in s, over all fuses and phases."""
        return sum(row.over_s for row in self.rows)
