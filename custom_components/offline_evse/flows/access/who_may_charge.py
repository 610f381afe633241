"""The options step for who may charge: who is asked about a card, and what becomes of one that nobody knows."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfEnergy, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import BooleanSelector
import voluptuous as vol

from ...engine.model.access import AccessMode, UnknownRule
from ...people.access_config import (
    CONF_ASK_WHOSE,
    CONF_FRESH,
    CONF_MODE,
    CONF_PRICE_PER_KWH,
    CONF_SITE_TOTAL,
    CONF_STALE,
    CONF_UNKNOWN_CHARGERS,
    CONF_UNKNOWN_ENERGY,
    CONF_UNKNOWN_RULE,
    CONF_UNKNOWN_TIME,
    DEFAULT_FRESH_H,
    DEFAULT_SITE_TOTAL_KWH,
    DEFAULT_STALE_DAYS,
    DEFAULT_UNKNOWN_H,
    DEFAULT_UNKNOWN_KWH,
    OPTION_ACCESS,
)
from .fields import box, charger_names, energy, flattened, named, words

WHO_MAY_CHARGE: Final = "who_may_charge"

SECTION_UNKNOWN: Final = "unknown"
SECTION_BACKEND: Final = "backend"
_UNKNOWN: Final = (CONF_UNKNOWN_CHARGERS, CONF_UNKNOWN_ENERGY, CONF_UNKNOWN_TIME, CONF_SITE_TOTAL, CONF_PRICE_PER_KWH)
_BACKEND: Final = (CONF_FRESH, CONF_STALE)


class WhoMayChargeFlow(OptionsFlow):
    """Asks it on one page. What is left alone is what suits a home."""

    async def async_step_who_may_charge(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for mode and rules; takes effect at once."""
        kept: dict[str, Any] = self.config_entry.options.get(OPTION_ACCESS, {})
        errors: dict[str, str] = {}
        if user_input is not None:
            kept = flattened(user_input, (SECTION_UNKNOWN, SECTION_BACKEND))
            listed = kept[CONF_UNKNOWN_RULE] == UnknownRule.ALLOW_LISTED
            if listed and not kept.get(CONF_UNKNOWN_CHARGERS):
                # Home Assistant shows an error at a field of a section only with the whole form.
                errors["base"] = "chargers_needed"
            elif kept[CONF_STALE] * 24 < kept[CONF_FRESH]:
                errors["base"] = "stale_before_fresh"
            else:
                return self.async_create_entry(data={**self.config_entry.options, OPTION_ACCESS: kept})
        return self.async_show_form(
            step_id=WHO_MAY_CHARGE,
            data_schema=self.add_suggested_values_to_schema(self._access_schema(), self._access_suggested(kept)),
            description_placeholders={"currency": self.hass.config.currency},
            errors=errors,
        )

    def _access_suggested(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Suggest what is kept; the usual caps where nothing has been kept, and no cap that was emptied."""
        caps = {
            CONF_UNKNOWN_ENERGY: DEFAULT_UNKNOWN_KWH,
            CONF_UNKNOWN_TIME: DEFAULT_UNKNOWN_H,
            CONF_SITE_TOTAL: DEFAULT_SITE_TOTAL_KWH,
        }
        values = kept or caps
        return {
            **values,
            SECTION_UNKNOWN: {name: values[name] for name in _UNKNOWN if name in values},
            SECTION_BACKEND: {name: values[name] for name in _BACKEND if name in values},
        }

    def _access_schema(self) -> vol.Schema:
        """The form."""
        unknown = vol.Schema(
            {
                vol.Optional(CONF_UNKNOWN_CHARGERS): named(charger_names(self.config_entry), several=True),
                vol.Optional(CONF_UNKNOWN_ENERGY): energy(),
                vol.Optional(CONF_UNKNOWN_TIME): box(0.25, 240, 0.25, UnitOfTime.HOURS),
                vol.Optional(CONF_SITE_TOTAL): box(0.1, 1_000_000, 0.1, UnitOfEnergy.KILO_WATT_HOUR),
                vol.Optional(CONF_PRICE_PER_KWH): box(
                    0, 1000, None, f"{self.hass.config.currency}/{UnitOfEnergy.KILO_WATT_HOUR}"
                ),
            }
        )
        backend = vol.Schema(
            {
                vol.Required(CONF_FRESH, default=DEFAULT_FRESH_H): box(0, 720, 1, UnitOfTime.HOURS),
                vol.Required(CONF_STALE, default=DEFAULT_STALE_DAYS): box(0, 365, 1, UnitOfTime.DAYS),
            }
        )
        return vol.Schema(
            {
                vol.Required(CONF_MODE, default=AccessMode.LOCAL.value): words(AccessMode, "access_mode"),
                vol.Required(CONF_UNKNOWN_RULE, default=UnknownRule.DENY.value): words(UnknownRule, "unknown_rule"),
                vol.Required(CONF_ASK_WHOSE, default=True): BooleanSelector(),
                vol.Required(SECTION_UNKNOWN): section(unknown, {"collapsed": True}),
                vol.Required(SECTION_BACKEND): section(backend, {"collapsed": True}),
            }
        )
