"""Phones with our own protocol at a reader puck, through Home Assistant's own ESPHome integration."""

import pytest

from custom_components.offline_evse.bluetooth import puck_meter
from custom_components.offline_evse.engine.authorization.ble.wire.gatt import Info
from custom_components.offline_evse.engine.model.credential import Terms
from custom_components.offline_evse.engine.model.station import EvseKey
from simulator.esphome.reader import KEY
from simulator.holder.holder import RESPONSE, Holder
from simulator.holder.visitor import KeyVisitor
from tests.integration.waiting import until

from .corner import DENIED, GRANTED, OCCUPIED, OTHER_CHARGER, STOPPED, Corner, eventually

STARTING, CHARGING = 0, 1


async def test_a_phone_is_granted_and_the_session_starts(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puck_meter, "EVERY_S", 0.05)
    visitor = await corner.visitor()
    assert visitor.ask()
    assert await visitor.result() == GRANTED
    await visitor.until(lambda: bool(visitor.link.readings))
    assert visitor.link.readings[0] == (0, 0, STARTING)
    transaction_id = await corner.wallbox.start(await corner.told_to_start(), meter_wh=1000)
    evse = corner.site.evses[EvseKey("CP-1", 1)]
    await until(evse, lambda: evse.has_transaction)
    assert evse.transaction is not None
    assert evse.transaction.name == "Anna"
    await corner.wallbox.status("Charging")
    await corner.wallbox.measure(transaction_id, energy_wh=1750, power_w=7200)
    await visitor.until(lambda: visitor.link.readings[-1] == (750, 7200, CHARGING))
    visitor.leave()
    await corner.ended("granted")
    assert evse.has_transaction


async def test_every_mtu_will_do(corner: Corner) -> None:
    holder = Holder()
    await corner.enrol(holder)
    for number, mtu in enumerate((23, 65, 185, 517), start=1):
        visitor = KeyVisitor(corner.puck, holder, mtu)
        assert visitor.ask()
        assert await visitor.result() == GRANTED
        assert await corner.told_to_start()
        assert max(len(value) for _, value in visitor.heard) <= mtu - 3
        visitor.leave()
        await corner.ended("granted", number)


async def test_a_phone_that_cannot_seal_is_sent_away_unless_the_owner_lets_keys_be_seen(corner: Corner) -> None:
    holder = Holder(capabilities=1)
    await corner.enrol(holder, sealed_only=False)
    visitor = KeyVisitor(corner.puck, holder)
    visitor.ask()
    await corner.ended("denied")
    assert visitor.heard == []
    assert corner.never_started
    await corner.set_options(plain=True)
    again = KeyVisitor(corner.puck, holder)
    again.ask()
    assert await again.result() == GRANTED
    assert len(again.link.challenges[0]) == 100
    assert await corner.told_to_start()


async def test_the_puck_tells_phones_whose_it_is(corner: Corner) -> None:
    await eventually(lambda: len(corner.puck.info) == 10)
    info = Info.decode(corner.puck.info)
    assert info.site_id == corner.bluetooth.keyring.keys.site_id


async def test_a_key_that_is_not_known_here_is_denied(corner: Corner) -> None:
    stranger = await corner.visitor()
    await corner.bluetooth.forget(next(iter(corner.bluetooth.enrolled())))
    stranger.ask()
    assert await stranger.result() == DENIED
    await corner.ended("proof", 0)
    assert corner.never_started


async def test_a_recorded_answer_is_worth_nothing(corner: Corner) -> None:
    visitor = await corner.visitor()
    await corner.block_everybody()
    visitor.ask()
    assert await visitor.result() == DENIED
    await eventually(lambda: corner.puck.link == -1)
    await corner.block_everybody(blocked=False)
    recorded = [value for pipe, value in visitor.written if pipe == KEY]
    thief = await corner.visitor(enrolled=False)
    assert thief.arrive()
    for frame in recorded:
        thief.write(KEY, frame)
    await corner.ended("protocol")
    assert corner.never_started
    assert len(recorded) > 1


async def test_a_key_for_another_charger_hears_so(corner: Corner) -> None:
    holder = Holder()
    await corner.enrol(holder, terms=Terms(station_ids=frozenset({"CP-9"})))
    visitor = KeyVisitor(corner.puck, holder)
    visitor.ask()
    assert await visitor.result() == OTHER_CHARGER
    assert corner.never_started


async def test_a_phone_that_vanishes_after_the_challenge_starts_nothing(corner: Corner) -> None:
    visitor = await corner.visitor()

    def walk_away(written: bytes) -> bytes | None:
        if written[1] & ~0x40 == RESPONSE:
            visitor.leave()
            return None
        return written

    visitor.tamper = walk_away
    visitor.ask()
    await corner.ended("lost")
    assert visitor.link.challenges
    assert corner.never_started


async def test_a_puck_that_loses_its_wifi_starts_nothing_and_serves_again_later(corner: Corner) -> None:
    visitor = await corner.visitor()

    def lose_wifi(written: bytes) -> bytes | None:
        if written[1] & ~0x40 == RESPONSE:
            corner.puck.hang_up()
        return written

    visitor.tamper = lose_wifi
    visitor.ask()
    await corner.back_again()
    visitor.leave()
    assert corner.never_started
    again = KeyVisitor(corner.puck, visitor.link.holder)
    again.ask()
    assert await again.result() == GRANTED
    assert await corner.told_to_start()


async def test_a_phone_stops_its_own_session(corner: Corner) -> None:
    visitor = await corner.visitor()
    visitor.ask()
    assert await visitor.result() == GRANTED
    visitor.leave()
    await corner.wallbox.start(await corner.told_to_start(), meter_wh=0)
    evse = corner.site.evses[EvseKey("CP-1", 1)]
    await until(evse, lambda: evse.has_transaction)
    again = KeyVisitor(corner.puck, visitor.link.holder)
    again.link.stop(0)
    again.ask()
    assert await again.result() == STOPPED
    assert await corner.wallbox.hear("RemoteStopTransaction")


async def test_a_second_phone_waits_until_the_first_has_gone(corner: Corner) -> None:
    first, second = await corner.visitor(), await corner.visitor()
    assert first.ask()
    assert not second.ask()
    assert await first.result() == GRANTED
    first.leave()
    await corner.ended("granted")
    assert second.ask()
    assert await second.result() == OCCUPIED


async def test_a_phone_that_floods_is_dropped_and_the_next_one_is_served(corner: Corner) -> None:
    noise = await corner.visitor(enrolled=False)
    assert noise.arrive()
    for number in range(3000):
        noise.write(KEY, bytes((0x80 | number % 128,)) + bytes(180))
    await corner.ended("lost", 0)
    await eventually(lambda: corner.pucks.ignored.get("flood", 0) > 2000 and not corner.pucks.running)
    noise.leave()
    await corner.forgive_flood()
    visitor = await corner.visitor()
    assert visitor.ask()
    assert await visitor.result() == GRANTED
    assert await corner.told_to_start()
