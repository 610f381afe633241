"""Entries: their canonical form, their identity and their stamps.

Fractional numbers are strings in an entry, never floats, and everything is ASCII: the same bytes come out of every
JSON library, so that entries can be hashed and signed by whoever holds a copy (RFC 8785 for this subset).
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import hashlib
import json
import os

import orjson

type JSON = str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None

FORMAT = 1
"""Version of the entry format, kept with every entry."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Our own two times at the moment something was handed to the ledger."""

    at_us: int
    """Wall time, in µs since 1970 (UTC)."""
    mono_ns: int
    """Monotonic time, in ns since an arbitrary start."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as projections see it: what it says, and what it is about."""

    seq: int
    type: str
    at_us: int
    station: str | None
    evse: int | None
    session: str | None
    body: Mapping[str, object]


def microseconds(moment: datetime) -> int:
    """Return µs since 1970, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(at_us: int) -> datetime:
    """Return the aware UTC datetime of µs since 1970."""
    return _EPOCH + timedelta(microseconds=at_us)


def iso(when: datetime) -> str:
    """Write a time in RFC 3339, in UTC, with the digits it has."""
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def iso_milliseconds(at_us: int) -> str:
    """Write µs since 1970 in RFC 3339 with three digits."""
    return moment(at_us).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> int:
    """Read what `iso` wrote, in µs since 1970."""
    return microseconds(datetime.fromisoformat(text))


def plain(value: object) -> object:
    """Return the value with every float as its shortest decimal string, mappings as dicts, sequences as lists."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [plain(item) for item in value]
    return value


def canonical(value: object) -> str:
    """Write plain JSON canonically: sorted keys, no spaces, ASCII only. Raises TypeError on what is not JSON."""
    try:
        fast = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        if fast.isascii() and b"\x7f" not in fast:
            return fast.decode("ascii")
    except TypeError:
        # Integers beyond 64 bits, lone surrogates: slower, but the same form.
        pass
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(*parts: object) -> bytes:
    """Return 16 bytes that stand for these contents; equal contents, equal bytes."""
    return hashlib.sha256(canonical(parts).encode()).digest()[:16]


def new_ulid(at_us: int) -> str:
    """Return a ULID: 48 bits of milliseconds, 80 bits of chance, in Crockford's base 32."""
    value = (max(at_us, 0) // 1000 & 0xFFFFFFFFFFFF) << 80 | int.from_bytes(os.urandom(10))
    return base64.b32encode(value.to_bytes(20)).translate(_CROCKFORD)[6:].decode("ascii")
