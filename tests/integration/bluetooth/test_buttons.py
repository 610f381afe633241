"""Encrypted buttons: a press counts once, at the nearest charger, whatever Home Assistant itself takes for a press."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.offline_evse.engine.authorization.ble.nearby.buttons import KeyUsedBefore
from simulator.holder.button import ButtonFob
from tests.integration.waiting import until

from .surroundings import Surroundings, eventually

ADDRESS = "54:48:E6:8F:80:A5"
BINDKEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")


@pytest.fixture
def minimum_level() -> str:
    return "press"


def packet(service_data: bytes) -> bytes:
    return b"\x02\x01\x06" + bytes([3 + len(service_data), 0x16]) + b"\xd2\xfc" + service_data


async def enrolled(surroundings: Surroundings, at: str) -> ButtonFob:
    """Enrol a button, and let its first packet tell how far it has counted."""
    fob = ButtonFob(ADDRESS, BINDKEY, counter=100)
    reference = await surroundings.bluetooth.enrol_button(ADDRESS, BINDKEY, "Ben")
    surroundings.broadcast(ADDRESS, packet(fob.packet(b"\x01\x64")), at)
    await eventually(lambda: surroundings.bluetooth.keyring.buttons[reference].counter == 101)
    return fob


async def test_a_press_starts_the_nearest_charger(surroundings: Surroundings) -> None:
    fob = await enrolled(surroundings, "CP-3")
    surroundings.broadcast(ADDRESS, packet(fob.pressed()), "CP-3")
    wallbox = surroundings.wallboxes["CP-3"]
    told = await wallbox.hear("RemoteStartTransaction")
    await wallbox.start(told["idTag"], meter_wh=0)
    evse = surroundings.evse("CP-3")
    await until(evse, lambda: evse.has_transaction)
    assert evse.transaction is not None
    assert evse.transaction.name == "Ben"
    assert not surroundings.told_to_start("CP-1", "CP-2")


async def test_a_recording_starts_nothing_not_even_after_a_restart(
    hass: HomeAssistant, surroundings: Surroundings
) -> None:
    fob = await enrolled(surroundings, "CP-3")
    recorded = packet(fob.pressed())
    surroundings.broadcast(ADDRESS, recorded, "CP-3")
    await surroundings.wallboxes["CP-3"].hear("RemoteStartTransaction")
    battery = packet(fob.packet(b"\x01\x63"))
    surroundings.broadcast(ADDRESS, battery, "CP-1")
    surroundings.broadcast(ADDRESS, recorded, "CP-1")
    await eventually(lambda: surroundings.bluetooth.buttons.refused == 1)

    surroundings.change_options(enabled=False)
    await hass.async_block_till_done()
    assert surroundings.entry.runtime_data.bluetooth.open is None
    surroundings.change_options(enabled=True)
    await hass.async_block_till_done()
    surroundings.broadcast(ADDRESS, battery, "CP-1")
    surroundings.broadcast(ADDRESS, recorded, "CP-1")
    await eventually(lambda: surroundings.bluetooth.buttons.refused == 2)
    assert not surroundings.told_to_start("CP-1", "CP-2", "CP-3")


async def test_another_key_or_a_changed_packet_starts_nothing(surroundings: Surroundings) -> None:
    fob = await enrolled(surroundings, "CP-2")
    forged = ButtonFob(ADDRESS, bytes(16), counter=5000)
    surroundings.broadcast(ADDRESS, packet(forged.pressed()), "CP-1")
    genuine = bytearray(fob.pressed())
    genuine[2] ^= 1
    surroundings.broadcast(ADDRESS, packet(bytes(genuine)), "CP-1")
    surroundings.broadcast(ADDRESS, packet(fob.pressed()), "CP-2")
    await surroundings.wallboxes["CP-2"].hear("RemoteStartTransaction")
    assert not surroundings.told_to_start("CP-1", "CP-2", "CP-3")


async def test_a_key_that_it_had_before_is_not_taken_again(surroundings: Surroundings) -> None:
    await enrolled(surroundings, "CP-1")
    with pytest.raises(KeyUsedBefore):
        await surroundings.bluetooth.enrol_button(ADDRESS.replace(":", ""), BINDKEY, "Ben")
    await surroundings.bluetooth.enrol_button(ADDRESS, bytes(range(16)), "Ben")
    assert len(surroundings.bluetooth.keyring.buttons) == 1


async def test_a_button_that_was_taken_away_starts_nothing(surroundings: Surroundings) -> None:
    fob = await enrolled(surroundings, "CP-1")
    (reference,) = surroundings.bluetooth.keyring.buttons
    await surroundings.bluetooth.forget(reference)
    surroundings.broadcast(ADDRESS, packet(fob.pressed()), "CP-1")
    assert surroundings.bluetooth.enrolled() == {}
    assert surroundings.bluetooth.diagnostics()["buttons"] == 0
    assert surroundings.bluetooth.diagnostics()["addresses_heard"] == 1, "what was heard before it was taken away"
    assert not surroundings.told_to_start("CP-1", "CP-2", "CP-3")
