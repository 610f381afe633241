"""Events of a demand-response program as a server tells them (OpenADR 3), before anything is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramInterval:
    """One interval of an event."""

    number: int
    values: Mapping[str, float]
    """The first value of each payload that is a number, by the type of the payload."""
    start: datetime | None = None
    """None: after the interval before it."""
    duration_s: float | None = None
    """None: as long as the event says; 0: without an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramEvent:
    """One event."""

    event_id: str
    intervals: tuple[ProgramInterval, ...]
    start: datetime | None = None
    duration_s: float | None = None
    """Of each interval that has none of its own; 0: without an end."""
    units: Mapping[str, str]
    """Unit by the type of the payload, where it is told."""
    reports: frozenset[str] = frozenset()
    """Types of reports that the program wants."""
    raw_sha256: str | None = None
