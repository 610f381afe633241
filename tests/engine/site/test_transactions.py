"""Transactions as chargers tell them: twice, late, under wrong names, or never to their end."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.announcement import SessionEnded, SessionStarted
from custom_components.offline_evse.engine.site.sessions import ABANDONED_AFTER_S
from tests.engine.clock import ManualClock

from .place import ONE, Place, until
from .wallbox import RefusedError, Station201, Wallbox

SECOND = EvseKey("ONE", 2)


async def test_two_starts_in_the_same_second_get_two_ids(place: Place, box: Wallbox) -> None:
    first = await box.start("CARD", connector=1)
    second = await box.start("CARD", connector=2)
    assert first != second
    await place.pass_time(10, box)
    await box.stop(second, meter_wh=3000)
    assert place.evse().has_transaction
    assert not place.evse(SECOND).has_transaction


async def test_an_unknown_stop_does_not_end_what_runs_on_connector_1(place: Place, box: Wallbox) -> None:
    running = await box.start("CARD")
    await box.stop(running + 4711, meter_wh=1_000_000, idTag="STRANGER")
    assert place.evse().has_transaction
    assert place.heard_of(SessionEnded) == []
    await place.pass_time(10, box)
    await box.stop(running, meter_wh=3000)
    assert [ended.transaction.energy_wh for ended in place.heard_of(SessionEnded)][-1] == 2000


async def test_a_start_told_twice_is_one_session(place: Place, box: Wallbox, clock: ManualClock) -> None:
    began = clock.now()
    first = await box.start("CARD", when=began)
    await place.pass_time(20, box)
    assert await box.start("CARD", when=began) == first
    assert len(place.heard_of(SessionStarted)) == 1
    assert (await place.only()).transaction_id == str(first)


async def test_a_stop_told_again_changes_nothing(place: Place, box: Wallbox, clock: ManualClock) -> None:
    running = await box.start("CARD")
    await place.pass_time(10, box)
    ended = clock.now()
    first = await box.stop(running, meter_wh=3000, when=ended)
    before = await place.only()
    await place.pass_time(60, box)
    assert await box.stop(running, meter_wh=3000, when=ended) == first
    assert await place.only() == before
    assert len(place.heard_of(SessionEnded)) == 1
    assert place.evse().lifetime_wh == 3000


async def test_a_next_session_ends_the_one_whose_end_was_never_told(place: Place, box: Wallbox) -> None:
    first = await box.start("CARD")
    await place.pass_time(10, box)
    await box.measure(first, energy_wh=2000)
    await place.pass_time(10, box)
    second = await box.start("CARD", meter_wh=2500)
    (ended,) = place.heard_of(SessionEnded)
    assert ended.transaction.transaction_id == str(first)
    assert ended.transaction.energy_wh == 1000
    assert place.session().transaction_id == str(second)


async def test_an_abandoned_session_is_closed_and_corrected_by_its_late_stop(
    place: Place, box: Wallbox, clock: ManualClock
) -> None:
    running = await box.plug_in()
    await place.pass_time(10, box)
    await box.measure(running, energy_wh=2000)
    ended_at = clock.now()
    await box.status("Available")
    await place.pass_time(ABANDONED_AFTER_S - 5, box)
    assert place.evse().has_transaction
    await place.pass_time(5, box)
    await until(lambda: not place.evse().has_transaction)
    assert [it.transaction.stop_reason for it in place.heard_of(SessionEnded)] == ["abandoned"]
    await place.pass_time(10, box)
    await box.stop(running, meter_wh=2200, when=ended_at, reason="EVDisconnected")
    corrected = await place.only()
    assert corrected.energy_wh == 1200
    assert corrected.stop_reason == "EVDisconnected"
    assert corrected.ended_at == ended_at
    assert place.evse().transaction == corrected


async def test_a_car_that_stays_is_not_abandoned(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await box.status("Available")
    await place.pass_time(60, box)
    await box.status("SuspendedEV")
    await place.pass_time(ABANDONED_AFTER_S, box)
    assert place.evse().has_transaction


async def test_a_backlog_from_before_is_booked_at_its_own_times_and_is_not_the_present(
    place: Place, clock: ManualClock
) -> None:
    begin = clock.now() - timedelta(days=2)
    box = await place.dial(Wallbox)
    await box.boot()
    running = await box.start("CARD", when=begin)
    for minute in range(1, 5):
        when = begin + timedelta(minutes=15 * minute)
        await box.measure(running, when=when, energy_wh=1000 + 500 * minute, power_w=2000)
    assert place.evse().power_w is None
    await box.stop(running, meter_wh=3200, when=begin + timedelta(hours=2))
    await box.status("Available")
    session = await place.only()
    assert (session.started_at, session.ended_at) == (begin, begin + timedelta(hours=2))
    assert session.energy_wh == 2200
    assert not place.evse().has_transaction
    assert place.evse().power_w in (None, 0.0)


@pytest.mark.parametrize("own_id", [0, -1])
async def test_an_id_of_the_chargers_own_is_what_runs_on_the_connector(place: Place, box: Wallbox, own_id: int) -> None:
    await box.start("CARD")
    await place.pass_time(10, box)
    await box.measure(own_id, energy_wh=2000)
    assert place.session().energy_wh == 1000
    await box.stop(own_id, meter_wh=2500, idTag="CARD")
    assert (await place.only()).energy_wh == 1500


async def test_a_clock_in_1970_loses_no_energy(place: Place, box: Wallbox, clock: ManualClock) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    running = await box.start("CARD", when=epoch)
    await place.pass_time(10, box)
    await box.stop(running, meter_wh=8000, when=epoch + timedelta(seconds=10))
    session = await place.only()
    assert session.energy_wh == 7000
    assert session.time_suspect
    assert session.ended_at is not None
    assert abs(session.ended_at - clock.now()) < timedelta(minutes=1)


async def test_values_after_the_stop_start_nothing(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    await place.pass_time(10, box)
    await box.measure(running, energy_wh=2000, power_w=7000)
    await box.stop(running, meter_wh=2100)
    await place.pass_time(5, box)
    await box.measure(running, energy_wh=2100, power_w=6900)
    assert not place.evse().has_transaction
    assert place.evse().power_w == 0.0
    assert (await place.only()).energy_wh == 1100


async def test_2_0_1_events_in_any_order_are_one_session(place: Place, station: Station201) -> None:
    await station.event("Started", 0, card="CARD", meter_wh=1000)
    await place.pass_time(10, station)
    await station.event("Ended", 2, card="CARD", meter_wh=3000)
    await station.event("Updated", 1, meter_wh=2000)
    await station.event("Ended", 2, card="CARD", meter_wh=3000)
    assert (await place.only()).energy_wh == 2000
    assert len(place.heard_of(SessionStarted)) == len(place.heard_of(SessionEnded)) == 1


async def test_words_that_no_list_knows_cost_no_session(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    await box.status("Charging", info="x" * 500, errorCode="SomethingOfOurOwn", vendorErrorCode="y" * 300)
    assert place.evse().charging
    assert place.evse().error_code is not None
    await box.status("WarmingUp")
    assert place.evse().charging
    await place.pass_time(10, box)
    await box.stop(running, meter_wh=3000, reason="BecauseWeSaySo", idTag="A" * 60)
    assert (await place.only()).energy_wh == 2000
    with pytest.raises(RefusedError, match="NotImplemented"):
        await box.say("MakeCoffee", {})
    assert await box.authorize("CARD") == "Accepted"


async def test_a_stop_with_nothing_readable_but_its_id_ends_the_session(place: Place, box: Wallbox) -> None:
    running = await box.start("CARD")
    await place.pass_time(10, box)
    await box.measure(running, energy_wh=2000)
    payload = {"transactionId": str(running), "meterStop": "", "timestamp": "yesterday", "transactionData": "none"}
    assert "idTagInfo" not in await box.say("StopTransaction", payload)
    session = await place.only()
    assert not session.is_open
    assert session.energy_wh == 1000
    assert place.evse(ONE).transaction == session
