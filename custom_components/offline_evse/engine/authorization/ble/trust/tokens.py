"""Signed tokens (JWT, ES256) that let somebody charge whom this site has never seen, because it trusts the issuer.

A token is bound to the holder's key by `cnf.jkt` and is worth nothing without it. The algorithm is fixed, the key comes
from the site's own list by `iss`, and a header that says anything else about keys is refused. The signature is checked
with the same routine as the holder's; dates are judged by the clock that is handed in.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Flag, auto
import json
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from ..charger import Charger
from ..wire.messages import MAX_TOKEN_BYTES
from .claims import Claims, TokenError, strict_json
from .keys import base64url, from_base64url, sign, thumbprint, verify
from .revocations import Revocations
from .time_trust import LEEWAY

RELAY_LIFE = timedelta(seconds=60)
"""The longest that a relayed answer may be good for."""

_COMPACT = re.compile(rb"[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{86}")
_HEADER = {"alg", "typ", "kid"}


class IssuerPurpose(Flag):
    """What a key may sign."""

    TOKENS = auto()
    RELAY = auto()
    """Answers that come through the holder's phone while it waits."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Somebody whose word counts here: the site itself, a hotel chain, a backend."""

    name: str
    public_key: bytes
    """Compressed P-256 point."""
    purpose: IssuerPurpose = IssuerPurpose.TOKENS


class Issuers:
    """The list of those whose tokens are believed. A rotation is two keys with one name."""

    def __init__(self, issuers: Iterable[Issuer] = ()) -> None:
        """Trust these. Raises BadKey where a key is none."""
        self._by_thumbprint = {thumbprint(issuer.public_key): issuer for issuer in issuers}

    def __iter__(self) -> Iterator[Issuer]:
        """All of them."""
        return iter(self._by_thumbprint.values())

    def find(self, iss: str, purpose: IssuerPurpose) -> Issuer | None:
        """Return who has this thumbprint and may sign this."""
        issuer = self._by_thumbprint.get(iss)
        return issuer if issuer is not None and issuer.purpose & purpose else None

    def any_for(self, purpose: IssuerPurpose) -> bool:
        """Whether anybody may sign this."""
        return any(issuer.purpose & purpose for issuer in self._by_thumbprint.values())


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that holds, at one charger and time."""

    claims: Claims
    issuer: Issuer


def issue(key: ec.EllipticCurvePrivateKey, claims: Claims) -> bytes:
    """Sign a token. Raises ValueError where it would be too long to be sent."""
    parts = ({"alg": "ES256"}, claims.to_dict())
    signed = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts).encode()
    token = signed + b"." + base64url(sign(key, signed)).encode()
    if len(token) > MAX_TOKEN_BYTES:
        raise ValueError(f"A token of {len(token)} bytes is too long")
    return token


class TokenReader:
    """Checks tokens for one site."""

    def __init__(self, audience: str, issuers: Issuers, revocations: Revocations) -> None:
        """Believe these issuers, except in what was revoked; `audience` is the site id in hexadecimal."""
        self.issuers = issuers
        self.revocations = revocations
        self._audience = audience

    def read(self, token: bytes, jkt: str, charger: Charger, now: datetime, *, time_trusted: bool) -> Grant:
        """Return what a token grants to the holder of a key at a charger. Raises TokenError."""
        grant = self._verified(token, IssuerPurpose.TOKENS)
        self._check(grant.claims, jkt, charger)
        if grant.claims.request is not None:
            raise TokenError("relayed")
        if not time_trusted:
            raise TokenError("time")
        self._check_dates(grant.claims, now)
        return grant

    def read_relayed(
        self, token: bytes, request: bytes, jkt: str, charger: Charger, now: datetime, *, time_trusted: bool
    ) -> Grant:
        """Return what a backend grants in answer to our own request, which proves that it is fresh. Raises TokenError.

        Its dates must not be a minute apart; they are compared with the clock only while that can be relied on.
        """
        grant = self._verified(token, IssuerPurpose.RELAY)
        claims = grant.claims
        self._check(claims, jkt, charger)
        if claims.request != base64url(request):
            raise TokenError("other_request")
        if claims.expires - claims.not_before > (RELAY_LIFE + LEEWAY).total_seconds():
            raise TokenError("too_long")
        if time_trusted:
            self._check_dates(claims, now)
        return grant

    def _verified(self, token: bytes, purpose: IssuerPurpose) -> Grant:
        if len(token) > MAX_TOKEN_BYTES or not _COMPACT.fullmatch(token):
            raise TokenError("malformed")
        signed, _, signature = token.rpartition(b".")
        header, claims = (_part(part) for part in signed.split(b"."))
        known_type = header.get("typ") is None or header["typ"] == "JWT"
        if header.get("alg") != "ES256" or not known_type or not header.keys() <= _HEADER:
            raise TokenError("header")
        found = Claims.from_dict(claims)
        issuer = self.issuers.find(found.issuer, purpose)
        if issuer is None:
            raise TokenError("issuer")
        if not verify(issuer.public_key, _bytes(signature), signed):
            raise TokenError("signature")
        return Grant(found, issuer)

    def _check(self, claims: Claims, jkt: str, charger: Charger) -> None:
        if self._audience not in claims.audience:
            raise TokenError("other_site")
        if claims.jkt != jkt:
            raise TokenError("other_key")
        if self.revocations.token_revoked(claims.jti) or self.revocations.key_revoked(jkt):
            raise TokenError("revoked")
        issued = claims.not_before if claims.issued is None else claims.issued
        if self.revocations.issued_after is not None and issued < self.revocations.issued_after.timestamp():
            raise TokenError("revoked")
        if not claims.cover(charger):
            raise TokenError("other_charger")

    @staticmethod
    def _check_dates(claims: Claims, now: datetime) -> None:
        now_s, leeway_s = now.timestamp(), LEEWAY.total_seconds()
        if now_s < claims.not_before - leeway_s:
            raise TokenError("not_yet")
        if now_s >= claims.expires + leeway_s:
            raise TokenError("expired")


def _part(encoded: bytes) -> dict[str, Any]:
    return strict_json(_bytes(encoded))


def _bytes(encoded: bytes) -> bytes:
    try:
        return from_base64url(encoded.decode())
    except ValueError as error:
        raise TokenError("malformed") from error
