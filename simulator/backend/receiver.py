"""Takes in files of records, as docs/export-format.md describes them: an independent reader for a back office.

    python -m simulator.backend.receiver FILE.zip [FILE.zip ...] --into records.db

A file is checked before anything of it is taken, and taken whole or not at all. Files may repeat and overlap: an entry
is one by site, epoch and number. What is in the database afterwards is said, missing numbers included.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
import hashlib
import json
from pathlib import Path
import sqlite3
import sys
from typing import Any
import zipfile
import zlib

FORMAT = 1
LONGEST_LINE_BYTES = 16 * 1024 * 1024
_READ_AT_ONCE = 1 << 20
_MANIFEST_BYTES = 1 << 20
_NEEDED = ("entries.jsonl", "sessions.csv", "README.txt")
_FIELDS = {"body", "cq", "epoch", "evse", "id", "mono", "seq", "station", "t", "tx", "type", "v"}
_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    site TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
    t TEXT NOT NULL, station TEXT, evse INTEGER, tx TEXT, line TEXT NOT NULL, PRIMARY KEY (site, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, site TEXT NOT NULL, first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL, made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""


class RefusedError(Exception):
    """A file is not taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a file."""

    site: str
    first_seq: int
    last_seq: int
    new_count: int
    known_count: int
    seen_before: bool
    """The very same file was taken before."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that are missing between entries of one site."""

    site: str
    first_seq: int
    last_seq: int


class Receiver:
    """A database of entries, filled from files."""

    def __init__(self, path: Path) -> None:
        """Open the database, or make one."""
        self._connection = sqlite3.connect(path, autocommit=True)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def take(self, path: Path) -> Taken:
        """Take a file in. Raises RefusedError; the database is as it was then."""
        try:
            digest = _file_digest(path)
            with zipfile.ZipFile(path) as archive:
                manifest = _manifest(archive)
                for name in _NEEDED:
                    _check_member(archive, name, manifest["files"][name])
                return self._take(archive, manifest, path.name, digest)
        except OSError as error:
            raise RefusedError(f"{path.name} cannot be read: {error.strerror or error}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise RefusedError(f"{path.name} is damaged or cut short: {error}") from error

    def _take(self, archive: zipfile.ZipFile, manifest: dict[str, Any], name: str, digest: str) -> Taken:
        connection, site = self._connection, manifest["site"]
        new_count = 0
        connection.execute("BEGIN IMMEDIATE")
        try:
            seen = connection.execute("SELECT 1 FROM files WHERE sha256 = ?", (digest,)).fetchone() is not None
            for line, entry in _entries(archive, manifest):
                new_count += self._keep(site, line, entry)
            connection.execute(
                "INSERT OR IGNORE INTO files VALUES (?, ?, ?, ?, ?, ?)",
                (digest, name, site, manifest["first_seq"], manifest["last_seq"], str(manifest["made_at"])),
            )
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        return Taken(site, manifest["first_seq"], manifest["last_seq"], new_count, manifest["count"] - new_count, seen)

    def _keep(self, site: str, line: str, entry: dict[str, Any]) -> int:
        """Keep an entry; returns 1 if it is new."""
        key = (site, entry["epoch"], entry["seq"])
        about = (entry["id"], entry["type"], entry["t"], entry["station"], entry["evse"], entry["tx"])
        fresh = self._connection.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (*key, *about, line)
        ).rowcount
        if fresh:
            return 1
        (known,) = self._connection.execute(
            "SELECT line FROM entries WHERE site = ? AND epoch = ? AND seq = ?", key
        ).fetchone()
        if known != line:
            raise RefusedError(
                f"entry {key[2]} of epoch {key[1]} is another one than was taken before: "
                "an old copy of the site's ledger has been written on, or somebody has changed it"
            )
        return 0

    def gaps(self) -> tuple[Gap, ...]:
        """Return what is missing: numbers run on through all epochs of a site, but begin anew where it lost all."""
        found: list[Gap] = []
        rows = self._connection.execute(
            "SELECT site, epoch, min(seq), max(seq) FROM entries GROUP BY site, epoch ORDER BY site, epoch"
        ).fetchall()
        for site, epoch, first, _ in rows:
            expected = first
            for (seq,) in self._connection.execute(
                "SELECT seq FROM entries WHERE site = ? AND epoch = ? ORDER BY seq", (site, epoch)
            ):
                if seq != expected:
                    found.append(Gap(site, expected, seq - 1))
                expected = seq + 1
            before = max((up_to for other, past, _, up_to in rows if other == site and past < epoch), default=0)
            if first > before + 1:
                found.append(Gap(site, before + 1, first - 1))
        return tuple(sorted(found, key=lambda gap: (gap.site, gap.first_seq)))

    def count(self) -> int:
        """Return how many entries there are."""
        return int(self._connection.execute("SELECT count(*) FROM entries").fetchone()[0])

    def lines(self, site: str) -> Iterator[str]:
        """Yield the entries of a site as they came, in order."""
        for (line,) in self._connection.execute("SELECT line FROM entries WHERE site = ? ORDER BY epoch, seq", (site,)):
            yield line


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Read the manifest. Raises RefusedError where it is not one that can be followed."""
    names = archive.namelist()
    if sorted(names) != sorted((*_NEEDED, "manifest.json")):
        raise RefusedError(f"the archive holds {', '.join(names) or 'nothing'} instead of the four files of a bundle")
    if archive.getinfo("manifest.json").file_size > _MANIFEST_BYTES:
        raise RefusedError("the manifest is too long to be one")
    try:
        told = json.loads(archive.read("manifest.json"))
    except ValueError as error:
        raise RefusedError(f"the manifest cannot be read: {error}") from error
    match told:
        case {
            "format": int(version),
            "site": str(),
            "first_seq": int(first),
            "last_seq": int(last),
            "count": int(count),
            "made_at": str(),
            "files": dict(files),
            "checkpoint": None,
            "proof": None,
        } if set(files) == set(_NEEDED):
            if version != FORMAT:
                raise RefusedError(f"the format has version {version}; this reader knows {FORMAT}")
            if count < 1 or last - first + 1 != count:
                raise RefusedError("the manifest contradicts itself about its entries")
            for described in files.values():
                if not isinstance(described, dict) or not isinstance(described.get("bytes"), int):
                    raise RefusedError("the manifest does not say how long its files are")
            return dict(told)
    raise RefusedError("the manifest lacks what has to be in it, or is signed in a way that this reader cannot check")


def _check_member(archive: zipfile.ZipFile, name: str, described: dict[str, Any]) -> None:
    """Compare a file with what the manifest says of it. Raises RefusedError."""
    if archive.getinfo(name).file_size != described["bytes"]:
        raise RefusedError(f"{name} has another length than the manifest says")
    digest = hashlib.sha256()
    with archive.open(name) as member:
        while chunk := member.read(_READ_AT_ONCE):
            digest.update(chunk)
    if digest.hexdigest() != described.get("sha256"):
        raise RefusedError(f"{name} has another SHA-256 than the manifest says")


def _entries(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the entries with the lines that they came in. Raises RefusedError at the first one that is wrong."""
    expected, epoch = manifest["first_seq"], 0
    with archive.open("entries.jsonl") as lines:
        while raw := lines.readline(LONGEST_LINE_BYTES):
            try:
                line = raw.decode("ascii").removesuffix("\n")
                entry = json.loads(line)
            except ValueError as error:
                raise RefusedError(f"line {expected - manifest['first_seq'] + 1} is no entry: {error}") from error
            if not isinstance(entry, dict) or set(entry) != _FIELDS:
                raise RefusedError(f"line {expected - manifest['first_seq'] + 1} has not the fields of an entry")
            if json.dumps(entry, sort_keys=True, separators=(",", ":")) != line:
                raise RefusedError(f"entry {entry['seq']} is not in canonical form")
            if entry["seq"] != expected or entry["epoch"] < epoch:
                raise RefusedError(f"entry {expected} is missing or out of order")
            expected, epoch = expected + 1, entry["epoch"]
            yield line, entry
    if expected != manifest["last_seq"] + 1:
        raise RefusedError(f"entry {expected} is missing")


def main(arguments: Sequence[str] | None = None) -> int:
    """Take files in and say what came of them; returns 1 where one was refused."""
    parser = argparse.ArgumentParser(prog="python -m simulator.backend.receiver", description="Take records in.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.zip")
    parser.add_argument("--into", required=True, type=Path, metavar="DB", help="SQLite database")
    chosen = parser.parse_args(arguments)
    refused = 0
    with closing(Receiver(chosen.into)) as receiver:
        for path in chosen.files:
            try:
                taken = receiver.take(path)
            except RefusedError as error:
                refused += 1
                print(f"{path.name}: refused. {error}", file=sys.stderr)
                continue
            again = " (this very file was taken before)" if taken.seen_before else ""
            print(
                f"{path.name}: site {taken.site}, entries {taken.first_seq} to {taken.last_seq}: "
                f"{taken.new_count} new, {taken.known_count} known{again}"
            )
        for gap in receiver.gaps():
            print(f"site {gap.site}: entries {gap.first_seq} to {gap.last_seq} are missing")
        print(f"{receiver.count()} entries in all")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
