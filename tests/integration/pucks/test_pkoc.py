"""Phones with PKOC apps at a reader puck, through Home Assistant's own ESPHome integration."""

from datetime import timedelta

import pytest

from custom_components.offline_evse.bluetooth import puck_link
from custom_components.offline_evse.engine.model.station import EvseKey
from simulator.esphome.reader import PKOC
from simulator.holder.holder import Holder

from .corner import Corner, eventually

ACCESS_DENIED, ACCESS_GRANTED, INVALID_SECURITY = 2, 3, 5


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Phones here listen at once."""
    monkeypatch.setattr(puck_link, "OFFER_WAITS_S", (0.02, 0.1))


async def test_a_phone_is_granted_in_secret(corner: Corner) -> None:
    holder = Holder()
    await corner.enrol(holder)
    for number, mtu in enumerate((185, 515), start=1):
        visitor = corner.pkoc_phone(holder, mtu=mtu)
        visitor.arrive()
        assert await visitor.status() == ACCESS_GRANTED
        assert await corner.told_to_start()
        await corner.ended("granted", number)
        assert not visitor.connected


async def test_the_normal_flow_is_for_owners_who_let_keys_be_seen(corner: Corner) -> None:
    visitor = await corner.pkoc_visitor(ecdhe=False)
    visitor.arrive()
    assert await visitor.status() == INVALID_SECURITY
    assert corner.never_started
    await corner.set_options(plain=True)
    again = await corner.pkoc_visitor(ecdhe=False)
    again.arrive()
    assert await again.status() == ACCESS_GRANTED
    assert await corner.told_to_start()


async def test_a_key_that_is_not_known_here_is_denied(corner: Corner) -> None:
    await corner.set_options(plain=True)
    for number, ecdhe in enumerate((True, False), start=1):
        visitor = await corner.pkoc_visitor(ecdhe=ecdhe, enrolled=False)
        visitor.arrive()
        assert await visitor.status() == ACCESS_DENIED
        await corner.ended("unknown_key", number)
    assert corner.never_started


async def test_a_phone_in_a_pocket_starts_nothing_without_a_cable_that_was_just_plugged_in(corner: Corner) -> None:
    evse = corner.site.evses[EvseKey("CP-1", 1)]
    assert evse.plugged_at is not None
    evse.plugged_at -= timedelta(minutes=3)
    visitor = await corner.pkoc_visitor()
    visitor.arrive()
    assert await visitor.status() == ACCESS_DENIED
    assert corner.never_started


async def test_a_recorded_answer_is_worth_nothing(corner: Corner) -> None:
    await corner.set_options(plain=True)
    visitor = await corner.pkoc_visitor(ecdhe=False)
    await corner.block_everybody()
    visitor.arrive()
    assert await visitor.status() == ACCESS_DENIED
    await eventually(lambda: corner.puck.link == -1)
    await corner.block_everybody(blocked=False)
    thief = await corner.pkoc_visitor(ecdhe=False, enrolled=False)
    thief.tamper = lambda written: visitor.written[0][1]
    thief.arrive()
    assert await thief.status() != ACCESS_GRANTED
    assert corner.never_started


async def test_a_phone_that_listens_late_is_offered_it_once_more(corner: Corner) -> None:
    visitor = await corner.pkoc_visitor()
    visitor.listens = False
    visitor.arrive()
    await eventually(lambda: corner.puck.received["ExecuteServiceRequest"] >= 2)
    visitor.listens = True
    assert await visitor.status() == ACCESS_GRANTED
    assert await corner.told_to_start()


async def test_a_phone_whose_notifications_are_too_short_starts_nothing(corner: Corner) -> None:
    visitor = await corner.pkoc_visitor(mtu=23)
    visitor.arrive()
    await visitor.until(lambda: visitor.phone.refused)
    visitor.leave()
    await corner.ended("lost")
    assert corner.never_started


async def test_a_phone_that_vanishes_starts_nothing(corner: Corner) -> None:
    visitor = await corner.pkoc_visitor()

    def walk_away(written: bytes) -> bytes | None:
        visitor.leave()
        return None

    visitor.tamper = walk_away
    visitor.arrive()
    await corner.ended("lost")
    assert visitor.heard[0][0] == PKOC
    assert corner.never_started
