"""OCPP frames as they went over the wire, for whoever looks for a fault."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Direction(StrEnum):
    """Who sent a frame."""

    RECEIVED = "received"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class LoggedFrame:
    """A frame as it went over the wire, cut after 4 KiB. Holds card numbers: redact before anyone sees it."""

    at: datetime
    direction: Direction
    text: str
    size: int
    """Bytes of the whole frame."""
