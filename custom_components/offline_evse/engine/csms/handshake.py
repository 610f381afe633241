"""Who is dialling, which version it speaks, and whether it has the password."""

from base64 import b64decode
import binascii
from collections.abc import Collection
from hmac import compare_digest
from urllib.parse import unquote, urlsplit

from aiohttp import hdrs, web

from ..model.station import OcppVersion

_PREFERENCE = (OcppVersion.V21, OcppVersion.V201, OcppVersion.V16)
_MAX_IDENTITY_CHARACTERS = 100
"""Twice what any version of OCPP allows (48); more is not a charger."""


def identity_of(raw_path: str) -> str:
    """Return the last non-empty segment of a request path, percent-decoded; "" if there is none."""
    path = urlsplit(raw_path).path if "://" in raw_path else raw_path.partition("?")[0].partition("#")[0]
    segments = [segment for segment in path.split("/") if segment]
    return unquote(segments[-1], errors="replace").strip() if segments else ""


def is_usable(identity: str) -> bool:
    """Whether an identity is one that a station can have."""
    return len(identity) <= _MAX_IDENTITY_CHARACTERS and identity.isprintable() and "/" not in identity


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the request wants to become a WebSocket."""
    return request.headers.get(hdrs.UPGRADE, "").strip().lower() == "websocket"


def choose_version(request: web.BaseRequest, spoken: Collection[OcppVersion]) -> tuple[OcppVersion | None, str | None]:
    """Pick the newest version on offer that is spoken here, with the name it was offered under.

    No offer at all is version 1.6, as old firmware means it. None: only versions that we do not speak.
    """
    offers = [
        offer.strip()
        for header in request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, [])
        for offer in header.split(",")
        if offer.strip()
    ]
    if not offers:
        return OcppVersion.V16, None
    by_name = {offer.lower(): offer for offer in offers}
    for version in _PREFERENCE:
        if version in spoken and version in by_name:
            return version, by_name[version]
    return None, None


def repair_upgrade(request: web.BaseRequest) -> bool:
    """Make a request that forgot `Connection: Upgrade` look as if it had not; returns whether it had.

    aiohttp judges by a flag that its parser leaves on the message and offers no public way around it.
    """
    message = request._message  # noqa: SLF001
    if message.upgrade:
        return False
    request._message = message._replace(upgrade=True)  # noqa: SLF001
    return True


def without_offers(request: web.BaseRequest) -> web.BaseRequest:
    """Return the request as if it had offered no version, so that the answer names none."""
    headers = request.headers.copy()
    headers.popall(hdrs.SEC_WEBSOCKET_PROTOCOL, None)
    return request.clone(headers=headers)


def basic_credentials(request: web.BaseRequest) -> bytes | None:
    """Return `user:password` of HTTP Basic auth as bytes; None if there is none that can be read."""
    scheme, _, encoded = request.headers.get(hdrs.AUTHORIZATION, "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    encoded = encoded.strip()
    try:
        return b64decode(encoded + "=" * (-len(encoded) % 4))
    except binascii.Error, ValueError:
        return None


def username_of(credentials: bytes | None) -> str:
    """Return the user name, which OCPP wants to be the identity; "" if there is none."""
    return credentials.partition(b":")[0].decode(errors="replace").strip() if credentials else ""


def password_matches(credentials: bytes | None, station_id: str, expected: str) -> bool:
    """Whether the password is right, whatever the user name is.

    Stations disagree on what a password in AuthorizationKey is: its text, the hexadecimal form of the text, or the
    bytes that a hexadecimal text stands for. All three are accepted, compared in constant time.
    """
    if credentials is None:
        return False
    own_name = f"{station_id}:".encode()
    given = credentials.removeprefix(own_name) if credentials.startswith(own_name) else credentials.partition(b":")[2]
    plain = expected.encode()
    candidates = [plain, plain.hex().encode(), plain.hex().upper().encode()]
    try:
        decoded = bytes.fromhex(expected)
    except ValueError:
        pass
    else:
        if decoded:
            candidates += [decoded, expected.lower().encode(), expected.upper().encode()]
    matches = [compare_digest(given, candidate) for candidate in candidates]
    return any(matches)
