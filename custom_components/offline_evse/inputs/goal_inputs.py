"""What goals are told by: entities of the house, handed to the engine in its own units.

An entity that is unavailable hands on that nobody knows; what follows from that is the engine's to say.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
import logging
import math
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN, UnitOfPower
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
    async_track_time_interval,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import PowerConverter

from ..engine.model.goal import PriceSlot
from ..engine.site.site import Site
from ..flows.goal_settings import (
    CONF_BATTERY_POWER,
    CONF_BATTERY_SIGN,
    CONF_BATTERY_SOC,
    CONF_GRID_POWER,
    CONF_MONTH_PEAK,
    CONF_PRICE,
    CONF_QUARTER,
    GOAL_HOURS,
    GOAL_PEAK,
    GOAL_PRICES,
    GOAL_SOLAR,
    GOAL_VEHICLES,
    SIGN_DISCHARGING,
    goal_entities,
    renamed,
    section,
)
from .price_shapes import price_of, slots_of, slots_of_answer

_LOGGER = logging.getLogger(__name__)

ASK_AGAIN: Final = timedelta(minutes=30)
"""How often prices are asked for that are told by an action only."""

_PER_MWH: Final = Decimal("0.001")
_MWH: Final = "/MWh"


class GoalInputs:
    """Listens to the entities that are chosen in the options, and to no others."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site) -> None:
        """Begin without any."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._entities: dict[tuple[str, str], str] = {}
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._battery: tuple[float | None, float | None] = (None, None)

    @callback
    def follow(self) -> None:
        """Take over the options as they are now."""
        wanted = goal_entities(self._entry)
        if wanted != self._entities:
            self.stop()
            self._entities = wanted
            watched = set(wanted.values())
            if watched:
                self._unsubscribe.append(async_track_state_change_event(self._hass, watched, self._changed))
                self._unsubscribe.append(
                    self._hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._registry_updated)
                )
            if power := {it for (_, field), it in wanted.items() if field in (CONF_GRID_POWER, CONF_QUARTER)}:
                # An unchanged power is news too: its age says whether it is still true.
                self._unsubscribe.append(async_track_state_report_event(self._hass, power, self._changed))
            if (GOAL_PRICES, CONF_PRICE) in wanted:
                self._unsubscribe.append(async_track_time_interval(self._hass, self._ask_on_time, ASK_AGAIN))
        for place, entity_id in wanted.items():
            self._hand_on(place, self._hass.states.get(entity_id))

    @callback
    def stop(self) -> None:
        """Listen no longer."""
        for end in self._unsubscribe:
            end()
        self._unsubscribe.clear()
        self._entities = {}

    @callback
    def _changed(self, event: Event[Any]) -> None:
        entity_id: str = event.data["entity_id"]
        for place, chosen in self._entities.items():
            if chosen == entity_id:
                self._hand_on(place, event.data["new_state"])

    @callback
    def _registry_updated(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Follow an entity that is renamed."""
        if event.data["action"] != "update" or (old := event.data.get("old_entity_id")) is None:
            return
        if old in self._entities.values():
            options = renamed(self._entry.options, old, event.data["entity_id"])
            self._hass.config_entries.async_update_entry(self._entry, options=options)

    @callback
    def _hand_on(self, place: tuple[str, str], state: State | None) -> None:
        """Tell the engine what an entity says."""
        goals = self._site.goals
        match place:
            case (_, name) if name == CONF_GRID_POWER:
                goals.grid_power_reported(watts(state))
            case (goal, name) if goal == GOAL_SOLAR and name in (CONF_BATTERY_POWER, CONF_BATTERY_SOC):
                self._battery_changed(name, state)
            case (goal, name) if goal == GOAL_PRICES and name == CONF_PRICE:
                self._price_changed(state)
            case (goal, _) if goal == GOAL_PRICES:
                goals.hours_reported(None if not _known(state) else state is not None and state.state == STATE_ON)
            case (goal, name) if goal == GOAL_PEAK and (power_w := watts(state)) is not None:
                tell: dict[str, Callable[[float], None]] = {
                    CONF_QUARTER: goals.quarter_reported,
                    CONF_MONTH_PEAK: goals.month_peak_reported,
                }
                tell[name](power_w)
            case (goal, circuit_id) if goal == GOAL_HOURS:
                # Nobody knows: limited, because that is what does no harm.
                free = state is not None and _known(state) and state.state != STATE_ON
                goals.circuit_hours_reported(circuit_id, limited=not free)
            case (goal, station_id) if goal == GOAL_VEHICLES:
                goals.vehicle_reported(station_id, number(state))

    @callback
    def _battery_changed(self, name: str, state: State | None) -> None:
        power_w, soc = self._battery
        if name == CONF_BATTERY_POWER:
            power_w = watts(state)
            if power_w is not None and section(self._entry, GOAL_SOLAR).get(CONF_BATTERY_SIGN) == SIGN_DISCHARGING:
                power_w = -power_w
        else:
            soc = number(state)
        self._battery = (power_w, soc)
        self._site.goals.battery_reported(power_w, soc)

    @callback
    def _price_changed(self, state: State | None) -> None:
        """Take the slots of a price entity; where it has none, its state, and ask its integration for more."""
        scale = per_kwh(state)
        slots: tuple[PriceSlot, ...] = ()
        price: Decimal | None = None
        if state is not None:
            slots = slots_of(state.attributes, dt_util.start_of_local_day(), scale)
            price = price_of(state.state)
        self._site.goals.price_reported(None if price is None else price * scale)
        if slots:
            self._site.goals.prices_reported(slots)
        else:
            self._ask()

    @callback
    def _ask_on_time(self, _: datetime) -> None:
        entity_id = self._entities[GOAL_PRICES, CONF_PRICE]
        self._price_changed(self._hass.states.get(entity_id))

    @callback
    def _ask(self) -> None:
        """Ask the integration of the price entity, where it answers by an action only."""
        registered = er.async_get(self._hass).async_get(self._entities.get((GOAL_PRICES, CONF_PRICE), ""))
        if registered is None or registered.config_entry_id is None:
            return
        asking = self._questions(registered.platform, registered.config_entry_id)
        if asking:
            self._entry.async_create_background_task(
                self._hass, self._answers(registered.platform, asking), "offline_evse prices"
            )

    def _questions(self, platform: str, entry_id: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the actions that tell today's and tomorrow's prices, with their data."""
        today = dt_util.start_of_local_day()
        tomorrow = today + timedelta(days=1)
        until = (today + timedelta(days=2)).isoformat()
        match platform:
            case "nordpool":
                days = (today.date().isoformat(), tomorrow.date().isoformat())
                return [("get_prices_for_date", {"config_entry": entry_id, "date": day}) for day in days]
            case "tibber":
                return [("get_prices", {"start": today.isoformat(), "end": until})]
            case "energyzero":
                data = {"config_entry": entry_id, "incl_vat": True, "start": today.isoformat(), "end": until}
                return [("get_energy_prices", data)]
            case "easyenergy":
                data = {"config_entry": entry_id, "incl_vat": True, "start": today.isoformat(), "end": until}
                return [("get_energy_usage_prices", data)]
            case "amberelectric":
                return [("get_forecasts", {"config_entry_id": entry_id, "channel_type": "general"})]
        return []

    async def _answers(self, platform: str, asking: list[tuple[str, dict[str, Any]]]) -> None:
        scale = _PER_MWH if platform == "nordpool" else Decimal(1)
        slots: tuple[PriceSlot, ...] = ()
        for action, data in asking:
            if not self._hass.services.has_service(platform, action):
                continue
            try:
                answer = await self._hass.services.async_call(
                    platform, action, data, blocking=True, return_response=True
                )
            except HomeAssistantError as err:
                # Tomorrow's prices are not out before the afternoon.
                _LOGGER.debug("%s.%s told no prices: %s", platform, action, err)
                continue
            slots += slots_of_answer(answer, dt_util.start_of_local_day(), scale)
        if slots:
            self._site.goals.prices_reported(slots)


def number(state: State | None) -> float | None:
    """Read a number; None where nobody knows."""
    if state is None or not _known(state):
        return None
    try:
        value = float(state.state)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def watts(state: State | None) -> float | None:
    """Read a power in W; None where nobody knows, or the unit is none of power."""
    value = number(state)
    if value is None or state is None:
        return None
    unit = state.attributes.get("unit_of_measurement", UnitOfPower.WATT)
    return PowerConverter.convert(value, unit, UnitOfPower.WATT) if unit in PowerConverter.VALID_UNITS else None


def per_kwh(state: State | None) -> Decimal:
    """Return by what a price becomes one per kWh."""
    unit = "" if state is None else str(state.attributes.get("unit_of_measurement", ""))
    return _PER_MWH if unit.endswith(_MWH) else Decimal(1)


def _known(state: State | None) -> bool:
    return state is not None and state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
