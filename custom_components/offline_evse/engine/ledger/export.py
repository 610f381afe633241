"""Reading entries in sequence, for a copy of them: on a connection of its own, in pages, and in no writer's way."""

from collections.abc import Iterator, Sequence
from datetime import datetime
import sqlite3
from typing import Any

from ..model.upstream.bundle import BundleCursor, BundleRange, SessionRow
from .entry import canonical, iso_milliseconds, microseconds
from .errors import unavailable
from .people.subjects import hash_of, unseal
from .projection import REMEMBERED
from .recorder import CLOCK_STEP
from .sessions import COLUMNS, ORPHAN, REPORTED, Session
from .store import Store

PAGE = 500
_COLUMNS = ("seq", "v", "epoch", "id", "type", "t", "mono", "cq", "station", "evse", "tx")
_PAGE = f"SELECT {', '.join(_COLUMNS)}, body FROM entries WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT {PAGE}"  # noqa: S608 - names of our own columns
_SEALED = "LEFT JOIN subjects AS s ON s.person = t.person LEFT JOIN subject_keys AS k ON k.subject = s.subject"
_NO_ROOM_TO_ASK = 400
"""Values that one question may carry; SQLite's own least is 999."""


def canonical_entry(row: Sequence[Any]) -> str:
    """Write a row of `entries` (the columns in their order, the body last) as canonical JSON.

    The body is canonical already and is taken over as it lies in the file, byte for byte.
    """
    fields = dict(zip(_COLUMNS, row[:-1], strict=True))
    # "body" is the first of the keys in order.
    return f'{{"body":{row[-1]},{canonical(fields)[1:]}'


class LedgerSource:
    """Implements `BundleSource` upon the ledger's file."""

    def __init__(self, store: Store, site_key: bytes) -> None:
        """Open nothing yet."""
        self._store = store
        self._connection: sqlite3.Connection | None = None
        self._site_id = hash_of(site_key, "site", "id")[:12]

    @property
    def site_id(self) -> str:
        """What stands for the site."""
        return self._site_id

    def _ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            if self._connection is None:
                self._connection = self._store.connect_reader()
            return self._connection.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise unavailable(error) from error

    def head(self) -> BundleCursor | None:
        """Return the newest entry."""
        rows = self._ask("SELECT epoch, seq, id FROM entries ORDER BY seq DESC LIMIT 1")
        return BundleCursor(*rows[0]) if rows else None

    def after(self, cursor: BundleCursor) -> int:
        """Return the newest entry that somebody with this cursor has."""
        if self._ask("SELECT 1 FROM entries WHERE seq = ? AND id = ?", cursor.seq, cursor.id):
            return cursor.seq
        # An older copy was put back: what it shares with the cursor ends, at the latest, where a newer epoch begins.
        (newer,) = self._ask("SELECT min(seq) FROM entries WHERE epoch > ?", cursor.epoch)[0]
        if newer is None:
            # The copy was written to without noticing that it is one. Nothing tells where it parted.
            return 0
        return min(cursor.seq, int(newer) - 1)

    def within(self, since: datetime | None, until: datetime | None) -> BundleRange | None:
        """Return the entries of a time."""
        low = iso_milliseconds(microseconds(since)) if since else ""
        high = iso_milliseconds(microseconds(until)) if until else "~"
        first, last = self._ask("SELECT min(seq), max(seq) FROM entries WHERE t >= ? AND t < ?", low, high)[0]
        return None if first is None else BundleRange(first, last)

    def has_news(self, found: BundleRange) -> bool:
        """Whether anything but remembered facts and jumps of the clock is in it."""
        return bool(
            self._ask(
                "SELECT 1 FROM entries WHERE seq BETWEEN ? AND ? AND type NOT IN (?, ?) LIMIT 1",
                found.first_seq,
                found.last_seq,
                REMEMBERED,
                CLOCK_STEP,
            )
        )

    def entries(self, found: BundleRange) -> Iterator[Sequence[tuple[int, int, str | None, str]]]:
        """Yield pages of entries."""
        after = found.first_seq - 1
        while rows := self._ask(_PAGE, after, found.last_seq):
            yield [(row[0], row[2], row[10], canonical_entry(row)) for row in rows]
            after = rows[-1][0]

    def sessions(self, session_ids: Sequence[str], names: bool) -> Sequence[SessionRow]:
        """Return these sessions; entries without one are not asked for twice."""
        found: list[SessionRow] = []
        for start in range(0, len(session_ids), _NO_ROOM_TO_ASK):
            asked = session_ids[start : start + _NO_ROOM_TO_ASK]
            marks = ", ".join("?" * len(asked))
            rows = self._ask(
                f"SELECT {COLUMNS}, s.subject, k.key, s.sealed FROM transactions AS t {_SEALED} "  # noqa: S608 - our own columns
                f"WHERE t.session IN ({marks}) ORDER BY t.session",
                *asked,
            )
            found += [_session_row(row, names) for row in rows]
        return found

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _session_row(row: tuple[Any, ...], names: bool) -> SessionRow:
    session, sealed = Session(*row[:-3]), row[-3:]
    told = session.transaction(unseal(*sealed) if names else None)
    flags = {
        "running": session.is_open,
        "offline": told.offline,
        "time_suspect": told.time_suspect,
        "end_estimated": not session.is_open and session.ended_how not in (REPORTED, ORPHAN),
        "no_transaction": bool(session.orphan),
    }
    return SessionRow(
        session_id=told.session_id,
        station_id=told.station_id,
        evse_id=told.evse_id,
        connector_id=told.connector_id,
        started_at=told.started_at,
        ended_at=told.ended_at,
        energy_wh=told.energy_wh,
        register_start_wh=session.start_wh,
        register_stop_wh=session.last_wh if session.stop_wh is None else session.stop_wh,
        holder=sealed[0],
        holder_name=told.name or (told.id_token.value if told.id_token else None),
        stop_reason=told.stop_reason,
        flags=tuple(flag for flag, set_ in flags.items() if set_),
    )
