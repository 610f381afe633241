"""The one place where the engine and Home Assistant are wired together."""

from collections.abc import Callable
import logging

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_PORT, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback

from .backends.desk import BackendDesk
from .bluetooth_switch import BluetoothSwitch
from .const import CONF_CIRCUIT_ID, CONF_STATION_ID, SUBENTRY_CHARGER, SUBENTRY_CIRCUIT
from .devices import note_identity, register_charger, register_evse, register_site, rename_circuit
from .discovery import discover_stranger, dismiss_adopted
from .engine.model.clock import SystemClock
from .engine.model.failure import LayoutError
from .engine.model.station import EvseKey, StationIdentity
from .engine.site.announcement import (
    Announcement,
    DuplicateRefused,
    EvseFound,
    LimitIgnored,
    PasswordRefused,
    StrangerAppeared,
)
from .engine.site.site import Site
from .exports.desk import ExportDesk
from .guest.desk import GuestDesk
from .inputs.goal_inputs import GoalInputs
from .inputs.grid_inputs import GridInputs
from .inputs.meter import MeterFeed
from .inputs.meter_rename import follow_renames
from .inputs.openadr import OpenAdrFeed
from .inputs.vehicles import VehicleFeed
from .issues.backend_issues import BackendIssues
from .issues.commissioning_issues import CommissioningIssues
from .issues.newcomers import Newcomers
from .issues.site_issues import SiteIssues
from .site_config import meter_set_ups, site_config

_LOGGER = logging.getLogger(__name__)

type StationListener = Callable[[str, str], None]
"""Called with a station id and the id of its subentry."""
type EvseListener = Callable[[EvseKey, str], None]
"""Called with an EVSE and the id of its charger's subentry."""
type CircuitListener = Callable[[str, str], None]
"""Called with a circuit id and the id of its subentry."""

type OfflineEvseConfigEntry = ConfigEntry[EvseRuntime]


class EvseRuntime:
    """A running site, as the platforms find it in `entry.runtime_data`."""

    __slots__ = (
        "_backend_issues",
        "_chargers",
        "_circuit_listeners",
        "_circuits",
        "_closed",
        "_commissioning_issues",
        "_entry",
        "_evse_listeners",
        "_evses",
        "_goals",
        "_grid",
        "_hass",
        "_issues",
        "_meters",
        "_openadr",
        "_port",
        "_station_listeners",
        "_stations",
        "_unsubscribe",
        "_vehicles",
        "backends",
        "bluetooth",
        "exports",
        "guests",
        "newcomers",
        "site",
    )

    def __init__(self, hass: HomeAssistant, entry: OfflineEvseConfigEntry, site: Site) -> None:
        """Take a site that is open; nothing is listened to before `start`."""
        self._hass = hass
        self._entry = entry
        self.site = site
        self._stations: dict[str, str] = {}
        self._circuits: dict[str, str] = {}
        self._evses: dict[EvseKey, str] = {}
        self._station_listeners: list[StationListener] = []
        self._circuit_listeners: list[CircuitListener] = []
        self._evse_listeners: list[EvseListener] = []
        self._meters = MeterFeed(hass, site.meter_reported, site.meter_changed)
        self._goals = GoalInputs(hass, entry, site)
        self._grid = GridInputs(hass, entry, site.grid)
        self._openadr = OpenAdrFeed(hass, entry, site.grid)
        self._vehicles = VehicleFeed(hass, entry, site)
        self.guests = GuestDesk(hass, entry, site)
        self.exports = ExportDesk(hass, entry, site)
        self.backends = BackendDesk(hass, entry, site)
        self.bluetooth = BluetoothSwitch(hass, entry, site, SystemClock())
        """Off for most sites."""
        self._chargers: dict[str, CALLBACK_TYPE] = {}
        self._issues = SiteIssues(hass, entry, site)
        self._commissioning_issues = CommissioningIssues(hass, entry, site)
        self._backend_issues = BackendIssues(hass, entry, site, self.backends)
        self.newcomers = Newcomers(hass, entry, site)
        """Cards that nobody knows."""
        self._port: int = entry.data[CONF_PORT]
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._closed = False

    @callback
    def start(self) -> None:
        """Listen to the site and to the meters."""
        self._unsubscribe.append(self.site.announce_to(self._announced))
        self._unsubscribe.append(follow_renames(self._hass, self._entry))
        self._unsubscribe.append(self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self.close))
        self._issues.start()
        self._commissioning_issues.start()
        self._backend_issues.start()
        self.newcomers.start()
        self._follow_set_up()
        self._unsubscribe.append(self._entry.async_on_state_change(self._show_strangers))

    async def close(self, event: Event | None = None) -> None:
        """Stop listening and close the site: on unload, and when Home Assistant stops, which unloads nothing."""
        if self._closed:
            return
        self._closed = True
        self._meters.stop()
        self._goals.stop()
        self._grid.stop()
        self._openadr.stop()
        self._vehicles.stop()
        self.guests.stop()
        await self.exports.stop()
        await self.bluetooth.stop()
        await self.backends.stop()
        self._issues.stop(forget=event is None)
        self._commissioning_issues.stop(forget=event is None)
        self._backend_issues.stop(forget=event is None)
        self.newcomers.stop(forget=event is None)
        for subscription in (*self._chargers.values(), *self._unsubscribe):
            subscription()
        self._chargers.clear()
        self._unsubscribe.clear()
        await self.site.close()

    async def set_up_changed(self) -> None:
        """Take over the entry and its subentries as they are now, without dropping a socket."""
        try:
            self.site.configure(site_config(self._entry))
        except LayoutError as err:
            self._issues.bad_layout(err)
            return
        self._issues.good_layout()
        self._follow_set_up()
        dismiss_adopted(self._hass, self._stations)
        port: int = self._entry.data[CONF_PORT]
        if port == self._port:
            self._issues.port_free()
            return
        try:
            await self.site.listen_on(port)
        except OSError as err:
            self._issues.port_taken(port, err)
        else:
            self._port = port
            self._issues.port_free()

    @callback
    def add_station_listener(self, listener: StationListener) -> CALLBACK_TYPE:
        """Call `listener` for every charger of the site, now and later; returns the call that ends it."""
        for station_id, subentry_id in tuple(self._stations.items()):
            listener(station_id, subentry_id)
        return _subscribe(self._station_listeners, listener)

    @callback
    def add_evse_listener(self, listener: EvseListener) -> CALLBACK_TYPE:
        """Call `listener` for every connector of the site, now and later; returns the call that ends it."""
        for evse, subentry_id in tuple(self._evses.items()):
            listener(evse, subentry_id)
        return _subscribe(self._evse_listeners, listener)

    @callback
    def add_circuit_listener(self, listener: CircuitListener) -> CALLBACK_TYPE:
        """Call `listener` for every circuit of the site, now and later; returns the call that ends it."""
        for circuit_id, subentry_id in tuple(self._circuits.items()):
            listener(circuit_id, subentry_id)
        return _subscribe(self._circuit_listeners, listener)

    @callback
    def _follow_set_up(self) -> None:
        """Make devices, listeners and meters agree with the subentries."""
        entry = self._entry
        register_site(self._hass, entry)
        circuits = {
            subentry.data[CONF_CIRCUIT_ID]: subentry for subentry in entry.get_subentries_of_type(SUBENTRY_CIRCUIT)
        }
        chargers = {
            subentry.data[CONF_STATION_ID]: subentry for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGER)
        }
        self._circuits = _still_there(self._circuits, circuits)
        self._stations = _still_there(self._stations, chargers)
        self._evses = {evse: there for evse, there in self._evses.items() if evse.station_id in self._stations}
        for circuit_id, subentry in circuits.items():
            rename_circuit(self._hass, entry, subentry)
            if circuit_id not in self._circuits:
                self._circuits[circuit_id] = subentry.subentry_id
                _tell(self._circuit_listeners, circuit_id, subentry.subentry_id)
        for station_id in self._chargers.keys() - self._stations.keys():
            self._chargers.pop(station_id)()
        for station_id, subentry in chargers.items():
            register_charger(self._hass, entry, subentry)
            if station_id not in self._chargers:
                self._chargers[station_id] = self._follow_charger(station_id)
            if station_id not in self._stations:
                self._stations[station_id] = subentry.subentry_id
                _tell(self._station_listeners, station_id, subentry.subentry_id)
        for evse in tuple(self.site.evses):
            self._evse_found(evse)
        self._meters.follow(meter_set_ups(entry))
        self._goals.follow()
        self._grid.follow()
        self._openadr.follow()
        self._vehicles.follow()
        self.guests.follow()
        self.exports.follow()
        self.bluetooth.follow()
        self.backends.follow()
        self._backend_issues.look()
        self._issues.set_up_changed()
        self.newcomers.set_up_changed()

    @callback
    def _follow_charger(self, station_id: str) -> CALLBACK_TYPE:
        """Keep a charger's device up to date with what the charger says of itself; log when it comes and goes."""
        station = self.site.stations[station_id]
        identity = StationIdentity()
        connected = False

        @callback
        def note() -> None:
            nonlocal identity, connected
            if station.identity != identity:
                identity = station.identity
                note_identity(self._hass, self._entry, station_id, identity)
            if station.connected is not connected:
                connected = station.connected
                _LOGGER.info("Charger %s has %s", station_id, "connected" if connected else "gone offline")
            self._issues.self_tested(station_id)

        note()
        return station.listen(note)

    @callback
    def _evse_found(self, evse: EvseKey) -> None:
        """Register a connector and tell the platforms, once."""
        subentry_id = self._stations.get(evse.station_id)
        if subentry_id is None or evse in self._evses:
            return
        register_evse(self._hass, self._entry, self._entry.subentries[subentry_id], evse)
        self._evses[evse] = subentry_id
        self._vehicles.evse_found(evse)
        _tell(self._evse_listeners, evse, subentry_id)

    @callback
    def _show_strangers(self) -> None:
        """Show a card for every charger at the door; called when the state of the entry changes."""
        for stranger in self.site.state.strangers.values():
            self._show_stranger(stranger.station_id, stranger.identity)

    @callback
    def _show_stranger(self, station_id: str, identity: StationIdentity) -> None:
        """Show a card for a charger. Whoever dials in before the set-up is through gets it when it is."""
        if self._entry.state is ConfigEntryState.LOADED:
            discover_stranger(self._hass, station_id, identity)

    @callback
    def _announced(self, announcement: Announcement) -> None:
        """Follow what happens at the site."""
        match announcement:
            case EvseFound(evse):
                self._evse_found(evse)
            case StrangerAppeared(station_id, identity):
                self._show_stranger(station_id, identity)
            case DuplicateRefused(station_id):
                self._commissioning_issues.duplicate_station(station_id)
            case PasswordRefused(station_id):
                self._issues.password_refused(station_id)
            case LimitIgnored(evse, escalation):
                self._issues.limit_ignored(evse, escalation)


def _subscribe[T](listeners: list[T], listener: T) -> CALLBACK_TYPE:
    """Keep a listener until the returned call."""
    listeners.append(listener)
    return lambda: listeners.remove(listener)


def _tell[**P](listeners: list[Callable[P, None]], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call every listener, those included that leave meanwhile."""
    for listener in tuple(listeners):
        listener(*args, **kwargs)


def _still_there(known: dict[str, str], present: dict[str, ConfigSubentry]) -> dict[str, str]:
    """Keep what is still there, under the same subentry."""
    return {
        name: subentry_id
        for name, subentry_id in known.items()
        if name in present and present[name].subentry_id == subentry_id
    }
