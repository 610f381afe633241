"""The ledger's files: the database, its lease, its head, its ballast and the site's key."""

from contextlib import suppress
from dataclasses import asdict, dataclass
import fcntl
import json
import os
from pathlib import Path
import sqlite3
from typing import IO

from ..model.failure import LedgerUnavailableError
from .errors import unavailable
from .schema import migrate

BALLAST_BYTES = 8 * 1024 * 1024
"""Held back on the disk, to be given up so that running sessions can end on a full one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far the ledger had come: a note beside the database, so that an older copy of it is recognised."""

    epoch: int
    seq: int
    id: str
    transaction_counter: int


class Store:
    """One ledger on disk, leased to this process. Used by the writer's thread only, except for `connect_reader`."""

    def __init__(
        self,
        path: Path,
        *,
        ballast_bytes: int = BALLAST_BYTES,
        quota_bytes: int | None = None,
        connection_class: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        """Name the files; nothing is touched yet."""
        self.path = path
        self.rebuild_needed = False
        self._ballast_bytes = ballast_bytes
        self._quota_bytes = quota_bytes
        self._connection_class = connection_class
        self._lease: IO[bytes] | None = None
        self._head_path = path.with_suffix(".head")
        self._ballast_path = path.with_suffix(".ballast")
        self._key_path = path.with_suffix(".key")

    def open(self) -> sqlite3.Connection:
        """Take the lease and open the database. Raises LedgerUnavailableError; the lease is given back then."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._take_lease()
            return self.connect()
        except (sqlite3.Error, OSError, LedgerUnavailableError) as error:
            self.release()
            raise unavailable(error) from error

    def _take_lease(self) -> None:
        lease = self.path.with_suffix(".lock").open("ab")
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lease.close()
            raise LedgerUnavailableError("locked") from None
        self._lease = lease

    def connect(self) -> sqlite3.Connection:
        """Open the database, check it and bring its tables up to date. Raises what SQLite raises."""
        # SQLite gives its other files the same mode.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            self.path, timeout=5, autocommit=True, check_same_thread=False, factory=self._connection_class
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            # What is forgotten is overwritten, not only unlinked.
            connection.execute("PRAGMA secure_delete = ON")
            _check(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA wal_autocheckpoint = 1000")
            connection.execute(f"PRAGMA journal_size_limit = {16 * 1024 * 1024}")
            self.rebuild_needed = migrate(connection)
            self._limit(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def connect_reader(self) -> sqlite3.Connection:
        """Open the database for reading only."""
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=5, autocommit=True, check_same_thread=False
        )
        connection.execute("PRAGMA query_only = ON")
        return connection

    def release(self) -> None:
        """Give the lease back."""
        if self._lease is not None:
            self._lease.close()
            self._lease = None

    @property
    def has_ballast(self) -> bool:
        """Whether there is something left to give up."""
        return self._ballast_path.exists()

    def hold_ballast(self, connection: sqlite3.Connection) -> bool:
        """Set room aside again; return whether there is enough of it."""
        if not self.has_ballast:
            if self._quota_bytes is not None and self._size(connection) + self._ballast_bytes > self._quota_bytes:
                return False
            try:
                with self._ballast_path.open("wb") as ballast:
                    if self._ballast_bytes:
                        os.posix_fallocate(ballast.fileno(), 0, self._ballast_bytes)
            except OSError:
                self._ballast_path.unlink(missing_ok=True)
                return False
        self._limit(connection)
        return True

    def release_ballast(self, connection: sqlite3.Connection) -> bool:
        """Give the room up for what is being written; return whether there was any."""
        had_it = self.has_ballast
        with suppress(OSError):
            self._ballast_path.unlink(missing_ok=True)
        self._limit(connection)
        return had_it

    def _size(self, connection: sqlite3.Connection) -> int:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        return int(pages) * int(connection.execute("PRAGMA page_size").fetchone()[0])

    def _limit(self, connection: sqlite3.Connection) -> None:
        if self._quota_bytes is None:
            return
        room = self._quota_bytes - (self._ballast_bytes if self.has_ballast else 0)
        page_size = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {max(1, room // page_size)}")

    def read_head(self) -> Head | None:
        """Return the note, or None where there is none that can be read."""
        try:
            told = json.loads(self._head_path.read_bytes())
            return Head(
                epoch=int(told["epoch"]),
                seq=int(told["seq"]),
                id=str(told["id"]),
                transaction_counter=int(told["transaction_counter"]),
            )
        except OSError, ValueError, KeyError, TypeError:
            return None

    def write_head(self, head: Head, *, durable: bool = False) -> None:
        """Note how far the ledger has come. A note that cannot be written is no reason to stop."""
        fresh = self._head_path.with_suffix(".head.new")
        with suppress(OSError):
            with fresh.open("w") as file:
                json.dump(asdict(head), file)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            fresh.replace(self._head_path)

    def site_key(self) -> bytes:
        """Return the key that turns cards into pseudonyms, made at the first call and readable by the owner only."""
        with suppress(OSError, ValueError):
            key = bytes.fromhex(self._key_path.read_text().strip())
            if len(key) == 32:
                return key
        key = os.urandom(32)
        fresh = self._key_path.with_suffix(".key.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key.hex())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._key_path)
        return key


def _check(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise LedgerUnavailableError("corrupt")
