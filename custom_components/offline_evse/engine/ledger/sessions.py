"""Sessions as rows: how the projection of a transaction is read, found and written."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
import sqlite3

from ..model.decision import StopCause
from ..model.station import EvseKey
from ..model.transaction import Transaction
from .entry import moment
from .people.subjects import Person

REPORTED = "reported"
"""The charger told the end."""
SUPERSEDED = "superseded"
"""Another transaction has begun on the EVSE since; its end is estimated."""
CLOSED = "closed"
"""The site gave it up; its end is estimated."""
ORPHAN = "orphan"
"""Nobody knows which transaction it was; it is never running."""

_CACHED = 512


@dataclass(slots=True)
class Session:
    """A row of `transactions`, in the order of its columns."""

    session: str
    transaction_id: str
    station: str
    evse: int
    connector: int | None
    first_seq: int
    orphan: int
    start_key: bytes | None
    started_us: int
    start_told: int
    ended_us: int | None
    ended_how: str | None
    closed_us: int | None
    last_us: int
    energy_wh: int
    start_wh: int | None
    last_wh: int | None
    stop_wh: int | None
    person: int | None
    person_rank: int | None
    stop_reason: str | None
    offline: int
    suspect: int
    stop_cause: str | None = None
    denied_after: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it is still running."""
        return self.ended_us is None

    def transaction(self, person: Person | None) -> Transaction:
        """Return it as the model's value, with the person behind it."""
        ended_us = None if self.ended_us is None else max(self.ended_us, self.started_us)
        return Transaction(
            transaction_id=self.transaction_id,
            session_id=self.session,
            station_id=self.station,
            evse_id=self.evse,
            connector_id=self.connector,
            started_at=moment(self.started_us),
            ended_at=None if ended_us is None else moment(ended_us),
            energy_wh=self.energy_wh,
            register_start_wh=self.start_wh,
            register_last_wh=self.last_wh,
            id_token=person[0] if person else None,
            name=person[1] if person else None,
            stop_reason=self.stop_reason,
            offline=bool(self.offline),
            time_suspect=bool(self.suspect),
            stop_cause=None if self.stop_cause is None else StopCause(self.stop_cause),
            denied_after=bool(self.denied_after),
            end_estimated=self.ended_how in {SUPERSEDED, CLOSED},
        )


_NAMES = [field.name for field in fields(Session)]
COLUMNS = ", ".join(f"t.{name}" for name in _NAMES)
"""The columns of a row, in order, of `transactions AS t`."""
_SELECT = f"SELECT {COLUMNS} FROM transactions AS t "  # noqa: S608 - names of our own columns
_UPSERT = (
    f"INSERT INTO transactions ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))}) "  # noqa: S608 - as above
    f"ON CONFLICT (session) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _NAMES[1:])}"
)
_PROGRESS = "UPDATE transactions SET last_us = ?, energy_wh = ?, last_wh = ? WHERE session = ?"


class Sessions:
    """Finds and keeps sessions within the writer's transaction, the running ones in memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on the writer's connection."""
        self._connection = connection
        self._known: dict[str, Session] = {}
        self._named: dict[tuple[str, str], Sequence[Session]] = {}
        """By station and transaction id, as long as it is the only one there."""

    def reset(self) -> None:
        """Forget what was noted in memory; the transaction it belonged to was rolled back."""
        self._known.clear()
        self._named.clear()

    def get(self, session: str) -> Session | None:
        """Return a session by its own id."""
        if (known := self._known.get(session)) is not None:
            return known
        found = self._find("WHERE session = ?", session)
        return found[0] if found else None

    def save(self, session: Session) -> None:
        """Write the whole row."""
        self._connection.execute(_UPSERT, astuple(session))
        self._named.pop((session.station, session.transaction_id), None)
        self._keep(session)

    def save_progress(self, session: Session) -> None:
        """Write what a sample changes: last evidence, energy, register."""
        self._connection.execute(_PROGRESS, (session.last_us, session.energy_wh, session.last_wh, session.session))

    def _keep(self, session: Session) -> None:
        if len(self._known) >= _CACHED and session.session not in self._known:
            oldest = self._known.pop(next(iter(self._known)))
            self._named.pop((oldest.station, oldest.transaction_id), None)
        self._known[session.session] = session

    def _find(self, where: str, *values: object) -> Sequence[Session]:
        found = []
        for row in self._connection.execute(_SELECT + where, values):
            session = self._known.get(row[0])
            if session is None:
                session = Session(*row)
                self._keep(session)
            found.append(session)
        return found

    def by_transaction_id(self, station: str, transaction_id: str) -> Sequence[Session]:
        """Return the sessions under an id of a station, the newest first; more than one if it gives ids twice."""
        key = station, transaction_id
        if (named := self._named.get(key)) is not None:
            return named
        found = self._find(
            "WHERE transaction_id = ? AND station = ? ORDER BY started_us DESC, first_seq DESC LIMIT 20",
            transaction_id,
            station,
        )
        if len(found) == 1:
            self._named[key] = found
        return found

    def by_start(self, start_key: bytes) -> Sequence[Session]:
        """Return the sessions that began with the same words, the newest first."""
        return self._find("WHERE start_key = ? ORDER BY first_seq DESC LIMIT 20", start_key)

    def on_evse(self, key: EvseKey, limit: int = 20) -> Sequence[Session]:
        """Return the newest sessions of an EVSE that are not orphans, the newest first."""
        return self._find(
            "WHERE station = ? AND evse = ? AND orphan = 0 ORDER BY started_us DESC, first_seq DESC LIMIT ?",
            *key,
            limit,
        )

    def orphan_on(self, key: EvseKey) -> Session | None:
        """Return the newest orphan of an EVSE."""
        found = self._find(
            "WHERE station = ? AND evse = ? AND orphan = 1 ORDER BY started_us DESC, first_seq DESC LIMIT 1", *key
        )
        return found[0] if found else None

    def unended(self, station: str) -> Sequence[Session]:
        """Return the sessions of a station whose end was not told, the newest first."""
        return self._find(
            f"WHERE station = ? AND orphan = 0 AND ended_how IS NOT '{REPORTED}' "
            "ORDER BY started_us DESC, first_seq DESC LIMIT 20",
            station,
        )

    def id_taken(self, transaction_id: str) -> bool:
        """Whether any station uses the id."""
        row = self._connection.execute("SELECT 1 FROM transactions WHERE transaction_id = ?", (transaction_id,))
        return row.fetchone() is not None
