"""What the owner has to know of Bluetooth: that nothing here can connect to anybody."""

from datetime import datetime
from typing import Final

from habluetooth import HaScannerRegistration, get_manager
from homeassistant.components import bluetooth
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later

from ..bluetooth_config import bluetooth_set_up
from ..const import DOMAIN

NO_SCANNER: Final = "no_connectable_scanner"
MISSING_FOR_S: Final = 120.0
"""Proxies take a while to come up, and come back by themselves after an update."""


class Notices:
    """Creates and removes the issue of missing scanners."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin without one."""
        self._hass = hass
        self._entry = entry
        self._pending: CALLBACK_TYPE | None = None
        self._unsubscribe: CALLBACK_TYPE | None = None

    @callback
    def start(self) -> None:
        """Watch scanners come and go."""
        self._unsubscribe = get_manager().async_register_scanner_registration_callback(self._changed, None)
        self.look()

    @callback
    def stop(self) -> None:
        """Watch no longer; without Bluetooth there is nothing to say."""
        self._not_pending()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        ir.async_delete_issue(self._hass, DOMAIN, NO_SCANNER)

    @callback
    def look(self) -> None:
        """See whether there is a scanner at a charger that can connect."""
        if self._usable():
            self._not_pending()
            ir.async_delete_issue(self._hass, DOMAIN, NO_SCANNER)
        elif self._pending is None:
            self._pending = async_call_later(self._hass, MISSING_FOR_S, HassJob(self._tell, cancel_on_shutdown=True))

    def _usable(self) -> bool:
        set_up = bluetooth_set_up(self._entry)
        if set_up.readers and not set_up.scanners:
            return True  # phones come to readers by themselves
        return any(
            scanner.connectable and scanner.source in set_up.scanners
            for scanner in bluetooth.async_current_scanners(self._hass)
        )

    @callback
    def _changed(self, registration: HaScannerRegistration) -> None:
        # The manager tells before it has put the scanner into its list.
        self._hass.loop.call_soon(self._look_later)

    @callback
    def _look_later(self) -> None:
        if self._unsubscribe is not None:
            self.look()

    @callback
    def _tell(self, now: datetime) -> None:
        self._pending = None
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            NO_SCANNER,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=NO_SCANNER,
        )

    @callback
    def _not_pending(self) -> None:
        if self._pending is not None:
            self._pending()
            self._pending = None
