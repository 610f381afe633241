"""What the ledger has to tell a backend of a session, one record at a time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..id_token import IdToken
from ..meter import EvseSample
from ..station import ChargingState


class RecordKind(StrEnum):
    """Entries of the ledger that a session consists of."""

    STARTED = "transaction.started"
    UPDATED = "transaction.updated"
    ENDED = "transaction.ended"
    CLOSED = "transaction.closed"
    """Nobody told its end; it was closed from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRecord:
    """One entry of a session, as it was recorded, with its holder unsealed."""

    seq: int
    kind: RecordKind
    session_id: str
    station_id: str
    evse_id: int
    connector_id: int | None = None
    timestamp: datetime
    """The time to go by: the charger's, or ours where its clock is not to be believed."""
    received_at: datetime
    id_token: IdToken | None = None
    register_wh: int | None = None
    samples: tuple[EvseSample, ...] = ()
    charging_state: ChargingState | None = None
    trigger_reason: str | None = None
    stop_reason: str | None = None
    offline: bool = False
    """The charger could not reach us when it happened."""
