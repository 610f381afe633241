"""Files of records: what is written is what is taken in, once, and whatever happens to it on the way is noticed."""

import asyncio
from contextlib import closing, suppress
import csv
from datetime import timedelta
from io import StringIO
import json
from pathlib import Path
import shutil
from typing import Any
import zipfile

import pytest

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.failure import LedgerFullError
from custom_components.offline_evse.engine.model.upstream.bundle import (
    BUNDLE_NAME,
    BundleError,
    BundleRange,
    BundleWanted,
)
from custom_components.offline_evse.engine.site.records import ExportWhat, Records
from custom_components.offline_evse.engine.uplink.export.bundle import SPARE_BYTES, BundleWriter
from simulator.backend.receiver import Receiver
from tests.engine.clock import NOON, ManualClock
from tests.engine.ledger.reports import CARD, start
from tests.engine.uplink.export.files import charge, everything, member, site_of, taken, written

from .conftest import records_of


async def test_what_is_taken_in_is_the_ledger(
    ledger: Ledger, records: Records, receiver: Receiver, path: Path, folder: Path
) -> None:
    await charge(ledger, 0, 1000)
    await ledger.append("note", data={"text": "Grüße \u007f ☂", "figure": 0.1, "big": 2**70})
    bundle = await everything(records, folder)
    result = receiver.take(bundle.path)
    assert (result.new_count, result.known_count) == (bundle.found.count, 0)
    assert taken(receiver, site_of(bundle)) == written(path)[: bundle.found.last_seq]
    assert receiver.gaps() == ()
    assert BUNDLE_NAME.fullmatch(bundle.path.name)


async def test_the_next_file_goes_on(
    ledger: Ledger, records: Records, receiver: Receiver, path: Path, folder: Path
) -> None:
    await charge(ledger, 0, 1000)
    first = await records.export(folder)
    assert first is not None
    assert await records.export(folder) is None, "its own note is no news"
    await charge(ledger, 60, 3000)
    second = await records.export(folder)
    assert second is not None
    assert second.found.first_seq == first.found.last_seq + 1
    for bundle in (second, first):
        receiver.take(bundle.path)
    assert receiver.gaps() == ()
    assert taken(receiver, site_of(first)) == written(path)[: second.found.last_seq]


async def test_every_target_has_its_own_place(
    ledger: Ledger, records: Records, clock: ManualClock, folder: Path
) -> None:
    await charge(ledger, 0, 1000)
    assert await records.export(folder, target="employer") is not None
    assert await records.export(folder, target="operator") is not None
    again = await records_of(ledger, clock)
    assert again.exported_at("employer") == NOON
    assert again.exported_at("nobody") is None
    assert await again.export(folder, target="employer") is None


async def test_a_time_only(ledger: Ledger, records: Records, clock: ManualClock, folder: Path) -> None:
    await charge(ledger, 0, 1000)
    await clock.advance(3600)
    began = clock.now()
    session = await charge(ledger, 60, 3000)
    await clock.advance(3600)
    await charge(ledger, 120, 5000)
    bundle = await records.export(
        folder, ExportWhat.PERIOD, since=began - timedelta(minutes=1), until=began + timedelta(minutes=1)
    )
    assert bundle is not None
    rows = list(csv.DictReader(StringIO(member(bundle, "sessions.csv"), newline="")))
    assert [row["session_id"] for row in rows] == [session]
    assert await records.export(folder, ExportWhat.PERIOD, since=began + timedelta(days=2)) is None
    whole = await records.export(folder)
    assert whole is not None
    assert whole.found.first_seq == 1, "a period moves nobody's place"


async def test_people_are_pseudonyms_unless_names_are_asked_for(ledger: Ledger, records: Records, folder: Path) -> None:
    await charge(ledger, 0, 1000, name="-Ada")
    plain = await everything(records, folder)
    with zipfile.ZipFile(plain.path) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Ada" not in content
    assert CARD.value.encode() not in content
    named = await everything(records, folder, names=True)
    (row,) = csv.DictReader(StringIO(member(named, "sessions.csv"), newline=""))
    assert row["holder_name"] == "'-Ada", "no spreadsheet takes it for a formula"
    assert row["charger"] == "'=Garage"
    assert row["holder"] == ledger.subject_of(CARD)
    assert "Ada" not in member(named, "entries.jsonl")
    assert named.path != plain.path
    assert named.path.stat().st_mode & 0o077 == 0


async def test_the_table_has_exact_figures_and_flags(ledger: Ledger, records: Records, folder: Path) -> None:
    await charge(ledger, 0, 1000)
    running = await ledger.record(start(60, 2300))
    await ledger.close_transaction(running.transaction.session_id, reason="gone")
    await ledger.record(start(90, 2300, offline=True, station="street"))
    bundle = await everything(records, folder)
    rows = csv.DictReader(StringIO(member(bundle, "sessions.csv"), newline=""))
    ended, closed, live = sorted(rows, key=lambda row: row["start"])
    assert (ended["energy_kwh"], ended["register_start_wh"], ended["register_stop_wh"]) == ("1.234", "1000", "2234")
    assert (ended["start"], ended["end"]) == ("2026-06-01T12:00:00.000Z", "2026-06-01T12:30:00.000Z")
    assert [ended["flags"], closed["flags"], live["flags"]] == ["", "end_estimated", "running offline"]
    assert live["charger"] == "street", "one that is not at the site any more goes by its id"


async def test_an_older_copy_of_the_ledger_is_put_back(
    ledger: Ledger, path: Path, clock: ManualClock, folder: Path, receiver: Receiver, tmp_path: Path
) -> None:
    await charge(ledger, 0, 1000)
    records = await records_of(ledger, clock)
    early = await records.export(folder)
    assert early is not None
    await ledger.close()
    shutil.copytree(path.parent, tmp_path / "copy")
    later = await Ledger.open(path, clock)
    await charge(later, 60, 3000)
    records = await records_of(later, clock)
    late = await records.export(folder)
    assert late is not None
    # Of the old copy only the database: beside it lies what tells how far the ledger had come.
    head = path.with_suffix(".head").read_bytes()
    await later.close()
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (path.parent / name).unlink(missing_ok=True)
        if (tmp_path / "copy" / name).exists():
            shutil.copy(tmp_path / "copy" / name, path.parent / name)
    path.with_suffix(".head").write_bytes(head)
    restored = await Ledger.open(path, clock)
    await charge(restored, 120, 9000)
    records = await records_of(restored, clock)
    new = await records.export(folder)
    whole = await everything(records, folder)
    await restored.close()
    assert new is not None
    assert new.cursor.epoch == early.cursor.epoch + 1
    for bundle in (early, late, new, whole):
        receiver.take(bundle.path)
    assert receiver.gaps() == ()
    manifest = json.loads(member(whole, "manifest.json"))
    assert [it["epoch"] for it in manifest["epochs"]] == [1, 2]
    assert manifest["epochs"][1]["first_seq"] == manifest["epochs"][0]["last_seq"] + 1


async def test_a_cursor_that_the_ledger_does_not_know_begins_at_the_fork(ledger: Ledger, records: Records) -> None:
    await charge(ledger, 0, 1000)
    source = ledger.export_source()
    head = source.head()
    assert head is not None
    assert source.after(head) == head.seq
    assert source.after(type(head)(head.epoch, head.seq, "somebody else's")) == 0
    assert source.after(type(head)(head.epoch - 1, 40, "of before")) == 0
    source.close()


async def test_nothing_is_left_of_a_file_that_cannot_be_written(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    await charge(ledger, 0, 1000)
    wanted = BundleWanted(
        found=BundleRange(1, 4), folder=folder, site_name="Home", names=False, made_at=NOON, station_names=()
    )

    def reason(**more: Any) -> str:
        source = ledger.export_source()
        with pytest.raises(BundleError) as caught, closing(source):
            BundleWriter(source, more.pop("wanted", wanted), **more).write()
        return caught.value.reason

    room = iter((SPARE_BYTES, SPARE_BYTES - 1))
    assert reason(free_bytes=lambda _: next(room)) == "disk_full"
    assert reason(stopped=lambda: True) == "stopped"
    beyond = BundleWanted(found=BundleRange(1, 900), folder=folder, site_name="", names=False, made_at=NOON)
    assert reason(wanted=beyond) == "changed"
    (tmp_path / "file").write_text("in the way")
    nowhere = BundleWanted(found=BundleRange(1, 4), folder=tmp_path / "file", site_name="", names=False, made_at=NOON)
    assert reason(wanted=nowhere) == "unwritable"
    assert list(folder.iterdir()) == []


async def test_a_closed_site_writes_nothing_more(ledger: Ledger, records: Records, folder: Path) -> None:
    await charge(ledger, 0, 1000)
    await records.close()
    with pytest.raises(BundleError, match="stopped"):
        await records.export(folder)


async def test_whoever_is_cancelled_leaves_nothing(ledger: Ledger, records: Records, folder: Path) -> None:
    for number in range(5):
        await charge(ledger, 60 * number, 3000 * number)
    writing = asyncio.get_running_loop().create_task(records.export(folder))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert [file for file in folder.glob("**/*") if file.suffix == ".part"] == []
    assert await records.export(folder) is not None


async def fill(ledger: Ledger) -> None:
    """Write until the disk takes nothing more, however small."""
    for length in (4000, 400, 40, 1):
        with suppress(LedgerFullError):
            while True:
                await ledger.append("note", data={"text": "." * length})


async def test_a_full_ledger_is_exported_all_the_same(
    path: Path, clock: ManualClock, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = await Ledger.open(path, clock, ballast_bytes=0, quota_bytes=400_000)
    await charge(ledger, 0, 1000)
    await fill(ledger)
    records = await records_of(ledger, clock)
    bundle = await records.export(folder)
    await ledger.close()
    assert bundle is not None
    assert bundle.path.exists()
    assert "the next file repeats" in caplog.text
