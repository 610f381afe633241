"""What goes up to a backend, whatever the OCPP version calls it. Times are the times to go by, energies in Wh."""

from dataclasses import dataclass
from datetime import datetime

from ..id_token import IdToken
from ..meter import EvseSample
from ..station import ChargingState, EvseStatus, StationIdentity


@dataclass(frozen=True, slots=True)
class Boot:
    """BootNotification: always the first frame of a connection."""

    identity: StationIdentity
    reason: str = "PowerUp"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life that the backend has to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """StatusNotification; EVSE 0: the station as a whole."""

    evse_id: int
    connector_id: int = 1
    status: EvseStatus
    error_code: str | None = None
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Ask:
    """Authorize."""

    id_token: IdToken


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStart:
    """StartTransaction, or the TransactionEvent that starts."""

    session_id: str
    evse_id: int
    connector_id: int = 1
    timestamp: datetime
    id_token: IdToken | None
    meter_wh: int
    offline: bool = False
    """It happened while the backend could not be told."""
    charging_state: ChargingState | None = None
    trigger_reason: str | None = None
    remote_start_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionValues:
    """MeterValues of a session, or the TransactionEvent that updates; `samples` may be of several moments."""

    session_id: str
    remote_id: str
    seq_no: int
    evse_id: int
    connector_id: int = 1
    timestamp: datetime
    samples: tuple[EvseSample, ...] = ()
    offline: bool = False
    charging_state: ChargingState | None = None
    trigger_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStop:
    """StopTransaction, or the TransactionEvent that ends."""

    session_id: str
    remote_id: str
    seq_no: int
    evse_id: int
    connector_id: int = 1
    timestamp: datetime
    id_token: IdToken | None
    meter_wh: int
    reason: str | None = None
    """OCPP 2.x ReasonEnumType; None: Local."""
    samples: tuple[EvseSample, ...] = ()
    """What was measured on the way and has not been sent otherwise (1.6: transactionData)."""
    offline: bool = False


@dataclass(frozen=True, slots=True)
class EvseValues:
    """MeterValues of an EVSE that belong to no session."""

    evse_id: int
    sample: EvseSample


@dataclass(frozen=True, slots=True)
class Data:
    """DataTransfer."""

    vendor_id: str
    message_id: str | None = None
    data: str | None = None


type UpMessage = Boot | Heartbeat | Status | Ask | SessionStart | SessionValues | SessionStop | EvseValues | Data
