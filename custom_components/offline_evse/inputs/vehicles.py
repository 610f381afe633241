"""Cars as their own integrations know them: which is plugged in where, and how full it is.

A car is recognised by time: it says that it was plugged in when a cable came at exactly one connector. Where two could
be meant, none is. Nobody is let in by that.
"""

from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_ON
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..engine.model.credential import CredentialKind
from ..engine.model.failure import LedgerFullError, LedgerUnavailableError
from ..engine.model.station import EvseKey
from ..engine.site.goals.goal_state import CarTold
from ..engine.site.site import Site
from ..flows.goal_settings import renamed
from ..people.cars import OPTION_CARS, REFERENCE, Car, cars
from .goal_inputs import number

_LOGGER = logging.getLogger(__name__)

SOURCE: Final = "vehicle_integration"
CAR_LATE: Final = timedelta(minutes=10)
"""How much later than the charger a car may tell of its cable: most integrations ask every few minutes."""
CHARGER_LATE: Final = timedelta(minutes=1)
"""How much later than the car the charger may."""
PLUGGED_WORDS: Final = frozenset({STATE_ON, "true", "connected", "plugged", "plugged_in", "charging"})


class VehicleFeed:
    """Follows the cars of the options, and hands on what they tell."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site) -> None:
        """Begin with none."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._cars: tuple[Car, ...] = ()
        self._plugged_at: dict[str, datetime] = {}
        """When a car told that it had been plugged in, by its id; forgotten once it has a place."""
        self._cables: dict[EvseKey, datetime | None] = {}
        self._evses: dict[EvseKey, CALLBACK_TYPE] = {}
        self._unsubscribe: list[CALLBACK_TYPE] = []

    @callback
    def follow(self) -> None:
        """Take over the options as they are now."""
        wanted = cars(self._entry)
        if wanted != self._cars:
            while self._unsubscribe:
                self._unsubscribe.pop()()
            self._cars = wanted
            self._plugged_at = {car_id: at for car_id, at in self._plugged_at.items() if self._car(car_id) is not None}
            watched = {it for car in wanted for it in (car.plugged_entity, car.soc_entity) if it is not None}
            if watched:
                self._unsubscribe.append(async_track_state_change_event(self._hass, watched, self._changed))
                self._unsubscribe.append(
                    self._hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._registry_updated)
                )
        self._entry.async_create_task(self._hass, self._enrol(), "offline_evse cars")
        for key in tuple(self._evses):
            if key in self._site.evses:
                self._hand_on(key)
            else:
                self._evses.pop(key)()
                self._cables.pop(key, None)

    @callback
    def stop(self) -> None:
        """Listen no longer."""
        for end in (*self._unsubscribe, *self._evses.values()):
            end()
        self._unsubscribe.clear()
        self._evses.clear()

    @callback
    def evse_found(self, key: EvseKey) -> None:
        """Follow the cable of a connector."""
        evse = self._site.evses[key]
        if (before := self._evses.pop(key, None)) is not None:
            before()
        self._cables[key] = evse.plugged_at

        @callback
        def changed() -> None:
            came = evse.plugged_at is not None and evse.plugged_at != self._cables.get(key)
            self._cables[key] = evse.plugged_at
            if came:
                self._recognise()
            self._hand_on(key)

        self._evses[key] = evse.listen(changed)
        self._hand_on(key)

    async def _enrol(self) -> None:
        """Make what stands for cars in the record agree with the options."""
        wanted = {credential.key: credential for credential in (car.credential() for car in self._cars)}
        try:
            for known in self._site.cards():
                if known.kind is not CredentialKind.VEHICLE or not (known.key or "").startswith(REFERENCE):
                    continue
                if known.key not in wanted or wanted[known.key].id_token.key != known.id_token.key:
                    await self._site.remove_card(known.id_token)
            for credential in wanted.values():
                if self._site.credential(credential.id_token) != credential:
                    await self._site.enrol_card(credential)
        except (LedgerFullError, LedgerUnavailableError) as err:
            _LOGGER.warning("A car could not be recorded; it has no priority until the next change: %s", err)

    @callback
    def _changed(self, event: Event[Any]) -> None:
        """Hear what a car tells."""
        entity_id, new, old = event.data["entity_id"], event.data["new_state"], event.data["old_state"]
        for car in self._cars:
            if car.plugged_entity == entity_id and new is not None:
                was = old is not None and old.state.casefold() in PLUGGED_WORDS
                known_before = old is not None and old.state not in ("unknown", "unavailable")
                if new.state.casefold() not in PLUGGED_WORDS:
                    if new.state not in ("unknown", "unavailable"):
                        self._plugged_at.pop(car.car_id, None)
                elif not was and known_before:
                    # What comes back from being unavailable has been plugged in at nobody knows what time.
                    self._plugged_at[car.car_id] = dt_util.utcnow()
                    self._recognise()
        for key in tuple(self._evses):
            self._hand_on(key)

    @callback
    def _recognise(self) -> None:
        """Bring cars and cables together that came at one time, where there is no doubt."""
        taken = {evse.vehicle.id_token.key for evse in self._site.evses.values() if evse.vehicle is not None}
        waiting = {
            car.car_id: self._fitting(self._plugged_at[car.car_id])
            for car in self._cars
            if car.car_id in self._plugged_at and car.credential().id_token.key not in taken
        }
        for car_id, places in waiting.items():
            if len(places) != 1:
                continue
            (place,) = places
            if any(place in others for other, others in waiting.items() if other != car_id):
                continue
            car = self._car(car_id)
            if car is not None:
                self._plugged_at.pop(car_id)
                self._site.vehicle_seen(place, car.vehicle_id, SOURCE)

    def _fitting(self, told_at: datetime) -> frozenset[EvseKey]:
        """Find the connectors, without a car that is known, where a cable came at that time."""
        return frozenset(
            key
            for key, evse in self._site.evses.items()
            if evse.vehicle is None
            and evse.plugged_at is not None
            and told_at - CAR_LATE <= evse.plugged_at <= told_at + CHARGER_LATE
        )

    @callback
    def _hand_on(self, key: EvseKey) -> None:
        """Tell the engine of the car that was recognised at a connector."""
        evse = self._site.evses.get(key)
        if evse is None:
            return
        told: CarTold | None = None
        if evse.vehicle is not None:
            for car in self._cars:
                if car.credential().id_token.key == evse.vehicle.id_token.key:
                    state = self._hass.states.get(car.soc_entity) if car.soc_entity else None
                    told = CarTold(soc_percent=number(state), capacity_wh=car.capacity_wh, minimum_a=car.minimum_a)
        self._site.goals.car_reported(key, told)

    @callback
    def _registry_updated(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Follow an entity that is renamed."""
        if event.data["action"] != "update" or (old := event.data.get("old_entity_id")) is None:
            return
        if any(old in (car.plugged_entity, car.soc_entity) for car in self._cars):
            kept = renamed(self._entry.options.get(OPTION_CARS, {}), old, event.data["entity_id"])
            options = {**self._entry.options, OPTION_CARS: kept}
            self._hass.config_entries.async_update_entry(self._entry, options=options)

    def _car(self, car_id: str) -> Car | None:
        return next((car for car in self._cars if car.car_id == car_id), None)
