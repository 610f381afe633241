"""Writes docs/ble-protocol-vectors.json: every message once, with all that went into it, the same at every run.

`python -m simulator.holder.vectors` writes the file, `--check` compares it with what would be written.
"""

import argparse
import hashlib
import hmac
import json
from pathlib import Path
import sys
from typing import Any

from .button import ButtonFob
from .crypto import PrivateKey, base64url, public_bytes, seeded_key, shared_secret, sign, thumbprint
from .frames import cut
from .holder import HELLO, RELAY_REQ, RELAY_RSP, RESPONSE, RESULT, Enrolment, Holder
from .issuer import Backend, TokenIssuer
from .pkoc import PkocPhone, tlv
from .sealed import HolderChannel
from .site import VectorSite, charger_id, result, seal_to_holder

PATH = Path(__file__).parents[2] / "docs" / "ble-protocol-vectors.json"
UNIX_S = 1_780_315_200
"""2026-06-01 12:00 UTC."""
_SITE_ID = bytes.fromhex("0f0e0d0c0b0a0908")
_NONCE = bytes(range(16))
_MTUS = (23, 65, 185, 517)


def _scalar(key: PrivateKey) -> str:
    return key.private_numbers().private_value.to_bytes(32).hex()


class _Vectors:
    """Everybody who takes part, with keys that everybody can make."""

    def __init__(self) -> None:
        self.site = VectorSite(_SITE_ID, seeded_key("reader"))
        self.charger = charger_id("CP001", 1)
        self.issuer = TokenIssuer(seeded_key("issuer"))
        self.backend = Backend(seeded_key("backend"), {_SITE_ID: public_bytes(self.site.reader_key)})
        self.site_ephemeral = seeded_key("site ephemeral")
        self.holder_ephemeral = seeded_key("holder ephemeral")
        self.holder = Holder(seeded_key("holder"), ephemeral=lambda: self.holder_ephemeral)
        self.secret = hashlib.sha256(b"offline-evse/vectors/secret").digest()
        self.token = self.issuer.token(
            _SITE_ID,
            self.holder.public,
            jti="Zm9vYmFyMTIz",
            nbf=UNIX_S - 60,
            exp=UNIX_S + 86_400,
            sub="guest-412",
            wh=20_000,
            whd=40_000,
            evse=["CP001"],
            prio=2,
        )

    def link(self, token: bytes) -> Any:
        """A link of the holder, enrolled with this token."""
        site_key = public_bytes(self.site.reader_key)
        self.holder.enrol(Enrolment(_SITE_ID, site_key, secret=self.secret, token=token, sealed_only=False))
        return self.holder.link(20)

    def keys(self) -> dict[str, Any]:
        """All key pairs."""
        pairs = {
            "reader": self.site.reader_key,
            "issuer": self.issuer.key,
            "backend": self.backend.key,
            "holder": self.holder.key,
            "site_ephemeral": self.site_ephemeral,
            "holder_ephemeral": self.holder_ephemeral,
        }
        return {
            name: {
                "private": _scalar(key),
                "public": public_bytes(key).hex(),
                "thumbprint": thumbprint(public_bytes(key)).hex(),
                "jkt": base64url(thumbprint(public_bytes(key))),
            }
            for name, key in pairs.items()
        }

    def exchange(self, token: bytes, *, sealed: bool) -> dict[str, Any]:
        """A challenge, its answer and the result."""
        ephemeral = self.site_ephemeral if sealed else None
        challenge = self.site.challenge(self.charger, _NONCE, UNIX_S, ephemeral)
        link = self.link(token)
        answers = [answer for frame in cut(1, challenge, 20) for answer in link.receive(frame)]
        kind, body = _join(answers)
        outcome = result(0, 20_000, 7)
        vector = {
            "token": token.decode(),
            "challenge": challenge.hex(),
            "response": link.answered.hex(),
            "sent_type": kind,
            "sent_body": body.hex(),
            "result": outcome.hex(),
        }
        if sealed:
            channel = HolderChannel(self.holder_ephemeral, challenge)
            sealed_kind, sealed_body = seal_to_holder(channel.keys, channel.public, 0, RESULT, outcome)
            vector |= {
                "shared_secret": shared_secret(self.holder_ephemeral, public_bytes(self.site_ephemeral)).hex(),
                "key_to_site": channel.keys[:32].hex(),
                "key_to_holder": channel.keys[32:].hex(),
                "sent_result_type": sealed_kind,
                "sent_result_body": sealed_body.hex(),
            }
        return vector

    def verb(self, ask: str, number: int) -> dict[str, Any]:
        """A wish to stop, or for receipts, in clear."""
        challenge = self.site.challenge(self.charger, _NONCE, UNIX_S)
        link = self.link(b"")
        getattr(link, ask)(number)
        kind, body = _join([answer for frame in cut(1, challenge, 20) for answer in link.receive(frame)])
        return {"challenge": challenge.hex(), "number": number, "type": kind, "body": body.hex()}

    def relay(self) -> dict[str, Any]:
        """A request to the backend and its answer."""
        request = self.site.relay_request(self.charger, _NONCE, self.holder.thumbprint, UNIX_S)
        answer = self.backend.answer(request)
        assert answer is not None
        return {"request": request.hex(), "type": RELAY_REQ, "answer_type": RELAY_RSP, "answer": answer.decode()}

    def rolling_ids(self) -> list[dict[str, Any]]:
        """What is advertised in some quarters of an hour."""
        rows = []
        for unix_s in (0, 899, 900, UNIX_S, UNIX_S + 900):
            digest = hmac.new(self.secret, (unix_s // 900).to_bytes(8), hashlib.sha256).digest()[:8]
            rows.append({"unix_s": unix_s, "id": digest.hex(), "service_data": (b"\x01\x00" + digest).hex()})
        return rows

    def pkoc(self) -> dict[str, Any]:
        """Both flows of PKOC, with ids and keys of the site above."""
        site_id, reader_id = bytes(range(16)), bytes(range(16, 32))
        reader = public_bytes(self.site_ephemeral)
        offer = tlv(0x0C, bytes([3, 0, 0, 0, 1])) + tlv(2, reader) + tlv(0x0D, reader_id) + tlv(0x0E, site_id)
        normal = PkocPhone(self.holder.key).notified(offer)
        phone = PkocPhone(self.holder.key, public_bytes(self.site.reader_key), ephemeral=lambda: self.holder_ephemeral)
        first = phone.notified(offer)
        both = site_id + reader_id + public_bytes(self.holder_ephemeral)[1:] + reader[1:]
        proof = tlv(3, sign(self.site.reader_key, both))
        last = phone.notified(proof)
        assert normal is not None and first is not None and last is not None
        return {
            "offer": offer.hex(),
            "normal": {"write": normal.hex()},
            "ecdhe": {"write_1": first.hex(), "notify": proof.hex(), "write_2": last.hex()},
        }

    def button(self) -> dict[str, Any]:
        """A press of an encrypted button."""
        fob = ButtonFob("54:48:E6:8F:80:A5", bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932"), counter=4999)
        return {"address": fob.address, "bindkey": fob.bindkey.hex(), "counter": 5000, "data": fob.pressed().hex()}


def _join(frames: list[bytes]) -> tuple[int, bytes]:
    whole = b"".join(frame[1:] for frame in frames)
    return whole[0], whole[3:]


def vectors() -> dict[str, Any]:
    """Return all vectors."""
    made = _Vectors()
    message = made.exchange(made.token, sealed=False)["response"]
    return {
        "about": "Vectors of docs/ble-protocol.md. Bytes in hexadecimal. Signatures are deterministic (RFC 6979); "
        "a holder whose signatures are not must only verify.",
        "unix_s": UNIX_S,
        "site_id": _SITE_ID.hex(),
        "charger": {"station_id": "CP001", "evse_id": 1, "charger_id": made.charger.hex()},
        "keys": made.keys(),
        "plain_record": made.exchange(b"", sealed=False),
        "plain_token": made.exchange(made.token, sealed=False),
        "sealed_token": made.exchange(made.token, sealed=True),
        "stop": made.verb("stop", 7),
        "log": made.verb("log", UNIX_S - 86_400),
        "hello": cut(HELLO, bytes([1, 3, 0, 182]), 182)[0].hex(),
        "relay": made.relay(),
        "rolling": {"secret": made.secret.hex(), "ids": made.rolling_ids()},
        "frames": {
            str(mtu): [frame.hex() for frame in cut(RESPONSE, bytes.fromhex(message), mtu - 3)] for mtu in _MTUS
        },
        "button": made.button(),
        "pkoc": made.pkoc(),
    }


def written() -> str:
    """Return the file's text."""
    return json.dumps(vectors(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare only")
    if parser.parse_args().check:
        return 0 if PATH.read_text(encoding="utf-8") == written() else 1
    PATH.write_text(written(), encoding="utf-8")
    print(f"Wrote {PATH.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
