"""Certificates and keys as people paste them: PEM text."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was pasted; None: nothing."""

    authority: str | None = None
    certificate: str | None = None
    key: str | None = None


def pem_error(pasted: Pasted, now: datetime) -> str | None:
    """Say what is wrong with it; None: nothing. Takes a while: not for the event loop."""
    if pasted.authority is not None and not _certificates(pasted.authority):
        return "bad_authority"
    if pasted.certificate is None and pasted.key is None:
        return None
    if pasted.certificate is None or pasted.key is None:
        return "certificate_and_key"
    chain = _certificates(pasted.certificate)
    if not chain:
        return "bad_certificate"
    if chain[0].not_valid_after_utc <= now:
        return "certificate_expired"
    try:
        key = load_pem_private_key(pasted.key.encode(), password=None)
    except TypeError:
        return "key_has_password"
    except ValueError, UnsupportedAlgorithm:
        return "bad_key"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != chain[0].public_key().public_bytes(*form):
        return "key_of_another_certificate"
    return None


def _certificates(text: str) -> list[x509.Certificate]:
    """Read a chain; none where it cannot be read."""
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return []
