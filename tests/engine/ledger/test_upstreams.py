"""The account of backends: which sessions they are to hear of, and how far they have got, through everything."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import shutil
import sqlite3

import pytest

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.upstream.delivery import DeliveryState, PendingCall, SessionDelivery
from custom_components.offline_evse.engine.model.upstream.record import RecordKind
from tests.engine.clock import ManualClock, settle
from tests.engine.ledger.reports import CARD, GARBAGE_TIME, at, start, stop, update

MONTA = "monta"
CALL = PendingCall(
    message_id="1",
    action="StartTransaction",
    frame=f'[2,"1","StartTransaction",{{"idTag":"{CARD.value}"}}]',
    through_seq=2,
)


async def session(ledger: Ledger, name: str, begin: float, *, end: float | None = None, station: str = "garage") -> str:
    recorded = await ledger.record(start(begin, 1000, transaction_id=name, seq_no=0, station=station))
    if end is not None:
        await ledger.record(stop(end, 1700, name, seq_no=1, station=station))
    return recorded.transaction.session_id


async def delivery(ledger: Ledger, session_id: str) -> SessionDelivery:
    due = await ledger.book.delivery(MONTA, session_id)
    assert due is not None
    return due.delivery


def entries(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT type FROM entries WHERE type LIKE 'upstream.%' ORDER BY seq")
        return [row[0] for row in rows]
    finally:
        connection.close()


async def test_a_backend_hears_of_sessions_that_begin_after_it_was_set_up(ledger: Ledger, clock: ManualClock) -> None:
    await session(ledger, "before", -10)
    await clock.advance(60)
    await ledger.book.open_upstream(MONTA, None)
    after = await session(ledger, "after", 2)
    other = await session(ledger, "other", 3, station="yard")
    await ledger.book.open_upstream(MONTA, None)
    assert [due.transaction.session_id for due in await ledger.book.due(MONTA, "garage")] == [after]
    assert [due.transaction.session_id for due in await ledger.book.due(MONTA, "yard")] == [other]
    assert (await ledger.book.backlog(MONTA)).session_count == 2


async def test_a_time_that_somebody_names_brings_earlier_sessions_in_and_takes_them_out(ledger: Ledger) -> None:
    early, late = await session(ledger, "early", -60, end=-30), await session(ledger, "late", -10, end=-5)
    await ledger.book.open_upstream(MONTA, at(-20))
    assert [due.transaction.session_id for due in await ledger.book.due(MONTA, "garage")] == [late]
    await ledger.book.open_upstream(MONTA, at(-90))
    assert [due.transaction.session_id for due in await ledger.book.due(MONTA, "garage")] == [early, late]
    await ledger.book.open_upstream(MONTA, at(0))
    assert await ledger.book.due(MONTA, "garage") == ()


async def test_a_charger_that_joins_later_is_told_from_then_on(ledger: Ledger) -> None:
    await ledger.book.open_upstream(MONTA, None, stations=["garage"])
    await session(ledger, "private", 1, station="yard")
    await ledger.book.open_upstream(MONTA, None, stations=["garage", "yard"])
    told = await session(ledger, "told", 2, station="yard")
    assert [due.transaction.session_id for due in await ledger.book.due(MONTA, "yard")] == [told]
    await ledger.book.open_upstream(MONTA, None, stations=["garage"])
    assert (await ledger.book.backlog(MONTA)).session_count == 0


async def test_a_running_session_that_the_backend_knows_is_no_backlog(ledger: Ledger) -> None:
    await ledger.book.open_upstream(MONTA, at(0))
    first = await session(ledger, "a", 1)
    assert (await ledger.book.backlog(MONTA)).oldest == at(1)
    known = replace(await delivery(ledger, first), state=DeliveryState.RUNNING, remote_id="8000", meter_start_wh=1000)
    await ledger.book.save(known)
    assert (await ledger.book.backlog(MONTA)).session_count == 0
    found = await ledger.book.by_remote_id(MONTA, "garage", "8000")
    assert found is not None
    assert found.delivery == known
    await ledger.record(stop(9, 1700, "a", seq_no=1))
    assert (await ledger.book.backlog(MONTA)).session_count == 1


async def test_what_was_told_outlives_restarts_and_rebuilds_and_is_proven_by_entries(
    path: Path, clock: ManualClock
) -> None:
    ledger = await Ledger.open(path, clock)
    await ledger.book.open_upstream(MONTA, at(0))
    one = await session(ledger, "a", 1, end=9)
    full = replace(
        await delivery(ledger, one),
        state=DeliveryState.STARTING,
        pending=replace(CALL, sent_count=2, refused_count=1),
        told_until=at(3),
        gaps=((at(1), at(2)),),
        detail="InternalError",
        meter_start_wh=1000,
    )
    await ledger.book.save(full)
    await ledger.rebuild()
    await ledger.close()
    assert CARD.value.encode() not in path.read_bytes()
    ledger = await Ledger.open(path, clock)
    assert await delivery(ledger, one) == full
    running = replace(full, state=DeliveryState.RUNNING, remote_id="8000", pending=None)
    await ledger.book.save(running)
    await ledger.book.save(replace(running, state=DeliveryState.AMBIGUOUS))
    assert [due.transaction.session_id for due in await ledger.book.parked(MONTA)] == [one]
    assert await ledger.book.due(MONTA, "garage") == ()
    await ledger.book.save(replace(running, state=DeliveryState.DONE, energy_wh=700, ended_at=at(9)))
    assert (await ledger.book.backlog(MONTA)).session_count == 0
    await ledger.close()
    assert entries(path) == ["upstream.started", "upstream.parked", "upstream.settled", "upstream.ended"]


async def test_a_removed_backend_is_forgotten_and_late_answers_do_not_bring_it_back(ledger: Ledger) -> None:
    await ledger.book.open_upstream(MONTA, at(0))
    one = await session(ledger, "a", 1)
    kept = await delivery(ledger, one)
    await ledger.book.close_upstream(MONTA)
    await ledger.book.save(replace(kept, state=DeliveryState.RUNNING, remote_id="1"))
    assert await ledger.book.delivery(MONTA, one) is None


async def test_energy_that_changes_after_the_end_was_told_waits_for_a_person(ledger: Ledger, path: Path) -> None:
    await ledger.book.open_upstream(MONTA, at(0))
    one = await session(ledger, "a", 1)
    await ledger.record(update(5, 1500, "a", seq_no=1))
    closed = await ledger.close_transaction(one, reason="abandoned")
    assert closed is not None
    told = replace(await delivery(ledger, one), state=DeliveryState.DONE, remote_id="8000", energy_wh=500)
    await ledger.book.save(replace(told, ended_at=closed.ended_at))
    assert (await delivery(ledger, one)).state is DeliveryState.DONE
    await ledger.record(stop(9, 1700, "a", seq_no=2))
    assert (await delivery(ledger, one)).state is DeliveryState.AMBIGUOUS
    assert entries(path)[-2:] == ["upstream.differs", "upstream.parked"]


async def test_what_was_on_its_way_in_a_backup_waits_for_a_person(path: Path, clock: ManualClock) -> None:
    ledger = await Ledger.open(path, clock)
    await ledger.book.open_upstream(MONTA, at(0))
    waiting, flying, running = [await session(ledger, name, number) for number, name in enumerate("abc", 1)]
    await ledger.book.save(replace(await delivery(ledger, flying), state=DeliveryState.STARTING, pending=CALL))
    known = replace(await delivery(ledger, running), state=DeliveryState.RUNNING, remote_id=running, next_seq_no=4)
    await ledger.book.save(known)
    await ledger.close()
    shutil.copy(path, path.with_suffix(".backup"))
    ledger = await Ledger.open(path, clock)
    await session(ledger, "later", 20)
    await ledger.close()
    shutil.copy(path.with_suffix(".backup"), path)
    for rest in ("-wal", "-shm"):
        Path(f"{path}{rest}").unlink(missing_ok=True)
    ledger = await Ledger.open(path, clock)
    assert (await delivery(ledger, waiting)).state is DeliveryState.WAITING
    assert (await delivery(ledger, flying)).state is DeliveryState.AMBIGUOUS
    assert (await delivery(ledger, flying)).pending == CALL
    assert (await delivery(ledger, running)).next_seq_no > 1000
    await ledger.close()
    assert entries(path)[-1] == "upstream.parked"


async def test_forgetting_a_person_takes_the_card_out_of_messages_on_their_way(ledger: Ledger) -> None:
    await ledger.book.open_upstream(MONTA, at(0))
    one = await session(ledger, "a", 1)
    await ledger.book.save(replace(await delivery(ledger, one), state=DeliveryState.STARTING, pending=CALL))
    await ledger.forget(CARD)
    assert (await delivery(ledger, one)).pending is None
    assert (await delivery(ledger, one)).state is DeliveryState.AMBIGUOUS


async def test_records_tell_a_session_in_pages_with_its_holder_and_the_time_to_go_by(ledger: Ledger) -> None:
    one = await session(ledger, "a", 1)
    await session(ledger, "b", 2, station="yard")
    await ledger.record(update(3, 1200, "a", seq_no=1, timestamp=GARBAGE_TIME))
    await ledger.record(update(4, 1300, "a", seq_no=2))
    await ledger.close_transaction(one, reason="abandoned")
    first = await ledger.book.records(one, 0, limit=2)
    rest = await ledger.book.records(one, first[-1].seq)
    kinds = [record.kind for record in first + rest]
    assert kinds == [RecordKind.STARTED, RecordKind.UPDATED, RecordKind.UPDATED, RecordKind.CLOSED]
    assert first[0].id_token == CARD
    assert first[1].timestamp == first[1].received_at == at(3)
    assert [sample.energy_import_wh for sample in rest[0].samples] == [1300]
    assert rest[-1].stop_reason == "abandoned"


async def test_listeners_hear_of_a_charger_once_per_commit_and_after_it(ledger: Ledger) -> None:
    heard: list[str] = []
    end = ledger.book.on_recorded(heard.append)
    begun = await asyncio.gather(*(session(ledger, str(number), number, station="yard") for number in range(1, 20)))
    await settle()
    assert set(heard) == {"yard"}
    assert 1 <= len(heard) < len(begun)
    end()
    await session(ledger, "unheard", 30)
    await settle()
    assert "garage" not in heard


async def test_nobody_else_writes_what_proves_a_delivery(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="upstream"):
        await ledger.append("upstream.ended", data={})


async def test_a_file_of_the_version_before_goes_on_with_what_it_has(path: Path, clock: ManualClock) -> None:
    ledger = await Ledger.open(path, clock)
    old = await session(ledger, "old", 1, end=9)
    await ledger.close()
    connection = sqlite3.connect(path)
    connection.executescript(
        "DROP TABLE upstreams; DROP TABLE deliveries; DROP INDEX transactions_first; DROP INDEX entries_session;"
        "PRAGMA user_version = 4;"
    )
    connection.close()
    ledger = await Ledger.open(path, clock)
    await ledger.book.open_upstream(MONTA, at(0) - timedelta(days=1))
    assert [due.transaction.session_id for due in await ledger.book.due(MONTA, "garage")] == [old]
    assert len(await ledger.book.records(old, 0)) == 2
    await ledger.close()
