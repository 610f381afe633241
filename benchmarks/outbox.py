"""How long it takes to find and word the next message to a backend, beside a long history that it has been told.

One session is recorded and copied, entries and all, until there is a history; what is measured comes after it and takes
the ordinary ways, with every step synced to the disk. Answers are made up on the spot.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import batched
from pathlib import Path
import sqlite3
from statistics import quantiles
from tempfile import TemporaryDirectory
import time

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.clock import SystemClock
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.meter import EvseSample
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.transaction import TransactionEventType, TransactionReport
from custom_components.offline_evse.engine.model.upstream.config import LineConfig, UpstreamConfig
from custom_components.offline_evse.engine.uplink.outbox.lane import Lane
from custom_components.offline_evse.engine.uplink.outbox.telling import PAGE
from custom_components.offline_evse.engine.uplink.wire.codec import codec_of
from custom_components.offline_evse.engine.uplink.wire.connection import CallEnd, CallOutcome

from .report import print_table

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_UPSTREAM = "backend"
_STATIONS = 20
_LONG_SAMPLES = 14_000
_AT_ONCE = 400


def _report(
    number: int, event_type: TransactionEventType, at: datetime, register_wh: int, samples: tuple[EvseSample, ...] = ()
) -> TransactionReport:
    return TransactionReport(
        station_id=f"CP{number % _STATIONS:03d}",
        event_type=event_type,
        received_at=at,
        timestamp=at,
        transaction_id=f"T{number}",
        seq_no=int((at - _BEGIN).total_seconds()),
        evse_id=1,
        connector_id=1,
        id_token=IdToken(f"CARD{number % 500:04d}"),
        register_wh=None if samples else register_wh,
        samples=samples,
    )


async def _charge(ledger: Ledger, number: int) -> None:
    begin = _BEGIN + timedelta(minutes=number)
    await ledger.record(_report(number, TransactionEventType.STARTED, begin, number * 1000))
    await ledger.record(_report(number, TransactionEventType.ENDED, begin + timedelta(seconds=50), number * 1000 + 600))


def _copy(path: Path, count: int) -> None:
    """Copy the one session that is in the ledger, so that there are `count` of them, and the backend knows them all."""
    connection = sqlite3.connect(path)
    (session,) = connection.execute("SELECT session FROM transactions").fetchone()
    (began_us,) = connection.execute("SELECT started_us FROM transactions").fetchone()
    (last_seq,) = connection.execute("SELECT max(seq) FROM entries").fetchone()
    told = connection.execute("SELECT * FROM entries WHERE tx = ? ORDER BY seq", (session,)).fetchall()

    def columns(table: str, **changed: str) -> tuple[str, str]:
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        return ", ".join(names), ", ".join(changed.get(name, name) for name in names)

    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
    name, station = "printf('01HISTORY%017d', i)", f"printf('CP%03d', i % {_STATIONS})"
    values = {"first": session, "last": count - 1}
    for table, changed in (
        (
            "transactions",
            {
                "transaction_id": "'T' || i",
                "start_key": "NULL",
                "first_seq": f"{last_seq} + {len(told)} * (i - 1) + 1",
                "started_us": f"{began_us} + i * 60000000",
                "ended_us": f"{began_us} + i * 60000000 + 50000000",
                "last_us": f"{began_us} + i * 60000000 + 50000000",
            },
        ),
        ("deliveries", {}),
    ):
        into, what = columns(table, session=name, station=station, **changed)
        query = f"{numbers} INSERT INTO {table} ({into}) SELECT {what} FROM {table}, n WHERE session = :first"  # noqa: S608 - our own names
        connection.execute(query, values)
    rows = (
        (last_seq + len(told) * number + at + 1, *entry[1:10], f"01HISTORY{number + 1:017d}", entry[11], None)
        for number in range(count - 1)
        for at, entry in enumerate(told)
    )
    connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute("UPDATE upstreams SET cursor = (SELECT max(seq) FROM entries)")
    connection.execute("UPDATE deliveries SET state = 'done', remote_id = session")
    connection.commit()
    connection.close()


async def _charge_long(ledger: Ledger, number: int) -> str:
    begin = _BEGIN + timedelta(minutes=number)
    recorded = await ledger.record(_report(number, TransactionEventType.STARTED, begin, 0))
    for steps in batched(range(1, _LONG_SAMPLES), _AT_ONCE, strict=False):
        times = [begin + timedelta(seconds=60 * step) for step in steps]
        samples = [EvseSample(timestamp=at, energy_import_wh=10 * step) for step, at in zip(steps, times, strict=True)]
        await asyncio.gather(
            *(
                ledger.record(_report(number, TransactionEventType.UPDATED, at, 0, (sample,)))
                for at, sample in zip(times, samples, strict=True)
            )
        )
    end = begin + timedelta(seconds=60 * _LONG_SAMPLES)
    await ledger.record(_report(number, TransactionEventType.ENDED, end, 10 * _LONG_SAMPLES))
    return recorded.transaction.session_id


async def _timed(times_ms: list[float], work: Callable[[], Awaitable[object]]) -> object:
    begun_s = time.perf_counter()
    result = await work()
    times_ms.append((time.perf_counter() - begun_s) * 1000)
    return result


async def _ask_beside(ledger: Ledger, times_ms: list[float]) -> None:
    """Ask small questions all the time, as other lines do."""
    while True:
        await _timed(times_ms, lambda: ledger.book.backlog(_UPSTREAM))


async def _measure(path: Path, history: int, waiting: int) -> dict[str, list[float]]:
    ledger = await Ledger.open(path, SystemClock())
    await ledger.book.open_upstream(_UPSTREAM, _BEGIN)
    await _charge(ledger, 0)
    await ledger.close()
    await asyncio.to_thread(_copy, path, history)
    steps = ("open", "due", "backlog", "next", "ended", "page of records", f"records of {_LONG_SAMPLES}", "beside")
    told: dict[str, list[float]] = {name: [] for name in steps}
    begun_s = time.perf_counter()
    ledger = await Ledger.open(path, SystemClock())
    await ledger.book.open_upstream(_UPSTREAM, _BEGIN)
    told["open"].append((time.perf_counter() - begun_s) * 1000)
    for number in range(waiting):
        await _charge(ledger, (history // _STATIONS + 1 + number) * _STATIONS)
    line = LineConfig(station_id="CP000", identity="CP000")
    config = UpstreamConfig(upstream_id=_UPSTREAM, name="Backend", url="ws://127.0.0.1", lines=(line,))
    lane, codec = Lane(config, line, ledger.book, SystemClock()), codec_of(OcppVersion.V16)
    answers = iter(range(1, 10**9))
    while True:
        await _timed(told["due"], lambda: ledger.book.due(_UPSTREAM, "CP000"))
        await _timed(told["backlog"], lambda: ledger.book.backlog(_UPSTREAM))
        begun_s = time.perf_counter()
        outgoing = await lane.next(codec, telemetry=True)
        if outgoing is None:
            break
        told["next"].append((time.perf_counter() - begun_s) * 1000)
        end = CallEnd(outcome=CallOutcome.ANSWERED, payload={"transactionId": next(answers)}, rtt_s=0.0)
        begun_s = time.perf_counter()
        await lane.ended(outgoing, end, codec)
        told["ended"].append((time.perf_counter() - begun_s) * 1000)
    long = await _charge_long(ledger, (history // _STATIONS + 2 + waiting) * _STATIONS)
    for _ in range(3):
        beside = asyncio.create_task(_ask_beside(ledger, told["beside"]))
        begun_s, seq = time.perf_counter(), 0
        while True:
            page_s = time.perf_counter()
            page = await ledger.book.records(long, seq, limit=PAGE)
            told["page of records"].append((time.perf_counter() - page_s) * 1000)
            if len(page) < PAGE:
                break
            seq = page[-1].seq
        told[f"records of {_LONG_SAMPLES}"].append((time.perf_counter() - begun_s) * 1000)
        beside.cancel()
        await asyncio.wait([beside])
    await ledger.close()
    return told


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000, help="sessions that have been told")
    parser.add_argument("--waiting", type=int, default=200, help="sessions of one charger that wait")
    options = parser.parse_args()
    with TemporaryDirectory(dir=".") as folder:
        told = asyncio.run(_measure(Path(folder) / "ledger.db", options.sessions, options.waiting))
    rows = []
    for name, times_ms in told.items():
        cuts = quantiles(times_ms, n=100) if len(times_ms) > 1 else times_ms * 99
        rows.append((name, str(len(times_ms)), f"{cuts[49]:.2f}", f"{cuts[98]:.2f}"))
    title = f"Telling a backend beside {options.sessions} sessions that it knows"
    print_table(title, ("step", "times", "p50 ms", "p99 ms"), rows)


if __name__ == "__main__":
    main()
