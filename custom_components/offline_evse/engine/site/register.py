"""Who belongs to the site: its stations and EVSEs, their set-up and their live state."""

from collections.abc import Callable

from ..model.circuit import EvsePlacement, SiteLayout
from ..model.phases import Wiring
from ..model.station import EvseKey
from .announcement import Announcement, EvseFound
from .config import SiteConfig, StationConfig
from .state import EvseState, SiteState, StationState, Stranger


class SiteRegister:
    """The live states of everything adopted, and the news about them."""

    def __init__(self, config: SiteConfig) -> None:
        """Begin with the given set-up."""
        self.state = SiteState()
        self.stations: dict[str, StationState] = {}
        self.evses: dict[EvseKey, EvseState] = {}
        self.configs: dict[str, StationConfig] = {}
        self._audience: list[Callable[[Announcement], None]] = []
        self.wiring_of: Callable[[EvseKey, StationConfig], Wiring] = lambda _, config: config.wiring
        """The wiring to reckon with, where more is known than what was set up."""
        self.config = config
        self.configure(config)

    def configure(self, config: SiteConfig) -> tuple[frozenset[str], frozenset[str]]:
        """Take over a changed set-up; returns the stations that were added and those that were removed."""
        before = self.configs
        self.config = config
        self.configs = {station.station_id: station for station in config.stations}
        added = self.configs.keys() - before.keys()
        removed = before.keys() - self.configs.keys()
        for station_id in removed:
            self.stations.pop(station_id, None)
            for key in [key for key in self.evses if key.station_id == station_id]:
                del self.evses[key]
        for station_id in added:
            self.stations[station_id] = _welcome(station_id, self.state.strangers.pop(station_id, None))
        for evse in self.evses.values():
            self._fit(evse)
            evse.changed()
        self.state.layout = {circuit.circuit_id: circuit for circuit in config.circuits}
        self.state.changed()
        return frozenset(added), frozenset(removed)

    def evse(self, key: EvseKey) -> EvseState | None:
        """Return the state of an EVSE, met for the first time or not; None unless its station is adopted."""
        if (known := self.evses.get(key)) is not None:
            return known
        station = self.stations.get(key.station_id)
        if station is None or key.evse_id < 1:
            return None
        found = self.evses[key] = EvseState(key)
        found.connected = station.connected
        self._fit(found)
        station.evse_ids = tuple(sorted((*station.evse_ids, key.evse_id)))
        station.changed()
        self.announce(EvseFound(key))
        return found

    def of_station(self, station_id: str) -> list[EvseState]:
        """Return the EVSEs of a station that have been met."""
        station = self.stations.get(station_id)
        return [self.evses[EvseKey(station_id, evse_id)] for evse_id in station.evse_ids] if station else []

    def layout(self) -> SiteLayout:
        """Return the fuse tree with every EVSE that has been met."""
        placements = []
        for key in sorted(self.evses):
            config = self.configs[key.station_id]
            placements.append(
                EvsePlacement(
                    evse=key,
                    circuit_id=config.circuit_id,
                    wiring=self.wiring_of(key, config),
                    minimum_a=config.minimum_a,
                    maximum_a=config.maximum_a,
                    safe_a=config.safe_a,
                    priority=config.priority,
                    weight=config.weight,
                    hardware_a=config.hardware_a,
                    unseen_a=config.unseen_a,
                    can_switch_phases=config.can_switch_phases,
                )
            )
        return SiteLayout(circuits=self.config.circuits, placements=tuple(placements))

    def count_power(self) -> None:
        """Bring the charging power of the site up to date with its EVSEs."""
        power_w = sum(evse.power_w or 0.0 for evse in self.evses.values() if evse.connected)
        if self.state.charging_power_w != power_w:
            self.state.charging_power_w = power_w
            self.state.changed()

    def announce_to(self, callback: Callable[[Announcement], None]) -> Callable[[], None]:
        """Tell `callback` of everything that happens once; returns the call that ends it."""
        self._audience.append(callback)
        return lambda: self._audience.remove(callback)

    def announce(self, news: Announcement) -> None:
        """Tell everybody who wants to hear."""
        for callback in tuple(self._audience):
            callback(news)

    def _fit(self, evse: EvseState) -> None:
        config = self.configs[evse.key.station_id]
        evse.minimum_a = config.minimum_a
        evse.maximum_a = config.maximum_a
        evse.terminals = len(config.wiring)
        if evse.limit_a is not None:
            evse.limit_a = min(evse.limit_a, config.maximum_a)


def _welcome(station_id: str, stranger: Stranger | None) -> StationState:
    """Take a station in, with what is known of it if it stands at the door."""
    station = StationState(station_id)
    if stranger is not None:
        station.connected = True
        station.connected_since = station.last_seen = stranger.first_seen
        station.version = stranger.version
        station.remote = stranger.remote
        station.identity = stranger.identity
    return station
