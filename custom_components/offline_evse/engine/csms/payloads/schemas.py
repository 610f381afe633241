"""Strict checking of what we send, with the JSON schemas that the `ocpp` package carries.

The schemas are files. They are read once, in an executor, before the first station is served; a check never touches
the disk when `preload` has run for its version.
"""

import asyncio
from decimal import Decimal
from functools import cache
from importlib.resources import files
import json
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError

from ...model.station import OcppVersion
from ..codec import Payload

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

_SENT_2 = (
    "ChangeAvailability",
    "ClearCache",
    "ClearChargingProfile",
    "DataTransfer",
    "GetBaseReport",
    "GetCompositeSchedule",
    "GetVariables",
    "RequestStartTransaction",
    "RequestStopTransaction",
    "Reset",
    "SetChargingProfile",
    "SetVariables",
    "TriggerMessage",
    "UnlockConnector",
)
SENT: dict[OcppVersion, tuple[str, ...]] = {
    OcppVersion.V16: (
        "ChangeAvailability",
        "ChangeConfiguration",
        "ClearCache",
        "ClearChargingProfile",
        "DataTransfer",
        "GetCompositeSchedule",
        "GetConfiguration",
        "RemoteStartTransaction",
        "RemoteStopTransaction",
        "Reset",
        "SetChargingProfile",
        "TriggerMessage",
        "UnlockConnector",
    ),
    OcppVersion.V201: _SENT_2,
    OcppVersion.V21: _SENT_2,
}
"""The requests that we send, by version."""


class InvalidPayloadError(Exception):
    """A payload of ours breaks the schema of its action: a fault of ours, never of a station."""


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


def load(version: OcppVersion) -> None:
    """Read the schemas of every request that we send. Blocks; belongs into an executor."""
    for action in SENT[version]:
        _validator(version, action, False)


async def preload(*versions: OcppVersion) -> None:
    """Read the schemas off the event loop; without an argument, those of all versions."""
    loop = asyncio.get_running_loop()
    for version in versions or tuple(OcppVersion):
        await loop.run_in_executor(None, load, version)


def check_request(version: OcppVersion, action: str, payload: Payload) -> None:
    """Check a request of ours; raises InvalidPayloadError."""
    _check(_validator(version, action, False), action, payload)


def check_response(version: OcppVersion, action: str, payload: Payload) -> None:
    """Check an answer of ours; raises InvalidPayloadError."""
    _check(_validator(version, action, True), action, payload)


def _check(validator: Draft4Validator, action: str, payload: Payload) -> None:
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
