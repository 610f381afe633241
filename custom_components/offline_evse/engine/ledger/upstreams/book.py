"""What backends have been told, as the rest of the engine asks for it and has it kept."""

from collections.abc import Callable, Collection
from datetime import datetime
import sqlite3
from typing import Any, Protocol, override

from ...model.upstream.delivery import LEFT_OUT, DeliveryBook, DueSession, SessionDelivery
from ...model.upstream.link import Backlog
from ...model.upstream.record import LedgerRecord
from ..entry import microseconds, moment
from ..reader import Reader, transaction_of
from ..sessions import COLUMNS as SESSION_COLUMNS
from ..writer import Work
from .records import records
from .rows import COLUMNS, WIDTH, Seal, delivery_of

_COLUMNS = f"{', '.join(f'd.{name}' for name in COLUMNS.split(', '))}, {SESSION_COLUMNS}, s.subject, k.key, s.sealed"
_JOINED = """
CROSS JOIN transactions AS t ON t.session = d.session
LEFT JOIN subjects AS s ON s.person = t.person LEFT JOIN subject_keys AS k ON k.subject = s.subject
"""
_UNFINISHED = "d.upstream = ? AND d.state NOT IN ('done', 'skipped')"
_HEARD = """
(SELECT u.stations IS NULL OR d.station IN (SELECT value FROM json_each(u.stations))
FROM upstreams AS u WHERE u.upstream = d.upstream)
"""
_LEFT_OUT = "d.upstream = ? AND d.state = 'skipped' AND d.detail = ?"
_BY_UNFINISHED, _BY_SKIPPED = "INDEXED BY deliveries_unfinished", "INDEXED BY deliveries_skipped"
"""What is done for good is by far the most, and must not be looked through: SQLite takes the table for the shorter way
unless it is told."""
_BY_REMOTE, _BY_KEY = "INDEXED BY deliveries_remote", ""
_BACKLOG = f"""
SELECT count(*), min(t.started_us), coalesce(sum(d.state IN ('ambiguous', 'refused')), 0),
(SELECT count(*) FROM deliveries AS d {_BY_SKIPPED} WHERE {_LEFT_OUT})
FROM deliveries AS d {_BY_UNFINISHED} CROSS JOIN transactions AS t ON t.session = d.session
WHERE {_UNFINISHED} AND (d.state <> 'running' OR t.ended_us IS NOT NULL) AND {_HEARD}
"""  # noqa: S608 - constant conditions


class Write(Protocol):
    """Has something written, and returns when it is durable."""

    async def __call__[T](self, work: Work[T]) -> T:
        """Hand it to the writer."""


class Book(DeliveryBook):
    """The ledger's account of backends: written by its writer, read beside it."""

    def __init__(self, reader: Reader, write: Write, site_key: bytes) -> None:
        """Use the ledger's own ways to its file."""
        self._reader = reader
        self._write = write
        self._seal = Seal(site_key)
        self._callbacks: dict[object, Callable[[str], None]] = {}

    def recorded(self, stations: frozenset[str]) -> None:
        """Tell whoever listens that something was written about sessions of these."""
        for station in stations:
            for callback in tuple(self._callbacks.values()):
                callback(station)

    @override
    async def open_upstream(
        self, upstream_id: str, since: datetime | None, *, stations: Collection[str] | None = None
    ) -> None:
        since_us = None if since is None else microseconds(since)
        await self._write(
            lambda recorder, stamp: recorder.deliveries.open(upstream_id, since_us, stamp.at_us, recorder.seq, stations)
        )

    @override
    async def close_upstream(self, upstream_id: str) -> None:
        await self._write(lambda recorder, _: recorder.deliveries.close(upstream_id))

    @override
    async def moved(self, upstream_id: str) -> None:
        await self._write(lambda recorder, stamp: recorder.deliveries.moved(stamp, upstream_id))

    @override
    async def due(self, upstream_id: str, station_id: str, limit: int = 50) -> tuple[DueSession, ...]:
        where = f"WHERE {_UNFINISHED} AND d.station = ? AND d.state"

        def ask(connection: sqlite3.Connection) -> tuple[DueSession, ...]:
            # What has begun is needed whole, for it tells which connectors are taken; of what waits, the oldest.
            begun = self._sessions(
                connection,
                _BY_UNFINISHED,
                f"{where} IN ('starting', 'running', 'ending')",
                upstream_id,
                station_id,
            )
            waiting = self._sessions(
                connection,
                _BY_UNFINISHED,
                f"{where} = 'waiting' ORDER BY t.started_us, t.first_seq LIMIT ?",
                upstream_id,
                station_id,
                limit,
            )
            return tuple(sorted(begun + waiting, key=lambda due: due.transaction.started_at))

        return await self._reader.ask(ask)

    def _sessions(self, connection: sqlite3.Connection, way: str, where: str, *values: object) -> list[DueSession]:
        query = f"SELECT {_COLUMNS} FROM deliveries AS d {way} {_JOINED} {where}"  # noqa: S608 - our own constants
        return [self._due(row) for row in connection.execute(query, values)]

    def _due(self, row: tuple[Any, ...]) -> DueSession:
        return DueSession(transaction_of(row[WIDTH:]), delivery_of(row[:WIDTH], self._seal))

    @override
    async def records(self, session_id: str, after_seq: int, limit: int = 200) -> tuple[LedgerRecord, ...]:
        return await self._reader.ask(lambda connection: records(connection, session_id, after_seq, limit))

    @override
    async def save(self, delivery: SessionDelivery) -> None:
        await self._write(lambda recorder, stamp: recorder.deliveries.save(stamp, delivery))

    @override
    async def parked(self, upstream_id: str) -> tuple[DueSession, ...]:
        where = f"WHERE {_UNFINISHED} AND d.state IN ('ambiguous', 'refused') AND {_HEARD} ORDER BY t.started_us"
        return tuple(
            await self._reader.ask(lambda connection: self._sessions(connection, _BY_UNFINISHED, where, upstream_id))
        )

    @override
    async def left_out(self, upstream_id: str, limit: int = 200) -> tuple[DueSession, ...]:
        where = f"WHERE {_LEFT_OUT} ORDER BY t.started_us DESC LIMIT ?"
        found = await self._reader.ask(
            lambda connection: self._sessions(connection, _BY_SKIPPED, where, upstream_id, LEFT_OUT, limit)
        )
        return tuple(found)

    @override
    async def delivery(self, upstream_id: str, session_id: str) -> DueSession | None:
        return await self._one(_BY_KEY, "WHERE d.upstream = ? AND d.session = ?", upstream_id, session_id)

    @override
    async def by_remote_id(self, upstream_id: str, station_id: str, remote_id: str) -> DueSession | None:
        where = "WHERE d.upstream = ? AND d.station = ? AND d.remote_id = ? ORDER BY t.started_us DESC LIMIT 1"
        return await self._one(_BY_REMOTE, where, upstream_id, station_id, remote_id)

    async def _one(self, way: str, where: str, *values: object) -> DueSession | None:
        found = await self._reader.ask(lambda connection: self._sessions(connection, way, where, *values))
        return found[0] if found else None

    @override
    async def backlog(self, upstream_id: str) -> Backlog:
        count, oldest_us, parked, left_out = await self._reader.ask(
            lambda connection: connection.execute(_BACKLOG, (upstream_id, LEFT_OUT, upstream_id)).fetchone()
        )
        return Backlog(
            session_count=count,
            oldest=None if oldest_us is None else moment(oldest_us),
            parked_count=parked,
            left_out_count=left_out,
        )

    @override
    def on_recorded(self, callback: Callable[[str], None]) -> Callable[[], None]:
        handle = object()
        self._callbacks[handle] = callback

        def end() -> None:
            self._callbacks.pop(handle, None)

        return end
