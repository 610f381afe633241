"""docs/ble-protocol-vectors.json is what the reference holder writes, and what the site's side reads."""

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.offline_evse.engine.authorization.ble.charger import Charger
from custom_components.offline_evse.engine.authorization.ble.nearby.bthome import open_packet
from custom_components.offline_evse.engine.authorization.ble.nearby.rolling_id import rolling_id
from custom_components.offline_evse.engine.authorization.ble.pkoc.packets import packets
from custom_components.offline_evse.engine.authorization.ble.trust.keys import (
    load_public_key,
    private_key,
    thumbprint,
    verify,
)
from custom_components.offline_evse.engine.authorization.ble.trust.revocations import Revocations
from custom_components.offline_evse.engine.authorization.ble.trust.sealed import SealedChannel
from custom_components.offline_evse.engine.authorization.ble.trust.tokens import (
    Issuer,
    IssuerPurpose,
    Issuers,
    TokenReader,
)
from custom_components.offline_evse.engine.authorization.ble.wire.framing import Reassembler, frames
from custom_components.offline_evse.engine.authorization.ble.wire.messages import (
    Answer,
    Challenge,
    Message,
    MessageType,
    RelayRequest,
    Result,
    Verb,
    answer_to_sign,
)
from simulator.holder.vectors import PATH, written

V: dict[str, Any] = json.loads(Path(PATH).read_text(encoding="utf-8"))
CHARGER = Charger(V["charger"]["station_id"], V["charger"]["evse_id"])
NOW = datetime.fromtimestamp(V["unix_s"], UTC)


def public(name: str) -> bytes:
    return bytes.fromhex(V["keys"][name]["public"])


def tokens() -> TokenReader:
    issuers = [Issuer("chain", public("issuer")), Issuer("backend", public("backend"), IssuerPurpose.RELAY)]
    return TokenReader(V["site_id"], Issuers(issuers), Revocations())


def test_the_file_is_what_the_generator_writes() -> None:
    assert PATH.read_text(encoding="utf-8") == written()


def test_ids_and_thumbprints() -> None:
    assert CHARGER.charger_id.hex() == V["charger"]["charger_id"]
    for keys in V["keys"].values():
        assert thumbprint(bytes.fromhex(keys["public"])) == keys["jkt"]


@pytest.mark.parametrize("name", ["plain_record", "plain_token"])
def test_an_exchange_in_clear(name: str) -> None:
    vector = V[name]
    challenge = Challenge.decode(bytes.fromhex(vector["challenge"]))
    assert challenge.charger_id == CHARGER.charger_id and not challenge.sealed
    assert verify(public("reader"), challenge.signature, challenge.to_sign)
    assert vector["sent_type"] == MessageType.RESPONSE and vector["sent_body"] == vector["response"]
    answer = Answer.decode(Verb.CHARGE, bytes.fromhex(vector["response"]))
    assert answer.public_key == public("holder")
    assert verify(answer.public_key, answer.signature, answer_to_sign(Verb.CHARGE, challenge, b"", answer.payload))
    assert answer.payload.decode() == vector["token"]
    assert Result.decode(bytes.fromhex(vector["result"])) == Result(0, 20_000, 7)


def test_a_token() -> None:
    token = V["plain_token"]["token"].encode()
    grant = tokens().read(token, V["keys"]["holder"]["jkt"], CHARGER, NOW, time_trusted=True)
    assert grant.claims.session_wh == 20_000 and grant.issuer.name == "chain"
    assert len(token) <= 512


def test_a_sealed_exchange() -> None:
    vector = V["sealed_token"]
    challenge = Challenge.decode(bytes.fromhex(vector["challenge"]))
    assert verify(public("reader"), challenge.signature, challenge.to_sign)
    channel = SealedChannel(private_key(bytes.fromhex(V["keys"]["site_ephemeral"]["private"])))
    assert channel.public == challenge.ephemeral
    channel.bind(challenge.encode())
    opened = channel.open(Message(vector["sent_type"], bytes.fromhex(vector["sent_body"])))
    assert opened == Message(MessageType.RESPONSE, bytes.fromhex(vector["response"]))
    answer = Answer.decode(Verb.CHARGE, opened.body)
    to_sign = answer_to_sign(Verb.CHARGE, challenge, channel.holder_ephemeral, answer.payload)
    assert verify(answer.public_key, answer.signature, to_sign)
    sealed = channel.seal(Message(MessageType.RESULT, bytes.fromhex(vector["result"])))
    assert (sealed.type, sealed.body.hex()) == (vector["sent_result_type"], vector["sent_result_body"])


@pytest.mark.parametrize(("name", "verb"), [("stop", Verb.STOP), ("log", Verb.LOG)])
def test_other_wishes(name: str, verb: Verb) -> None:
    vector = V[name]
    challenge = Challenge.decode(bytes.fromhex(vector["challenge"]))
    assert vector["type"] == verb
    answer = Answer.decode(verb, bytes.fromhex(vector["body"]))
    assert int.from_bytes(answer.payload) == vector["number"]
    assert verify(answer.public_key, answer.signature, answer_to_sign(verb, challenge, b"", answer.payload))


def test_a_relayed_answer() -> None:
    request = RelayRequest.decode(bytes.fromhex(V["relay"]["request"]))
    assert verify(public("reader"), request.signature, request.to_sign)
    grant = tokens().read_relayed(
        V["relay"]["answer"].encode(), request.request, V["keys"]["holder"]["jkt"], CHARGER, NOW, time_trusted=True
    )
    assert grant.issuer.name == "backend"


@pytest.mark.parametrize("mtu", list(V["frames"]))
def test_frames(mtu: str) -> None:
    message = Message(MessageType.RESPONSE, bytes.fromhex(V["plain_token"]["response"]))
    expected = [bytes.fromhex(frame) for frame in V["frames"][mtu]]
    assert list(frames(message, int(mtu) - 3)) == expected
    reassembler = Reassembler()
    assert [reassembler.feed(frame) for frame in expected] == [None] * (len(expected) - 1) + [message]


def test_rolling_ids() -> None:
    secret = bytes.fromhex(V["rolling"]["secret"])
    for row in V["rolling"]["ids"]:
        assert rolling_id(secret, row["unix_s"]).hex() == row["id"]


def test_a_button() -> None:
    vector = V["button"]
    packet = open_packet(
        bytes.fromhex(vector["data"]),
        bytes.fromhex(vector["address"].replace(":", "")),
        bytes.fromhex(vector["bindkey"]),
    )
    assert packet is not None and packet.counter == vector["counter"] and packet.buttons == ("press",)


def test_pkoc_in_clear() -> None:
    offer = packets(bytes.fromhex(V["pkoc"]["offer"]))
    write = packets(bytes.fromhex(V["pkoc"]["normal"]["write"]))
    assert len(bytes.fromhex(V["pkoc"]["normal"]["write"])) == 146
    assert load_public_key(write[1]) == load_public_key(public("holder"))
    assert verify(write[1], write[3], offer[2])
