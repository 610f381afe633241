"""What is said to a backend, when, and what its answers come to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.delivery import DeliveryState, Settlement
from custom_components.offline_evse.engine.uplink.outbox.outgoing import Phase
from tests.engine.clock import ManualClock
from tests.engine.ledger.reports import CARD, start, stop, update

from .backend import Fate, Site, StrictBackend

V201 = OcppVersion.V201


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def site(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Site]:
    site = await Site.open(tmp_path / "ledger.db", clock)
    yield site
    await site.ledger.close()


async def state_of(site: Site, session: str) -> DeliveryState:
    return (await site.delivery(session)).delivery.state


async def over(site: Site, name: str = "a", begin: float = 1, end: float = 61, evse: int = 1, wh: int = 1000) -> str:
    """A whole session, recorded and not told."""
    return await site.record(
        start(begin, wh, transaction_id=name, seq_no=0, evse=evse),
        stop(end, wh + 700, name, seq_no=9, evse=evse),
    )


async def test_events_of_two_evses_go_up_in_the_order_in_which_they_happened(site: Site) -> None:
    await over(site, "a", 1, 60, evse=1)
    await over(site, "b", 30, 90, evse=2)
    await site.drain()
    assert site.backend.order == sorted(site.backend.order)
    assert [kind for _, kind in site.backend.order] == ["start", "start", "stop", "stop"]


async def test_a_session_that_turns_up_late_waits_for_the_one_that_is_open_on_its_evse(
    site: Site, clock: ManualClock
) -> None:
    await clock.advance(7200)
    await site.record(start(100, 5000, transaction_id="new", seq_no=0))
    assert (await site.step()) is not None
    old = await over(site, "old", 10, 50)
    assert await site.step() is None
    await site.record(stop(118, 5500, "new", seq_no=1))
    await site.drain()
    assert await state_of(site, old) is DeliveryState.DONE
    assert site.backend.left_open == []


async def test_many_that_have_to_wait_do_not_hide_another_evse(site: Site, clock: ManualClock) -> None:
    await clock.advance(86_400)
    await site.record(start(1400, 5000, transaction_id="open", seq_no=0, evse=1))
    await site.step()
    for number in range(60):
        await over(site, f"late {number}", 10 * number + 1, 10 * number + 5, evse=1, wh=100)
    other = await over(site, "other", 1000, 1100, evse=2)
    await site.drain()
    assert await state_of(site, other) is DeliveryState.DONE
    assert (await site.ledger.book.backlog("monta")).session_count == 60


async def test_a_running_session_gets_the_newest_value_once_an_interval(site: Site, clock: ManualClock) -> None:
    await clock.advance(60)
    await site.record(start(1, 1000, transaction_id="a", seq_no=0))
    await site.step(telemetry=True)
    for second in range(10, 130, 10):
        await clock.advance(10)
        await site.record(update(1 + second / 60, 1000 + second, "a", seq_no=second))
        await site.step(telemetry=True)
    assert [wh for _, wh in site.backend.booked["8000"].values] == [1010.0, 1070.0]
    assert site.lane.next_due_at is not None
    site.lane.interval_s = 0
    await clock.advance(600)
    await site.record(update(15, 1900, "a", seq_no=500))
    assert await site.step(telemetry=True) is None


async def test_without_leave_no_live_value_goes_up(site: Site, clock: ManualClock) -> None:
    await clock.advance(60)
    await site.record(start(1, 1000, transaction_id="a", seq_no=0))
    await site.step()
    await clock.advance(600)
    await site.record(update(11, 1500, "a", seq_no=1))
    assert await site.step(telemetry=False) is None
    outgoing = await site.step(telemetry=True)
    assert outgoing is not None
    assert outgoing.phase is Phase.VALUES


async def test_a_value_that_is_refused_three_times_is_dropped_and_money_goes_on(site: Site, clock: ManualClock) -> None:
    await clock.advance(60)
    await site.record(start(1, 1000, transaction_id="a", seq_no=0))
    await site.step()
    await clock.advance(600)
    await site.record(update(11, 1500, "a", seq_no=1))
    for _ in range(3):
        assert await site.step(Fate.REFUSED, telemetry=True) is not None
        assert await site.step(telemetry=True) is None
        await clock.advance(130)
    assert site.lane.dropped_count == 1
    session = await site.record(stop(20, 1700, "a", seq_no=2))
    await site.drain()
    assert await state_of(site, session) is DeliveryState.DONE
    assert site.backend.booked["8000"].energy_wh == 700


@pytest.mark.parametrize("version", [OcppVersion.V16, V201])
async def test_the_end_carries_quarter_hours_of_the_time_of_which_nothing_was_told(
    tmp_path: Path, clock: ManualClock, version: OcppVersion
) -> None:
    site = await Site.open(tmp_path / "v.db", clock, version=version)
    await site.record(start(0, 1000, transaction_id="a", seq_no=0))
    await site.step()
    for minute in range(1, 121):
        await clock.advance(60)
        session = await site.record(update(minute, 1000 + 10 * minute, "a", seq_no=minute))
        if minute < 10 or minute > 100:
            await site.step(telemetry=True)
    await site.record(stop(120.5, 2205, "a", seq_no=500))
    await site.restart()
    await site.drain()
    (booked,) = site.backend.booked.values()
    assert [wh for _, wh in booked.stop_values] == [1100.0, 1150.0, 1300.0, 1450.0, 1600.0, 1750.0, 1900.0]
    assert booked.energy_wh == 1205
    assert (await site.delivery(session)).delivery.gaps != ()
    await site.ledger.close()


async def test_energy_is_exact_where_the_charger_has_lost_its_register(site: Site) -> None:
    session = await site.record(
        start(1, 50_000, transaction_id="a", seq_no=0),
        update(11, 51_000, "a", seq_no=1),
        update(21, 100, "a", seq_no=2),
        update(31, 600, "a", seq_no=3),
        update(41, 1100, "a", seq_no=4),
        stop(51, 1600, "a", seq_no=5),
    )
    await site.drain()
    transaction = (await site.delivery(session)).transaction
    booked = site.backend.booked["8000"]
    assert (booked.meter_start, booked.energy_wh) == (50_000, transaction.energy_wh)
    assert transaction.energy_wh > 2000


async def test_a_card_that_the_backend_does_not_let_charge_is_reported_and_the_session_goes_on(
    tmp_path: Path, clock: ManualClock
) -> None:
    site = await Site.open(tmp_path / "d.db", clock, backend=StrictBackend(rejected=frozenset({CARD.value})))
    session = await over(site)
    await site.step()
    assert site.told[-1].denied is not None
    assert site.told[-1].id_token == CARD
    await site.drain()
    due = await site.delivery(session)
    assert due.delivery.denied
    assert due.delivery.state is DeliveryState.DONE
    await site.ledger.close()


@pytest.mark.parametrize(
    ("knows_repeats", "sends"), [(True, 3), (False, 1)], ids=["repeats are known", "repeats are booked"]
)
async def test_a_start_without_an_answer_is_given_to_a_person(
    tmp_path: Path, clock: ManualClock, knows_repeats: bool, sends: int
) -> None:
    site = await Site.open(tmp_path / "l.db", clock, knows_repeats=knows_repeats)
    session = await over(site)
    later = await over(site, "b", 70, 90)
    for _ in range(sends):
        assert await site.step(Fate.LOST_BEFORE) is not None
    assert site.told[-1].parked
    assert await state_of(site, session) is DeliveryState.AMBIGUOUS
    await site.drain()
    assert await state_of(site, later) is DeliveryState.DONE
    (parked,) = await site.ledger.book.parked("monta")
    assert parked.transaction.session_id == session
    assert max(site.sent.values()) == sends
    await site.ledger.close()


async def test_a_crash_while_a_start_is_under_way_counts_as_a_loss(tmp_path: Path, clock: ManualClock) -> None:
    site = await Site.open(tmp_path / "c.db", clock, knows_repeats=False)
    session = await over(site)
    await site.step(Fate.UNHEARD)
    await site.restart()
    assert await site.step() is None
    assert await state_of(site, session) is DeliveryState.AMBIGUOUS
    assert await site.lane.settle(session, Settlement.MATCH, "8000")
    await site.drain()
    assert await state_of(site, session) is DeliveryState.DONE
    assert len(site.backend.booked) == 1
    await site.ledger.close()


async def test_a_new_version_is_told_until_it_answers(tmp_path: Path, clock: ManualClock) -> None:
    site = await Site.open(tmp_path / "n.db", clock, version=V201)
    session = await over(site)
    for number in range(6):
        assert await site.step(Fate.LOST_AFTER) is not None
        await clock.advance(4000)
        assert site.left[-1].frame == site.left[0].frame, number
    await site.drain()
    assert await state_of(site, session) is DeliveryState.DONE
    assert len(site.backend.booked) == 1
    await site.ledger.close()


async def test_errors_are_met_with_patience_and_do_not_hold_up_the_other_evse(site: Site, clock: ManualClock) -> None:
    poison = await over(site, "a", 1, 60, evse=1)
    healthy = await over(site, "b", 2, 61, evse=2)
    assert (await site.step(Fate.REFUSED)) is not None
    await site.step()
    await site.step()
    assert await state_of(site, healthy) is DeliveryState.DONE
    assert await site.step() is None
    for pause_s in (60, 120):
        await clock.advance(pause_s - 1)
        assert await site.step() is None
        await clock.advance(1)
        assert await site.step(Fate.REFUSED) is not None
    assert await state_of(site, poison) is DeliveryState.REFUSED
    assert CARD.value not in str((await site.delivery(poison)).delivery.detail)
    assert await site.lane.settle(poison, Settlement.RESEND)
    await site.drain()
    assert await state_of(site, poison) is DeliveryState.DONE
    assert len({outgoing.frame for outgoing in site.left if outgoing.session_id == poison}) == 2


async def test_a_start_that_is_answered_without_an_id_waits_for_a_person(site: Site) -> None:
    session = await over(site)
    await site.step(Fate.NONSENSE)
    assert await state_of(site, session) is DeliveryState.AMBIGUOUS
    assert not await site.lane.settle(session, Settlement.MATCH, "not a number")
    assert await site.lane.settle(session, Settlement.RESEND)
    await site.drain()
    assert await state_of(site, session) is DeliveryState.DONE
    assert len(site.backend.booked) == 1


@pytest.mark.parametrize("settlement", list(Settlement))
async def test_a_person_settles_an_end_that_was_not_answered(site: Site, settlement: Settlement) -> None:
    session = await over(site)
    await site.step()
    for _ in range(3):
        await site.step(Fate.LOST_BEFORE)
    assert await state_of(site, session) is DeliveryState.AMBIGUOUS
    assert await site.lane.settle(session, settlement, "8000")
    await site.drain()
    expected = DeliveryState.SKIPPED if settlement is Settlement.SKIP else DeliveryState.DONE
    assert await state_of(site, session) is expected
    assert (site.backend.booked["8000"].energy_wh == 700) is (settlement is Settlement.RESEND)
    assert not await site.lane.settle(session, settlement, "8000")


async def test_an_end_that_nobody_told_is_waited_for_before_the_backend_hears_of_it(
    site: Site, clock: ManualClock
) -> None:
    await clock.advance(3600)
    session = await site.record(start(1, 1000, transaction_id="a", seq_no=0), update(40, 1500, "a", seq_no=1))
    await site.step()
    await site.ledger.close_transaction(session, reason="abandoned")
    assert await site.step() is None
    assert site.lane.next_due_at is not None
    await clock.advance(600)
    await site.record(stop(61, 1800, "a", seq_no=2))
    await site.drain()
    assert site.backend.booked["8000"].energy_wh == 800
    assert await state_of(site, session) is DeliveryState.DONE


async def test_an_end_that_comes_after_all_is_given_to_a_person_and_told_once_more_if_wanted(
    tmp_path: Path, clock: ManualClock
) -> None:
    site = await Site.open(tmp_path / "late.db", clock)
    await clock.advance(3600)
    session = await site.record(start(1, 1000, transaction_id="a", seq_no=0), update(40, 1500, "a", seq_no=1))
    await site.ledger.close_transaction(session, reason="abandoned")
    await site.drain()
    assert site.backend.booked["8000"].energy_wh == 500
    await site.record(stop(61, 1800, "a", seq_no=2))
    assert await state_of(site, session) is DeliveryState.AMBIGUOUS
    assert "800" in str((await site.delivery(session)).delivery.detail)
    assert await site.lane.settle(session, Settlement.MATCH, "8000")
    assert await state_of(site, session) is DeliveryState.DONE
    await site.ledger.close()


async def test_a_forgotten_person_is_told_without_a_card(tmp_path: Path, clock: ManualClock) -> None:
    site = await Site.open(tmp_path / "f.db", clock, live_interval_s=0)
    session = await over(site)
    await site.ledger.forget(CARD)
    await site.drain()
    assert site.backend.booked["8000"].card == "NoAuthorization"
    assert await state_of(site, session) is DeliveryState.DONE
    await site.ledger.close()
