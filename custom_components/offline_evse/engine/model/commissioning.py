"""What the site finds out about its own wiring: meters that are wired or named wrongly, and the phases of a charger."""

from dataclasses import dataclass
from enum import StrEnum

from .phases import Phase, Wiring
from .station import EvseKey


class FindingKind(StrEnum):
    """What is wrong with a meter."""

    SIGN = "sign"
    """It falls on a phase when a car takes more there."""
    PHASES_SWAPPED = "phases_swapped"
    """What several chargers draw on one phase, it shows on another one."""
    NOT_SEEN = "not_seen"
    """It does not show what a charger draws: the charger hangs elsewhere, or the meter measures something else."""
    SCALE = "scale"
    """It shows a multiple or a fraction of what cars draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFinding:
    """A fault of a circuit's meter, with what speaks for it."""

    circuit_id: str
    kind: FindingKind
    phase: Phase | None = None
    """The phase it is about; None: all that the circuit has."""
    seen_on: Phase | None = None
    """For phases that are swapped: where the meter shows what is drawn on `phase`."""
    evse: EvseKey | None = None
    """For a charger that is not seen: which one."""
    seen_in: str | None = None
    """For a charger that is not seen: the circuit whose meter does show it, if there is one."""
    factor: float | None = None
    """For a wrong scale: what the meter shows per ampere drawn."""
    proven: bool = False
    """False: suspected only, and gone again if the next steps do not bear it out."""
    confidence: float = 0.0
    """From 0 to 1: share of the steps that bear it out, less for few steps."""

    @property
    def dangerous(self) -> bool:
        """Whether the meter, believed, would let a fuse be overloaded."""
        if self.kind is FindingKind.SCALE:
            return self.factor is None or self.factor < 1
        return self.kind in (FindingKind.SIGN, FindingKind.PHASES_SWAPPED)


@dataclass(frozen=True, slots=True)
class WiringLearned:
    """Building phases of an EVSE's terminals, as the meter shows them."""

    evse: EvseKey
    wiring: Wiring
    sure: bool
    """Whether every terminal was seen; otherwise only the first one was, and the others are as electricians usually
    rotate them."""
