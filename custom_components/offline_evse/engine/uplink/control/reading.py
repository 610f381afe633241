"""Reading requests of backends: whatever can be understood is taken, what cannot be is named. Nothing here logs."""

from collections.abc import Mapping
from datetime import UTC, datetime
import json
from typing import Any

LARGEST_WHOLE = 2**31 - 1
_LARGEST = 1e15
"""Nothing that a backend has reason to say is larger; what is not a number is not smaller, either."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Times beyond these are garbage; they leave room to add any duration without running out of calendar."""


class UnreadableError(Exception):
    """Something is missing, or cannot be read as what it has to be. Its text names the field, never the value."""


class Ask:
    """A request, or an object in one."""

    __slots__ = ("_fields",)

    def __init__(self, fields: object) -> None:
        """Look into an object; anything else has no fields."""
        self._fields: Mapping[str, Any] = fields if isinstance(fields, dict) else {}

    def has(self, name: str) -> bool:
        """Whether a field is there and says something."""
        return self._fields.get(name) is not None

    def child(self, name: str) -> Ask | None:
        """Return an object; a list of one counts as its entry. None: there is none."""
        value = self._fields.get(name)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return Ask(value) if isinstance(value, dict) else None

    def children(self, name: str) -> list[Ask]:
        """Return the objects of a list; a lone one counts as a list, and entries that are no objects are left out."""
        value = self._fields.get(name)
        if isinstance(value, dict):
            return [Ask(value)]
        return [Ask(entry) for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []

    def texts(self, name: str) -> list[str]:
        """Return the texts of a list; a lone one counts as a list."""
        value = self._fields.get(name)
        read = [Ask({"": entry}).text("") for entry in (value if isinstance(value, list) else [value])]
        return [text for text in read if text is not None]

    def wholes(self, name: str) -> list[int]:
        """Return the whole numbers of a list; a lone one counts as a list."""
        value = self._fields.get(name)
        read = [Ask({"": entry}).whole("") for entry in (value if isinstance(value, list) else [value])]
        return [whole for whole in read if whole is not None]

    def text(self, name: str) -> str | None:
        """Return a text without blanks around it; None: there is none, or it cannot be one."""
        value = self._fields.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            value = str(value) if abs(value) < _LARGEST else None
        if not isinstance(value, str):
            return None
        return value.strip() or None

    def written(self, name: str) -> str | None:
        """Return a text, or anything else as JSON (2.x DataTransfer)."""
        value = self._fields.get(name)
        return json.dumps(value) if isinstance(value, dict | list) else self.text(name)

    def number(self, name: str) -> float | None:
        """Return a finite number, also from a text."""
        value = self._fields.get(name)
        if isinstance(value, str):
            try:
                value = float(value.strip())
            except ValueError:
                return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value) if abs(value) < _LARGEST else None

    def whole(self, name: str) -> int | None:
        """Return a whole number of 32 bits, also from a text or a number such as 3.0."""
        number = self.number(name)
        if number is None or number != int(number) or abs(number) > LARGEST_WHOLE:
            return None
        return int(number)

    def flag(self, name: str) -> bool:
        """Return a yes or no; missing is no."""
        value = self._fields.get(name)
        return value is True or value == 1 or (self.text(name) or "").casefold() in ("true", "1")

    def moment(self, name: str) -> datetime | None:
        """Return a time; one without a zone is UTC."""
        value = self.text(name)
        if value is None:
            return None
        try:
            read = datetime.fromisoformat(value)
            read = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        except ValueError, OverflowError:
            return None
        return read if EARLIEST <= read <= LATEST else None

    def need_text(self, name: str) -> str:
        """Return a text; raises UnreadableError without one."""
        return _there(self.text(name), name)

    def need_whole(self, name: str) -> int:
        """Return a whole number; raises UnreadableError without one."""
        return _there(self.whole(name), name)

    def need_child(self, name: str) -> Ask:
        """Return an object; raises UnreadableError without one."""
        return _there(self.child(name), name)

    def maybe_whole(self, name: str) -> int | None:
        """Return a whole number; None only where none is said. Raises UnreadableError where it cannot be read."""
        return self.need_whole(name) if self.has(name) else None

    def maybe_moment(self, name: str) -> datetime | None:
        """Return a time; None only where none is said. Raises UnreadableError where it cannot be read."""
        return _there(self.moment(name), name) if self.has(name) else None

    def one_of(self, name: str, *words: str) -> str:
        """Return one of these words, however it is cased; raises UnreadableError for anything else."""
        said = self.need_text(name).casefold()
        return _there(next((word for word in words if word.casefold() == said), None), name)


def _there[T](value: T | None, name: str) -> T:
    if value is None:
        raise UnreadableError(f"{name} is missing or cannot be read")
    return value
