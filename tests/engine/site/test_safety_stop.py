"""The one stop for the whole site: at once, for everybody, and until somebody takes it back."""

from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.phases import PhaseAmperes

from .place import ONE, TWO, Place, until
from .wallbox import Station201, Wallbox, is_live, limit_a


async def test_everybody_is_held_at_nothing_and_let_go_again(place: Place, box: Wallbox, station: Station201) -> None:
    await box.plug_in()
    await station.event("Started", 0, card="CARD", meter_wh=1000)
    await until(lambda: place.evse(TWO).offer.current_a > 0)
    await place.site.stop_all(True)
    await until(lambda: {place.evse(key).offer.current_a for key in (ONE, TWO)} == {0.0})
    assert {place.evse(key).offer.binding.reason for key in (ONE, TWO)} == {LimitReason.STOPPED}
    for post in (box, station):
        await post.hear("SetChargingProfile", lambda it: is_live(it) and limit_a(it) == 0)
    assert place.evse().has_transaction
    await place.site.stop_all(False)
    await until(lambda: place.evse().offer.current_a > 0)


async def test_a_stop_holds_over_a_restart_and_for_new_cars(place: Place, box: Wallbox) -> None:
    await place.site.stop_all(True)
    site = await place.reopen()
    assert site.state.stopped
    box = await place.dial(Wallbox)
    await box.boot()
    await box.plug_in()
    await until(lambda: place.evse().offer.binding.reason is LimitReason.STOPPED)
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 0
    await site.stop_all(False)
    assert not (await place.reopen()).state.stopped


async def test_a_stop_is_above_what_people_set(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await place.site.set_limit(ONE, 8)
    await place.site.stop_all(True)
    await until(lambda: place.evse().offer.binding.reason is LimitReason.STOPPED)
    await place.site.pause(ONE, paused=False)
    assert place.evse().offer.current_a == 0


async def test_a_shadow_decides_and_says_nothing(place: Place) -> None:
    await place.reload(shadow=True)
    box = await place.dial(Wallbox)
    await box.boot()
    await box.status("Available")
    await box.plug_in()
    await until(lambda: place.evse().offer.current_a == 16)
    await place.site.set_limit(ONE, 9)
    await until(lambda: place.evse().offer.current_a == 9)
    await place.pass_time(300, box)
    place.site.meter_reported("main", PhaseAmperes(20, 20, 20))
    assert place.site.state.shadow
    assert not {"SetChargingProfile", "ClearChargingProfile"} & set(box.heard)
    assert place.site.commands_sent == 0
    # Taken seriously again, it gives the floor and the limit.
    await place.reload(shadow=False)
    assert limit_a(await box.hear("SetChargingProfile", lambda it: not is_live(it))) == 6
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 9
    assert not place.site.state.shadow
