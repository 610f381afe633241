"""Encrypted buttons: a press near a charger starts its session. Home Assistant's own event of it proves nothing here.

Home Assistant takes a repeated packet for a press; this reads the packets itself, and counts each once for ever.
"""

import asyncio
import logging
from typing import Final

from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..engine.authorization.ble.nearby.bthome import counter_of
from ..engine.authorization.ble.nearby.buttons import Button, Buttons, Press, press_evidence
from ..engine.authorization.ble.nearby.proximity import Proximity
from ..engine.authorization.ble.wire.gatt import BTHOME_UUID
from ..engine.model.clock import Clock, sleep
from ..engine.site.site import Site
from .adverts import AdvertFeed
from .desk import Desk
from .keyring import Keyring

_LOGGER = logging.getLogger(__name__)

OTHERS_HEAR_S: Final = 0.5
"""How long the other scanners are given to hear a press, before the nearest charger is chosen."""


class ButtonWatch:
    """Listens to the buttons that are enrolled, and to no others."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        site: Site,
        keyring: Keyring,
        proximity: Proximity,
        desk: Desk,
        clock: Clock,
    ) -> None:
        """Prepare; nothing is listened to before `start`."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._proximity = proximity
        self._desk = desk
        self._clock = clock
        self._buttons = Buttons(keyring.save_button, keyring.buttons.values())
        self._feed = AdvertFeed(hass, clock, self._heard)
        self._last: dict[str, bytes] = {}
        self._presses: set[asyncio.Task[None]] = set()

    @property
    def refused(self) -> int:
        """How many packets of buttons were repetitions or recordings."""
        return self._buttons.refused

    @callback
    def start(self) -> None:
        """Listen."""
        for button in self._buttons:
            self._feed.follow(_address(button))

    async def stop(self) -> None:
        """Listen to no button. A press that counts already is brought to its end."""
        self._feed.stop()
        if self._presses:
            await asyncio.wait(tuple(self._presses))

    def enrol(self, button: Button) -> Button:
        """Listen to one more; returns what is to be stored. Raises ValueError, KeyUsedBefore among them."""
        enrolled = self._buttons.enrol(button)
        self._last.pop(_address(button), None)
        self._feed.follow(_address(button))
        return enrolled

    @callback
    def forget(self, button: Button) -> None:
        """Listen to one less."""
        self._buttons.remove(button.reference)
        self._feed.leave(_address(button))

    @callback
    def _heard(self, info: BluetoothServiceInfoBleak) -> None:
        self._proximity.heard(info.address, info.source, info.rssi, info.time)
        service_data = info.service_data.get(BTHOME_UUID)
        if service_data is None or self._last.get(info.address) == service_data or counter_of(service_data) is None:
            return
        self._last[info.address] = service_data
        reading = self._entry.async_create_background_task(
            self._hass, self._read(info.address, service_data, info.time), "offline_evse button"
        )
        self._presses.add(reading)
        reading.add_done_callback(self._presses.discard)

    async def _read(self, address: str, service_data: bytes, at_s: float) -> None:
        try:
            press = await self._buttons.read(address, service_data, at_s)
        except OSError as err:
            _LOGGER.error("The counter of a button cannot be stored, so its press does not count: %s", err)
            return
        if press is not None:
            await self._pressed(press)

    async def _pressed(self, press: Press) -> None:
        """Start at the charger that is nearest to a button."""
        if self._proximity.several_chargers:
            await sleep(self._clock, OTHERS_HEAR_S)
        nearest = self._proximity.nearest(press.address, self._clock.monotonic())
        credential = self._site.credential_by_key(press.reference)
        if nearest is None or credential is None:
            _LOGGER.info("A button was pressed, but no charger hears it")
            return
        evidence = press_evidence(press, credential, nearest.charger, self._clock.now(), nearest.detail)
        await self._desk.present(evidence)


def _address(button: Button) -> str:
    """Return the address as Home Assistant writes it."""
    plain = button.address.replace(":", "").replace("-", "").upper()
    return ":".join(plain[at : at + 2] for at in range(0, len(plain), 2))
