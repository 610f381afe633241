"""A phone with a PKOC credential: the side of the protocol that connects and proves its key."""

from collections.abc import Callable
import hashlib

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from .crypto import PrivateKey, new_key, public_bytes, shared_secret, sign, verified

PUBLIC_KEY, READER_EPHEMERAL, SIGNATURE, RESPONSE, DEVICE_EPHEMERAL = 0x01, 0x02, 0x03, 0x04, 0x07
LAST_UPDATE, PROTOCOL_VERSION, READER_ID, SITE_ID, ENCRYPTED = 0x09, 0x0C, 0x0D, 0x0E, 0x40
_UPDATED = (1_767_225_600).to_bytes(4)


def tlv(kind: int, value: bytes, *, long_form: bool = False) -> bytes:
    """Encode a packet; `long_form` writes lengths from 128 on as 0x81 and a byte."""
    length = bytes([0x81, len(value)]) if long_form and len(value) > 127 else bytes([len(value)])
    return bytes([kind]) + length + value


def untlv(data: bytes) -> dict[int, bytes]:
    """Return the packets of a notification by type."""
    found = {}
    while data:
        found[data[0]], data = data[2 : 2 + data[1]], data[2 + data[1] :]
    return found


class PkocPhone:
    """One transaction of one key. With the site's public key it insists on ECDHE, and on that very site."""

    def __init__(
        self,
        key: PrivateKey,
        site_key: bytes | None = None,
        *,
        long_form: bool = False,
        ephemeral: Callable[[], PrivateKey] = new_key,
    ) -> None:
        """Present a key; `site_key` is the compressed key of the site where it was enrolled."""
        self.key = key
        self.site_key = site_key
        self.long_form = long_form
        self._ephemeral = ephemeral()
        self._offer: dict[int, bytes] = {}
        self.status: int | None = None
        """What the reader said: 3 is granted, 2 denied."""
        self.refused = False
        """Whether the phone has told the reader nothing, because it could not prove itself."""

    def notified(self, data: bytes) -> bytes | None:
        """Take in a notification; returns what to write."""
        found = untlv(data)
        if RESPONSE in found:
            self.status = found[RESPONSE][0]
            return None
        if READER_EPHEMERAL in found:
            self._offer = found
            if self.site_key is None:
                return self._credential(found[READER_EPHEMERAL])
            if not {READER_ID, SITE_ID, PROTOCOL_VERSION} <= found.keys():
                self.refused = True  # it was cut off on the way
                return None
            version = tlv(PROTOCOL_VERSION, found[PROTOCOL_VERSION])
            return tlv(DEVICE_EPHEMERAL, public_bytes(self._ephemeral, compressed=False)) + version
        if SIGNATURE in found and self.site_key is not None:
            return self._sealed(found[SIGNATURE])
        return None

    def _sealed(self, signature: bytes) -> bytes | None:
        reader = self._offer[READER_EPHEMERAL]
        ids = self._offer[SITE_ID] + self._offer[READER_ID]
        both = ids + public_bytes(self._ephemeral)[1:] + reader[1:]
        if self.site_key is None or not verified(self.site_key, signature, both):
            self.refused = True
            return None
        cipher = AESCCM(hashlib.sha256(shared_secret(self._ephemeral, reader)).digest(), tag_length=16)
        sealed = cipher.encrypt(bytes(7) + b"\x01" + (1).to_bytes(4), self._credential(both), None)
        return tlv(ENCRYPTED, sealed, long_form=self.long_form)

    def _credential(self, to_sign: bytes) -> bytes:
        return (
            tlv(PUBLIC_KEY, public_bytes(self.key, compressed=False))
            + tlv(SIGNATURE, sign(self.key, to_sign))
            + tlv(LAST_UPDATE, _UPDATED)
            + tlv(PROTOCOL_VERSION, self._offer[PROTOCOL_VERSION])
        )
