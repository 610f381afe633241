"""What stations taught us over time: kept, so that a restart does not make us try it all again."""

from ..csms.central_system import CentralSystem
from ..model.clock import Clock, Timer
from .background import Background
from .memory import SiteMemory
from .register import SiteRegister

LOOK_EVERY_S = 60.0


class Learned:
    """Looks now and then at what the central system has learned, keeps it and shows the oddities it met."""

    def __init__(
        self, register: SiteRegister, csms: CentralSystem, memory: SiteMemory, clock: Clock, background: Background
    ) -> None:
        """Keep what `csms` learns in `memory`."""
        self._register = register
        self._csms = csms
        self._memory = memory
        self._clock = clock
        self._background = background
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin to look."""
        self._timer = self._clock.call_later(LOOK_EVERY_S, self._look)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def restore(self, station_id: str) -> None:
        """Give back what a station taught us before a restart."""
        if kept := self._memory.mapping(_fact(station_id)):
            self._csms.remember(station_id, kept)

    def _look(self) -> None:
        self._timer = self._clock.call_later(LOOK_EVERY_S, self._look)
        self._background.run(self._keep(), "memory of what stations taught us")

    async def _keep(self) -> None:
        for station in tuple(self._register.stations.values()):
            if not station.connected:
                continue
            oddities = dict(self._csms.oddities(station.station_id))
            if oddities != station.oddities:
                station.oddities = oddities
                station.changed()
            await self._memory.keep(_fact(station.station_id), self._csms.memory(station.station_id))


def _fact(station_id: str) -> str:
    return f"learned/{station_id}"
