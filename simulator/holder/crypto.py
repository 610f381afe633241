"""The cryptography that a holder needs: P-256 with SHA-256, and nothing that a phone does not have."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = ec.EllipticCurvePrivateKey


def private_key(scalar: int) -> PrivateKey:
    """Make the private key with this number."""
    return ec.derive_private_key(scalar, ec.SECP256R1())


def seeded_key(name: str) -> PrivateKey:
    """Make a private key that everybody can make: for vectors and tests, never for use."""
    digest = hashlib.sha256(b"offline-evse/vectors/" + name.encode()).digest()
    return private_key(int.from_bytes(digest) % (2**255) + 1)


def new_key() -> PrivateKey:
    """Make a private key that nobody else has."""
    return ec.generate_private_key(ec.SECP256R1())


def public_bytes(key: PrivateKey, *, compressed: bool = True) -> bytes:
    """Return the public key: 33 bytes, or 65 uncompressed."""
    form = PublicFormat.CompressedPoint if compressed else PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(Encoding.X962, form)


def load_public(data: bytes) -> ec.EllipticCurvePublicKey:
    """Load a public key of 33 or 65 bytes. Raises ValueError."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Sign; r | s, 64 bytes, the same for the same data (RFC 6979)."""
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(SHA256(), deterministic_signing=True)))
    return r.to_bytes(32) + s.to_bytes(32)


def verified(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether this key has signed the data."""
    der = utils.encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    try:
        load_public(public).verify(der, data, ec.ECDSA(SHA256()))
    except InvalidSignature, ValueError:
        return False
    return len(signature) == 64


def shared_secret(mine: PrivateKey, theirs: bytes) -> bytes:
    """Return the x coordinate that both ends come to (ECDH)."""
    return mine.exchange(ec.ECDH(), load_public(theirs))


def base64url(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Return what base64url without padding stands for."""
    return urlsafe_b64decode(text + "==="[: -len(text) % 4])


def thumbprint(public: bytes) -> bytes:
    """Return the RFC 7638 thumbprint of a public key, 32 bytes."""
    numbers = load_public(public).public_numbers()
    x, y = base64url(numbers.x.to_bytes(32)), base64url(numbers.y.to_bytes(32))
    return hashlib.sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest()
