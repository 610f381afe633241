"""The writer: one thread, one connection, one commit for everything that waits.

Nothing lingers: whatever has queued up while the last commit was on its way to the disk makes the next one.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
import logging
from queue import Empty, SimpleQueue
import secrets
import sqlite3
import threading
from typing import Any

from ..model.failure import LedgerFullError, LedgerUnavailableError
from .entry import Stamp
from .errors import is_full, primary_code, unavailable
from .recorder import Recorder
from .store import Store

_LOGGER = logging.getLogger(__name__)

LARGEST_BATCH = 256
_HEAD_EVERY_NS = 1_000_000_000
_BALLAST_EVERY_NS = 10_000_000_000
_REOPEN_EVERY_NS = 1_000_000_000
_HARMLESS = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_ERROR})
"""Errors of one job only, that say nothing about the disk."""

type Work[T] = Callable[[Recorder, Stamp], T]


class Job[T]:
    """Something to be written, and whoever waits for it to be durable."""

    __slots__ = ("alone", "done", "error", "outcome", "seq", "stamp", "ulid", "work")

    def __init__(self, work: Work[T], stamp: Stamp, done: asyncio.Future[T], *, alone: bool) -> None:
        """Queue it with the time at which it was handed over; `alone`: outside any transaction."""
        self.work = work
        self.alone = alone
        self.stamp = stamp
        self.done = done
        self.outcome: T | None = None
        self.error: Exception | None = None
        self.seq = 0
        self.ulid = ""
        """Of the last entry it wrote; seq 0: it wrote none."""

    def clear(self) -> None:
        """Go back to before it was tried."""
        self.outcome, self.error, self.seq, self.ulid = None, None, 0, ""

    def deliver(self) -> None:
        """Tell whoever waits, if they still do."""
        if self.done.done():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.outcome)  # type: ignore[arg-type]


class Writer:
    """Owns the connection that writes. Everything but `submit`, `stop` and the flags happens in its thread."""

    def __init__(self, store: Store, loop: asyncio.AbstractEventLoop, maximum_power_w: int) -> None:
        """Prepare; results are delivered on `loop`."""
        self.healthy = True
        self.on_failure: Callable[[Exception | None], None] | None = None
        self.on_recorded: Callable[[frozenset[str]], None] | None = None
        """Called on the loop with the stations of whose sessions something has been written."""
        self._touched: set[str] = set()
        self._store = store
        self._loop = loop
        self._maximum_power_w = maximum_power_w
        self._queue: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._held: Job[Any] | None = None
        self._ending = False
        self._closed = False
        self._recorder: Recorder | None = None
        self._boot = secrets.token_hex(4)
        self._clock_quality = "unknown"
        self._head_ns = 0
        self._tried_ns = 0
        self._thread = threading.Thread(target=self._run, name="offline_evse ledger", daemon=True)

    def open(self, stamp: Stamp) -> None:
        """Open the file and start the thread. Blocks; raises LedgerUnavailableError."""
        connection = self._store.open()
        try:
            self._recorder = self._take_over(connection)
            connection.execute("BEGIN IMMEDIATE")
            if self._store.rebuild_needed:
                self._recorder.projection.rebuild()
            self._recorder.start_epoch(stamp, self._store.read_head())
            connection.execute("COMMIT")
            self._store.write_head(self._recorder.head(), durable=True)
            self._recorder.refuse_new_sessions = not self._store.hold_ballast(connection)
            self.healthy = not self._recorder.refuse_new_sessions
        except (sqlite3.Error, OSError) as error:
            connection.close()
            self._store.release()
            raise unavailable(error) from error
        except BaseException:
            connection.close()
            self._store.release()
            raise
        self._tried_ns = stamp.mono_ns
        self._thread.start()

    def _take_over(self, connection: sqlite3.Connection) -> Recorder:
        return Recorder(connection, self._store.site_key(), self._boot, self._clock_quality, self._maximum_power_w)

    def submit[T](self, work: Work[T], stamp: Stamp, *, alone: bool = False) -> asyncio.Future[T]:
        """Hand something over; the future resolves when it is durable. What is handed over is done, wanted or not.

        `alone`: it is no record, but done to the file between two transactions.
        """
        if self._closed:
            raise LedgerUnavailableError("unreadable")
        done: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(Job(work, stamp, done, alone=alone))
        return done

    def stop(self) -> None:
        """Take nothing more, and end the thread when everything is written. Does not block."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)

    def join(self) -> None:
        """Wait for the thread. Blocks."""
        self._thread.join()

    def _run(self) -> None:
        while batch := self._gather():
            if batch[0].alone:
                self._perform_alone(batch[0])
            else:
                self._write(batch)
            self._on_loop(self._deliver, batch)
            if self._touched:
                self._on_loop(self._report, frozenset(self._touched))
                self._touched.clear()
        self._end()

    def _gather(self) -> list[Job[Any]]:
        """Wait for work and return what can go together; nothing when it is time to end."""
        batch: list[Job[Any]] = []
        if self._ending:
            return batch
        job, self._held = self._held or self._queue.get(), None
        while job is not None:
            if batch and (job.alone or batch[0].alone):
                self._held = job
                return batch
            batch.append(job)
            if len(batch) >= LARGEST_BATCH:
                return batch
            try:
                job = self._queue.get_nowait()
            except Empty:
                return batch
        self._ending = True
        return batch

    def _perform_alone(self, job: Job[Any]) -> None:
        try:
            job.outcome = job.work(self._ready(job.stamp), job.stamp)
        except LedgerUnavailableError as error:
            job.error = error
        except sqlite3.Error as error:
            job.error = unavailable(error)

    def _end(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            with suppress(sqlite3.Error):
                self._store.write_head(recorder.head(), durable=True)
            with suppress(sqlite3.Error):
                recorder.connection.close()
        self._store.release()

    def _on_loop(self, call: Callable[..., None], *values: object) -> None:
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *values)

    def _tell(self, error: Exception | None) -> None:
        if self.on_failure is not None:
            self.on_failure(error)

    def _report(self, stations: frozenset[str]) -> None:
        if self.on_recorded is not None:
            self.on_recorded(stations)

    @staticmethod
    def _deliver(batch: Sequence[Job[Any]]) -> None:
        for job in batch:
            job.deliver()

    def _write(self, batch: list[Job[Any]]) -> None:
        try:
            recorder = self._ready(batch[0].stamp)
        except LedgerUnavailableError as error:
            for job in batch:
                job.error = error
            return
        if recorder.refuse_new_sessions:
            self._seek_room(recorder, batch[0].stamp)
        if self._commit(recorder, batch):
            stamp = batch[-1].stamp
            if stamp.mono_ns - self._head_ns >= _HEAD_EVERY_NS:
                self._head_ns = stamp.mono_ns
                with suppress(sqlite3.Error):
                    self._store.write_head(recorder.head())

    def _commit(self, recorder: Recorder, batch: list[Job[Any]]) -> bool:
        """Write a batch in one transaction, or, if one of it fails, each in its own. Return whether it went well."""
        connection = recorder.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in batch:
                self._perform(recorder, job)
            connection.execute("COMMIT")
            self._touched |= recorder.touched
            recorder.touched.clear()
        except Exception as error:  # noqa: BLE001 - whatever a job raises is its caller's, and no reason to stop writing
            return self._failed_commit(recorder, batch, error)
        return True

    def _perform(self, recorder: Recorder, job: Job[Any]) -> None:
        seq, changes = recorder.seq, recorder.connection.total_changes
        try:
            job.outcome = job.work(recorder, job.stamp)
        except LedgerFullError as error:
            if recorder.connection.total_changes != changes:
                raise
            job.error = error
        if recorder.seq != seq:
            job.seq, job.ulid = recorder.seq, recorder.last_id

    def _failed_commit(self, recorder: Recorder, batch: list[Job[Any]], error: Exception) -> bool:
        code = primary_code(error)
        if is_full(error):
            self._roll_back(recorder)
            if not self._give_up_ballast(recorder) and len(batch) == 1:
                batch[0].error = LedgerFullError()
                return False
        elif code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            # Somebody else holds the file open for writing; the wait for them is over.
            self._roll_back(recorder)
            for job in batch:
                job.clear()
                job.error = unavailable(error)
            return False
        elif code is not None and code not in _HARMLESS:
            self._recover(recorder, batch, error)
            return False
        else:
            self._roll_back(recorder)
            if len(batch) == 1:
                batch[0].error = error
                return False
        for job in batch:
            job.clear()
        written = False
        for place, job in enumerate(batch):
            if self._recorder is not recorder:
                # The file has been opened anew meanwhile, or could not be.
                self._write(batch[place:])
                return False
            written = self._commit(recorder, [job]) or written
        return written

    @staticmethod
    def _roll_back(recorder: Recorder) -> None:
        with suppress(sqlite3.Error):
            if recorder.connection.in_transaction:
                recorder.connection.execute("ROLLBACK")
        recorder.reset()

    def _give_up_ballast(self, recorder: Recorder) -> bool:
        had_it = self._store.release_ballast(recorder.connection)
        if not recorder.refuse_new_sessions:
            _LOGGER.error("No room left for the ledger; running sessions can end, new ones are refused")
            recorder.refuse_new_sessions = True
            self.healthy = False
            self._on_loop(self._tell, LedgerFullError())
        return had_it

    def _seek_room(self, recorder: Recorder, stamp: Stamp) -> None:
        if stamp.mono_ns - self._tried_ns < _BALLAST_EVERY_NS:
            return
        self._tried_ns = stamp.mono_ns
        if self._store.hold_ballast(recorder.connection):
            recorder.refuse_new_sessions = False
            self._recovered()

    def _recovered(self) -> None:
        if not self.healthy:
            self.healthy = True
            self._on_loop(self._tell, None)

    def _recover(self, recorder: Recorder, batch: list[Job[Any]], error: Exception) -> None:
        """After an error of the disk: believe only what a newly opened file holds.

        A failed fsync is never tried again: the system may have dropped the pages and would say yes. Opening anew
        and moving the log into the database writes them once more, from what can be read back.
        """
        _LOGGER.error("The disk failed the ledger (%s); opening it again", error)
        self.healthy = False
        self._recorder = None
        self._on_loop(self._tell, error)
        with suppress(sqlite3.Error):
            recorder.connection.close()
        self._tried_ns = batch[0].stamp.mono_ns
        failure = unavailable(error)
        try:
            fresh = self._reopen()
        except LedgerUnavailableError:
            for job in batch:
                job.error = failure
            return
        for job in batch:
            row = fresh.connection.execute("SELECT id FROM entries WHERE seq = ?", (job.seq,)).fetchone()
            if row is None or row[0] != job.ulid:
                job.error = job.error or failure
        self._recovered()

    def _reopen(self) -> Recorder:
        try:
            connection = self._store.connect()
        except (sqlite3.Error, OSError) as error:
            raise unavailable(error) from error
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            recorder = self._take_over(connection)
        except (sqlite3.Error, OSError) as error:
            connection.close()
            raise unavailable(error) from error
        recorder.refuse_new_sessions = not self._store.hold_ballast(connection)
        self._recorder = recorder
        return recorder

    def _ready(self, stamp: Stamp) -> Recorder:
        """Return the recorder; after a failure, try to open the file again. Raises LedgerUnavailableError."""
        if self._recorder is not None:
            return self._recorder
        if stamp.mono_ns - self._tried_ns < _REOPEN_EVERY_NS:
            raise LedgerUnavailableError("unreadable")
        self._tried_ns = stamp.mono_ns
        recorder = self._reopen()
        self._recovered()
        return recorder
