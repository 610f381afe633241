"""The holder's end of the encrypted channel."""

import hashlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .crypto import PrivateKey, public_bytes, shared_secret


class HolderChannel:
    """Seals what goes to the site and opens what comes from it, after a challenge with an ephemeral key."""

    def __init__(self, ephemeral: PrivateKey, challenge: bytes) -> None:
        """Agree with the key in the challenge's body. `ephemeral` is for this one exchange."""
        self.public = public_bytes(ephemeral)
        self.keys = HKDF(
            algorithm=SHA256(),
            length=64,
            salt=hashlib.sha256(challenge).digest(),
            info=b"offline-evse/sealed/2\0" + self.public,
        ).derive(shared_secret(ephemeral, challenge[36:69]))
        self._out, self._in = AESGCM(self.keys[:32]), AESGCM(self.keys[32:])
        self._sent = 0
        self._received = 0

    def seal(self, kind: int, body: bytes) -> tuple[int, bytes]:
        """Return type and body of the sealed message; the first one carries the holder's ephemeral key."""
        kind |= 0x40
        sealed = self._out.encrypt(self._sent.to_bytes(12), body, bytes([kind]) + self.public)
        self._sent += 1
        return kind, (self.public + sealed if self._sent == 1 else sealed)

    def open(self, kind: int, body: bytes) -> tuple[int, bytes]:
        """Return type and body of what was sealed. Raises InvalidTag."""
        plain = self._in.decrypt(self._received.to_bytes(12), body, bytes([kind]) + self.public)
        self._received += 1
        return kind & ~0x40, plain
