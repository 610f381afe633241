"""Nothing is left out where a backend would notice, and nobody waits for what a person has to decide."""

import json
from pathlib import Path

import pytest

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.delivery import DeliveryState
from custom_components.offline_evse.engine.uplink.outbox.outgoing import Phase
from tests.engine.clock import ManualClock
from tests.engine.ledger.reports import start, stop, update

from .backend import Fate, Site


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def with_a_lost_event(path: Path, clock: ManualClock, fate: Fate = Fate.LOST_BEFORE) -> Site:
    """A session that has ended after one of its events had left and was not answered."""
    site = await Site.open(path / "ledger.db", clock, version=OcppVersion.V201)
    await clock.advance(60)
    await site.record(start(1, 1000, transaction_id="a", seq_no=0))
    await site.step()
    await clock.advance(600)
    await site.record(update(11, 1500, "a", seq_no=1))
    await site.step(fate, telemetry=True)
    assert site.left[-1].phase is Phase.VALUES
    await clock.advance(60)
    await site.record(stop(12, 1700, "a", seq_no=2))
    return site


def numbers(site: Site) -> list[int]:
    return [json.loads(outgoing.frame)[3]["seqNo"] for outgoing in site.left]


@pytest.mark.parametrize("forgetting", [False, True])
async def test_an_event_that_was_lost_goes_before_the_end(tmp_path: Path, clock: ManualClock, forgetting: bool) -> None:
    site = await with_a_lost_event(tmp_path, clock)
    if forgetting:
        await site.restart()
    await site.step(Fate.LOST_BEFORE)
    await site.drain()
    assert numbers(site) == [0, 1, 1, 1, 2]
    assert len({outgoing.frame for outgoing in site.left[1:4]}) == 1
    (booked,) = site.backend.booked.values()
    assert (booked.energy_wh, [wh for _, wh in booked.values]) == (700, [1500.0])
    await site.ledger.close()


async def test_it_is_told_until_somebody_answers_and_then_the_end(tmp_path: Path, clock: ManualClock) -> None:
    site = await with_a_lost_event(tmp_path, clock)
    for _ in range(5):
        await clock.advance(4000)
        await site.step(Fate.LOST_AFTER)
    assert await site.step() is None
    assert site.lane.next_due_at is not None
    await site.drain()
    assert numbers(site) == [0, *[1] * 7, 2]
    assert site.lane.dropped_count == 0
    await site.ledger.close()


async def test_an_event_that_is_not_wanted_does_not_hold_up_the_end(tmp_path: Path, clock: ManualClock) -> None:
    site = await with_a_lost_event(tmp_path, clock, Fate.REFUSED)
    await site.step()
    assert numbers(site) == [0, 1, 2]
    await site.ledger.close()


async def test_who_is_held_up_by_a_session_goes_on_when_it_is_parked(tmp_path: Path, clock: ManualClock) -> None:
    site = await Site.open(tmp_path / "ledger.db", clock, knows_repeats=False)
    first = await site.record(start(1, 1000, transaction_id="a", seq_no=0), stop(10, 1500, "a", seq_no=1))
    second = await site.record(start(20, 1500, transaction_id="b", seq_no=0), stop(30, 2000, "b", seq_no=1))
    await site.step(Fate.UNHEARD)
    await site.restart()
    outgoing = await site.step()
    assert outgoing is not None
    assert outgoing.session_id == second
    assert (await site.delivery(first)).delivery.state is DeliveryState.AMBIGUOUS
    await site.ledger.close()
