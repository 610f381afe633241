"""Whatever happens to messages, lanes and the machine: every session is there once, exactly, or waits for a person."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
import tempfile

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.transaction import Transaction, TransactionReport
from custom_components.offline_evse.engine.model.upstream.delivery import DeliveryState
from custom_components.offline_evse.engine.uplink.outbox.outgoing import Phase
from tests.engine.clock import NOON, ManualClock
from tests.engine.ledger.reports import start, stop, update

from .backend import Booked, Fate, Site, StrictBackend

ROOM_WH = 900


@dataclass(frozen=True)
class World:
    """One version of a backend."""

    version: OcppVersion
    compares: bool


WORLDS = {
    "1.6, knows repeats": World(OcppVersion.V16, compares=True),
    "1.6, books repeats": World(OcppVersion.V16, compares=False),
    "2.0.1": World(OcppVersion.V201, compares=True),
}


def reports_of(evse: int, data: st.DataObject) -> list[TransactionReport]:
    """Sessions on one EVSE, one after the other, with a register that may be reset, missing or garbage."""
    found: list[TransactionReport] = []
    minute, register = 1.0 + evse / 4, 10_000 * evse
    for number in range(data.draw(st.integers(min_value=1, max_value=3))):
        name, more = f"{evse}-{number}", {"evse": evse}
        begins_with = data.draw(st.sampled_from([register, register, None, 0]))
        found.append(start(minute, begins_with, transaction_id=name, seq_no=0, **more))
        seq = 1
        for step in data.draw(st.lists(st.integers(min_value=0, max_value=ROOM_WH), max_size=4)):
            minute += 10
            register = data.draw(st.sampled_from([register + step, register + step, register + step, 3]))
            found.append(update(minute, register, name, seq_no=seq, **more))
            seq += 1
        minute += 5
        register += 7
        found.append(stop(minute, register, name, seq_no=seq, **more))
        minute += data.draw(st.sampled_from([1.0, 30.0]))
    return found


def times(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def of(booked: list[Booked], transaction: Transaction) -> list[Booked]:
    return [
        each for each in booked if times(each.began) == transaction.started_at and each.connector == transaction.evse_id
    ]


async def live_through(path: Path, world: World, data: st.DataObject) -> None:
    clock = ManualClock(NOON)
    backend = StrictBackend(compares=world.compares)
    site = await Site.open(path, clock, version=world.version, backend=backend, knows_repeats=world.compares)
    try:
        await pass_days(site, clock, data)
        await site.drain(telemetry=True)
        await judge(site, world)
    finally:
        await site.ledger.close()


async def pass_days(site: Site, clock: ManualClock, data: st.DataObject) -> None:
    waiting = sorted(reports_of(1, data) + reports_of(2, data), key=lambda report: report.timestamp)
    online = True
    while waiting:
        report = waiting.pop(0)
        if (wait_s := (report.timestamp - clock.now()).total_seconds()) > 0:
            await clock.advance(wait_s)
        await site.record(report)
        online = data.draw(st.sampled_from([online, online, not online]))
        for _ in range(data.draw(st.integers(min_value=0, max_value=4)) if online else 0):
            telemetry = data.draw(st.booleans())
            await site.step(data.draw(st.sampled_from(FATES)), telemetry=telemetry)
            match data.draw(st.integers(min_value=0, max_value=11)):
                case 0:
                    site.forget()
                case 1:
                    await site.restart()


async def judge(site: Site, world: World) -> None:
    transactions = await site.ledger.transactions()
    booked = list(site.backend.booked.values())
    done, parked = 0, list[Booked]()
    for transaction in transactions:
        delivery = (await site.delivery(transaction.session_id)).delivery
        there = of(booked, transaction)
        assert len(there) <= 1
        if delivery.state.parked:
            parked += there
            continue
        assert delivery.state is DeliveryState.DONE
        done += 1
        (found,) = there
        assert found.ended is not None
        assert found.energy_wh == transaction.energy_wh
        assert times(found.ended) == transaction.ended_at
        registers = [found.meter_start, *(wh for _, wh in found.stop_values), found.meter_stop or 0]
        assert registers == sorted(registers)
    assert all(site.backend.booked[key] in parked for key in site.backend.left_open)
    backlog = await site.ledger.book.backlog("monta")
    assert backlog.session_count == backlog.parked_count == len(transactions) - done
    if world.version is OcppVersion.V16:
        assert max(site.sent.values(), default=0) <= 3
    for (_, phase), wordings in site.wordings.items():
        assert len(wordings) == 1, phase
    for connector in (1, 2):
        starts = [each.began for each in booked if each.connector == connector]
        assert starts == sorted(starts)
    assert {outgoing.phase for outgoing in site.left} <= set(Phase)


FATES = [
    Fate.ANSWERED,
    Fate.ANSWERED,
    Fate.ANSWERED,
    Fate.LOST_BEFORE,
    Fate.LOST_AFTER,
    Fate.UNSENT,
    Fate.REFUSED,
    Fate.UNHEARD,
]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_session_is_there_once_and_exact_or_waits_for_a_person(world: World, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live_through(Path(folder) / "ledger.db", world, data))
