"""What a backend answers, read as liberally as can be: whatever it says, nothing here raises."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import math
from typing import Any, Literal

from ...model.access import BackendAnswer
from ...model.credential import SessionLimits
from ...model.id_token import AuthorizationStatus

type BootWord = Literal["Accepted", "Pending", "Rejected"]

_BOOT_WORDS: dict[str, BootWord] = {"accepted": "Accepted", "pending": "Pending", "rejected": "Rejected"}
_STATUSES = {status.value.casefold(): status for status in AuthorizationStatus}
_LONGEST_INTERVAL_S = 7 * 86_400
_LEAST_ID, _LARGEST_ID = -(2**63), 2**64 - 1
"""What JSON as we write it can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootSaid:
    """Answer to BootNotification."""

    status: Literal["Accepted", "Pending", "Rejected"]
    """A word that is none of these counts as Pending: it has answered, and may be asked again."""
    interval_s: int | None
    """Between heartbeats, or until the next BootNotification; None: it leaves that to us."""
    now: datetime | None
    """Its time; None: unreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSaid:
    """Answer to the start of a session."""

    remote_id: str | None
    """1.6: what the backend calls the transaction, whatever integer that is. None: unreadable, or 2.x, where the id is
    the one that we gave."""
    answer: BackendAnswer | None
    """What it says of the card; None: nothing."""


def read_boot(payload: Mapping[str, Any]) -> BootSaid:
    """Read the answer to BootNotification; the same in all versions."""
    interval_s = whole(payload.get("interval"))
    return BootSaid(
        status=_BOOT_WORDS.get(_word(payload.get("status")), "Pending"),
        interval_s=min(interval_s, _LONGEST_INTERVAL_S) if interval_s is not None and interval_s > 0 else None,
        now=moment(payload.get("currentTime")),
    )


def read_remote_id(value: object) -> str | None:
    """Read the id that a 1.6 backend gives a transaction: any integer, also 0 and -1, also as text.

    Some backends answer 0 or -1 where they do not let a card charge, and then want exactly that in StopTransaction.
    """
    read = whole(value)
    return None if read is None or not _LEAST_ID <= read <= _LARGEST_ID else str(read)


def read_info(info: object, expiry: str, group: object, limits: SessionLimits | None = None) -> BackendAnswer | None:
    """Read idTagInfo or idTokenInfo; `expiry` is its key of the time until which it is good. None: there is none."""
    if not isinstance(info, Mapping) or not info:
        return None
    status = _STATUSES.get(_word(info.get("status")), AuthorizationStatus.INVALID)
    return BackendAnswer(
        accepted=status is AuthorizationStatus.ACCEPTED,
        status=status,
        expires_at=moment(info.get(expiry)),
        group=group.strip() or None if isinstance(group, str) else None,
        limits=limits or SessionLimits(),
    )


def read_id_token_info(payload: Mapping[str, Any]) -> BackendAnswer | None:
    """Read what an answer of 2.x says of a card; None: nothing."""
    info = payload.get("idTokenInfo")
    group = info.get("groupIdToken") if isinstance(info, dict) else None
    return read_info(
        info,
        "cacheExpiryDateTime",
        group.get("idToken") if isinstance(group, dict) else None,
        _limits(payload.get("transactionLimit")),
    )


def _limits(limit: object) -> SessionLimits | None:
    """Read what 2.1 lets a transaction have; its cost is for whoever knows the tariff."""
    if not isinstance(limit, dict):
        return None
    energy_wh, duration_s = whole(limit.get("maxEnergy")), whole(limit.get("maxTime"))
    return SessionLimits(
        energy_wh=energy_wh if energy_wh is not None and energy_wh >= 0 else None,
        duration_s=duration_s if duration_s is not None and duration_s >= 0 else None,
    )


NO_ANSWER = BackendAnswer(accepted=False, status=AuthorizationStatus.UNKNOWN)
"""An answer to Authorize that says nothing."""


def whole(value: object) -> int | None:
    """Read an integer, also as text or with a fraction of nothing."""
    match value:
        case bool():
            return None
        case int():
            return value
        case float():
            return int(value) if math.isfinite(value) and value == int(value) else None
        case str():
            try:
                return int(value.strip())
            except ValueError:
                return _whole_of(value)
    return None


def moment(value: object) -> datetime | None:
    """Read a time as aware UTC; one without a zone is UTC."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except ValueError, OverflowError:
        return None


def _whole_of(value: str) -> int | None:
    try:
        return whole(float(value))
    except ValueError:
        return None


def _word(value: object) -> str:
    return value.strip().casefold() if isinstance(value, str) else ""
