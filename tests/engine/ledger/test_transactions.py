import sqlite3

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import EvseKey
from tests.engine.clock import ManualClock
from tests.engine.ledger.reports import CARD, GARBAGE_TIME, at, start, stop, update

EVSE = EvseKey("garage", 1)


async def test_session_from_start_to_stop(ledger: Ledger) -> None:
    begun = (await ledger.record(start(0, 5_000_000), name="Ada")).transaction
    assert begun.transaction_id == "1"
    assert begun.is_open
    assert begun.started_at == at(0)
    running = (await ledger.record(update(10, 5_001_000, "1"))).transaction
    assert running.energy_wh == 1000
    ended = (await ledger.record(stop(60, 5_007_321, "1"))).transaction
    assert ended.energy_wh == 7321
    assert ended.session_id == begun.session_id
    assert (ended.ended_at, ended.stop_reason, ended.name, ended.id_token) == (at(60), "Local", "Ada", CARD)
    assert await ledger.open_transactions() == ()
    assert await ledger.transactions() == (ended,)
    assert await ledger.lifetime(EVSE) == 5_007_321


async def test_two_starts_in_one_second_get_two_ids(ledger: Ledger) -> None:
    one = await ledger.record(start(0, 100))
    two = await ledger.record(start(0, 100, evse=2))
    other = await ledger.record(start(0, 100, station="yard"))
    assert [recorded.transaction.transaction_id for recorded in (one, two, other)] == ["1", "2", "3"]


async def test_repeated_start_returns_the_same_transaction(ledger: Ledger) -> None:
    first = await ledger.record(start(0, 100))
    again = await ledger.record(start(0, 100, received=3))
    assert again.duplicate
    assert again.seq == first.seq
    assert again.transaction == first.transaction
    assert len(await ledger.transactions()) == 1


async def test_start_repeated_after_restart_and_stop(ledger: Ledger, path, clock: ManualClock) -> None:
    first = await ledger.record(start(0, 100))
    await ledger.record(stop(30, 4100, "1"))
    await ledger.close()
    reopened = await Ledger.open(path, clock)
    try:
        again = await reopened.record(start(0, 100, card=IdToken(CARD.value.lower()), received=50))
        assert again.duplicate
        assert again.transaction.session_id == first.transaction.session_id
        assert again.transaction.energy_wh == 4000
        fresh = await reopened.record(start(60, 4100))
        assert fresh.transaction.transaction_id == "2"
    finally:
        await reopened.close()


async def test_starts_from_1970_are_told_apart_once_energy_has_flowed(ledger: Ledger) -> None:
    one = await ledger.record(start(0, 0, timestamp=GARBAGE_TIME))
    assert one.transaction.time_suspect
    assert one.transaction.started_at == at(0)
    again = await ledger.record(start(1, 0, timestamp=GARBAGE_TIME))
    assert again.duplicate
    await ledger.record(stop(30, 4000, "1", timestamp=GARBAGE_TIME))
    two = await ledger.record(start(60, 0, timestamp=GARBAGE_TIME))
    assert not two.duplicate
    assert two.transaction.transaction_id == "2"
    assert (await ledger.record(start(61, 0, timestamp=GARBAGE_TIME))).transaction == two.transaction
    ended = (await ledger.record(stop(90, 2500, "2", timestamp=GARBAGE_TIME))).transaction
    assert (ended.energy_wh, ended.started_at, ended.ended_at) == (2500, at(60), at(90))


async def test_repeated_stop_and_samples_count_once(ledger: Ledger) -> None:
    await ledger.record(start(0, 1000))
    for _ in range(3):
        await ledger.record(update(10, 2000, "1"))
    for received in (30, 40, 50):
        ended = await ledger.record(stop(30, 5000, "1", received=received))
    assert ended.duplicate
    assert ended.transaction.energy_wh == 4000
    assert await ledger.lifetime(EVSE) == 5000


async def test_stop_that_comes_days_late_corrects_the_estimate(ledger: Ledger) -> None:
    one = (await ledger.record(start(0, 1000))).transaction
    await ledger.record(update(20, 2500, "1"))
    two = (await ledger.record(start(100, 6000))).transaction
    (running,) = await ledger.open_transactions()
    assert running.session_id == two.session_id
    estimated = (await ledger.transactions())[1]
    assert (estimated.ended_at, estimated.stop_reason, estimated.energy_wh) == (at(20), "superseded", 1500)
    late = (await ledger.record(stop(60, 6000, "1", received=5000))).transaction
    assert (late.session_id, late.ended_at, late.energy_wh) == (one.session_id, at(60), 5000)
    assert await ledger.open_transactions() == (running,)


async def test_unknown_stop_ends_nobody_elses_session(ledger: Ledger) -> None:
    await ledger.record(start(0, 1000))
    orphan = (await ledger.record(stop(10, 700_000, "9999", evse=None))).transaction
    assert orphan.evse_id == 0
    assert not orphan.is_open
    assert orphan.energy_wh == 0
    (running,) = await ledger.open_transactions()
    assert running.transaction_id == "1"


async def test_unknown_positive_stop_needs_card_and_register(ledger: Ledger) -> None:
    await ledger.record(start(0, 700_000))
    await ledger.record(stop(10, 701_000, "1234", evse=None))
    assert len(await ledger.open_transactions()) == 1
    matched = (await ledger.record(stop(11, 701_000, "1235", evse=None, card=CARD))).transaction
    assert (matched.transaction_id, matched.energy_wh) == ("1", 1000)
    assert await ledger.open_transactions() == ()


async def test_charger_side_stop_matches_by_register(ledger: Ledger) -> None:
    await ledger.record(start(0, 700_000))
    matched = (await ledger.record(stop(30, 705_000, None, evse=None))).transaction
    assert (matched.transaction_id, matched.energy_wh) == ("1", 5000)
    again = await ledger.record(stop(30, 705_000, None, evse=None, received=90))
    assert again.duplicate
    assert again.transaction == matched


async def test_charger_side_stop_with_two_running_needs_the_card(ledger: Ledger) -> None:
    other = IdToken("FFEE")
    await ledger.record(start(0, 700_000))
    await ledger.record(start(0, 700_000, evse=2, card=other))
    orphan = (await ledger.record(stop(30, 701_000, None, evse=None))).transaction
    assert orphan.evse_id == 0
    assert len(await ledger.open_transactions()) == 2
    matched = (await ledger.record(stop(31, 701_000, None, evse=None, card=other))).transaction
    assert matched.evse_id == 2


async def test_negative_id_with_evse_is_what_runs_there(ledger: Ledger) -> None:
    await ledger.record(start(0, 1000, evse=2))
    running = (await ledger.record(update(10, 2500, None, evse=2))).transaction
    assert (running.transaction_id, running.energy_wh) == ("1", 1500)


async def test_id_zero_while_idle_starts_nothing(ledger: Ledger) -> None:
    first = (await ledger.record(update(0, 1000, None))).transaction
    second = (await ledger.record(update(10, 1000, None))).transaction
    assert first.session_id == second.session_id
    assert second.energy_wh == 0
    assert await ledger.open_transactions() == ()
    await ledger.record(start(20, 1000))
    await ledger.record(stop(40, 5000, "1"))
    after = (await ledger.record(update(50, 5000, None))).transaction
    assert after.session_id != first.session_id
    assert sum(each.energy_wh for each in await ledger.transactions()) == 4000


async def test_running_transaction_of_another_time_is_adopted(ledger: Ledger) -> None:
    adopted = (await ledger.record(update(0, 9000, "77"))).transaction
    assert adopted.is_open
    assert adopted.transaction_id == "77"
    assert (await ledger.record(update(10, 9500, "77"))).transaction.energy_wh == 500
    assert (await ledger.record(stop(20, 10_000, "77"))).transaction.energy_wh == 1000
    assert (await ledger.record(start(30, 10_000))).transaction.transaction_id == "78"


async def test_version_2_in_any_order(ledger: Ledger) -> None:
    ended = stop(30, 5000, "abc", seq_no=3)
    middle = update(20, 4000, "abc", seq_no=2)
    begun = start(0, 1000, transaction_id="abc", seq_no=0)
    first = (await ledger.record(ended)).transaction
    assert not first.is_open
    await ledger.record(middle)
    whole = (await ledger.record(begun, name="Ada")).transaction
    assert whole.session_id == first.session_id
    assert (whole.energy_wh, whole.started_at, whole.ended_at, whole.name) == (4000, at(0), at(30), "Ada")
    assert (await ledger.record(middle)).duplicate


async def test_restart_of_the_ledger_keeps_a_running_session(ledger: Ledger, path, clock: ManualClock) -> None:
    await ledger.record(start(0, 1000, transaction_id="abc", seq_no=0), name="Ada")
    before = (await ledger.record(update(10, 2000, "abc", seq_no=1))).transaction
    await ledger.close()
    reopened = await Ledger.open(path, clock)
    try:
        assert await reopened.open_transactions() == (before,)
        after = (await reopened.record(update(20, 3000, "abc", seq_no=2))).transaction
        assert (after.session_id, after.energy_wh, after.name) == (before.session_id, 2000, "Ada")
    finally:
        await reopened.close()


async def test_station_that_gives_an_id_twice(ledger: Ledger) -> None:
    await ledger.record(start(0, 1000, transaction_id="1", seq_no=0))
    await ledger.record(stop(10, 2000, "1", seq_no=1))
    second = (await ledger.record(start(20, 2000, transaction_id="1", seq_no=0))).transaction
    ended = (await ledger.record(stop(30, 5000, "1", seq_no=1))).transaction
    assert second.session_id == ended.session_id
    assert [each.energy_wh for each in await ledger.transactions()] == [3000, 1000]


async def test_abandoned_transaction_is_closed_and_comes_back(ledger: Ledger, clock: ManualClock) -> None:
    begun = (await ledger.record(start(0, 1000))).transaction
    await ledger.record(update(10, 2000, "1"))
    await clock.advance(1200)
    closed = await ledger.close_transaction(begun.session_id, reason="abandoned")
    assert closed is not None
    assert (closed.ended_at, closed.stop_reason) == (at(10), "abandoned")
    late = (await ledger.record(update(15, 2200, "1", received=21))).transaction
    assert (late.is_open, late.ended_at, late.energy_wh) == (False, at(15), 1200)
    alive = (await ledger.record(update(30, 3000, "1"))).transaction
    assert alive.is_open
    assert alive.stop_reason is None
    assert await ledger.close_transaction("no such session", reason="abandoned") is None


async def test_offline_replay_keeps_the_chargers_times(ledger: Ledger) -> None:
    replayed = (await ledger.record(start(-4000, 1000, received=0, offline=True))).transaction
    assert (replayed.started_at, replayed.offline, replayed.time_suspect) == (at(-4000), True, False)
    ended = (await ledger.record(stop(-3900, 9000, "1", received=1))).transaction
    assert (ended.ended_at, ended.energy_wh) == (at(-3900), 8000)


async def test_clock_ahead_is_not_believed_but_kept(ledger: Ledger, path) -> None:
    recorded = await ledger.record(start(0, 1000, timestamp=at(5000)))
    assert recorded.transaction.time_suspect
    assert recorded.transaction.started_at == at(0)
    with sqlite3.connect(path) as reading:
        (body,) = reading.execute("SELECT body FROM entries WHERE seq = ?", (recorded.seq,)).fetchone()
    reading.close()
    assert at(5000).isoformat().replace("+00:00", "Z") in body


async def test_late_sample_does_not_replace_the_last_register(ledger: Ledger) -> None:
    await ledger.record(start(0, 1000))
    await ledger.record(update(20, 5000, "1"))
    late = await ledger.record(update(10, 3000, "1", received=21))
    assert (late.transaction.register_last_wh, late.transaction.energy_wh) == (5000, 4000)
    assert late.lifetime_wh == 5000


async def test_who_stops_it_is_not_who_charged(ledger: Ledger) -> None:
    await ledger.record(start(0, 1000), name="Ada")
    ended = (await ledger.record(stop(10, 2000, "1", card=IdToken("GUARD")), name="Guard")).transaction
    assert ended.name == "Ada"
