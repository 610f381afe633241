"""What is said to a backend, in each OCPP version, and what it answers."""

from typing import Any, Protocol
from uuid import uuid4

from ...model.access import BackendAnswer
from ...model.station import OcppVersion
from ...model.upstream.message import UpMessage
from ...ocppj import schemas
from ...ocppj.frames import encode_call
from .said import BootSaid, StartSaid
from .up16 import Up16
from .up201 import Up21, Up201

__all__ = ["BootSaid", "StartSaid", "UpCodec", "call_of", "codec_of", "preload"]


class UpCodec(Protocol):
    """One OCPP version, as a charging station speaks it."""

    @property
    def version(self) -> OcppVersion:
        """The version."""

    def encode(self, message: UpMessage) -> tuple[str, dict[str, Any]]:
        """Return action and payload, checked against the schema.

        Raises InvalidPayloadError where the version has no way to say it: 1.6 cannot send meter values without a
        value, and no version a DataTransfer whose vendor has no name. Starts and stops can always be said.
        """

    def read_boot(self, payload: dict[str, Any]) -> BootSaid:
        """Read the answer to BootNotification; never raises."""

    def read_start(self, payload: dict[str, Any]) -> StartSaid:
        """Read the answer to a start; in 2.x to any TransactionEvent. Never raises."""

    def read_ask(self, payload: dict[str, Any]) -> BackendAnswer:
        """Read the answer to Authorize; what cannot be read is no permission. Never raises."""


def codec_of(version: OcppVersion) -> UpCodec:
    """Return the codec of a version."""
    return _CODECS[version]


def call_of(codec: UpCodec, message: UpMessage) -> tuple[str, str, str]:
    """Return message id, action and the whole CALL, which from now on is what is sent and sent again."""
    action, payload = codec.encode(message)
    message_id = str(uuid4())
    return message_id, action, encode_call(message_id, action, payload).decode()


async def preload() -> None:
    """Read the schemas off the event loop; without it the first message of each kind reads its own."""
    for codec in (Up16, Up201, Up21):
        await schemas.preload(codec.version, requests=codec.actions)


_CODECS: dict[OcppVersion, UpCodec] = {codec.version: codec for codec in (Up16(), Up201(), Up21())}
