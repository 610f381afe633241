"""The grid operator's entities: a limit in W or kW, a relay, own generation; turned into the engine's lines."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import math
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN, UnitOfPower
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event, async_track_time_interval
from homeassistant.util.unit_conversion import PowerConverter

from ..engine.site.grid.desk import GridDesk
from ..grid_config import (
    CONF_ACTIVE_ENTITY,
    CONF_GENERATION_ENTITY,
    CONF_LIMIT_ENTITY,
    CONF_RELAY_ENTITY,
    LINE_LIMIT,
    LINE_RELAY,
    OPTION_GRID,
    GridSetUp,
    grid_options,
)

PULSE: Final = timedelta(seconds=15)
"""How often the entities are looked at, changed or not: an entity that is available is heard."""


class GridInputs:
    """Follows the entities that the grid operator speaks through.

    An entity that is unavailable is not heard; the engine takes the line for lost once that has lasted for the agreed
    time. One that is unknown is there, and states nothing.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, grid: GridDesk) -> None:
        """Prepare; nothing is listened to before `follow`."""
        self._hass = hass
        self._entry = entry
        self._grid = grid
        self._set_up: GridSetUp | None = None
        self._unsubscribe: list[CALLBACK_TYPE] = []

    @callback
    def follow(self) -> None:
        """Listen to the entities that the options name, and to no others."""
        set_up = GridSetUp.from_options(grid_options(self._entry))
        if set_up == self._set_up:
            return
        self.stop()
        self._set_up = set_up
        self._grid.follow(set_up.lines)
        if not set_up.entities:
            return
        self._unsubscribe = [
            async_track_state_change_event(self._hass, set_up.entities.values(), self._changed),
            async_track_time_interval(self._hass, self._pulse, PULSE, cancel_on_shutdown=True),
            self._hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._registry_updated),
        ]
        self._look()

    @callback
    def stop(self) -> None:
        """Listen no longer."""
        while self._unsubscribe:
            self._unsubscribe.pop()()
        self._set_up = None

    @callback
    def _changed(self, _: Event[EventStateChangedData]) -> None:
        self._look()

    @callback
    def _pulse(self, _: datetime) -> None:
        self._look()

    @callback
    def _look(self) -> None:
        """Hand on what the entities say now."""
        assert self._set_up is not None
        states = {field: self._hass.states.get(entity_id) for field, entity_id in self._set_up.entities.items()}
        self._look_at_limit(states)
        self._look_at_relay(states.get(CONF_RELAY_ENTITY))
        if (power_w := watts(states.get(CONF_GENERATION_ENTITY))) is not None:
            self._grid.setter.own_generation_reported(power_w)

    @callback
    def _look_at_limit(self, states: Mapping[str, State | None]) -> None:
        limit = states.get(CONF_LIMIT_ENTITY)
        if not _is_there(limit):
            return
        if CONF_ACTIVE_ENTITY in states:
            active = states[CONF_ACTIVE_ENTITY]
            if not _is_there(active):
                return
            if active is not None and active.state == STATE_OFF:
                self._grid.state(LINE_LIMIT, None)
                return
        if (limit_w := watts(limit)) is not None:
            self._grid.state(LINE_LIMIT, limit_w)
        else:
            self._grid.hear(LINE_LIMIT)

    @callback
    def _look_at_relay(self, relay: State | None) -> None:
        if not _is_there(relay) or relay is None:
            return
        if relay.state == STATE_ON:
            # A relay names no figure: what the law leaves is what remains.
            self._grid.state(LINE_RELAY, 0.0)
        elif relay.state == STATE_OFF:
            self._grid.state(LINE_RELAY, None)
        else:
            self._grid.hear(LINE_RELAY)

    @callback
    def _registry_updated(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Follow an entity that is renamed."""
        if event.data["action"] != "update" or (old := event.data.get("old_entity_id")) is None:
            return
        data = grid_options(self._entry)
        if old in data.values():
            new = event.data["entity_id"]
            renamed = {name: new if value == old else value for name, value in data.items()}
            options = {**self._entry.options, OPTION_GRID: renamed}
            self._hass.config_entries.async_update_entry(self._entry, options=options)


def watts(state: State | None) -> float | None:
    """Read a power in W; None for anything that is none."""
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return None
    try:
        value = float(state.state)
    except ValueError:
        return None
    unit = state.attributes.get("unit_of_measurement")
    if unit is not None:
        if unit not in PowerConverter.VALID_UNITS:
            return None
        value = PowerConverter.convert(value, unit, UnitOfPower.WATT)
    return value if math.isfinite(value) else None


def _is_there(state: State | None) -> bool:
    return state is not None and state.state != STATE_UNAVAILABLE
