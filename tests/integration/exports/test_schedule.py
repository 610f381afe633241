"""Files that are written by the calendar."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.engine.uplink.export import bundle as bundle_module
from custom_components.offline_evse.exports.settings import Every, ExportSettings

ISSUE = (DOMAIN, "export_failed")


async def choose(hass: HomeAssistant, entry: MockConfigEntry, **chosen: Any) -> None:
    """Set the options as people do."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "exports"})
    assert form["type"] is FlowResultType.FORM
    done = await hass.config_entries.options.async_configure(
        form["flow_id"], {"every": "day", "at": "03:15:00", "keep": 60, "names": False} | chosen
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)


def files(folder: Path) -> list[str]:
    found = (folder / "offline_evse_exports" / "scheduled").glob("*")
    return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]


async def pass_night(hass: HomeAssistant, freezer: FrozenDateTimeFactory, days: int = 1) -> None:
    """Let the time come at which a file is written."""
    night = datetime.combine(dt_util.now().date() + timedelta(days=days), time(3, 15), dt_util.get_default_time_zone())
    freezer.move_to(night + timedelta(seconds=1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def change(site: Site, current_a: float) -> None:
    """Let something happen that is recorded."""
    await site._ledger.append("test.happened", data={"a": current_a})  # noqa: SLF001 - the shortest news there is


async def test_a_file_every_night(
    hass: HomeAssistant,
    site: Site,
    site_entry: MockConfigEntry,
    own_folder: Path,
    freezer: FrozenDateTimeFactory,
) -> None:
    assert files(own_folder) == []
    await choose(hass, site_entry, keep=2)
    assert len(files(own_folder)) == 1, "the first comes at once"
    await pass_night(hass, freezer)
    assert len(files(own_folder)) == 1, "nothing has happened"
    written = [*files(own_folder)]
    for night in range(3):
        await change(site, night)
        await pass_night(hass, freezer)
        written.append(files(own_folder)[-1])
    assert len(set(written)) == 4
    assert files(own_folder) == written[-2:]
    await choose(hass, site_entry, every="never")
    await change(site, 9)
    await pass_night(hass, freezer)
    assert files(own_folder) == written[-2:]


async def test_one_that_was_missed_is_made_up_for(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, own_folder: Path, freezer: FrozenDateTimeFactory
) -> None:
    await choose(hass, site_entry, names=True)
    (first,) = files(own_folder)
    assert first.endswith("-names.zip")
    await change(site, 1)
    await hass.config_entries.async_unload(site_entry.entry_id)
    freezer.tick(timedelta(days=2))
    assert await hass.config_entries.async_setup(site_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(files(own_folder)) == 2
    await hass.config_entries.async_reload(site_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(files(own_folder)) == 2


async def test_a_full_disk_is_a_repair_until_there_is_room(
    hass: HomeAssistant,
    site: Site,
    site_entry: MockConfigEntry,
    own_folder: Path,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle_module, "SPARE_BYTES", 1 << 62)
    await choose(hass, site_entry)
    issue = issue_registry.async_get_issue(*ISSUE)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert "enough room" in issue.translation_placeholders["reason"]
    assert files(own_folder) == []
    monkeypatch.undo()
    await pass_night(hass, freezer)
    assert issue_registry.async_get_issue(*ISSUE) is None
    assert len(files(own_folder)) == 1


async def test_a_repair_goes_with_the_schedule(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, own_folder: Path, issue_registry: ir.IssueRegistry
) -> None:
    (own_folder / "offline_evse_exports").write_text("in the way")
    await choose(hass, site_entry)
    assert issue_registry.async_get_issue(*ISSUE) is not None
    await choose(hass, site_entry, every="never")
    assert issue_registry.async_get_issue(*ISSUE) is None


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        (Every.NEVER, "2026-11-18T12:00", None),
        (Every.DAY, "2026-11-18T12:00", "2026-11-18T03:15"),
        (Every.DAY, "2026-11-18T03:14", "2026-11-17T03:15"),
        (Every.WEEK, "2026-11-18T12:00", "2026-11-16T03:15"),
        (Every.WEEK, "2026-11-16T03:00", "2026-11-09T03:15"),
        (Every.MONTH, "2026-11-18T12:00", "2026-11-01T03:15"),
        (Every.MONTH, "2026-12-01T03:00", "2026-11-01T03:15"),
    ],
)
def test_when(every: Every, now: str, due: str | None) -> None:
    found = ExportSettings(every=every).due_since(datetime.fromisoformat(now).replace(tzinfo=dt_util.UTC))
    assert found == (datetime.fromisoformat(due).replace(tzinfo=dt_util.UTC) if due else None)
