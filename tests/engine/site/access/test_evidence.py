"""Whoever comes without a card in a reader: a phone, a button, a code, and who else may end a session."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from custom_components.offline_evse.engine.model.command import Outcome
from custom_components.offline_evse.engine.model.credential import (
    Credential,
    CredentialKind,
    Evidence,
    EvidenceLevel,
    Terms,
)
from custom_components.offline_evse.engine.model.decision import DecisionBasis, Refusal, StopCause
from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.announcement import CardPresented, EvidencePresented, SessionStopped
from tests.engine.clock import NOON, ManualClock
from tests.engine.site.place import ONE, Place, charger
from tests.engine.site.wallbox import Station201, Wallbox

PHONE = IdToken("BPHONE", IdTokenType.CENTRAL)


@pytest.fixture
async def phone(place: Place) -> Credential:
    """Ada's phone, with a key."""
    phone = Credential(id_token=PHONE, name="Ada", kind=CredentialKind.BLE_KEY, key="thumbprint")
    await place.site.enrol_card(phone)
    return phone


def shown(place: Place, token: IdToken = PHONE, **more: Any) -> Evidence:
    """Show something at charger ONE."""
    fields: dict[str, Any] = {
        "id_token": token,
        "level": EvidenceLevel.KEY,
        "station_id": "ONE",
        "evse_id": None,
        "seen_at": place.clock.now(),
        "source": "ble_central",
    }
    return Evidence(**(fields | more))


async def test_a_key_starts_where_the_car_is(place: Place, box: Wallbox, phone: Credential) -> None:
    await box.status("Available", connector=2)
    await box.status("Preparing", connector=2)
    presented = await place.site.present(shown(place))
    assert presented.done and presented.evse == EvseKey("ONE", 2)
    assert await box.hear("RemoteStartTransaction") == {"connectorId": 2, "idTag": "BPHONE"}
    await box.start("BPHONE", connector=2)
    decision = place.decision(EvseKey("ONE", 2))
    assert (decision.basis, decision.level, decision.source) == (
        DecisionBasis.CREDENTIAL,
        EvidenceLevel.KEY,
        "ble_central",
    )
    assert [news.decision.accepted for news in place.heard_of(EvidencePresented)] == [True]
    assert place.heard_of(CardPresented) == []


async def test_the_car_that_came_last_is_meant(
    place: Place, box: Wallbox, phone: Credential, clock: ManualClock
) -> None:
    await box.status("Available", connector=2)
    await box.status("Preparing", connector=2)
    await clock.advance(60)
    await box.status("Preparing", connector=1)
    assert (await place.site.present(shown(place))).evse == ONE
    assert (await place.site.present(shown(place, evse_id=2))).decision.refusal is Refusal.IN_USE


async def test_a_key_may_come_before_the_cable(place: Place, box: Wallbox, phone: Credential) -> None:
    presented = await place.site.present(shown(place))
    assert presented.done
    await box.hear("RemoteStartTransaction")
    await place.pass_time(120, box)
    await box.plug_in("BPHONE")
    assert place.session().name == "Ada"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"token": IdToken("BOTHER")}, Refusal.UNKNOWN),
        ({"level": EvidenceLevel.PRESS}, Refusal.LEVEL_TOO_LOW),
        ({"station_id": "ELSEWHERE"}, Refusal.WRONG_CHARGER),
        ({"evse_id": 7}, Refusal.NO_CAR),
        ({"intent": False}, Refusal.NO_CAR),
        ({"terms": Terms(valid_until=NOON)}, Refusal.EXPIRED),
        ({"terms": Terms(station_ids=frozenset({"TWO"}))}, Refusal.WRONG_CHARGER),
    ],
)
async def test_what_is_refused_starts_nothing(
    place: Place, box: Wallbox, phone: Credential, changes: dict[str, Any], refusal: Refusal
) -> None:
    presented = await place.site.present(shown(place, **changes))
    assert (presented.decision.refusal, presented.result) == (refusal, None)
    assert not presented.done
    assert "RemoteStartTransaction" not in box.heard
    (told,) = place.heard_of(EvidencePresented)
    assert told.decision.refusal is refusal


async def test_presence_starts_only_a_car_that_has_just_come(place: Place, box: Wallbox, clock: ManualClock) -> None:
    await place.reload(stations=(charger("ONE", minimum_level=EvidenceLevel.PRESENCE), charger("TWO")))
    token = IdToken("BTAG")
    await place.site.enrol_card(Credential(id_token=token, name="Bea", kind=CredentialKind.PRESENCE))
    near = {"level": EvidenceLevel.PRESENCE, "intent": False, "source": "presence"}
    assert (await place.site.present(shown(place, token, **near))).decision.refusal is Refusal.NO_CAR
    await box.status("Preparing")
    assert place.evse().plugged_at == clock.now()
    await clock.advance(121)
    assert (await place.site.present(shown(place, token, **near))).decision.refusal is Refusal.NO_CAR
    await box.status("Available")
    assert place.evse().plugged_at is None
    await box.status("Preparing")
    await clock.advance(100)
    assert (await place.site.present(shown(place, token, **near))).done


async def test_a_token_of_somebody_trusted_gives_what_it_says_even_after_a_restart(place: Place, box: Wallbox) -> None:
    await box.status("Preparing")
    token = IdToken("BTOKEN", IdTokenType.CENTRAL)
    presented = await place.site.present(shown(place, token, terms=Terms(session_wh=500)))
    assert presented.decision.basis is DecisionBasis.TOKEN
    transaction_id = await box.plug_in("BTOKEN")
    await box.measure(transaction_id, energy_wh=1100, power_w=0)
    await place.reopen()
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Charging")
    await again.measure(transaction_id, energy_wh=1400, power_w=0)
    assert "RemoteStopTransaction" not in again.heard
    await again.measure(transaction_id, energy_wh=1500, power_w=0)
    assert await again.hear("RemoteStopTransaction") == {"transactionId": transaction_id}


async def test_one_session_per_key(place: Place, box: Wallbox, station: Station201, phone: Credential) -> None:
    await box.plug_in("BPHONE")
    await station.status("Occupied")
    again = await place.site.present(shown(place, station_id="TWO"))
    assert again.decision.refusal is Refusal.IN_USE
    same_place = await place.site.present(shown(place))
    assert same_place.done and same_place.decision.basis is DecisionBasis.RUNNING
    assert "RemoteStartTransaction" not in box.heard


async def test_a_key_that_is_shown_twice_at_once_starts_one_session(
    place: Place, box: Wallbox, station: Station201, phone: Credential
) -> None:
    await box.status("Preparing")
    await station.status("Occupied")
    both = await asyncio.gather(place.site.present(shown(place)), place.site.present(shown(place, station_id="TWO")))
    assert sorted(presented.done for presented in both) == [False, True]
    assert box.heard.count("RemoteStartTransaction") + station.heard.count("RequestStartTransaction") == 1


async def test_of_two_people_at_one_charger_the_second_waits(
    place: Place, box: Wallbox, phone: Credential, clock: ManualClock
) -> None:
    other = IdToken("BOTHER", IdTokenType.CENTRAL)
    await place.site.enrol_card(Credential(id_token=other, name="Eve", kind=CredentialKind.BLE_KEY, key="another"))
    await box.status("Preparing")
    both = await asyncio.gather(place.site.present(shown(place)), place.site.present(shown(place, other)))
    assert [presented.done for presented in both] == [True, False]
    assert both[1].decision.refusal is Refusal.OCCUPIED
    late = await place.site.present(shown(place, other))
    assert late.decision.refusal is Refusal.OCCUPIED
    assert (await place.site.present(shown(place))).decision.refusal is not Refusal.OCCUPIED
    clock.jump_wall(place.clock.now() + timedelta(seconds=61))
    assert (await place.site.present(shown(place, other))).done


async def test_a_charger_that_refuses_leaves_nothing_expected(place: Place, box: Wallbox) -> None:
    box.replies["RemoteStartTransaction"] = {"status": "Rejected"}
    token = IdToken("BTOKEN", IdTokenType.CENTRAL)
    presented = await place.site.present(shown(place, token, terms=Terms()))
    assert presented.result is not None and presented.result.outcome is Outcome.REJECTED
    assert not presented.done
    assert (await box.ask_start("BTOKEN"))["idTagInfo"]["status"] == "Invalid"


async def test_a_session_is_ended_by_whoever_began_it_and_not_by_others(
    place: Place, box: Wallbox, phone: Credential
) -> None:
    transaction_id = await box.plug_in("BPHONE")
    other = await place.site.end_by(shown(place, IdToken("CARD")))
    assert other.decision.refusal is Refusal.NOT_THEIRS
    too_low = await place.site.end_by(shown(place, level=EvidenceLevel.PRESENCE))
    assert too_low.decision.refusal is Refusal.LEVEL_TOO_LOW
    assert "RemoteStopTransaction" not in box.heard
    ended = await place.site.end_by(shown(place))
    assert ended.done
    assert await box.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    await box.stop(transaction_id, meter_wh=1500, reason="Remote")
    assert (await place.only()).stop_cause is StopCause.HOLDER


async def test_a_card_of_the_same_group_and_a_master_end_a_session_and_another_card_does_not(
    place: Place, box: Wallbox, clock: ManualClock
) -> None:
    await place.enrol("PARTNER", "Bob", group="FAMILY")
    await place.enrol("CARD", "Ada", group="FAMILY")
    await place.enrol("JANITOR", "Cy", master=True)
    await place.enrol("NEIGHBOUR", "Di")
    begun = await box.ask_start("CARD")
    assert begun["idTagInfo"] == {"status": "Accepted", "parentIdTag": "FAMILY"}
    assert await box.authorize("NEIGHBOUR") == "Accepted"
    await clock.advance(10)
    assert "RemoteStopTransaction" not in box.heard
    answer = await box.say("Authorize", {"idTag": "PARTNER"})
    assert answer["idTagInfo"] == {"status": "Accepted", "parentIdTag": "FAMILY"}
    await clock.advance(6)
    assert await box.hear("RemoteStopTransaction") == {"transactionId": begun["transactionId"]}
    await box.stop(begun["transactionId"], meter_wh=1100)
    second = await box.start("NEIGHBOUR", meter_wh=1100)
    assert await box.authorize("JANITOR") == "Accepted"
    await clock.advance(6)
    assert await box.hear("RemoteStopTransaction") == {"transactionId": second}
    assert [news.cause for news in place.heard_of(SessionStopped)] == [StopCause.HOLDER, StopCause.MASTER]


async def test_the_group_of_a_card_is_told_in_2_0_1(place: Place, station: Station201) -> None:
    await place.enrol("CARD", "Ada", group="FAMILY")
    answer = await station.event("Started", 0, card="CARD", meter_wh=0)
    assert answer["idTokenInfo"]["groupIdToken"] == {"idToken": "FAMILY", "type": "Central"}


async def test_a_card_that_is_blocked_ends_what_runs_with_it(place: Place, box: Wallbox) -> None:
    transaction_id = await box.plug_in()
    await place.enrol("CARD", "Ada", blocked=True)
    assert await box.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    assert place.heard_of(SessionStopped)[0].cause is StopCause.REVOKED
    assert place.clock.now() < NOON + timedelta(minutes=1)
