"""Reading: its own connection and thread, beside the writer and never in its way."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
import json
import sqlite3
from typing import Any

from ..model.credential import Credential
from ..model.failure import LedgerUnavailableError
from ..model.station import EvseKey
from ..model.transaction import Transaction
from .entry import JSON, Entry, iso_milliseconds, microseconds, parse_iso
from .errors import unavailable
from .people.subjects import unseal
from .people.terms import read_credential
from .sessions import COLUMNS, Session
from .store import Store

_SEALED = "LEFT JOIN subjects AS s ON s.person = t.person LEFT JOIN subject_keys AS k ON k.subject = s.subject"
_TRANSACTIONS = f"SELECT {COLUMNS}, s.subject, k.key, s.sealed FROM transactions AS t {_SEALED}"  # noqa: S608 - names of our own columns
_CREDENTIALS = f"""
SELECT t.body, t.changed_us, s.subject, k.key, s.sealed, gs.subject, gk.key, gs.sealed FROM credentials AS t {_SEALED}
LEFT JOIN subjects AS gs ON gs.person = t.group_person LEFT JOIN subject_keys AS gk ON gk.subject = gs.subject
"""  # noqa: S608 - a constant join


_GRID_EVENTS = """
SELECT json_extract(body, '$.event_id') AS event, min(seq) FROM entries
WHERE type >= 'dr.' AND type < 'dr/' AND type = 'dr.command' AND t >= ?
GROUP BY event ORDER BY max(seq) DESC LIMIT ?
"""
"""The index is used because its own condition stands here, word by word."""
_GRID_ENTRIES = """
SELECT seq, type, t, station, evse, tx, body FROM entries
WHERE type >= 'dr.' AND type < 'dr/' AND seq >= ? ORDER BY seq
"""


class Reader:
    """Answers questions from what is durable."""

    def __init__(self, store: Store) -> None:
        """Prepare; the connection is opened with the first question."""
        self._store = store
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="offline_evse ledger reader")

    async def ask[T](self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Put a question; raises LedgerUnavailableError where the file cannot be read."""
        if self._closed:
            raise LedgerUnavailableError("unreadable")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._answer, question)
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def _answer[T](self, question: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._store.connect_reader()
        return question(self._connection)

    async def close(self) -> None:
        """Close the connection and end the thread. A second call is harmless."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._executor, self._close)
        # Its thread has to be gone, not just on its way: whoever counts threads after us would find it.
        await asyncio.to_thread(self._executor.shutdown)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def transaction_of(row: tuple[Any, ...]) -> Transaction:
    """Read the columns of a session, and after them what opens its holder's seal."""
    return Session(*row[:-3]).transaction(unseal(*row[-3:]))


def open_transactions(connection: sqlite3.Connection) -> tuple[Transaction, ...]:
    """Return what is running, the oldest first."""
    rows = connection.execute(f"{_TRANSACTIONS} WHERE t.ended_us IS NULL ORDER BY t.started_us")
    return tuple(transaction_of(row) for row in rows)


def transactions(
    connection: sqlite3.Connection, evse: EvseKey | None, since: datetime | None, limit: int
) -> tuple[Transaction, ...]:
    """Return transactions, the newest first."""
    where, values = ["t.started_us >= ?"], [microseconds(since) if since else -(1 << 62)]
    named: list[object] = [*values]
    if evse is not None:
        where.append("t.station = ? AND t.evse = ?")
        named += evse
    query = f"{_TRANSACTIONS} WHERE {' AND '.join(where)} ORDER BY t.started_us DESC, t.first_seq DESC LIMIT ?"
    return tuple(transaction_of(row) for row in connection.execute(query, (*named, limit)))


def lifetimes(connection: sqlite3.Connection) -> dict[EvseKey, int]:
    """Return the lifetime energy of every EVSE that has told a register, in Wh."""
    rows = connection.execute("SELECT station, evse, total_wh FROM registers WHERE total_wh IS NOT NULL")
    return {EvseKey(station, evse): total_wh for station, evse, total_wh in rows}


def credentials(connection: sqlite3.Connection) -> tuple[Credential, ...]:
    """Return what is enrolled, by holder. A credential whose holder was forgotten is none."""
    found = []
    for body, changed_us, *sealed in connection.execute(_CREDENTIALS):
        person, group = unseal(*sealed[:3]), unseal(*sealed[3:])
        if person is not None:
            number, name = person
            group_id = group[0].value if group else None
            found.append(read_credential(json.loads(body), number, name or "", group_id, changed_us))
    return tuple(sorted(found, key=lambda credential: (credential.name.casefold(), credential.id_token.key)))


def memory(connection: sqlite3.Connection) -> dict[str, JSON]:
    """Return every fact that is remembered."""
    return {key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM memory")}


def grid_entries(connection: sqlite3.Connection, since: datetime | None, limit: int) -> tuple[Entry, ...]:
    """Return everything recorded of the last grid events that had something to say after `since`, oldest first."""
    after = iso_milliseconds(microseconds(since)) if since else ""
    events = connection.execute(_GRID_EVENTS, (after, limit)).fetchall()
    if not events:
        return ()
    wanted = {event for event, _ in events}
    rows = connection.execute(_GRID_ENTRIES, (min(first for _, first in events),))
    found = (
        Entry(seq, kind, parse_iso(at), station, evse, session, json.loads(body))
        for seq, kind, at, station, evse, session, body in rows
    )
    return tuple(entry for entry in found if entry.body.get("event_id") in wanted)
