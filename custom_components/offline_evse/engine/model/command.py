"""What we ask of stations: one value per thing to be done, whatever the OCPP version calls it."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from .id_token import IdToken
from .local_list import LocalListEntry
from .station import ResetKind


class Priority(IntEnum):
    """Order in which commands leave for one station; lower leaves first."""

    SAFETY = 0
    """Limits that protect a fuse, and remote stops."""
    COMMAND = 1
    """What a person asked for."""
    CONFIGURATION = 2
    PROBE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyLimit:
    """Let an EVSE draw at most `current_a` on each phase from now on, falling to `fallback_a` unless refreshed."""

    evse_id: int
    current_a: float
    phases: int
    """Phases the EVSE is wired with, for chargers that take limits in W only."""
    use_phases: int | None = None
    """How many of them it is to charge on; None: it is not told, and uses what it has."""
    transaction_id: str | None = None
    """The running transaction, if there is one."""
    fallback_a: float = 6.0
    expires_after_s: int | None = 250
    """None: holds until replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyFloor:
    """Set what an EVSE may draw whenever it has no other word from us; sent on every connect, before anything else."""

    evse_id: int
    current_a: float | None
    """None: clear it, so that the charger's own default rules."""
    phases: int


@dataclass(frozen=True, slots=True)
class ClearProfile:
    """Take back one charging profile, by its number."""

    profile_id: int


@dataclass(frozen=True, slots=True)
class ReadCompositeSchedule:
    """Ask what limit the station really applies over the next seconds."""

    evse_id: int
    duration_s: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTransaction:
    """Remote start."""

    evse_id: int
    id_token: IdToken
    remote_start_id: int


@dataclass(frozen=True, slots=True)
class StopTransaction:
    """Remote stop."""

    transaction_id: str


@dataclass(frozen=True, slots=True)
class Reset:
    """Restart the station."""

    kind: ResetKind = ResetKind.SOFT


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    """Take an EVSE (0: the whole station) into or out of service."""

    evse_id: int
    operative: bool


@dataclass(frozen=True, slots=True)
class UnlockConnector:
    """Release the cable."""

    evse_id: int
    connector_id: int = 1


class Trigger(StrEnum):
    """Messages that a station can be asked to send."""

    BOOT = "BootNotification"
    STATUS = "StatusNotification"
    METER_VALUES = "MeterValues"
    HEARTBEAT = "Heartbeat"
    TRANSACTION = "TransactionEvent"


@dataclass(frozen=True, slots=True)
class TriggerMessage:
    """Ask for one message; EVSE 0 or None: for the whole station."""

    message: Trigger
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class ReadVariables:
    """Read configuration keys (1.6) or Component.Variable names (2.x); empty: everything (1.6 only)."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteVariable:
    """Write one configuration key (1.6) or Component.Variable (2.x)."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class RequestReport:
    """Ask for the full inventory (2.x), or all configuration keys (1.6)."""

    request_id: int


@dataclass(frozen=True, slots=True)
class SendData:
    """DataTransfer to the station."""

    vendor_id: str
    message_id: str | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True)
class ClearAuthorizationCache:
    """Make the station forget which cards it has seen."""


@dataclass(frozen=True, slots=True)
class ReadLocalListVersion:
    """Ask which version of the list of cards the station has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLocalList:
    """Give the station cards that it may let in by itself."""

    version: int
    entries: tuple[LocalListEntry, ...]
    full: bool
    """In place of all that it has; otherwise entries are added, changed or taken out."""


type Command = (
    ApplyLimit
    | ApplyFloor
    | ClearProfile
    | ReadCompositeSchedule
    | StartTransaction
    | StopTransaction
    | Reset
    | ChangeAvailability
    | UnlockConnector
    | TriggerMessage
    | ReadVariables
    | WriteVariable
    | RequestReport
    | SendData
    | ClearAuthorizationCache
    | ReadLocalListVersion
    | SendLocalList
)


class Outcome(StrEnum):
    """How a command ended. A command that was not answered may still have been carried out."""

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    """Accepted, to be done later or after a reboot."""
    REJECTED = "rejected"
    UNSUPPORTED = "unsupported"
    """The station does not know the command, or said so with a CALLERROR."""
    UNCERTAIN = "uncertain"
    """No answer came, or the connection went away meanwhile."""
    OFFLINE = "offline"
    """It never left: the station is not connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """How a command ended, and what came back with it."""

    outcome: Outcome
    detail: str | None = None
    """The station's own status word or error text."""
    variables: dict[str, str | None] | None = None
    """Answer to ReadVariables; None as a value: the station has no value for it."""
    limit_a: float | None = None
    """Answer to ReadCompositeSchedule: the limit in force now, in A per phase."""
    answered_at: datetime | None = None
    list_version: int | None = None
    """Answer to ReadLocalListVersion; -1: it has none (1.6)."""

    @property
    def done(self) -> bool:
        """Whether the station said that it does or did it."""
        return self.outcome in (Outcome.ACCEPTED, Outcome.SCHEDULED)
