"""Transactions: what chargers report of them, and what the ledger makes of the reports."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .decision import StopCause
from .id_token import IdToken
from .meter import EvseSample
from .station import ChargingState


class TransactionEventType(StrEnum):
    """OCPP 2.x TransactionEventEnumType.

    A 1.6 StartTransaction, a MeterValues of a transaction and a StopTransaction are mapped to these three.
    """

    STARTED = "started"
    UPDATED = "updated"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionReport:
    """One message of a charger about a transaction, as it came: repeated, reordered, late or offline as it may be."""

    station_id: str
    event_type: TransactionEventType
    received_at: datetime
    timestamp: datetime
    """The charger's own time, untouched; judged by the ledger, never trusted for order."""
    transaction_id: str | None = None
    """None: the charger leaves it to us (a 1.6 StartTransaction), or it names none that we gave (≤ 0)."""
    evse_id: int | None = None
    connector_id: int | None = None
    seq_no: int | None = None
    offline: bool = False
    id_token: IdToken | None = None
    register_wh: int | None = None
    """meterStart of a start, meterStop of a stop (1.6); None where unreadable or only in the samples."""
    samples: tuple[EvseSample, ...] = ()
    charging_state: ChargingState | None = None
    trigger_reason: str | None = None
    stop_reason: str | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction as the ledger knows it after everything reported so far."""

    transaction_id: str
    """As the charger knows it: from our counter in 1.6, from the charger in 2.x."""
    session_id: str
    """Ours, unique over all stations and restarts (a ULID)."""
    station_id: str
    evse_id: int
    connector_id: int | None
    started_at: datetime
    """Best known start: the charger's time, or ours where its clock is not to be believed."""
    ended_at: datetime | None
    energy_wh: int
    """By register deltas, resets and garbage left out."""
    register_start_wh: int | None
    register_last_wh: int | None
    id_token: IdToken | None
    name: str | None
    """Whose card it was, at the time."""
    stop_reason: str | None = None
    offline: bool = False
    time_suspect: bool = False
    """The charger's clock was wrong; times are ours where they had to be."""
    stop_cause: StopCause | None = None
    """Why it was ended from here; None: it was not."""
    denied_after: bool = False
    """A backend said no to it when it was over."""
    end_estimated: bool = False
    """Its end was not told by its charger; it is where it was last heard of, until the charger tells it after all."""

    @property
    def is_open(self) -> bool:
        """Whether it is still running."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRecorded:
    """What recording a report changed, returned once it is durable."""

    transaction: Transaction
    seq: int
    """Ledger sequence of the entry; of the first one where the report was a repetition."""
    duplicate: bool
    """The same report had been recorded before; nothing changed."""
    lifetime_wh: int | None = None
    """Lifetime register of the EVSE after this report; None where it is not known."""
