"""What stations taught us over time: kept, so that a restart does not make us try it all again."""

from ..csms.central_system import CentralSystem
from ..model.clock import Clock, Timer
from ..model.station import StationIdentity
from .background import Background
from .memory import SiteMemory
from .register import SiteRegister
from .state import StationState

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

    def introduced(self, station: StationState) -> None:
        """A station has told who it is: what others of its model and firmware taught us need not be tried again.

        A station that has taught us something itself keeps to that, as long as its firmware is the same.
        """
        fact = _model_fact(station.identity)
        if fact is not None and (kept := self._memory.mapping(fact)):
            self._csms.remember_model(station.station_id, kept)

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
            if (fact := _model_fact(station.identity)) is not None:
                known = self._memory.mapping(fact)
                if (better := self._csms.model_memory(station.station_id, known)) != known:
                    await self._memory.keep(fact, better)


def _fact(station_id: str) -> str:
    return f"learned/{station_id}"


def _model_fact(identity: StationIdentity) -> str | None:
    """The place for what stations of one model and firmware have in common; None while it is not known which."""
    names = (identity.vendor, identity.model, identity.firmware_version)
    if not all(names):
        return None
    return "/".join(("model", *((name or "").replace("/", "_") for name in names)))
