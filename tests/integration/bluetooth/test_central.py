"""Holders of keys, as Home Assistant meets them: the nearest charger starts, and the session is theirs."""

import pytest

from simulator.holder.crypto import new_key
from simulator.holder.holder import Holder
from simulator.holder.issuer import Backend
from tests.integration.waiting import until

from .surroundings import Surroundings, eventually

GRANTED, STOPPED = 0, 8


async def test_a_press_starts_the_nearest_of_three_chargers(surroundings: Surroundings) -> None:
    holder = Holder()
    enrolled = await surroundings.enrol(holder)
    phone = await surroundings.phone(holder, at="CP-2")
    await surroundings.advertise(phone)
    told = await surroundings.wallboxes["CP-2"].hear("RemoteStartTransaction")
    assert told["idTag"] == enrolled.id_token.value
    assert await surroundings.result(phone) == GRANTED
    await surroundings.wallboxes["CP-2"].start(told["idTag"], meter_wh=1000)
    evse = surroundings.evse("CP-2")
    await until(evse, lambda: evse.has_transaction)
    assert evse.transaction is not None
    assert evse.transaction.name == "Anna"
    assert surroundings.bluetooth.desk.follower.active == 1
    assert surroundings.links_in_use() == 0
    assert not surroundings.told_to_start("CP-1", "CP-3")


async def test_a_cable_is_an_intent_and_its_absence_is_none(surroundings: Surroundings) -> None:
    holder = Holder()
    await surroundings.enrol(holder)
    phone = await surroundings.phone(holder, at="CP-1")
    await surroundings.advertise(phone, pressed=False)
    await eventually(lambda: surroundings.packets(phone) >= 30)
    assert phone.links == []
    await surroundings.wallboxes["CP-3"].status("Preparing")
    await eventually(lambda: surroundings.packets(phone) >= 60)
    assert phone.links == []
    await surroundings.wallboxes["CP-1"].status("Preparing")
    assert await surroundings.result(phone) == GRANTED
    await surroundings.wallboxes["CP-1"].hear("RemoteStartTransaction")
    assert not surroundings.told_to_start("CP-3")


@pytest.mark.parametrize("mtu", [23, 65, 185, 517])
async def test_frames_of_any_length(surroundings: Surroundings, mtu: int) -> None:
    holder = Holder()
    await surroundings.enrol(holder)
    phone = await surroundings.phone(holder, mtu=mtu)
    await surroundings.advertise(phone)
    assert await surroundings.result(phone) == GRANTED
    assert phone.links[0].frame_bytes == mtu - 3


async def test_two_people_at_two_chargers_at_once(surroundings: Surroundings) -> None:
    anna, ben = Holder(), Holder()
    await surroundings.enrol(anna, "Anna")
    await surroundings.enrol(ben, "Ben")
    at_one = await surroundings.phone(anna, at="CP-1")
    at_three = await surroundings.phone(ben, at="CP-3")
    await surroundings.advertise(at_one)
    await surroundings.advertise(at_three)
    assert [await surroundings.result(at_one), await surroundings.result(at_three)] == [GRANTED, GRANTED]
    await surroundings.wallboxes["CP-1"].hear("RemoteStartTransaction")
    await surroundings.wallboxes["CP-3"].hear("RemoteStartTransaction")


async def test_a_token_of_a_trusted_issuer(surroundings: Surroundings) -> None:
    holder, issuer = Holder(), surroundings.issuer()
    await surroundings.bluetooth.trust_issuer("Chain", issuer.public, ["tokens"])
    surroundings.give_token(holder, issuer, wh=7000)
    phone = await surroundings.phone(holder)
    await phone.advertise(None)
    await surroundings.wallboxes["CP-1"].status("Preparing")
    assert await surroundings.result(phone) == GRANTED
    assert phone.links[-1].results[0].energy_wh == 7000


async def test_a_backend_is_asked_through_the_phone(surroundings: Surroundings) -> None:
    keys = surroundings.bluetooth.keyring.keys
    backend = Backend(new_key(), {keys.site_id: keys.reader_public}, energy_wh=15_000)
    await surroundings.bluetooth.trust_issuer("Backend", backend.public, ["relay"])
    holder = Holder(relay=backend.answer)
    surroundings.introduce(holder)
    phone = await surroundings.phone(holder)
    await phone.advertise(None)
    await surroundings.wallboxes["CP-1"].status("Preparing")
    assert await surroundings.result(phone) == GRANTED
    assert phone.links[-1].results[0].energy_wh == 15_000
    assert len(backend.asked) == 1


async def test_losing_the_phone_never_stops_a_charge(surroundings: Surroundings) -> None:
    holder = Holder()
    await surroundings.enrol(holder)
    phone = await surroundings.phone(holder)
    await surroundings.advertise(phone)
    told = await surroundings.wallboxes["CP-1"].hear("RemoteStartTransaction")
    assert await surroundings.result(phone) == GRANTED
    await surroundings.wallboxes["CP-1"].start(told["idTag"], meter_wh=0)
    surroundings.place(phone.address, None)
    await phone.fall_silent()
    await surroundings.entry.runtime_data.bluetooth.stop()
    await surroundings.wallboxes["CP-1"].status("Charging")
    assert surroundings.evse("CP-1").has_transaction
    assert "RemoteStopTransaction" not in [action for action, _ in surroundings.wallboxes["CP-1"].told]


async def test_a_holder_stops_and_reads_receipts(surroundings: Surroundings) -> None:
    holder = Holder()
    await surroundings.enrol(holder)
    phone = await surroundings.phone(holder)
    wallbox = surroundings.wallboxes["CP-1"]
    await surroundings.advertise(phone)
    told = await wallbox.hear("RemoteStartTransaction")
    assert await surroundings.result(phone) == GRANTED
    number = await wallbox.start(told["idTag"], meter_wh=0)

    await surroundings.forget_press()
    phone.prepare = lambda link: link.stop(0)
    await surroundings.advertise(phone)
    assert (await wallbox.hear("RemoteStopTransaction"))["transactionId"] == number
    assert await surroundings.result(phone, 2) == STOPPED
    await wallbox.stop(number, meter_wh=4200, reason="Remote")

    await surroundings.forget_press()
    phone.prepare = lambda link: link.log(0)
    await surroundings.advertise(phone)
    await phone.until(lambda: bool(phone.links[-1].receipts))
    (receipt,) = phone.links[-1].receipts
    _, began_s, ended_s, _ = receipt
    assert 0 < began_s <= ended_s
