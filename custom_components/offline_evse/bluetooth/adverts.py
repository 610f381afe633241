"""Every packet of those who matter, from every scanner, before Home Assistant chooses among scanners."""

from collections.abc import Callable
from typing import Final

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from ..engine.model.clock import Clock

FRESH_S: Final = 5.0
"""Home Assistant remembers devices for minutes; a packet that is older tells nothing of now."""
MOST_FOLLOWED: Final = 128

type PacketListener = Callable[[BluetoothServiceInfoBleak], None]


class AdvertFeed:
    """Follows addresses. Of more than 128, the one that was followed first is let go."""

    def __init__(self, hass: HomeAssistant, clock: Clock, listener: PacketListener) -> None:
        """Tell `listener` of every fresh packet of a followed address."""
        self._hass = hass
        self._clock = clock
        self._listener = listener
        self._followed: dict[str, CALLBACK_TYPE] = {}

    @callback
    def follow(self, address: str) -> None:
        """Follow an address until it is left, or nobody hears it any more."""
        if address in self._followed:
            return
        while len(self._followed) >= MOST_FOLLOWED:
            self.leave(next(iter(self._followed)))
        packets = bluetooth.async_register_advertisement_callback(self._hass, self.packet, address)
        gone = bluetooth.async_track_unavailable(self._hass, self._gone, address, connectable=False)

        def leave() -> None:
            packets()
            gone()

        self._followed[address] = leave

    @callback
    def leave(self, address: str) -> None:
        """Follow an address no more."""
        if (leave := self._followed.pop(address, None)) is not None:
            leave()

    @callback
    def stop(self) -> None:
        """Follow nobody."""
        for address in tuple(self._followed):
            self.leave(address)

    @callback
    def packet(self, info: BluetoothServiceInfoBleak) -> None:
        """Pass a packet on, unless it is too old to tell anything."""
        if self._clock.monotonic() - info.time <= FRESH_S:
            self._listener(info)

    @callback
    def _gone(self, info: BluetoothServiceInfoBleak) -> None:
        self.leave(info.address)
