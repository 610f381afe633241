"""The attacks of docs/ble-protocol.md, A1 to A9, played against the protocol without a radio."""

from datetime import timedelta
from random import Random

import pytest

from custom_components.offline_evse.engine.authorization.ble.exchange import Exchange, approach
from custom_components.offline_evse.engine.authorization.ble.limits import CONNECTIONS, ConnectRefusal
from custom_components.offline_evse.engine.authorization.ble.nearby.buttons import Button, Buttons
from custom_components.offline_evse.engine.authorization.ble.nearby.presence import RetiredAddresses
from custom_components.offline_evse.engine.authorization.ble.nearby.rolling_id import RollingIds
from custom_components.offline_evse.engine.authorization.ble.reader import Transport
from custom_components.offline_evse.engine.authorization.ble.states import Ending, ExchangeState, Intent, Step
from custom_components.offline_evse.engine.authorization.ble.trust.keys import base64url, new_private_key, sign
from custom_components.offline_evse.engine.authorization.ble.wire.framing import frames
from custom_components.offline_evse.engine.authorization.ble.wire.messages import (
    Challenge,
    Message,
    MessageType,
    RelayRequest,
    ResultCode,
)
from simulator.holder.button import ButtonFob
from simulator.holder.crypto import private_key, public_bytes, seeded_key
from simulator.holder.holder import PLAIN, RESPONSE, Holder, HolderLink

from ...clock import NOON
from .meeting import ADDRESS, CHARGER, NOW_S, OTHER_CHARGER, SOURCE, Meeting

BINDKEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
FOB = "54:48:E6:8F:80:A5"


def plain_meeting() -> Meeting:
    """A site that also talks in clear, so that an attacker can put messages together by hand."""
    meeting = Meeting(sealed_only=False)
    meeting.holder.capabilities = PLAIN
    return meeting


def deliver(exchange: Exchange, kind: int, body: bytes) -> Step:
    """Hand a message to an exchange, however many frames it takes."""
    step = Step()
    for frame in frames(Message(kind, body), 182):
        step = exchange.receive(frame)
    return step


def refused(exchange: Exchange) -> bool:
    """Whether nothing was granted, and nothing can be."""
    assert exchange.evidence is None
    return exchange.state in {ExchangeState.DENIED, ExchangeState.CLOSED}


async def no_save(button: Button) -> None:
    """A store that is always quick."""


# A1: a neighbour copies what is on the air.


def test_a1_a_copied_advertisement_opens_nothing() -> None:
    meeting = Meeting()
    meeting.know()
    secret = meeting.holder.sites[meeting.keys.site_id].secret
    ids = RollingIds({"room": secret})
    copied = meeting.holder.advert(meeting.keys.site_id, NOW_S)
    assert ids.find(copied[2:], NOW_S) == "room", "it is recognised, which is all that an advertisement is for"
    neighbour = meeting.new_holder("neighbour")
    exchange, _, step = meeting.connect(neighbour)
    assert refused(exchange) and step.evidence is None and exchange.reason == "unknown_key"


async def test_a1_a_copied_button_address_presses_nothing() -> None:
    buttons = Buttons(no_save)
    buttons.enrol(Button(reference="b", address=FOB, bindkey=BINDKEY))
    clone = ButtonFob(FOB, bytes(16))
    assert [await buttons.read(FOB, clone.pressed(), 0.0) for _ in range(3)] == [None] * 3
    assert await buttons.read(FOB, clone.packet(b"\x3a\x01", information=0x44), 0.0) is None, "nor in clear"


def test_a1_an_address_that_a_phone_gave_up_is_never_taken_again() -> None:
    retired = RetiredAddresses()
    assert not retired.refuses("5A:00:00:00:00:01")
    assert not retired.refuses("5A:00:00:00:00:02")
    assert retired.refuses("5A:00:00:00:00:01")
    kept = RetiredAddresses(retired.dump(), retired.current)
    assert kept.refuses("5a:00:00:00:00:01") and not kept.refuses("5A:00:00:00:00:02")


# A2: somebody records and replays.


def test_a2_a_recorded_answer_is_worth_nothing() -> None:
    meeting = plain_meeting()
    meeting.know()
    _, link, _ = meeting.connect()
    recorded = link.answered
    exchange, _ = meeting.challenge(address="replayer", source="proxy-b")
    step = deliver(exchange, RESPONSE, recorded)
    assert refused(exchange) and step.closed


@pytest.mark.parametrize("capabilities", [PLAIN, 3])
def test_a2_an_answer_is_good_once_on_its_own_connection(capabilities: int) -> None:
    meeting = plain_meeting()
    meeting.holder.capabilities = capabilities
    meeting.know()
    own, to_holder = meeting.challenge(address="own", source="proxy-a")
    link = meeting.holder.link(182)
    answers = [answer for frame in to_holder for answer in link.receive(frame)]
    other, _ = meeting.challenge(address="other", source="proxy-b")
    for answer in answers:
        other.receive(answer)
    assert refused(other), "an answer to another connection's challenge"
    steps = [own.receive(answer) for answer in answers]
    assert steps[-1].evidence is not None, "while on its own it is good"
    assert all(own.receive(answer) == Step() for answer in answers), "once"


async def test_a2_a_challenge_is_stale_after_ten_seconds() -> None:
    meeting = plain_meeting()
    meeting.know()
    issued = meeting.reader.challenges.issue(
        "link", CHARGER, meeting.clock.now(), meeting.clock.monotonic(), sealed=False
    )
    assert issued.challenge.nonce and len(meeting.reader.challenges) == 1
    await meeting.clock.advance(10)
    assert meeting.reader.challenges.redeem("link", meeting.clock.monotonic()) is None


def test_a2_a_challenge_is_void_once_it_was_answered() -> None:
    meeting = Meeting()
    for _ in range(2):
        meeting.reader.challenges.issue("link", CHARGER, NOON, 0.0, sealed=False)
    issued = meeting.reader.challenges.redeem("link", 1.0)
    assert issued is not None and issued.charger == CHARGER
    assert meeting.reader.challenges.redeem("link", 1.0) is None
    assert meeting.reader.challenges.redeem("another link", 1.0) is None


def test_a2_nonces_never_repeat() -> None:
    meeting = Meeting()
    seen = {
        meeting.reader.challenges.issue(number, CHARGER, NOON, 0.0, sealed=False).challenge.nonce
        for number in range(500)
    }
    assert len(seen) == 500
    assert len(meeting.reader.challenges) <= 64


async def test_a2_a_recorded_press_counts_never_again_also_after_a_restart() -> None:
    stored: dict[str, Button] = {}

    async def save(button: Button) -> None:
        stored[button.reference] = button

    fob = ButtonFob(FOB, BINDKEY, counter=5000)
    buttons = Buttons(save)
    buttons.enrol(Button(reference="b", address=FOB, bindkey=BINDKEY))
    recorded = [fob.pressed() for _ in range(3)]
    assert await buttons.read(FOB, recorded[0], 0.0) is None, "the first packet only says where the counter is"
    assert await buttons.read(FOB, recorded[2], 20.0) is not None
    for packet in recorded:
        assert await buttons.read(FOB, packet, 40.0) is None
    restarted = Buttons(save, stored.values())
    for packet in recorded:
        assert await restarted.read(FOB, packet, 0.0) is None
    assert restarted.refused == 3
    assert await restarted.read(FOB, fob.pressed(), 1.0) is not None


# A3: a thief has tokens, or the site's database.


def test_a3_a_stolen_token_is_worth_nothing_without_its_key() -> None:
    meeting = Meeting()
    thief = meeting.new_holder("thief")
    meeting.give(thief, to=meeting.holder)
    exchange, link, step = meeting.connect(thief)
    assert refused(exchange) and step.evidence is None and exchange.reason == "other_key"
    assert [each.code for each in link.results] == [ResultCode.DENIED]


def test_a3_a_holders_public_key_alone_signs_nothing() -> None:
    meeting = plain_meeting()
    meeting.know()
    exchange, _ = meeting.challenge()
    for signature in (bytes(64), b"\xff" * 64, b"\x00" * 31 + b"\x01" + b"\x00" * 31 + b"\x01"):
        assert deliver(exchange, RESPONSE, meeting.holder.public + signature).closed
        assert refused(exchange)


@pytest.mark.parametrize(
    "public", [b"\x02" + b"\xff" * 32, b"\x05" + bytes(32), bytes(33), b"\x02" + bytes(31) + b"\x05"]
)
def test_a3_a_key_that_is_no_point_on_the_curve_is_refused(public: bytes) -> None:
    meeting = plain_meeting()
    exchange = meeting.exchange()
    exchange.connecting()
    link = HolderLink(meeting.holder, 182)
    meeting.holder.public = public
    assert meeting.talk(exchange, link).evidence is None
    assert refused(exchange)


# A4: a guest wants more than was given.


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"evse": ["CP002"]}, ResultCode.OTHER_CHARGER),
        ({"exp": NOW_S - 31}, ResultCode.EXPIRED),
        ({"nbf": NOW_S + 31}, ResultCode.DENIED),
        ({"aud": "00" * 8}, ResultCode.DENIED),
        ({"wh": -1}, ResultCode.DENIED),
        ({"wh": 1e9}, ResultCode.DENIED),
        ({"wh": True}, ResultCode.DENIED),
        ({"evse": []}, ResultCode.DENIED),
        ({"cnf": {}}, ResultCode.DENIED),
        ({"exp": None}, ResultCode.DENIED),
    ],
)
def test_a4_a_token_is_good_only_for_what_it_says(claims: dict[str, object], code: ResultCode) -> None:
    meeting = Meeting()
    meeting.give(**claims)
    exchange, link, step = meeting.connect()
    assert refused(exchange) and step.evidence is None
    assert [each.code for each in link.results] == [code]


def test_a4_leeway_is_thirty_seconds() -> None:
    for claims in ({"exp": NOW_S - 29}, {"nbf": NOW_S + 29}):
        meeting = Meeting()
        meeting.give(**claims)
        assert meeting.connect()[2].evidence is not None


def test_a4_revoked_is_revoked() -> None:
    for revoke in (
        lambda meeting: meeting.reader.revocations.revoke_token("token-1", NOON + timedelta(days=1)),
        lambda meeting: meeting.reader.revocations.revoke_key(base64url(meeting.holder.thumbprint)),
        lambda meeting: meeting.reader.revocations.invalidate_before(NOON),
    ):
        meeting = Meeting()
        meeting.give()
        assert meeting.connect()[2].evidence is not None
        revoke(meeting)
        exchange, _, step = meeting.connect(source="proxy-b")
        assert refused(exchange) and step.evidence is None and exchange.reason == "revoked"


def test_a4_a_revoked_key_is_refused_whatever_the_site_holds_on_it() -> None:
    meeting = Meeting()
    meeting.know()
    meeting.reader.revocations.revoke_key(base64url(meeting.holder.thumbprint))
    exchange, _, step = meeting.connect()
    assert refused(exchange) and step.evidence is None


def test_a4_an_answer_for_one_charger_is_none_for_another() -> None:
    meeting = plain_meeting()
    meeting.know()
    there, to_holder = meeting.challenge(charger=OTHER_CHARGER, address="phone", source="proxy-b")
    here, _ = meeting.challenge()
    link = meeting.holder.link(182)
    answers = [answer for frame in to_holder for answer in link.receive(frame)]
    assert there.state is ExchangeState.CHALLENGED
    assert [here.receive(answer) for answer in answers][-1].closed
    assert refused(here)


def test_a4_a_wish_to_stop_is_no_wish_to_charge() -> None:
    meeting = plain_meeting()
    meeting.know()
    exchange, to_holder = meeting.challenge()
    link = meeting.holder.link(182)
    link.stop(1)
    for frame in to_holder:
        link.receive(frame)
    assert deliver(exchange, RESPONSE, link.answered).closed, "the same signature, under another type"
    assert refused(exchange)
    exchange, to_holder = meeting.challenge(source="proxy-b")
    step = meeting.carry(exchange, link, to_holder)
    assert step.stop is not None and step.evidence is None


# A5: two radios carry everything to and fro. No protocol can see that; what remains is intent and context.


def test_a5_a_relayed_exchange_succeeds_and_needs_intent_at_that_very_charger() -> None:
    meeting = Meeting()
    meeting.know()
    _, link, step = meeting.connect()
    assert step.evidence is not None, "bytes that were carried are the same bytes"
    assert step.evidence.station_id == CHARGER.station_id, "but only the charger that was challenged can be started"
    assert "cable" in (step.evidence.detail or ""), "and only after somebody has plugged in there"
    unwanted = Exchange(meeting.reader, ADDRESS, SOURCE, Transport.CENTRAL)
    unwanted.seen()
    unwanted.near(CHARGER)
    with pytest.raises(RuntimeError):
        unwanted.connecting()
    assert link.results == []


# A6: somebody sets up a charger's radio of their own.


def test_a6_a_holder_tells_a_rogue_reader_nothing() -> None:
    meeting = Meeting()
    rogue = Meeting(seed=2)
    link = meeting.holder.link(182)
    exchange = rogue.exchange()
    exchange.connecting()
    assert [answer for frame in exchange.connected(182) for answer in link.receive(frame)] == []
    assert link.ignored == ["a site that nobody enrolled us at"] and link.answered == b""


def test_a6_nor_one_that_names_the_site_but_lacks_its_key() -> None:
    meeting = Meeting()
    rogue_key = new_private_key(Random(9).randbytes)
    for ephemeral in (b"", public_bytes(seeded_key("rogue"))):
        challenge = Challenge(
            site_id=meeting.keys.site_id,
            charger_id=CHARGER.charger_id,
            nonce=bytes(16),
            unix_s=NOW_S,
            ephemeral=ephemeral,
        )
        body = challenge.payload + sign(rogue_key, challenge.to_sign)
        link = meeting.holder.link(182)
        sent = frames(Message(MessageType.CHALLENGE, body), 182)
        assert [answer for frame in sent for answer in link.receive(frame)] == []
        assert link.ignored == ["not signed by the site"]


def test_a6_a_genuine_challenge_cannot_be_moved_to_another_charger_or_key() -> None:
    meeting = Meeting()
    issued = meeting.reader.challenges.issue("link", CHARGER, NOON, 0.0, sealed=True)
    body = issued.challenge.encode()
    for at in range(len(body)):
        changed = body[:at] + bytes((body[at] ^ 1,)) + body[at + 1 :]
        link = meeting.holder.link(182)
        sent = frames(Message(MessageType.CHALLENGE, changed), 182)
        assert [answer for frame in sent for answer in link.receive(frame)] == []


def test_a6_a_listener_learns_no_key_from_a_sealed_exchange() -> None:
    meeting = Meeting(relay=True)
    meeting.holder.relay = meeting.backend.answer
    overheard = b""
    exchange = meeting.exchange()
    exchange.connecting()
    link = meeting.holder.link(517)
    pending = list(exchange.connected(517))
    while pending:
        answers = [answer for frame in pending for answer in link.receive(frame)]
        overheard += b"".join(pending) + b"".join(answers)
        pending = [frame for answer in answers for frame in exchange.receive(answer).frames]
    assert exchange.evidence is not None and "relayed" in (exchange.evidence.detail or "")
    for secret in (meeting.holder.public, meeting.holder.public[1:], meeting.holder.thumbprint):
        assert secret not in overheard


# A7: somebody floods or jams.


def test_a7_connections_are_few_and_one_at_a_time() -> None:
    meeting = Meeting()
    first = meeting.exchange(address="a0")
    assert first.connecting() is None
    assert meeting.exchange(address="a1").connecting() is ConnectRefusal.BUSY
    first.cancel()
    for number in range(1, CONNECTIONS):
        exchange = meeting.exchange(address=f"a{number}")
        assert exchange.connecting() is None
        exchange.cancel()
    flooded = meeting.exchange(address="one-more")
    assert flooded.connecting() is ConnectRefusal.TOO_MANY
    assert (flooded.state, flooded.ending) == (ExchangeState.CLOSED, Ending.LIMITED)


async def test_a7_who_fails_three_times_is_left_alone_for_ten_minutes() -> None:
    meeting = Meeting()
    stranger = meeting.new_holder("stranger")
    for _ in range(3):
        assert refused(meeting.connect(stranger, address="bad")[0])
    assert meeting.exchange(address="bad").connecting() is ConnectRefusal.IGNORED
    meeting.know()
    assert meeting.connect(address="good")[2].evidence is not None, "others are still served"
    await meeting.clock.advance(601)
    assert meeting.exchange(address="bad", source="proxy-b").connecting() is None


async def test_a7_silence_after_a_challenge_is_a_failure() -> None:
    meeting = Meeting()
    for _ in range(3):
        exchange = meeting.exchange(address="silent")
        assert exchange.connecting() is None
        exchange.connected(182)
        await meeting.clock.advance(5)
        assert exchange.expire()
    assert meeting.exchange(address="silent").connecting() is ConnectRefusal.IGNORED


def test_a7_memory_stays_bounded_whatever_the_number_of_addresses() -> None:
    meeting = Meeting()
    for number in range(5000):
        meeting.reader.limits.end(f"address-{number}", SOURCE, float(number), failed=True)
    assert meeting.reader.limits.remembered <= 1024


# A8: another part of the house's own system sends bytes of its own.


@pytest.mark.parametrize("seed", range(20))
def test_a8_bytes_that_did_not_come_from_a_holder_start_nothing(seed: int) -> None:
    random = Random(seed)
    meeting = Meeting()
    meeting.know()
    exchange = approach(meeting.reader, CHARGER, "event-bus", "puck-1", Transport.PUCK, Intent.TAP)
    assert exchange.connecting() is None
    assert exchange.connected(182) == ()
    for _ in range(50):
        kind = random.choice([*MessageType, 0x42, 0x45, 0x51, 0xFF])
        step = deliver(exchange, kind, random.randbytes(random.randrange(200)))
        assert step.evidence is None and step.stop is None and step.log is None
    assert exchange.state is not ExchangeState.VERIFY
    assert meeting.exchange(source="proxy-b").connecting() is None, "and the reader still works"


# A9: the clock is wrong.


def test_a9_in_the_past_only_the_sites_own_records_count() -> None:
    meeting = Meeting(high_water=NOON + timedelta(days=30))
    meeting.give()
    exchange, link, step = meeting.connect()
    assert refused(exchange) and step.evidence is None
    assert [each.code for each in link.results] == [ResultCode.TRY_LATER]
    credential = meeting.know()
    _, _, step = meeting.connect(source="proxy-b")
    assert step.evidence is not None and step.evidence.id_token == credential.id_token
    assert "time not trusted" in (step.evidence.detail or "")


def test_a9_an_expired_token_is_not_revived_by_a_clock_that_was_set_back() -> None:
    meeting = Meeting()
    meeting.give(exp=NOW_S + 3600)
    assert meeting.connect()[2].evidence is not None
    meeting.clock.jump_wall(NOON + timedelta(days=2))
    assert meeting.connect(source="proxy-b")[0].reason == "expired"
    meeting.clock.jump_wall(NOON)
    exchange, _, step = meeting.connect(source="proxy-c")
    assert step.evidence is None and exchange.reason == "time"
    meeting.reader.time_trust.confirm(NOON)
    assert meeting.connect(source="proxy-d")[2].evidence is not None, "until a person says that the clock is right"


def test_a9_a_backends_fresh_answer_counts_whatever_the_clock_says() -> None:
    meeting = Meeting(relay=True, high_water=NOON + timedelta(days=30))
    meeting.holder.relay = lambda request: meeting.backend.answer(request, unix_s=NOW_S + 31 * 86_400)
    _, _, step = meeting.connect()
    assert step.evidence is not None and step.evidence.terms is not None


def test_the_relay_request_is_signed_and_names_the_key() -> None:
    meeting = Meeting(relay=True)
    meeting.holder.relay = meeting.backend.answer
    meeting.connect()
    request = RelayRequest.decode(meeting.backend.asked[0])
    assert request.thumbprint == meeting.holder.thumbprint and request.charger_id == CHARGER.charger_id


def test_the_smallest_keys_are_keys_like_others() -> None:
    meeting = Meeting()
    holder = Holder(private_key(1))
    holder.enrol(meeting.holder.sites[meeting.keys.site_id])
    meeting.know(holder)
    assert meeting.connect(holder)[2].evidence is not None
