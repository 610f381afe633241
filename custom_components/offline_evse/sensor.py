"""Sensors: what chargers measure, what sessions add up to, and what the balancing allows and why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .descriptions.backends import backend_sensors, backends_in_words
from .descriptions.explanation import explanation_sensors, outlook_sensors
from .descriptions.exports import EXPORT_SENSORS
from .descriptions.goals import PLAN, SITE_GOAL_SENSORS
from .descriptions.grid import GRID_SENSORS
from .descriptions.people import ALLOWANCE_SENSORS, people_sensors
from .descriptions.sensors import (
    CHARGER_SENSORS,
    CONNECTED_CHARGERS,
    CONNECTOR_SENSORS,
    SESSION_DURATION,
    SITE_SENSORS,
    OfflineEvseSensorDescription,
    circuit_sensors,
)
from .engine.site.state import EvseState, Listened, SiteState
from .entity import (
    OfflineEvseEntity,
    Place,
    add_backend_entities,
    add_charger_entities,
    add_circuit_entities,
    add_connector_entities,
    add_site_entities,
)
from .runtime import EvseRuntime, OfflineEvseConfigEntry
from .sentences import Sentences

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: OfflineEvseConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors."""
    runtime = entry.runtime_data

    def count(place: Place[SiteState], description: OfflineEvseSensorDescription[SiteState]) -> ConnectedChargersSensor:
        return ConnectedChargersSensor(place, description, runtime)

    add_site_entities(hass, entry, async_add_entities, OfflineEvseSensor, SITE_SENSORS)
    add_site_entities(hass, entry, async_add_entities, count, (CONNECTED_CHARGERS,))
    add_site_entities(hass, entry, async_add_entities, OfflineEvseSensor, SITE_GOAL_SENSORS)
    add_site_entities(hass, entry, async_add_entities, OfflineEvseSensor, EXPORT_SENSORS)
    add_site_entities(hass, entry, async_add_entities, OfflineEvseSensor, GRID_SENSORS)
    add_backend_entities(hass, entry, async_add_entities, OfflineEvseSensor, backend_sensors)
    add_circuit_entities(hass, entry, async_add_entities, OfflineEvseSensor, circuit_sensors)
    add_charger_entities(hass, entry, async_add_entities, OfflineEvseSensor, CHARGER_SENSORS)
    add_connector_entities(hass, entry, async_add_entities, OfflineEvseSensor, CONNECTOR_SENSORS)
    add_connector_entities(hass, entry, async_add_entities, SessionDurationSensor, (SESSION_DURATION,))
    add_connector_entities(hass, entry, async_add_entities, PlanSensor, (PLAN,))
    add_connector_entities(hass, entry, async_add_entities, OfflineEvseSensor, ALLOWANCE_SENSORS)
    add_site_entities(hass, entry, async_add_entities, OfflineEvseSensor, people_sensors(hass.config.currency))
    sentences = Sentences(hass)
    add_site_entities(hass, entry, async_add_entities, OfflineEvseSensor, outlook_sensors(sentences))
    add_site_entities(hass, entry, async_add_entities, OfflineEvseSensor, backends_in_words(sentences))
    add_connector_entities(hass, entry, async_add_entities, OfflineEvseSensor, explanation_sensors(sentences))


class ShownValue(NamedTuple):
    """What a sensor shows."""

    value: StateType | datetime
    attributes: Mapping[str, Any] | None
    last_reset: datetime | None


class OfflineEvseSensor[StateT: Listened](OfflineEvseEntity[StateT, ShownValue], SensorEntity):
    """View of a value."""

    entity_description: OfflineEvseSensorDescription[StateT]
    _unrecorded_attributes = frozenset({"sentence", "kinds", "lines"})

    @override
    def _read(self) -> ShownValue:
        description, site, state = self.entity_description, self._place.site, self._place.state
        return ShownValue(
            description.value_fn(site, state),
            None if description.attributes_fn is None else description.attributes_fn(site, state),
            None if description.last_reset_fn is None else description.last_reset_fn(state),
        )

    @property
    @override
    def native_value(self) -> StateType | datetime:
        return self._shown.value

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return self._shown.attributes

    @property
    @override
    def last_reset(self) -> datetime | None:
        return self._shown.last_reset


class PlanSensor(OfflineEvseSensor[EvseState]):
    """View of the plan for a departure; there is one as soon as there is something to plan by."""

    _unrecorded_attributes = frozenset({"slots"})

    @property
    @override
    def exists(self) -> bool:
        return self._place.site.goals.has_modes


class SessionDurationSensor(OfflineEvseSensor[EvseState]):
    """View of how long the session has been going on; the only value that changes by itself.

    While a session runs, a timer wakes it at each of the session's full minutes.
    """

    _cancel_timer: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self._stop_timer)
        self._keep_timer()

    @callback
    @override
    def _on_change(self) -> None:
        super()._on_change()
        self._keep_timer()

    @callback
    def _keep_timer(self) -> None:
        """Have a timer while a session runs, and none otherwise."""
        state = self._place.state
        if not state.has_transaction or state.transaction is None:
            self._stop_timer()
        elif self._cancel_timer is None:
            elapsed_s = (dt_util.utcnow() - state.transaction.started_at).total_seconds()
            self._cancel_timer = async_call_later(self.hass, 60 - elapsed_s % 60, self._minute_passed)

    @callback
    def _minute_passed(self, _: datetime) -> None:
        self._cancel_timer = None
        self._on_change()

    @callback
    def _stop_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None


class ConnectedChargersSensor(OfflineEvseSensor[SiteState]):
    """View of how many chargers are connected: the only value of the site that chargers tell, each for itself."""

    def __init__(
        self,
        place: Place[SiteState],
        description: OfflineEvseSensorDescription[SiteState],
        runtime: EvseRuntime,
    ) -> None:
        """Place the view."""
        super().__init__(place, description)
        self._runtime = runtime

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self._runtime.add_station_listener(self._follow))

    @callback
    def _follow(self, station_id: str, _: str) -> None:
        """Count a charger in."""
        self.async_on_remove(self._place.site.stations[station_id].listen(self._on_change))
        self._on_change()
