"""What is tried at a charger without a right to it, or goes wrong on the way: nothing starts, and no slot is kept."""

import asyncio
from datetime import timedelta
import time

from homeassistant.util import dt as dt_util
import pytest

from custom_components.offline_evse.engine.authorization.ble.states import DEADLINES_S, ExchangeState
from custom_components.offline_evse.engine.model.credential import Terms
from simulator.holder.crypto import new_key
from simulator.holder.holder import PLAIN, Holder, HolderLink

from .surroundings import FAR_DBM, SOURCES, Surroundings, eventually

GRANTED, DENIED, EXPIRED, OTHER_CHARGER, TRY_LATER = 0, 1, 2, 3, 7
SHORT_S = 0.6


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadlines of connecting and of an answer, shortened."""
    monkeypatch.setitem(DEADLINES_S, ExchangeState.CONNECTING, SHORT_S)
    monkeypatch.setitem(DEADLINES_S, ExchangeState.CHALLENGED, SHORT_S)


async def nothing_started(surroundings: Surroundings) -> None:
    await eventually(lambda: not surroundings.bluetooth.central.meetings)
    assert not surroundings.told_to_start("CP-1", "CP-2", "CP-3")
    assert surroundings.links_in_use() == 0


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "plain"])
async def test_a_replayed_answer(surroundings: Surroundings, sealed: bool) -> None:
    if not sealed:
        surroundings.change_options(plain=True)
    holder = Holder() if sealed else Holder(capabilities=PLAIN)
    await surroundings.enrol(holder)
    holder.sites[surroundings.bluetooth.keyring.keys.site_id].sealed_only = sealed
    phone = await surroundings.phone(holder)
    recorded: list[list[bytes]] = []

    def record_then_replay(link: HolderLink, answer: list[bytes]) -> list[bytes]:
        if answer:
            recorded.append(answer)
        return recorded[0] if answer else []

    phone.tamper = record_then_replay
    await surroundings.advertise(phone)
    assert await surroundings.result(phone) == GRANTED
    await surroundings.wallboxes["CP-1"].hear("RemoteStartTransaction")
    await surroundings.forget_press()
    await surroundings.advertise(phone)
    await phone.until(lambda: len(phone.links) == 2 and not phone.connected)
    assert len(recorded) == 2
    assert surroundings.results(phone)[1:] in ([], [DENIED])
    await nothing_started(surroundings)


async def test_a_key_for_another_charger(surroundings: Surroundings) -> None:
    holder = Holder()
    await surroundings.enrol(holder, terms=Terms(station_ids=frozenset({"CP-2"})))
    phone = await surroundings.phone(holder, at="CP-1")
    await surroundings.advertise(phone)
    assert await surroundings.result(phone) == OTHER_CHARGER
    await nothing_started(surroundings)


async def test_a_key_that_has_ended(surroundings: Surroundings) -> None:
    holder = Holder()
    await surroundings.enrol(holder, terms=Terms(valid_until=dt_util.utcnow() - timedelta(minutes=1)))
    phone = await surroundings.phone(holder)
    await surroundings.advertise(phone)
    assert await surroundings.result(phone) == EXPIRED
    await nothing_started(surroundings)


async def test_a_token_that_was_stolen_without_its_key(surroundings: Surroundings) -> None:
    victim, thief, issuer = Holder(), Holder(), surroundings.issuer()
    await surroundings.bluetooth.trust_issuer("Chain", issuer.public, ["tokens"])
    surroundings.give_token(victim, issuer)
    site_id = surroundings.bluetooth.keyring.keys.site_id
    thief.enrol(victim.sites[site_id])
    assert await surroundings.at_cable(thief) == DENIED
    await nothing_started(surroundings)


async def test_a_token_that_has_ended(surroundings: Surroundings) -> None:
    holder, issuer = Holder(), surroundings.issuer()
    await surroundings.bluetooth.trust_issuer("Chain", issuer.public, ["tokens"])
    surroundings.give_token(holder, issuer, lasts_s=-60)
    assert await surroundings.at_cable(holder) == EXPIRED
    await nothing_started(surroundings)


async def test_a_token_that_was_revoked(surroundings: Surroundings) -> None:
    holder, issuer = Holder(), surroundings.issuer()
    await surroundings.bluetooth.trust_issuer("Chain", issuer.public, ["tokens"])
    surroundings.give_token(holder, issuer, jti="lost")
    surroundings.bluetooth.keyring.revocations.revoke_token("lost", dt_util.utcnow() + timedelta(days=1))
    assert await surroundings.at_cable(holder) == DENIED
    await nothing_started(surroundings)


async def test_a_key_that_was_taken_away_is_not_even_connected_to(surroundings: Surroundings) -> None:
    holder = Holder()
    enrolled = await surroundings.enrol(holder)
    await surroundings.bluetooth.forget(enrolled.thumbprint)
    phone = await surroundings.phone(holder)
    await surroundings.wallboxes["CP-1"].status("Preparing")
    await surroundings.advertise(phone)
    await eventually(lambda: surroundings.packets(phone) >= 30)
    assert phone.links == []
    await nothing_started(surroundings)


async def test_a_token_while_the_clock_is_in_the_past(surroundings: Surroundings) -> None:
    surroundings.bluetooth.reader.time_trust.high_water = dt_util.utcnow() + timedelta(days=30)
    holder, guest, issuer = Holder(), Holder(), surroundings.issuer()
    await surroundings.bluetooth.trust_issuer("Chain", issuer.public, ["tokens"])
    surroundings.give_token(guest, issuer)
    assert await surroundings.at_cable(guest) == TRY_LATER
    await nothing_started(surroundings)
    # Whoever the site itself has on record needs no date for it.
    await surroundings.enrol(holder)
    phone = await surroundings.phone(holder, at="CP-2")
    await surroundings.advertise(phone)
    assert await surroundings.result(phone) == GRANTED


async def test_a_rogue_reader_hears_nothing(surroundings: Surroundings, impatient: None) -> None:
    holder = Holder()
    await surroundings.enrol(holder)
    genuine = holder.sites[surroundings.bluetooth.keyring.keys.site_id]
    genuine.site_key = Holder(new_key()).public
    phone = await surroundings.phone(holder)
    began_s = time.monotonic()
    await surroundings.advertise(phone)
    await surroundings.ended("timeout")
    assert time.monotonic() - began_s < 3 * SHORT_S
    assert phone.links[0].answered == b""
    assert phone.links[0].ignored == ["not signed by the site"]
    await phone.until(lambda: not phone.connected)
    await phone.fall_silent()
    await nothing_started(surroundings)


async def test_no_slot_is_free_anywhere(surroundings: Surroundings, impatient: None) -> None:
    holder = Holder()
    await surroundings.enrol(holder)
    for scanner in surroundings.scanners.values():
        scanner.radio.slots = 0
    phone = await surroundings.phone(holder)
    began_s = time.monotonic()
    await surroundings.advertise(phone)
    await surroundings.ended("timeout")
    assert time.monotonic() - began_s < 3 * SHORT_S
    assert phone.links == []
    assert not surroundings.told_to_start("CP-1", "CP-2", "CP-3")
    trouble = surroundings.bluetooth.central.last_trouble
    assert trouble is not None
    assert "too long" in trouble
    assert phone.address not in trouble
    for scanner in surroundings.scanners.values():
        scanner.radio.slots = 3
    assert await surroundings.result(phone) == GRANTED


async def test_a_phone_that_vanishes_before_the_link_is_there(
    surroundings: Surroundings, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = Holder()
    await surroundings.enrol(holder)
    phone = await surroundings.phone(holder)
    antenna = surroundings.antennas["CP-1"]
    connect = antenna.connect

    async def too_late(address: str, timeout_s: float) -> object:
        await phone.fall_silent()
        return await connect(address, timeout_s)

    monkeypatch.setattr(antenna, "connect", too_late)
    began_s = time.monotonic()
    await surroundings.advertise(phone)
    await surroundings.ended("timeout")
    assert time.monotonic() - began_s < 3 * SHORT_S
    await nothing_started(surroundings)


async def test_a_phone_that_hangs_up_in_the_middle(surroundings: Surroundings) -> None:
    holder = Holder()
    await surroundings.enrol(holder)
    phone = await surroundings.phone(holder)
    leaving: set[asyncio.Task[None]] = set()

    def hang_up(link: HolderLink, answer: list[bytes]) -> list[bytes]:
        if answer:
            leaving.add(asyncio.get_running_loop().create_task(phone.hang_up()))
        return []

    phone.tamper = hang_up
    await surroundings.advertise(phone)
    await surroundings.ended("lost")
    await phone.fall_silent()
    await nothing_started(surroundings)


async def test_a_silent_phone_keeps_a_proxy_only_for_a_moment(surroundings: Surroundings, impatient: None) -> None:
    silent, honest = Holder(), Holder()
    await surroundings.enrol(silent, "Silent")
    await surroundings.enrol(honest, "Honest")
    hanging = await surroundings.phone(silent, at="CP-1")
    hanging.tamper = lambda link, answer: []
    waiting = await surroundings.phone(honest, at="CP-1")
    await surroundings.advertise(hanging)
    await hanging.until(lambda: hanging.connected)
    await surroundings.advertise(waiting)
    heard = surroundings.packets(waiting)
    await eventually(lambda: surroundings.packets(waiting) >= heard + 30)
    assert waiting.links == [], "one holder at a time for each proxy"
    await hanging.until(lambda: not hanging.connected)
    await hanging.fall_silent()
    assert await surroundings.result(waiting) == GRANTED


async def test_three_failures_are_enough(surroundings: Surroundings) -> None:
    holder = Holder()
    await surroundings.enrol(holder)
    phone = await surroundings.phone(holder)
    phone.tamper = lambda link, answer: [b"\x80\x02\x00\x01x"] if answer else []
    for number in range(1, 4):
        await surroundings.forget_press()
        await surroundings.advertise(phone)
        await surroundings.ended("protocol", number)
    await surroundings.forget_press()
    heard = surroundings.packets(phone)
    await eventually(lambda: surroundings.packets(phone) >= heard + 30)
    assert len(phone.links) == 3
    await nothing_started(surroundings)


async def test_strangers_are_not_connected_to_however_many_there_are(surroundings: Surroundings) -> None:
    await surroundings.enrol(Holder())
    await surroundings.wallboxes["CP-1"].status("Preparing")
    scanner = surroundings.scanners["CP-1"]
    for number in range(500):
        address = f"50:00:00:00:{number // 256:02X}:{number % 256:02X}"
        scanner.heard(address, 1, -40, surroundings.advert_of_stranger(number))
    assert surroundings.bluetooth.diagnostics()["addresses_heard"] == 0
    assert not surroundings.bluetooth.central.meetings


async def test_what_was_heard_long_ago_counts_for_nothing(surroundings: Surroundings) -> None:
    holder = Holder()
    await surroundings.enrol(holder)
    phone = await surroundings.phone(holder, at=None)
    site_id = surroundings.bluetooth.keyring.keys.site_id
    data = surroundings.advert(holder.advert(site_id, time.time(), pressed=True))
    for scanner in surroundings.scanners.values():
        for _ in range(20):
            scanner.heard(phone.address, 1, FAR_DBM, data, ago_s=8.0)
    assert surroundings.bluetooth.diagnostics()["addresses_heard"] == 0
    assert not surroundings.bluetooth.central.meetings


async def test_diagnostics_name_nobody(surroundings: Surroundings) -> None:
    holder = Holder()
    enrolled = await surroundings.enrol(holder, "Anna")
    phone = await surroundings.phone(holder)
    await surroundings.advertise(phone)
    assert await surroundings.result(phone) == GRANTED
    told = str(surroundings.bluetooth.diagnostics())
    for private in ("Anna", phone.address, enrolled.thumbprint, enrolled.secret, enrolled.id_token.value, *SOURCES):
        assert private not in told
