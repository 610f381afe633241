"""P-256 keys: the site's own, and what holders and issuers show of theirs.

Public keys travel as compressed points of 33 bytes, signatures as raw r | s of 64 bytes: what phones, browsers and
secure elements make. A key is known by its thumbprint (RFC 7638), which is what a token's `cnf.jkt` says too.
"""

from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
import hashlib
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ....model.id_token import IdToken, IdTokenType

_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551

type RandomBytes = Callable[[int], bytes]
"""Returns as many unpredictable bytes as asked for, such as `secrets.token_bytes`."""


class BadKey(ValueError):
    """The bytes are no point on P-256."""


def base64url(data: bytes) -> str:
    """Return base64url without padding (RFC 7515)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Return what `base64url` was given. Raises ValueError for anything that it cannot have returned."""
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(data) != text:
        raise ValueError("Not base64url as it is written")
    return data


@lru_cache(maxsize=256)
def load_public_key(encoded: bytes) -> ec.EllipticCurvePublicKey:
    """Load a public key from 33 or 65 bytes. Raises BadKey unless it is a point on the curve."""
    lengths = {0x02: 33, 0x03: 33, 0x04: 65}
    if not encoded or lengths.get(encoded[0]) != len(encoded):
        raise BadKey("Neither a compressed nor an uncompressed point")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, encoded)
    except ValueError as error:
        raise BadKey("Not a point on P-256") from error


def compressed(key: ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public key's 33 bytes."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    return public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


@lru_cache(maxsize=256)
def thumbprint_bytes(encoded: bytes) -> bytes:
    """Return the SHA-256 of the key as RFC 7638 writes it down. Raises BadKey."""
    numbers = load_public_key(encoded).public_numbers()
    x, y = (base64url(value.to_bytes(32)) for value in (numbers.x, numbers.y))
    return hashlib.sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest()


def thumbprint(encoded: bytes) -> str:
    """Return what a key is known by: its thumbprint in base64url. Raises BadKey."""
    return base64url(thumbprint_bytes(encoded))


def id_token_of(jkt: str) -> IdToken:
    """Return what a charger is told of a key that has no card number: within OCPP 1.6's 20 characters."""
    digest = b32encode(hashlib.sha256(jkt.encode()).digest()).decode()
    return IdToken("B" + digest[:19], IdTokenType.CENTRAL)


def sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Sign with ECDSA and SHA-256; returns r | s. The same data gives the same signature (RFC 6979)."""
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256(), deterministic_signing=True)))
    return r.to_bytes(32) + s.to_bytes(32)


def verify(encoded: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the key has signed the data. False for anything that is no key or no signature."""
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if not (0 < r < _ORDER and 0 < s < _ORDER):
        return False
    try:
        load_public_key(encoded).verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
    except BadKey, InvalidSignature:
        return False
    return True


def private_key(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    """Load a private key from its 32 bytes. Raises ValueError unless it is one."""
    number = int.from_bytes(scalar)
    if len(scalar) != 32 or not 0 < number < _ORDER:
        raise ValueError("Not a private key of P-256")
    return ec.derive_private_key(number, _CURVE)


def new_private_key(random: RandomBytes) -> ec.EllipticCurvePrivateKey:
    """Make a private key from random bytes, without bias."""
    while True:
        scalar = random(32)
        if 0 < int.from_bytes(scalar) < _ORDER:
            return private_key(scalar)


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """What a site is known by to its holders. The key that answers at chargers is not the one that issues tokens."""

    site_id: bytes
    reader_key: ec.EllipticCurvePrivateKey
    issuer_key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, random: RandomBytes) -> Self:
        """Make a new site: holders of another one do not know it."""
        return cls(random(8), new_private_key(random), new_private_key(random))

    @property
    def reader_public(self) -> bytes:
        """What a holder is given when it is enrolled, to tell this site from others."""
        return compressed(self.reader_key)

    @property
    def issuer_public(self) -> bytes:
        """What tokens of this site are checked with."""
        return compressed(self.issuer_key)

    @property
    def audience(self) -> str:
        """What the tokens for this site say in `aud`."""
        return self.site_id.hex()

    def to_dict(self) -> dict[str, str]:
        """Return everything, private keys included, to be stored where backups are encrypted."""
        return {
            "site_id": self.site_id.hex(),
            "reader_key": base64url(_scalar(self.reader_key)),
            "issuer_key": base64url(_scalar(self.issuer_key)),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, str]) -> Self:
        """Load what `to_dict` gave. Raises KeyError or ValueError."""
        keys = (private_key(from_base64url(stored[name])) for name in ("reader_key", "issuer_key"))
        return cls(bytes.fromhex(stored["site_id"]), *keys)


def _scalar(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_numbers().private_value.to_bytes(32)
