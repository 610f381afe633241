"""What the central system needs from whoever runs the site."""

from typing import Protocol

from ..model.station import OcppVersion
from ..model.station_event import StationAnswer, StationEvent


class StationHandler(Protocol):
    """The other end of every charger's conversation."""

    def is_adopted(self, station_id: str) -> bool:
        """Whether the station belongs to the site. Others may introduce themselves, and nothing more."""

    def password(self, station_id: str) -> str | None:
        """The HTTP Basic password the station must give; None: none is asked for."""

    async def handle(self, station_id: str, event: StationEvent) -> StationAnswer:
        """Take in what a station says; returns only when it is durable, as far as it has to be."""

    def station_connected(self, station_id: str, version: OcppVersion, remote: str) -> None:
        """A socket is open (again), and the newest one counts. `remote` is its IP address."""

    def station_disconnected(self, station_id: str) -> None:
        """The station's only socket is gone. Not called when a newer one has taken over."""

    async def station_ready(self, station_id: str) -> None:
        """The station has introduced itself and told its status; limits may be sent now, before configuration."""

    def clock_moved(self, station_id: str) -> None:
        """The station's clock is off by something else than was thought: its limits have to be sent anew."""

    def connection_refused(self, station_id: str, reason: str) -> None:
        """A socket was refused: `wrong_password`, `duplicate`, `too_many_strangers`."""
