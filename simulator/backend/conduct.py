"""How a central system behaves towards stations, and misbehaves where it is told to."""

from dataclasses import dataclass, field
from enum import StrEnum


class Deed(StrEnum):
    """What may be done to a message instead of answering it."""

    CALL_ERROR = "call_error"
    """It is refused, and has no effect."""
    DIE = "die"
    """It has its effect, and the line is lost instead of an answer."""
    EXIT = "exit"
    """It has its effect, and the whole process is killed instead of an answer."""
    IGNORE = "ignore"
    """It has its effect, and no answer ever comes."""
    WRONG_ID = "wrong_id"
    """It has its effect, and the answer is to another message."""
    NONSENSE = "nonsense"
    """It has its effect, and the answer says nothing of what it has to say."""


ANY = "*"
"""Instead of an action: every one of them."""
FOR_EVER = -1


@dataclass
class Conduct:
    """What stations have to reckon with."""

    boot_status: str = "Accepted"
    """Accepted, Pending or Rejected."""
    boot_interval_s: int = 300
    rejected_cards: dict[str, str] = field(default_factory=dict)
    """Status of cards that may not charge: Blocked, Expired, Invalid …"""
    delay_s: float = 0.0
    """How long every answer takes, after the message has had its effect."""
    patience_s: float = 20.0
    """For how long a station has to wait for an answer before it may send something else."""
    refusing: int | None = None
    """HTTP status with which new connections are refused; None: they are let in."""
    _deeds: dict[tuple[Deed, str], int] = field(default_factory=dict)

    def plan(self, deed: Deed, action: str = ANY, times: int = 1) -> None:
        """Have something done to the next so many messages of an action; 0: no more."""
        self._deeds[deed, action] = times

    def due(self, deed: Deed, action: str) -> bool:
        """Return whether it is to be done to this message, and count it."""
        for key in ((deed, action), (deed, ANY)):
            if left := self._deeds.get(key, 0):
                self._deeds[key] = left if left == FOR_EVER else left - 1
                return True
        return False
