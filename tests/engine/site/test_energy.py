"""What is shown and counted of meters that lie, keep silent, or tell of another time."""

from datetime import UTC, datetime

from .place import ONE, Place
from .wallbox import Wallbox


async def test_a_sample_stamped_2020_does_not_overwrite_the_present(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    await box.measure(running, energy_wh=1500, power_w=7000, current_l1_a=10)
    await box.measure(running, when=datetime(2020, 1, 1, tzinfo=UTC), energy_wh=12, power_w=3, current_l1_a=0.1)
    evse = place.evse()
    assert evse.power_w == 7000
    assert evse.sample is not None
    assert evse.sample.currents_a == (10.0,)
    assert evse.lifetime_wh == 1500
    assert evse.transaction is not None
    assert evse.transaction.energy_wh == 500


async def test_an_empty_value_does_not_become_0(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    await box.measure(running, energy_wh=1500, power_w=7000)
    for unreadable in ("", " ", "-", "NaN", "null"):
        await place.pass_time(1, box)
        await box.measure(running, energy_wh=unreadable, power_w=unreadable)
    evse = place.evse()
    assert evse.power_w == 7000
    assert evse.lifetime_wh == 1500
    assert evse.transaction is not None
    assert evse.transaction.energy_wh == 500


async def test_a_register_that_drops_to_0_makes_no_spike(place: Place, box: Wallbox) -> None:
    running = await box.plug_in(meter_wh=16_000_000)
    shown = []
    for energy_wh in (16_000_500, 0, 16_001_000):
        await place.pass_time(1, box)
        await box.measure(running, energy_wh=energy_wh)
        shown.append(place.evse().lifetime_wh)
    assert shown == [16_000_500, 16_000_500, 16_001_000]
    await box.stop(running, meter_wh=16_001_200)
    assert (await place.only()).energy_wh == 1200


async def test_a_new_meter_that_starts_at_0_counts_its_first_and_its_second_session(place: Place, box: Wallbox) -> None:
    first = await box.plug_in(meter_wh=0)
    await box.measure(first, energy_wh=700)
    assert place.evse().lifetime_wh == 700
    await box.stop(first, meter_wh=1500)
    await box.status("Available")
    assert place.evse().lifetime_wh == 1500
    await place.pass_time(5, box)
    second = await box.plug_in(meter_wh=1500)
    await box.measure(second, energy_wh=2000)
    assert place.evse().lifetime_wh == 2000
    await box.stop(second, meter_wh=2500)
    assert [session.energy_wh for session in await place.site.transactions()] == [1000, 1500]


async def test_samples_of_the_session_beside_a_lifetime_register_make_no_negative_energy(
    place: Place, box: Wallbox
) -> None:
    running = await box.plug_in(meter_wh=4_076_000)
    for energy_wh in (100, 400, 900):
        await place.pass_time(1, box)
        await box.measure(running, energy_wh=energy_wh)
        assert place.session().energy_wh >= 0
    await box.stop(running, meter_wh=4_077_000)
    assert (await place.only()).energy_wh == 1000
    assert place.evse().lifetime_wh == 4_077_000


async def test_values_between_sessions_count_for_the_lifetime(place: Place, box: Wallbox) -> None:
    await box.measure(None, energy_wh=5000)
    assert place.evse().lifetime_wh == 5000
    await place.pass_time(1, box)
    await box.measure(None, energy_wh=5100)
    assert place.evse().lifetime_wh == 5100
    assert await place.site.transactions() == ()


async def test_after_a_restart_no_old_power_is_shown_as_the_present(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    await box.measure(running, energy_wh=1500, power_w=7000)
    await place.reopen()
    evse = place.evse(ONE)
    assert evse.has_transaction
    assert evse.power_w is None
    assert evse.lifetime_wh == 1500
