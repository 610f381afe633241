"""Presence starts a charger only within its rails, and its owner is told each time."""

from datetime import time
from typing import Any

from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant
import pytest

from custom_components.offline_evse.bluetooth.keyring import Tracked
from custom_components.offline_evse.engine.model.credential import Terms, WeeklyHours
from tests.integration.waiting import until

from .surroundings import Surroundings, eventually

BEACON = "00112233-4455-6677-8899-aabbccddeeff_7_42"
ADDRESS = "C0:00:00:00:00:11"
ALWAYS = Terms(hours=(WeeklyHours(frozenset(range(7)), time(0), time(0)),), day_wh=30_000)


@pytest.fixture
def minimum_level() -> str:
    return "presence"


def beacon_packet(minor: int = 42) -> bytes:
    body = bytes.fromhex("00112233445566778899aabbccddeeff") + (7).to_bytes(2) + minor.to_bytes(2) + b"\xc5"
    return b"\x02\x01\x06" + bytes([4 + 1 + len(body)]) + b"\xff\x4c\x00\x02\x15" + body


def notifications(hass: HomeAssistant) -> list[Any]:
    return list(persistent_notification._async_get_or_create_notifications(hass).values())  # noqa: SLF001


async def plug_in(surroundings: Surroundings, station: str) -> None:
    await surroundings.wallboxes[station].status("Preparing")
    evse = surroundings.evse(station)
    await until(evse, lambda: evse.plugged_at is not None)


async def test_a_beacon_and_a_cable_start_and_the_owner_is_told(
    hass: HomeAssistant, surroundings: Surroundings
) -> None:
    await surroundings.bluetooth.enrol_presence(Tracked(beacon=BEACON), "Carla", ALWAYS)
    for _ in range(4):
        surroundings.broadcast(ADDRESS, beacon_packet(), "CP-2")
    assert not surroundings.told_to_start("CP-1", "CP-2", "CP-3")
    await plug_in(surroundings, "CP-2")
    await surroundings.wallboxes["CP-2"].hear("RemoteStartTransaction")
    await eventually(lambda: len(notifications(hass)) == 1)
    (told,) = notifications(hass)
    assert "Carla" in told["message"]
    assert "copied by anyone nearby" in told["message"]


async def test_a_cable_at_another_charger_starts_nothing(hass: HomeAssistant, surroundings: Surroundings) -> None:
    await surroundings.bluetooth.enrol_presence(Tracked(beacon=BEACON), "Carla", ALWAYS)
    for _ in range(4):
        surroundings.broadcast(ADDRESS, beacon_packet(), "CP-2")
    await plug_in(surroundings, "CP-1")
    for _ in range(4):
        surroundings.broadcast(ADDRESS, beacon_packet(), "CP-2")
    await hass.async_block_till_done()
    assert not surroundings.told_to_start("CP-1", "CP-2", "CP-3")
    assert notifications(hass) == []


async def test_another_beacon_starts_nothing(hass: HomeAssistant, surroundings: Surroundings) -> None:
    await surroundings.bluetooth.enrol_presence(Tracked(beacon=BEACON), "Carla", ALWAYS)
    for _ in range(4):
        surroundings.broadcast(ADDRESS, beacon_packet(minor=43), "CP-2")
    await plug_in(surroundings, "CP-2")
    await hass.async_block_till_done()
    assert not surroundings.told_to_start("CP-1", "CP-2", "CP-3")


@pytest.mark.parametrize(
    "terms", [Terms(day_wh=30_000), Terms(hours=ALWAYS.hours)], ids=["without hours", "without a daily limit"]
)
async def test_without_a_rail_it_counts_for_nothing(
    hass: HomeAssistant, surroundings: Surroundings, terms: Terms
) -> None:
    await surroundings.bluetooth.enrol_presence(Tracked(beacon=BEACON), "Carla", terms)
    for _ in range(4):
        surroundings.broadcast(ADDRESS, beacon_packet(), "CP-2")
    await plug_in(surroundings, "CP-2")
    await hass.async_block_till_done()
    assert not surroundings.told_to_start("CP-1", "CP-2", "CP-3")


async def test_a_charger_that_asks_for_more_refuses_it(hass: HomeAssistant, surroundings: Surroundings) -> None:
    await surroundings.bluetooth.enrol_presence(Tracked(beacon=BEACON), "Carla", ALWAYS)
    subentry = next(each for each in surroundings.entry.subentries.values() if each.data.get("station_id") == "CP-2")
    hass.config_entries.async_update_subentry(
        surroundings.entry, subentry, data={**subentry.data, "minimum_level": "key"}
    )
    await hass.async_block_till_done()
    for _ in range(4):
        surroundings.broadcast(ADDRESS, beacon_packet(), "CP-2")
    await plug_in(surroundings, "CP-2")
    await eventually(lambda: surroundings.bluetooth.desk.last is not None)
    decision = surroundings.bluetooth.desk.last
    assert decision is not None
    assert decision.refusal == "level_too_low"
    assert not surroundings.told_to_start("CP-2")
    assert notifications(hass) == []


async def test_an_entity_that_says_where_somebody_is(hass: HomeAssistant, surroundings: Surroundings) -> None:
    hass.states.async_set("sensor.carla_area", "Kitchen")
    tracked = Tracked(entity_id="sensor.carla_area", states={"Carport": "CP-3"})
    await surroundings.bluetooth.enrol_presence(tracked, "Carla", ALWAYS)
    await plug_in(surroundings, "CP-3")
    await surroundings.wallboxes["CP-3"].status("Available")
    assert not surroundings.told_to_start("CP-3")
    hass.states.async_set("sensor.carla_area", "Carport")
    await plug_in(surroundings, "CP-3")
    await surroundings.wallboxes["CP-3"].hear("RemoteStartTransaction")
    await eventually(lambda: len(notifications(hass)) == 1)


async def test_an_entity_that_knows_only_after_the_cable(hass: HomeAssistant, surroundings: Surroundings) -> None:
    hass.states.async_set("sensor.carla_area", "Street")
    tracked = Tracked(entity_id="sensor.carla_area", states={"Carport": "CP-3"})
    await surroundings.bluetooth.enrol_presence(tracked, "Carla", ALWAYS)
    await plug_in(surroundings, "CP-3")
    await hass.async_block_till_done()
    assert not surroundings.told_to_start("CP-3")
    hass.states.async_set("sensor.carla_area", "Carport")
    await surroundings.wallboxes["CP-3"].hear("RemoteStartTransaction")
    hass.states.async_set("sensor.carla_area", "Street")
    hass.states.async_set("sensor.carla_area", "Carport")
    await hass.async_block_till_done()
    assert not surroundings.told_to_start("CP-3"), "once for each cable"


async def test_a_phone_whose_address_changes_and_one_that_it_gave_up(
    hass: HomeAssistant, surroundings: Surroundings
) -> None:
    irk = bytes.fromhex("00112233445566778899aabbccddeeff")
    await surroundings.bluetooth.enrol_presence(Tracked(irk=irk), "Carla", ALWAYS)
    (reference,) = surroundings.bluetooth.keyring.tracked
    first, second = resolvable(irk, b"\x41\x02\x03"), resolvable(irk, b"\x45\x06\x07")
    for address in (first, second):
        for count in range(4):
            surroundings.broadcast(address, b"\x02\x01\x06\x03\x09a" + bytes([0x30 + count]), "CP-1", kind=1)
    assert len(surroundings.bluetooth.keyring.retired[reference].dump()) == 1
    # The first address is out of use: a recording of it does not count, the phone itself does.
    for count in range(4):
        surroundings.broadcast(first, b"\x02\x01\x06\x03\x09b" + bytes([0x30 + count]), "CP-2", kind=1)
    await plug_in(surroundings, "CP-2")
    await hass.async_block_till_done()
    assert not surroundings.told_to_start("CP-2")
    await plug_in(surroundings, "CP-1")
    for count in range(4):
        surroundings.broadcast(second, b"\x02\x01\x06\x03\x09c" + bytes([0x30 + count]), "CP-1", kind=1)
    await surroundings.wallboxes["CP-1"].hear("RemoteStartTransaction")


def resolvable(irk: bytes, random: bytes) -> str:
    """Make a resolvable private address (Bluetooth Core, Vol 6, Part B, 1.3.2.2)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    encryptor = Cipher(algorithms.AES(irk), modes.ECB()).encryptor()
    digest = encryptor.update(bytes(13) + random) + encryptor.finalize()
    return ":".join(f"{byte:02X}" for byte in random + digest[-3:])
