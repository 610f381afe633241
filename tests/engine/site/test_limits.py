"""Limits on their way to real sockets: the floor first, decreases before increases, and what silence means."""

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.config import DefaultProfile, SiteConfig
from custom_components.offline_evse.engine.site.steering.dispatch import REFRESH_AFTER_S

from .place import ONE, TWO, Place, charger, until
from .wallbox import Station201, Wallbox, is_live, limit_a

METERED = Circuit(circuit_id="main", name="Main fuse", limit_a=PhaseAmperes(25, 25, 25), metered=True)


@pytest.mark.parametrize(
    ("default", "action", "current_a"),
    [
        (DefaultProfile.SAFE, "SetChargingProfile", 6),
        (DefaultProfile.ZERO, "SetChargingProfile", 0),
        (DefaultProfile.NONE, "ClearChargingProfile", None),
    ],
)
@pytest.mark.parametrize("kind", [Wallbox, Station201])
async def test_the_default_profile_is_the_first_thing_said_of_current(
    place: Place, kind: type[Wallbox | Station201], default: DefaultProfile, action: str, current_a: float | None
) -> None:
    await place.reload(stations=(charger("ONE", default_profile=default),))
    post = await place.dial(kind)
    await post.boot()
    await post.status("Available")
    floor = await post.hear(action)
    assert post.heard[0] == action
    if current_a is not None:
        assert not is_live(floor)
        assert limit_a(floor) == current_a


async def test_a_limit_for_connector_2_does_not_throttle_the_station(place: Place, box: Wallbox) -> None:
    await box.plug_in(connector=1)
    assert (await box.hear("SetChargingProfile", is_live))["connectorId"] == 1
    await box.plug_in(connector=2)
    await box.hear("SetChargingProfile", lambda it: is_live(it) and it["connectorId"] == 2)
    box.forget()
    await place.site.set_limit(EvseKey("ONE", 2), 8)
    profile = await box.hear("SetChargingProfile", lambda it: is_live(it) and it["connectorId"] == 2)
    assert limit_a(profile) == 8
    assert all(payload["connectorId"] in (1, 2) for action, payload in place.order if action == "SetChargingProfile")
    assert place.evse().offer.current_a > 8


async def test_a_limit_is_repeated_before_it_expires(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    first = await box.hear("SetChargingProfile", is_live)
    box.forget()
    await place.pass_time(REFRESH_AFTER_S - 5, box)
    assert not [it for it in box.told if it[0] == "SetChargingProfile"]
    await place.pass_time(10, box)
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == limit_a(first)


async def test_the_first_car_is_lowered_before_the_second_one_is_raised(
    place: Place, box: Wallbox, station: Station201
) -> None:
    await box.plug_in()
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 16
    place.order.clear()
    await station.event("Started", 0, card="CARD", meter_wh=1000)
    await station.hear("SetChargingProfile", is_live)
    limits = [payload for action, payload in place.order if action == "SetChargingProfile" and is_live(payload)]
    assert "csChargingProfiles" in limits[0]
    assert limit_a(limits[0]) < 16
    assert sum(place.evse(key).offer.current_a for key in (ONE, TWO)) <= 25


async def test_a_first_car_that_does_not_say_yes_keeps_its_current_in_the_sum(
    place: Place, box: Wallbox, station: Station201
) -> None:
    await box.plug_in()
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 16
    box.replies["SetChargingProfile"] = None
    await station.event("Started", 0, card="CARD", meter_wh=1000)
    assert limit_a(await box.hear("SetChargingProfile", is_live)) < 16
    await place.pass_time(25, box, station)
    limits = [limit_a(payload) for action, payload in station.told if action == "SetChargingProfile"]
    assert all(current_a + 16 <= 25 for current_a in limits)
    assert place.evse(TWO).has_transaction


async def test_a_silent_meter_leaves_the_safe_current(place: Place) -> None:
    await place.reopen(SiteConfig(name="Home", circuits=(METERED,), stations=(charger("ONE"),)))
    box = await place.dial(Wallbox)
    await box.boot()
    await box.status("Available")
    place.site.meter_reported("main", PhaseAmperes(1, 1, 1))
    running = await box.plug_in()
    for _ in range(40):
        place.site.meter_reported("main", PhaseAmperes(1, 1, 1))
        await box.measure(running, current_l1_a=0, current_l2_a=0, current_l3_a=0)
        await place.pass_time(1, box)
    assert place.evse().offer.current_a > 6
    await place.pass_time(90, box)
    await until(lambda: place.site.state.safe_mode)
    assert place.evse().offer.current_a == 6
    assert place.evse().offer.binding.reason is LimitReason.METER_SILENT
    assert place.site.state.silent_meters == {"main"}
    assert limit_a([payload for action, payload in box.told if action == "SetChargingProfile"][-1]) == 6


async def test_the_offer_of_a_charger_that_has_gone_is_held_for_it(
    place: Place, box: Wallbox, station: Station201
) -> None:
    await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    await until(lambda: place.evse().offer.current_a == 16)
    await box.hang_up()
    await until(lambda: not place.evse().connected)
    await station.event("Started", 0, card="CARD", meter_wh=1000)
    await place.pass_time(2, station)
    assert place.evse(TWO).offer.current_a + 16 <= 25
    assert place.evse().offer.binding.reason is LimitReason.OFFLINE


async def test_a_current_of_two_decimals_leaves_in_a_form_that_every_charger_takes(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    await place.site.set_limit(ONE, 10.04)
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 10


async def test_an_answer_with_words_of_the_vendors_own_is_a_yes(place: Place, box: Wallbox) -> None:
    box.replies["SetChargingProfile"] = {"status": "Accepted", "vendorExtra": 1}
    await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    await place.pass_time(20, box)
    assert len([action for action in box.heard if action == "SetChargingProfile"]) == 2


async def test_a_pause_ends_with_its_session(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    await place.site.pause(ONE, paused=True)
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 0
    await box.stop(running, meter_wh=1500)
    assert not place.evse().paused
    await box.status("Available")
    await place.pass_time(1, box)
    await place.reopen()
    assert not place.evse().paused
    again = await place.dial(Wallbox)
    await again.boot()
    await again.plug_in(meter_wh=1500)
    assert limit_a(await again.hear("SetChargingProfile", is_live)) == 16


async def test_pause_and_limit_survive_a_restart(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await place.site.pause(ONE, paused=True)
    await place.site.set_limit(ONE, 9)
    await place.reopen()
    assert place.evse().paused
    assert place.evse().limit_a == 9
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("SuspendedEVSE")
    await place.pass_time(20, again)
    assert limit_a(await again.hear("SetChargingProfile", is_live)) == 0
    await place.site.pause(ONE, paused=False)
    assert limit_a(await again.hear("SetChargingProfile", is_live)) == 9
