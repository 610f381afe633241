"""From the dataclasses of the `ocpp` package to payloads as they go over the wire."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any

from ..codec import Payload


@cache
def _wire_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def payload_of(message: Any) -> Payload:
    """Turn a message into its payload: camelCase names, enumerations as text, nothing for None."""
    return {
        _wire_name(entry.name): _value(value)
        for entry in fields(message)
        if (value := getattr(message, entry.name)) is not None
    }


def _value(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return payload_of(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [_value(entry) for entry in value]
    return value


def wire_time(moment: datetime) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds, as every OCPP version takes it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
