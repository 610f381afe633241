"""Values of a running session that a backend has asked for: at once, and each number of an event once."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.offline_evse.engine.model.meter import EvseSample
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.delivery import DeliveryState
from custom_components.offline_evse.engine.uplink.outbox.outgoing import Outgoing
from custom_components.offline_evse.engine.uplink.wire.connection import CallEnd, CallOutcome
from tests.engine.clock import ManualClock
from tests.engine.ledger.reports import start, stop, update

from .backend import Site

VERSIONS = [OcppVersion.V16, OcppVersion.V201]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def ask(site: Site, seen: EvseSample | None = None, evse_id: int = 1) -> dict[str, Any] | None:
    """Have a value told that was asked for, and return what was said."""
    outgoing = await site.lane.value_now(site.codec, evse_id, seen)
    if outgoing is None:
        return None
    await told(site, outgoing)
    payload: dict[str, Any] = json.loads(outgoing.frame)[3]
    return payload


async def told(site: Site, outgoing: Outgoing) -> None:
    """Let the backend have it and answer."""
    end = CallEnd(outcome=CallOutcome.ANSWERED, payload=site.backend.take(outgoing.frame), rtt_s=0.1)
    await site.lane.ended(outgoing, end, site.codec)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_value_is_told_again_however_soon_it_is_asked_for(
    tmp_path: Path, clock: ManualClock, version: OcppVersion
) -> None:
    site = await Site.open(tmp_path / "a.db", clock, version=version, live_interval_s=0)
    await clock.advance(600)
    session = await site.record(start(1, 1000, transaction_id="a", seq_no=0), update(9, 1400, "a", seq_no=1))
    assert await ask(site) is None, "the backend does not know the start"
    await site.step()
    for number in (1, 2):
        payload = await ask(site)
        assert payload is not None
        if version is OcppVersion.V201:
            assert (payload["triggerReason"], payload["seqNo"]) == ("Trigger", number)
            assert payload["timestamp"] == payload["meterValue"][0]["timestamp"]
        await clock.advance(1)
    assert await ask(site, evse_id=2) is None
    (booked,) = site.backend.booked.values()
    assert [wh for _, wh in booked.values] == [1400.0, 1400.0]
    # A lane that was never there before knows it from the charger.
    site.forget()
    seen = EvseSample(timestamp=clock.now(), energy_import_wh=123_456, power_w=7000.0)
    assert await ask(site, seen) is not None
    assert booked.values[-1][1] == 1400.0, "what the ledger has counted, on the scale that the backend knows"
    await clock.advance(600)
    await site.record(stop(20, 1700, "a", seq_no=2))
    await site.drain()
    assert booked.energy_wh == 700
    assert (await site.delivery(session)).delivery.state is DeliveryState.DONE
    assert await ask(site) is None
    await site.ledger.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_was_asked_for_counts_as_the_next_live_value_and_leaves_no_hole(
    tmp_path: Path, clock: ManualClock, version: OcppVersion
) -> None:
    site = await Site.open(tmp_path / "b.db", clock, version=version, live_interval_s=60)
    await clock.advance(60)
    await site.record(start(0.5, 1000, transaction_id="a", seq_no=0), update(1, 1010, "a", seq_no=1))
    await site.step()
    assert await site.step(telemetry=True) is not None
    await clock.advance(30)
    await site.record(update(1.5, 1020, "a", seq_no=2))
    assert await site.step(telemetry=True) is None, "too early"
    lost = await site.lane.value_now(site.codec, 1, None)
    assert lost is not None
    await site.lane.ended(lost, CallEnd(outcome=CallOutcome.LOST), site.codec)
    await site.drain(telemetry=True)
    await clock.advance(60)
    await site.record(stop(2.5, 1700, "a", seq_no=3))
    await site.drain()
    (booked,) = site.backend.booked.values()
    assert booked.energy_wh == 700
    assert [wh for _, wh in booked.values][:2] == [1010.0, 1020.0]
    await site.ledger.close()


async def test_a_session_without_any_value_has_nothing_to_tell(tmp_path: Path, clock: ManualClock) -> None:
    site = await Site.open(tmp_path / "c.db", clock)
    await clock.advance(120)
    await site.record(start(1, 1000, transaction_id="a", seq_no=0))
    await site.step()
    old = EvseSample(timestamp=clock.now() - timedelta(hours=1), energy_import_wh=900)
    assert await ask(site) is None
    assert await ask(site, old) is None, "it was measured before the session"
    await site.ledger.close()
