"""Writes bundles: page by page, into a file beside the final one, which appears whole or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import csv
from datetime import datetime
import errno
import hashlib
from io import StringIO
import json
import os
from pathlib import Path
import shutil
import sqlite3
from typing import IO, Any
import zipfile

from ...model.failure import LedgerUnavailableError
from ...model.upstream.bundle import (
    Bundle,
    BundleCursor,
    BundleError,
    BundleSource,
    BundleWanted,
    EpochRange,
    SessionRow,
)
from .explanation import FORMAT, readme

ENTRIES = "entries.jsonl"
SESSIONS = "sessions.csv"
README = "README.txt"
MANIFEST = "manifest.json"

SPARE_BYTES = 64 * 1024 * 1024
"""Left free on the disk whatever is asked for: running sessions have to be recorded there."""
_SESSIONS_AT_ONCE = 400
_COLUMNS = (
    "session_id",
    "start",
    "end",
    "charger",
    "charger_id",
    "evse",
    "connector",
    "holder",
    "holder_name",
    "energy_kwh",
    "register_start_wh",
    "register_stop_wh",
    "stop_reason",
    "flags",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_FULL = (errno.ENOSPC, errno.EDQUOT)


class _Member:
    """One file of the archive while it is written: counted, hashed, and never past what the disk can give."""

    def __init__(self, out: IO[bytes], go_on: Callable[[], None]) -> None:
        self._out = out
        self._go_on = go_on
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, text: str) -> None:
        self._go_on()
        content = text.encode()
        self._out.write(content)
        self._hash.update(content)
        self.size_bytes += len(content)

    def described(self) -> dict[str, Any]:
        return {"sha256": self._hash.hexdigest(), "bytes": self.size_bytes}


class BundleWriter:
    """Writes one bundle. Used in a thread."""

    def __init__(
        self,
        source: BundleSource,
        wanted: BundleWanted,
        *,
        stopped: Callable[[], bool] = lambda: False,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """Prepare; nothing is touched yet. `stopped` breaks it off."""
        self._source = source
        self._wanted = wanted
        self._stopped = stopped
        self._free_bytes = free_bytes
        self._files: dict[str, dict[str, Any]] = {}
        self._epochs: list[EpochRange] = []
        self._session_ids: set[str] = set()
        self._session_count = 0

    def write(self) -> Bundle:
        """Write it. Raises BundleError; nothing of it is left then."""
        wanted = self._wanted
        partial = wanted.folder / f".{self._source.site_id}-{wanted.found.first_seq}-{wanted.found.last_seq}.part"
        try:
            wanted.folder.mkdir(parents=True, exist_ok=True)
            try:
                with partial.open("wb") as out:
                    # Nobody but the owner has a business with it, and with names in it least of all.
                    os.fchmod(out.fileno(), 0o600)
                    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                        cursor = self._fill(archive)
                    out.flush()
                    os.fsync(out.fileno())
                    size_bytes = out.tell()
                path = wanted.folder / self._name(cursor)
                partial.replace(path)
                _settle(wanted.folder)
            finally:
                with suppress(OSError):
                    partial.unlink(missing_ok=True)
        except OSError as error:
            reason = "disk_full" if error.errno in _FULL else "unwritable"
            raise BundleError(reason, error.strerror or str(error)) from error
        except (LedgerUnavailableError, sqlite3.Error) as error:
            raise BundleError("unreadable", str(error)) from error
        return Bundle(
            path=path,
            found=wanted.found,
            cursor=cursor,
            session_count=self._session_count,
            size_bytes=size_bytes,
            names=wanted.names,
            made_at=wanted.made_at,
        )

    def _name(self, cursor: BundleCursor) -> str:
        found = self._wanted.found
        names = "-names" if self._wanted.names else ""
        return f"offline-evse-{self._source.site_id}-{cursor.epoch}-{found.first_seq}-{found.last_seq}{names}.zip"

    def _go_on(self) -> None:
        """Raise BundleError where it has to be broken off."""
        if self._stopped():
            raise BundleError("stopped")
        if self._free_bytes(self._wanted.folder) < SPARE_BYTES:
            raise BundleError("disk_full")

    def _fill(self, archive: zipfile.ZipFile) -> BundleCursor:
        wanted = self._wanted
        with self._member(archive, ENTRIES) as entries:
            cursor = self._write_entries(entries)
        with self._member(archive, SESSIONS) as sessions:
            self._write_sessions(sessions)
        made_at = wanted.made_at.isoformat().replace("+00:00", "Z")
        with self._member(archive, README) as file:
            file.write(
                readme(
                    site_name=wanted.site_name,
                    made_at=made_at,
                    first_seq=wanted.found.first_seq,
                    last_seq=wanted.found.last_seq,
                    names=wanted.names,
                )
            )
        manifest = {
            "format": FORMAT,
            "site": self._source.site_id,
            "site_name": wanted.site_name,
            "source": f"urn:oevse:{self._source.site_id}",
            "epoch": cursor.epoch,
            "epochs": [{"epoch": it.epoch, "first_seq": it.first_seq, "last_seq": it.last_seq} for it in self._epochs],
            "first_seq": wanted.found.first_seq,
            "last_seq": wanted.found.last_seq,
            "count": wanted.found.count,
            "sessions": self._session_count,
            "names": wanted.names,
            "made_at": made_at,
            "files": dict(self._files),
            "checkpoint": None,
            "proof": None,
        }
        with self._member(archive, MANIFEST) as file:
            file.write(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        return cursor

    @contextmanager
    def _member(self, archive: zipfile.ZipFile, name: str) -> Iterator[_Member]:
        info = zipfile.ZipInfo(name, _zip_time(self._wanted.made_at))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        with archive.open(info, "w", force_zip64=True) as out:
            member = _Member(out, self._go_on)
            yield member
        self._files[name] = member.described()

    def _write_entries(self, out: _Member) -> BundleCursor:
        """Write the entries of the range, note their epochs and sessions, and return the last one."""
        found = self._wanted.found
        expected, last = found.first_seq, ""
        for page in self._source.entries(found):
            for seq, epoch, session_id, _ in page:
                if seq != expected:
                    raise BundleError("changed", f"entry {expected} is missing")
                expected += 1
                if not self._epochs or self._epochs[-1].epoch != epoch:
                    self._epochs.append(EpochRange(epoch, seq, seq))
                if session_id is not None:
                    self._session_ids.add(session_id)
            out.write("".join(f"{text}\n" for *_, text in page))
            last = page[-1][-1]
            self._epochs[-1] = EpochRange(self._epochs[-1].epoch, self._epochs[-1].first_seq, expected - 1)
        if expected != found.last_seq + 1:
            raise BundleError("changed", f"entry {expected} is missing")
        for place, (one, following) in enumerate(zip(self._epochs, self._epochs[1:], strict=False)):
            self._epochs[place] = EpochRange(one.epoch, one.first_seq, following.first_seq - 1)
        return BundleCursor(self._epochs[-1].epoch, found.last_seq, str(json.loads(last)["id"]))

    def _write_sessions(self, out: _Member) -> None:
        """Write every session that an entry of the range is about, as the ledger knows it by now."""
        text = StringIO(newline="")
        table = csv.writer(text, lineterminator="\r\n")
        table.writerow(_COLUMNS)
        station_names = dict(self._wanted.station_names)
        session_ids = sorted(self._session_ids)
        for start in range(0, len(session_ids), _SESSIONS_AT_ONCE):
            rows = self._source.sessions(session_ids[start : start + _SESSIONS_AT_ONCE], self._wanted.names)
            table.writerows([_safe(cell) for cell in _cells(row, station_names)] for row in rows)
            self._session_count += len(rows)
            out.write(text.getvalue())
            text.seek(0)
            text.truncate()
        out.write(text.getvalue())


def _cells(row: SessionRow, station_names: dict[str, str]) -> tuple[object, ...]:
    return (
        row.session_id,
        _written(row.started_at),
        _written(row.ended_at),
        station_names.get(row.station_id, row.station_id),
        row.station_id,
        row.evse_id,
        row.connector_id,
        row.holder,
        row.holder_name,
        f"{row.energy_wh // 1000}.{row.energy_wh % 1000:03d}",
        row.register_start_wh,
        row.register_stop_wh,
        row.stop_reason,
        " ".join(row.flags),
    )


def _safe(cell: object) -> object:
    """Put an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _written(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _zip_time(when: datetime) -> tuple[int, int, int, int, int, int]:
    """Return a time as archives hold it: they know none before 1980."""
    return (min(max(when.year, 1980), 2107), when.month, when.day, when.hour, when.minute, when.second)


def _settle(folder: Path) -> None:
    """Make the new name durable; a file system that cannot do that for folders has no need to."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
