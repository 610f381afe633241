"""Codes that people type and secrets that links carry."""

import secrets

ALPHABET = "34679ACDEFGHJKMNPQRTUVWXY"
"""25 letters and digits of which no two look or sound the same: no 0/O, 1/I/L, 2/Z, 5/S, 8/B."""
SHORTEST, LONGEST = 6, 8
_LINK_BYTES = 18
_HANDLE = "abcdefghijklmnopqrstuvwxyz234567"

RARITY = 1_000_000
"""There are at least this many codes for each that opens something."""


def code_length(live_count: int) -> int:
    """Return how long a code has to be so that nobody hits one of so many by chance."""
    length = SHORTEST
    while length < LONGEST and len(ALPHABET) ** length < RARITY * (live_count + 1):
        length += 1
    return length


def new_code(live_count: int) -> str:
    """Make a code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(code_length(live_count)))


def new_link_secret() -> str:
    """Make what a link carries: 144 bits, URL-safe."""
    return secrets.token_urlsafe(_LINK_BYTES)


def new_handle() -> str:
    """Make the number of a pass: what chargers are told of it, 20 characters as OCPP 1.6 allows, 85 bits."""
    return "gst" + "".join(secrets.choice(_HANDLE) for _ in range(17))


def as_typed(text: str) -> str | None:
    """Return a code as it was issued, however it was typed; None where it can be none."""
    typed = "".join(letter for letter in text.upper() if letter not in " -.\t\n")
    if not SHORTEST <= len(typed) <= LONGEST or any(letter not in ALPHABET for letter in typed):
        return None
    return typed
