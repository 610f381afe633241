import pytest

from custom_components.offline_evse.engine.authorization.ble.limits import ConnectRefusal
from custom_components.offline_evse.engine.authorization.ble.pkoc.packets import PacketError, incomplete, packets
from custom_components.offline_evse.engine.authorization.ble.pkoc.reader import (
    ANSWER_WITHIN_S,
    PkocExchange,
    PkocReader,
    PkocState,
    PkocStep,
)
from custom_components.offline_evse.engine.authorization.ble.trust.keys import base64url
from custom_components.offline_evse.engine.model.credential import EvidenceLevel
from simulator.holder.crypto import seeded_key
from simulator.holder.pkoc import PkocPhone, tlv

from .meeting import CHARGER, OTHER_CHARGER, Meeting

KEY = seeded_key("holder")


class Door:
    """A site with a PKOC reader at each charger, and a phone whose key it knows."""

    def __init__(self, *, ecdhe_only: bool = False, seed: int = 1) -> None:
        self.meeting = Meeting(seed=seed)
        self.credential = self.meeting.know()
        reader = self.meeting.reader
        self.reader = PkocReader(
            reader.keys,
            reader.clock,
            self.meeting.random,
            reader.credentials,
            limits=reader.limits,
            revocations=reader.revocations,
            ecdhe_only=lambda charger: ecdhe_only,
        )
        self.site_key = reader.keys.reader_public

    def exchange(self, *, address: str = "phone", source: str = "puck") -> PkocExchange:
        return PkocExchange(self.reader, CHARGER, address, source)


def offer_of(exchange: PkocExchange) -> bytes:
    offered = exchange.subscribed()
    assert not isinstance(offered, ConnectRefusal)
    return offered[0]


def talk(exchange: PkocExchange, phone: PkocPhone, piece_bytes: int = 512) -> PkocStep:
    """Carry bytes to and fro; the phone's writes may come in pieces."""
    step = PkocStep(notify=(offer_of(exchange),))
    while step.notify:
        said = [write for each in step.notify if (write := phone.notified(each)) is not None]
        step = PkocStep()
        for write in said:
            for at in range(0, len(write), piece_bytes):
                step = exchange.written(write[at : at + piece_bytes])
    return step


@pytest.mark.parametrize("piece_bytes", [20, 182, 512])
@pytest.mark.parametrize("flow", ["normal", "ecdhe", "ecdhe, long form"])
def test_a_known_key_is_granted(flow: str, piece_bytes: int) -> None:
    door = Door(ecdhe_only=flow != "normal")
    phone = PkocPhone(KEY, door.site_key if flow != "normal" else None, long_form="long" in flow)
    exchange = door.exchange()
    step = talk(exchange, phone, piece_bytes)
    assert step.evidence is not None
    assert step.evidence.id_token == door.credential.id_token and step.evidence.level is EvidenceLevel.KEY
    assert step.evidence.source == "pkoc" and step.evidence.station_id == "CP001"
    assert step.evidence.detail == ("in clear" if flow == "normal" else "sealed")
    assert exchange.state is PkocState.VERIFY
    for notification in exchange.decide(granted=True):
        phone.notified(notification)
    assert phone.status == 3 and exchange.state is PkocState.CLOSED


@pytest.mark.parametrize("ecdhe", [False, True])
def test_an_unknown_key_is_denied(ecdhe: bool) -> None:
    door = Door()
    phone = PkocPhone(seeded_key("stranger"), door.site_key if ecdhe else None)
    exchange = door.exchange()
    assert talk(exchange, phone) == PkocStep() and phone.status == 2
    assert (exchange.state, exchange.reason) == (PkocState.CLOSED, "unknown_key")


def test_the_site_may_refuse_and_revoked_keys_are_refused() -> None:
    door = Door()
    phone = PkocPhone(KEY)
    exchange = door.exchange()
    talk(exchange, phone)
    phone.notified(exchange.decide(granted=False)[0])
    assert phone.status == 2
    door.reader.revocations.revoke_key(base64url(door.meeting.holder.thumbprint))
    phone = PkocPhone(KEY)
    assert talk(door.exchange(), phone).evidence is None and phone.status == 2


def test_where_keys_must_be_sealed_the_normal_flow_is_refused() -> None:
    door = Door(ecdhe_only=True)
    phone = PkocPhone(KEY)
    exchange = door.exchange()
    talk(exchange, phone)
    assert phone.status == 5 and exchange.reason == "clear"


def test_a_phone_tells_a_rogue_reader_nothing() -> None:
    phone = PkocPhone(KEY, Door(seed=2).site_key)
    exchange = Door().exchange()
    assert talk(exchange, phone).evidence is None
    assert phone.refused and phone.status is None and exchange.state is PkocState.PROVED


def test_a_recorded_answer_is_good_for_its_own_offer_only() -> None:
    door = Door()
    phone = PkocPhone(KEY)
    recorded = phone.notified(offer_of(door.exchange(source="a")))
    assert recorded is not None
    other = door.exchange(source="b")
    other.subscribed()
    step = other.written(recorded)
    assert step.evidence is None and step.closed and packets(step.notify[0])[4] == b"\x06"


def test_a_sealed_answer_of_another_exchange_does_not_open() -> None:
    door = Door()
    one, two = door.exchange(source="a"), door.exchange(source="b")
    phones = [PkocPhone(KEY, door.site_key) for _ in range(2)]
    sealed = []
    for exchange, phone in zip((one, two), phones, strict=True):
        first = phone.notified(offer_of(exchange))
        assert first is not None
        sealed.append(phone.notified(exchange.written(first).notify[0]))
    step = two.written(sealed[0] or b"")
    assert step.closed and step.evidence is None and packets(step.notify[0])[4] == b"\x07"


async def test_silence_ends_it_and_counts_as_a_failure() -> None:
    door = Door()
    for _ in range(3):
        exchange = door.exchange(address="silent")
        exchange.subscribed()
        assert exchange.deadline_s == door.meeting.clock.monotonic() + ANSWER_WITHIN_S
        await door.meeting.clock.advance(ANSWER_WITHIN_S)
        assert exchange.expire() and exchange.state is PkocState.CLOSED
        assert exchange.written(b"\x04\x01\x03").closed
    assert door.exchange(address="silent").subscribed() is ConnectRefusal.IGNORED


def test_losing_the_phone_before_the_decision_grants_nothing() -> None:
    door = Door()
    exchange = door.exchange()
    assert talk(exchange, PkocPhone(KEY)).evidence is not None
    exchange.lost()
    assert exchange.decide(granted=True) == ()
    assert door.exchange().subscribed() is not ConnectRefusal.BUSY


def test_the_reader_speaks_once_and_first() -> None:
    door = Door()
    exchange = door.exchange()
    assert exchange.written(tlv(1, bytes(65))).closed
    offer = packets(offer_of(exchange))
    assert [len(offer[kind]) for kind in (0x0C, 0x02, 0x0D, 0x0E)] == [5, 33, 16, 16]
    assert exchange.subscribed() == ()
    assert offer[0x0D] != door.reader.reader_id(OTHER_CHARGER)


@pytest.mark.parametrize(
    "noise", [b"\x01" * 600, tlv(0x07, bytes(65)), tlv(0x07, b"\x04" + bytes(64)), b"\x03\x00\x03\x00"]
)
def test_noise_is_refused(noise: bytes) -> None:
    exchange = Door().exchange()
    exchange.subscribed()
    assert exchange.written(noise).closed and exchange.state is PkocState.CLOSED


def test_a_proved_reader_takes_only_the_sealed_answer() -> None:
    door = Door()
    for answer in (tlv(1, bytes(65)), tlv(0x40, bytes(8))):
        exchange = door.exchange()
        first = PkocPhone(KEY, door.site_key).notified(offer_of(exchange))
        assert first is not None and exchange.written(first).notify
        assert exchange.written(tlv(0x0C, bytes(5))) == PkocStep(), "what follows a key is waited for"
        assert exchange.written(answer).closed and exchange.state is PkocState.CLOSED
        door.reader.limits.end("phone", "puck", 0.0, failed=False)


def test_while_the_site_decides_nothing_more_is_taken() -> None:
    door = Door()
    exchange = door.exchange()
    assert talk(exchange, PkocPhone(KEY)).evidence is not None
    assert exchange.written(b"noise") == PkocStep() and exchange.state is PkocState.VERIFY


def test_both_ways_to_write_a_length() -> None:
    value = bytes(162)
    for long_form in (False, True):
        data = tlv(0x40, value, long_form=long_form)
        assert packets(data) == {0x40: value}
        assert all(incomplete(data[:cut]) for cut in range(1, len(data)))
        assert not incomplete(data)
    with pytest.raises(PacketError):
        packets(b"\x01\x05\x00")
