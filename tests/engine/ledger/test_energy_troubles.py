"""Registers that lie, through the ledger's front door."""

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.meter import ReadingContext
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.model.transaction import TransactionEventType
from tests.engine.ledger.reports import GARBAGE_TIME, at, report, sample, start, stop, update

EVSE = EvseKey("garage", 1)


async def test_register_that_drops_to_0_makes_no_spike(ledger: Ledger) -> None:
    await ledger.record(start(0, 16_000_000))
    lifetimes = []
    for minute, wh in enumerate([16_000_100, 0, 16_000_200, None, 16_000_300], 1):
        recorded = await ledger.record(update(minute, wh, "1"))
        lifetimes.append(recorded.lifetime_wh)
    assert lifetimes == [16_000_100, 16_000_100, 16_000_200, 16_000_200, 16_000_300]
    assert recorded.transaction.energy_wh == 300


async def test_new_meter_that_starts_at_0(ledger: Ledger) -> None:
    await ledger.record(start(0, 0))
    await ledger.record(update(10, 1000, "1"))
    first = await ledger.record(stop(20, 1500, "1"))
    await ledger.record(start(30, 1500))
    await ledger.record(update(40, 2000, "2"))
    second = await ledger.record(stop(50, 2500, "2"))
    assert (first.transaction.energy_wh, second.transaction.energy_wh) == (1500, 1000)
    assert second.lifetime_wh == 2500


async def test_sample_after_the_stop_leaves_the_next_session_alone(ledger: Ledger) -> None:
    await ledger.record(start(0, 5000))
    await ledger.record(stop(30, 9000, "1"))
    after = (await ledger.record(update(31, 9100, "1"))).transaction
    assert (after.energy_wh, after.is_open) == (4000, False)
    await ledger.record(start(40, 9000))
    running = (await ledger.record(update(41, 9050, "2"))).transaction
    assert running.energy_wh == 50
    assert (await ledger.record(stop(60, 10_000, "2"))).transaction.energy_wh == 1000
    assert await ledger.lifetime(EVSE) == 10_000


async def test_start_and_stop_lifetime_but_samples_of_the_session(ledger: Ledger) -> None:
    await ledger.record(start(0, 4_076_000))
    for minutes, wh in ((1, 100), (11, 1100), (21, 2100), (31, 3100)):
        running = await ledger.record(update(minutes, wh, "1"))
    assert running.transaction.energy_wh == 3100
    ended = await ledger.record(stop(35, 4_079_500, "1"))
    assert ended.transaction.energy_wh == 3500
    assert ended.lifetime_wh == 4_079_500


async def test_energy_of_a_charger_whose_clock_is_lost(ledger: Ledger) -> None:
    await ledger.record(start(0, 1000, timestamp=GARBAGE_TIME))
    for minutes in range(1, 6):
        await ledger.record(update(minutes, 1000 + 500 * minutes, "1", timestamp=GARBAGE_TIME))
    ended = await ledger.record(stop(6, 4000, "1", timestamp=GARBAGE_TIME))
    assert ended.transaction.energy_wh == 3000


async def test_registers_of_version_2_are_in_the_samples(ledger: Ledger) -> None:
    begin, end = ReadingContext.TRANSACTION_BEGIN, ReadingContext.TRANSACTION_END
    await ledger.record(start(0, None, transaction_id="abc", seq_no=0, samples=(sample(0, 1000, begin),)))
    samples = (sample(0, 1000, begin), sample(10, 2000), sample(20, 3456, end))
    ended = await ledger.record(stop(20, None, "abc", seq_no=1, samples=samples))
    assert ended.transaction.energy_wh == 2456
    assert (ended.transaction.register_start_wh, ended.transaction.register_last_wh) == (1000, 3456)


async def test_values_outside_a_transaction_count_for_the_lifetime_once(ledger: Ledger) -> None:
    for _ in range(2):
        await ledger.record_samples(EVSE, (sample(0, 5000, ReadingContext.SAMPLE_CLOCK),), at(0))
        await ledger.record_samples(EVSE, (sample(15, 5100, ReadingContext.SAMPLE_CLOCK),), at(15))
    assert await ledger.lifetimes() == {EVSE: 5100}
    assert await ledger.lifetime(EvseKey("garage", 2)) is None


async def test_sample_in_two_messages_counts_once(ledger: Ledger) -> None:
    await ledger.record(start(0, 1000))
    await ledger.record(update(10, 2000, "1"))
    both = report(TransactionEventType.UPDATED, 20, transaction_id="1", samples=(sample(10, 2000), sample(20, 3000)))
    assert (await ledger.record(both)).transaction.energy_wh == 2000
