"""Who advertises, for those who share a secret with them: eight bytes that change every quarter of an hour.

Outsiders cannot tell that two of them belong together. The site computes what every credential says now, said before
and will say next, so that an advertisement costs one look into a table.
"""

from collections.abc import Mapping
import hashlib
import hmac

EPOCH_S = 900
_AROUND = (-1, 0, 1)


def rolling_id(secret: bytes, unix_s: float) -> bytes:
    """Return what a holder advertises at a time."""
    return _of_epoch(secret, int(unix_s // EPOCH_S))


def _of_epoch(secret: bytes, epoch: int) -> bytes:
    return hmac.digest(secret, max(0, epoch).to_bytes(8), hashlib.sha256)[:8]


class RollingIds:
    """The ids of all credentials that may charge now. Whoever was revoked or has expired is simply not among them."""

    def __init__(self, secrets: Mapping[str, bytes] | None = None) -> None:
        """Begin with these secrets, by the thumbprint of the holder's key."""
        self._secrets: dict[str, bytes] = dict(secrets or {})
        self._epochs: dict[int, dict[bytes, str]] = {}
        self._table: dict[bytes, str] = {}
        self._table_epoch: int | None = None

    def set_secrets(self, secrets: Mapping[str, bytes]) -> None:
        """Replace all secrets."""
        self._secrets = dict(secrets)
        self._epochs.clear()
        self._table_epoch = None

    def find(self, advertised: bytes, now_s: float) -> str | None:
        """Return whose id it is now, give or take a quarter of an hour; None: nobody's. `now_s` is Unix time."""
        epoch = int(now_s // EPOCH_S)
        if epoch != self._table_epoch:
            self._turn(epoch)
        return self._table.get(advertised)

    def _turn(self, epoch: int) -> None:
        wanted = {epoch + offset for offset in _AROUND}
        for old in self._epochs.keys() - wanted:
            del self._epochs[old]
        for new in wanted - self._epochs.keys():
            self._epochs[new] = {_of_epoch(secret, new): jkt for jkt, secret in self._secrets.items()}
        self._table = {each: jkt for ids in self._epochs.values() for each, jkt in ids.items()}
        self._table_epoch = epoch
