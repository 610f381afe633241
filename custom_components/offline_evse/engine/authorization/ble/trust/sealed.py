"""An encrypted channel for one exchange, so that who listens learns nothing of the holder.

The site's ephemeral key comes signed in the challenge, the holder's in front of its answer, and the holder signs over
both. Keys are HKDF-SHA256 of the shared point, salted with the challenge's hash; each direction has its own AES-256-GCM
key and counts its messages from 0. Every message but the challenge is sealed then.
"""

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..wire.messages import MAX_BODY_BYTES, PUBLIC_KEY_BYTES, SEALED, Message
from .keys import compressed, load_public_key

_TAG_BYTES = 16


class SealError(ValueError):
    """The message was not sealed by who holds the other end."""


class SealedChannel:
    """The site's end of the channel of one exchange."""

    __slots__ = ("_challenge", "_ephemeral", "_opened", "_opener", "_sealed", "_sealer", "holder_ephemeral")

    def __init__(self, ephemeral: ec.EllipticCurvePrivateKey) -> None:
        """Wait for the holder's end; `ephemeral` is used for this one exchange."""
        self._ephemeral: ec.EllipticCurvePrivateKey | None = ephemeral
        self._challenge = b""
        self._opener: AESGCM | None = None
        self._sealer: AESGCM | None = None
        self._opened = 0
        self._sealed = 0
        self.holder_ephemeral = b""

    @property
    def public(self) -> bytes:
        """What goes into the challenge."""
        if self._ephemeral is None:
            raise SealError("The channel is open already")
        return compressed(self._ephemeral)

    def bind(self, challenge_body: bytes) -> None:
        """Say which challenge was sent, so that keys belong to it alone."""
        self._challenge = challenge_body

    def open(self, message: Message) -> Message:
        """Return what was sealed; the first message brings the holder's key. Raises SealError or BadKey."""
        body = message.body
        if not message.type & SEALED:
            raise SealError("A message in clear on a sealed channel")
        if self._opener is None:
            self._agree(body[:PUBLIC_KEY_BYTES])
            body = body[PUBLIC_KEY_BYTES:]
        if self._opener is None or len(body) < _TAG_BYTES:
            raise SealError("Too short to be sealed")
        try:
            plain = self._opener.decrypt(_nonce(self._opened), body, bytes((message.type,)) + self.holder_ephemeral)
        except InvalidTag as error:
            raise SealError("Not sealed by the holder's end") from error
        self._opened += 1
        return Message(message.type & ~SEALED, plain)

    def seal(self, message: Message) -> Message:
        """Encrypt a message to the holder. Raises SealError before the holder has answered."""
        if self._sealer is None or len(message.body) + _TAG_BYTES > MAX_BODY_BYTES:
            raise SealError("Nobody to seal it for, or too long")
        kind = message.type | SEALED
        body = self._sealer.encrypt(_nonce(self._sealed), message.body, bytes((kind,)) + self.holder_ephemeral)
        self._sealed += 1
        return Message(kind, body)

    def _agree(self, holder_ephemeral: bytes) -> None:
        if self._ephemeral is None:
            raise SealError("An ephemeral key is good for one exchange")
        mine, self._ephemeral = self._ephemeral, None
        shared = mine.exchange(ec.ECDH(), load_public_key(holder_ephemeral))
        self.holder_ephemeral = holder_ephemeral
        to_site, to_holder = channel_keys(shared, self._challenge, holder_ephemeral)
        self._opener, self._sealer = AESGCM(to_site), AESGCM(to_holder)


def channel_keys(shared: bytes, challenge_body: bytes, holder_ephemeral: bytes) -> tuple[bytes, bytes]:
    """Return the key of each direction, to the site and to the holder."""
    salt = hashlib.sha256(challenge_body).digest()
    info = b"offline-evse/sealed/2\0" + holder_ephemeral
    material = HKDF(algorithm=SHA256(), length=64, salt=salt, info=info).derive(shared)
    return material[:32], material[32:]


def _nonce(count: int) -> bytes:
    return count.to_bytes(12)
