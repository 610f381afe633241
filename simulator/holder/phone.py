"""A holder's radio: a phone or fob that advertises itself, is connected to, and answers in frames."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from bumble.att import AttributeValue
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, Service

from .air import Air

ADVERTISED_EVERY_MS = 20.0
"""The shortest interval that the standard permits (Bluetooth Core, Vol 6, Part B, 4.4.2.2)."""


class Answering(Protocol):
    """The half of a holder that knows keys and messages, and no radio."""

    def connected(self, frame_bytes: int) -> None:
        """A reader has connected; a frame of the answer may have `frame_bytes`."""

    def received(self, frame: bytes) -> Iterable[bytes]:
        """A frame has come; returns the frames to answer with, which may be none."""


class Uuids(Protocol):
    """The attributes under which a holder is found."""

    service: str
    info: str
    write: str
    notify: str


class Phone:
    """One holder in the air."""

    def __init__(self, air: Air, device: Device, uuids: Uuids, half: Answering, info: bytes, mtu: int) -> None:
        """Use `Phone.switch_on` instead."""
        self._air = air
        self._device = device
        self._uuids = uuids
        self._half = half
        self._sending: set[asyncio.Task[None]] = set()
        self.address = device.random_address.to_string(False)
        self.connections = 0
        """How often a reader has connected."""
        self.on_connected: Callable[[], None] | None = None
        device.gatt_server.max_mtu = mtu
        properties = Characteristic.Properties
        self._notify = Characteristic[bytes](UUID(uuids.notify), properties.NOTIFY, Characteristic.READABLE, b"")
        self._connection: Connection | None = None
        written = Characteristic[bytes](
            UUID(uuids.write),
            properties.WRITE | properties.WRITE_WITHOUT_RESPONSE,
            Characteristic.WRITEABLE,
            AttributeValue(write=self._written),
        )
        read = Characteristic[bytes](UUID(uuids.info), properties.READ, Characteristic.READABLE, info)
        device.add_services([Service(UUID(uuids.service), [read, written, self._notify])])
        device.on("connection", self._connected)

    @classmethod
    async def switch_on(
        cls, air: Air, address: str, uuids: Uuids, half: Answering, *, info: bytes, mtu: int = 185
    ) -> Phone:
        """Put a holder into the air; nobody hears it before `advertise`. `mtu` is the longest that it agrees to."""
        return cls(air, await air.device("holder", address), uuids, half, info, mtu)

    async def advertise(self, service_data: bytes | None) -> None:
        """Be heard with these bytes under its service; None: with the service alone, as an iPhone is."""
        service = bytes(UUID(self._uuids.service))
        structure = (
            (AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, service)
            if service_data is None
            else (AdvertisingData.SERVICE_DATA_128_BIT_UUID, service + service_data)
        )
        await self.broadcast(bytes(AdvertisingData([(AdvertisingData.FLAGS, b"\x06"), structure])))

    async def broadcast(self, advertised: bytes) -> None:
        """Be heard with these bytes, whatever they are."""
        await self._device.start_advertising(
            auto_restart=True,
            advertising_data=advertised,
            advertising_interval_min=ADVERTISED_EVERY_MS,
            advertising_interval_max=ADVERTISED_EVERY_MS,
        )

    async def fall_silent(self) -> None:
        """Advertise no longer, and so be out of reach for whoever wants to connect."""
        await self._device.stop_advertising()

    async def hang_up(self) -> None:
        """End the connection from this side."""
        if self._connection is not None:
            await self._connection.disconnect()

    async def send(self, frames: Iterable[bytes]) -> None:
        """Notify the connected reader of frames, in order."""
        connection = self._connection
        if connection is None:
            return
        for frame in frames:
            await self._device.notify_subscriber(connection, self._notify, frame)

    def _connected(self, connection: Connection) -> None:
        self._connection = connection
        self.connections += 1
        connection.on("disconnection", self._disconnected)
        connection.on("connection_att_mtu_update", self._agreed)
        self._agreed()
        if self.on_connected is not None:
            self.on_connected()

    def _agreed(self) -> None:
        if self._connection is not None:
            self._half.connected(self._connection.att_mtu - 3)

    def _disconnected(self, reason: int) -> None:
        self._connection = None

    def _written(self, connection: Connection, value: bytes) -> None:
        answer = tuple(self._half.received(bytes(value)))
        if answer:
            task = asyncio.get_running_loop().create_task(self.send(answer))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
