"""Reading scalars the way chargers really write them: put right what can be, count it, never raise.

Every function takes the `Oddities` of the conversation and notes there, by a short word, what it had to put right.
None stands for "cannot be read"; an unreadable number is never turned into 0.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
import math
import re
from typing import Any

from .oddities import Oddities

LARGEST_NUMBER = 1e15
"""No register, power or current of a charger comes near it; whatever lies beyond is garbage."""
LARGEST_ID = 2**31 - 1
LONGEST_TEXT = 255

_LOOSE_TIME = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T\s]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:[.,](\d{1,9}))?"
    r"\s*(Z|UTC|[+-]\d{1,2}:?\d{2})?",
    re.IGNORECASE,
)
_NO_TEXT = frozenset({"", "null", "none", "(null)"})


def mapping(value: object, oddities: Oddities) -> dict[str, Any]:
    """Return an object; a list that wraps one is unwrapped, anything else counts as empty."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        oddities.count("object_in_a_list")
        return value[0]
    if value is not None:
        oddities.count("not_an_object")
    return {}


def as_mapping(payload: object, oddities: Oddities) -> Mapping[str, Any]:
    """Return a payload that can be looked into, whatever stood in its place."""
    if type(payload) is dict or isinstance(payload, Mapping):
        return payload
    return mapping(payload, oddities)


def objects(value: object, oddities: Oddities, oddity: str) -> list[dict[str, Any]]:
    """Return a list of objects; a lone object is wrapped and counted as `oddity`, other entries are left out."""
    if isinstance(value, dict):
        oddities.count(oddity)
        return [value]
    if not isinstance(value, list):
        if value is not None:
            oddities.count(oddity)
        return []
    for entry in value:
        if not isinstance(entry, dict):
            oddities.count("entry_not_an_object")
            return [entry for entry in value if isinstance(entry, dict)]
    return value


def number(value: object, oddities: Oddities) -> float | None:
    """Read a finite number from a JSON number or text, with a decimal comma if need be."""
    if isinstance(value, bool) or value is None:
        oddities.count("missing_number" if value is None else "unreadable_number")
        return None
    if isinstance(value, str):
        written = value.strip()
        if not written:
            oddities.count("empty_number")
            return None
        try:
            read = float(written)
        except ValueError:
            read = _with_comma(written)
            oddities.count("unreadable_number" if math.isnan(read) else "decimal_comma")
            if math.isnan(read):
                return None
    elif isinstance(value, int | float):
        # An integer beyond the range of a float is garbage anyway, and float() would raise.
        read = float(value) if isinstance(value, float) or abs(value) < LARGEST_NUMBER else LARGEST_NUMBER * 10
    else:
        oddities.count("unreadable_number")
        return None
    if not -LARGEST_NUMBER <= read <= LARGEST_NUMBER:
        oddities.count("number_out_of_range")
        return None
    return read


def _with_comma(written: str) -> float:
    """Read `1,5`, `1.234,5` or `1,234.5`; NaN where there is nothing to read."""
    if written.rfind(",") > written.rfind("."):
        written = written.replace(".", "").replace(",", ".")
    else:
        written = written.replace(",", "")
    try:
        return float(written)
    except ValueError:
        return float("nan")


def whole(value: object, oddities: Oddities) -> int | None:
    """Read a whole number; fractions are rounded. A missing one is not an oddity here, the caller knows better."""
    if type(value) is int:
        if -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            return value
        oddities.count("number_out_of_range")
        return None
    if value is None:
        return None
    read = number(value, oddities)
    if read is None:
        return None
    if isinstance(value, str):
        oddities.count("number_as_text")
    if read != int(read):
        oddities.count("fraction_in_whole_number")
    return round(read)


def identifier(value: object, oddities: Oddities) -> int | None:
    """Read the number of an EVSE, a connector or a request: 0 or more, else None."""
    if type(value) is int and 0 <= value <= LARGEST_ID:
        return value
    read = whole(value, oddities)
    if read is None or 0 <= read <= LARGEST_ID:
        return read
    oddities.count("number_out_of_range")
    return None


def flag(value: object, oddities: Oddities) -> bool:
    """Read a boolean; missing is False."""
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    oddities.count("unreadable_boolean")
    return str(value).strip().casefold() in ("true", "1", "yes")


def text(value: object, oddities: Oddities, longest: int = LONGEST_TEXT) -> str | None:
    """Read text without control characters; None where there is none.

    `longest` is what the specification allows. Longer text is counted, and kept up to 255 characters, because names
    and messages of chargers are worth more whole.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        if isinstance(value, dict | list):
            oddities.count("unreadable_text")
            return None
        oddities.count("text_as_number")
        value = str(value)
    read = value
    if not read.isprintable():
        oddities.count("control_characters")
        read = "".join(character if character.isprintable() else " " for character in read.partition("\x00")[0])
    read = read.strip()
    if len(read) > longest:
        oddities.count("text_too_long")
        read = read[: max(longest, LONGEST_TEXT)].rstrip()
    return None if read.casefold() in _NO_TEXT else read


def id_text(value: object, oddities: Oddities, longest: int) -> str:
    """Read a card number: printable ASCII, at most `longest` characters; empty where there is none.

    Some firmware echoes a tag with bytes from behind its end. What follows a NUL is dropped, so is anything that no
    tag can contain, and the rest is cut to the length that a tag can have.
    """
    if isinstance(value, bool | dict | list) or value is None:
        oddities.count("missing_id_token")
        return ""
    if not isinstance(value, str):
        oddities.count("text_as_number")
        value = str(value)
    read = value
    if not (read.isascii() and read.isprintable()):
        oddities.count("garbage_in_id_token")
        read = "".join(character for character in read.partition("\x00")[0] if " " <= character <= "~")
    read = read.strip()
    if len(read) > longest:
        oddities.count("id_token_too_long")
        read = read[:longest].rstrip()
    if not read:
        oddities.count("missing_id_token")
    return read


def moment(value: object, oddities: Oddities) -> datetime | None:
    """Read a time as aware UTC. One without a zone is UTC; 1970 and the year 2099 are kept as they came."""
    if type(value) is str:
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            return _loose_moment(value, oddities)
        if read.tzinfo is UTC:
            return read
        return _in_utc(read, oddities)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _epoch_moment(value, oddities)
    if value is not None:
        oddities.count("unreadable_timestamp")
    return None


def moment_or(value: object, otherwise: datetime, oddities: Oddities) -> datetime:
    """Read a time, or take `otherwise` where there is none that can be read."""
    read = moment(value, oddities)
    if read is None:
        if value is None:
            oddities.count("missing_timestamp")
        return otherwise
    return read


def _in_utc(read: datetime, oddities: Oddities) -> datetime | None:
    if read.tzinfo is None:
        oddities.count("timestamp_without_zone")
        return read.replace(tzinfo=UTC)
    try:
        return read.astimezone(UTC)
    except OverflowError:
        oddities.count("unreadable_timestamp")
        return None


def _loose_moment(value: str, oddities: Oddities) -> datetime | None:
    """Read what ISO 8601 does not allow: single digits, slashes, spaces, second 60."""
    found = _LOOSE_TIME.search(value)
    if found is None:
        oddities.count("unreadable_timestamp")
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        read = datetime(int(year), int(month), int(day), tzinfo=UTC) + timedelta(
            hours=int(hour),
            minutes=int(minute),
            seconds=int(second or 0),
            microseconds=int(f"{fraction or '0':0<6}"[:6]),
        )
        if zone and zone[0] in "+-":
            hours, minutes = zone[1:-2].rstrip(":"), zone[-2:]
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            read = read - offset if zone[0] == "+" else read + offset
    except ValueError, OverflowError:
        oddities.count("unreadable_timestamp")
        return None
    oddities.count("timestamp_not_iso" if zone else "timestamp_without_zone")
    return read


def _epoch_moment(value: float, oddities: Oddities) -> datetime | None:
    """Read seconds or milliseconds since 1970."""
    oddities.count("timestamp_as_number")
    seconds = value / 1000 if abs(value) >= 1e11 else value
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except ValueError, OverflowError, OSError:
        oddities.count("unreadable_timestamp")
        return None


def word(value: object) -> str:
    """Reduce a word of an enumeration to what matters: `Suspended_EV`, ` suspendedev ` and `SuspendedEV` are one."""
    if not isinstance(value, str):
        return ""
    return value.strip().casefold().replace(" ", "").replace("_", "").replace("-", "").replace(".", "")


def by_word[T](words: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Make a table that is looked up with `word()`."""
    return {word(name): meaning for name, meaning in words}


def unwrapped(value: str, oddities: Oddities) -> str:
    """Take off the brackets and quotes that some firmware puts around a configuration value."""
    read = value.strip()
    while len(read) >= 2 and (read[0] + read[-1]) in ('""', "''", "[]"):
        inner = read[1:-1]
        if read[0] == "[" and any(mark in inner for mark in "\"'[{"):
            break
        if read[0] in inner:
            break
        oddities.count("wrapped_value")
        read = inner.strip()
    return read


def listed(value: str | None) -> list[str]:
    """Split a comma-separated value into its words, without brackets, quotes and empty entries."""
    if not value:
        return []
    return [entry for part in value.strip("[](){} ").split(",") if (entry := part.strip("\"'[] \t"))]
