"""The ledger holds still while it is copied, and everything goes on meanwhile."""

import asyncio
from pathlib import Path
import shutil
import sqlite3
from unittest.mock import patch

from homeassistant.components.backup import DATA_MANAGER
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.wallbox import Wallbox


async def never() -> None:
    await asyncio.Event().wait()


async def test_what_was_recorded_before_is_in_the_copy(
    hass: HomeAssistant, charger: Wallbox, own_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert await async_setup_component(hass, "backup", {})
    await hass.async_block_till_done()
    await hass.services.async_call(DOMAIN, "enrol_card", {"card": "CARD-1", "name": "Ada"}, blocking=True)
    transaction = await charger.start("CARD-1", meter_wh=100)
    manager = hass.data[DATA_MANAGER]
    await manager.async_pre_backup_actions()
    copy = tmp_path_factory.mktemp("copy") / "ledger"
    await hass.async_add_executor_job(shutil.copytree, own_folder / ".storage" / DOMAIN, copy)
    await manager.async_post_backup_actions()
    await charger.stop(transaction, meter_wh=100)

    def tables() -> int:
        ledger = sqlite3.connect(copy / "ledger.db")
        try:
            assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            found: tuple[int] = ledger.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
            return found[0]
        finally:
            ledger.close()

    assert await hass.async_add_executor_job(tables) > 0


async def test_a_ledger_that_takes_too_long_does_not_stop_the_backup(
    hass: HomeAssistant, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    assert await async_setup_component(hass, "backup", {})
    await hass.async_block_till_done()
    manager = hass.data[DATA_MANAGER]
    with (
        patch("custom_components.offline_evse.backup.PATIENCE_S", 0.01),
        patch.object(Site, "prepare_backup", side_effect=never),
        patch.object(Site, "finish_backup", side_effect=never),
    ):
        await manager.async_pre_backup_actions()
        await manager.async_post_backup_actions()
    assert "The ledger is still being written" in caplog.text
    assert "has not been released" in caplog.text
