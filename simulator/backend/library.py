"""What the central system needs of the `ocpp` package beyond what stations need: raw frames, checked by the schemas.

As with stations, the package carries no type information, so what comes from it is `Any`.
"""

from importlib import import_module
import logging
from typing import Any

from ..protocol.library import OcppError, on, v16, v16_call, v16_result, v21, v201, v201_call, v201_result

_charge_point: Any = import_module("ocpp.charge_point")
_messages: Any = import_module("ocpp.messages")

v21_call: Any = import_module("ocpp.v21.call")
v21_result: Any = import_module("ocpp.v21.call_result")

SILENT = logging.getLogger("simulator.backend.ocpp")
SILENT.setLevel(logging.CRITICAL)
"""For the package, which logs what is noted here as a fault anyway."""

__all__ = (
    "SILENT",
    "OcppError",
    "error_frame",
    "on",
    "request_of",
    "said",
    "v16",
    "v16_call",
    "v16_result",
    "v21",
    "v21_call",
    "v21_result",
    "v201",
    "v201_call",
    "v201_result",
    "violation",
    "violation_of_answer",
)


def violation(version: str, message_id: str, action: str, payload: dict[str, Any]) -> str | None:
    """Say how a request breaks the schema of its action; None: it does not."""
    # Decimals of 1.6 are put into the message that is checked, so it gets a frame of its own.
    return _violation(_messages.Call(message_id, action, payload), version)


def violation_of_answer(version: str, message_id: str, action: str, payload: dict[str, Any]) -> str | None:
    """Say how an answer breaks the schema of its action; None: it does not."""
    return _violation(_messages.CallResult(message_id, payload, action), version)


def _violation(message: Any, version: str) -> str | None:
    try:
        _messages._validate_payload(message, version)  # noqa: SLF001
    except OcppError as error:
        details = getattr(error, "details", None) or {}
        return f"{type(error).__name__}: {details.get('cause', error)}"
    return None


def error_frame(message_id: str, code: str, description: str = "") -> str:
    """Write a CALLERROR."""
    return str(_messages.CallError(message_id, code, description, {}).to_json())


def request_of(module: Any, action: str, payload: dict[str, Any]) -> Any:
    """Make a request of the package from a payload as it stands on the wire. Raises ValueError for an unknown one."""
    kind = getattr(module, action, None)
    if kind is None:
        raise ValueError(f"there is no {action}")
    try:
        return kind(**_charge_point.camel_to_snake_case(payload))
    except TypeError as error:
        raise ValueError(str(error)) from None


def said(result: Any) -> dict[str, Any]:
    """Return an answer of the package as it stood on the wire."""
    plain = _charge_point.remove_nones(_charge_point.serialize_as_dict(result))
    answer: dict[str, Any] = _charge_point.snake_to_camel_case(plain)
    return answer
