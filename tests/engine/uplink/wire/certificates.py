"""Authorities and certificates that are made for one test."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
import socket
import ssl
from threading import Thread
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """The certificate as text."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The key as text."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Authority(Certificate):
    """Somebody who signs certificates."""

    @classmethod
    def make(cls, name: str = "Authority of a test") -> Self:
        """Make one that signs itself, as plainly as private authorities do."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        built = (
            _builder(subject, subject, key, timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(built, key)

    def sign(self, name: str, *, lasts: timedelta = timedelta(days=7)) -> Certificate:
        """Make a certificate for a host name or an address; with a negative time it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            alternative: x509.GeneralName = x509.IPAddress(ip_address(name))
        except ValueError:
            alternative = x509.DNSName(name)
        built = (
            _builder(_name(name), self.certificate.subject, key, lasts)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Certificate(built, key)


def server_context(
    certificate: Certificate, folder: Path, clients: Authority | None = None, newest: bool = True
) -> ssl.SSLContext:
    """Return a server's side of TLS; `clients`: it demands a certificate of this authority. `newest`: of TLS 1.3."""
    chain = folder / "chain.pem"
    chain.write_text(certificate.pem + certificate.key_pem, encoding="ascii")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    if not newest:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if clients is not None:
        context.load_verify_locations(cadata=clients.pem)
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


@contextmanager
def plain_server(context: ssl.SSLContext) -> Iterator[int]:
    """Give the port of a server that shakes hands, and tells why not if it does not want to.

    It has a thread of its own: asyncio's servers tear the line before their reason has left.
    """

    def shake(raw: socket.socket) -> None:
        raw.settimeout(5)
        with context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False) as wrapped:
            try:
                wrapped.do_handshake()
                wrapped.recv(1)
            except ssl.SSLError:
                wrapped.shutdown(socket.SHUT_WR)
                while wrapped.recv(4096):
                    pass

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                shake(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + lasts)
    )
