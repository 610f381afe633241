"""What stations tell us: one value per OCPP request from a charger, and the answers it gets."""

from dataclasses import dataclass, field
from datetime import datetime

from .id_token import AuthorizationStatus, IdToken
from .meter import EvseSample
from .station import ChargingState, ConnectorStatus, StationIdentity
from .transaction import TransactionReport


@dataclass(frozen=True, slots=True, kw_only=True)
class BootReported:
    """BootNotification."""

    identity: StationIdentity
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HeartbeatReported:
    """Heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReported:
    """StatusNotification of a connector; EVSE 0 is the station itself."""

    evse_id: int
    connector_id: int
    status: ConnectorStatus
    charging_state: ChargingState | None = None
    """Told by 1.6 in the status itself; 2.x tells it in TransactionEvent."""
    timestamp: datetime | None = None
    error_code: str | None = None
    """None: no error."""
    info: str | None = None
    vendor_error_code: str | None = None


@dataclass(frozen=True, slots=True)
class IdTokenPresented:
    """Authorize."""

    id_token: IdToken
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class TransactionReported:
    """StartTransaction, StopTransaction, MeterValues of a transaction (1.6), TransactionEvent (2.x)."""

    report: TransactionReport


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterValuesReported:
    """MeterValues outside a transaction. EVSE 0 is the station's own meter."""

    evse_id: int
    samples: tuple[EvseSample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedVariable:
    """One variable of a NotifyReport, or one configuration key of 1.6 (component empty)."""

    component: str
    variable: str
    value: str | None
    evse_id: int | None = None
    connector_id: int | None = None
    instance: str | None = None
    readonly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesReported:
    """NotifyReport."""

    request_id: int
    variables: tuple[ReportedVariable, ...]
    more_to_come: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeReported:
    """Anything else a station may tell, wanting only a receipt.

    Firmware and log status, security events, NotifyEvent and the like; `topic` is the OCPP action.
    """

    topic: str
    status: str | None = None
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTransferReported:
    """DataTransfer from the station."""

    vendor_id: str
    message_id: str | None
    data: object


type StationEvent = (
    BootReported
    | HeartbeatReported
    | StatusReported
    | IdTokenPresented
    | TransactionReported
    | MeterValuesReported
    | VariablesReported
    | NoticeReported
    | DataTransferReported
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BootAnswer:
    """Whether the station is served; one that is not known here stays pending."""

    accepted: bool
    current_time: datetime
    interval_s: int


@dataclass(frozen=True, slots=True)
class TimeAnswer:
    """Answer to a Heartbeat."""

    current_time: datetime


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer:
    """Answer to Authorize."""

    status: AuthorizationStatus
    expires_at: datetime | None = None
    group: str | None = None
    """Whoever is in the same group may end the session (1.6 parentIdTag, 2.x groupIdToken)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionAnswer:
    """Answer to any report about a transaction, given only after the ledger has it."""

    transaction_id: str
    authorization: AuthorizationAnswer | None = None
    """None where no idToken was given."""


@dataclass(frozen=True, slots=True)
class DataTransferAnswer:
    """Answer to DataTransfer: whether anyone here knows the vendor."""

    known_vendor: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The plain receipt."""


type StationAnswer = (
    BootAnswer | TimeAnswer | AuthorizationAnswer | TransactionAnswer | DataTransferAnswer | Acknowledged
)
