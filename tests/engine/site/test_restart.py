"""The site goes away in the middle of sessions, politely or not, and comes back on the same folder."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import sys

import pytest

from custom_components.offline_evse.engine.model.clock import SystemClock
from custom_components.offline_evse.engine.model.command import Outcome
from custom_components.offline_evse.engine.site.announcement import SessionEnded, SessionStarted
from custom_components.offline_evse.engine.site.config import SiteConfig

from .place import ONE, TWO, Place, until
from .wallbox import PATIENCE_S, Station201, Wallbox, is_live, limit_a

PROJECT = Path(__file__).parents[3]


@pytest.fixture
async def own_time(tmp_path: Path) -> AsyncIterator[Place]:
    """A place by the machine's own clock; its site is opened by the test."""
    place = Place(tmp_path, SystemClock())
    yield place
    await place.leave()


async def _open_elsewhere(folder: Path) -> tuple[asyncio.subprocess.Process, int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.engine.site.killed_site", str(folder), cwd=PROJECT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        return process, int(await process.stdout.readline())


async def test_a_session_survives_kill_9(own_time: Place) -> None:
    process, port = await _open_elsewhere(own_time.folder)
    try:
        box = await own_time.dial(Wallbox, port=port)
        await box.boot()
        running = await box.plug_in(meter_wh=10_000)
        await box.measure(running, energy_wh=10_500)
    finally:
        process.kill()
        await process.wait()
    async with asyncio.timeout(PATIENCE_S):
        while not box.socket.closed:
            await asyncio.sleep(0.001)
    await own_time.open()
    assert own_time.session().transaction_id == str(running)
    assert own_time.session().energy_wh == 500
    again = await own_time.dial(Wallbox)
    await again.boot()
    await again.status("Charging")
    ended = own_time.clock.now()
    await again.stop(running, meter_wh=11_200, when=ended)
    await again.stop(running, meter_wh=11_200, when=ended)
    session = await own_time.only()
    assert (session.transaction_id, session.energy_wh, session.name) == (str(running), 1200, "Ada")
    assert [news.transaction for news in own_time.heard_of(SessionEnded)] == [session]
    assert own_time.heard_of(SessionStarted) == []
    assert await again.start("CARD", meter_wh=11_200) > running


async def test_a_session_survives_a_restart_and_is_ended_once(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    await box.measure(running, energy_wh=1500)
    await place.reopen()
    assert place.session().transaction_id == str(running)
    ended = place.clock.now()
    for _ in range(2):
        again = await place.dial(Wallbox)
        await again.boot()
        await again.stop(running, meter_wh=2200, when=ended)
    assert (await place.only()).energy_wh == 1200
    assert len(place.heard_of(SessionEnded)) == 1
    assert len(place.heard_of(SessionStarted)) == 1
    assert place.evse().lifetime_wh == 2200


async def test_a_start_that_was_not_answered_before_the_restart_is_the_same_session(place: Place, box: Wallbox) -> None:
    began = place.clock.now()
    running = await box.start("CARD", when=began)
    await place.reopen()
    again = await place.dial(Wallbox)
    await again.boot()
    assert await again.start("CARD", when=began) == running
    assert "RemoteStopTransaction" not in again.heard


async def test_a_2_0_1_session_can_be_stopped_from_here_after_a_restart(place: Place, station: Station201) -> None:
    await station.event("Started", 0, card="CARD", meter_wh=1000)
    await place.reopen()
    again = await place.dial(Station201, "TWO")
    await again.status("Occupied")
    await place.pass_time(5, again)
    assert (await place.site.stop_charging(TWO)).outcome is Outcome.ACCEPTED
    assert await again.hear("RequestStopTransaction") == {"transactionId": "tx-1"}
    await again.event("Ended", 5, meter_wh=2000)
    assert (await place.only()).energy_wh == 1000


async def test_a_2_0_1_session_that_began_while_we_were_away_is_taken_up(place: Place, station: Station201) -> None:
    await station.event("Updated", 7, transaction_id="away", card="CARD", meter_wh=1500)
    assert place.evse(TWO).has_transaction
    assert limit_a(await station.hear("SetChargingProfile", is_live)) == 16
    assert (await place.site.stop_charging(TWO)).outcome is Outcome.ACCEPTED
    assert await station.hear("RequestStopTransaction") == {"transactionId": "away"}


async def test_what_a_charger_drew_before_the_restart_is_not_cut_before_it_tells(place: Place, box: Wallbox) -> None:
    running = await box.plug_in()
    await place.reopen()
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Charging")
    await again.say("Heartbeat", {})
    assert not [payload for action, payload in again.told if action == "SetChargingProfile" and is_live(payload)]
    await again.measure(running, energy_wh=1500, current_l1_a=16, current_l2_a=16, current_l3_a=16)
    assert limit_a(await again.hear("SetChargingProfile", is_live)) == 16
    await until(lambda: place.evse(ONE).offer.current_a == 16)


async def test_a_site_opens_before_there_is_a_fuse_or_a_charger(own_time: Place) -> None:
    site = await own_time.open(SiteConfig(name="Home", circuits=()))
    assert site.port > 0
    assert not site.state.stopped
    assert await site.transactions() == ()
