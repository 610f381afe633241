"""How far one backend has been told of one session: kept durably, changed before and after every message."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ..transaction import Transaction
from .link import Backlog
from .record import LedgerRecord

RESTORED = "restored from a backup"
"""Detail of a delivery that was unfinished in a backup: what the backend was told after it was taken is not known."""

MOVED = "begun at another address"
"""Detail of a delivery that had begun when the backend's address came to lead elsewhere."""
LEFT_OUT = "the backend does not know the card"
"""Detail of a delivery that was skipped by itself (`UnknownCards.LEAVE_OUT`)."""


class DeliveryState(StrEnum):
    """Where the telling of a session stands."""

    WAITING = "waiting"
    """Nothing of it has left."""
    STARTING = "starting"
    """Its start has left and has not been answered."""
    RUNNING = "running"
    """The backend knows its start."""
    ENDING = "ending"
    """Its end has left and has not been answered."""
    DONE = "done"
    AMBIGUOUS = "ambiguous"
    """An answer was lost so often, or in such a way, that only the backend knows what it has. A person settles it."""
    REFUSED = "refused"
    """The backend has answered a message of it with errors only. A person settles it."""
    SKIPPED = "skipped"
    """The backend is not told: somebody has decided so, or it has no use for it (`LEFT_OUT`)."""

    @property
    def final(self) -> bool:
        """Whether nothing more is sent of it."""
        return self in (DeliveryState.DONE, DeliveryState.SKIPPED)

    @property
    def parked(self) -> bool:
        """Whether it waits for a person."""
        return self in (DeliveryState.AMBIGUOUS, DeliveryState.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCall:
    """A message that has left, or is about to, byte for byte: what is sent again is this and nothing else."""

    message_id: str
    action: str
    frame: str = field(repr=False)
    """The whole CALL; a card may be in it."""
    through_seq: int
    """Last entry of the ledger that is told by it."""
    sent_count: int = 0
    """How often it may have left; raised before it does."""
    refused_count: int = 0
    """How often it was answered with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDelivery:
    """One session at one backend."""

    upstream_id: str
    session_id: str
    station_id: str
    state: DeliveryState = DeliveryState.WAITING
    remote_id: str | None = None
    """What the backend calls the transaction: its number (1.6), or the id that we gave (2.x)."""
    told_seq: int = 0
    """Last entry of the ledger that it has confirmed."""
    next_seq_no: int = 0
    """Of the next TransactionEvent (2.x)."""
    told_until: datetime | None = None
    """Time of the newest meter value that it has confirmed."""
    pending: PendingCall | None = None
    denied: bool = False
    """It does not let this card charge, and said so when it was told of the start."""
    detail: str | None = None
    """What it answered last, where that was an error."""
    meter_start_wh: int | None = None
    """Start register that it was told, or is about to be."""
    energy_wh: int | None = None
    """Energy that it was told with the end, or is about to be."""
    ended_at: datetime | None = None
    """End that it was told, or is about to be."""
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    """Times between two values that were told live, of which it is told nothing before the end."""


@dataclass(frozen=True, slots=True)
class DueSession:
    """A session with what a backend has been told of it."""

    transaction: Transaction
    delivery: SessionDelivery


class Settlement(StrEnum):
    """What a person decides about a session that is parked."""

    RESEND = "resend"
    """Send the message in question once more, as it was."""
    SKIP = "skip"
    """The backend is not told any more."""
    MATCH = "match"
    """The backend has it, under an id that the person has looked up."""


class DeliveryBook(Protocol):
    """What is kept durably of every backend. Everything that is awaited is on the disk when it returns."""

    async def open_upstream(
        self, upstream_id: str, since: datetime | None, *, stations: Collection[str] | None = None
    ) -> None:
        """Begin to keep account of a backend, or go on: sessions that begin after `since`, or else after this call.

        `stations`: the chargers that it hears of; None: all. One that joins later is told from then on, or from
        `since`; one that leaves is not counted any more, and goes on where it was if it comes back.
        """

    async def close_upstream(self, upstream_id: str) -> None:
        """Forget a backend that was removed."""

    async def moved(self, upstream_id: str) -> None:
        """A backend's address leads to another machine now: what has begun elsewhere waits for a person (`MOVED`).

        Its numbers of transactions may mean others there; whether it is the same backend, only a person knows.
        """

    async def due(self, upstream_id: str, station_id: str, limit: int = 50) -> tuple[DueSession, ...]:
        """Return sessions of a charger of which something is to be told, by time of start; parked ones are left out."""

    async def records(self, session_id: str, after_seq: int, limit: int = 200) -> tuple[LedgerRecord, ...]:
        """Return the entries of a session after one, in the order in which they were written."""

    async def save(self, delivery: SessionDelivery) -> None:
        """Keep how far a backend has been told; money passes from one state to the next in the ledger, too."""

    async def parked(self, upstream_id: str) -> tuple[DueSession, ...]:
        """Return sessions that wait for a person, the oldest first."""

    async def left_out(self, upstream_id: str, limit: int = 200) -> tuple[DueSession, ...]:
        """Return sessions that were left out by themselves, the newest first."""

    async def delivery(self, upstream_id: str, session_id: str) -> DueSession | None:
        """Return one session; None: the backend is not to hear of it, or there is none."""

    async def by_remote_id(self, upstream_id: str, station_id: str, remote_id: str) -> DueSession | None:
        """Return the newest session that a backend knows by this id."""

    async def backlog(self, upstream_id: str) -> Backlog:
        """Return what a backend has not been told."""

    def on_recorded(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back on the event loop with a station id after entries about its sessions were written."""
