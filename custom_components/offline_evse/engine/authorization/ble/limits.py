"""How often anybody may try: connections are slots of a radio that others need, and guesses cost them time.

An address that fails three times is left alone for ten minutes; the site makes at most ten connections a minute; and
each radio deals with one holder at a time.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

FAILURES = 3
IGNORED_S = 600.0
CONNECTIONS = 10
PER_S = 60.0
MOST_ADDRESSES = 1024


class ConnectRefusal(StrEnum):
    """Why nobody connects now."""

    IGNORED = "ignored"
    """The address has failed too often."""
    TOO_MANY = "too_many"
    """The site has connected too often within the minute."""
    BUSY = "busy"
    """The radio is with another holder."""


@dataclass(slots=True)
class _Failures:
    count: int
    last_s: float


class ConnectLimits:
    """Counts connections and failures. Remembers at most 1,024 addresses, the longest unheard forgotten first."""

    def __init__(self) -> None:
        """Begin with nobody counted."""
        self._failures: dict[str, _Failures] = {}
        self._begun_s: deque[float] = deque()
        self._busy: dict[str, str] = {}

    @property
    def remembered(self) -> int:
        """How many addresses are remembered."""
        return len(self._failures)

    def ignored(self, address: str, at_s: float) -> bool:
        """Whether an address is left alone."""
        failed = self._failures.get(address)
        if failed is not None and at_s - failed.last_s >= IGNORED_S:
            del self._failures[address]
            return False
        return failed is not None and failed.count >= FAILURES

    def begin(self, address: str, source: str, at_s: float) -> ConnectRefusal | None:
        """Count a connection to an address through a radio, or say why there must be none."""
        if self.ignored(address, at_s):
            return ConnectRefusal.IGNORED
        if source in self._busy:
            return ConnectRefusal.BUSY
        while self._begun_s and at_s - self._begun_s[0] >= PER_S:
            self._begun_s.popleft()
        if len(self._begun_s) >= CONNECTIONS:
            return ConnectRefusal.TOO_MANY
        self._begun_s.append(at_s)
        self._busy[source] = address
        return None

    def end(self, address: str, source: str, at_s: float, *, failed: bool | None) -> None:
        """Free the radio, and count a failure or forget those before; None does neither: the radio is to blame."""
        if self._busy.get(source) == address:
            del self._busy[source]
        if failed is None:
            return
        known = self._failures.pop(address, None)
        if not failed:
            return
        count = known.count + 1 if known is not None and at_s - known.last_s < IGNORED_S else 1
        if len(self._failures) >= MOST_ADDRESSES:
            del self._failures[next(iter(self._failures))]
        self._failures[address] = _Failures(count, at_s)
