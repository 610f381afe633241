"""Errors of SQLite and the file system, turned into the site's own."""

import sqlite3

from ..model.failure import LedgerUnavailableError

_REASONS = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_FULL: "disk_full",
}


def primary_code(error: BaseException) -> int | None:
    """Return SQLite's primary result code, or None where the error is not SQLite's own."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def is_full(error: BaseException) -> bool:
    """Whether there was no room to write."""
    return primary_code(error) == sqlite3.SQLITE_FULL


def unavailable(error: Exception) -> LedgerUnavailableError:
    """Turn an error of SQLite or of the file system into ours."""
    if isinstance(error, LedgerUnavailableError):
        return error
    code = primary_code(error)
    return LedgerUnavailableError("unreadable" if code is None else _REASONS.get(code, "unreadable"))
