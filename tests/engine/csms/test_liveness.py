"""Who is still there: dead links are noticed, and slow firmware is not taken for dead."""

import asyncio

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from tests.engine.clock import ManualClock, settle

from .charger import Charger
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


async def test_charger_that_talks_but_never_answers_pings_stays(
    csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    charger = await dial("/CP1", autoping=False)
    for number in range(10):
        await charger.send([2, str(number), "Heartbeat", {}])
        await clock.advance(60)
    assert list(csms.connected) == ["CP1"]


async def test_charger_that_says_nothing_at_all_is_given_up(
    site: SiteDouble, csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    await dial("/CP1", autoping=False)
    await clock.advance(80)
    assert list(csms.connected) == ["CP1"]
    await clock.advance(15)
    assert list(csms.connected) == []
    assert site.disconnected == ["CP1"]


async def test_pings_of_the_charger_are_answered_and_count_as_life(
    csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    charger = await dial("/CP1", autoping=False)
    for _ in range(10):
        await charger.socket.ping(b"there?")
        await clock.advance(30)
    assert list(csms.connected) == ["CP1"]
