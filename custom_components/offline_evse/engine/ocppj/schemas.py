"""Strict checking of what we send, with the JSON schemas that the `ocpp` package carries.

The schemas are files. They are read once, in an executor, before anybody is served; a check never touches the disk
when `preload` has run for its action.
"""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from importlib.resources import files
import json
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError

from ..model.station import OcppVersion

_REQUEST_FILES = {
    OcppVersion.V16: ("ocpp.v16", "{}.json"),
    OcppVersion.V201: ("ocpp.v201", "{}Request.json"),
    OcppVersion.V21: ("ocpp.v21", "{}Request.json"),
}
_RESPONSE_FILES = {
    OcppVersion.V16: ("ocpp.v16", "{}Response.json"),
    OcppVersion.V201: ("ocpp.v201", "{}Response.json"),
    OcppVersion.V21: ("ocpp.v21", "{}Response.json"),
}


class InvalidPayloadError(Exception):
    """A payload of ours breaks the schema of its action: a fault of ours, never of whoever is to read it."""


@cache
def _validator(version: OcppVersion, action: str, response: bool) -> Draft4Validator:
    package, pattern = (_RESPONSE_FILES if response else _REQUEST_FILES)[version]
    path = files(package) / "schemas" / pattern.format(action)
    try:
        source = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise InvalidPayloadError(f"{version} has no {action}") from err
    # Decimals, because 1.6 wants limits to be multiples of 0.1, and no float is.
    return Draft4Validator(json.loads(source, parse_float=Decimal))


def _load(version: OcppVersion, actions: Iterable[str], response: bool) -> None:
    for action in actions:
        _validator(version, action, response)


async def preload(version: OcppVersion, *, requests: Iterable[str] = (), responses: Iterable[str] = ()) -> None:
    """Read the schemas of these actions off the event loop."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, _load, version, tuple(requests), False)
    await loop.run_in_executor(None, _load, version, tuple(responses), True)


def check_request(version: OcppVersion, action: str, payload: dict[str, Any]) -> None:
    """Check a request of ours; raises InvalidPayloadError."""
    _check(_validator(version, action, False), action, payload)


def check_response(version: OcppVersion, action: str, payload: dict[str, Any]) -> None:
    """Check an answer of ours; raises InvalidPayloadError."""
    _check(_validator(version, action, True), action, payload)


def _check(validator: Draft4Validator, action: str, payload: dict[str, Any]) -> None:
    try:
        validator.validate(_exact(payload))
    except ValidationError as err:
        raise InvalidPayloadError(f"{action}: {err.message}") from err


def _exact(value: Any) -> Any:
    """Copy a payload with decimals for floats, as they will be written on the wire."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: _exact(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_exact(entry) for entry in value]
    return value
