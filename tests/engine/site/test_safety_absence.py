"""What is held for a charger that goes out of sight while a car charges: until its limit has run out, and after."""

from typing import Any

import pytest

from custom_components.offline_evse.engine.model.self_test import SelfTest, SelfTestResult
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.config import AfterExpiry, DefaultProfile, SiteConfig
from custom_components.offline_evse.engine.site.register import SiteRegister
from custom_components.offline_evse.engine.site.steering.absence import GRACE_S, Absence
from tests.engine.clock import NOON, ManualClock

from .place import MAIN, ONE, TWO, Place, charger, until
from .wallbox import Wallbox


class Bay:
    """A charger of 16 A whose hardware can do 32 A, told 12 A ten seconds ago and out of sight since."""

    def __init__(self, *, expires: bool = True, test: SelfTestResult | None = None, **more: Any) -> None:
        """Begin with the charger gone."""
        self.clock = ManualClock()
        set_up = charger("ONE", hardware_a=32.0, **more)
        register = SiteRegister(SiteConfig(name="Home", circuits=(MAIN,), stations=(set_up,)))
        if test is not None:
            register.stations["ONE"].self_test = SelfTest(result=test, at=NOON, firmware=None)
        evse = register.evse(ONE)
        assert evse is not None
        self.held_a = 12.0
        self.absence = Absence(register, self.clock, lambda _: expires, self._assume)
        self.absence.told(ONE)
        self.evse = evse

    def _assume(self, key: EvseKey, current_a: float) -> None:
        assert key == ONE
        self.held_a = current_a

    async def gone_for(self, seconds: float) -> float:
        """Return what is held for it after so long without a word."""
        await self.clock.advance(10)
        self.absence.begin(self.evse)
        await self.clock.advance(seconds - 10)
        return self.held_a


@pytest.mark.parametrize("expires_s", [70, 130, 250, 310, 610, 33])
async def test_its_limit_is_held_until_it_has_run_out(expires_s: int) -> None:
    assert await Bay(expires_s=expires_s).gone_for(expires_s + GRACE_S - 0.5) == 12
    assert await Bay(expires_s=expires_s).gone_for(expires_s + GRACE_S) == 6
    assert await Bay(expires_s=expires_s, default_profile=DefaultProfile.ZERO).gone_for(700) == 0


async def test_where_it_is_not_trusted_its_limit_is_held_on() -> None:
    assert await Bay(after_expiry=AfterExpiry.HOLD).gone_for(10_000) == 12


async def test_a_limit_without_an_end_is_held_on() -> None:
    assert await Bay(expires_s=None).gone_for(10_000) == 12


@pytest.mark.parametrize("after", list(AfterExpiry))
async def test_a_charger_whose_limits_do_not_run_out_may_take_all_it_can(after: AfterExpiry) -> None:
    bay = Bay(expires=False, after_expiry=after)
    assert await bay.gone_for(250) == 12
    await bay.clock.advance(GRACE_S)
    assert bay.held_a == 32


async def test_a_charger_without_a_floor_may_take_all_it_can() -> None:
    assert await Bay(default_profile=DefaultProfile.NONE).gone_for(260) == 32
    # Where nothing runs out, nobody knows when it forgets.
    assert await Bay(default_profile=DefaultProfile.NONE, expires_s=None).gone_for(11) == 32


async def test_a_charger_that_failed_its_self_test_may_take_all_it_can_at_once() -> None:
    assert await Bay(test=SelfTestResult.FAILED).gone_for(11) == 32
    assert await Bay(test=SelfTestResult.PASSED).gone_for(260) == 6
    assert await Bay(test=SelfTestResult.ABORTED).gone_for(260) == 6


async def test_a_charger_that_comes_back_is_as_it_is() -> None:
    bay = Bay()
    assert await bay.gone_for(100) == 12
    bay.absence.end(ONE)
    await bay.clock.advance(1000)
    assert bay.held_a == 12


@pytest.mark.parametrize(
    ("own", "left_a"),
    [
        ({"default_profile": DefaultProfile.SAFE, "hardware_a": 32.0}, 16.0),
        ({"default_profile": DefaultProfile.SAFE, "safe_a": 10.0}, 15.0),
        ({"default_profile": DefaultProfile.ZERO}, 16.0),
        ({"default_profile": DefaultProfile.NONE}, 9.0),
        ({"default_profile": DefaultProfile.NONE, "hardware_a": 18.0}, 7.0),
        ({"default_profile": DefaultProfile.NONE, "hardware_a": 32.0}, 0.0),
    ],
)
async def test_a_car_that_plugs_in_unseen_is_reckoned_with_at_what_its_charger_would_give(
    place: Place, box: Wallbox, own: dict[str, Any], left_a: float
) -> None:
    await place.reload(stations=(charger("ONE", **own), charger("TWO")))
    other = await place.dial(Wallbox, "TWO")
    await other.boot()
    await other.plug_in()
    await place.pass_time(20, box, other)
    assert place.evse(TWO).offer.current_a == 16
    # No meter would show a car there, and nobody could tell it anything.
    await box.hang_up()
    await until(lambda: not place.evse(ONE).connected)
    await place.pass_time(10, other)
    # A cut goes 0.2 A further than it has to.
    assert left_a - 0.21 <= place.evse(TWO).offer.current_a <= left_a


async def test_what_an_absent_charger_gives_up_goes_to_the_others(place: Place, box: Wallbox) -> None:
    await place.reload(
        stations=(charger("ONE", refresh_s=60, expires_s=70), charger("TWO", refresh_s=60, expires_s=70))
    )
    other = await place.dial(Wallbox, "TWO")
    await other.boot()
    await box.plug_in()
    await other.plug_in()
    await place.pass_time(30, box, other)
    assert sum(place.evse(key).offer.current_a for key in (ONE, TWO)) <= 25
    held_a = place.evse(ONE).offer.current_a
    assert held_a > 6
    await box.hang_up()
    await until(lambda: not place.evse(ONE).connected)
    await place.pass_time(20, other)
    assert place.evse(ONE).offer.current_a == held_a
    assert place.evse(TWO).offer.current_a <= 25 - held_a
    await place.pass_time(200, other)
    assert place.evse(ONE).offer.current_a == 6
    assert place.evse(TWO).offer.current_a == 16
