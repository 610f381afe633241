"""What all entities share: where they live, and when they write."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import MAIN_CIRCUIT
from .devices import backend_device_info, charger_device_info, circuit_device_info, evse_device_info, site_device_info
from .engine.model.station import EvseKey
from .engine.site.site import Site
from .engine.site.state import EvseState, Listened, SiteState, StationState
from .runtime import OfflineEvseConfigEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Place[StateT: Listened]:
    """Where entities live: a connector, a charger, a circuit or the site, with its live state and its device."""

    site: Site
    state: StateT
    unique_id: str
    """First part of the unique ids of all entities here."""
    device_info: DeviceInfo | ChildDeviceInfo
    online: Callable[[], bool] = lambda: True
    """Whether what the state says is current."""
    charger: Callable[[], str] = str
    """Present name of the charger, for messages."""


@dataclass(frozen=True, kw_only=True)
class OfflineEvseEntityDescription[StateT: Listened](EntityDescription):
    """Describe an entity of a connector, a charger, a circuit or the site."""

    exists_fn: Callable[[StateT], bool] = lambda _: True
    """Whether there is anything to show yet. An entity that has existed once stays."""
    offline: bool = False
    """Whether it stays available without a connection, because it is ours to know."""


class OfflineEvseEntity[StateT: Listened, ShownT](Entity):
    """View of one value of the live state.

    It keeps nothing but what it showed last, in order to write only when that has changed: one message of a charger
    wakes all entities of a connector, and most of them have nothing new to say.
    """

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description: OfflineEvseEntityDescription[StateT]

    def __init__(self, place: Place[StateT], description: OfflineEvseEntityDescription[StateT]) -> None:
        """Place the view."""
        self.entity_description = description
        self._place = place
        self._attr_unique_id = f"{place.unique_id}_{description.key}"
        self._attr_device_info = place.device_info
        self._online = description.offline or place.online()
        self._shown = self._read()

    def _read(self) -> ShownT:
        """Return what there is to show now."""
        raise NotImplementedError

    @property
    def exists(self) -> bool:
        """Whether there is anything to show yet."""
        return self.entity_description.exists_fn(self._place.state)

    @property
    @override
    def available(self) -> bool:
        return self._online

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self._online = self.entity_description.offline or self._place.online()
        self._shown = self._read()
        self.async_on_remove(self._place.state.listen(self._on_change))

    @callback
    def _on_change(self) -> None:
        """Write if this view shows something else than before."""
        online = self.entity_description.offline or self._place.online()
        shown = self._read()
        if shown != self._shown or online is not self._online:
            self._online = online
            self._shown = shown
            self.async_write_ha_state()


@callback
def add_site_entities[DescriptionT](
    hass: HomeAssistant,
    entry: OfflineEvseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    view: Callable[[Place[SiteState], DescriptionT], OfflineEvseEntity[SiteState, Any]],
    descriptions: Iterable[DescriptionT],
) -> None:
    """Add the entities of the site."""
    site = entry.runtime_data.site
    place = Place(site=site, state=site.state, unique_id=entry.entry_id, device_info=site_device_info(entry))
    views = [view(place, description) for description in descriptions]
    _add_when_they_exist(hass, entry, async_add_entities, place, views)


@callback
def add_circuit_entities[DescriptionT](
    hass: HomeAssistant,
    entry: OfflineEvseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    view: Callable[[Place[SiteState], DescriptionT], OfflineEvseEntity[SiteState, Any]],
    descriptions_fn: Callable[[str], Iterable[DescriptionT]],
) -> None:
    """Add the entities of all circuits below the main fuse, now and whenever one is added.

    `descriptions_fn` is called with the id of the circuit.
    """
    site = entry.runtime_data.site

    @callback
    def add(circuit_id: str, subentry_id: str) -> None:
        if circuit_id == MAIN_CIRCUIT:
            return
        place = Place(
            site=site,
            state=site.state,
            unique_id=f"{entry.entry_id}_{circuit_id}",
            device_info=circuit_device_info(entry, entry.subentries[subentry_id]),
        )
        views = [view(place, description) for description in descriptions_fn(circuit_id)]
        _add_when_they_exist(hass, entry, async_add_entities, place, views, subentry_id)

    entry.async_on_unload(entry.runtime_data.add_circuit_listener(add))


@callback
def add_backend_entities[DescriptionT](
    hass: HomeAssistant,
    entry: OfflineEvseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    view: Callable[[Place[SiteState], DescriptionT], OfflineEvseEntity[SiteState, Any]],
    descriptions_fn: Callable[[str], Iterable[DescriptionT]],
) -> None:
    """Add the entities of all backends, now and whenever one is set up.

    `descriptions_fn` is called with the id of the backend, which is that of its subentry.
    """
    site = entry.runtime_data.site

    @callback
    def add(upstream_id: str) -> None:
        subentry = entry.subentries[upstream_id]
        place = Place(
            site=site,
            state=site.state,
            unique_id=f"{entry.entry_id}/backend/{upstream_id}",
            device_info=backend_device_info(hass, entry, subentry),
        )
        views = [view(place, description) for description in descriptions_fn(upstream_id)]
        _add_when_they_exist(hass, entry, async_add_entities, place, views, upstream_id)

    entry.async_on_unload(entry.runtime_data.backends.listen(add))


@callback
def add_charger_entities[DescriptionT](
    hass: HomeAssistant,
    entry: OfflineEvseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    view: Callable[[Place[StationState], DescriptionT], OfflineEvseEntity[StationState, Any]],
    descriptions: Iterable[DescriptionT],
) -> None:
    """Add the entities of all chargers, now and whenever one is adopted."""
    site = entry.runtime_data.site

    @callback
    def add(station_id: str, subentry_id: str) -> None:
        state = site.stations[station_id]
        place = Place(
            site=site,
            state=state,
            unique_id=f"{entry.entry_id}_{station_id}",
            device_info=charger_device_info(entry, entry.subentries[subentry_id]),
            online=lambda: state.connected,
            charger=lambda: entry.subentries[subentry_id].title,
        )
        views = [view(place, description) for description in descriptions]
        _add_when_they_exist(hass, entry, async_add_entities, place, views, subentry_id)

    entry.async_on_unload(entry.runtime_data.add_station_listener(add))


@callback
def add_connector_entities[DescriptionT](
    hass: HomeAssistant,
    entry: OfflineEvseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    view: Callable[[Place[EvseState], DescriptionT], OfflineEvseEntity[EvseState, Any]],
    descriptions: Iterable[DescriptionT],
) -> None:
    """Add the entities of all connectors, now and whenever a charger tells of one."""
    site = entry.runtime_data.site

    @callback
    def add(evse: EvseKey, subentry_id: str) -> None:
        state = site.evses[evse]
        place = Place(
            site=site,
            state=state,
            unique_id=f"{entry.entry_id}_{evse.station_id}/{evse.evse_id}",
            device_info=evse_device_info(hass, entry, evse),
            online=lambda: state.connected,
            charger=lambda: entry.subentries[subentry_id].title,
        )
        views = [view(place, description) for description in descriptions]
        _add_when_they_exist(hass, entry, async_add_entities, place, views, subentry_id)

    entry.async_on_unload(entry.runtime_data.add_evse_listener(add))


@callback
def _add_when_they_exist[StateT: Listened](
    hass: HomeAssistant,
    entry: OfflineEvseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    place: Place[StateT],
    views: list[OfflineEvseEntity[StateT, Any]],
    subentry_id: str | None = None,
) -> None:
    """Add what has something to show, or had before; the rest when its time comes.

    Whether a charger tells the battery's state of charge, for one, is only known once it does.
    """
    known = {there.unique_id for there in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    now = [view for view in views if view.exists or view.unique_id in known]
    later = [view for view in views if view not in now]
    async_add_entities(now, config_subentry_id=subentry_id)
    if not later:
        return

    @callback
    def add_found() -> None:
        if found := [view for view in later if view.exists]:
            later[:] = [view for view in later if view not in found]
            async_add_entities(found, config_subentry_id=subentry_id)

    entry.async_on_unload(place.state.listen(add_found))
