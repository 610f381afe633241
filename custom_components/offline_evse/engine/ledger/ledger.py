"""The ledger as the site sees it: record first, answer then."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
import json
from pathlib import Path
import sqlite3
from typing import Any, Self

from ..model.clock import Clock, Timer
from ..model.consumption import Consumption
from ..model.credential import Credential
from ..model.decision import Decision, StopCause
from ..model.id_token import IdToken
from ..model.meter import EvseSample
from ..model.station import EvseKey
from ..model.storage import StorageFacts
from ..model.transaction import Transaction, TransactionRecorded, TransactionReport
from . import reader
from .entry import JSON, Entry, Stamp, microseconds
from .export import LedgerSource
from .people.consumption import consumption
from .people.subjects import hash_of, subject_of
from .reader import Reader
from .recorder import Recorder
from .registers import MAXIMUM_POWER_W
from .storage import storage
from .store import BALLAST_BYTES, Store
from .upstreams.book import Book
from .writer import Work, Writer

_THAW_AFTER_S = 1800.0


class Ledger:
    """Keeps everything that happened, durably and once.

    Whatever is awaited here is on the disk when it returns; a caller who is cancelled meanwhile loses the answer
    and nothing else. Recording raises LedgerFullError where there is no room (for new sessions first, long before
    the end of running ones is refused) and LedgerUnavailableError where the disk fails.
    """

    def __init__(self, store: Store, writer: Writer, clock: Clock) -> None:
        """Use `open`."""
        self._writer = writer
        self._reader = Reader(store)
        self._store = store
        self._clock = clock
        self._thaw: Timer | None = None
        self._site_key = b""
        self._book: Book | None = None

    @classmethod
    async def open(
        cls,
        path: Path,
        clock: Clock,
        *,
        ballast_bytes: int = BALLAST_BYTES,
        quota_bytes: int | None = None,
        maximum_power_w: int = MAXIMUM_POWER_W,
        connection_class: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> Self:
        """Open the ledger at `path`, making folder and file where there are none, and bring it up to date.

        `ballast_bytes` are held back beside it for the day the disk is full; `quota_bytes` bounds the database and
        the ballast together; `maximum_power_w` is what one EVSE is believed. Raises LedgerUnavailableError.
        """
        store = Store(path, ballast_bytes=ballast_bytes, quota_bytes=quota_bytes, connection_class=connection_class)
        ledger = cls(store, Writer(store, asyncio.get_running_loop(), maximum_power_w), clock)
        await asyncio.to_thread(ledger._writer.open, ledger._stamp())
        ledger._site_key = await asyncio.to_thread(store.site_key)
        ledger._book = Book(ledger._reader, ledger._write, ledger._site_key)
        ledger._writer.on_recorded = ledger._book.recorded
        return ledger

    @property
    def book(self) -> Book:
        """What backends have been told."""
        assert self._book is not None
        return self._book

    @property
    def healthy(self) -> bool:
        """Whether new sessions can be recorded."""
        return self._writer.healthy

    @property
    def on_failure(self) -> Callable[[Exception | None], None] | None:
        """Called on the event loop when the disk fails or is full, and with None when that is over."""
        return self._writer.on_failure

    @on_failure.setter
    def on_failure(self, callback: Callable[[Exception | None], None] | None) -> None:
        self._writer.on_failure = callback

    def _stamp(self) -> Stamp:
        return Stamp(microseconds(self._clock.now()), int(self._clock.monotonic() * 1e9))

    async def _write[T](self, work: Work[T]) -> T:
        return await self._writer.submit(work, self._stamp())

    async def close(self) -> None:
        """Write what is waiting, and let go of the file. Nothing can be recorded after."""
        if self._thaw is not None:
            self._thaw.cancel()
        self._writer.stop()
        await self._reader.close()
        await asyncio.to_thread(self._writer.join)

    async def record(self, report: TransactionReport, *, name: str | None = None) -> TransactionRecorded:
        """Record what a charger reports of a transaction; `name` is the holder of the card in it.

        A report that was recorded before changes nothing, however late it comes again.
        """
        return await self._write(lambda recorder, stamp: recorder.record(stamp, report, name))

    async def record_samples(self, evse: EvseKey, samples: tuple[EvseSample, ...], received_at: datetime) -> None:
        """Record meter values outside a transaction, once."""
        received_us = microseconds(received_at)
        await self._write(lambda recorder, stamp: recorder.record_samples(stamp, evse, samples, received_us))

    async def record_decision(self, decision: Decision, station_id: str, evse_id: int | None) -> int:
        """Record the answer to "may this charge?", the person sealed; return its sequence number."""
        return await self._write(lambda recorder, stamp: recorder.record_decision(stamp, decision, station_id, evse_id))

    async def append(
        self,
        type: str,
        *,
        station_id: str | None = None,
        evse_id: int | None = None,
        session_id: str | None = None,
        data: Mapping[str, JSON],
    ) -> int:
        """Record anything else; return its sequence number. Floats are kept as decimal strings.

        No personal data may be in it. Raises ValueError for types that the ledger writes itself.
        """
        return await self._write(
            lambda recorder, stamp: recorder.append(stamp, type, data, station_id, evse_id, session_id)
        )

    async def close_transaction(self, session_id: str, *, reason: str) -> Transaction | None:
        """End a running transaction that its charger does not run any more, where it was last heard of.

        Its late stop corrects the end; a later sign of life opens it again. None: there is no such session.
        """

        def close(recorder: Recorder, stamp: Stamp) -> Transaction | None:
            session = recorder.close_transaction(stamp, session_id, reason)
            return recorder.transaction(session).transaction if session else None

        return await self._write(close)

    async def open_transactions(self) -> tuple[Transaction, ...]:
        """Return what is running, the oldest first."""
        return await self._reader.ask(reader.open_transactions)

    async def transactions(
        self, *, evse: EvseKey | None = None, since: datetime | None = None, limit: int = 100
    ) -> tuple[Transaction, ...]:
        """Return transactions that began at or after `since`, the newest first."""
        return await self._reader.ask(lambda connection: reader.transactions(connection, evse, since, limit))

    async def lifetimes(self) -> dict[EvseKey, int]:
        """Return everything that each EVSE ever delivered, in Wh: the charger's own register, while that is sane."""
        return await self._reader.ask(reader.lifetimes)

    async def lifetime(self, evse: EvseKey) -> int | None:
        """Return everything that an EVSE ever delivered, in Wh; None where it has told no register."""
        return (await self.lifetimes()).get(evse)

    async def grid_entries(self, *, since: datetime | None = None, limit: int = 20) -> tuple[Entry, ...]:
        """Return all entries of the last `limit` grid events (types `dr.…`), oldest first."""
        return await self._reader.ask(lambda connection: reader.grid_entries(connection, since, limit))

    async def storage(self) -> StorageFacts:
        """Return how much room there is, and whether the clock has jumped lately."""
        now, folder = self._clock.now(), self._store.path.parent
        return await self._reader.ask(lambda connection: storage(connection, folder, now))

    def export_source(self) -> LedgerSource:
        """Return a way to read the entries in sequence, for a copy of them; it is for one thread, and to be closed."""
        return LedgerSource(self._store, self._site_key)

    async def enrol(self, credential: Credential) -> None:
        """Enrol a credential, or change one that is enrolled."""
        await self._write(lambda recorder, stamp: recorder.enrol(stamp, credential))

    async def revoke(self, id_token: IdToken) -> bool:
        """Take a credential away; returns whether there was one. What it has charged stays, with its holder's name."""
        return await self._write(lambda recorder, stamp: recorder.revoke(stamp, id_token))

    async def credentials(self) -> tuple[Credential, ...]:
        """Return everything that is enrolled, by holder."""
        return await self._reader.ask(reader.credentials)

    async def consumption(self, id_token: IdToken, day_starts: datetime) -> Consumption:
        """Return what has been charged with a credential, in all and since `day_starts`."""
        subject, since_us = self.subject_of(id_token), microseconds(day_starts)
        return await self._reader.ask(lambda connection: consumption(connection, subject, since_us))

    async def order_stop(self, session_id: str, cause: StopCause) -> None:
        """Record why a session is being ended from here; the first cause stays."""
        await self._write(lambda recorder, stamp: recorder.order_stop(stamp, session_id, cause))

    async def deny_after(self, session_id: str) -> None:
        """Record that a backend said no to a session that was over."""
        await self._write(lambda recorder, stamp: recorder.deny_after(stamp, session_id))

    def subject_of(self, id_token: IdToken) -> str:
        """Return the pseudonym of a card at once."""
        return subject_of(self._site_key, id_token)

    def hash_of(self, purpose: str, secret: str) -> str:
        """Return what stands for a secret of this site; it cannot be tried out without the site's key."""
        return hash_of(self._site_key, purpose, secret)

    async def pseudonym(self, id_token: IdToken) -> str:
        """Return what stands for a card wherever something is kept about its holder; nobody can turn it back."""
        return await self._write(lambda recorder, _: recorder.pseudonym(id_token))

    async def forget(self, id_token: IdToken) -> bool:
        """Make card and name of a holder unreadable for ever; energy and times stay. Removes the card, too."""

        def forget(recorder: Recorder, stamp: Stamp) -> bool:
            return recorder.forget(stamp, id_token)

        forgotten = await self._write(forget)
        if forgotten:
            await self._writer.submit(_empty_log, self._stamp(), alone=True)
        return forgotten

    async def remember(self, key: str, value: JSON) -> None:
        """Keep a fact, in place of what was kept under the key. No personal data."""
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
        await self._write(lambda recorder, stamp: recorder.remember(stamp, key, text))

    async def recall_all(self) -> dict[str, Any]:
        """Return every fact that is kept."""
        return await self._reader.ask(reader.memory)

    async def rebuild(self) -> None:
        """Make all projections anew from the entries."""
        await self._write(lambda recorder, stamp: recorder.projection.rebuild())

    async def freeze(self) -> None:
        """Leave the database file as it is and only add to its log, so that both can be copied in any order.

        Recording goes on. Ends by itself after half an hour, in case nobody calls `thaw`.
        """
        await self._writer.submit(_freeze, self._stamp(), alone=True)
        if self._thaw is not None:
            self._thaw.cancel()
        self._thaw = self._clock.call_later(_THAW_AFTER_S, self._thaw_now)

    async def thaw(self) -> None:
        """Let the database file change again."""
        if self._thaw is not None:
            self._thaw.cancel()
            self._thaw = None
        await self._writer.submit(_thaw, self._stamp(), alone=True)

    def _thaw_now(self) -> None:
        self._thaw = None
        self._writer.submit(_thaw, self._stamp(), alone=True)


def _freeze(recorder: Recorder, _: Stamp) -> None:
    recorder.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    recorder.connection.execute("PRAGMA wal_autocheckpoint = 0")


def _thaw(recorder: Recorder, _: Stamp) -> None:
    recorder.connection.execute("PRAGMA wal_autocheckpoint = 1000")


def _empty_log(recorder: Recorder, _: Stamp) -> None:
    recorder.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
