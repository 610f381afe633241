"""The writer's side: sessions taken into account, deliveries kept, and what of it becomes an entry.

A session gets its row in the commit that records its first entry, so that nothing has to be looked for later: what
is unfinished is an index of its own, however long the history.

What a backend was told of an end is compared with what the ledger knows of it, whenever either changes. If the
energy has changed since, the session waits for a person: a bill is out that somebody has to put right, and nobody but
a person knows whether the backend takes a second end.
"""

from collections.abc import Callable, Collection
import json
import sqlite3

from ...model.id_token import IdToken
from ...model.upstream.delivery import MOVED, RESTORED, DeliveryState, SessionDelivery
from ..body import Body
from ..entry import Stamp, iso, microseconds
from ..sessions import Session, Sessions
from .rows import COLUMNS, WIDTH, Row, Seal, delivery_of, row_of

PREFIX = "upstream."
STARTED, ENDED, PARKED = "upstream.started", "upstream.ended", "upstream.parked"
SETTLED, SKIPPED, DIFFERS = "upstream.settled", "upstream.skipped", "upstream.differs"

FORGOTTEN = "the holder of the card was forgotten"
_SEQ_LEAP = 1000
"""So many TransactionEvents of one session may have gone up since the backup that was restored."""

_ENROL = """
INSERT OR IGNORE INTO deliveries (upstream, session, station, state, told_seq, next_seq_no, denied)
SELECT u.upstream, t.session, t.station, 'waiting', 0, 0, 0
FROM upstreams AS u CROSS JOIN transactions AS t INDEXED BY transactions_first
WHERE t.first_seq > u.cursor AND t.started_us >= u.since_us AND t.orphan = 0
AND (u.stations IS NULL OR t.station IN (SELECT value FROM json_each(u.stations)))
"""
_TOO_OLD = """
DELETE FROM deliveries WHERE upstream = ? AND state = 'waiting'
AND (SELECT t.started_us FROM transactions AS t WHERE t.session = deliveries.session) < ?
"""
_KEEP = f"INSERT OR REPLACE INTO deliveries ({COLUMNS}) VALUES ({', '.join('?' * WIDTH)})"  # noqa: S608 - our own names
_FIND = f"SELECT {COLUMNS} FROM deliveries WHERE upstream = ? AND session = ?"  # noqa: S608 - as above
_WITH_PENDING = f"SELECT {COLUMNS} FROM deliveries WHERE state NOT IN ('done', 'skipped') AND pending IS NOT NULL"  # noqa: S608 - as above

type Write = Callable[[Stamp, str, Session, Body], None]
"""Add an entry of a type about a session."""


class Deliveries:
    """Keeps `upstreams` and `deliveries` within the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection, sessions: Sessions, site_key: bytes, write: Write) -> None:
        """Work on the writer's connection."""
        self._connection = connection
        self._sessions = sessions
        self._seal = Seal(site_key)
        self._write = write
        self._upstreams: list[str] | None = None

    def reset(self) -> None:
        """Forget what was noted in memory; the transaction it belonged to was rolled back."""
        self._upstreams = None

    def _known(self) -> list[str]:
        if self._upstreams is None:
            self._upstreams = [row[0] for row in self._connection.execute("SELECT upstream FROM upstreams")]
        return self._upstreams

    def open(
        self, upstream: str, since_us: int | None, now_us: int, seq: int, stations: Collection[str] | None
    ) -> None:
        """Begin or go on with a backend; `seq` is the last entry."""
        listed = None if stations is None else json.dumps(sorted(stations))
        row = self._connection.execute(
            "SELECT since_us, stations FROM upstreams WHERE upstream = ?", (upstream,)
        ).fetchone()
        if row is None:
            begin_us = now_us if since_us is None else since_us
            self._connection.execute("INSERT INTO upstreams VALUES (?, ?, ?, ?)", (upstream, begin_us, listed, seq))
        else:
            begin_us = row[0] if since_us is None else since_us
            self._connection.execute(
                "UPDATE upstreams SET stations = ?, since_us = ? WHERE upstream = ?", (listed, begin_us, upstream)
            )
        self._upstreams = None
        if since_us is not None and row != (begin_us, listed):
            # Somebody has named the time: what lies between it and the last entry may have been left out so far.
            self._connection.execute("UPDATE upstreams SET cursor = 0 WHERE upstream = ?", (upstream,))
            self.enrol(seq)
            self._connection.execute(_TOO_OLD, (upstream, since_us))

    def close(self, upstream: str) -> None:
        """Forget a backend."""
        self._connection.execute("DELETE FROM deliveries WHERE upstream = ?", (upstream,))
        self._connection.execute("DELETE FROM upstreams WHERE upstream = ?", (upstream,))
        self._upstreams = None

    def enrol(self, seq: int) -> None:
        """Take sessions into account that have begun since the last time; `seq` is the last entry."""
        if not self._known():
            return
        self._connection.execute(_ENROL)
        self._connection.execute("UPDATE upstreams SET cursor = ?", (seq,))

    def after_restore(self, stamp: Stamp) -> None:
        """The file is older than what was written before: mark what may have gone on since.

        What was on its way then may have been answered; only a person can find out. That goes for 2.x, too: the same
        event told twice does no harm, but what is worded now is another one. The session may have gone on since the
        backup, the backend may have its end already, and nothing here knows it. For the same reason the numbers of
        events leap: one must not come a second time with other contents, and a hole in them is only looked at.
        """
        flying = self._connection.execute(
            "SELECT upstream, session FROM deliveries WHERE state IN ('starting', 'ending')"
        ).fetchall()
        self._connection.execute(
            "UPDATE deliveries SET detail = ?, next_seq_no = next_seq_no + iif(next_seq_no > 0, ?, 0), "
            "state = iif(state IN ('starting', 'ending'), 'ambiguous', state) "
            "WHERE state IN ('waiting', 'starting', 'running', 'ending')",
            (RESTORED, _SEQ_LEAP),
        )
        for upstream, session in flying:
            self._parked(stamp, upstream, self._sessions.get(session))

    def moved(self, stamp: Stamp, upstream: str) -> None:
        """Park what has begun: what it was told, it was told somewhere else."""
        begun = "upstream = ? AND state IN ('starting', 'running', 'ending')"
        rows = self._connection.execute(f"SELECT session FROM deliveries WHERE {begun}", (upstream,)).fetchall()  # noqa: S608 - a constant
        self._connection.execute(
            "UPDATE deliveries SET state = 'ambiguous', detail = ?, pending = NULL WHERE upstream = ? "
            "AND state IN ('starting', 'running', 'ending', 'ambiguous', 'refused')",
            (MOVED, upstream),
        )
        for (session,) in rows:
            self._parked(stamp, upstream, self._sessions.get(session))

    def forget(self, stamp: Stamp, id_token: IdToken) -> None:
        """Drop messages on their way that name a card; whether they had arrived cannot be found out any more."""
        named = {id_token.value.casefold(), json.dumps(id_token.value)[1:-1].casefold()}
        for row in self._connection.execute(_WITH_PENDING).fetchall():
            delivery = delivery_of(row, self._seal)
            frame = "" if delivery.pending is None else delivery.pending.frame.casefold()
            if delivery.pending is not None and not any(name in frame for name in named):
                continue
            keep = delivery.state is DeliveryState.RUNNING
            self._connection.execute(
                "UPDATE deliveries SET pending = NULL, state = ?, detail = ? WHERE upstream = ? AND session = ?",
                (
                    (delivery.state if keep else DeliveryState.AMBIGUOUS).value,
                    FORGOTTEN,
                    delivery.upstream_id,
                    delivery.session_id,
                ),
            )
            if not keep and not delivery.state.parked:
                self._parked(stamp, delivery.upstream_id, self._sessions.get(delivery.session_id))

    def _parked(self, stamp: Stamp, upstream: str, session: Session | None) -> None:
        if session is not None:
            self._write(stamp, PARKED, session, {"upstream": upstream, "as": DeliveryState.AMBIGUOUS.value})

    def _row(self, upstream: str, session: str) -> Row | None:
        row: Row | None = self._connection.execute(_FIND, (upstream, session)).fetchone()
        return row

    def save(self, stamp: Stamp, delivery: SessionDelivery) -> None:
        """Keep a delivery, and write the entries that prove it; nothing, of a backend that was removed."""
        session = self._sessions.get(delivery.session_id)
        if session is None or delivery.upstream_id not in self._known():
            return
        row = self._row(delivery.upstream_id, delivery.session_id)
        before = delivery_of(row, self._seal) if row else None
        self._connection.execute(_KEEP, row_of(delivery, self._seal))
        self._prove(stamp, before, delivery, session)
        if delivery.state is DeliveryState.DONE:
            self._compare(stamp, delivery, session)

    def _prove(self, stamp: Stamp, before: SessionDelivery | None, now: SessionDelivery, session: Session) -> None:
        was = before.state if before else DeliveryState.WAITING
        if was is now.state and (before is None or before.remote_id == now.remote_id):
            return
        body: Body = {"upstream": now.upstream_id}
        if now.remote_id is not None:
            body["remote_id"] = now.remote_id
        if (was.parked or was is DeliveryState.SKIPPED) and not now.state.parked:
            self._write(stamp, SETTLED, session, body | {"was": was.value, "now": now.state.value})
        if now.remote_id is not None and (before is None or before.remote_id != now.remote_id):
            self._write(stamp, STARTED, session, body | {"meter_start_wh": now.meter_start_wh, "denied": now.denied})
        if now.state is DeliveryState.DONE:
            ended = iso(now.ended_at) if now.ended_at else None
            self._write(stamp, ENDED, session, body | {"energy_wh": now.energy_wh, "ended_at": ended})
        elif now.state is DeliveryState.SKIPPED:
            self._write(stamp, SKIPPED, session, body)
        elif now.state.parked:
            self._write(stamp, PARKED, session, body | {"as": now.state.value})

    def recorded(self, stamp: Stamp, session: Session) -> None:
        """Compare with what backends were told, after an entry of a session that is over."""
        for upstream in self._known():
            row = self._row(upstream, session.session)
            if row is not None and row[3] == DeliveryState.DONE:
                self._compare(stamp, delivery_of(row, self._seal), session)

    def _compare(self, stamp: Stamp, told: SessionDelivery, session: Session) -> None:
        if told.energy_wh is None or told.ended_at is None or session.is_open:
            return
        known = session.transaction(None)
        assert known.ended_at is not None
        if told.energy_wh == session.energy_wh and told.ended_at == known.ended_at:
            return
        body: Body = {
            "upstream": told.upstream_id,
            "remote_id": told.remote_id,
            "told_wh": told.energy_wh,
            "energy_wh": session.energy_wh,
            "told_end": iso(told.ended_at),
            "ended_at": iso(known.ended_at),
        }
        self._write(stamp, DIFFERS, session, body)
        if told.energy_wh == session.energy_wh:
            # Nobody is billed by the second; it is on record, and that is enough.
            self._connection.execute(
                "UPDATE deliveries SET ended_us = ? WHERE upstream = ? AND session = ?",
                (microseconds(known.ended_at), told.upstream_id, told.session_id),
            )
            return
        detail = f"told {told.energy_wh} Wh, then its charger said {session.energy_wh} Wh"
        self._connection.execute(
            "UPDATE deliveries SET state = 'ambiguous', detail = ?, pending = NULL WHERE upstream = ? AND session = ?",
            (detail, told.upstream_id, told.session_id),
        )
        self._parked(stamp, told.upstream_id, session)
