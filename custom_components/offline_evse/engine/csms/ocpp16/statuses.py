"""Connector statuses and error codes of OCPP 1.6, and what they are called in the model."""

from typing import NamedTuple

from ocpp.v16.enums import ChargePointErrorCode, Reason

from ...model.station import ChargingState, ConnectorStatus
from ..payloads.coercion import by_word, text, word
from ..payloads.oddities import Oddities


class Status(NamedTuple):
    """A 1.6 status folds two things of the model into one word."""

    connector: ConnectorStatus
    charging: ChargingState | None = None


_STATUSES = by_word(
    (
        ("Available", Status(ConnectorStatus.AVAILABLE)),
        ("Preparing", Status(ConnectorStatus.OCCUPIED, ChargingState.EV_CONNECTED)),
        ("Charging", Status(ConnectorStatus.OCCUPIED, ChargingState.CHARGING)),
        ("SuspendedEV", Status(ConnectorStatus.OCCUPIED, ChargingState.SUSPENDED_EV)),
        ("SuspendedEVSE", Status(ConnectorStatus.OCCUPIED, ChargingState.SUSPENDED_EVSE)),
        ("Finishing", Status(ConnectorStatus.OCCUPIED, ChargingState.IDLE)),
        ("Reserved", Status(ConnectorStatus.RESERVED)),
        ("Unavailable", Status(ConnectorStatus.UNAVAILABLE)),
        ("Faulted", Status(ConnectorStatus.FAULTED)),
    )
)
_STANDARD = frozenset(
    {
        "Available",
        "Preparing",
        "Charging",
        "SuspendedEV",
        "SuspendedEVSE",
        "Finishing",
        "Reserved",
        "Unavailable",
        "Faulted",
    }
)
_OCCUPIED = Status(ConnectorStatus.OCCUPIED)
_ERROR_CODES: dict[str, str] = by_word((code.value, str(code.value)) for code in ChargePointErrorCode)
_REASONS: dict[str, str] = by_word((reason.value, str(reason.value)) for reason in Reason)
_LOCAL = "Local"
_NO_ERROR = "NoError"


def read_status(value: object, oddities: Oddities) -> Status | None:
    """Read a status; None where it says nothing that is known."""
    name = word(value)
    status = _STATUSES.get(name)
    if status is None and name == "occupied":
        # OCPP 1.5 knew no more than this.
        status = _OCCUPIED
    if status is None:
        oddities.count("unknown_status")
    elif value not in _STANDARD:
        oddities.count("nonstandard_status")
    return status


def read_error_code(value: object, oddities: Oddities) -> str | None:
    """Read an error code; None where there is no error. An unknown code is kept as it came."""
    code = text(value, oddities)
    if code is None:
        return None
    known = _ERROR_CODES.get(word(code))
    if known is None:
        oddities.count("unknown_error_code")
        return code
    return None if known == _NO_ERROR else known


def read_stop_reason(value: object, oddities: Oddities) -> str:
    """Read why a transaction was stopped; without a word of it it was `Local`. An unknown reason is kept as it came."""
    reason = text(value, oddities)
    if reason is None:
        return _LOCAL
    known = _REASONS.get(word(reason))
    if known is None:
        oddities.count("unknown_stop_reason")
        return reason
    return known
