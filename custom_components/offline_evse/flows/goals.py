"""The options: sun, battery, prices, peak, hours of circuits and cars. Nothing here is needed to charge."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import PERCENTAGE, UnitOfElectricCurrent, UnitOfEnergy, UnitOfPower, UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..const import CONF_CIRCUIT, CONF_CIRCUIT_ID, CONF_STATION_ID, SUBENTRY_CHARGER, SUBENTRY_CIRCUIT
from .goal_settings import (
    CONF_BATTERY_FIRST_BELOW,
    CONF_BATTERY_MOST,
    CONF_BATTERY_POWER,
    CONF_BATTERY_SIGN,
    CONF_BATTERY_SOC,
    CONF_CAPACITY,
    CONF_ENABLED,
    CONF_GRID_POWER,
    CONF_HOURS,
    CONF_LIMIT_CURRENT,
    CONF_LIMIT_KW,
    CONF_MONTH_PEAK,
    CONF_PRICE,
    CONF_PRICE_LIMIT,
    CONF_QUARTER,
    CONF_SOLAR_RESERVE,
    CONF_START_AFTER,
    CONF_STOP_AFTER,
    CONF_TARGET,
    CONF_VEHICLE_SOC,
    DEFAULT_TARGET_KW,
    GOAL_HOURS,
    GOAL_PEAK,
    GOAL_PRICES,
    GOAL_SOLAR,
    GOAL_VEHICLES,
    SIGN_CHARGING,
    SIGN_DISCHARGING,
    section,
)

CONF_STATION: Final = "station"
SWITCHES: Final = ("schedule", "input_boolean", "binary_sensor", "switch", "calendar")
"""Entities that are on for a while."""


GOAL_STEPS: Final = ("solar", "prices", "peak", "hours", "vehicle")
"""What the menu offers."""


class GoalsFlow(OptionsFlow):
    """Asks for one goal at a time; each can be changed and left without the others."""

    _thing = ""
    """Circuit or charger that is being asked about."""

    async def async_step_solar(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for sun and battery."""
        schema = vol.Schema(
            {
                vol.Required(CONF_ENABLED, default=True): BooleanSelector(),
                vol.Optional(CONF_GRID_POWER): _sensor("power"),
                vol.Optional(CONF_BATTERY_POWER): _sensor("power"),
                vol.Required(CONF_BATTERY_SIGN, default=SIGN_CHARGING): _choice(
                    [SIGN_CHARGING, SIGN_DISCHARGING], "battery_sign"
                ),
                vol.Optional(CONF_BATTERY_SOC): _sensor("battery"),
                vol.Required(CONF_BATTERY_FIRST_BELOW, default=80): _number(0, 100, 1, PERCENTAGE),
                vol.Optional(CONF_BATTERY_MOST): _number(0, 1000, 0.1, UnitOfPower.KILO_WATT),
                vol.Required(CONF_SOLAR_RESERVE, default=0): _number(-10_000, 10_000, 10, UnitOfPower.WATT),
                vol.Required(CONF_START_AFTER, default=60): _number(0, 3600, 1, UnitOfTime.SECONDS),
                vol.Required(CONF_STOP_AFTER, default=180): _number(0, 3600, 1, UnitOfTime.SECONDS),
            }
        )
        return self._goal(GOAL_SOLAR, "solar", schema, user_input)

    async def async_step_prices(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for prices and hours of scheduled charging."""
        schema = vol.Schema(
            {
                vol.Optional(CONF_PRICE): EntitySelector(
                    EntitySelectorConfig(domain=["sensor", "event", "input_number"])
                ),
                vol.Optional(CONF_PRICE_LIMIT): _number(-1000, 1000, 0.001),
                vol.Optional(CONF_HOURS): _switch(),
            }
        )
        return self._goal(GOAL_PRICES, "prices", schema, user_input)

    async def async_step_peak(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the capacity tariff."""
        schema = vol.Schema(
            {
                vol.Required(CONF_ENABLED, default=True): BooleanSelector(),
                vol.Required(CONF_TARGET, default=DEFAULT_TARGET_KW): _number(1, 10_000, 0.1, UnitOfPower.KILO_WATT),
                vol.Optional(CONF_GRID_POWER): _sensor("power"),
                vol.Optional(CONF_QUARTER): _sensor("power"),
                vol.Optional(CONF_MONTH_PEAK): _sensor("power"),
            }
        )
        return self._goal(GOAL_PEAK, "peak", schema, user_input)

    async def async_step_hours(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which circuit is limited at times."""
        names = self._names(SUBENTRY_CIRCUIT, CONF_CIRCUIT_ID)
        if user_input is not None or len(names) == 1:
            self._thing = user_input[CONF_CIRCUIT] if user_input else next(iter(names))
            return await self.async_step_circuit_hours()
        return self.async_show_form(step_id="hours", data_schema=_named(CONF_CIRCUIT, names), last_step=False)

    async def async_step_circuit_hours(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask when a circuit is limited, and to what."""
        schema = vol.Schema(
            {
                vol.Optional(CONF_HOURS): _switch(),
                vol.Optional(CONF_LIMIT_CURRENT): _number(0, 1000, 0.1, UnitOfElectricCurrent.AMPERE),
                vol.Optional(CONF_LIMIT_KW): _number(0, 10_000, 0.1, UnitOfPower.KILO_WATT),
            }
        )
        errors: dict[str, str] = {}
        if user_input is not None and user_input.get(CONF_HOURS):
            if user_input.get(CONF_LIMIT_CURRENT) is None and user_input.get(CONF_LIMIT_KW) is None:
                errors["base"] = "limit_needed"
        name = self._names(SUBENTRY_CIRCUIT, CONF_CIRCUIT_ID).get(self._thing, "")
        return self._per_thing(GOAL_HOURS, "circuit_hours", CONF_HOURS, schema, user_input, name, errors)

    async def async_step_vehicle(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask at which charger the car usually hangs."""
        names = self._names(SUBENTRY_CHARGER, CONF_STATION_ID)
        if not names:
            return self.async_abort(reason="no_chargers")
        if user_input is not None or len(names) == 1:
            self._thing = user_input[CONF_STATION] if user_input else next(iter(names))
            return await self.async_step_car()
        return self.async_show_form(step_id="vehicle", data_schema=_named(CONF_STATION, names), last_step=False)

    async def async_step_car(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the battery of the car."""
        schema = vol.Schema(
            {
                vol.Optional(CONF_CAPACITY): _number(1, 1000, 0.1, UnitOfEnergy.KILO_WATT_HOUR),
                vol.Optional(CONF_VEHICLE_SOC): _sensor("battery"),
            }
        )
        name = self._names(SUBENTRY_CHARGER, CONF_STATION_ID).get(self._thing, "")
        return self._per_thing(GOAL_VEHICLES, "car", CONF_CAPACITY, schema, user_input, name, {})

    def _goal(self, goal: str, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show the form of a goal, or keep what was filled in."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, goal: user_input})
        suggested = section(self.config_entry, goal)
        return self.async_show_form(step_id=step_id, data_schema=self.add_suggested_values_to_schema(schema, suggested))

    def _per_thing(
        self,
        goal: str,
        step_id: str,
        key: str,
        schema: vol.Schema,
        user_input: dict[str, Any] | None,
        name: str,
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        """Show the form for one circuit or charger, or keep what was filled in; without `key`, forget it."""
        kept = section(self.config_entry, goal)
        if user_input is not None and not errors:
            kept.pop(self._thing, None)
            if user_input.get(key):
                kept[self._thing] = user_input
            return self.async_create_entry(data={**self.config_entry.options, goal: kept})
        suggested = user_input or kept.get(self._thing, {})
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            description_placeholders={"name": name},
            errors=errors,
        )

    def _names(self, kind: str, key: str) -> dict[str, str]:
        """Return the names of circuits or chargers by their ids."""
        return {it.data[key]: it.title for it in self.config_entry.get_subentries_of_type(kind)}


def _sensor(device_class: str) -> EntitySelector:
    """A field for a sensor of one kind."""
    kind = EntityWithDeviceFilterSelectorConfig(domain="sensor", device_class=device_class)
    return EntitySelector(EntitySelectorConfig(filter=kind))


def _switch() -> EntitySelector:
    """A field for something that is on for a while."""
    return EntitySelector(EntitySelectorConfig(domain=list(SWITCHES)))


def _number(lowest: float, highest: float, step: float, unit: str | None = None) -> NumberSelector:
    """A field for a quantity."""
    box = NumberSelectorConfig(min=lowest, max=highest, step=step, mode=NumberSelectorMode.BOX)
    if unit is not None:
        box["unit_of_measurement"] = unit
    return NumberSelector(box)


def _choice(options: list[str], translation_key: str) -> SelectSelector:
    """A field for one of several words that are translated."""
    return SelectSelector(
        SelectSelectorConfig(options=options, translation_key=translation_key, mode=SelectSelectorMode.DROPDOWN)
    )


def _named(key: str, names: dict[str, str]) -> vol.Schema:
    """A field for one of several things that have a name."""
    options = [SelectOptionDict(value=value, label=label) for value, label in names.items()]
    select = SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
    return vol.Schema({vol.Required(key): SelectSelector(select)})
