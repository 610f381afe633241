"""Whatever the order, however often, and over restarts: the same totals; and the same rows from the entries alone."""

import asyncio
from pathlib import Path
import sqlite3
import tempfile

from hypothesis import HealthCheck, given, settings, strategies as st

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.ledger.schema import PROJECTIONS
from custom_components.offline_evse.engine.model.transaction import TransactionReport
from tests.engine.clock import ManualClock
from tests.engine.ledger.reports import start, stop, update

LATER = 10_000.0
"""Everything is received after all of it has happened: a charger replays what it kept while it was offline."""


def session(name: str, evse: int, begin: int, register: int, steps: list[int]) -> list[TransactionReport]:
    """A 2.x session with one update every ten minutes."""
    more = {"transaction_id": name, "evse": evse, "received": LATER, "offline": True}
    reports = [start(begin, register, seq_no=0, **more)]
    for number, step in enumerate(steps, 1):
        register += step
        reports.append(
            update(begin + 10 * number, register, name, seq_no=number, evse=evse, received=LATER, offline=True)
        )
    last = len(steps) + 1
    reports.append(stop(begin + 10 * last, register + 7, name, seq_no=last, evse=evse, received=LATER, offline=True))
    return reports


def projections(path: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(path)
    try:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in PROJECTIONS}  # noqa: S608
    finally:
        connection.close()


async def play(path: Path, reports: list[TransactionReport], restarts: set[int]) -> list[tuple[object, ...]]:
    """Record the reports; return what counts of every transaction."""
    clock = ManualClock()
    ledger = await Ledger.open(path, clock, ballast_bytes=0)
    for number, report in enumerate(reports):
        if number in restarts:
            await ledger.close()
            ledger = await Ledger.open(path, clock, ballast_bytes=0)
        await ledger.record(report, name="Ada" if report.id_token else None)
    live = projections(path)
    await ledger.rebuild()
    assert projections(path) == live
    transactions = await ledger.transactions()
    lifetimes = await ledger.lifetimes()
    await ledger.close()
    told = [
        (
            each.transaction_id,
            each.evse_id,
            each.started_at,
            each.ended_at,
            each.energy_wh,
            each.register_start_wh,
            each.register_last_wh,
            each.stop_reason,
            each.name,
        )
        for each in transactions
    ]
    return [*sorted(told), *sorted(lifetimes.items())]


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_order_repetition_and_restarts_change_nothing(data: st.DataObject) -> None:
    steps = st.lists(st.integers(min_value=0, max_value=3000), max_size=5)
    whole: list[TransactionReport] = []
    for evse in (1, 2):
        register, begin = 50_000 * evse, 0
        for number in range(data.draw(st.integers(min_value=1, max_value=3))):
            drawn = data.draw(steps)
            reports = session(f"{evse}-{number}", evse, begin, register, drawn)
            if data.draw(st.booleans()):
                # The stop of this one never comes.
                reports.pop()
            whole += reports
            register += sum(drawn) + 7
            begin += 100
    shuffled = data.draw(st.permutations(whole))
    repeated = shuffled + data.draw(st.lists(st.sampled_from(whole), max_size=10))
    restarts = data.draw(st.sets(st.integers(min_value=0, max_value=len(repeated) - 1), max_size=3))

    async def both() -> None:
        with tempfile.TemporaryDirectory() as folder:
            plain = await play(Path(folder) / "plain.db", whole, set())
            wild = await play(Path(folder) / "wild.db", repeated, restarts)
        assert wild == plain

    asyncio.run(both())
