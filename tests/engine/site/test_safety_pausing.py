"""How chargers are paused: by 0 A until one of their make has minded it, or as somebody has set it."""

import pytest

from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.site.config import PauseWay, SiteConfig

from .place import MAIN, ONE, TWO, Place, charger, until
from .wallbox import Payload, Wallbox, is_live, limit_a


def _refuses_zero(payload: Payload) -> Payload:
    return {"status": "Rejected" if limit_a(payload) == 0 else "Accepted"}


async def _again(place: Place) -> Wallbox:
    await place.reopen()
    box = await place.dial(Wallbox)
    await box.boot()
    await box.status("Available")
    return box


async def test_a_charger_that_refuses_0_a_is_left_at_its_minimum(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await until(lambda: place.evse().offer.current_a == 16)
    box.replies["SetChargingProfile"] = _refuses_zero
    assert place.evse().pausable
    await place.site.pause(ONE, paused=True)
    await place.pass_time(15, box)
    assert not place.evse().pausable
    assert place.evse().offer.current_a == 6
    assert place.evse().offer.binding.reason is LimitReason.PAUSED


@pytest.mark.parametrize(("reason", "minds"), [("Other", True), ("EVDisconnected", False), ("Local", False)])
async def test_a_session_that_dies_of_a_pause_teaches_us(place: Place, box: Wallbox, reason: str, minds: bool) -> None:
    running = await box.plug_in()
    await until(lambda: place.evse().offer.current_a == 16)
    await place.site.pause(ONE, paused=True)
    await box.hear("SetChargingProfile", lambda it: is_live(it) and limit_a(it) == 0)
    await place.pass_time(20, box)
    await box.stop(running, meter_wh=2000, reason=reason)
    await until(lambda: not place.evse().has_transaction)
    box = await _again(place)
    await box.plug_in()
    await until(lambda: place.evse().offer.current_a == 16)
    assert place.evse().pausable is not minds


async def test_what_one_charger_minds_all_of_its_make_do(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await until(lambda: place.evse().offer.current_a == 16)
    box.replies["SetChargingProfile"] = _refuses_zero
    await place.site.pause(ONE, paused=True)
    await place.pass_time(15, box)
    assert not place.evse().pausable
    other = await place.dial(Wallbox, "TWO")
    await other.boot()
    await other.plug_in()
    await until(lambda: not place.evse(TWO).pausable)


async def test_a_stop_of_the_whole_site_is_no_wish(place: Place) -> None:
    stations = (charger("ONE", pause_way=PauseWay.MINIMUM),)
    await place.reopen(SiteConfig(name="Home", circuits=(MAIN,), stations=stations))
    box = await place.dial(Wallbox)
    await box.boot()
    await box.plug_in()
    await until(lambda: place.evse().offer.current_a == 16)
    await place.site.pause(ONE, paused=True)
    await until(lambda: place.evse().offer.current_a == 6)
    await place.site.stop_all(True)
    await until(lambda: place.evse().offer.current_a == 0)


async def test_a_charger_that_is_paused_by_stopping_is_stopped(place: Place) -> None:
    stations = (charger("ONE", pause_way=PauseWay.STOP),)
    await place.reopen(SiteConfig(name="Home", circuits=(MAIN,), stations=stations))
    box = await place.dial(Wallbox)
    await box.boot()
    running = await box.plug_in()
    await until(lambda: place.evse().offer.current_a == 16)
    await place.site.pause(ONE, paused=True)
    assert await box.hear("RemoteStopTransaction") == {"transactionId": running}
