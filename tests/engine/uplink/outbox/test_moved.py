"""What becomes of sessions that one machine has heard of when the backend is to be found at another."""

from pathlib import Path

import pytest

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.delivery import MOVED, DeliveryState, Settlement
from tests.engine.clock import ManualClock
from tests.engine.ledger.reports import start, stop

from .backend import Site, StrictBackend

VERSIONS = [OcppVersion.V16, OcppVersion.V201]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def moved(path: Path, clock: ManualClock, version: OcppVersion) -> tuple[Site, str, str, str]:
    """A site whose backend has moved: one session is told to the end, one was running, one had not been told."""
    site = await Site.open(path / "ledger.db", clock, version=version)
    await clock.advance(7200)
    done = await site.record(start(1, 1000, transaction_id="a", seq_no=0), stop(10, 1700, "a", seq_no=9))
    await site.drain()
    running = await site.record(start(20, 2000, transaction_id="b", seq_no=0))
    await site.step()
    waiting = await site.record(
        start(30, 500, transaction_id="c", seq_no=0, evse=2), stop(40, 900, "c", seq_no=9, evse=2)
    )
    await site.ledger.book.moved("monta")
    site.forget()
    return site, done, running, waiting


@pytest.mark.parametrize("version", VERSIONS)
async def test_nothing_is_told_under_the_numbers_of_another_machine(
    tmp_path: Path, clock: ManualClock, version: OcppVersion
) -> None:
    site, done, running, waiting = await moved(tmp_path, clock, version)
    old, site.backend = site.backend, StrictBackend()
    await site.record(stop(50, 2900, "b", seq_no=3))
    await site.drain()
    assert (await site.delivery(done)).delivery.state is DeliveryState.DONE
    assert (await site.delivery(waiting)).delivery.state is DeliveryState.DONE
    delivery = (await site.delivery(running)).delivery
    assert (delivery.state, delivery.detail) == (DeliveryState.AMBIGUOUS, MOVED)
    assert len(site.backend.booked) == 1
    # It is another backend: it hears all of it, under its own number.
    assert await site.lane.settle(running, Settlement.RESEND)
    await site.drain()
    assert (await site.delivery(running)).delivery.state is DeliveryState.DONE
    assert sorted(booked.energy_wh or 0 for booked in site.backend.booked.values()) == [400, 900]
    assert sum(booked.ended is None for booked in old.booked.values()) == 1
    await site.ledger.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_same_backend_under_another_name_is_told_the_rest(
    tmp_path: Path, clock: ManualClock, version: OcppVersion
) -> None:
    site, _, running, _ = await moved(tmp_path, clock, version)
    assert await site.lane.settle(running, Settlement.MATCH, None)
    await site.record(stop(50, 2900, "b", seq_no=3))
    await site.drain()
    assert (await site.delivery(running)).delivery.state is DeliveryState.DONE
    assert sorted(booked.energy_wh or 0 for booked in site.backend.booked.values()) == [400, 700, 900]
    await site.ledger.close()


async def test_what_is_left_is_on_record(tmp_path: Path, clock: ManualClock) -> None:
    site, _, running, _ = await moved(tmp_path, clock, OcppVersion.V16)
    (parked,) = await site.ledger.book.parked("monta")
    assert parked.transaction.session_id == running
    assert parked.delivery.remote_id is not None
    assert await site.lane.settle(running, Settlement.SKIP)
    assert await site.step() is None or site.left[-1].session_id != running
    await site.ledger.close()
