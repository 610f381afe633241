"""What a token says, read strictly and turned into the terms of a credential."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import json
from typing import Any, Self

from ....model.credential import Terms
from ..charger import Charger
from .time_trust import LEEWAY

_LATEST = 253_402_300_799 - 86_400
"""One day before the last second that a date can have."""
_MOST_WH = 10**9
_MOST_S = 366 * 86_400
_LONGEST_TEXT = 128


class TokenError(ValueError):
    """A token that grants nothing here; `reason` is a short English name of why."""

    def __init__(self, reason: str) -> None:
        """Say why."""
        super().__init__(reason)
        self.reason = reason


def strict_json(data: bytes) -> dict[str, Any]:
    """Parse a JSON object in which no name occurs twice and no number is outside JSON. Raises TokenError."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise TokenError("malformed") from error
    if not isinstance(value, dict):
        raise TokenError("malformed")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A name that occurs twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The claims that count. Others are ignored, as RFC 7519 has it."""

    issuer: str
    """`iss`: thumbprint of the key that signed it."""
    audience: tuple[str, ...]
    """`aud`: site ids in hexadecimal."""
    jti: str
    not_before: int
    """`nbf`, seconds of Unix time."""
    expires: int
    """`exp`."""
    jkt: str
    """`cnf.jkt`: thumbprint of the holder's key."""
    issued: int | None = None
    """`iat`."""
    subject: str | None = None
    """`sub`: a pseudonym."""
    session_wh: int | None = None
    """`wh`."""
    day_wh: int | None = None
    """`whd`."""
    total_wh: int | None = None
    """`wht`."""
    session_s: int | None = None
    """`dur`."""
    priority: int | None = None
    """`prio`."""
    tariff: str | None = None
    """`trf`."""
    chargers: tuple[str, ...] = ()
    """`evse`: station names or charger ids; none at all means every charger."""
    request: str | None = None
    """`n`: the request that a relayed answer answers, base64url."""

    def to_dict(self) -> dict[str, Any]:
        """Return them as they stand in a token; what is not set is left out."""
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience[0] if len(self.audience) == 1 else list(self.audience),
            "sub": self.subject,
            "jti": self.jti,
            "iat": self.issued,
            "nbf": self.not_before,
            "exp": self.expires,
            "cnf": {"jkt": self.jkt},
            "wh": self.session_wh,
            "whd": self.day_wh,
            "wht": self.total_wh,
            "dur": self.session_s,
            "prio": self.priority,
            "trf": self.tariff,
            "evse": list(self.chargers) or None,
            "n": self.request,
        }
        return {name: value for name, value in claims.items() if value is not None}

    @classmethod
    def from_dict(cls, claims: Mapping[str, Any]) -> Self:
        """Read what a token says. Raises TokenError where a claim is missing or is not what it must be."""
        audience = claims.get("aud")
        confirmation = claims.get("cnf")
        chargers = claims.get("evse")
        if not isinstance(confirmation, dict):
            raise TokenError("no_key")
        if chargers is not None and not (isinstance(chargers, list) and 0 < len(chargers) <= 32):
            raise TokenError("malformed")
        return cls(
            issuer=_text(claims, "iss"),
            audience=tuple(_texts(audience if isinstance(audience, list) else [audience])),
            jti=_text(claims, "jti"),
            not_before=_number(claims, "nbf", _LATEST),
            expires=_number(claims, "exp", _LATEST),
            jkt=_text(confirmation, "jkt"),
            issued=_optional_number(claims, "iat", _LATEST),
            subject=_optional_text(claims, "sub"),
            session_wh=_optional_number(claims, "wh", _MOST_WH),
            day_wh=_optional_number(claims, "whd", _MOST_WH),
            total_wh=_optional_number(claims, "wht", _MOST_WH),
            session_s=_optional_number(claims, "dur", _MOST_S),
            priority=_optional_number(claims, "prio", 1000),
            tariff=_optional_text(claims, "trf"),
            chargers=tuple(_texts(chargers or [])),
            request=_optional_text(claims, "n"),
        )

    def cover(self, charger: Charger) -> bool:
        """Whether they are good at a charger."""
        return not self.chargers or not charger.names.isdisjoint(self.chargers)

    def terms(self, charger: Charger) -> Terms:
        """Return them as terms, for presentation at a charger that they cover."""
        names = (charger.station_id if name in charger.names else name for name in self.chargers)
        return Terms(
            valid_from=datetime.fromtimestamp(self.not_before, UTC) - LEEWAY,
            valid_until=datetime.fromtimestamp(self.expires, UTC) + LEEWAY,
            station_ids=frozenset(names),
            session_wh=self.session_wh,
            session_s=self.session_s,
            day_wh=self.day_wh,
            total_wh=self.total_wh,
            priority=self.priority,
            tariff=self.tariff,
        )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT:
        raise TokenError(f"no_{name}")
    return value


def _optional_text(claims: Mapping[str, Any], name: str) -> str | None:
    return None if claims.get(name) is None else _text(claims, name)


def _texts(values: list[Any]) -> list[str]:
    if not all(isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT for value in values):
        raise TokenError("malformed")
    return values


def _number(claims: Mapping[str, Any], name: str, most: int) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise TokenError(f"no_{name}")
    return value


def _optional_number(claims: Mapping[str, Any], name: str, most: int) -> int | None:
    return None if claims.get(name) is None else _number(claims, name, most)
