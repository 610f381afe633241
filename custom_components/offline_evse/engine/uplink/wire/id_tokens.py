"""Cards and codes as backends are told them.

A backend knows a card by what it is told, so whatever has to be changed is changed in the same way for ever.
"""

import hashlib
from typing import Any

from ...model.id_token import IdToken, IdTokenType

NO_TAG = "NoAuthorization"
"""What stands in 1.6, where a tag has to be, for a session that nobody showed anything for: the word of 2.x."""
LONGEST_ID_TAG = 20
"""CiString20Type (1.6 §7.28)."""

_DIGEST_DIGITS = 10
_UID_DIGITS = frozenset({8, 14})
_HEX = frozenset("0123456789abcdefABCDEF")


def shortened(id_token: IdToken, longest: int) -> str:
    """Return what is told of a card where only `longest` characters fit.

    An eMAID loses the separators that it does not need (ISO 15118-2 annex H). Anything else that is too long keeps its
    beginning, by which people recognise it, and gets a digest of the whole for the rest: `FLEET-CAR-7d9f0c2b41`. Merely
    cut off, two cards of one series would be billed as one. It is what has to be enrolled at such a backend.
    """
    value = id_token.value.strip()
    if len(value) > longest and id_token.type is IdTokenType.EMAID:
        value = value.replace("*", "").replace("-", "")
    if len(value) <= longest:
        return value
    digest = hashlib.sha256(id_token.key.encode(errors="replace")).hexdigest()[:_DIGEST_DIGITS].upper()
    return f"{value[: longest - _DIGEST_DIGITS - 1]}-{digest}"


def id_tag(id_token: IdToken | None) -> str:
    """Return the idTag of 1.6."""
    return (shortened(id_token, LONGEST_ID_TAG) if id_token is not None else "") or NO_TAG


def id_token_of(id_token: IdToken, longest: int) -> dict[str, Any]:
    """Return the IdTokenType of 2.x."""
    value = shortened(id_token, longest)
    kind = IdTokenType.NO_AUTHORIZATION if not value else _kind(id_token, value)
    return {"idToken": "" if kind is IdTokenType.NO_AUTHORIZATION else value, "type": kind.value}


def _kind(id_token: IdToken, value: str) -> IdTokenType:
    """Return a type that strict backends take for this value.

    Cards from 1.6 chargers are all called ISO14443 here, and backends refuse that type for anything but the 8 or 14
    hex digits of a card's UID. What is none was given out by somebody: Central.
    """
    if id_token.type is IdTokenType.ISO14443 and not (len(value) in _UID_DIGITS and _HEX.issuperset(value)):
        return IdTokenType.CENTRAL
    return id_token.type
