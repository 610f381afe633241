"""Stations that dial in without a name: asked for their serial number before anything else."""

import logging

from aiohttp import WSMsgType, web

from ..model.clock import Clock, timeout
from ..model.command import Trigger, TriggerMessage
from ..model.station_event import BootReported
from ..ocppj.frames import SECURITY_ERROR, Call, encode_call, encode_error, parse
from .codec import Codec, UnknownActionError, UnsupportedCommandError
from .handshake import is_usable
from .settings import CsmsSettings

_LOGGER = logging.getLogger(__name__)

_PATIENCE_FRAMES = 50
_ASK_MESSAGE_ID = "who-are-you"


def _uncounted(_: str) -> None:
    """There is nobody yet to count oddities for."""


async def learn_identity(
    socket: web.WebSocketResponse[bool], codec: Codec, clock: Clock, settings: CsmsSettings
) -> tuple[str, bytes] | None:
    """Return a station's serial number and the unanswered BootNotification that told it; None if it does not tell.

    Whatever else it says meanwhile is refused, and makes us ask for the boot.
    """
    asked = False
    try:
        async with timeout(clock, settings.introduction_timeout_s):
            for _ in range(_PATIENCE_FRAMES):
                message = await socket.receive()
                if message.type is WSMsgType.PING:
                    await socket.pong(message.data)
                    continue
                if message.type is WSMsgType.PONG:
                    continue
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    return None
                frame = parse(message.data, _uncounted)
                if not isinstance(frame, Call):
                    continue
                if serial := _serial_number(codec, frame):
                    return serial, message.data
                refusal = encode_error(frame.message_id, SECURITY_ERROR, "Who are you?")
                await socket.send_frame(refusal, WSMsgType.TEXT)
                if not asked:
                    asked = True
                    await _ask(socket, codec)
    except TimeoutError, ConnectionError:
        _LOGGER.debug("A station without a name did not introduce itself")
    return None


def _serial_number(codec: Codec, call: Call) -> str | None:
    """The serial number in a BootNotification, if it can serve as a name."""
    if call.action != "BootNotification":
        return None
    try:
        event = codec.decode_call(call.action, call.payload)
    except UnknownActionError:
        return None
    if not isinstance(event, BootReported):
        return None
    serial = (event.identity.serial_number or "").strip().replace("/", "_")
    return serial if serial and is_usable(serial) else None


async def _ask(socket: web.WebSocketResponse[bool], codec: Codec) -> None:
    """Ask for a BootNotification; a station that has booted long ago sends none by itself."""
    try:
        action, payload = codec.encode_command(TriggerMessage(Trigger.BOOT))
    except UnsupportedCommandError:
        return
    await socket.send_frame(encode_call(_ASK_MESSAGE_ID, action, payload), WSMsgType.TEXT)
