"""Holds the ledger's files still while Home Assistant copies them."""

import asyncio
import logging
from typing import Final

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .runtime import OfflineEvseConfigEntry

_LOGGER = logging.getLogger(__name__)

PATIENCE_S: Final = 10.0
"""How long a backup of everything else waits for us, in s. The ledger survives being copied in motion; its write-ahead
log is part of the copy."""


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Bring the ledger's files into a state that can be copied; what chargers say meanwhile is kept in the log."""
    entries: list[OfflineEvseConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await entry.runtime_data.site.prepare_backup()
        except TimeoutError:
            _LOGGER.warning("The ledger is still being written; it is backed up as it is")


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the ledger's files change freely again."""
    entries: list[OfflineEvseConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await entry.runtime_data.site.finish_backup()
        except TimeoutError:
            _LOGGER.warning("The ledger has not been released after the backup within %s s", PATIENCE_S)
