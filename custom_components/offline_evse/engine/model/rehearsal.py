"""A rehearsal of a site: the loads that go in, and what came of it."""

from dataclasses import dataclass

from .phases import NO_CURRENT, Phase, PhaseAmperes
from .station import EvseKey


@dataclass(frozen=True, slots=True)
class LoadSeries:
    """What a circuit feeds beside chargers and the circuits that hang in it, step by step."""

    step_s: float
    loads_a: tuple[PhaseAmperes, ...]

    def at(self, at_s: float) -> PhaseAmperes:
        """Return the load at a time since the beginning, in A per phase; the last one goes on."""
        if not self.loads_a:
            return NO_CURRENT
        return self.loads_a[min(int(at_s / self.step_s), len(self.loads_a) - 1)]


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
