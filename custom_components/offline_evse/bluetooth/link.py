"""One connection to a holder: made, used and ended within the deadlines of its exchange, whatever the radio does.

Home Assistant chooses the proxy by its own lights and tries again for up to a minute where none is free; the deadline
around it is ours. A link is never kept: others need its slot.
"""

import asyncio
import logging
from typing import Any, Final

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError
import bleak_retry_connector

from ..engine.authorization.ble.exchange import Exchange
from ..engine.authorization.ble.states import ExchangeState
from ..engine.authorization.ble.wire.gatt import INFO_UUID, NOTIFY_UUID, WRITE_UUID, Info
from ..engine.authorization.ble.wire.messages import MessageError
from ..engine.model.clock import Clock
from .desk import Desk

_LOGGER = logging.getLogger(__name__)

ATTEMPTS: Final = 2
HANG_UP_S: Final = 5.0
MOST_FRAMES: Final = 128
"""Frames that may wait to be read; a holder that sends more is not followed."""
_RADIO_ERRORS: Final = (BleakError, EOFError, OSError)
"""What bleak's backends raise besides their own error."""
_TALKING: Final = {ExchangeState.CONNECTING, ExchangeState.CHALLENGED, ExchangeState.VERIFY}


class LinkLost(Exception):
    """The holder is gone, or never was what it seemed."""


async def meet(exchange: Exchange, device: BLEDevice, desk: Desk, clock: Clock) -> str | None:
    """Connect to a holder and carry its exchange through; returns what went wrong with the link, if anything did.

    The exchange has to be in CONNECTING, and is over for the radio when this returns: granted, denied or closed.
    """
    client: BleakClient | None = None
    incoming: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_FRAMES)

    def gone(_: BleakClient) -> None:
        _put(incoming, None)

    try:
        async with asyncio.timeout(None) as patience:
            _bound(patience, exchange, clock)
            # By its present name: Home Assistant puts a class of its own there that goes through its proxies.
            client = await bleak_retry_connector.establish_connection(
                bleak_retry_connector.BleakClientWithServiceCache,
                device,
                "holder",
                disconnected_callback=gone,
                max_attempts=ATTEMPTS,
            )
            write = await _listen(client, incoming)
            info = Info.decode(bytes(await client.read_gatt_char(INFO_UUID)))
            await _send(client, write, exchange.connected(write.max_write_without_response_size, info))
            while exchange.state in _TALKING:
                _bound(patience, exchange, clock)
                step = exchange.receive(await _next(incoming))
                _bound(patience, exchange, clock)
                await _send(client, write, await desk.serve(exchange, step))
                if step.closed:
                    break
    except TimeoutError:
        exchange.expire()
        return "It took too long"
    except (LinkLost, MessageError, *_RADIO_ERRORS) as err:
        return str(err) or type(err).__name__
    finally:
        # Nothing of a link that has ended can grant anything any more; what was granted stays granted.
        exchange.lost()
        if client is not None:
            await _hang_up(client)
    return None


async def _listen(
    client: bleak_retry_connector.BleakClientWithServiceCache, incoming: asyncio.Queue[bytes | None]
) -> BleakGATTCharacteristic:
    """Take in what the holder notifies; returns what is written to. Raises LinkLost where it is no holder."""
    write = client.services.get_characteristic(WRITE_UUID)
    if write is None or client.services.get_characteristic(NOTIFY_UUID) is None:
        await client.clear_cache()
        raise LinkLost("The device has not got the service that it advertises")

    def notified(_: BleakGATTCharacteristic, data: bytearray) -> None:
        _put(incoming, bytes(data))

    await client.start_notify(NOTIFY_UUID, notified)
    return write


async def _next(incoming: asyncio.Queue[bytes | None]) -> bytes:
    """Wait for a frame. Raises LinkLost where none comes any more."""
    frame = await incoming.get()
    if frame is None:
        raise LinkLost("The holder has hung up")
    return frame


async def _send(client: BleakClient, write: BleakGATTCharacteristic, frames: tuple[bytes, ...]) -> None:
    for frame in frames:
        await client.write_gatt_char(write, frame, response=True)


async def _hang_up(client: BleakClient) -> None:
    """Free the slot, or at least try for a moment."""
    try:
        async with asyncio.timeout(HANG_UP_S):
            await client.disconnect()
    except (TimeoutError, *_RADIO_ERRORS) as err:
        _LOGGER.debug("A link did not end properly: %r", err)


def _bound(patience: asyncio.Timeout, exchange: Exchange, clock: Clock) -> None:
    """Let everything from here on be over when the exchange's present state has to be."""
    if exchange.deadline_s is None:
        patience.reschedule(None)
    else:
        # A moment more, so that the exchange agrees that its time is over.
        left_s = max(0.0, exchange.deadline_s - clock.monotonic()) + 0.01
        patience.reschedule(asyncio.get_running_loop().time() + left_s)


def _put(incoming: asyncio.Queue[Any], item: bytes | None) -> None:
    if incoming.full():
        while not incoming.empty():
            incoming.get_nowait()
        item = None
    incoming.put_nowait(item)
