"""Guests who have shown their pass on the page, and have not left since."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
import secrets
from typing import Final

VISIT_S: Final = 2 * 3600.0
"""How long a visit lasts after its last request. A phone that charges overnight shows its pass again."""
MOST_VISITS: Final = 4096
MOST_OF_A_PASS: Final = 8
"""A family's phones; whoever is pushed out shows the pass again."""


@dataclass(slots=True)
class Visit:
    """One browser of a guest."""

    pass_id: str
    since: datetime
    """From when on the sessions of the pass are shown to it."""
    until_s: float


class Visits:
    """Keeps visits in memory, by the hash of their token: whoever reads the memory cannot become a guest by it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin without visitors; `clock` returns monotonic seconds."""
        self._clock = clock
        self._visits: OrderedDict[bytes, Visit] = OrderedDict()

    def begin(self, pass_id: str, since: datetime) -> str:
        """Let a guest in; returns the token that the browser shows from now on."""
        token = secrets.token_urlsafe(32)
        mine = [name for name, visit in self._visits.items() if visit.pass_id == pass_id]
        for name in mine[: max(0, len(mine) - MOST_OF_A_PASS + 1)]:
            del self._visits[name]
        while len(self._visits) >= MOST_VISITS:
            self._visits.popitem(last=False)
        self._visits[_name(token)] = Visit(pass_id, since, self._clock() + VISIT_S)
        return token

    def find(self, token: str | None) -> Visit | None:
        """Return the visit of a token, and let it last longer; None where there is none, or not any longer."""
        if not token:
            return None
        name = _name(token)
        visit = self._visits.get(name)
        if visit is None:
            return None
        now_s = self._clock()
        if visit.until_s <= now_s:
            del self._visits[name]
            return None
        visit.until_s = now_s + VISIT_S
        self._visits.move_to_end(name)
        return visit

    def end(self, token: str | None) -> None:
        """Forget a visit."""
        if token:
            self._visits.pop(_name(token), None)

    def end_all(self) -> None:
        """Forget everybody."""
        self._visits.clear()


def _name(token: str) -> bytes:
    return sha256(token.encode()).digest()
