"""The messages between a site and a holder, byte by byte. Numbers are big-endian, signatures raw r | s.

The same bytes go over both transports. With `SEALED` added to its type, a message's body is encrypted; what is inside
is the body that the type has without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
import hashlib
import struct
from typing import Self

MAX_BODY_BYTES = 2048
MAX_TOKEN_BYTES = 512
NONCE_BYTES = 16
PUBLIC_KEY_BYTES = 33
SIGNATURE_BYTES = 64
NO_LIMIT_WH = 0xFFFF_FFFF
MOST_RECEIPTS = 64

SEALED = 0x40


class MessageError(ValueError):
    """The bytes are no such message."""


class MessageType(IntEnum):
    """What a message is. Others are left unanswered."""

    CHALLENGE = 0x01
    RESPONSE = 0x02
    RESULT = 0x03
    METER = 0x04
    STOP = 0x05
    HELLO = 0x06
    RELAY_REQ = 0x10
    RELAY_RSP = 0x11
    LOG_REQ = 0x20
    LOG = 0x21


class Verb(IntEnum):
    """What a holder signs that it wants. The verb's name is part of what is signed."""

    CHARGE = MessageType.RESPONSE
    STOP = MessageType.STOP
    LOG = MessageType.LOG_REQ

    @property
    def label(self) -> bytes:
        """What its signatures begin with, up to the version."""
        return {Verb.CHARGE: b"offline-evse/ble/", Verb.STOP: b"offline-evse/stop/", Verb.LOG: b"offline-evse/log/"}[
            self
        ]


class ResultCode(IntEnum):
    """What became of a request. Whoever has not proved a key that is known here hears nothing but DENIED."""

    GRANTED = 0
    DENIED = 1
    EXPIRED = 2
    OTHER_CHARGER = 3
    USED_UP = 4
    ALREADY_CHARGING = 5
    NO_CAR = 6
    TRY_LATER = 7
    STOPPED = 8


class MeterState(IntEnum):
    """How a session is doing."""

    STARTING = 0
    CHARGING = 1
    PAUSED = 2
    ENDED = 3


@dataclass(frozen=True, slots=True)
class Message:
    """A type and a body, as framing carries them."""

    type: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Hello:
    """Holder to site, where the holder is the central: version 1 | capabilities 1 | longest notification 2."""

    version: int
    capabilities: int
    frame_bytes: int

    def encode(self) -> bytes:
        """Return the body."""
        return struct.pack(">BBH", self.version, self.capabilities, self.frame_bytes)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Take a body apart; a later version may be longer. Raises MessageError."""
        if len(body) < 4 or body[0] < 1:
            raise MessageError("A greeting has 4 bytes")
        return cls(*struct.unpack(">BBH", body[:4]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Site to holder: site 8 | charger 8 | nonce 16 | unix 4 | [ephemeral key 33] | signature 64."""

    site_id: bytes
    charger_id: bytes
    nonce: bytes
    unix_s: int
    ephemeral: bytes = b""
    """Compressed P-256 point where the answer shall be sealed, else nothing."""
    signature: bytes = b""

    @property
    def sealed(self) -> bool:
        """Whether the holder shall answer encrypted."""
        return bool(self.ephemeral)

    @property
    def payload(self) -> bytes:
        """What comes before the signature."""
        return self.site_id + self.charger_id + self.nonce + self.unix_s.to_bytes(4) + self.ephemeral

    @property
    def to_sign(self) -> bytes:
        """What the site signs."""
        return b"offline-evse/challenge/" + (b"2" if self.sealed else b"1") + b"\0" + self.payload

    def encode(self) -> bytes:
        """Return the body."""
        return self.payload + self.signature

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Take a body apart. Raises MessageError."""
        if len(body) not in {100, 133}:
            raise MessageError("A challenge has 100 or 133 bytes")
        return cls(
            site_id=body[:8],
            charger_id=body[8:16],
            nonce=body[16:32],
            unix_s=int.from_bytes(body[32:36]),
            ephemeral=body[36:-SIGNATURE_BYTES],
            signature=body[-SIGNATURE_BYTES:],
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """Holder to site, to charge, stop or read receipts: public key 33 | signature 64 | payload.

    The payload of RESPONSE is the token (0 to 512 bytes), of STOP the session (4), of LOG_REQ the earliest second (4).
    """

    public_key: bytes
    signature: bytes
    payload: bytes

    def encode(self) -> bytes:
        """Return the body."""
        return self.public_key + self.signature + self.payload

    @classmethod
    def decode(cls, verb: Verb, body: bytes) -> Self:
        """Take a body apart. Raises MessageError."""
        payload = body[PUBLIC_KEY_BYTES + SIGNATURE_BYTES :]
        fits = len(payload) <= MAX_TOKEN_BYTES if verb is Verb.CHARGE else len(payload) == 4
        if len(body) < PUBLIC_KEY_BYTES + SIGNATURE_BYTES or not fits:
            raise MessageError("An answer of the wrong length")
        return cls(body[:PUBLIC_KEY_BYTES], body[PUBLIC_KEY_BYTES : PUBLIC_KEY_BYTES + SIGNATURE_BYTES], payload)


def answer_to_sign(verb: Verb, challenge: Challenge, holder_ephemeral: bytes, payload: bytes) -> bytes:
    """Return what a holder signs: verb and version, the whole challenge but its signature, and the payload's hash."""
    version = b"2\0" if challenge.sealed else b"1\0"
    return verb.label + version + challenge.payload + holder_ephemeral + hashlib.sha256(payload).digest()


@dataclass(frozen=True, slots=True)
class Result:
    """Site to holder: code 1 | energy granted 4 | session 4."""

    code: int
    energy_wh: int | None = None
    session: int = 0

    def encode(self) -> bytes:
        """Return the body."""
        energy_wh = NO_LIMIT_WH if self.energy_wh is None else min(max(self.energy_wh, 0), NO_LIMIT_WH - 1)
        return struct.pack(">BII", self.code, energy_wh, self.session & 0xFFFF_FFFF)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Take a body apart. Raises MessageError."""
        if len(body) != 9:
            raise MessageError("A result has 9 bytes")
        code, energy_wh, session = struct.unpack(">BII", body)
        return cls(code, None if energy_wh == NO_LIMIT_WH else energy_wh, session)


@dataclass(frozen=True, slots=True)
class Meter:
    """Site to holder: energy 4 | power 4 | state 1."""

    energy_wh: int
    power_w: int
    state: int

    def encode(self) -> bytes:
        """Return the body."""
        energy_wh, power_w = (min(max(value, 0), NO_LIMIT_WH) for value in (self.energy_wh, self.power_w))
        return struct.pack(">IIB", energy_wh, power_w, self.state)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Take a body apart. Raises MessageError."""
        if len(body) != 9:
            raise MessageError("A meter reading has 9 bytes")
        return cls(*struct.unpack(">IIB", body))


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayRequest:
    """Site to holder, for the backend: site 8 | charger 8 | request 16 | key thumbprint 32 | unix 4 | signature 64."""

    site_id: bytes
    charger_id: bytes
    request: bytes
    thumbprint: bytes
    """SHA-256 of the holder's key as RFC 7638 has it."""
    unix_s: int
    signature: bytes = b""

    @property
    def payload(self) -> bytes:
        """What comes before the signature."""
        return self.site_id + self.charger_id + self.request + self.thumbprint + self.unix_s.to_bytes(4)

    @property
    def to_sign(self) -> bytes:
        """What the site signs."""
        return b"offline-evse/relay/1\0" + self.payload

    def encode(self) -> bytes:
        """Return the body."""
        return self.payload + self.signature

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Take a body apart. Raises MessageError."""
        if len(body) != 132:
            raise MessageError("A request to relay has 132 bytes")
        return cls(
            site_id=body[:8],
            charger_id=body[8:16],
            request=body[16:32],
            thumbprint=body[32:64],
            unix_s=int.from_bytes(body[64:68]),
            signature=body[68:],
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """One session of the holder's own: session 4 | began 4 | ended 4 | energy 4; ended 0 while it lasts."""

    session: int
    began_unix_s: int
    ended_unix_s: int
    energy_wh: int


def encode_log(receipts: Sequence[Receipt], *, more: bool = False) -> bytes:
    """Return the body of LOG: count 1 | more 1 | receipts, at most 64."""
    kept = receipts[:MOST_RECEIPTS]
    rows = (struct.pack(">IIII", r.session, r.began_unix_s, r.ended_unix_s, r.energy_wh) for r in kept)
    return bytes((len(kept), more or len(receipts) > len(kept))) + b"".join(rows)


def decode_log(body: bytes) -> tuple[tuple[Receipt, ...], bool]:
    """Return the receipts, and whether there are more. Raises MessageError."""
    if len(body) < 2 or len(body) != 2 + 16 * body[0]:
        raise MessageError("A log of the wrong length")
    return tuple(Receipt(*row) for row in struct.iter_unpack(">IIII", body[2:])), bool(body[1])
