"""What is remembered of a car, and how long one has to wait."""

from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from tests.engine.clock import ManualClock

from .place import ONE, TWO, Place, charger, until
from .wallbox import Station201, Wallbox, is_live


async def charge(place: Place, box: Wallbox, transaction_id: int, seconds: int, current_a: float) -> None:
    """Let time pass while the charger reports a current on all phases."""
    for _ in range(0, seconds, 10):
        await place.pass_time(10, box)
        await box.measure(
            transaction_id,
            current_l1_a=current_a,
            current_l2_a=current_a,
            current_l3_a=current_a,
            power_w=current_a * 690,
        )


async def test_a_car_that_needs_more_than_six_amperes_is_known_the_next_time_and_after_a_restart(
    place: Place, box: Wallbox
) -> None:
    await place.enrol("PICKY", "Picky")
    first = await box.plug_in("PICKY")
    await place.site.set_limit(ONE, 6)
    await box.hear("SetChargingProfile", is_live)
    await charge(place, box, first, 120, 0.4)
    await place.site.set_limit(ONE, None)
    await charge(place, box, first, 60, 15.8)
    await box.stop(first, meter_wh=1500)
    await box.status("Available")
    await until(lambda: place.evse().vehicle_minimum_a is None)
    await place.reopen()
    box = await place.dial(Wallbox)
    await box.boot()
    await box.plug_in("PICKY", meter_wh=1500)
    await until(lambda: place.evse().vehicle_minimum_a is not None)
    assert place.evse().vehicle_minimum_a == 7


async def test_a_car_that_waits_for_its_turn_is_told_how_long_at_most(
    place: Place, box: Wallbox, station: Station201, clock: ManualClock
) -> None:
    await place.reload(circuits=(Circuit(circuit_id="main", name="Main fuse", limit_a=PhaseAmperes(9, 9, 9)),))
    await box.plug_in()
    await station.event("Started", 0, card="CARD", meter_wh=1000)
    await until(lambda: place.evse(TWO).offer.binding.reason is LimitReason.WAITING_TURN)
    wait_s = place.site.longest_wait_s(TWO)
    assert wait_s == 15 * 60 + 30
    assert place.site.longest_wait_s(ONE) is None
    began_s = clock.monotonic()
    while not place.evse(TWO).offer.current_a:
        assert clock.monotonic() - began_s <= wait_s
        await place.pass_time(15, box, station)


async def test_nobody_can_say_how_long_those_of_a_higher_class_will_take(
    place: Place, box: Wallbox, station: Station201
) -> None:
    await place.reload(
        circuits=(Circuit(circuit_id="main", name="Main fuse", limit_a=PhaseAmperes(9, 9, 9)),),
        stations=(charger("ONE", priority=5), charger("TWO")),
    )
    await box.plug_in()
    await station.event("Started", 0, card="CARD", meter_wh=1000)
    await until(lambda: place.evse(TWO).offer.binding.reason is LimitReason.WAITING_TURN)
    assert place.site.longest_wait_s(TWO) is None
