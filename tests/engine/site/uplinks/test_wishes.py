"""What backends want of the site, and what comes of it at the chargers."""

import asyncio
from dataclasses import replace
from datetime import time, timedelta

import pytest

from custom_components.offline_evse.engine.model.access import AccessConfig, AccessMode, LinkState
from custom_components.offline_evse.engine.model.credential import Terms, WeeklyHours
from custom_components.offline_evse.engine.model.decision import DecisionBasis, Refusal, StopCause
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.local_list import LocalListEntry
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.station import EvseKey, ResetKind
from custom_components.offline_evse.engine.model.upstream.config import UpstreamPermit, UpstreamRole
from custom_components.offline_evse.engine.model.upstream.site import UpstreamLimit
from custom_components.offline_evse.engine.model.upstream.wish import (
    UpstreamWish,
    WantAvailability,
    WantData,
    WantLimit,
    WantLocalList,
    WantReset,
    WantStart,
    WantStop,
    WantUnlock,
    WishOutcome,
)
from custom_components.offline_evse.engine.site.announcement import SessionStopped
from custom_components.offline_evse.engine.site.people import People
from tests.engine.clock import ManualClock, settle
from tests.engine.site.place import TWO, Place, until
from tests.engine.site.wallbox import Wallbox, limit_a

from .fake_uplinks import FakeUplinks, upstream

APP = IdToken("APP-USER")
START = WantStart(evse_id=1, id_token=APP, remote_start_id=77)


async def refusal(uplinks: FakeUplinks, wish: UpstreamWish, upstream_id: str = "monta") -> str | None:
    """Want something that is refused, and return why."""
    answer = await uplinks.wish(wish, upstream_id)
    assert answer.outcome is WishOutcome.REJECTED
    return answer.reason


async def test_a_backend_starts_a_session_for_whom_nobody_here_knows(
    place: Place, box: Wallbox, uplinks: FakeUplinks
) -> None:
    answer = await uplinks.wish(START)
    assert answer.outcome is WishOutcome.ACCEPTED
    assert await box.hear("RemoteStartTransaction") == {"connectorId": 1, "idTag": "APP-USER"}
    assert await box.authorize("APP-USER") == "Accepted"
    await box.start("APP-USER")
    assert (place.decision().basis, place.decision().source) == (DecisionBasis.BACKEND, "backend")
    session = place.session()
    assert uplinks.grounds.remote_start_id("monta", session) == 77
    assert uplinks.grounds.remote_start_id("other", session) is None
    assert place.site.state.exposure.session_count == 0
    # What it has ordered once opens nothing later on.
    await box.stop(int(session.transaction_id), meter_wh=1100)
    assert await box.authorize("APP-USER") == "Invalid"
    assert uplinks.grounds.remote_start_id("monta", place.session()) == 77


async def test_a_session_that_nobody_ordered_has_no_number(
    place: Place, box: Wallbox, uplinks: FakeUplinks, clock: ManualClock
) -> None:
    await uplinks.wish(START)
    await box.start("CARD")
    assert uplinks.grounds.remote_start_id("monta", place.session()) is None


async def test_a_start_is_passed_on_with_the_chargers_own_answer(
    place: Place, box: Wallbox, uplinks: FakeUplinks
) -> None:
    box.replies["RemoteStartTransaction"] = {"status": "Rejected"}
    assert await refusal(uplinks, START) == "Rejected"
    assert await box.authorize("APP-USER") == "Invalid"
    del box.replies["RemoteStartTransaction"]
    assert (await uplinks.wish(START)).outcome is WishOutcome.ACCEPTED


async def test_a_charger_that_says_nothing_has_not_taken_the_order(
    place: Place, box: Wallbox, uplinks: FakeUplinks, clock: ManualClock
) -> None:
    box.replies["RemoteStartTransaction"] = None
    wish = asyncio.create_task(uplinks.wish(START))
    await box.hear("RemoteStartTransaction")
    await clock.advance(19)
    assert not wish.done()
    await clock.advance(2)
    assert (await wish).reason == "NoAnswer"
    assert await box.authorize("APP-USER") == "Invalid"


async def test_a_start_that_has_been_given_up_begins_nothing(
    place: Place, box: Wallbox, uplinks: FakeUplinks, clock: ManualClock
) -> None:
    await box.status("Available", connector=2)
    box.replies["RemoteStartTransaction"] = None
    given_up = asyncio.create_task(uplinks.wish(START))
    await box.hear("RemoteStartTransaction")
    # One more waits behind it for its turn at the charger's socket, and is given up before it leaves.
    waits = asyncio.create_task(uplinks.wish(replace(START, evse_id=2)))
    await settle()
    for wish in (given_up, waits):
        wish.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wish
    assert await box.authorize("APP-USER") == "Invalid"
    await clock.advance(60)
    await settle()
    assert box.heard.count("RemoteStartTransaction") == 1
    answer = await box.ask_start("APP-USER")
    assert answer["idTagInfo"]["status"] == "Invalid"
    assert uplinks.grounds.remote_start_id("monta", await place.only()) is None


async def test_a_start_is_not_begun_after_its_time(
    place: Place, box: Wallbox, uplinks: FakeUplinks, clock: ManualClock
) -> None:
    late = replace(START, expires_at=clock.now())
    assert await refusal(uplinks, late) == "Timeout"
    assert "RemoteStartTransaction" not in box.heard
    box.replies["RemoteStartTransaction"] = None
    wish = asyncio.create_task(uplinks.wish(replace(START, expires_at=clock.now() + timedelta(seconds=5))))
    await box.hear("RemoteStartTransaction")
    await clock.advance(6)
    assert (await wish).reason == "NoAnswer"
    assert await box.authorize("APP-USER") == "Invalid"


async def test_nothing_is_started_where_somebody_here_says_no(
    place: Place, box: Wallbox, uplinks: FakeUplinks, clock: ManualClock
) -> None:
    blocked = replace(START, id_token=IdToken("BLOCKED"))
    await place.enrol("BLOCKED", "Eve", blocked=True)
    assert await refusal(uplinks, blocked) == "InvalidIdToken"
    now = clock.now()
    over = Terms(valid_until=now - timedelta(hours=1))
    await place.enrol("OVER", "Bob", terms=over)
    assert await refusal(uplinks, replace(START, id_token=IdToken("OVER"))) == "InvalidIdToken"
    assert now.time() >= time(12)
    await place.enrol(
        "MORNING", "Cy", terms=Terms(hours=(WeeklyHours(weekdays=frozenset(range(7)), begins=time(6), ends=time(8)),))
    )
    assert await refusal(uplinks, replace(START, id_token=IdToken("MORNING"))) == "InvalidIdToken"
    # What is told of sessions that people begin from here is no key to the site.
    assert await refusal(uplinks, replace(START, id_token=place.site.site_tag)) == "InvalidIdToken"
    await place.site.stop_all(True)
    assert await refusal(uplinks, START) == "Stopped"
    await place.site.stop_all(False)
    assert "RemoteStartTransaction" not in box.heard


async def test_nothing_is_started_where_nothing_can_begin(place: Place, box: Wallbox, uplinks: FakeUplinks) -> None:
    assert await refusal(uplinks, replace(START, evse_id=4)) == "UnknownEvse"
    for status, reason in (("Faulted", "Faulted"), ("Reserved", "Reserved"), ("Unavailable", "Unavailable")):
        await box.status(status)
        assert await refusal(uplinks, START) == reason
    await box.status("Preparing")
    await box.start("CARD")
    assert await refusal(uplinks, START) == "TxInProgress"
    assert "RemoteStartTransaction" not in box.heard
    await box.hang_up()
    await until(lambda: not place.evse().connected)
    assert await refusal(uplinks, START) == "Offline"


async def test_two_starts_at_once_are_one(place: Place, box: Wallbox, uplinks: FakeUplinks) -> None:
    other = replace(START, id_token=IdToken("SECOND"))
    first, second = await asyncio.gather(uplinks.wish(START), uplinks.wish(other))
    assert (first.outcome, second.outcome) == (WishOutcome.ACCEPTED, WishOutcome.REJECTED)
    assert box.heard.count("RemoteStartTransaction") == 1


async def test_no_evse_named_means_the_one_where_a_car_waits(place: Place, box: Wallbox, uplinks: FakeUplinks) -> None:
    await box.status("Available", connector=2)
    await box.status("Preparing", connector=2)
    assert (await uplinks.wish(replace(START, evse_id=None))).outcome is WishOutcome.ACCEPTED
    assert (await box.hear("RemoteStartTransaction"))["connectorId"] == 2


async def test_what_a_backend_is_told_gives_it_no_say(place: Place, box: Wallbox, uplinks: FakeUplinks) -> None:
    await place.site.configure_upstreams((upstream(role=UpstreamRole.REPORT),))
    wishes = (
        START,
        WantReset(ResetKind.SOFT),
        WantUnlock(1),
        WantAvailability(0, operative=False),
        WantLocalList((LocalListEntry(APP),)),
    )
    for wish in wishes:
        assert await refusal(uplinks, wish) == "NotEnabled"
    assert (await uplinks.wish(WantData("Acme"))).outcome is WishOutcome.UNSUPPORTED
    assert await refusal(uplinks, START, "nobody") == "UnknownStation"
    assert (await uplinks.wish(WantStop("x"), station_id="THREE")).reason == "UnknownStation"
    assert {"RemoteStartTransaction", "Reset", "UnlockConnector", "ChangeAvailability"}.isdisjoint(box.heard)


async def test_every_backend_may_stop_a_session_of_its_line(place: Place, box: Wallbox, uplinks: FakeUplinks) -> None:
    await place.site.configure_upstreams((upstream(role=UpstreamRole.REPORT),))
    transaction_id = await box.plug_in()
    session_id = place.session().session_id
    assert (await uplinks.wish(WantStop(session_id), station_id="TWO")).reason == "TxNotFound"
    assert (await uplinks.wish(WantStop(session_id))).outcome is WishOutcome.ACCEPTED
    assert await box.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    assert [news.cause for news in place.heard_of(SessionStopped)] == [StopCause.BACKEND]
    await box.stop(transaction_id, meter_wh=1500, reason="Remote")
    assert (await place.only()).stop_cause is StopCause.BACKEND
    assert await refusal(uplinks, WantStop(session_id)) == "TxNotFound"


async def test_a_stop_is_carried_out_when_the_charger_is_back(place: Place, box: Wallbox, uplinks: FakeUplinks) -> None:
    transaction_id = await box.plug_in()
    await box.hang_up()
    await until(lambda: not place.evse().connected)
    assert (await uplinks.wish(WantStop(place.session().session_id))).outcome is WishOutcome.ACCEPTED
    await settle()
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Charging")
    assert isinstance(place.clock, ManualClock)
    await place.clock.advance(60)
    assert await again.hear("RemoteStopTransaction") == {"transactionId": transaction_id}


async def test_what_a_charger_may_have_in_all_is_shared_among_its_sockets(
    place: Place, box: Wallbox, uplinks: FakeUplinks, clock: ManualClock
) -> None:
    await box.status("Available", connector=2)
    await box.plug_in()
    await place.enrol("CARD-2")
    await box.plug_in("CARD-2", connector=2)
    first, second = (place.site.evses[EvseKey("ONE", number)] for number in (1, 2))
    await uplinks.wish(WantLimit(0, 14.0))
    await clock.advance(5)
    assert 12 < first.offer.current_a + second.offer.current_a <= 14
    assert first.offer.binding.reason is LimitReason.BACKEND
    await uplinks.wish(WantLimit(0, 7.0))
    await clock.advance(5)
    assert sorted((first.offer.current_a, second.offer.current_a)) == [0, pytest.approx(6.5, abs=0.5)]
    await uplinks.wish(WantLimit(0, None))
    await clock.advance(900)
    assert first.offer.current_a + second.offer.current_a > 14


async def test_the_lowest_limit_of_any_backend_holds_and_is_named(
    place: Place, box: Wallbox, uplinks: FakeUplinks
) -> None:
    await place.site.configure_upstreams((upstream(), upstream("shell", UpstreamRole.REPORT)))
    await box.plug_in()
    evse = place.evse()
    await until(lambda: evse.offer.current_a == 16)
    await uplinks.wish(WantLimit(1, 12.0))
    await uplinks.wish(WantLimit(0, 10.0), "shell")
    await until(lambda: evse.offer.current_a == 10)
    assert place.evse().offer.binding.reason is LimitReason.BACKEND
    assert evse.upstream_limit == UpstreamLimit("shell", "Shell", 10.0)
    await box.hear("SetChargingProfile", lambda payload: limit_a(payload) == 10)
    await place.site.set_limit(evse.key, 8)
    await until(lambda: evse.offer.current_a == 8)
    assert place.evse().offer.binding.reason is LimitReason.USER_LIMIT
    await place.site.set_limit(evse.key, None)
    # A limit above what there is raises nothing.
    await uplinks.wish(WantLimit(0, 32.0), "shell")
    await until(lambda: evse.offer.current_a == 12)
    await place.site.configure_upstreams((upstream("shell", UpstreamRole.REPORT),))
    await until(lambda: evse.offer.current_a == 16)
    assert place.evse().offer.binding.reason is not LimitReason.BACKEND
    await uplinks.wish(WantLimit(0, None), "shell")
    assert evse.upstream_limit is None


async def test_what_is_permitted_is_done_like_a_persons_wish(place: Place, box: Wallbox, uplinks: FakeUplinks) -> None:
    permits = frozenset(UpstreamPermit)
    await place.site.configure_upstreams((upstream(permits=permits, vendor_ids=frozenset({"Acme"})),))
    assert (await uplinks.wish(WantReset(ResetKind.HARD))).outcome is WishOutcome.ACCEPTED
    assert await box.hear("Reset") == {"type": "Hard"}
    assert (await uplinks.wish(WantUnlock(1))).outcome is WishOutcome.ACCEPTED
    assert await refusal(uplinks, WantUnlock(7)) == "UnknownEvse"
    box.replies["ChangeAvailability"] = {"status": "Scheduled"}
    assert (await uplinks.wish(WantAvailability(0, operative=False))).outcome is WishOutcome.SCHEDULED
    assert place.site.stations["ONE"].operative is False
    assert (await uplinks.wish(WantData("Acme", "hello", "you"))).outcome is WishOutcome.ACCEPTED
    assert (await box.hear("DataTransfer"))["data"] == "you"
    place.site.stations["ONE"].taken_out = frozenset({1})
    assert await refusal(uplinks, WantAvailability(1, operative=True)) == "TakenOut"


async def test_a_wish_that_goes_wrong_is_refused(
    place: Place, box: Wallbox, uplinks: FakeUplinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("nobody expected this")

    monkeypatch.setattr(People, "start_for", breaks)
    assert await refusal(uplinks, START) == "InternalError"


def lists(place: Place, mode: AccessMode = AccessMode.LOCAL_FIRST) -> None:
    """Let what backends list count."""
    place.site.configure(replace(place.site.config, access=AccessConfig(mode=mode)))


async def test_a_listed_card_gets_in_below_what_is_enrolled_here(
    place: Place, box: Wallbox, uplinks: FakeUplinks, clock: ManualClock
) -> None:
    lists(place)
    config = upstream(permits=frozenset({UpstreamPermit.LOCAL_LIST}), stations=("ONE",))
    await place.site.configure_upstreams((config,))
    await place.enrol("BLOCKED", "Eve", blocked=True)
    listed = [LocalListEntry(IdToken(card)) for card in ("LISTED", "BLOCKED")]
    ends = LocalListEntry(IdToken("ENDS"), expires_at=clock.now() + timedelta(hours=1))
    away = LocalListEntry(IdToken("CARD"), accepted=False)
    assert (await uplinks.wish(WantLocalList((*listed, ends, away)))).outcome is WishOutcome.ACCEPTED
    assert await box.authorize("LISTED") == "Accepted"
    assert place.decision().basis is DecisionBasis.FRESH_CACHE
    assert await box.authorize("ENDS") == "Accepted"
    assert await box.authorize("CARD") == "Accepted"
    assert await box.authorize("BLOCKED") == "Blocked"
    other = await place.dial(Wallbox, "TWO")
    await other.boot()
    assert await other.authorize("LISTED") == "Invalid"
    clock.jump_wall(clock.now() + timedelta(hours=2))
    assert await box.authorize("ENDS") == "Expired"
    lists(place, AccessMode.LOCAL)
    assert await box.authorize("LISTED") == "Invalid"


async def test_a_list_lasts_over_a_restart_under_pseudonyms_and_goes_with_its_backend(
    place: Place, box: Wallbox, uplinks: FakeUplinks
) -> None:
    lists(place)
    config = upstream(permits=frozenset({UpstreamPermit.LOCAL_LIST}))
    await place.site.configure_upstreams((config,))
    await uplinks.wish(WantLocalList((LocalListEntry(IdToken("LISTED"), group="FLEET"),)))
    await place.reopen(place.site.config)
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Available")
    assert await again.authorize("LISTED") == "Accepted"
    ledger = b"".join(it.read_bytes() for it in place.folder.glob("ledger.db*"))
    assert b"LISTED" not in ledger and b"FLEET" not in ledger
    await place.site.configure_upstreams((upstream(),))
    assert await again.authorize("LISTED") == "Invalid"
    await place.reopen(place.site.config)
    third = await place.dial(Wallbox)
    await third.boot()
    assert await third.authorize("LISTED") == "Invalid"


async def test_a_list_grows_old_only_while_its_backend_is_out_of_reach(
    place: Place, box: Wallbox, uplinks: FakeUplinks, clock: ManualClock
) -> None:
    lists(place)
    await place.site.configure_upstreams((upstream(permits=frozenset({UpstreamPermit.LOCAL_LIST})),))
    await uplinks.wish(WantLocalList((LocalListEntry(IdToken("LISTED")),)))
    clock.jump_wall(clock.now() + timedelta(days=20))
    uplinks.become(LinkState.ONLINE)
    uplinks.become(LinkState.OFFLINE)
    assert await box.authorize("LISTED") == "Accepted"
    clock.jump_wall(clock.now() + timedelta(days=10))
    assert await box.authorize("LISTED") == "Accepted"
    assert place.decision().basis is DecisionBasis.STALE_CACHE
    clock.jump_wall(clock.now() + timedelta(days=10))
    assert await box.authorize("LISTED") == "Invalid"
    assert place.decision().refusal is Refusal.STALE
    uplinks.become(LinkState.OFFLINE)
    await uplinks.wish(WantLocalList(()))
    assert await box.authorize("LISTED") == "Invalid"
    assert place.decision().refusal is Refusal.UNKNOWN


async def test_a_cars_session_at_one_charger_is_not_stopped_for_another(
    place: Place, box: Wallbox, uplinks: FakeUplinks
) -> None:
    await box.plug_in()
    two = await place.dial(Wallbox, "TWO")
    await two.boot()
    await two.status("Available")
    await two.plug_in("CARD")
    assert (await uplinks.wish(WantStop(place.session(TWO).session_id), station_id="TWO")).outcome is (
        WishOutcome.ACCEPTED
    )
    await two.hear("RemoteStopTransaction")
    assert "RemoteStopTransaction" not in box.heard
