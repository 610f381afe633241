"""Phones with our own protocol at a reader puck, through Home Assistant's own ESPHome integration."""

import pytest

from tests.integration.waiting import until
from custom_components.offline_evse.engine.model.station import EvseKey

from .corner import DENIED, GRANTED, Corner, eventually


async def test_a_phone_is_granted_and_the_session_starts(corner: Corner) -> None:
    visitor = await corner.visitor()
    assert visitor.ask()
    assert await visitor.result() == GRANTED
    card = await corner.told_to_start()
    transaction = await corner.wallbox.start(card, meter_wh=1000)
    evse = corner.site.evses[EvseKey("CP-1", 1)]
    await until(evse, lambda: evse.has_transaction)
    assert evse.transaction is not None
    assert evse.transaction.name == "Anna"
    assert transaction
    visitor.leave()
    await corner.ended("granted")
    assert evse.has_transaction


@pytest.mark.parametrize("mtu", [23, 65, 185, 517])
async def test_every_mtu_will_do(corner: Corner, mtu: int) -> None:
    visitor = await corner.visitor(mtu=mtu)
    assert visitor.ask()
    assert await visitor.result() == GRANTED
    assert await corner.told_to_start()
    assert max(len(value) for _, value in visitor.heard) <= mtu - 3
