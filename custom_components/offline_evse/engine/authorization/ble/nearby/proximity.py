"""Which charger somebody is at, by how strongly each charger's radios hear them.

Bluetooth's own choice of a path says nothing of where a device is, so every packet of every radio counts here. A signal
strength can be faked by whoever has an antenna: it chooses among chargers and lets nobody charge.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..charger import Charger

SAMPLE_AGE_S = 5.0
PRESENCE_MARGIN_DB = 8.0
MOST_ADDRESSES = 1024
_WEIGHT = 0.3
"""Of the newest sample in the moving average."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The charger that hears somebody best."""

    charger: Charger
    rssi_dbm: float
    """Moving average of the radio that hears best."""
    margin_db: float | None
    """How much better than at the next charger; None where no other charger hears them."""
    source: str
    """The radio that hears best."""

    def clear(self, margin_db: float) -> bool:
        """Whether the charger is nearer than all others by a margin."""
        return self.margin_db is None or self.margin_db >= margin_db

    @property
    def detail(self) -> str:
        """For the record of a decision."""
        margin = "" if self.margin_db is None else f", {self.margin_db:.0f} dB before the next"
        return f"{self.rssi_dbm:.0f} dBm{margin}"


class Proximity:
    """Moving averages per address and radio. Of at most 1,024 addresses; the longest unheard are forgotten first."""

    def __init__(self, sources: Mapping[str, Charger] | None = None) -> None:
        """Begin with the radios that hang at chargers; others are not heard."""
        self._sources = dict(sources or {})
        self._heard: dict[str, dict[str, tuple[float, float]]] = {}

    def assign(self, sources: Mapping[str, Charger]) -> None:
        """Say which radio hangs at which charger. What was heard is forgotten."""
        self._sources = dict(sources)
        self._heard.clear()

    @property
    def addresses(self) -> int:
        """How many addresses are remembered."""
        return len(self._heard)

    @property
    def several_chargers(self) -> bool:
        """Whether there is another charger that somebody could be nearer to."""
        return len(set(self._sources.values())) > 1

    def heard(self, address: str, source: str, rssi_dbm: float, at_s: float) -> None:
        """Take in a packet; `at_s` is when the radio heard it, in monotonic time."""
        if source not in self._sources or not -127 <= rssi_dbm <= 20:
            return
        by_source = self._heard.get(address)
        if by_source is None:
            if len(self._heard) >= MOST_ADDRESSES:
                self._forget(at_s)
            by_source = self._heard[address] = {}
        known = by_source.get(source)
        if known is None or at_s - known[1] > SAMPLE_AGE_S:
            by_source[source] = (rssi_dbm, at_s)
        elif at_s >= known[1]:
            by_source[source] = (known[0] + _WEIGHT * (rssi_dbm - known[0]), at_s)

    def nearest(self, address: str, at_s: float) -> Nearest | None:
        """Return the charger that hears an address best, by what was heard within 5 s; None: nobody hears it."""
        best: dict[Charger, tuple[float, str]] = {}
        for source, (rssi_dbm, heard_s) in self._heard.get(address, {}).items():
            if at_s - heard_s > SAMPLE_AGE_S:
                continue
            charger = self._sources[source]
            if charger not in best or rssi_dbm > best[charger][0]:
                best[charger] = (rssi_dbm, source)
        if not best:
            return None
        ranked = sorted(best.items(), key=lambda item: item[1][0], reverse=True)
        charger, (rssi_dbm, source) = ranked[0]
        margin_db = rssi_dbm - ranked[1][1][0] if len(ranked) > 1 else None
        return Nearest(charger, rssi_dbm, margin_db, source)

    def _forget(self, at_s: float) -> None:
        """Make room: all that nobody hears any more, or else the tenth that was heard longest ago."""
        last_s = {
            address: max(heard_s for _, heard_s in by_source.values()) for address, by_source in self._heard.items()
        }
        stale = [address for address, heard_s in last_s.items() if at_s - heard_s > SAMPLE_AGE_S]
        for address in stale or sorted(last_s, key=last_s.__getitem__)[: MOST_ADDRESSES // 10]:
            del self._heard[address]
