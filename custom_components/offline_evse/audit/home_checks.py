"""What only Home Assistant knows of a site's readiness: its backups and its Bluetooth."""

import asyncio
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..bluetooth_config import bluetooth_set_up
from ..devices import charger_subentry
from ..engine.site.audit.item import AuditItem, failed, passed, warned
from ..runtime import OfflineEvseConfigEntry

_LOGGER = logging.getLogger(__name__)

BACKUP: Final = "backup"
FRESH: Final = timedelta(days=7)
PATIENCE_S: Final = 10.0
"""How long places with backups are waited for, in s."""


async def home_checks(hass: HomeAssistant, entry: OfflineEvseConfigEntry) -> tuple[AuditItem, ...]:
    """Look at backups and Bluetooth."""
    return (await _backup(hass), *_bluetooth(entry))


async def _backup(hass: HomeAssistant) -> AuditItem:
    """When everything, the ledger included, was last put in a safe place."""
    if BACKUP not in hass.config.components:
        return warned("backup_unknown")
    newest = await _newest_backup(hass)
    if newest is None:
        return warned("backup_none")
    days = max(0, (dt_util.utcnow() - newest).days)
    return passed("backup_ok", days=days) if days < FRESH.days else warned("backup_old", days=days)


async def _newest_backup(hass: HomeAssistant) -> datetime | None:
    """Return when the newest backup was made; places that do not answer in time count for nothing."""
    from homeassistant.components.backup import async_get_manager  # noqa: PLC0415 (only where it is set up)

    manager = async_get_manager(hass)
    automatic = manager.config.data.last_completed_automatic_backup
    if automatic is not None and dt_util.utcnow() - automatic < FRESH:
        return automatic
    times = [] if automatic is None else [automatic]
    try:
        async with asyncio.timeout(PATIENCE_S):
            backups, _ = await manager.async_get_backups()
    except (TimeoutError, HomeAssistantError) as err:
        _LOGGER.debug("Backups cannot be listed: %s", err)
    else:
        times += [made for it in backups.values() if (made := dt_util.parse_datetime(it.date)) is not None]
    return max((dt_util.as_utc(made) for made in times), default=None)


def _bluetooth(entry: OfflineEvseConfigEntry) -> list[AuditItem]:
    """Whether phones and keys are heard, and readers are there."""
    if not bluetooth_set_up(entry).enabled:
        return [passed("ble_off")]
    opened = entry.runtime_data.bluetooth.open
    if opened is None:
        return [failed("ble_unavailable")]
    told = opened.diagnostics()
    scanners, readers = len(told["scanners"]), told["readers"]["pucks"]
    if not scanners and not readers:
        return [failed("ble_deaf")]
    items = [passed("ble_ok", scanners=scanners, readers=len(readers))]
    for reader in readers:
        station_id = reader["charger"]
        if charger_subentry(entry, station_id) is not None and not reader["there"]:
            items.append(warned("ble_reader_gone", station_id))
        elif reader["misplaced"]:
            items.append(warned("ble_reader_misplaced", station_id))
    return items
