import asyncio

import pytest

from custom_components.offline_evse.engine.authorization.ble.nearby.bthome import counter_of, open_packet
from custom_components.offline_evse.engine.authorization.ble.nearby.buttons import (
    Button,
    Buttons,
    KeyUsedBefore,
    press_evidence,
)
from custom_components.offline_evse.engine.model.credential import Credential, CredentialKind, EvidenceLevel
from custom_components.offline_evse.engine.model.id_token import IdToken
from simulator.holder.button import DOUBLE, LONG, ButtonFob

from ...clock import NOON
from .meeting import CHARGER

BINDKEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
FOB = "54:48:E6:8F:80:A5"


class Shelf:
    """Stored buttons."""

    def __init__(self) -> None:
        self.saved: list[Button] = []
        self.full = False

    async def save(self, button: Button) -> None:
        await asyncio.sleep(0)
        if self.full:
            raise OSError("No space left on device")
        self.saved.append(button)


async def enrolled(shelf: Shelf, counter: int = 0) -> tuple[Buttons, ButtonFob]:
    """A button that has been heard once."""
    buttons = Buttons(shelf.save)
    buttons.enrol(Button(reference="b1", address=FOB, bindkey=BINDKEY))
    fob = ButtonFob(FOB, BINDKEY, counter)
    assert await buttons.read(FOB, fob.pressed(), 0.0) is None
    return buttons, fob


def test_the_published_example_is_read() -> None:
    data = bytes.fromhex("41a47266c95f730011223378237214")
    packet = open_packet(data, bytes.fromhex("5448E68F80A5"), BINDKEY)
    assert packet is not None and packet.counter == 0x33221100 and packet.buttons == ()
    assert open_packet(data, bytes.fromhex("5448E68F80A6"), BINDKEY) is None
    assert open_packet(data[:-1] + b"\0", bytes.fromhex("5448E68F80A5"), BINDKEY) is None


async def test_a_press_counts_once_though_three_radios_hear_it() -> None:
    shelf = Shelf()
    buttons, fob = await enrolled(shelf)
    packet = fob.pressed(battery=87)
    presses = await asyncio.gather(*(buttons.read(FOB.lower(), packet, 20.0) for _ in range(3)))
    counted = [press for press in presses if press is not None]
    assert len(counted) == 1
    assert (counted[0].event, counted[0].counter, counted[0].battery_percent) == ("press", 2, 87)
    assert shelf.saved[-1].counter == 2 and buttons.refused == 2


async def test_nothing_counts_before_it_is_stored() -> None:
    shelf = Shelf()
    buttons, fob = await enrolled(shelf)
    shelf.full = True
    packet = fob.pressed()
    with pytest.raises(OSError):
        await buttons.read(FOB, packet, 20.0)
    shelf.full = False
    assert await buttons.read(FOB, packet, 21.0) is None
    assert await buttons.read(FOB, fob.pressed(), 40.0) is not None


async def test_a_press_sent_several_times_is_one_press() -> None:
    buttons, fob = await enrolled(Shelf())
    assert await buttons.read(FOB, fob.pressed(DOUBLE), 20.0) is not None
    assert await buttons.read(FOB, fob.pressed(DOUBLE, again=True), 20.5) is None
    assert await buttons.read(FOB, fob.pressed(LONG), 22.0) is not None


async def test_events_and_other_objects() -> None:
    buttons, fob = await enrolled(Shelf())
    second = await buttons.read(FOB, fob.packet(b"\x00\x09\x01\x50\x02\x00\x01\x3a\x00\x3a\x04"), 20.0)
    assert second is not None and (second.button, second.event) == (1, "long_press")
    assert await buttons.read(FOB, fob.packet(b"\x00\x0a\x01\x50\x3a\x00"), 40.0) is None, "no button did anything"
    assert await buttons.read(FOB, fob.packet(b"\x53\x02hi\x3a\x01"), 60.0) is not None, "behind a text"
    assert await buttons.read(FOB, fob.packet(b"\xee\x3a\x01"), 80.0) is None, "behind what nobody knows"


async def test_the_end_of_the_counter_is_the_end() -> None:
    buttons, fob = await enrolled(Shelf(), counter=0xFFFF_FFFC)
    assert await buttons.read(FOB, fob.pressed(), 20.0) is not None
    assert fob.counter == 0xFFFF_FFFE
    assert await buttons.read(FOB, fob.pressed(), 40.0) is None
    restarted = ButtonFob(FOB, BINDKEY)
    assert await buttons.read(FOB, restarted.pressed(), 60.0) is None, "a counter that begins anew is a replay"
    assert buttons.refused == 2


async def test_enrolling_again_needs_a_new_key() -> None:
    shelf = Shelf()
    buttons, fob = await enrolled(shelf, counter=1000)
    recorded = fob.pressed()
    with pytest.raises(KeyUsedBefore):
        buttons.enrol(Button(reference="b1", address=FOB, bindkey=BINDKEY))
    fresh = buttons.enrol(Button(reference="b1", address=FOB, bindkey=bytes(range(16))))
    assert fresh.counter is None
    assert await buttons.read(FOB, recorded, 20.0) is None
    reset = ButtonFob(FOB, bytes(range(16)))
    assert await buttons.read(FOB, reset.pressed(), 40.0) is None
    assert await buttons.read(FOB, reset.pressed(), 60.0) is not None
    again = Buttons(shelf.save, buttons)
    with pytest.raises(KeyUsedBefore):
        again.enrol(Button(reference="b1", address=FOB, bindkey=BINDKEY))


async def test_strangers_and_removed_buttons_are_not_read() -> None:
    buttons, fob = await enrolled(Shelf())
    assert await buttons.read("00:11:22:33:44:55", fob.pressed(), 20.0) is None
    buttons.remove("b1")
    assert await buttons.read(FOB, fob.pressed(), 40.0) is None
    for wrong in (
        Button(reference="x", address="54:48", bindkey=BINDKEY),
        Button(reference="x", address=FOB, bindkey=b"short"),
    ):
        with pytest.raises(ValueError):
            buttons.enrol(wrong)


def test_what_is_no_encrypted_packet_has_no_counter() -> None:
    assert counter_of(b"\x40\x3a\x01") is None
    assert counter_of(b"\x40" + bytes(12)) is None
    assert counter_of(b"\x21" + bytes(12)) is None
    assert counter_of(b"\x41" + bytes(4) + b"\x05\0\0\0" + bytes(4)) == 5


async def test_a_press_is_evidence_of_its_level() -> None:
    buttons, fob = await enrolled(Shelf())
    press = await buttons.read(FOB, fob.pressed(), 20.0)
    assert press is not None
    credential = Credential(id_token=IdToken("FOB1"), name="Anna", kind=CredentialKind.BLE_BUTTON, key="b1")
    evidence = press_evidence(press, credential, CHARGER, NOON, "-51 dBm")
    assert evidence.level is EvidenceLevel.PRESS and evidence.source == "button"
    assert evidence.detail == "press, counter 2, -51 dBm" and evidence.seen_at == NOON
