"""What the status words in answers to commands mean, whatever the version and the action."""

from collections.abc import Mapping
from typing import Any

from ...model.command import CommandResult, Outcome
from .coercion import by_word, text, word
from .oddities import Oddities

_OUTCOMES = by_word(
    (
        ("Accepted", Outcome.ACCEPTED),
        ("Unlocked", Outcome.ACCEPTED),
        ("Scheduled", Outcome.SCHEDULED),
        ("RebootRequired", Outcome.SCHEDULED),
        ("Rejected", Outcome.REJECTED),
        ("UnlockFailed", Outcome.REJECTED),
        ("OngoingAuthorizedTransaction", Outcome.REJECTED),
        ("UnknownConnector", Outcome.REJECTED),
        ("Occupied", Outcome.REJECTED),
        ("Faulted", Outcome.REJECTED),
        ("Unavailable", Outcome.REJECTED),
        ("Failed", Outcome.REJECTED),
        ("VersionMismatch", Outcome.REJECTED),
        ("EmptyResultSet", Outcome.REJECTED),
        ("NotSupported", Outcome.UNSUPPORTED),
        ("NotImplemented", Outcome.UNSUPPORTED),
        ("UnknownComponent", Outcome.UNSUPPORTED),
        ("UnknownVariable", Outcome.UNSUPPORTED),
        ("NotSupportedAttributeType", Outcome.UNSUPPORTED),
        ("UnknownVendorId", Outcome.UNSUPPORTED),
        ("UnknownMessageId", Outcome.UNSUPPORTED),
    )
)
_LOOSE = by_word(
    (
        ("Accept", Outcome.ACCEPTED),
        ("OK", Outcome.ACCEPTED),
        ("Success", Outcome.ACCEPTED),
        ("Reject", Outcome.REJECTED),
        ("Error", Outcome.REJECTED),
        ("Unsupported", Outcome.UNSUPPORTED),
        ("Unknown", Outcome.UNSUPPORTED),
    )
)


def outcome_of(
    payload: Mapping[str, Any], oddities: Oddities, *, field: str = "status", nothing_to_clear: bool = False
) -> CommandResult:
    """Read a status. Without one that can be read the outcome is uncertain: the station may have done it.

    `nothing_to_clear`: `Unknown` means that what was to be cleared is not there, which is as good.
    """
    raw = payload.get(field)
    detail = text(raw, oddities)
    status = word(raw)
    if nothing_to_clear and status == "unknown":
        return CommandResult(outcome=Outcome.ACCEPTED, detail=detail)
    outcome = _OUTCOMES.get(status)
    if outcome is None:
        oddities.count("missing_status" if raw is None else "unknown_status_word")
        outcome = _LOOSE.get(status, Outcome.UNCERTAIN)
    info = payload.get("statusInfo")
    if isinstance(info, dict):
        reason = text(info.get("reasonCode"), oddities)
        more = text(info.get("additionalInfo"), oddities)
        detail = ": ".join(part for part in (detail, reason, more) if part) or None
    return CommandResult(outcome=outcome, detail=detail)
