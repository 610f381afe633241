"""What pucks may tell, what nobody listens to, and what happens when somebody keeps silent."""

import base64
import random

from homeassistant.core import Context, EventOrigin, HomeAssistant
import pytest

from custom_components.offline_evse.bluetooth import puck_link
from custom_components.offline_evse.bluetooth.puck_limits import EVENTS_AT_ONCE, LINKS, PuckLimits
from custom_components.offline_evse.bluetooth.puck_node import told
from custom_components.offline_evse.engine.authorization.ble.states import DEADLINES_S, ExchangeState
from simulator.esphome.reader import EVENT, KEY, PKOC
from simulator.holder.holder import RESPONSE
from simulator.holder.visitor import KeyVisitor, Visitor

from .bus_puck import BusPuck
from .corner import GRANTED, Corner, eventually


async def test_a_phone_is_granted(bus_corner: Corner) -> None:
    visitor = await bus_corner.visitor()
    visitor.ask()
    assert await visitor.result() == GRANTED
    assert await bus_corner.told_to_start()


async def test_events_that_people_fire_are_not_listened_to(hass: HomeAssistant, bus_corner: Corner) -> None:
    puck = bus_corner.puck
    assert isinstance(puck, BusPuck)
    data = {"device_id": puck.device_id, "kind": "connected", "link": "1", "charger": "CP-1"}
    hass.bus.async_fire(EVENT, data, context=Context(user_id="somebody"))
    hass.bus.async_fire(EVENT, data, origin=EventOrigin.remote)
    await hass.async_block_till_done()
    assert bus_corner.pucks.ignored == {"foreign": 2}
    assert not bus_corner.pucks.running


async def test_pucks_that_the_options_do_not_name_are_not_listened_to(hass: HomeAssistant, bus_corner: Corner) -> None:
    for device_id in (None, "", "no such device", 7):
        hass.bus.async_fire(EVENT, {"device_id": device_id, "kind": "connected", "link": "1"})
    other = BusPuck(hass, "another", "24:6F:28:00:00:02", "CP-1")
    visitor = KeyVisitor(other, (await bus_corner.visitor()).link.holder)
    visitor.ask()
    await hass.async_block_till_done()
    assert bus_corner.pucks.ignored == {"unknown": 4 + 1 + len(visitor.written)}
    assert bus_corner.never_started


async def test_a_puck_that_was_carried_to_another_charger_starts_neither(
    bus_corner: Corner, caplog: pytest.LogCaptureFixture
) -> None:
    bus_corner.puck.charger = "CP-2"
    visitor = await bus_corner.visitor()
    visitor.ask()
    await eventually(lambda: bus_corner.pucks.ignored.get("misplaced", 0) == 1 + len(visitor.written))
    assert "says that it hangs at CP-2" in caplog.text
    assert bus_corner.pucks.diagnostics()["pucks"][0]["misplaced"] is True
    assert bus_corner.never_started


async def test_nonsense_starts_nothing_and_the_next_phone_is_served(bus_corner: Corner) -> None:
    random.seed(4)
    puck = bus_corner.puck
    values = ["", "x", "-1", "1", "99999", "²", "frame", KEY, PKOC, "=", "AAAA", "A" * 5000, "connected", "ready"]
    for _ in range(3000):
        names = random.sample(["kind", "link", "pipe", "data", "charger"], random.randint(0, 5))
        puck.fire(EVENT, {name: random.choice(values) for name in names})
    await eventually(lambda: not bus_corner.pucks.running)
    assert sum(bus_corner.pucks.ignored.values()) > 2000
    assert bus_corner.never_started
    await bus_corner.forgive_flood()
    visitor = await bus_corner.visitor()
    visitor.ask()
    assert await visitor.result() == GRANTED


async def test_frames_of_nonsense_start_nothing(bus_corner: Corner) -> None:
    random.seed(5)
    for pipe in (KEY, PKOC, KEY, PKOC):
        await bus_corner.forgive_flood()
        noise = Visitor(bus_corner.puck)
        assert noise.arrive()
        for _ in range(100):
            noise.write(pipe, random.randbytes(random.randint(0, 180)))
        await eventually(lambda: not bus_corner.pucks.running and bus_corner.puck.link == -1)
    assert sum(bus_corner.pucks.endings.values()) == 4
    assert bus_corner.never_started


async def test_one_reader_serves_six_phones_in_a_minute(bus_corner: Corner) -> None:
    for _ in range(LINKS + 2):
        visitor = Visitor(bus_corner.puck)
        assert visitor.arrive()
        visitor.leave()
        await eventually(lambda: not bus_corner.pucks.running)
    assert bus_corner.pucks.endings == {"lost": LINKS, "limited": 2}


async def test_a_connection_that_never_speaks_keeps_nobody_away(bus_corner: Corner) -> None:
    bus_corner.puck.tell(kind="connected", link="9")
    await eventually(lambda: len(bus_corner.pucks.running) > 0)
    visitor = await bus_corner.visitor()
    visitor.ask()
    assert await visitor.result() == GRANTED
    assert bus_corner.pucks.endings == {"lost": 1}
    bus_corner.puck.tell(kind="connected", link="9")
    await eventually(lambda: bus_corner.pucks.endings == {"lost": 1, "busy": 1})
    assert visitor.connected


async def test_a_phone_that_says_nothing_is_let_go(bus_corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puck_link, "OFFER_WAITS_S", (0.01, 0.01))
    monkeypatch.setattr(puck_link, "SPEAKS_WITHIN_S", 0.1)
    visitor = Visitor(bus_corner.puck)
    visitor.arrive()
    await bus_corner.ended("timeout")
    assert not visitor.connected
    assert [pipe for pipe, _ in visitor.heard] == [PKOC, PKOC]
    assert visitor.heard[0] == visitor.heard[1]


async def test_a_phone_that_does_not_answer_is_let_go(bus_corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEADLINES_S, ExchangeState.CHALLENGED, 0.1)
    visitor = await bus_corner.visitor()
    visitor.tamper = lambda written: None if written[1] & ~0x40 == RESPONSE else written
    visitor.ask()
    await bus_corner.ended("timeout")
    assert visitor.link.challenges
    assert bus_corner.never_started


async def test_a_puck_that_answers_no_more_starts_nothing(bus_corner: Corner) -> None:
    visitor = await bus_corner.visitor()
    puck = bus_corner.puck
    assert isinstance(puck, BusPuck)
    puck.away = True
    visitor.ask()
    await eventually(lambda: bus_corner.pucks.endings.get("lost", 0) == 1)
    assert bus_corner.never_started


async def test_a_puck_that_starts_anew_forgets_its_phones(bus_corner: Corner) -> None:
    visitor = await bus_corner.visitor()
    visitor.tamper = lambda written: None if written[1] & ~0x40 == RESPONSE else written
    visitor.ask()
    await visitor.until(lambda: bool(visitor.link.challenges))
    bus_corner.puck.tell(kind="ready")
    await bus_corner.ended("lost")
    assert bus_corner.never_started


async def test_a_puck_that_the_options_name_no_longer_is_left_alone(bus_corner: Corner) -> None:
    await bus_corner.set_options(readers={})
    visitor = await bus_corner.visitor()
    visitor.ask()
    await bus_corner.hass.async_block_till_done()
    assert bus_corner.pucks.ignored == {"unknown": 1 + len(visitor.written)}


async def test_nobody_listens_once_bluetooth_is_off(hass: HomeAssistant, bus_corner: Corner) -> None:
    pucks = bus_corner.pucks
    await bus_corner.set_options(enabled=False)
    assert EVENT not in hass.bus.async_listeners()
    assert not pucks.running


def test_limits_refill() -> None:
    limits = PuckLimits()
    assert sum(limits.heed(0.0) for _ in range(1000)) == EVENTS_AT_ONCE
    assert sum(limits.heed(1.0) for _ in range(1000)) == 40
    assert [limits.link(float(at_s)) for at_s in range(8)] == [True] * LINKS + [False, False]
    assert limits.link(60.0)
    assert not limits.link(60.5)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": 7},
        {"kind": "connected"},
        {"kind": "connected", "link": "65536"},
        {"kind": "frame", "link": "1"},
        {"kind": "frame", "link": "1", "pipe": "other", "data": "AAAA"},
        {"kind": "frame", "link": "1", "pipe": ["key"], "data": "AAAA"},
        {"kind": "frame", "link": "1", "pipe": "key", "data": "not base64"},
        {"kind": "frame", "link": "1", "pipe": "key", "data": base64.b64encode(bytes(513)).decode()},
        {"kind": "frame", "link": 1, "pipe": "key", "data": "AAAA"},
    ],
)
def test_events_that_make_no_sense(data: dict[str, object]) -> None:
    assert told(data) is None
