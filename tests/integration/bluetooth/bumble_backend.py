"""A backend of bleak whose radio is an `Antenna`, and the scanner that Home Assistant knows it by."""

from collections.abc import Callable
from typing import Any, override
from uuid import UUID as Uuid

from bleak.args import SizedBuffer
from bleak.assigned_numbers import CHARACTERISTIC_PROPERTIES
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError
from bleak_retry_connector import Allocations
from bluetooth_data_tools import monotonic_time_coarse
from bumble.core import UUID, BaseBumbleError
from bumble.device import Connection, Peer
from habluetooth import BaseHaRemoteScanner, HaBluetoothConnector

from simulator.holder.antenna import Antenna

CONNECT_TIMEOUT_S = 20.0


class Radio:
    """What the scanner and its clients share: the antenna and its connections."""

    def __init__(self, antenna: Antenna, slots: int) -> None:
        self.antenna = antenna
        self.slots = slots
        self.used: list[str] = []


class BumbleClient(BaseBleakClient):
    """One connection."""

    def __init__(self, radio: Radio, device: Any, **more: Any) -> None:
        super().__init__(device, **{"timeout": CONNECT_TIMEOUT_S, **more})
        self._radio = radio
        self._connection: Connection | None = None
        self._mtu = 23

    @property
    @override
    def mtu_size(self) -> int:
        return self._mtu

    @property
    @override
    def is_connected(self) -> bool:
        return self._connection is not None

    @override
    async def connect(self, pair: bool = False, **more: Any) -> None:
        self._radio.used.append(self.address)
        try:
            self._connection, peer, self._mtu = await self._radio.antenna.connect(self.address, self._timeout)
        except (BaseBumbleError, TimeoutError) as err:
            raise BleakError(f"no connection: {err!r}") from err
        finally:
            if self._connection is None:
                self._radio.used.remove(self.address)
        self._connection.on("disconnection", self._gone)
        self.services = await self._discovered(peer)

    async def _discovered(self, peer: Peer) -> BleakGATTServiceCollection:
        found = BleakGATTServiceCollection()
        await peer.discover_services()
        for service in peer.services:
            below = BleakGATTService(service, service.handle, _text(service.uuid))
            found.add_service(below)
            await service.discover_characteristics()
            for characteristic in service.characteristics:
                entry = BleakGATTCharacteristic(
                    characteristic,
                    characteristic.handle,
                    _text(characteristic.uuid),
                    [name for bit, name in CHARACTERISTIC_PROPERTIES.items() if int(characteristic.properties) & bit],
                    lambda: self._mtu - 3,
                    below,
                )
                found.add_characteristic(entry)
                await characteristic.discover_descriptors()
                for descriptor in characteristic.descriptors:
                    found.add_descriptor(
                        BleakGATTDescriptor(descriptor, descriptor.handle, _text(descriptor.type), entry)
                    )
        return found

    def _gone(self, reason: int) -> None:
        self._connection = None
        self._radio.used.remove(self.address)
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    @override
    async def disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.disconnect()

    @override
    async def pair(self, *args: Any, **more: Any) -> None:
        raise NotImplementedError

    @override
    async def unpair(self) -> None:
        raise NotImplementedError

    @override
    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **more: Any) -> bytearray:
        return bytearray(await characteristic.obj.read_value())

    @override
    async def read_gatt_descriptor(self, descriptor: BleakGATTDescriptor, **more: Any) -> bytearray:
        return bytearray(await descriptor.obj.read_value())

    @override
    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        await characteristic.obj.write_value(bytes(data), with_response=response)

    @override
    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        await descriptor.obj.write_value(bytes(data), with_response=True)

    @override
    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **more: Any
    ) -> None:
        await characteristic.obj.subscribe(lambda value: callback(bytearray(value)))

    @override
    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        await characteristic.obj.unsubscribe()


class BumbleScanner(BaseHaRemoteScanner):
    """A proxy or adapter, as Home Assistant's Bluetooth knows it."""

    def __init__(self, antenna: Antenna, source: str, name: str, *, slots: int = 3, connectable: bool = True) -> None:
        self.radio = radio = Radio(antenna, slots)

        def client(device: Any, **more: Any) -> BumbleClient:
            return BumbleClient(radio, device, **more)

        can_connect: Callable[[], bool] = lambda: len(radio.used) < radio.slots  # noqa: E731
        super().__init__(source, name, HaBluetoothConnector(client, source, can_connect), connectable)
        antenna.heard = self.heard

    @override
    def get_allocations(self) -> Allocations:
        radio = self.radio
        return Allocations(self.source, radio.slots, max(radio.slots - len(radio.used), 0), list(radio.used))

    def heard(self, address: str, kind: int, signal: int, advertised: bytes, *, ago_s: float = 0.0) -> None:
        self._async_on_raw_advertisement(
            address, signal, advertised, {"address_type": kind}, monotonic_time_coarse() - ago_s
        )


def _text(uuid: UUID) -> str:
    return str(Uuid(bytes=uuid.to_bytes(force_128=True)[::-1]))
