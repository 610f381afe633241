"""How much room the ledger has, and how it looks upon time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFacts:
    """The ledger's disk and clock at a moment."""

    size_bytes: int
    """Of the database."""
    free_bytes: int
    """Left on its disk."""
    growth_bytes: int
    """A day, by the entries of the last seven days and their mean size."""
    newest: datetime | None
    """When the newest entry was written, by the clock of then."""
    clock_steps: int = 0
    """How often the machine's clock has jumped in the last 24 hours."""
    largest_step_s: float = 0.0
    """The furthest of these jumps, in s; forward is positive."""
    charger_offsets_s: Mapping[str, float] = field(default_factory=dict)
    """How far each charger's clock is ahead of ours, in s, by what it told of sessions in the last 24 hours: the time
    nearest to ours counts, for others may have been told late. Chargers that told less than two times are left out."""

    @property
    def days_left(self) -> float | None:
        """For how many days there is room; None where nothing grows."""
        return self.free_bytes / self.growth_bytes if self.growth_bytes > 0 else None
