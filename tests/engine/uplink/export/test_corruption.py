"""Files that were cut, spoiled, changed, lost or mixed up: nothing wrong is ever taken, and nothing right is lost."""

import asyncio
from collections.abc import Callable
from contextlib import closing
import hashlib
import json
from pathlib import Path
import tempfile
from typing import Any
import zipfile

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.upstream.bundle import Bundle
from custom_components.offline_evse.engine.site.records import ExportWhat, Records
from simulator.backend.receiver import Gap, Receiver, RefusedError, main
from tests.engine.clock import ManualClock
from tests.engine.ledger.reports import update
from tests.engine.uplink.export.files import charge, everything, site_of, taken, written

from .conftest import records_of


class Tampering:
    """A bundle that is changed by somebody who can reckon with hashes."""

    def __init__(self, bundle: Bundle) -> None:
        self.path = bundle.path.with_name("changed.zip")
        with zipfile.ZipFile(bundle.path) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}

    def with_entries(self, change: Callable[[list[str]], list[str]]) -> Path:
        lines = change(self.files["entries.jsonl"].decode().splitlines())
        self.files["entries.jsonl"] = "".join(f"{line}\n" for line in lines).encode()
        return self.pack(self.described(json.loads(self.files["manifest.json"])))

    def described(self, manifest: dict[str, Any]) -> dict[str, Any]:
        for name in manifest["files"]:
            content = self.files[name]
            manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        return manifest

    def pack(self, manifest: dict[str, Any]) -> Path:
        self.files["manifest.json"] = json.dumps(manifest).encode()
        with zipfile.ZipFile(self.path, "w") as archive:
            for name, content in self.files.items():
                archive.writestr(name, content)
        return self.path


TAMPERINGS: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "a figure": (lambda lines: [*lines[:1], lines[1].replace("1000", "1001"), *lines[2:]], "another one"),
    "an entry left out": (lambda lines: [*lines[:1], *lines[2:]], "missing or out of order"),
    "the last left out": (lambda lines: lines[:-1], "is missing"),
    "two swapped": (lambda lines: [lines[1], lines[0], *lines[2:]], "missing or out of order"),
    "one twice": (lambda lines: [lines[0], *lines], "missing or out of order"),
    "blanks": (lambda lines: [lines[0].replace(":", ": ", 1), *lines[1:]], "canonical"),
    "a field more": (lambda lines: ['{"extra":1,' + lines[0][1:], *lines[1:]], "fields"),
    "no JSON": (lambda lines: ["{", *lines[1:]], "no entry"),
    "a list": (lambda lines: ["[]", *lines[1:]], "fields"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_a_changed_entry_is_refused(
    ledger: Ledger, records: Records, receiver: Receiver, folder: Path, name: str
) -> None:
    await charge(ledger, 0, 1000)
    bundle = await everything(records, folder)
    receiver.take(bundle.path)
    before = list(receiver.lines(site_of(bundle)))
    change, said = TAMPERINGS[name]
    with pytest.raises(RefusedError, match=said):
        receiver.take(Tampering(bundle).with_entries(change))
    assert list(receiver.lines(site_of(bundle))) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "version 2"),
        ({"count": 1}, "contradicts"),
        ({"checkpoint": "signed"}, "cannot check"),
        ({"files": {}}, "lacks"),
    ],
)
async def test_a_manifest_that_cannot_be_followed_is_refused(
    ledger: Ledger, records: Records, receiver: Receiver, folder: Path, change: dict[str, Any], said: str
) -> None:
    await charge(ledger, 0, 1000)
    forged = Tampering(await everything(records, folder))
    path = forged.pack(json.loads(forged.files["manifest.json"]) | change)
    with pytest.raises(RefusedError, match=said):
        receiver.take(path)
    forged.files["more.txt"] = b""
    with pytest.raises(RefusedError, match="more.txt"):
        receiver.take(forged.pack(change))
    assert receiver.count() == 0


async def test_what_is_missing_is_named(
    ledger: Ledger, records: Records, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundles = []
    for number in range(3):
        await charge(ledger, 60 * number, 3000 * number)
        bundles.append(await records.export(folder))
    first, second, third = (bundle for bundle in bundles if bundle is not None)
    into = str(tmp_path / "office.db")
    assert main([str(first.path), str(third.path), "--into", into]) == 0
    said = capsys.readouterr().out
    assert f"entries {second.found.first_seq} to {second.found.last_seq} are missing" in said
    with closing(Receiver(Path(into))) as office:
        assert office.gaps() == (Gap(site_of(first), second.found.first_seq, second.found.last_seq),)
    second.path.write_bytes(second.path.read_bytes()[:-40])
    assert main([str(second.path), str(first.path), str(tmp_path / "none.zip"), "--into", into]) == 1
    out, err = capsys.readouterr()
    assert f"{second.path.name}: refused. {second.path.name} is damaged or cut short" in err
    assert "none.zip cannot be read" in err
    assert f"0 new, {first.found.count} known (this very file was taken before)" in out


MADE: dict[str, bytes] = {}


def sample() -> tuple[str, bytes]:
    """A bundle of three sessions, made once; its name and content."""

    async def make(folder: Path) -> tuple[str, bytes]:
        ledger = await Ledger.open(folder / "ledger.db", clock := ManualClock())
        for number in range(3):
            await charge(ledger, 60 * number, 3000 * number)
        bundle = await everything(await records_of(ledger, clock), folder / "files")
        await ledger.close()
        return bundle.path.name, bundle.path.read_bytes()

    if not MADE:
        with tempfile.TemporaryDirectory() as folder:
            name, content = asyncio.run(make(Path(folder)))
            MADE[name] = content
    return next(iter(MADE.items()))


def received(content: bytes) -> list[str] | None:
    """What is taken of a file; None: it is refused, and nothing is."""
    name, _ = sample()
    with tempfile.TemporaryDirectory() as folder, closing(Receiver(Path(folder) / "r.db")) as receiver:
        file = Path(folder) / name
        file.write_bytes(content)
        try:
            receiver.take(file)
        except RefusedError:
            assert receiver.count() == 0
            return None
        return list(receiver.lines(name.split("-")[2]))


@given(st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_cut_is_noticed(data: st.DataObject) -> None:
    _, content = sample()
    assert received(content[: data.draw(st.integers(0, len(content) - 1))]) is None


@given(st.data())
@settings(max_examples=120, deadline=None, derandomize=True)
def test_no_corruption_changes_what_is_taken(data: st.DataObject) -> None:
    _, content = sample()
    whole = received(content)
    place = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.sampled_from((1, 1, 4, 200)))
    damage = bytes(byte ^ data.draw(st.integers(1, 255)) for byte in content[place : place + length][:4])
    spoiled = content[:place] + damage + content[place + len(damage) :]
    assert received(spoiled) in (None, whole)


STEPS = st.lists(st.sampled_from(("charge", "note", "new", "all", "again", "late")), min_size=1, max_size=12)


@given(STEPS, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_any_files_in_any_order_come_to_the_ledger(steps: list[str], random: Any) -> None:
    async def play(folder: Path) -> None:
        clock = ManualClock()
        ledger = await Ledger.open(folder / "ledger.db", clock)
        records = await records_of(ledger, clock)
        files: list[Bundle] = []
        for number, step in enumerate([*steps, "new"]):
            match step:
                case "charge":
                    await charge(ledger, 60 * number, 3000 * number)
                case "note":
                    await ledger.append("note", data={"n": number})
                case "late":
                    await ledger.record(update(60 * number, 1, None, received=60 * number + 600))
                case "again":
                    await ledger.close()
                    ledger = await Ledger.open(folder / "ledger.db", clock)
                    records = await records_of(ledger, clock)
                case _:
                    bundle = await records.export(folder / "files", ExportWhat(step))
                    files += [bundle] if bundle else []
        await ledger.close()
        delivered = files + files[: len(files) // 2]
        random.shuffle(delivered)
        with closing(Receiver(folder / "r.db")) as receiver:
            for bundle in delivered:
                receiver.take(bundle.path)
            assert receiver.gaps() == ()
            if files:
                last = max(bundle.found.last_seq for bundle in files)
                assert taken(receiver, site_of(files[0])) == written(folder / "ledger.db")[:last]

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))
