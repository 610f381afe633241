"""A Bluetooth proxy: an ESPHome node that lends its radio to Home Assistant."""

from typing import Any, Final, override

from bumble.core import UUID, BaseBumbleError
from bumble.device import Connection, Peer

from ..holder.antenna import Antenna
from .node import EspHomeNode, Message, api

FEATURES: Final = 0b0111_1111
"""Passive scanning, connections, caching, pairing, clearing of caches, raw advertisements, state and mode."""

_CONNECT: Final = (4, 5)
_DISCONNECT: Final = 1
_CLEAR_CACHE: Final = 6
_RUNNING: Final = 2
_ESTABLISHED_FAILED: Final = 0x3E
"""HCI: connection failed to be established."""

CONNECT_TIMEOUT_S: Final = 20.0


class BluetoothProxy(EspHomeNode):
    """One proxy with its radio at one spot of the building."""

    def __init__(self, antenna: Antenna, name: str, mac: str, slots: int = 3) -> None:
        """Put a radio behind a node; `slots` is how many connections it carries at a time."""
        super().__init__(name, mac)
        self._antenna = antenna
        self._slots = slots
        self._links: dict[int, tuple[Connection, Peer] | None] = {}
        self._wants_advertisements = False
        self._wants_slots = False
        self._mode = 0
        self.handlers |= {
            "SubscribeBluetoothConnectionsFreeRequest": self._subscribe_slots,
            "SubscribeBluetoothLEAdvertisementsRequest": self._subscribe_advertisements,
            "BluetoothScannerSetModeRequest": self._set_mode,
            "BluetoothDeviceRequest": self._device,
            "BluetoothGATTGetServicesRequest": self._services,
            "BluetoothGATTReadRequest": self._read_value,
            "BluetoothGATTWriteRequest": self._write_value,
            "BluetoothGATTWriteDescriptorRequest": self._write_descriptor,
            "BluetoothGATTNotifyRequest": self._notify,
        }
        antenna.heard = self._heard

    @property
    def links(self) -> int:
        """Connections that it carries now."""
        return len(self._links)

    @property
    def slots(self) -> int:
        """Connections that it can carry."""
        return self._slots

    @slots.setter
    def slots(self, slots: int) -> None:
        self._slots = slots
        self._tell_slots()

    @override
    def device_info(self) -> Message:
        return self.described(bluetooth_proxy_feature_flags=FEATURES, bluetooth_mac_address=self.mac)

    @override
    def disconnected(self) -> None:
        self._wants_advertisements = self._wants_slots = False
        for link in tuple(self._links.values()):
            if link is not None:
                self.run(_hang_up(link[0]))

    def _heard(self, address: str, kind: int, signal: int, advertised: bytes) -> None:
        if self._wants_advertisements:
            message = api.BluetoothLERawAdvertisementsResponse()
            advertisement = message.advertisements.add()
            advertisement.address = _number(address)
            advertisement.rssi, advertisement.address_type, advertisement.data = signal, kind, advertised
            self.send(message)

    def _subscribe_slots(self, message: Any) -> None:
        self._wants_slots = True
        self._tell_slots()

    def _subscribe_advertisements(self, message: Any) -> None:
        self._wants_advertisements = True
        self._tell_mode()

    def _set_mode(self, message: Any) -> None:
        self._mode = message.mode
        self._tell_mode()

    def _tell_mode(self) -> None:
        self.send(api.BluetoothScannerStateResponse(state=_RUNNING, mode=self._mode, configured_mode=0))

    def _tell_slots(self) -> None:
        if self._wants_slots:
            free = max(self._slots - len(self._links), 0)
            self.send(api.BluetoothConnectionsFreeResponse(free=free, limit=self._slots, allocated=list(self._links)))

    async def _device(self, message: Any) -> None:
        if message.request_type in _CONNECT:
            await self._connect(message.address)
        elif message.request_type == _DISCONNECT:
            if (link := self._links.get(message.address)) is not None:
                await link[0].disconnect()
            else:
                self._gone(message.address, 0x16)
        elif message.request_type == _CLEAR_CACHE:
            self.send(api.BluetoothDeviceClearCacheResponse(address=message.address, success=True))

    async def _connect(self, address: int) -> None:
        if len(self._links) >= self._slots:
            self.send(api.BluetoothDeviceConnectionResponse(address=address, connected=False, error=-1))
            return
        self._links[address] = None
        self._tell_slots()
        try:
            connection, peer, mtu = await self._antenna.connect(_text(address), CONNECT_TIMEOUT_S)
        except BaseBumbleError, TimeoutError:
            self._gone(address, _ESTABLISHED_FAILED)
            return
        self._links[address] = (connection, peer)
        connection.on("disconnection", lambda reason: self._gone(address, reason))
        self.send(api.BluetoothDeviceConnectionResponse(address=address, connected=True, mtu=mtu))

    def _gone(self, address: int, reason: int) -> None:
        self._links.pop(address, None)
        self.send(api.BluetoothDeviceConnectionResponse(address=address, connected=False, error=int(reason)))
        self._tell_slots()

    async def _services(self, message: Any) -> None:
        peer = self._peer(message.address)
        if peer is None:
            return
        await peer.discover_services()
        for service in peer.services:
            await service.discover_characteristics()
            answer = api.BluetoothGATTGetServicesResponse(address=message.address)
            described = answer.services.add()
            described.handle = service.handle
            described.uuid.extend(_halves(service.uuid))
            for characteristic in service.characteristics:
                await characteristic.discover_descriptors()
                entry = described.characteristics.add()
                entry.handle, entry.properties = characteristic.handle, int(characteristic.properties)
                entry.uuid.extend(_halves(characteristic.uuid))
                for descriptor in characteristic.descriptors:
                    below = entry.descriptors.add()
                    below.handle = descriptor.handle
                    below.uuid.extend(_halves(descriptor.type))
            self.send(answer)
        self.send(api.BluetoothGATTGetServicesDoneResponse(address=message.address))

    async def _read_value(self, message: Any) -> None:
        if (peer := self._peer(message.address)) is not None:
            value = await peer.gatt_client.read_value(message.handle)
            self.send(api.BluetoothGATTReadResponse(address=message.address, handle=message.handle, data=bytes(value)))

    async def _write_value(self, message: Any) -> None:
        if (peer := self._peer(message.address)) is not None:
            await peer.gatt_client.write_value(message.handle, message.data, with_response=message.response)
            if message.response:
                self.send(api.BluetoothGATTWriteResponse(address=message.address, handle=message.handle))

    async def _write_descriptor(self, message: Any) -> None:
        if (peer := self._peer(message.address)) is not None:
            await peer.gatt_client.write_value(message.handle, message.data, with_response=True)
            self.send(api.BluetoothGATTWriteResponse(address=message.address, handle=message.handle))

    def _notify(self, message: Any) -> None:
        peer = self._peer(message.address)
        if peer is None:
            return

        def notified(value: bytes) -> None:
            self.send(
                api.BluetoothGATTNotifyDataResponse(address=message.address, handle=message.handle, data=bytes(value))
            )

        if message.enable:
            peer.gatt_client.notification_subscribers.setdefault(message.handle, set()).add(notified)
        else:
            peer.gatt_client.notification_subscribers.pop(message.handle, None)
        self.send(api.BluetoothGATTNotifyResponse(address=message.address, handle=message.handle))

    def _peer(self, address: int) -> Peer | None:
        link = self._links.get(address)
        return None if link is None else link[1]


async def _hang_up(connection: Connection) -> None:
    await connection.disconnect()


def _number(address: str) -> int:
    return int(address.replace(":", ""), 16)


def _text(address: int) -> str:
    return ":".join(f"{address:012X}"[start : start + 2] for start in range(0, 12, 2))


def _halves(uuid: UUID) -> tuple[int, int]:
    """Split a UUID as the API carries it: the upper 64 bits, then the lower."""
    value = uuid.to_bytes(force_128=True)[::-1]
    return int.from_bytes(value[:8]), int.from_bytes(value[8:])
