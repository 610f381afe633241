"""Who is still there: dead links are noticed, and slow firmware is not taken for dead."""

import asyncio
from typing import Any

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from tests.engine.clock import ManualClock, settle

from .charger import BOOT, Charger
from .conftest import Dial
from .site_double import SiteDouble


async def listen(charger: Charger) -> None:
    """Read whatever comes, so that pings are answered."""
    while not charger.socket.closed:
        await charger.socket.receive()


async def test_charger_that_answers_pings_stays(csms: CentralSystem, dial: Dial, clock: ManualClock) -> None:
    charger = await dial()
    listening = asyncio.create_task(listen(charger))
    await clock.advance(600)
    assert list(csms.connected) == ["CP1"]
    listening.cancel()


async def test_dead_link_is_known_within_40_s(
    site: SiteDouble, csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    charger = await dial()
    listening = asyncio.create_task(listen(charger))
    await settle()
    await clock.advance(100)
    listening.cancel()
    await settle()
    dead_since_s = clock.monotonic()
    while csms.connected and clock.monotonic() < dead_since_s + 60:
        await clock.advance(1)
    assert clock.monotonic() - dead_since_s <= 40
    assert site.disconnected == ["CP1"]


async def say(
    site: SiteDouble, charger: Charger, action: str = "Heartbeat", payload: dict[str, Any] | None = None
) -> None:
    """Send a request without reading, so that no ping is answered, and wait until it has arrived."""
    told = len(site.events)
    await charger.send([2, "1", action, payload or {}])
    await site.until(lambda: len(site.events) > told)


async def seconds_until_given_up(csms: CentralSystem, clock: ManualClock) -> float:
    """Say nothing more, and return how long that was borne."""
    silent_since_s = clock.monotonic()
    while csms.connected and clock.monotonic() < silent_since_s + 120:
        await clock.advance(1)
    return clock.monotonic() - silent_since_s


async def test_dead_link_of_a_charger_that_never_answered_a_ping_is_known_within_40_s(
    site: SiteDouble, csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    charger = await dial("/CP1", autoping=False)
    await say(site, charger)
    assert await seconds_until_given_up(csms, clock) <= 40
    assert site.disconnected == ["CP1"]


async def test_charger_that_talks_past_pings_may_be_silent_for_longer(
    csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    charger = await dial("/CP1", autoping=False)
    await clock.advance(10)
    for number in range(10):
        await charger.send([2, str(number), "Heartbeat", {}])
        await clock.advance(60)
    assert list(csms.connected) == ["CP1"]
    assert 60 < 60 + await seconds_until_given_up(csms, clock) <= 95


async def test_charger_that_talks_past_pings_is_remembered(
    site: SiteDouble, csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    charger = await dial("/CP1", autoping=False)
    await clock.advance(10)
    await say(site, charger)
    assert csms.memory("CP1")["ignores_pings"]
    charger.drop()
    await settle()
    await dial("/CP1", autoping=False)
    assert 80 < await seconds_until_given_up(csms, clock) <= 95


async def test_answer_that_overtakes_the_first_ping_is_no_talk_past_it(
    site: SiteDouble, csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    charger = await dial("/CP1", autoping=False)
    await clock.advance(2)
    await say(site, charger)
    assert not csms.memory("CP1")["ignores_pings"]


async def test_charger_that_answers_a_ping_again_is_trusted_to_do_so(
    csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    csms.remember("CP1", {"ignores_pings": True})
    charger = await dial()
    listening = asyncio.create_task(listen(charger))
    await clock.advance(20)
    listening.cancel()
    await settle()
    assert await seconds_until_given_up(csms, clock) <= 40


async def test_charger_that_comes_back_each_time_it_is_cut_may_be_silent_for_longer(
    csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    borne_s = []
    for _ in range(3):
        await dial("/CP1", autoping=False)
        borne_s.append(await seconds_until_given_up(csms, clock))
    assert borne_s[0] <= 40 and borne_s[1] <= 40
    assert 80 < borne_s[2] <= 95


async def test_cuts_that_are_not_in_a_row_prove_nothing(csms: CentralSystem, dial: Dial, clock: ManualClock) -> None:
    for _ in range(3):
        await dial("/CP1", autoping=False)
        assert await seconds_until_given_up(csms, clock) <= 40
        charger = await dial("/CP1", autoping=False)
        await charger.hang_up()
        await settle()


async def test_other_firmware_has_to_show_anew_that_it_ignores_pings(
    site: SiteDouble, csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    csms.remember("CP1", {"firmware": "1.0", "ignores_pings": True})
    charger = await dial("/CP1", autoping=False)
    await say(site, charger, "BootNotification", {**BOOT, "firmwareVersion": "1.1"})
    assert not csms.memory("CP1")["ignores_pings"]


async def test_pings_of_the_charger_are_answered_and_count_as_life(
    csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    charger = await dial("/CP1", autoping=False)
    for _ in range(10):
        await charger.socket.ping(b"there?")
        await clock.advance(30)
    assert list(csms.connected) == ["CP1"]
