"""Limits that several chargers share and that are no fuse: the grid's word, a peak to keep under, a time of day."""

from dataclasses import dataclass
from enum import StrEnum

from .offer import LimitReason
from .phases import PhaseAmperes
from .station import EvseKey


class LimitBasis(StrEnum):
    """What counts against a shared limit."""

    CHARGING = "charging"
    """What its members may draw together, whatever else the circuit feeds."""
    TOTAL = "total"
    """Everything that the circuit carries: the members share what the rest leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLimit:
    """One more limit that offers have to fit in. It can only lower offers, never raise one."""

    limit_id: str
    reason: LimitReason
    circuit_id: str
    """Where it holds; its members hang below."""
    basis: LimitBasis
    limit_w: float | None = None
    """For all phases together, in W."""
    limit_a: PhaseAmperes | None = None
    """Per phase, in A."""
    members: frozenset[EvseKey] | None = None
    """Whom it holds for; None: everybody below the circuit."""
