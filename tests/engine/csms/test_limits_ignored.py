"""Limits that a station accepts and does not follow: the next form is tried, and it is remembered which works."""

import asyncio
from typing import Any

from hypothesis import given, strategies as st

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.csms.smart_charging.profile_ladder import STRIKES, ProfileLadder
from custom_components.offline_evse.engine.csms.smart_charging.profiles import Kind, ProfileShape, Purpose, RateUnit
from custom_components.offline_evse.engine.csms.smart_charging.rungs import shape_to_dict
from custom_components.offline_evse.engine.model.command import (
    ApplyFloor,
    ApplyLimit,
    ClearProfile,
    CommandResult,
    Outcome,
)

from .charger import BOOT, Charger
from .conftest import Dial

LIMIT = ApplyLimit(evse_id=1, current_a=10, phases=3, transaction_id="7")
FLOOR = ApplyFloor(evse_id=1, current_a=6, phases=3)
REJECTED = CommandResult(outcome=Outcome.REJECTED)
ACCEPTED = CommandResult(outcome=Outcome.ACCEPTED)


def take(ladder: ProfileLadder) -> ProfileShape:
    """Accept a limit; return its shape."""
    shape = ladder.current
    ladder.sending(LIMIT)
    ladder.noted(LIMIT, ACCEPTED)
    return shape


async def limited(csms: CentralSystem, charger: Charger, limit: ApplyLimit = LIMIT) -> dict[str, Any]:
    """Send a limit that the charger accepts; return its profile."""
    sent = asyncio.create_task(csms.send("CP1", limit))
    request = await charger.request()
    while request[2] != "SetChargingProfile":
        await charger.accept(request, {})
        request = await charger.request()
    await charger.accept(request)
    assert (await sent).outcome is Outcome.ACCEPTED
    profile = request[3]["csChargingProfiles"]
    assert isinstance(profile, dict)
    return profile


def test_a_form_that_is_ignored_is_left_for_one_that_differs_in_what_matters() -> None:
    """Purpose first, then what the periods count from, then the unit; levels last."""
    ladder = ProfileLadder()
    families = []
    for _ in range(8):
        shape = take(ladder)
        families.append((shape.purpose, shape.kind, shape.unit))
        assert ladder.ignored()
    assert families[:3] == [
        (Purpose.TX, Kind.ABSOLUTE, RateUnit.AMPERES),
        (Purpose.TX_DEFAULT, Kind.ABSOLUTE, RateUnit.AMPERES),
        (Purpose.TX, Kind.RELATIVE, RateUnit.AMPERES),
    ]
    assert len(set(families)) == 8


def test_where_all_forms_are_ignored_the_one_that_worked_once_stays() -> None:
    """Or else the best of those accepted."""
    ladder = ProfileLadder()
    take(ladder)
    ladder.ignored()
    good = take(ladder)
    ladder.confirmed()
    for _ in range(STRIKES):
        ladder.ignored()
    while True:
        take(ladder)
        if not ladder.ignored():
            break
    assert ladder.current == good
    assert not ladder.ignored()


def test_a_form_that_was_seen_to_be_followed_is_not_left_for_one_doubt() -> None:
    """It is more likely the car."""
    ladder = ProfileLadder()
    shape = take(ladder)
    ladder.confirmed()
    assert ladder.followed
    assert not ladder.ignored()
    assert ladder.current == shape
    ladder.confirmed()
    assert [ladder.ignored() for _ in range(STRIKES)] == [False] * (STRIKES - 1) + [True]
    assert ladder.current != shape
    assert not ladder.followed


def test_a_form_that_has_not_been_accepted_yet_is_not_blamed() -> None:
    """The next limit goes out in another form than the one that was ignored anyway."""
    ladder = ProfileLadder()
    take(ladder)
    assert ladder.ignored()
    trying = ladder.current
    assert ladder.ignored()
    assert ladder.current == trying


def test_a_station_that_refuses_all_others_keeps_what_it_ignores() -> None:
    """It accepts that at least."""
    ladder = ProfileLadder()
    ignored = take(ladder)
    assert ladder.ignored()
    tried = [ladder.current]
    while ladder.next_rung(LIMIT, REJECTED):
        tried.append(ladder.current)
        if ladder.current == ignored:
            break
    assert ladder.current == ignored
    assert set(tried) == set(ladder.shapes)
    take(ladder)
    assert not ladder.ignored()
    assert ladder.current == ignored


def test_an_ignored_form_is_remembered_over_a_restart_and_forgotten_with_the_firmware() -> None:
    ladder = ProfileLadder()
    ignored = take(ladder)
    ladder.ignored()
    again = ProfileLadder()
    again.remember(ladder.to_dict())
    assert again.current != ignored
    take(again)
    again.confirmed()
    third = ProfileLadder()
    third.remember(again.to_dict())
    assert third.followed
    assert third.to_dict() == again.to_dict()
    third.forget()
    assert third.current == ignored


@given(st.lists(st.sampled_from("aricf"), max_size=60))
def test_whatever_happens_there_is_a_form_to_use(story: list[str]) -> None:
    """Accepted, refused, ignored, confirmed, forgotten, in any order; and the memory of it is sound."""
    ladder = ProfileLadder(offline_duration=True)
    ladder.saw_evse(1)
    for event in story:
        match event:
            case "a":
                take(ladder)
            case "r":
                ladder.next_rung(LIMIT, REJECTED)
            case "i":
                blamed = ladder.to_dict()["live"]
                if ladder.ignored() and blamed is not None:
                    assert shape_to_dict(ladder.current) != blamed
            case "c":
                ladder.confirmed()
            case "f":
                ladder.forget()
        assert ladder.current in ladder.shapes
    again = ProfileLadder(offline_duration=True)
    again.saw_evse(1)
    again.remember(ladder.to_dict())
    assert again.proven == ladder.proven
    assert again.to_dict() == ladder.to_dict()


def test_what_the_old_form_has_left_behind_is_put_right() -> None:
    """A live limit beside the new ones is taken back, and a floor whose place it had taken is set again."""
    ladder = ProfileLadder()
    ladder.learned({"NumberOfConnectors": "1", "ChargeProfileMaxStackLevel": "0"})
    assert ladder.foreseen(FLOOR) is None
    ladder.sending(FLOOR)
    ladder.noted(FLOOR, ACCEPTED)
    ladder.sending(LIMIT)
    shared = ProfileShape(purpose=Purpose.TX_DEFAULT, live_level=0)
    while ladder.current.purpose is not Purpose.STATION_MAX:
        take(ladder)
        ladder.ignored()
    assert ladder.leftovers(shared) == (FLOOR,)
    assert ladder.leftovers(ProfileShape(live_level=1)) == (ClearProfile(12),)


async def test_the_site_has_a_charger_offered_another_form(csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    assert (await limited(csms, charger))["chargingProfilePurpose"] == "TxProfile"
    assert csms.limit_ignored("CP1", 1, "draws 16 A, was told 10 A")
    assert (await limited(csms, charger))["chargingProfilePurpose"] == "TxDefaultProfile"
    csms.confirm_followed("CP1", 1)
    assert csms.limit_proven("CP1")
    assert not csms.limit_ignored("CP1", 1, "draws 11 A, was told 10 A")
    assert (await limited(csms, charger))["chargingProfilePurpose"] == "TxDefaultProfile"
    assert csms.oddities("CP1")["limit_ignored"] == 2
    assert not csms.limit_ignored("NEVER-SEEN", 1, "nothing")


async def test_a_leftover_is_cleared_before_the_next_limit(csms: CentralSystem, dial: Dial) -> None:
    """From the profile of the EVSE to a maximum of the station."""
    charger = await dial()
    await charger.call("BootNotification", {**BOOT, "firmwareVersion": "1"})
    await charger.call("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})
    while (await limited(csms, charger))["chargingProfilePurpose"] != "ChargePointMaxProfile":
        assert csms.limit_ignored("CP1", 1, "draws too much")
    requests = csms.frames("CP1")
    cleared = [frame for frame in requests if "ClearChargingProfile" in frame.text]
    assert cleared
    assert '"id":12' in cleared[-1].text


async def test_other_chargers_of_a_model_begin_with_the_form_that_works(csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    await charger.call("BootNotification", {**BOOT, "firmwareVersion": "1"})
    await limited(csms, charger)
    csms.limit_ignored("CP1", 1, "draws too much")
    await limited(csms, charger)
    csms.confirm_followed("CP1", 1)
    known = csms.model_memory("CP1")
    assert known["firmware"] == "1"
    assert csms.remember_model("CP2", known)
    assert csms.memory("CP2")["ladder"]["live"] == csms.memory("CP1")["ladder"]["live"]
    assert csms.limit_proven("CP2")
    assert csms.model_memory("CP2")["ladder"]["live"]["purpose"] == "TxDefaultProfile"
    # One that has found out for itself keeps to that, until its firmware is another one.
    assert not csms.remember_model("CP1", known)
    assert csms.remember_model("CP1", {**known, "firmware": "2"})
    assert not csms.remember_model("CP3", {})


async def test_what_a_model_is_known_for_is_not_unlearned_by_a_newcomer(csms: CentralSystem, dial: Dial) -> None:
    """Accepted is less than followed."""
    charger = await dial()
    await charger.call("BootNotification", {**BOOT, "firmwareVersion": "1"})
    await limited(csms, charger)
    first = csms.model_memory("CP1")
    csms.limit_ignored("CP1", 1, "draws too much")
    await limited(csms, charger)
    csms.confirm_followed("CP1", 1)
    better = csms.model_memory("CP1", first)
    assert better["ladder"]["live"] != first["ladder"]["live"]
    csms.remember("CP2", {"firmware": "1", "ladder": first["ladder"]})
    assert csms.model_memory("CP2", better) == better
    assert csms.model_memory("NEVER-SEEN", better) == better
