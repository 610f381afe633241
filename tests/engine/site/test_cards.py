"""Who is let in: cards at the reader, cards in a start, and starts from here."""

from datetime import timedelta

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.command import Outcome
from custom_components.offline_evse.engine.model.credential import Terms
from custom_components.offline_evse.engine.model.decision import DecisionBasis
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus, IdToken
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.site.announcement import CardPresented
from tests.engine.clock import NOON, ManualClock

from .place import ONE, TWO, Place, until
from .wallbox import Station201, Wallbox, is_live, limit_a


async def test_a_card_is_compared_without_regard_to_case(place: Place, box: Wallbox) -> None:
    await place.enrol("AbC1")
    assert await box.authorize("aBc1") == "Accepted"
    assert (await box.ask_start("ABC1"))["idTagInfo"]["status"] == "Accepted"


async def test_out_of_the_box_an_unknown_card_gets_nothing_and_is_shown(place: Place, box: Wallbox) -> None:
    assert await box.authorize("NOBODY") == "Invalid"
    (shown,) = place.heard_of(CardPresented)
    assert shown.evse == ONE
    assert shown.decision.basis is DecisionBasis.UNKNOWN_CARD
    assert shown.decision.id_token == IdToken("NOBODY")


async def test_a_card_is_good_until_it_expires(place: Place, box: Wallbox, clock: ManualClock) -> None:
    await place.enrol("GUEST", "Guest", terms=Terms(valid_until=NOON + timedelta(seconds=30)))
    answer = await box.say("Authorize", {"idTag": "GUEST"})
    assert answer["idTagInfo"] == {"status": "Accepted", "expiryDate": "2026-06-01T12:00:30.000Z"}
    await clock.advance(30)
    assert await box.authorize("GUEST") == "Expired"
    assert (await box.ask_start("GUEST"))["idTagInfo"]["status"] == "Expired"


async def test_a_start_without_authorize_is_decided_and_shown_once(
    place: Place, box: Wallbox, clock: ManualClock
) -> None:
    answer = await box.ask_start("NOBODY")
    assert answer["idTagInfo"]["status"] == "Invalid"
    (shown,) = place.heard_of(CardPresented)
    assert shown.evse == ONE
    await clock.advance(10)
    await box.ask_start("NOBODY")
    assert place.heard_of(CardPresented) == [shown]
    await clock.advance(60)
    await box.ask_start("NOBODY")
    assert len(place.heard_of(CardPresented)) == 2


async def test_a_start_that_follows_its_authorize_shows_the_card_once(place: Place, box: Wallbox) -> None:
    await box.authorize("CARD")
    await box.start("card")
    assert [shown.decision.name for shown in place.heard_of(CardPresented)] == ["Ada"]


async def test_a_refused_start_has_an_id_of_its_own_gets_no_current_and_is_stopped(
    place: Place, box: Wallbox, clock: ManualClock
) -> None:
    await box.status("Preparing")
    answer = await box.ask_start("NOBODY")
    assert answer["idTagInfo"] == {"status": "Invalid"}
    assert answer["transactionId"] > 0
    assert await box.hear("RemoteStopTransaction") == {"transactionId": answer["transactionId"]}
    await box.status("Charging")
    await box.measure(answer["transactionId"], energy_wh=1100)
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 0
    # It goes on all the same: it is told again, and what it takes is recorded.
    await place.pass_time(60, box)
    await box.measure(answer["transactionId"], energy_wh=1200)
    await box.hear("RemoteStopTransaction")
    await box.stop(answer["transactionId"], meter_wh=1250, reason="DeAuthorized")
    assert (await place.only()).energy_wh == 250


async def test_a_refused_transaction_is_still_refused_after_a_restart(place: Place, box: Wallbox) -> None:
    box.replies["RemoteStopTransaction"] = {"status": "Rejected"}
    transaction_id = (await box.ask_start("NOBODY"))["transactionId"]
    await box.hear("RemoteStopTransaction")
    await place.reopen()
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Charging")
    await again.measure(transaction_id, energy_wh=1100, current_l1_a=16)
    await again.hear("RemoteStopTransaction")
    assert limit_a(await again.hear("SetChargingProfile", is_live)) == 0


async def test_a_strange_card_beside_a_running_session_takes_nothing_from_it(place: Place, box: Wallbox) -> None:
    transaction_id = await box.plug_in()
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 16
    assert await box.authorize("NOBODY") == "Invalid"
    await box.measure(transaction_id, energy_wh=1100)
    await box.status("Charging")
    assert place.evse().offer.current_a == 16
    assert place.decision().name == "Ada"


async def test_a_good_card_beside_a_refused_session_gives_nothing_to_it(place: Place, box: Wallbox) -> None:
    answer = await box.ask_start("NOBODY")
    assert await box.authorize("CARD") == "Accepted"
    await box.measure(answer["transactionId"], energy_wh=1100)
    await box.status("Charging")
    assert place.evse().offer.current_a == 0


async def test_a_card_that_has_expired_since_still_ends_its_session(
    place: Place, box: Wallbox, clock: ManualClock
) -> None:
    await place.enrol("GUEST", "Guest", terms=Terms(valid_until=NOON + timedelta(seconds=30)))
    await box.plug_in("GUEST")
    await place.pass_time(40, box)
    assert await box.authorize("GUEST") == "Accepted"


async def test_the_sites_own_tag_is_short_and_the_same_for_ever(place: Place, box: Wallbox) -> None:
    tag = place.site.site_tag.value
    assert len(tag) <= 8
    await place.site.start_charging(ONE)
    assert await box.hear("RemoteStartTransaction") == {"connectorId": 1, "idTag": tag}
    await place.reopen()
    assert place.site.site_tag.value == tag


async def test_a_start_from_here_begins_with_the_sites_tag_and_only_where_it_was_ordered(
    place: Place, clock: ManualClock
) -> None:
    await clock.advance(601)
    box = await place.dial(Wallbox)
    await box.boot()
    await box.status("Preparing")
    tag = place.site.site_tag.value
    assert await box.authorize(tag) == "Invalid"
    assert (await place.site.start_charging(ONE)).outcome is Outcome.ACCEPTED
    assert await box.authorize(tag) == "Accepted"
    began = clock.now()
    running = await box.start(tag, when=began)
    assert place.heard_of(CardPresented) == []
    # The answer may have been lost: the charger tells of the same start once more.
    assert await box.start(tag, when=began) == running
    assert "RemoteStopTransaction" not in box.heard
    assert place.decision().basis is DecisionBasis.REMOTE_START


async def test_a_start_from_here_with_a_card_is_that_persons(place: Place, box: Wallbox) -> None:
    await box.status("Preparing")
    await place.site.start_charging(ONE, IdToken("CARD"))
    tag = (await box.hear("RemoteStartTransaction"))["idTag"]
    await box.start(tag)
    assert (await place.only()).name == "Ada"


async def test_a_start_from_here_with_a_card_that_may_not_charge_never_leaves(place: Place, box: Wallbox) -> None:
    await place.enrol("LOST", "Lost", blocked=True)
    result = await place.site.start_charging(ONE, IdToken("LOST"))
    assert (result.outcome, result.detail) == (Outcome.REJECTED, "Blocked")
    assert "RemoteStartTransaction" not in box.heard


async def test_a_token_in_a_transaction_event_is_checked(place: Place, station: Station201) -> None:
    answer = await station.event("Started", 0, card="NOBODY", meter_wh=1000)
    assert answer["idTokenInfo"]["status"] == "Invalid"
    assert await station.hear("RequestStopTransaction") == {"transactionId": "tx-1"}
    assert limit_a(await station.hear("SetChargingProfile", is_live)) == 0
    assert [shown.decision.status for shown in place.heard_of(CardPresented)] == [AuthorizationStatus.INVALID]


async def test_a_token_that_comes_after_the_plug_is_checked(place: Place, station: Station201) -> None:
    assert "idTokenInfo" not in await station.event("Started", 0, meter_wh=1000)
    answer = await station.event("Updated", 1, card="card")
    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert (await place.only()).name == "Ada"
    answer = await station.event("Updated", 2, card="NOBODY")
    assert answer["idTokenInfo"]["status"] == "Invalid"
    await station.event("Updated", 3, meter_wh=1100)
    assert place.evse(TWO).offer.current_a == 16
    assert "RequestStopTransaction" not in station.heard


@pytest.mark.parametrize("payload", [{}, {"idTag": None}, {"idTag": ["x"]}, {"idTag": "Z" * 500}, []])
async def test_a_card_that_cannot_be_read_is_refused_and_the_next_one_is_not(
    place: Place, box: Wallbox, payload: dict[str, object]
) -> None:
    assert (await box.say("Authorize", payload))["idTagInfo"] == {"status": "Invalid"}
    assert await box.authorize("CARD") == "Accepted"


async def test_a_removed_card_lets_its_session_run_and_begins_no_other(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    assert await place.site.remove_card(IdToken("card"))
    await box.measure(running, energy_wh=1100)
    assert place.evse().offer.current_a == 16
    await box.stop(running, meter_wh=1200, idTag="CARD")
    await until(lambda: not place.evse().has_transaction)
    assert await box.authorize("CARD") == "Invalid"
    assert (await place.only()).name == "Ada"


async def test_the_class_of_a_card_goes_with_it_and_a_change_counts_at_once(
    place: Place, box: Wallbox, station: Station201
) -> None:
    small = Circuit(circuit_id="main", name="Main fuse", limit_a=PhaseAmperes(20, 20, 20))
    await place.reload(circuits=(small,))
    await place.enrol("GUEST", "Guest", terms=Terms(priority=0))
    await place.enrol("VIP", "Very important", terms=Terms(priority=10))
    await box.start("GUEST")
    await station.event("Started", 0, card="VIP", meter_wh=1000)
    await place.pass_time(30, box, station)
    await until(lambda: place.evse(TWO).offer.current_a > place.evse(ONE).offer.current_a > 0)
    assert place.evse(ONE).offer.binding.reason is LimitReason.PRIORITY
    await place.enrol("VIP", "No longer", terms=Terms(priority=0))
    await place.enrol("GUEST", "Guest of honour", terms=Terms(priority=10))
    await place.pass_time(80, box, station)
    await until(lambda: place.evse(ONE).offer.current_a > place.evse(TWO).offer.current_a > 0)
    assert {card.name: card.terms.priority for card in place.site.cards()}["Guest of honour"] == 10
