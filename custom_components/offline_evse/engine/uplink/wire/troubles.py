"""Why a backend could not be dialled, in words for people; no secret and no address in any of them."""

from collections.abc import Iterator
import os
import ssl

from aiohttp import ClientConnectorDNSError, ClientError, ClientResponseError

from ...model.upstream.link import LinkTrouble

_CREDENTIALS = frozenset({401, 403})
_UNKNOWN = frozenset({404, 410})
_NOT_NOW = frozenset({408, 421, 425, 429})

_OURS_REFUSED = (
    "CERTIFICATE_REQUIRED",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_CERTIFICATE",
    "ALERT_UNKNOWN_CA",
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "ALERT_ACCESS_DENIED",
    "ALERT_HANDSHAKE_FAILURE",
)
"""What a server says of a client's certificate, or of there being none. TLS 1.2 says the last one for the latter."""
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")
_LONGEST_DETAIL = 200


class DialError(Exception):
    """Raised by `Dialler.dial`: there is no connection."""

    def __init__(self, trouble: LinkTrouble, detail: str) -> None:
        """Say why, and what exactly was said by whom."""
        super().__init__(f"{trouble}: {detail}")
        self.trouble = trouble
        self.detail = detail[:_LONGEST_DETAIL]


def of_status(status: int, reason: str | None) -> DialError:
    """Read an HTTP status that is not 101.

    What a gateway says of a central system that is down (5xx), and what says "not now", passes by itself: nobody has to
    change anything, so it counts as unreachable.
    """
    detail = f"HTTP {status} {reason or ''}".strip()
    if status in _CREDENTIALS:
        return DialError(LinkTrouble.CREDENTIALS, detail)
    if status in _UNKNOWN:
        return DialError(LinkTrouble.UNKNOWN_STATION, detail)
    if status >= 500 or status in _NOT_NOW:
        return DialError(LinkTrouble.UNREACHABLE, detail)
    return DialError(LinkTrouble.NOT_OCPP, detail)


def of_exception(error: Exception) -> DialError:
    """Read what aiohttp or the operating system says."""
    for cause in _causes(error):
        # aiohttp's own are SSLErrors, too, but empty ones.
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ClientError):
            return _of_tls(cause)
    if isinstance(error, ClientResponseError):
        return DialError(LinkTrouble.NOT_OCPP, error.message)
    if isinstance(error, ClientConnectorDNSError):
        return DialError(LinkTrouble.UNREACHABLE, "The name is not known")
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno:
            # By its number: asyncio puts the address into the text.
            return DialError(LinkTrouble.UNREACHABLE, os.strerror(cause.errno))
    if isinstance(error, ClientError | OSError):
        return DialError(LinkTrouble.UNREACHABLE, "The connection was closed before there was an answer")
    return DialError(LinkTrouble.NOT_OCPP, type(error).__name__)


def _of_tls(error: ssl.SSLError) -> DialError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return DialError(LinkTrouble.CERTIFICATE, error.verify_message or "The certificate is not valid")
    reason = (error.reason or "").upper()
    said = reason.replace("_", " ").lower() or "TLS failed"
    if any(word in reason for word in _OURS_REFUSED):
        return DialError(LinkTrouble.CREDENTIALS, said)
    if any(word in reason for word in _NO_TLS):
        return DialError(LinkTrouble.NOT_OCPP, said)
    if isinstance(error, ssl.SSLEOFError) or "UNEXPECTED_EOF" in reason:
        return DialError(LinkTrouble.UNREACHABLE, said)
    return DialError(LinkTrouble.CERTIFICATE, said)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and everything that led to it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [getattr(current, "os_error", None), getattr(current, "certificate_error", None)]
        waiting += [current.__cause__, current.__context__]
