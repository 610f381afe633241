"""What a backend wants of the site, and what it is answered."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..id_token import IdToken
from ..local_list import LocalListEntry
from ..station import ResetKind


class RateUnit(StrEnum):
    """Unit of a limit in a charging profile."""

    AMPERES = "A"
    WATTS = "W"


@dataclass(frozen=True, slots=True)
class SchedulePeriod:
    """From `start_s` seconds after the start of its schedule."""

    start_s: int
    limit: float
    phases: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitProfile:
    """A ChargingProfile as it was set, for one EVSE (0: for each of the station; ChargePointMaxProfile: in all)."""

    profile_id: int
    evse_id: int
    purpose: str
    """OCPP 2.x ChargingProfilePurposeEnumType; 1.6's ChargePointMaxProfile is ChargingStationMaxProfile here."""
    stack_level: int
    kind: str
    """Absolute, Recurring or Relative."""
    recurrency: str | None = None
    unit: RateUnit
    periods: tuple[SchedulePeriod, ...]
    start: datetime | None = None
    duration_s: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    session_id: str | None = None
    """Of a TxProfile: the session that it is for; it ends with it."""
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WantStart:
    """RemoteStartTransaction, RequestStartTransaction. Never queued: what cannot be done now is refused."""

    evse_id: int | None
    id_token: IdToken
    remote_start_id: int | None = None
    profile: LimitProfile | None = None
    """For the session that is to come. Whoever asks keeps it and says what it comes to as WantLimit."""
    expires_at: datetime | None = None
    """After this it is not to be done any more."""


@dataclass(frozen=True, slots=True)
class WantStop:
    """RemoteStopTransaction, RequestStopTransaction."""

    session_id: str


@dataclass(frozen=True, slots=True)
class WantLimit:
    """What the backend's profiles come to, for one EVSE: it can only lower."""

    evse_id: int
    """0: for all EVSEs of the station together; said only of a station with several, beside each one's own."""
    current_a: float | None
    """On each phase. None: no limit any more."""


@dataclass(frozen=True, slots=True)
class WantReset:
    """Reset."""

    kind: ResetKind


@dataclass(frozen=True, slots=True)
class WantUnlock:
    """UnlockConnector."""

    evse_id: int
    connector_id: int = 1


@dataclass(frozen=True, slots=True)
class WantAvailability:
    """ChangeAvailability; EVSE 0: the whole station."""

    evse_id: int
    operative: bool


@dataclass(frozen=True, slots=True)
class WantData:
    """DataTransfer of a vendor that is passed on."""

    vendor_id: str
    message_id: str | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True)
class WantLocalList:
    """SendLocalList, as a whole: every entry that the backend's list now has."""

    entries: tuple[LocalListEntry, ...]


type UpstreamWish = (
    WantStart | WantStop | WantLimit | WantReset | WantUnlock | WantAvailability | WantData | WantLocalList
)


class WishOutcome(StrEnum):
    """How the site took a wish."""

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    REJECTED = "rejected"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class WishAnswer:
    """How the site took a wish, and why."""

    outcome: WishOutcome
    reason: str | None = None
    """OCPP 2.x reasonCode-like word, for statusInfo and for the log; no personal data."""
    data: str | None = field(default=None)
    """Of a DataTransfer."""
