"""The options of a site: what most sites never need, one step for each."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import UnitOfPower, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
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

from ..const import CONF_STATION_ID, SUBENTRY_CHARGER
from ..engine.model.grid import DEVICE_FLOOR_W, FAILSAFE_MINIMUM_S, HEARTBEAT_S, GridMode
from ..engine.model.shared_limit import LimitBasis
from ..grid_config import (
    CONF_ACTIVE_ENTITY,
    CONF_BASIS,
    CONF_DEVICES,
    CONF_FAILSAFE,
    CONF_FAILSAFE_HOURS,
    CONF_FLOOR,
    CONF_GENERATION_ENTITY,
    CONF_HEARTBEAT,
    CONF_LIMIT_ENTITY,
    CONF_MODE,
    CONF_RELAY_ENTITY,
    OPTION_GRID,
)
from .access.cars import CARS, CarsFlow
from .access.people import PEOPLE, PeopleFlow
from .access.who_may_charge import WHO_MAY_CHARGE, WhoMayChargeFlow
from .bluetooth import BluetoothFlow
from .exports import EXPORTS, ExportsFlow
from .goals import GOAL_STEPS, GoalsFlow
from .guests import GUESTS, GuestsFlow
from .openadr import OpenAdrFlow
from .rehearsal import TRY_IT, RehearsalFlow
from .schemas import SECTION_ADVANCED, flat, in_sections

_ADVANCED: Final = (CONF_DEVICES, CONF_FLOOR, CONF_FAILSAFE, CONF_FAILSAFE_HOURS, CONF_HEARTBEAT)


class OfflineEvseOptionsFlow(
    PeopleFlow,
    WhoMayChargeFlow,
    CarsFlow,
    GuestsFlow,
    GoalsFlow,
    OpenAdrFlow,
    BluetoothFlow,
    ExportsFlow,
    RehearsalFlow,
):
    """Asks for one thing at a time; what is changed takes effect at once."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what there is to set up."""
        return self.async_show_menu(
            step_id="init",
            menu_options=[
                PEOPLE,
                WHO_MAY_CHARGE,
                *GOAL_STEPS,
                CARS,
                GUESTS,
                "bluetooth",
                "grid_operator",
                "openadr",
                EXPORTS,
                TRY_IT,
            ],
        )

    async def async_step_grid_operator(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask through which entities the grid operator speaks, and how far down its limits may go."""
        errors: dict[str, str] = {}
        suggested = self.config_entry.options.get(OPTION_GRID, {})
        if user_input is not None:
            suggested = flat(user_input)
            if CONF_ACTIVE_ENTITY in suggested and CONF_LIMIT_ENTITY not in suggested:
                errors[CONF_LIMIT_ENTITY] = "limit_entity_needed"
            else:
                return self.async_create_entry(data={**self.config_entry.options, OPTION_GRID: suggested})
        return self.async_show_form(
            step_id="grid_operator",
            data_schema=self.add_suggested_values_to_schema(self._grid_schema(), in_sections(suggested, _ADVANCED)),
            errors=errors,
        )

    def _grid_schema(self) -> vol.Schema:
        """The form of the grid operator."""
        chargers = [
            SelectOptionDict(value=subentry.data[CONF_STATION_ID], label=subentry.title)
            for subentry in self.config_entry.get_subentries_of_type(SUBENTRY_CHARGER)
        ]
        advanced = vol.Schema(
            {
                vol.Optional(CONF_DEVICES): SelectSelector(
                    SelectSelectorConfig(options=chargers, multiple=True, mode=SelectSelectorMode.DROPDOWN)
                ),
                vol.Required(CONF_FLOOR, default=DEVICE_FLOOR_W / 1000): _box(1, 100, 0.01, UnitOfPower.KILO_WATT),
                vol.Optional(CONF_FAILSAFE): _box(0, 10_000, 0.01, UnitOfPower.KILO_WATT),
                vol.Required(CONF_FAILSAFE_HOURS, default=FAILSAFE_MINIMUM_S / 3600): _box(
                    0, 24, 0.5, UnitOfTime.HOURS
                ),
                vol.Required(CONF_HEARTBEAT, default=HEARTBEAT_S): _box(0, 86_400, 1, UnitOfTime.SECONDS),
            }
        )
        return vol.Schema(
            {
                vol.Optional(CONF_LIMIT_ENTITY): _entity("sensor", "number", "input_number"),
                vol.Optional(CONF_ACTIVE_ENTITY): _entity("binary_sensor", "switch", "input_boolean"),
                vol.Required(CONF_BASIS, default=LimitBasis.CHARGING): _choice(list(LimitBasis), "grid_basis"),
                vol.Optional(CONF_RELAY_ENTITY): _entity("binary_sensor", "switch", "input_boolean"),
                vol.Required(CONF_MODE, default=GridMode.GROUP): _choice(list(GridMode), "grid_mode"),
                vol.Optional(CONF_GENERATION_ENTITY): _entity("sensor"),
                vol.Required(SECTION_ADVANCED): section(advanced, {"collapsed": True}),
            }
        )


def _entity(*domains: str) -> EntitySelector:
    """A field for an entity of one of these kinds."""
    return EntitySelector(EntitySelectorConfig(filter=EntityWithDeviceFilterSelectorConfig(domain=list(domains))))


def _box(lowest: float, highest: float, step: float, unit: str) -> NumberSelector:
    """A field for a quantity."""
    return NumberSelector(
        NumberSelectorConfig(min=lowest, max=highest, step=step, unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    )


def _choice(options: list[str], translation_key: str) -> SelectSelector:
    """A field for one of several words that are translated."""
    return SelectSelector(
        SelectSelectorConfig(options=[str(option) for option in options], translation_key=translation_key)
    )
