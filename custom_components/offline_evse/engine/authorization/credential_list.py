"""Everything that is enrolled, found by what a charger reports of it, or by its key."""

from collections.abc import Iterable, Iterator
from hmac import compare_digest

from ..model.credential import Credential
from ..model.id_token import IdToken


class CredentialList:
    """Enrolled credentials. Letter case and blanks around a number make no difference (OCPP CiString)."""

    def __init__(self, credentials: Iterable[Credential] = ()) -> None:
        """Begin with what was enrolled before."""
        self._by_token: dict[str, Credential] = {}
        self._by_secret: dict[str, Credential] = {}
        for credential in credentials:
            self.enrol(credential)

    def __iter__(self) -> Iterator[Credential]:
        """All of them, by holder."""
        return iter(sorted(self._by_token.values(), key=lambda known: (known.name.casefold(), known.id_token.key)))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._by_token)

    def find(self, id_token: IdToken) -> Credential | None:
        """Return the credential with this number, if it is enrolled."""
        return self._by_token.get(id_token.key)

    def by_key(self, key: str) -> Credential | None:
        """Return the credential with this public key, button or tracker."""
        return next((known for known in self._by_token.values() if known.key == key), None)

    def by_secret(self, secret_hash: str) -> Credential | None:
        """Return the pass whose code or link is hashed so."""
        found = self._by_secret.get(secret_hash)
        if found is None:
            return None
        hashes = (found.code_hash or "", found.link_hash or "")
        return found if any(compare_digest(secret_hash, known) for known in hashes) else None

    def enrol(self, credential: Credential) -> None:
        """Enrol a credential, or replace what was known of it."""
        self.remove(credential.id_token)
        self._by_token[credential.id_token.key] = credential
        for secret in (credential.code_hash, credential.link_hash):
            if secret is not None:
                self._by_secret[secret] = credential

    def remove(self, id_token: IdToken) -> Credential | None:
        """Forget a credential; returns what was known of it."""
        known = self._by_token.pop(id_token.key, None)
        if known is not None:
            for secret in (known.code_hash, known.link_hash):
                if secret is not None:
                    self._by_secret.pop(secret, None)
        return known
