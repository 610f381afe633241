"""A charger as holders know it."""

from dataclasses import dataclass
import hashlib


@dataclass(frozen=True, slots=True)
class Charger:
    """Where somebody stands: a station, or one EVSE of it."""

    station_id: str
    evse_id: int | None = None
    """None: whichever EVSE of the station a car is plugged into."""

    @property
    def charger_id(self) -> bytes:
        """Eight bytes that stand for it in challenges."""
        evse = b"" if self.evse_id is None else b"\0" + str(self.evse_id).encode()
        return hashlib.sha256(b"offline-evse/charger\0" + self.station_id.encode() + evse).digest()[:8]

    @property
    def names(self) -> frozenset[str]:
        """What a token may call it: the station's name, or the eight bytes in hexadecimal."""
        return frozenset((self.station_id, self.charger_id.hex()))
