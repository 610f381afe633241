"""OCPP-J frames: read whatever can be read, write exactly what the specification says (1.6-J §4, 2.0.1 part 4 §4)."""

from collections.abc import Callable
import json
import math
import re
from typing import Any, NamedTuple

import orjson

from ..model.station import OcppVersion

type MessageId = str | int | float
"""An id as the station wrote it, so that it gets back what it can compare."""

CALL = 2
CALL_RESULT = 3
CALL_ERROR = 4
SEND = 6

UNKNOWN_MESSAGE_ID = "-1"
"""What 2.x puts into a CALLERROR where the id could not be read."""

NOT_IMPLEMENTED = "NotImplemented"
INTERNAL_ERROR = "InternalError"
SECURITY_ERROR = "SecurityError"
RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
FORMAT_VIOLATION = {
    OcppVersion.V16: "FormationViolation",
    OcppVersion.V201: "FormatViolation",
    OcppVersion.V21: "FormatViolation",
}

_MAX_ID_CHARACTERS = 255


class Call(NamedTuple):
    """A request of the station."""

    message_id: MessageId
    action: str
    payload: dict[str, Any]


class CallResult(NamedTuple):
    """The station's answer to one of our requests."""

    message_id: str
    payload: dict[str, Any]


class CallError(NamedTuple):
    """The station's refusal of one of our requests."""

    message_id: str
    code: str
    description: str


class Unreadable(NamedTuple):
    """Anything else, with as much of its head as could be made out."""

    reason: str
    message_type: int | None = None
    message_id: MessageId | None = None


type Frame = Call | CallResult | CallError | Unreadable
type CountOddity = Callable[[str], None]


def parse(raw: bytes, count: CountOddity) -> Frame:
    """Read a frame; never raises. What had to be put right is told to `count`."""
    try:
        message = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            message = _rescue(raw, count)
        except ValueError, RecursionError:
            return _head_of(raw)
    if type(message) is list:
        # The two shapes of well-formed traffic first: this is the hot path.
        if len(message) == 4 and message[0] == CALL:
            _, message_id, action, payload = message
            if type(message_id) is str and type(action) is str and type(payload) is dict:
                return Call(message_id, action, payload)
        elif len(message) == 3 and message[0] == CALL_RESULT:
            _, message_id, payload = message
            if type(message_id) is str and type(payload) is dict:
                return CallResult(message_id, payload)
    return _irregular(message, count)


def encode_call(message_id: str, action: str, payload: dict[str, Any]) -> bytes:
    """Write a CALL. Raises TypeError if the payload holds what JSON cannot say."""
    return orjson.dumps([CALL, message_id, action, payload])


def encode_result(message_id: MessageId, payload: dict[str, Any]) -> bytes:
    """Write a CALLRESULT. Raises TypeError if the payload holds what JSON cannot say."""
    if not payload:
        return b"[3,%b,{}]" % orjson.dumps(message_id)
    return orjson.dumps([CALL_RESULT, message_id, payload])


def encode_error(message_id: MessageId, code: str, description: str = "") -> bytes:
    """Write a CALLERROR; the description is cut to the 255 characters that the specification allows."""
    return orjson.dumps([CALL_ERROR, message_id, code, description[:255], {}])


def _rescue(raw: bytes, count: CountOddity) -> Any:
    """Read JSON with the faults that firmware has: bad UTF-8, raw control characters, NaN, something after the end."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        count("invalid_utf8")
        text = raw.decode(errors="replace")
    message, _ = _LENIENT.raw_decode(text.strip(" \t\r\n\0\ufeff"))
    count("malformed_json")
    return _storable(message)


def _storable(value: Any) -> Any:
    """Drop what neither JSON nor a database can hold: lone surrogates, infinities, integers past 64 bits."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case bool() | None:
            return value
        case int():
            return value if -(2**63) <= value < 2**63 else None
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [_storable(item) for item in value]
    return {_storable(key): _storable(item) for key, item in value.items()}


def _irregular(message: Any, count: CountOddity) -> Frame:
    """Make the best of a frame that is JSON, but not what the specification says."""
    if not isinstance(message, list):
        return Unreadable("not_an_array")
    if not message:
        return Unreadable("empty_array")
    kind = _message_type(message[0])
    message_id = _message_id(message[1]) if len(message) > 1 else None
    if kind not in (CALL, CALL_RESULT, CALL_ERROR):
        return Unreadable("unknown_message_type", kind, message_id)
    if message_id is None:
        return Unreadable("no_message_id", kind)
    if type(message_id) is not str:
        count("message_id_not_a_string")
    if kind == CALL:
        return _irregular_call(message, message_id, count)
    if kind == CALL_RESULT:
        return CallResult(str(message_id), _payload(message, 2, count) or {})
    code, description = (str(message[at]) if len(message) > at and message[at] is not None else "" for at in (2, 3))
    if len(message) != 5:
        count("call_error_element_count")
    return CallError(str(message_id), code, description)


def _irregular_call(message: list[Any], message_id: MessageId, count: CountOddity) -> Frame:
    """Make the best of a CALL with a wrong shape."""
    action = message[2] if len(message) > 2 else None
    if not isinstance(action, str) or not action:
        return Unreadable("action_not_a_string", CALL, message_id)
    payload = _payload(message, 3, count)
    if payload is None:
        return Unreadable("payload_not_an_object", CALL, message_id)
    if len(message) > 4:
        count("too_many_elements")
    return Call(message_id, action, payload)


def _payload(message: list[Any], at: int, count: CountOddity) -> dict[str, Any] | None:
    """Take the payload; nothing, null and an empty array all mean an empty object. None: it is something else."""
    payload = message[at] if len(message) > at else None
    if isinstance(payload, dict):
        return payload
    count("payload_not_an_object")
    return None if payload else {}


def _message_type(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value) if len(value) < 4 else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value)
    return None


def _message_id(value: Any) -> MessageId | None:
    if isinstance(value, str):
        return value if len(value) <= _MAX_ID_CHARACTERS else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return None


def _head_of(raw: bytes) -> Unreadable:
    """Recover type and id from the beginning of a broken frame, so that it can be answered or ends a call."""
    found = _HEAD.match(raw[:512].decode(errors="replace"))
    if found is None:
        return Unreadable("not_json")
    kind, text_id, number_id = found.groups()
    message_id: MessageId | None
    try:
        message_id = (
            _message_id(_storable(json.loads(f'"{text_id}"', strict=False))) if text_id is not None else int(number_id)
        )
    except ValueError:
        message_id = None
    return Unreadable("not_json", int(kind), message_id)


_LENIENT = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
_HEAD = re.compile(r'\s*\[\s*"?(\d)"?\s*,\s*(?:"((?:[^"\\]|\\.){0,255})"|(-?\d{1,18}))\s*(?:[,\]]|$)')
