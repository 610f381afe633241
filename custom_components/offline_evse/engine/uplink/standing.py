"""How the sockets of a charger stand, as one backend has been told over one connection."""

from ..model.station import EvseStatus, OcppVersion
from ..model.upstream.site import Grounds

STATION = 0
"""The EVSE that stands for the whole charger."""
_SHARED = (EvseStatus.UNAVAILABLE, EvseStatus.FAULTED)

type Standing = tuple[EvseStatus, str | None]
"""Status and error code."""


class Standings:
    """Remembers what was told, and what was asked for."""

    def __init__(self, station_id: str, grounds: Grounds, version: OcppVersion) -> None:
        """Begin with nothing told."""
        self._station_id = station_id
        self._grounds = grounds
        self._version = version
        self._told: dict[int, Standing] = {}
        self._wanted: set[int] = set()

    def now(self) -> dict[int, Standing]:
        """Return what is to be known of every EVSE, in 1.6 of the charger as a whole, too."""
        standings = dict(self._grounds.statuses(self._station_id))
        if self._version is OcppVersion.V16 and standings:
            alike = {status for status, _ in standings.values()}
            whole = next((status for status in _SHARED if alike == {status}), EvseStatus.AVAILABLE)
            standings[STATION] = (whole, None)
        return standings

    def want(self, evse_id: int | None) -> None:
        """Tell the standing of one EVSE, or of all, whether it has changed or not."""
        self._wanted |= set(self.now()) if evse_id is None else {evse_id}

    def take(self, *, changed: bool) -> tuple[int, Standing] | None:
        """Return the next that is to be told; `changed`: also where nobody has asked. None: there is none."""
        now = self.now()
        self._wanted &= set(now)
        due = set(self._wanted)
        if changed:
            due |= {evse_id for evse_id, standing in now.items() if self._told.get(evse_id) != standing}
        if not due:
            return None
        evse_id = min(due)
        self._wanted.discard(evse_id)
        return evse_id, now[evse_id]

    def ended(self, evse_id: int, standing: Standing, *, heard: bool) -> None:
        """Take in whether the backend has heard it."""
        if heard:
            self._told[evse_id] = standing
        else:
            self._wanted.add(evse_id)
