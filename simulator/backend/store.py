"""What survives a central system that is killed: one SQLite file, everything committed before anybody is answered."""

import json
from pathlib import Path
import sqlite3
from typing import Any, NamedTuple

from .faults import Fault, FaultKind
from .sessions import BackendSession

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    station TEXT NOT NULL, remote_id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (station, remote_id)
) STRICT;
CREATE TABLE IF NOT EXISTS messages (
    station TEXT NOT NULL, message_id TEXT NOT NULL, text TEXT NOT NULL, sends INTEGER NOT NULL,
    taken INTEGER NOT NULL, PRIMARY KEY (station, message_id)
) STRICT;
CREATE TABLE IF NOT EXISTS faults (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, station TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
"""


class Stored(NamedTuple):
    """One message: its whole frame, how often it came, and whether it has had its effect."""

    text: str
    sends: int
    taken: bool


class Store:
    """The file, or memory where there is none."""

    def __init__(self, path: Path | None) -> None:
        """Open it, or make it."""
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close it."""
        self._database.close()

    def begin(self) -> None:
        """Begin a transaction, unless one has begun."""
        if not self._database.in_transaction:
            self._database.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Have everything so far on the disk."""
        if self._database.in_transaction:
            self._database.execute("COMMIT")

    def sessions(self) -> list[BackendSession]:
        """Return all sessions, in the order in which they began here."""
        rows = self._database.execute("SELECT body FROM sessions ORDER BY rowid")
        return [BackendSession.from_json(json.loads(body)) for (body,) in rows]

    def messages(self) -> dict[tuple[str, str], Stored]:
        """Return all messages by station and id."""
        rows: list[tuple[Any, ...]] = self._database.execute("SELECT * FROM messages").fetchall()
        return {(station, it): Stored(text, sends, bool(taken)) for station, it, text, sends, taken in rows}

    def faults(self) -> list[Fault]:
        """Return all faults."""
        rows = self._database.execute("SELECT kind, station, detail FROM faults ORDER BY number")
        return [Fault(FaultKind(kind), station, detail) for kind, station, detail in rows]

    def keep_session(self, session: BackendSession) -> None:
        """Write a session."""
        self.begin()
        self._database.execute(
            "INSERT INTO sessions VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
            (session.station, session.remote_id, json.dumps(session.as_json())),
        )

    def keep_message(self, station: str, message_id: str, message: Stored) -> None:
        """Write a message."""
        self.begin()
        self._database.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET sends = excluded.sends, taken = excluded.taken",
            (station, message_id, message.text, message.sends, int(message.taken)),
        )

    def keep_fault(self, fault: Fault) -> None:
        """Write a fault."""
        self.begin()
        self._database.execute(
            "INSERT INTO faults (kind, station, detail) VALUES (?, ?, ?)", (fault.kind, fault.station, fault.detail)
        )
