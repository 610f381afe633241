"""What a station has to say, before it is put into the words of one OCPP version."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from .readings import Reading


class State(StrEnum):
    """State of an EVSE in the words of OCPP 1.6 (ChargePointStatus)."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    FINISHING = "Finishing"
    UNAVAILABLE = "Unavailable"


class Stage(StrEnum):
    """Part of a transaction that a message is about."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


@dataclass(slots=True, kw_only=True)
class Transaction:
    """A transaction as the station keeps it, over lost links and reboots."""

    local_id: int
    """The station's own count; shown to a central system only as a number below 0."""
    evse_id: int
    tag: str
    started_at: datetime
    start_wh: int
    central_id: str | None = None
    """What the central system calls it: given by its answer (1.6), or chosen here (2.0.1)."""
    remote_start_id: int | None = None
    ended_at: datetime | None = None
    stop_wh: int | None = None
    stop_reason: str | None = None
    offline: bool = False
    """Whether it was started without a link."""
    seq_no: int = 0
    status: str = "Accepted"
    """What the central system said of the tag."""


@dataclass(frozen=True, slots=True)
class Boot:
    """BootNotification."""

    reason: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Heartbeat."""


@dataclass(frozen=True, slots=True)
class Status:
    """StatusNotification; EVSE 0 is the station."""

    evse_id: int
    state: State
    at: datetime


@dataclass(frozen=True, slots=True)
class Authorize:
    """Authorize, and what the tag is presented for."""

    tag: str
    evse_id: int
    remote_start_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionMessage:
    """StartTransaction, MeterValues of a transaction or StopTransaction (1.6); TransactionEvent (2.0.1)."""

    stage: Stage
    transaction: Transaction
    at: datetime
    seq_no: int
    trigger: str
    """OCPP 2.0.1 TriggerReasonEnumType."""
    state: State
    offline: bool
    reading: Reading | None = None
    measurands: tuple[str, ...] = ()
    tag: str | None = None
    """The tag presented at this moment, if one was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterMessage:
    """MeterValues outside a transaction."""

    evse_id: int
    reading: Reading
    measurands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One part of an inventory (NotifyReport, 2.0.1 only)."""

    request_id: int
    seq_no: int
    at: datetime
    more: bool
    variables: tuple[dict[str, Any], ...] = field(default=())


type Message = Boot | Heartbeat | Status | Authorize | TransactionMessage | MeterMessage | Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, as far as it changes anything."""

    status: str | None = None
    """Registration or authorization status; None where nothing was said."""
    transaction_id: str | None = None
    interval_s: int | None = None


def is_durable(message: Message) -> bool:
    """Whether a message must survive a lost link and a reboot."""
    return isinstance(message, TransactionMessage)
