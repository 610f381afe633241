"""Somebody who issues tokens: a hotel chain, or a backend that is asked through the holder's phone."""

from collections.abc import Mapping
import json
from typing import Any

from .crypto import PrivateKey, base64url, public_bytes, sign, thumbprint, verified


def jwt(key: PrivateKey, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> bytes:
    """Return a JWT, ES256, whatever it says."""
    said = {"alg": "ES256"} if header is None else header
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (said, claims)]
    signed = ".".join(base64url(part) for part in parts).encode()
    return signed + b"." + base64url(sign(key, signed)).encode()


class TokenIssuer:
    """A key whose tokens a site believes."""

    def __init__(self, key: PrivateKey) -> None:
        """Issue with this key."""
        self.key = key
        self.public = public_bytes(key)

    @property
    def iss(self) -> str:
        """What its tokens say in `iss`."""
        return base64url(thumbprint(self.public))

    def token(self, site_id: bytes, holder_public: bytes, *, jti: str, nbf: int, exp: int, **more: Any) -> bytes:
        """Return a token for one holder at one site."""
        claims = {"iss": self.iss, "aud": site_id.hex(), "jti": jti, "nbf": nbf, "exp": exp}
        return jwt(self.key, claims | {"cnf": {"jkt": base64url(thumbprint(holder_public))}} | more)


class Backend(TokenIssuer):
    """Answers requests that come through phones, for the sites whose reader keys it knows."""

    def __init__(self, key: PrivateKey, sites: Mapping[bytes, bytes], *, energy_wh: int = 20_000) -> None:
        """Know these sites by id, and grant this much."""
        super().__init__(key)
        self.sites = dict(sites)
        self.energy_wh = energy_wh
        self.asked: list[bytes] = []

    def answer(self, request: bytes, *, unix_s: int | None = None) -> bytes | None:
        """Return the token that answers a request; None: it is not from a site that is known here."""
        self.asked.append(request)
        site_key = self.sites.get(request[:8])
        if site_key is None or not verified(site_key, request[-64:], b"offline-evse/relay/1\0" + request[:-64]):
            return None
        now_s = int.from_bytes(request[64:68]) if unix_s is None else unix_s
        number = base64url(request[16:32])
        claims = {
            "iss": self.iss,
            "aud": request[:8].hex(),
            "jti": number,
            "nbf": now_s,
            "exp": now_s + 60,
            "cnf": {"jkt": base64url(request[32:64])},
            "evse": [request[8:16].hex()],
            "wh": self.energy_wh,
            "n": number,
        }
        return jwt(self.key, claims)
