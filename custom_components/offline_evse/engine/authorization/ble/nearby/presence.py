"""Presence: something is near that belongs to somebody, such as a phone or a beacon.

It can be copied by anyone nearby, so it is for homes, and counts only within rails: the phone is clearly nearest to the
charger into which a cable was just plugged, its owner has set hours and a daily limit, and an address that a phone has
given up is refused for good, because whoever recorded it can send it again.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
import hashlib

from ....model.credential import Credential, CredentialKind, Evidence, EvidenceLevel
from ..charger import Charger
from .proximity import PRESENCE_MARGIN_DB, Proximity

MOST_RETIRED = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceRules:
    """How near is near, and for how long a cable counts."""

    gate_dbm: float = -65.0
    margin_db: float = PRESENCE_MARGIN_DB
    samples: int = 3
    within_s: float = 10.0
    cable_s: float = 120.0


def presence_problems(credential: Credential) -> tuple[str, ...]:
    """Say what keeps a presence credential from counting: `kind`, `hours`, `day_wh`."""
    problems = []
    if credential.kind is not CredentialKind.PRESENCE or credential.key is None:
        problems.append("kind")
    if not credential.terms.hours:
        problems.append("hours")
    if credential.terms.day_wh is None:
        problems.append("day_wh")
    return tuple(problems)


class RetiredAddresses:
    """Hashes of the addresses that a phone has given up, newest last; at most 4,096, which is six weeks of a phone."""

    def __init__(self, stored: Iterable[str] = (), current: str | None = None) -> None:
        """Begin with what was stored."""
        self._hashes: dict[str, None] = dict.fromkeys(stored)
        self.current = current
        """Hash of the address in use, to be stored too."""

    def refuses(self, address: str) -> bool:
        """Take in an address that the phone's key resolves; whether it was given up before."""
        digest = hashlib.sha256(address.casefold().encode()).hexdigest()[:16]
        if digest in self._hashes:
            return True
        if self.current is not None and digest != self.current:
            self._hashes[self.current] = None
            while len(self._hashes) > MOST_RETIRED:
                del self._hashes[next(iter(self._hashes))]
        self.current = digest
        return False

    def dump(self) -> list[str]:
        """Return the hashes that are to be stored."""
        return list(self._hashes)


@dataclass(slots=True)
class _Watched:
    credential: Credential
    retired: RetiredAddresses | None
    near: deque[tuple[float, Charger]] = field(default_factory=deque)


class PresenceGuard:
    """Watches presence credentials, and makes evidence of one where all rails hold. Once per plugging in."""

    def __init__(self, proximity: Proximity, rules: PresenceRules | None = None) -> None:
        """Judge nearness by `proximity`, which must hear the same packets first."""
        self._proximity = proximity
        self._rules = rules or PresenceRules()
        self._watched: dict[str, _Watched] = {}
        self._plugged_s: dict[Charger, float] = {}

    def watch(self, credential: Credential, retired: RetiredAddresses | None = None) -> None:
        """Watch for a credential, known by its `key`. Raises ValueError where a rail is missing.

        `retired` is for phones with changing addresses; it stays the caller's to store.
        """
        if problems := presence_problems(credential):
            raise ValueError(f"Presence without {', '.join(problems)}")
        self._watched[str(credential.key)] = _Watched(credential, retired)

    def forget(self, reference: str) -> None:
        """Watch for it no more."""
        self._watched.pop(reference, None)

    def cable(self, charger: Charger, now: datetime, at_s: float) -> Evidence | None:
        """A cable was plugged in. Returns evidence where somebody is near enough already."""
        self._plugged_s[charger] = at_s
        for watched in self._watched.values():
            if (evidence := self._evidence(watched, charger, now, at_s)) is not None:
                return evidence
        return None

    def unplugged(self, charger: Charger) -> None:
        """The cable is out again."""
        self._plugged_s.pop(charger, None)

    def heard(self, reference: str, address: str, now: datetime, at_s: float) -> Evidence | None:
        """Take in a packet of a watched credential. Returns evidence where all rails hold now."""
        watched = self._watched.get(reference)
        if watched is None or (watched.retired is not None and watched.retired.refuses(address)):
            return None
        nearest = self._proximity.nearest(address, at_s)
        near = watched.near
        if nearest is not None and nearest.rssi_dbm >= self._rules.gate_dbm and nearest.clear(self._rules.margin_db):
            near.append((at_s, nearest.charger))
            while len(near) > self._rules.samples:
                near.popleft()
            return self._evidence(watched, nearest.charger, now, at_s)
        near.clear()
        return None

    def _evidence(self, watched: _Watched, charger: Charger, now: datetime, at_s: float) -> Evidence | None:
        rules = self._rules
        plugged_s = self._plugged_s.get(charger)
        if plugged_s is None or not 0 <= at_s - plugged_s <= rules.cable_s:
            return None
        fresh = [heard_s for heard_s, where in watched.near if where == charger and at_s - heard_s <= rules.within_s]
        if len(fresh) < rules.samples:
            return None
        del self._plugged_s[charger]
        return Evidence(
            id_token=watched.credential.id_token,
            level=EvidenceLevel.PRESENCE,
            station_id=charger.station_id,
            evse_id=charger.evse_id,
            seen_at=now,
            source="presence",
            detail=f"{len(fresh)} times in {rules.within_s:.0f} s, cable {at_s - plugged_s:.0f} s ago",
        )
