"""The options' step for files that are written by themselves, for whoever has no link."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TimeSelector,
)
import voluptuous as vol

from ..exports.desk import FOLDER, SCHEDULED
from ..exports.settings import (
    CONF_AT,
    CONF_EVERY,
    CONF_KEEP,
    CONF_NAMES,
    DEFAULT_AT,
    DEFAULT_KEEP,
    OPTION_EXPORTS,
    Every,
)

EXPORTS: Final = "exports"


class ExportsFlow(OptionsFlow):
    """Asks how often a file is written, and what is in it."""

    async def async_step_exports(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for it."""
        if user_input is not None:
            kept = {**user_input, CONF_KEEP: int(user_input[CONF_KEEP])}
            return self.async_create_entry(data={**self.config_entry.options, OPTION_EXPORTS: kept})
        schema = vol.Schema(
            {
                vol.Required(CONF_EVERY, default=Every.NEVER.value): SelectSelector(
                    SelectSelectorConfig(options=[every.value for every in Every], translation_key="export_every")
                ),
                vol.Required(CONF_AT, default=DEFAULT_AT.isoformat()): TimeSelector(),
                vol.Required(CONF_KEEP, default=DEFAULT_KEEP): NumberSelector(
                    NumberSelectorConfig(min=1, max=1000, step=1, mode=NumberSelectorMode.BOX)
                ),
                vol.Required(CONF_NAMES, default=False): BooleanSelector(),
            }
        )
        return self.async_show_form(
            step_id=EXPORTS,
            data_schema=self.add_suggested_values_to_schema(schema, self.config_entry.options.get(OPTION_EXPORTS, {})),
            description_placeholders={"folder": f"{FOLDER}/{SCHEDULED}"},
        )
