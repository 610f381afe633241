"""A holder's radio: a phone or fob that advertises itself, is connected to, and answers in frames."""

import asyncio
from collections.abc import Callable, Iterable

from bumble.att import AttributeValue
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, Service

from .air import Air
from .holder import Holder, HolderLink

ADVERTISED_EVERY_MS = 20.0
"""The shortest interval that the standard permits (Bluetooth Core, Vol 6, Part B, 4.4.2.2)."""


SERVICE_UUID = "60bd6b8e-57ca-4f1a-a13c-0d24108923d3"
INFO_UUID = "60bd6b8e-57ca-4f1a-a13c-0d24108923d4"
WRITE_UUID = "60bd6b8e-57ca-4f1a-a13c-0d24108923d5"
NOTIFY_UUID = "60bd6b8e-57ca-4f1a-a13c-0d24108923d6"

type Tampering = Callable[[HolderLink, list[bytes]], list[bytes]]
"""What a dishonest phone makes of the frames that it would answer with."""


class Phone:
    """One holder in the air."""

    def __init__(self, device: Device, holder: Holder, mtu: int) -> None:
        """Use `Phone.switch_on` instead."""
        self._device = device
        self._connection: Connection | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self.holder = holder
        self.address = device.random_address.to_string(False)
        self.links: list[HolderLink] = []
        """One for every reader that has connected, the newest last."""
        self.prepare: Callable[[HolderLink], None] | None = None
        """Called with every new link, before anything is said."""
        self.tamper: Tampering | None = None
        self._news = asyncio.Event()
        device.gatt_server.max_mtu = mtu
        properties = Characteristic.Properties
        self._notify = Characteristic[bytes](UUID(NOTIFY_UUID), properties.NOTIFY, Characteristic.READABLE, b"")
        written = Characteristic[bytes](
            UUID(WRITE_UUID),
            properties.WRITE | properties.WRITE_WITHOUT_RESPONSE,
            Characteristic.WRITEABLE,
            AttributeValue(write=self._written),
        )
        read = Characteristic[bytes](UUID(INFO_UUID), properties.READ, Characteristic.READABLE, holder.info)
        device.add_services([Service(UUID(SERVICE_UUID), [read, written, self._notify])])
        device.on("connection", self._connected)

    @classmethod
    async def switch_on(cls, air: Air, address: str, holder: Holder, *, mtu: int = 185) -> Phone:
        """Put a holder into the air; nobody hears it before `advertise`. `mtu` is the longest that it agrees to."""
        return cls(await air.device("holder", address), holder, mtu)

    async def advertise(self, service_data: bytes | None) -> None:
        """Be heard with these bytes under its service; None: with the service alone, as an iPhone is."""
        service = bytes(UUID(SERVICE_UUID))
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

    @property
    def connected(self) -> bool:
        """Whether a reader is connected now."""
        return self._connection is not None

    async def until(self, test: Callable[[], bool], within_s: float = 5.0) -> None:
        """Wait until something that has to do with this phone's connections is so. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not test():
                self._news.clear()
                await self._news.wait()

    async def send(self, frames: Iterable[bytes]) -> None:
        """Notify the connected reader of frames, in order."""
        connection = self._connection
        if connection is None:
            return
        for frame in frames:
            await self._device.notify_subscriber(connection, self._notify, frame)

    def _connected(self, connection: Connection) -> None:
        self._connection = connection
        link = self.holder.link(connection.att_mtu - 3)
        self.links.append(link)
        if self.prepare is not None:
            self.prepare(link)

        def agreed() -> None:
            link.frame_bytes = connection.att_mtu - 3

        connection.on("disconnection", self._disconnected)
        connection.on("connection_att_mtu_update", agreed)
        self._news.set()

    def _disconnected(self, reason: int) -> None:
        self._connection = None
        self._news.set()

    def _written(self, connection: Connection, value: bytes) -> None:
        link = self.links[-1]
        answer = link.receive(bytes(value))
        self._news.set()
        if self.tamper is not None:
            answer = self.tamper(link, answer)
        if answer:
            task = asyncio.get_running_loop().create_task(self.send(answer))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
