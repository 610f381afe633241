"""Sessions end when they have had what they may have: by energy, by time, by the day, by check-out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from custom_components.offline_evse.engine.model.access import AccessConfig, UnknownCards, UnknownRule
from custom_components.offline_evse.engine.model.credential import Terms
from custom_components.offline_evse.engine.model.decision import Refusal, StopCause
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.site.announcement import SessionStopped
from tests.engine.clock import NOON, ManualClock
from tests.engine.site.place import ONE, TWO, Place, until
from tests.engine.site.wallbox import Station201, Wallbox, is_live, limit_a

EVERYBODY = AccessConfig(
    unknown=UnknownCards(rule=UnknownRule.ALLOW, session_wh=2000, session_s=600), site_total_wh=3000
)


async def ends(place: Place, box: Wallbox, transaction_id: int, cause: StopCause) -> None:
    """See a session ended for a cause: no more current, then a remote stop."""
    assert await box.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    await box.hear("SetChargingProfile", lambda told: is_live(told) and limit_a(told) == 0)
    (stopped,) = (news for news in place.heard_of(SessionStopped) if news.evse == ONE)
    assert stopped.cause is cause


async def test_a_session_ends_with_its_energy_before_the_next_sample_is_too_much(
    place: Place, box: Wallbox, clock: ManualClock
) -> None:
    await place.enrol("GUEST", "Guest", terms=Terms(session_wh=1000))
    transaction_id = await box.plug_in("GUEST")
    for energy_wh in (1000, 1183, 1367, 1550, 1733):
        await box.measure(transaction_id, energy_wh=energy_wh, power_w=11_000, current_l1_a=16)
        await place.pass_time(60, box)
    assert "RemoteStopTransaction" not in box.heard
    # 917 Wh at the next sample, 1100 Wh at the one after: 83 Wh are left, which last 27 s.
    await box.measure(transaction_id, energy_wh=1917, power_w=11_000, current_l1_a=16)
    await clock.advance(26)
    assert "RemoteStopTransaction" not in box.heard
    await clock.advance(2)
    await ends(place, box, transaction_id, StopCause.SESSION_ENERGY)
    assert place.evse().offer.binding.reason is LimitReason.USED_UP
    await box.stop(transaction_id, meter_wh=2002, reason="Remote")
    session = await place.only()
    assert (session.stop_cause, session.energy_wh) == (StopCause.SESSION_ENERGY, 1002)
    # A new session may have as much again.
    assert await box.authorize("GUEST") == "Accepted"


async def test_a_charger_that_goes_on_is_told_again_and_a_restart_goes_on_telling(place: Place, box: Wallbox) -> None:
    await place.enrol("GUEST", "Guest", terms=Terms(session_wh=100))
    box.replies["RemoteStopTransaction"] = {"status": "Rejected"}
    transaction_id = await box.plug_in("GUEST")
    await box.measure(transaction_id, energy_wh=1200)
    await box.hear("RemoteStopTransaction")
    await place.pass_time(65, box)
    await box.hear("RemoteStopTransaction")
    await place.reopen()
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Charging")
    await again.measure(transaction_id, energy_wh=1250, current_l1_a=16)
    await place.pass_time(65, again)
    assert await again.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    assert place.evse().offer.current_a == 0
    assert place.session().stop_cause is StopCause.SESSION_ENERGY


async def test_check_out_ends_a_session_and_a_late_one_lets_it_go_on(
    place: Place, box: Wallbox, clock: ManualClock
) -> None:
    await place.enrol("GUEST", "Guest", terms=Terms(valid_until=NOON + timedelta(minutes=10)))
    transaction_id = await box.plug_in("GUEST")
    await box.measure(transaction_id, energy_wh=1100, power_w=7000)
    await place.enrol("GUEST", "Guest", terms=Terms(valid_until=NOON + timedelta(minutes=20)))
    await clock.advance(610)
    assert "RemoteStopTransaction" not in box.heard
    await clock.advance(595)
    assert await box.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    assert [news.cause for news in place.heard_of(SessionStopped)] == [StopCause.VALIDITY]
    assert place.evse().offer.binding.reason is LimitReason.TIME_OVER


async def test_what_a_day_allows_is_shared_by_all_sessions_and_begins_anew_at_local_midnight(
    place: Place, box: Wallbox, station: Station201, clock: ManualClock
) -> None:
    clock.jump_wall(datetime(2026, 6, 1, 23, 50, tzinfo=UTC))
    await place.enrol("GUEST", "Guest", terms=Terms(day_wh=1500))
    transaction_id = await box.plug_in("GUEST")
    await station.event("Started", 0, card="GUEST", meter_wh=0)
    await box.measure(transaction_id, energy_wh=1600, power_w=0)
    await station.event("Updated", 1, meter_wh=500)
    await until(lambda: (allowance := place.evse(TWO).allowance) is not None and allowance.energy_wh == 900)
    await box.measure(transaction_id, energy_wh=1600, power_w=0.1)
    allowance = place.evse(ONE).allowance
    assert allowance is not None and (allowance.energy_wh, allowance.energy_cause) == (1000, StopCause.DAY_ENERGY)
    await place.pass_time(610, box, station)
    await box.measure(transaction_id, energy_wh=2500, power_w=0)
    await until(lambda: (allowance := place.evse(ONE).allowance) is not None and allowance.energy_wh == 2100)
    assert "RemoteStopTransaction" not in box.heard
    await place.pass_time(60, box, station)
    await box.measure(transaction_id, energy_wh=3100, power_w=0)
    await ends(place, box, transaction_id, StopCause.DAY_ENERGY)
    # Nothing is left of the day for the other session of the same credential either.
    assert await station.hear("RequestStopTransaction") == {"transactionId": "tx-1"}


async def test_what_is_used_up_in_all_stays_used_up_over_a_restart(place: Place, box: Wallbox) -> None:
    await place.enrol("GUEST", "Guest", terms=Terms(total_wh=1000))
    transaction_id = await box.plug_in("GUEST")
    await box.stop(transaction_id, meter_wh=1900)
    await place.reopen()
    again = await place.dial(Wallbox)
    await again.boot()
    transaction_id = await again.plug_in("GUEST", meter_wh=1900)
    await until(lambda: (left := place.evse().allowance) is not None and left.energy_wh == 100)
    await again.measure(transaction_id, energy_wh=2000, power_w=0)
    assert await again.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    await again.stop(transaction_id, meter_wh=2001)
    assert await again.authorize("GUEST") == "Blocked"
    assert place.decision().refusal is Refusal.ENERGY_USED_UP


async def test_money_counts_by_the_price(place: Place, box: Wallbox) -> None:
    await place.reload(access=AccessConfig(price_per_kwh=Decimal("0.50")))
    await place.enrol("GUEST", "Guest", terms=Terms(money=Decimal("1.00")))
    transaction_id = await box.plug_in("GUEST")
    await box.measure(transaction_id, energy_wh=2900, power_w=0)
    allowance = place.evse().allowance
    assert allowance is not None and (allowance.energy_wh, allowance.energy_cause) == (2000, StopCause.MONEY)
    await box.measure(transaction_id, energy_wh=3000, power_w=0)
    await ends(place, box, transaction_id, StopCause.MONEY)


async def test_an_unknown_card_charges_within_its_cap_and_the_sites_total(
    place: Place, box: Wallbox, station: Station201
) -> None:
    await place.reload(access=EVERYBODY)
    transaction_id = await box.plug_in("NOBODY")
    answer = await station.event("Started", 0, card="STRANGER", meter_wh=0)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await box.measure(transaction_id, energy_wh=2500, power_w=0)
    assert place.site.state.exposure.energy_wh == 1500
    assert place.site.state.exposure.session_count == 2
    await station.event("Updated", 1, meter_wh=1600)
    # 3100 Wh in all are more than the site gives to whom nobody knows.
    assert await box.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    await station.hear("RequestStopTransaction")
    await box.stop(transaction_id, meter_wh=2500)
    assert await box.authorize("THIRD") == "Invalid"
    assert place.decision().refusal is Refusal.SITE_TOTAL
    # Enrolled cards have nothing to do with it.
    assert await box.authorize("CARD") == "Accepted"


async def test_an_unknown_card_has_its_time_and_what_was_given_is_known_after_a_restart(
    place: Place, box: Wallbox, clock: ManualClock
) -> None:
    await place.reload(access=EVERYBODY)
    transaction_id = await box.plug_in("NOBODY")
    await box.measure(transaction_id, energy_wh=1700, power_w=0)
    await place.pass_time(300, box)
    await place.reopen(place.site.config)
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Charging")
    await again.measure(transaction_id, energy_wh=1800, power_w=0)
    await place.pass_time(280, again)
    assert "RemoteStopTransaction" not in again.heard
    await place.pass_time(30, again)
    assert await again.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    assert place.site.state.exposure.energy_wh == 800


async def test_what_was_given_away_is_forgotten_with_the_day_where_nobody_will_ever_settle_it(
    place: Place, box: Wallbox, clock: ManualClock
) -> None:
    await place.reload(access=replace(EVERYBODY, site_total_wh=500))
    transaction_id = await box.plug_in("NOBODY")
    await box.stop(transaction_id, meter_wh=1600)
    assert await box.authorize("NOBODY") == "Invalid"
    clock.jump_wall(NOON + timedelta(days=1))
    assert await box.authorize("NOBODY") == "Accepted"
    assert place.site.state.exposure.energy_wh == 0
