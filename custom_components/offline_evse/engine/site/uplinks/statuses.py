"""What backends are told of the chargers themselves: how each EVSE stands."""

from collections.abc import Callable
from functools import partial

from ...model.station import EvseStatus
from ..announcement import Announcement, EvseFound
from ..register import SiteRegister
from ..state import EvseState

type Status = tuple[EvseStatus, str | None]


class StatusWatch:
    """Tells once whenever the status of an EVSE is another one than before."""

    def __init__(self, register: SiteRegister) -> None:
        """Listen to nothing before somebody wants to know."""
        self._register = register
        self._audience: list[Callable[[str], None]] = []
        self._seen: dict[str, dict[int, Status]] = {}
        self._unlisten: dict[int, Callable[[], None]] = {}
        self._unhear: Callable[[], None] | None = None

    def of(self, station_id: str) -> dict[int, Status]:
        """Return status and error code of every EVSE; one of a charger that was never here counts, too."""
        known = self._register.of_station(station_id)
        if not known:
            return {1: (EvseStatus.UNAVAILABLE, None)}
        return {evse.key.evse_id: _status(evse) for evse in known}

    def listen(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with a station id after a change; returns the call that ends it."""
        self._audience.append(callback)
        if self._unhear is None:
            self._unhear = self._register.announce_to(self._heard)
            for evse in tuple(self._register.evses.values()):
                self._follow(evse)

        def end() -> None:
            if callback in self._audience:
                self._audience.remove(callback)
            if not self._audience:
                self.close()

        return end

    def close(self) -> None:
        """Listen to nothing any more."""
        self._audience.clear()
        if self._unhear is not None:
            self._unhear()
            self._unhear = None
        for unlisten in self._unlisten.values():
            unlisten()
        self._unlisten.clear()
        self._seen.clear()

    def _heard(self, news: Announcement) -> None:
        if isinstance(news, EvseFound) and (evse := self._register.evses.get(news.evse)) is not None:
            self._follow(evse)
            self._look(news.evse.station_id)

    def _follow(self, evse: EvseState) -> None:
        self._seen.setdefault(evse.key.station_id, self.of(evse.key.station_id))
        if id(evse) not in self._unlisten:
            # The state that is listened to is held by what ends the listening, so its id stays its own.
            self._unlisten[id(evse)] = evse.listen(partial(self._look, evse.key.station_id))

    def _look(self, station_id: str) -> None:
        now = self.of(station_id)
        if self._seen.get(station_id) == now:
            return
        self._seen[station_id] = now
        for callback in tuple(self._audience):
            callback(station_id)


def _status(evse: EvseState) -> Status:
    """Return what a charger would say of it; one that cannot be seen, or has not said anything, is not available."""
    if not evse.connected or evse.status is None:
        return EvseStatus.UNAVAILABLE, None
    return evse.status, evse.error_code
