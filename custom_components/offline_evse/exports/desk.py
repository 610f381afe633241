"""Writes files of records where Home Assistant keeps its own, when somebody asks and by the calendar."""

import asyncio
from datetime import datetime
import logging
from pathlib import Path
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_change
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.model.upstream.bundle import BUNDLE_NAME, Bundle, BundleError
from ..engine.site.records import ExportWhat
from ..engine.site.site import Site
from ..sentences import Sentences
from .settings import ExportSettings

_LOGGER = logging.getLogger(__name__)

FOLDER: Final = "offline_evse_exports"
"""In the folder of the configuration: not served to anybody without a login, and part of backups."""
SCHEDULED: Final = "scheduled"
"""The folder in it, and the target, of what is written by the calendar."""
EXPORT_FAILED: Final = "export_failed"


def export_folder(hass: HomeAssistant) -> Path:
    """Where files are put that somebody asked for."""
    return Path(hass.config.path(FOLDER))


def find_file(folder: Path, name: str) -> Path | None:
    """Find a file by its name; None: there is none, or it is none of ours."""
    if not BUNDLE_NAME.fullmatch(name):
        return None
    return next((path for path in (folder / name, folder / SCHEDULED / name) if path.is_file()), None)


class ExportDesk:
    """Writes files of one site."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site) -> None:
        """Begin with nothing to do."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._settings = ExportSettings()
        self._end_clock: CALLBACK_TYPE | None = None
        self._writing: asyncio.Task[None] | None = None

    @callback
    def follow(self) -> None:
        """Be as the options say now; what was missed while Home Assistant was off is made up for."""
        settings = ExportSettings.of(self._entry)
        if settings == self._settings:
            return
        self._settings = settings
        self._end()
        if settings.due_since(dt_util.now()) is None:
            ir.async_delete_issue(self._hass, DOMAIN, EXPORT_FAILED)
            return
        at = settings.at
        self._end_clock = async_track_time_change(self._hass, self._look, at.hour, at.minute, at.second)
        self._look(dt_util.now())

    async def stop(self) -> None:
        """Write nothing more by the calendar."""
        self._end()
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])
            self._writing = None

    @callback
    def _end(self) -> None:
        if self._end_clock is not None:
            self._end_clock()
            self._end_clock = None

    @callback
    def _look(self, now: datetime) -> None:
        """Write what is due, unless it is being written."""
        due = self._settings.due_since(dt_util.as_local(now))
        last = self._site.records.exported_at(SCHEDULED)
        busy = self._writing is not None and not self._writing.done()
        if due is not None and not busy and (last is None or last < due):
            self._writing = self._entry.async_create_background_task(
                self._hass, self._write_scheduled(self._settings), "offline_evse export"
            )

    async def _write_scheduled(self, settings: ExportSettings) -> None:
        """Write what is new, and let go of what is too old."""
        folder = export_folder(self._hass) / SCHEDULED
        try:
            bundle = await self._site.records.export(folder, ExportWhat.NEW, target=SCHEDULED, names=settings.names)
            await self._hass.async_add_executor_job(_prune, folder, settings.keep)
        except BundleError as error:
            if error.reason != "stopped":
                self._failed(error)
            return
        except OSError as error:
            self._failed(BundleError("unwritable", error.strerror or str(error)))
            return
        ir.async_delete_issue(self._hass, DOMAIN, EXPORT_FAILED)
        if bundle is not None:
            _LOGGER.info("%s entries of the ledger were written to %s", bundle.found.count, bundle.path)

    @callback
    def _failed(self, error: BundleError) -> None:
        """Tell that nothing was written, until something is."""
        _LOGGER.error("Records could not be written to a file: %s", error)
        folder = str(export_folder(self._hass) / SCHEDULED)
        reason = Sentences(self._hass).say(f"export_{error.reason}", folder=folder, detail=error.detail)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            EXPORT_FAILED,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=EXPORT_FAILED,
            translation_placeholders={"reason": reason},
        )

    async def write(
        self, what: ExportWhat, *, target: str, names: bool, since: datetime | None, until: datetime | None
    ) -> Bundle | None:
        """Write a file for somebody who asks. Raises BundleError; None: there is nothing to write."""
        return await self._site.records.export(
            export_folder(self._hass), what, target=target, names=names, since=since, until=until
        )


def _prune(folder: Path, keep: int) -> None:
    """Delete the oldest files beyond a number. What they held is still in the ledger."""
    if not folder.is_dir():
        return
    files = [path for path in folder.iterdir() if BUNDLE_NAME.fullmatch(path.name)]
    for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)[:-keep]:
        path.unlink(missing_ok=True)
