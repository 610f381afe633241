"""A backend's profiles become limits, when they begin and when they end, over restarts, and never more of them."""

from datetime import timedelta
from typing import Any

from ocpp.v16 import call as messages
import pytest

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.wish import WantStart, WishAnswer, WishOutcome
from custom_components.offline_evse.engine.uplink.control.limits.overlay import MAX_PROFILES
from custom_components.offline_evse.engine.uplink.wire.connection import CallRefusedError

from ...clock import NOON
from .place import Place

call: Any = messages
"""The library wants enumerations where JSON has words."""
V16 = OcppVersion.V16


def profile(number: int = 1, limit: float = 10.0, **changes: Any) -> dict[str, Any]:
    schedule: dict[str, Any] = {
        "chargingRateUnit": "A",
        "startSchedule": NOON.isoformat(),
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    schedule |= changes.pop("schedule", {})
    return {
        "chargingProfileId": number,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    } | changes


async def put(place: Place, connector_id: int, asked: dict[str, Any]) -> str:
    message = call.SetChargingProfile(connector_id=connector_id, cs_charging_profiles=asked)
    said: str = (await place.ask(V16, message))["status"]
    return said


async def test_a_limit_begins_and_ends_by_itself(place: Place) -> None:
    later = (NOON + timedelta(minutes=10)).isoformat()
    asked = profile(schedule={"startSchedule": later, "duration": 600})
    assert await put(place, 1, asked) == "Accepted"
    assert place.site.limits == {0: None, 1: None, 2: None}
    await place.clock.advance(3600)
    told = [(round((at - NOON).total_seconds()), evse_id, limit) for at, evse_id, limit in place.site.limit_times[3:]]
    assert told == [(600, 1, 10.0), (1200, 1, None)]
    assert place.site.facts == {}


async def test_a_default_of_the_station_is_for_each_of_its_evses(place: Place) -> None:
    assert await put(place, 0, profile(limit=8.0)) == "Accepted"
    assert place.site.limits == {0: None, 1: 8.0, 2: 8.0}
    assert await put(place, 1, profile(number=2, limit=12.0)) == "Accepted"
    assert place.site.limits == {0: None, 1: 12.0, 2: 8.0}


async def test_the_stations_maximum_is_for_all_and_for_each(place: Place) -> None:
    asked = profile(limit=20.0, chargingProfilePurpose="ChargePointMaxProfile")
    assert await put(place, 0, asked) == "Accepted"
    assert place.site.limits == {0: 20.0, 1: 20.0, 2: 20.0}
    assert await put(place, 1, asked) == "Rejected"


async def test_a_transactions_profile_goes_before_the_default_and_ends_with_it(place: Place) -> None:
    await put(place, 1, profile(limit=8.0))
    own = profile(number=2, limit=14.0, chargingProfilePurpose="TxProfile")
    assert await put(place, 1, own) == "Rejected"
    place.run()
    assert await put(place, 1, own) == "Accepted"
    assert place.site.limits[1] == 14.0
    place.end()
    await place.clock.advance(1)
    assert place.site.limits[1] == 8.0
    assert len(place.site.facts) == 1


async def test_a_transactions_profile_is_not_for_another_ones_transaction(place: Place) -> None:
    place.run(evse_id=1, remote_id="77")
    place.run(evse_id=2, session_id="01OTHER", remote_id="78")
    own = profile(limit=14.0, chargingProfilePurpose="TxProfile", transactionId=78)
    assert await put(place, 1, own) == "Rejected"
    assert await put(place, 2, own) == "Accepted"
    assert place.site.limits == {0: None, 1: None, 2: 14.0}


async def test_a_profile_left_over_by_a_session_goes_with_the_next_one(place: Place) -> None:
    place.run()
    await put(place, 1, profile(limit=14.0, chargingProfilePurpose="TxProfile"))
    place.run(session_id="01NEXT", remote_id="78")
    await place.clock.advance(1)
    assert place.site.limits[1] is None
    assert place.site.facts == {}


async def test_a_start_brings_the_profile_of_its_session(place: Place) -> None:
    own = profile(limit=7.0, chargingProfilePurpose="TxProfile")
    asked = call.RemoteStartTransaction(id_tag="CARD", charging_profile=own)
    assert (await place.ask(V16, asked))["status"] == "Accepted"
    wish = place.site.wishes[0]
    assert isinstance(wish, WantStart) and wish.profile is not None and wish.profile.periods[0].limit == 7.0
    place.run(evse_id=1, session_id="01STRANGER", remote_id="76", card="OTHER")
    await place.clock.advance(10)
    assert place.site.limits[1] is None
    place.run(evse_id=2)
    await place.clock.advance(10)
    assert place.site.limits == {0: None, 1: None, 2: 7.0}
    await place.restart()
    assert place.site.limits[2] == 7.0


async def test_a_start_that_is_refused_or_comes_to_nothing_leaves_no_profile(place: Place) -> None:
    own = profile(limit=7.0, chargingProfilePurpose="TxProfile")
    asked = call.RemoteStartTransaction(id_tag="CARD", charging_profile=own)
    place.site.result = WishAnswer(WishOutcome.REJECTED)
    await place.ask(V16, asked)
    place.run(evse_id=1)
    await place.clock.advance(1)
    assert place.site.limits[1] is None
    place.end()
    place.site.result = WishAnswer(WishOutcome.ACCEPTED)
    await place.ask(V16, asked)
    await place.clock.advance(301)
    place.run(evse_id=2, session_id="01LATE", remote_id="79")
    await place.clock.advance(1)
    assert place.site.limits[2] is None


async def test_a_relative_profile_counts_from_the_start(place: Place) -> None:
    periods = [{"startPeriod": 0, "limit": 6.0}, {"startPeriod": 60, "limit": 16.0}]
    asked = profile(chargingProfileKind="Relative", schedule={"chargingSchedulePeriod": periods})
    await put(place, 1, asked)
    await place.clock.advance(600)
    assert place.site.limits[1] == 6.0
    place.run()
    await place.clock.advance(59)
    assert place.site.limits[1] == 6.0
    await place.clock.advance(2)
    assert place.site.limits[1] == 16.0


async def test_profiles_outlive_a_restart(place: Place) -> None:
    later = (NOON + timedelta(minutes=10)).isoformat()
    await put(place, 1, profile(limit=9.0))
    await put(place, 2, profile(number=2, limit=11.0, schedule={"startSchedule": later}))
    await place.restart()
    assert place.site.limits == {0: None, 1: 9.0, 2: None}
    await place.clock.advance(601)
    assert place.site.limits[2] == 11.0


async def test_an_earlier_runs_limit_is_taken_back_where_its_profile_ended_meanwhile(place: Place) -> None:
    await put(place, 1, profile(limit=9.0, schedule={"duration": 60}))
    await place.desk.close()
    await place.clock.advance(120)
    await place.restart()
    assert place.site.limits == {0: None, 1: None, 2: None}


async def test_a_profile_takes_the_place_of_its_like(place: Place) -> None:
    await put(place, 1, profile(number=1, limit=9.0))
    await put(place, 1, profile(number=2, limit=12.0))
    assert place.site.limits == {0: None, 1: 12.0, 2: None}
    assert len(place.site.facts) == 1
    await put(place, 1, profile(number=3, limit=6.0, stackLevel=1))
    assert place.site.limits[1] == 6.0
    cleared = await place.ask(V16, call.ClearChargingProfile(id=3))
    assert (cleared["status"], place.site.limits[1]) == ("Accepted", 12.0)
    assert (await place.ask(V16, call.ClearChargingProfile(id=3)))["status"] == "Unknown"
    await place.ask(V16, call.ClearChargingProfile())
    assert place.site.limits == {0: None, 1: None, 2: None}
    assert place.site.facts == {}


async def test_only_so_many_profiles_are_kept(place: Place) -> None:
    for level in range(MAX_PROFILES):
        assert await put(place, 1, profile(number=level + 1, stackLevel=level)) == "Accepted"
    assert await put(place, 1, profile(number=99, stackLevel=99)) == "Rejected"
    assert await put(place, 1, profile(number=3, stackLevel=2, limit=6.0)) == "Accepted"
    assert len(place.site.facts) == MAX_PROFILES


async def test_a_profile_that_cannot_be_kept_is_not_set(place: Place) -> None:
    place.site.disk_full = True
    with pytest.raises(CallRefusedError, match="InternalError"):
        await put(place, 1, profile())
    assert place.site.limits[1] is None


async def test_absurd_schedules_are_rejected(place: Place) -> None:
    for schedule in (
        {"chargingSchedulePeriod": [{"startPeriod": 60, "limit": 6.0}]},
        {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}, {"startPeriod": 0, "limit": 7.0}]},
        {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": -6.0}]},
        {"chargingSchedulePeriod": [{"startPeriod": at, "limit": 6.0} for at in range(101)]},
    ):
        assert await put(place, 1, profile(schedule=schedule)) == "Rejected"
    assert await put(place, 9, profile()) == "Rejected"
    assert await put(place, 1, profile(stackLevel=101)) == "Rejected"
    assert place.site.facts == {}


async def test_the_composite_schedule_tells_what_is_coming(place: Place) -> None:
    periods = [{"startPeriod": 0, "limit": 10.0}, {"startPeriod": 600, "limit": 40.0}]
    await put(place, 1, profile(schedule={"chargingSchedulePeriod": periods, "duration": 1200}))
    said = await place.ask(V16, call.GetCompositeSchedule(connector_id=1, duration=3600))
    assert said["chargingSchedule"]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 10.0},
        {"startPeriod": 600, "limit": 32.0},
    ]
    assert (said["status"], said["scheduleStart"]) == ("Accepted", "2026-06-01T12:00:00.000Z")
    whole = await place.ask(V16, call.GetCompositeSchedule(connector_id=0, duration=60, charging_rate_unit="W"))
    assert whole["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 10 * 690 + 16 * 230.0}]
    assert (await place.ask(V16, call.GetCompositeSchedule(connector_id=9, duration=60)))["status"] == "Rejected"


async def test_limits_are_lowered_before_they_are_raised(place: Place) -> None:
    await put(place, 1, profile(number=1, limit=6.0, schedule={"duration": 600}))
    swap = (NOON + timedelta(minutes=10)).isoformat()
    await put(place, 2, profile(number=2, limit=6.0, schedule={"startSchedule": swap}))
    place.site.limit_times.clear()
    await place.clock.advance(601)
    assert [(evse_id, limit) for _, evse_id, limit in place.site.limit_times] == [(2, 6.0), (1, None)]
