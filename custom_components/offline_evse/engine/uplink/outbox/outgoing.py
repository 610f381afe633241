"""What passes between a lane and whoever carries its messages."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ...model.access import BackendAnswer
from ...model.id_token import IdToken


class Phase(StrEnum):
    """Which part of a session a message tells."""

    START = "start"
    VALUES = "values"
    STOP = "stop"

    @property
    def money(self) -> bool:
        """Whether a bill depends on it."""
        return self is not Phase.VALUES


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that is to leave now; how it ended is told to the lane that it came from."""

    message_id: str
    action: str
    frame: str = field(repr=False)
    """The whole CALL, byte for byte as it has to leave; a card may be in it."""
    session_id: str
    phase: Phase
    values_at: datetime | None = None
    """Time of the newest meter value in it, where it carries live ones."""

    @property
    def money(self) -> bool:
        """Whether a bill depends on it."""
        return self.phase.money


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the end of a message came to."""

    session_id: str
    money: bool
    """The backend has confirmed something that money depends on."""
    denied: BackendAnswer | None = None
    """It does not let the card charge, and said so when it was told of the start."""
    id_token: IdToken | None = None
    """The card in question."""
    parked: bool = False
    """The session waits for a person from now on."""
