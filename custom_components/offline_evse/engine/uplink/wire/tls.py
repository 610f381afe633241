"""What we show and what we demand where the address of a backend is a `wss` one (OCPP security profiles 2 and 3)."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
import ssl

from ...model.upstream.config import UpstreamTls


class UnusableAuthorityError(Exception):
    """The authority that was set up is no certificate."""


class UnusableCertificateError(Exception):
    """Our certificate or its key cannot be used, or they do not belong together."""


def build_context(tls: UpstreamTls) -> ssl.SSLContext:
    """Make the TLS side of a client; reads the machine's authorities from the disk, so not on the event loop.

    `authority_pem` is trusted beside the machine's authorities; it may be the backend's own certificate. Private
    authorities that predate RFC 5280's finer points are common in chargers' world and taken: somebody has chosen this
    one by hand. Raises UnusableAuthorityError and UnusableCertificateError.
    """
    context = ssl.create_default_context()
    # OCPP demands as much (2.0.1 part 2 A00.FR.312). The name is checked, too, which is the default.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.authority_pem is not None:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        try:
            context.load_verify_locations(cadata=tls.authority_pem)
        except (ssl.SSLError, ValueError) as err:
            raise UnusableAuthorityError from err
    if tls.certificate_pem is not None or tls.key_pem is not None:
        _load_chain(context, tls.certificate_pem or "", tls.key_pem or "")
    return context


def _load_chain(context: ssl.SSLContext, certificate_pem: str, key_pem: str) -> None:
    """Load our certificate. OpenSSL wants files for it: these exist in memory only, and have no name."""
    try:
        with _nameless(certificate_pem) as certificate, _nameless(key_pem) as key:
            # An empty password: OpenSSL would otherwise ask for one at the terminal if the key is encrypted.
            context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as err:
        raise UnusableCertificateError from err


@contextmanager
def _nameless(text: str) -> Iterator[str]:
    """Give the path of a file that is nowhere on a disk and gone afterwards."""
    descriptor = os.memfd_create("pem")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
