"""The options steps for cars that are recognised: by what their own integrations tell."""

import secrets
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import CONF_NAME, UnitOfElectricCurrent, UnitOfEnergy
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    TextSelector,
)
import voluptuous as vol

from ...engine.site.access.vehicles_seen import plain_id
from ...people.cars import (
    CONF_CAPACITY,
    CONF_CAR_PRIORITY,
    CONF_CAR_SOC,
    CONF_LEAST_CURRENT,
    CONF_NUMBER,
    CONF_PLUGGED,
    OPTION_CARS,
)
from .fields import box, named

CARS: Final = "cars"
CONF_CAR: Final = "car"
CONF_REMOVE: Final = "remove"


class CarsFlow(OptionsFlow):
    """Asks for one car at a time."""

    _car_id: str | None = None
    """None: a new one."""

    async def async_step_cars(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what there is to do; without a car, ask for the first."""
        if not self._kept_cars:
            return await self.async_step_new_car()
        return self.async_show_menu(
            step_id=CARS,
            menu_options=["new_car", "choose_car"],
            description_placeholders={"cars": ", ".join(it[CONF_NAME] for it in self._kept_cars.values())},
        )

    async def async_step_choose_car(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which car is meant."""
        if user_input is not None:
            self._car_id = user_input[CONF_CAR]
            return await self.async_step_edit_car()
        names = {car_id: it[CONF_NAME] for car_id, it in self._kept_cars.items()}
        return self.async_show_form(
            step_id="choose_car", data_schema=vol.Schema({vol.Required(CONF_CAR): named(names)}), last_step=False
        )

    async def async_step_new_car(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a car."""
        self._car_id = None
        return self._ask_car("new_car", user_input)

    async def async_step_edit_car(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a car anew, or forget it."""
        return self._ask_car("edit_car", user_input)

    @property
    def _kept_cars(self) -> dict[str, dict[str, Any]]:
        kept: dict[str, dict[str, Any]] = dict(self.config_entry.options.get(OPTION_CARS, {}))
        return kept

    def _ask_car(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show the form of a car, or keep what was filled in."""
        kept = self._kept_cars
        suggested: dict[str, Any] = kept.get(self._car_id or "", {})
        errors: dict[str, str] = {}
        if user_input is not None:
            suggested = {name: value for name, value in user_input.items() if value not in (None, "")}
            removed = suggested.pop(CONF_REMOVE, False)
            if self._car_id is not None and removed:
                kept.pop(self._car_id, None)
            elif not errors_of(suggested, {it: data for it, data in kept.items() if it != self._car_id}, errors):
                kept[self._car_id or secrets.token_hex(4)] = suggested
            if not errors:
                return self.async_create_entry(data={**self.config_entry.options, OPTION_CARS: kept})
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(_schema(known=self._car_id is not None), suggested),
            errors=errors,
        )


def errors_of(values: dict[str, Any], others: dict[str, dict[str, Any]], errors: dict[str, str]) -> dict[str, str]:
    """Find what cannot be, and put it into `errors`."""
    if not values.get(CONF_NAME, "").strip():
        errors[CONF_NAME] = "name_needed"
    if CONF_PLUGGED not in values and CONF_NUMBER not in values:
        errors["base"] = "nothing_tells"
    mine = plain_id(values.get(CONF_NUMBER, ""))
    if mine and mine in {plain_id(it.get(CONF_NUMBER, "")) for it in others.values()}:
        errors[CONF_NUMBER] = "number_taken"
    plugged = values.get(CONF_PLUGGED)
    if plugged and plugged in {it.get(CONF_PLUGGED) for it in others.values()}:
        errors[CONF_PLUGGED] = "entity_taken"
    return errors


def _schema(*, known: bool) -> vol.Schema:
    """The form; a car that is `known` can be forgotten."""
    plugged = ["binary_sensor", "sensor", "input_boolean"]
    fields: dict[vol.Marker, Any] = {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Optional(CONF_PLUGGED): EntitySelector(EntitySelectorConfig(domain=plugged)),
        vol.Optional(CONF_CAR_SOC): EntitySelector(
            EntitySelectorConfig(filter=EntityWithDeviceFilterSelectorConfig(domain="sensor", device_class="battery"))
        ),
        vol.Optional(CONF_CAPACITY): box(1, 1000, 0.1, UnitOfEnergy.KILO_WATT_HOUR),
        vol.Optional(CONF_LEAST_CURRENT): box(6, 32, 0.1, UnitOfElectricCurrent.AMPERE),
        vol.Optional(CONF_CAR_PRIORITY): box(0, 10, 1),
        vol.Optional(CONF_NUMBER): TextSelector(),
    }
    if known:
        fields[vol.Required(CONF_REMOVE, default=False)] = BooleanSelector()
    return vol.Schema(fields)
