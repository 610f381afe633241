"""Switches Bluetooth on and off as the options say. The only way to the `bluetooth` package, which it imports late."""

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.importlib import async_import_module
from homeassistant.setup import async_setup_component

from .bluetooth_config import BluetoothSetUp, bluetooth_set_up
from .const import DOMAIN
from .engine.model.clock import Clock
from .engine.site.site import Site

if TYPE_CHECKING:
    from .bluetooth.site_bluetooth import SiteBluetooth

_LOGGER = logging.getLogger(__name__)

ADAPTERS: Final = "bluetooth_adapters"
"""Home Assistant's component that brings Bluetooth up with whatever adapters and proxies there are."""
UNAVAILABLE: Final = "bluetooth_unavailable"


class BluetoothSwitch:
    """Holds what is open of Bluetooth, which is nothing for most sites."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site, clock: Clock) -> None:
        """Begin switched off."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._clock = clock
        self._turning = asyncio.Lock()
        self._stopped = False
        self.open: SiteBluetooth | None = None
        """None: it is off, or Home Assistant has no Bluetooth."""

    @callback
    def follow(self) -> None:
        """Be as the options say now."""
        wanted = bluetooth_set_up(self._entry)
        if self.open is not None and wanted.enabled:
            self.open.configure(wanted)
        elif wanted.enabled or self.open is not None or self._turning.locked():
            self._entry.async_create_task(self._hass, self._turn(), "offline_evse Bluetooth switch")

    async def stop(self) -> None:
        """Switch off for good."""
        self._stopped = True
        await self._turn()

    async def _turn(self) -> None:
        """Open or close, one at a time, as is wanted when it is this one's turn."""
        async with self._turning:
            wanted = BluetoothSetUp() if self._stopped else bluetooth_set_up(self._entry)
            if wanted.enabled and self.open is None:
                await self._open(wanted)
            elif not wanted.enabled and self.open is not None:
                closing, self.open = self.open, None
                await closing.stop()
            elif self.open is not None:
                self.open.configure(wanted)
            if not wanted.enabled:
                ir.async_delete_issue(self._hass, DOMAIN, UNAVAILABLE)

    async def _open(self, wanted: BluetoothSetUp) -> None:
        if not await async_setup_component(self._hass, ADAPTERS, {}):
            _LOGGER.warning("Home Assistant's Bluetooth cannot be set up; cards and passes go on without it")
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                UNAVAILABLE,
                is_fixable=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key=UNAVAILABLE,
            )
            return
        ir.async_delete_issue(self._hass, DOMAIN, UNAVAILABLE)
        module = await async_import_module(self._hass, f"{__package__}.bluetooth.site_bluetooth")
        self.open = await module.open_bluetooth(self._hass, self._entry, self._site, self._clock, wanted)
