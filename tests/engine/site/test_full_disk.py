"""The disk is full: sessions end, none begin, fuses are kept, and chargers stay in conversation."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Self, override

import pytest

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.clock import Clock
from custom_components.offline_evse.engine.site import opening

from .place import MAIN, ONE, Place, until
from .wallbox import RefusedError, Wallbox, is_live, limit_a


class SmallLedger(Ledger):
    """A ledger on a disk of less than a megabyte."""

    quota_bytes = 900_000

    @override
    @classmethod
    async def open(cls, path: Path, clock: Clock, **_: Any) -> Self:
        return await super().open(path, clock, quota_bytes=cls.quota_bytes, ballast_bytes=300_000)


@pytest.fixture(autouse=True)
def small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every site of these tests a small disk."""
    monkeypatch.setattr(opening, "Ledger", SmallLedger)
    monkeypatch.setattr(SmallLedger, "quota_bytes", 900_000)


async def _fill(box: Wallbox, place: Place, *, to_the_end: bool = False) -> None:
    for number in range(1000):
        signed = {"value": f"{number}" + "x" * 10_000, "format": "SignedData"}
        values = {"connectorId": 1, "meterValue": [{"timestamp": box.at(), "sampledValue": [signed]}]}
        try:
            await box.say("MeterValues", values)
        except RefusedError:
            return
        if place.site.state.ledger_failed and not to_the_end:
            return
    raise AssertionError("the disk has no end")


async def _measure_on(box: Wallbox, running: int) -> None:
    for number in range(50):
        await box.measure(running, energy_wh=1600 + number, power_w=6000, current_l1_a=9)


async def test_sessions_end_and_none_begin_while_there_is_hardly_any_room(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    other = await place.dial(Wallbox, "TWO")
    await other.boot()
    await other.status("Preparing")
    await _fill(other, place)
    await until(lambda: place.site.state.ledger_failed)
    assert await other.authorize("CARD") == "Blocked"
    with pytest.raises(RefusedError, match="InternalError"):
        await other.ask_start("CARD")
    assert (await other.boot())["status"] == "Accepted"
    await box.measure(running, energy_wh=1500, power_w=7000)
    assert place.evse().power_w == 7000
    assert await box.authorize("CARD") == "Accepted"
    await box.stop(running, meter_wh=2000)
    assert (await place.only()).energy_wh == 1000


async def test_with_no_room_at_all_the_fuse_is_kept_and_nothing_recorded_is_lost(
    place: Place, box: Wallbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await box.plug_in()
    await box.measure(running, energy_wh=1500, power_w=7000)
    await box.hear("SetChargingProfile", is_live)
    other = await place.dial(Wallbox, "TWO")
    await other.boot()
    await other.status("Available")
    await _fill(other, place, to_the_end=True)
    ended = place.clock.now()
    with pytest.raises(RefusedError, match="InternalError"):
        await _measure_on(box, running)
    assert place.evse().power_w == 6000
    await place.reload(circuits=(replace(MAIN, limit_a=MAIN.limit_a._replace(l1=11)),))
    assert limit_a(await box.hear("SetChargingProfile", is_live)) <= 11
    for station in (box, other):
        assert (await station.boot())["status"] == "Accepted"
        await station.status("Charging")
    assert place.evse().connected
    monkeypatch.setattr(SmallLedger, "quota_bytes", 9_000_000)
    await place.reopen()
    assert not place.site.state.ledger_failed
    assert place.evse().has_transaction
    again = await place.dial(Wallbox)
    await again.boot()
    await again.stop(running, meter_wh=2200, when=ended)
    (session,) = await place.site.transactions(evse=ONE)
    assert session.energy_wh == 1200
