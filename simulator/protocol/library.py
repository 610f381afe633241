"""The `ocpp` package as it is used here.

It carries no type information, so everything of it enters through this one file and is `Any` from here on.
"""

from collections.abc import Callable
from importlib import import_module
import logging
from typing import Any, Protocol, cast

_messages: Any = import_module("ocpp.messages")
_routing: Any = import_module("ocpp.routing")
_exceptions: Any = import_module("ocpp.exceptions")

v16: Any = import_module("ocpp.v16")
v16_call: Any = import_module("ocpp.v16.call")
v16_result: Any = import_module("ocpp.v16.call_result")
v201: Any = import_module("ocpp.v201")
v201_call: Any = import_module("ocpp.v201.call")
v201_result: Any = import_module("ocpp.v201.call_result")
v21: Any = import_module("ocpp.v21")

OcppError: type[Exception] = _exceptions.OCPPError
"""What a refused CALL raises."""

# Validating in the executor costs more than it frees; frames are few and small.
_messages.ASYNC_VALIDATION = False
# The package logs every frame.
logging.getLogger("ocpp").setLevel(logging.ERROR)


class Wire(Protocol):
    """A connection as the package wants it."""

    async def recv(self) -> str:
        """Return the next frame. Raises ConnectionError when there will be none."""

    async def send(self, message: str) -> None:
        """Send a frame. Raises ConnectionError when that is not possible."""


def on[F: Callable[..., Any]](action: str) -> Callable[[F], F]:
    """Mark a method as the answer to an OCPP action. What comes in is checked against the schema."""
    return cast("Callable[[F], F]", _routing.on(action))


async def receive(charge_point: Any, wire: Wire) -> None:
    """Take frames until the connection ends."""
    while True:
        raw = await wire.recv()
        try:
            await charge_point.route_message(raw)
        except TypeError, AttributeError, KeyError:
            # The package stumbles over frames that are JSON but not OCPP; a station shrugs.
            logging.getLogger(__name__).warning("Dropped a frame that is not OCPP")


async def call(charge_point: Any, payload: Any, *, checked: bool) -> Any:
    """Send a CALL and return its answer.

    Raises OcppError if it was refused or, when `checked`, if question or answer break the schema; TimeoutError
    if nothing came.
    """
    try:
        return await charge_point.call(payload, suppress=False, skip_schema_validation=not checked)
    except TimeoutError:
        raise TimeoutError from None
