"""What hears holders and connects to them: the radio half of a Bluetooth proxy or adapter."""

import asyncio
from collections import Counter
from collections.abc import Callable

from bumble.device import Advertisement, Connection, Device, Peer
from bumble.hci import Address, HCI_LE_Create_Connection_Cancel_Command

from .air import Air

ATT_MTU = 517
"""What is asked for on every connection, as an ESP32 does."""

type Heard = Callable[[str, int, int, bytes], None]
"""Called with an address, its kind (0 public, 1 random), a signal strength in dBm, and the advertised bytes."""
type Signal = Callable[[str], int | None]
"""How strongly an address is heard, in dBm; None: out of reach."""


class Antenna:
    """A radio at one spot of the building."""

    def __init__(self, device: Device, signal: Signal) -> None:
        """Use `Antenna.at` instead."""
        self._device = device
        self._signal = signal
        self.heard: Heard | None = None
        self.packets: Counter[str] = Counter()
        """How many packets of each address were heard."""

    @classmethod
    async def at(cls, air: Air, name: str, address: str, signal: Signal) -> Antenna:
        """Put a radio up and let it listen."""
        device = await air.device(name, address)
        antenna = cls(device, signal)
        device.on("advertisement", antenna._advertised)
        await device.start_scanning(active=False, filter_duplicates=False)
        return antenna

    async def connect(self, address: str, timeout_s: float) -> tuple[Connection, Peer, int]:
        """Connect to an address and agree on the length of frames; returns the agreed ATT_MTU with the link.

        Raises bumble's or asyncio's TimeoutError where nobody answers in time.
        """
        try:
            connection = await self._device.connect_le(Address(address), timeout=timeout_s)
        except asyncio.CancelledError:
            # Otherwise the controller goes on listening for the address, and connects to it some day.
            await self._device.send_sync_command(HCI_LE_Create_Connection_Cancel_Command())
            raise
        peer = Peer(connection)
        return connection, peer, await peer.request_mtu(ATT_MTU)

    def _advertised(self, advertisement: Advertisement) -> None:
        address = advertisement.address.to_string(False)
        signal = self._signal(address)
        if signal is None:
            return
        self.packets[address] += 1
        if self.heard is not None:
            self.heard(address, int(advertisement.address.address_type), signal, bytes(advertisement.data_bytes))
