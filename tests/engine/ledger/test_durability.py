import asyncio
import os
from pathlib import Path
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading

import pytest

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.failure import LedgerFullError, LedgerUnavailableError
from tests.engine.clock import ManualClock
from tests.engine.ledger.reports import at, start, stop, update

ROUNDS = 20

WRITERS = """
    import asyncio, os, sys
    from pathlib import Path
    from custom_components.offline_evse.engine.ledger.ledger import Ledger
    from custom_components.offline_evse.engine.model.clock import SystemClock
    from tests.engine.ledger.reports import start, update

    def tell(*words):
        # One write each: a kill leaves whole lines only.
        os.write(1, (" ".join(map(str, words)) + "\\n").encode())

    async def main(number):
        ledger = await Ledger.open(Path(sys.argv[1]), SystemClock())
        async def charge(evse):
            begun = await ledger.record(start(number * 1000, 1000, evse=evse))
            tell("start", begun.transaction.transaction_id, begun.seq)
            for minute in range(1, 1000):
                report = update(number * 1000 + minute, 1000 + minute, begun.transaction.transaction_id, evse=evse)
                recorded = await ledger.record(report)
                tell("update", begun.transaction.transaction_id, recorded.seq)
        await asyncio.gather(*(charge(evse) for evse in range(1, 9)))

    for number in range(int(sys.argv[2])):
        pid = os.fork()
        if not pid:
            asyncio.run(main(number))
            os._exit(0)
        tell("pid", pid, 0)
        os.waitpid(pid, 0)
"""


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def answers_of_killed_writers(path: Path) -> list[tuple[str, str, int]]:
    """Let writers record as fast as they can and kill each at a moment of its own; return what they had answered."""
    chance = random.Random(7)
    answered: list[tuple[str, str, int]] = []
    pid, patience = 0, 0
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITERS), str(path), str(ROUNDS)], stdout=subprocess.PIPE, text=True
    ) as writers:
        assert writers.stdout is not None
        for line in writers.stdout:
            kind, name, seq = line.split()
            if kind == "pid":
                pid, patience = int(name), chance.randrange(1, 80)
                continue
            answered.append((kind, name, int(seq)))
            patience -= 1
            if patience == 0:
                os.kill(pid, signal.SIGKILL)
    return answered


async def test_nothing_that_was_answered_is_lost_by_kill_9(path: Path, clock: ManualClock) -> None:
    answered = answers_of_killed_writers(path)
    assert len(answered) >= ROUNDS
    ledger = await Ledger.open(path, clock)
    try:
        await ledger.rebuild()
        stored = {row[0]: row[1] for row in rows(path, "SELECT seq, type FROM entries")}
        assert list(stored) == list(range(1, len(stored) + 1))
        types = {"start": "transaction.started", "update": "transaction.updated"}
        assert all(stored[seq] == types[kind] for kind, _, seq in answered)
        started = [transaction_id for kind, transaction_id, _ in answered if kind == "start"]
        assert len(set(started)) == len(started)
        known = {transaction.transaction_id for transaction in await ledger.transactions(limit=10_000)}
        assert set(started) <= known
    finally:
        await ledger.close()


async def test_what_queues_up_during_a_commit_shares_the_next(path: Path, clock: ManualClock) -> None:
    commits: list[int] = []
    disk = threading.Event()
    disk.set()

    class Slow(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            if sql == "COMMIT":
                assert disk.wait(10)
                commits.append(super().execute("SELECT max(seq) FROM entries").fetchone()[0])
            return super().execute(sql, *values)

    ledger = await Ledger.open(path, clock, connection_class=Slow)
    try:
        commits.clear()
        disk.clear()
        waiting = [asyncio.create_task(ledger.append("noise", data={"n": number})) for number in range(500)]
        await asyncio.sleep(0)
        disk.set()
        first, *others = await asyncio.gather(*waiting)
        assert others == list(range(first + 1, first + 500))
        # One that began at once, however many it caught, and then full batches.
        assert len(commits) <= 3
    finally:
        await ledger.close()


async def test_one_bad_record_spoils_no_other(ledger: Ledger) -> None:
    results = await asyncio.gather(
        ledger.append("noise", data={"n": 1}),
        ledger.append("noise", data={"n": object()}),  # type: ignore[dict-item]
        ledger.append("transaction.ended", data={}),
        ledger.append("noise", data={"n": 2}),
        return_exceptions=True,
    )
    assert isinstance(results[1], TypeError)
    assert isinstance(results[2], ValueError)
    assert results[3] == int(results[0]) + 1  # type: ignore[call-overload]


async def test_caller_who_is_cancelled_loses_the_answer_only(ledger: Ledger) -> None:
    recording = asyncio.create_task(ledger.record(start(0, 1000)))
    await asyncio.sleep(0)
    recording.cancel()
    with pytest.raises(asyncio.CancelledError):
        await recording
    again = await ledger.record(start(0, 1000))
    assert again.duplicate
    assert len(await ledger.open_transactions()) == 1


async def test_close_writes_what_is_waiting(path: Path, clock: ManualClock) -> None:
    ledger = await Ledger.open(path, clock)
    waiting = [asyncio.create_task(ledger.append("noise", data={"n": number})) for number in range(300)]
    await asyncio.sleep(0)
    await ledger.close()
    assert len(await asyncio.gather(*waiting)) == 300
    assert rows(path, "SELECT count(*) FROM entries WHERE type = 'noise'") == [(300,)]
    with pytest.raises(LedgerUnavailableError):
        await ledger.append("noise", data={})


@pytest.mark.parametrize(
    "change",
    ["UPDATE entries SET body = '{}' WHERE seq = 1", "DELETE FROM entries WHERE seq = 1"],
    ids=["changed", "deleted"],
)
async def test_entries_can_not_be(ledger: Ledger, path: Path, change: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        rows(path, change)


async def fill(ledger: Ledger) -> None:
    for number in range(1000):
        await ledger.append("noise", data={"n": "x" * 4000, "i": number})


async def test_full_disk_lets_sessions_end_and_none_begin(path: Path, clock: ManualClock) -> None:
    told: list[Exception | None] = []
    quota, ballast = 900_000, 300_000
    ledger = await Ledger.open(path, clock, quota_bytes=quota, ballast_bytes=ballast)
    ledger.on_failure = told.append
    begun = (await ledger.record(start(0, 1000))).transaction
    number = 0
    while ledger.healthy:
        number += 1
        await ledger.append("noise", data={"n": "x" * 4000})
        assert number < 1000
    assert isinstance(told[-1], LedgerFullError)
    assert not path.with_suffix(".ballast").exists()
    with pytest.raises(LedgerFullError):
        await ledger.record(start(1, 1000, evse=2))
    with pytest.raises(LedgerFullError):
        await ledger.record(start(1, 1000, transaction_id="abc", evse=3, seq_no=0))
    assert (await ledger.record(start(0, 1000))).duplicate
    running = (await ledger.record(update(10, 2000, begun.transaction_id))).transaction
    assert running.energy_wh == 1000
    assert (await ledger.record(stop(20, 3000, begun.transaction_id))).transaction.energy_wh == 2000
    with pytest.raises(LedgerFullError):
        await fill(ledger)
    await ledger.close()
    roomy = await Ledger.open(path, clock, quota_bytes=quota * 2, ballast_bytes=ballast)
    try:
        assert roomy.healthy
        assert (await roomy.record(start(1, 1000, evse=2))).transaction.transaction_id == "2"
    finally:
        await roomy.close()


class Failing(sqlite3.Connection):
    """A disk whose fsync fails: before the commit has reached it, or after."""

    when: str | None = None

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        if sql == "COMMIT" and Failing.when is not None:
            when, Failing.when = Failing.when, None
            if when == "after":
                super().execute(sql)
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error
        return super().execute(sql, *values)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_failing_fsync(path: Path, clock: ManualClock, when: str) -> None:
    told: list[Exception | None] = []
    ledger = await Ledger.open(path, clock, connection_class=Failing)
    ledger.on_failure = told.append
    try:
        Failing.when = when
        (outcome,) = await asyncio.gather(ledger.record(start(0, 1000)), return_exceptions=True)
        if when == "before":
            assert isinstance(outcome, LedgerUnavailableError)
        else:
            assert not isinstance(outcome, BaseException)
        again = await ledger.record(start(0, 1000))
        assert again.duplicate is (when == "after")
        assert len(await ledger.open_transactions()) == 1
        assert isinstance(told[0], sqlite3.OperationalError)
        assert told[-1] is None
        assert ledger.healthy
    finally:
        await ledger.close()


async def test_second_process_is_turned_away(ledger: Ledger, path: Path, clock: ManualClock) -> None:
    with pytest.raises(LedgerUnavailableError) as refused:
        await Ledger.open(path, clock)
    assert refused.value.reason == "locked"
    assert await ledger.append("noise", data={}) > 0


@pytest.mark.parametrize("content", [b"not a database at all" * 500, b"SQLite format 3\x00" + b"\xff" * 8000])
async def test_file_that_is_no_ledger(path: Path, clock: ManualClock, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(LedgerUnavailableError) as refused:
        await Ledger.open(path, clock)
    assert refused.value.reason == "corrupt"
    assert path.read_bytes() == content


async def test_ledger_of_a_newer_version(ledger: Ledger, path: Path, clock: ManualClock) -> None:
    await ledger.close()
    rows(path, "PRAGMA user_version = 99")
    with pytest.raises(LedgerUnavailableError) as refused:
        await Ledger.open(path, clock)
    assert refused.value.reason == "newer_version"


async def test_older_projections_are_rebuilt_on_opening(ledger: Ledger, path: Path, clock: ManualClock) -> None:
    before = (await ledger.record(start(0, 1000), name="Ada")).transaction
    await ledger.close()
    connection = sqlite3.connect(path, autocommit=True)
    connection.execute("UPDATE versions SET value = 0")
    connection.execute("DELETE FROM transactions")
    connection.close()
    reopened = await Ledger.open(path, clock)
    try:
        assert await reopened.open_transactions() == (before,)
    finally:
        await reopened.close()


async def test_restored_backup_begins_a_new_epoch(ledger: Ledger, path: Path, clock: ManualClock) -> None:
    await ledger.record(start(0, 1000))
    await ledger.close()
    backup = path.read_bytes()
    ledger = await Ledger.open(path, clock)
    await ledger.record(start(100, 1000, evse=2))
    await ledger.record(start(100, 1000, evse=3))
    await ledger.close()
    path.write_bytes(backup)
    ledger = await Ledger.open(path, clock)
    try:
        fresh = await ledger.record(start(200, 1000, evse=4))
        assert fresh.transaction.transaction_id == "4"
        epochs = rows(path, "SELECT epoch, count(*) FROM entries GROUP BY epoch")
        assert epochs == [(1, 2), (2, 2)]
        ((body,),) = rows(path, "SELECT body FROM entries WHERE type = 'epoch.start' AND epoch = 2")
        assert '"prev_epoch":1' in str(body)
        assert '"reason":"behind"' in str(body)
    finally:
        await ledger.close()
    ledger = await Ledger.open(path, clock)
    await ledger.close()
    assert rows(path, "SELECT max(epoch) FROM entries") == [(2,)]


async def test_copy_of_a_frozen_ledger_is_whole_in_any_order(ledger: Ledger, path: Path, clock: ManualClock) -> None:
    await ledger.record(start(0, 1000))
    await ledger.freeze()
    database = path.read_bytes()
    await asyncio.gather(*(ledger.append("noise", data={"n": "x" * 4000, "i": number}) for number in range(700)))
    log = path.with_name("ledger.db-wal").read_bytes()
    assert path.read_bytes() == database
    copy = path.parent.parent / "copy" / "ledger.db"
    copy.parent.mkdir()
    copy.write_bytes(database)
    copy.with_name("ledger.db-wal").write_bytes(log)
    restored = await Ledger.open(copy, clock)
    assert len(await restored.open_transactions()) == 1
    await restored.close()
    assert rows(copy, "PRAGMA integrity_check") == [("ok",)]
    await clock.advance(1801)
    await asyncio.gather(*(ledger.append("noise", data={"n": "x" * 4000, "i": number}) for number in range(700)))
    assert path.read_bytes() != database


async def test_clock_step_is_noted(ledger: Ledger, path: Path, clock: ManualClock) -> None:
    await ledger.append("noise", data={})
    await clock.advance(3600)
    await ledger.append("noise", data={})
    clock.jump_wall(at(600))
    await ledger.append("noise", data={})
    steps = rows(path, "SELECT body FROM entries WHERE type = 'clock.step'")
    assert steps == [('{"by_ms":32400000}',)]
