"""What was good and is no more: tokens, keys, and everything issued before a day."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Self

from .time_trust import LEEWAY


class Revocations:
    """Remembers a revoked token until it would have ended anyway, and a key for as long as is said."""

    def __init__(self) -> None:
        """Begin with nothing revoked."""
        self._tokens: dict[str, datetime] = {}
        self._keys: dict[str, datetime | None] = {}
        self.issued_after: datetime | None = None
        """Tokens issued before are no good, whatever they say."""

    def __len__(self) -> int:
        """How many tokens and keys are remembered."""
        return len(self._tokens) + len(self._keys)

    def revoke_token(self, jti: str, until: datetime) -> None:
        """Refuse the token with this number; `until` is when it ends by itself."""
        self._tokens[jti] = max(until, self._tokens.get(jti, until))

    def revoke_key(self, jkt: str, until: datetime | None = None) -> None:
        """Refuse the key with this thumbprint, with whatever token; None: for good."""
        known = self._keys.get(jkt, until)
        self._keys[jkt] = None if until is None or known is None else max(until, known)

    def restore_key(self, jkt: str) -> None:
        """Accept a key again."""
        self._keys.pop(jkt, None)

    def invalidate_before(self, at: datetime) -> None:
        """Refuse every token issued earlier. Never takes back a later day."""
        self.issued_after = at if self.issued_after is None else max(at, self.issued_after)

    def token_revoked(self, jti: str) -> bool:
        """Whether a token was revoked."""
        return jti in self._tokens

    def key_revoked(self, jkt: str) -> bool:
        """Whether a key was revoked."""
        return jkt in self._keys

    def forget_ended(self, now: datetime) -> None:
        """Drop what has ended by itself. Only for a time that is trusted."""
        ended = now - LEEWAY
        self._tokens = {jti: until for jti, until in self._tokens.items() if until > ended}
        self._keys = {jkt: until for jkt, until in self._keys.items() if until is None or until > ended}

    def dump(self) -> dict[str, Any]:
        """Return what is to be stored, as JSON has it."""
        return {
            "tokens": {jti: until.isoformat() for jti, until in self._tokens.items()},
            "keys": {jkt: until.isoformat() if until else None for jkt, until in self._keys.items()},
            "issued_after": self.issued_after.isoformat() if self.issued_after else None,
        }

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Take up what was stored."""
        revocations = cls()
        for jti, until in _items(stored.get("tokens")):
            revocations.revoke_token(jti, datetime.fromisoformat(until).astimezone(UTC))
        for jkt, until in _items(stored.get("keys")):
            revocations.revoke_key(jkt, datetime.fromisoformat(until).astimezone(UTC) if until else None)
        if issued_after := stored.get("issued_after"):
            revocations.invalidate_before(datetime.fromisoformat(issued_after).astimezone(UTC))
        return revocations


def _items(stored: Mapping[str, Any] | None) -> Iterable[tuple[str, Any]]:
    return stored.items() if stored else ()
