"""The site's half, as far as vectors need it: challenges, results and requests that a holder can check."""

from dataclasses import dataclass
import hashlib
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .crypto import PrivateKey, public_bytes, sign


def charger_id(station_id: str, evse_id: int | None = None) -> bytes:
    """Return the eight bytes that stand for a charger."""
    evse = "" if evse_id is None else f"\0{evse_id}"
    return hashlib.sha256(f"offline-evse/charger\0{station_id}{evse}".encode()).digest()[:8]


@dataclass(frozen=True, slots=True)
class VectorSite:
    """A site with a given id and reader key."""

    site_id: bytes
    reader_key: PrivateKey

    def challenge(self, charger: bytes, nonce: bytes, unix_s: int, ephemeral: PrivateKey | None = None) -> bytes:
        """Return a challenge's body; with an ephemeral key the answer shall be sealed."""
        payload = self.site_id + charger + nonce + unix_s.to_bytes(4)
        version = b"1\0" if ephemeral is None else b"2\0"
        payload += b"" if ephemeral is None else public_bytes(ephemeral)
        return payload + sign(self.reader_key, b"offline-evse/challenge/" + version + payload)

    def relay_request(self, charger: bytes, request: bytes, thumbprint: bytes, unix_s: int) -> bytes:
        """Return the body of a request to a backend."""
        payload = self.site_id + charger + request + thumbprint + unix_s.to_bytes(4)
        return payload + sign(self.reader_key, b"offline-evse/relay/1\0" + payload)


def result(code: int, energy_wh: int | None, session: int) -> bytes:
    """Return the body of a RESULT."""
    return struct.pack(">BII", code, 0xFFFFFFFF if energy_wh is None else energy_wh, session)


def seal_to_holder(keys: bytes, holder_ephemeral: bytes, count: int, kind: int, body: bytes) -> tuple[int, bytes]:
    """Return type and body of a message that the site seals; `keys` are the channel's 64 bytes."""
    kind |= 0x40
    return kind, AESGCM(keys[32:]).encrypt(count.to_bytes(12), body, bytes([kind]) + holder_ephemeral)
