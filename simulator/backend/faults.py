"""What a strict central system holds against a station."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """Every way of going wrong that is looked for."""

    NOT_OCPP = "not_ocpp"
    """A frame that is no frame of OCPP-J."""
    UNKNOWN_ACTION = "unknown_action"
    SCHEMA = "schema"
    """A request that the schema of its action refuses."""
    NOT_A_TIME = "not_a_time"
    """A timestamp that is none, or that does not say its zone."""
    OVERLAP = "overlap"
    """A CALL while an earlier one of the same socket was not answered."""
    BEFORE_BOOT = "before_boot"
    """A connection that begins with something else than BootNotification."""
    NOT_ACCEPTED = "not_accepted"
    """Something else than BootNotification while the station is not accepted."""
    BOOT_TOO_SOON = "boot_too_soon"
    """BootNotification again before the interval of a Pending or Rejected is over."""
    UNKNOWN_TRANSACTION = "unknown_transaction"
    """Values or an end of a transaction that has not begun here."""
    AFTER_END = "after_end"
    """Something of a transaction that has ended."""
    SEQUENCE = "sequence"
    """An event whose seqNo is not the next."""
    TIME_BACKWARDS = "time_backwards"
    """An event that happened before one that was told earlier, of the same session or at the same connector."""
    REGISTER_BACKWARDS = "register_backwards"
    NO_REGISTER = "no_register"
    """A start or an end without the meter's register (2.x): the energy cannot be known exactly."""
    CHANGED_REPEAT = "changed_repeat"
    """A message that was sent before, and reads differently now."""
    TOO_MANY_SENDS = "too_many_sends"
    TWO_STARTS = "two_starts"
    """A session that begins twice."""
    TWO_STOPS = "two_stops"
    """A session that ends twice, and not by the same message."""
    UNKNOWN_ANSWER = "unknown_answer"
    """An answer to something that was not asked."""
    BAD_ANSWER = "bad_answer"
    """An answer that the schema refuses."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a station did wrong."""

    kind: FaultKind
    station: str
    detail: str
