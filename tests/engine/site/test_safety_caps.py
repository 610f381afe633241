"""Caps that nobody has to set each time: time and energy of a session, heat, and errors that a charger reports."""

from datetime import timedelta

import pytest

from custom_components.offline_evse.engine.model.meter import EvseSample
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.site.config import SiteConfig
from custom_components.offline_evse.engine.site.register import SiteRegister
from custom_components.offline_evse.engine.site.safety.derating import Derating, ceiling_of_error
from tests.engine.clock import NOON, ManualClock

from .place import MAIN, ONE, Place, charger, until
from .wallbox import Wallbox


def _site(**more: float) -> SiteConfig:
    return SiteConfig(name="Home", circuits=(MAIN,), stations=(charger("ONE", **more),))


async def _dial(place: Place) -> Wallbox:
    box = await place.dial(Wallbox)
    await box.boot()
    await box.status("Available")
    return box


async def test_a_session_has_its_time_and_no_more(place: Place, clock: ManualClock) -> None:
    await place.reopen(_site(session_time_s=600))
    box = await _dial(place)
    running = await box.plug_in()
    await place.pass_time(590, box)
    assert place.evse().offer.current_a == 16
    await place.pass_time(20, box)
    assert place.evse().offer.current_a == 0
    assert place.evse().offer.binding.reason is LimitReason.SESSION_TIME
    assert place.evse().has_transaction
    # The next session begins anew.
    await box.stop(running, meter_wh=2000)
    await box.plug_in()
    await until(lambda: place.evse().offer.current_a == 16)


async def test_a_session_that_has_had_its_time_has_had_it_after_a_restart(place: Place) -> None:
    config = _site(session_time_s=600)
    await place.reopen(config)
    box = await _dial(place)
    await box.plug_in()
    await place.pass_time(620, box)
    await place.reopen(config)
    box = await _dial(place)
    await box.status("Charging")
    await place.pass_time(20, box)
    assert place.evse().offer.binding.reason is LimitReason.SESSION_TIME


async def test_a_clock_that_jumps_ends_no_session(place: Place, clock: ManualClock) -> None:
    await place.reopen(_site(session_time_s=600))
    box = await _dial(place)
    await box.plug_in()
    await place.pass_time(10, box)
    clock.jump_wall(NOON + timedelta(days=400))
    await place.pass_time(60, box)
    assert place.evse().offer.current_a == 16


async def test_a_session_has_its_energy_and_no_more(place: Place) -> None:
    await place.reopen(_site(session_energy_wh=300))
    box = await _dial(place)
    running = await box.plug_in(meter_wh=1000)
    await place.pass_time(110, box)
    await box.measure(running, energy_wh=1299)
    assert place.session().energy_wh == 299
    await place.pass_time(2, box)
    assert place.evse().offer.current_a == 16
    await box.measure(running, energy_wh=1300)
    await until(lambda: place.evse().offer.binding.reason is LimitReason.SESSION_ENERGY)
    assert place.evse().offer.current_a == 0


def test_a_hot_charger_is_lowered_step_by_step_and_not_at_every_flicker() -> None:
    register = SiteRegister(_site(derate_from_c=60.0))
    evse = register.evse(ONE)
    assert evse is not None
    derating = Derating(register)

    def at(temperature_c: float) -> float | None:
        evse.sample = EvseSample(timestamp=NOON, temperature_c=temperature_c)
        ceiling = derating.ceiling(evse)
        assert ceiling is None or ceiling.reason is LimitReason.TEMPERATURE
        return None if ceiling is None else ceiling.current_a

    assert at(59) is None
    assert at(65) == pytest.approx(11.0)
    assert at(63.5) == pytest.approx(11.0)  # not yet clearly cooler
    assert at(61) == pytest.approx(13.0)
    assert at(70) == pytest.approx(6.0)
    assert at(79) == pytest.approx(6.0)
    assert at(80) == 0.0
    assert at(75) == 0.0  # it stays off until it has cooled down
    assert at(67.9) == pytest.approx(6.1)
    assert at(50) is None


@pytest.mark.parametrize(
    ("error", "current_a", "reason"),
    [
        ("HighTemperature", 6.0, LimitReason.TEMPERATURE),
        ("PowerMeterFailure", 6.0, LimitReason.CHARGER_ERROR),
        ("OverCurrentFailure", 6.0, LimitReason.CHARGER_ERROR),
        ("GroundFailure", 0.0, LimitReason.CHARGER_ERROR),
    ],
)
async def test_an_error_that_calls_for_less_gets_less(
    place: Place, box: Wallbox, error: str, current_a: float, reason: LimitReason
) -> None:
    await box.plug_in()
    await until(lambda: place.evse().offer.current_a == 16)
    await box.status("Charging", errorCode=error)
    await until(lambda: place.evse().offer.current_a == current_a)
    assert place.evse().offer.binding.reason is reason
    await box.status("Charging")
    await until(lambda: place.evse().offer.binding.reason is not reason)


def test_a_weak_signal_is_no_reason() -> None:
    evse = SiteRegister(_site()).evse(ONE)
    assert evse is not None
    evse.error_code = "WeakSignal"
    assert ceiling_of_error(evse) is None
