"""Meter values: what a charger's meter and the building's meter report."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .phases import PhaseAmperes


class ReadingContext(StrEnum):
    """OCPP ReadingContextEnumType, as far as it changes what a reading means."""

    TRANSACTION_BEGIN = "transaction_begin"
    TRANSACTION_END = "transaction_end"
    SAMPLE_PERIODIC = "sample_periodic"
    SAMPLE_CLOCK = "sample_clock"
    TRIGGER = "trigger"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseSample:
    """What an EVSE's meter said at one moment. None: it did not say, or what it said could not be read.

    Currents are per charger terminal (the charger's own L1, L2, L3), not per building phase.
    """

    timestamp: datetime
    context: ReadingContext = ReadingContext.SAMPLE_PERIODIC
    energy_import_wh: int | None = None
    power_w: float | None = None
    currents_a: tuple[float, ...] | None = None
    phases_known: bool = True
    """False: the charger named no phase. Then `currents_a` holds the current of each phase in use, one entry for
    each phase that its power accounts for (at least one), and nothing tells which terminals these are."""
    voltages_v: tuple[float, ...] | None = None
    offered_a: float | None = None
    soc_percent: float | None = None
    temperature_c: float | None = None
    signed_data: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it could be read."""
        return (
            self.energy_import_wh is None
            and self.power_w is None
            and self.currents_a is None
            and self.voltages_v is None
            and self.offered_a is None
            and self.soc_percent is None
            and self.temperature_c is None
            and self.signed_data is None
        )


@dataclass(frozen=True, slots=True)
class CircuitSample:
    """What the meter of a circuit said: import per phase in A, export negative."""

    circuit_id: str
    currents_a: PhaseAmperes
    at_s: float
    """Monotonic time of the report."""
