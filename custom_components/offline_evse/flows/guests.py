"""The options step for guests: their page, what passes are good for, and the hotel's own system."""

from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.components import webhook
from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfEnergy
from homeassistant.helpers.network import NoURLAvailableError
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
    TimeSelector,
)
import voluptuous as vol

from ..guest.settings import (
    CONF_CHECK_OUT,
    CONF_DAY_ENERGY,
    CONF_LANGUAGE,
    CONF_PAGE,
    CONF_PAGE_URL,
    CONF_SESSION_ENERGY,
    CONF_TOTAL_ENERGY,
    CONF_WEBHOOK,
    CONF_WEBHOOK_ID,
    CONF_WEBHOOK_REMOTE,
    DEFAULT_CHECK_OUT,
    LANGUAGES,
    OPTION_GUESTS,
)

GUESTS: Final = "guests"
CONF_WEBHOOK_RENEW: Final = "webhook_renew"
EXAMPLE: Final = "http://192.168.1.10:8123"


class GuestsFlow(OptionsFlow):
    """Asks what guests may do."""

    async def async_step_guests(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for it; the webhook gets its secret address when it is first switched on."""
        errors: dict[str, str] = {}
        kept: dict[str, Any] = self.config_entry.options.get(OPTION_GUESTS, {})
        suggested = kept
        if user_input is not None:
            suggested = {name: value for name, value in user_input.items() if value not in (None, "")}
            renew = suggested.pop(CONF_WEBHOOK_RENEW, False)
            if CONF_PAGE_URL in suggested and not _is_address(suggested[CONF_PAGE_URL]):
                errors[CONF_PAGE_URL] = "bad_page_url"
            else:
                webhook_id = kept.get(CONF_WEBHOOK_ID)
                if suggested[CONF_WEBHOOK] and (renew or webhook_id is None):
                    webhook_id = webhook.async_generate_id()
                if webhook_id is not None:
                    suggested[CONF_WEBHOOK_ID] = webhook_id
                return self.async_create_entry(data={**self.config_entry.options, OPTION_GUESTS: suggested})
        return self.async_show_form(
            step_id=GUESTS,
            data_schema=self.add_suggested_values_to_schema(_schema(), suggested),
            description_placeholders={"webhook": self._webhook_line(kept), "example": EXAMPLE},
            errors=errors,
        )

    def _webhook_line(self, kept: dict[str, Any]) -> str:
        """Show the address of the webhook, where there is one."""
        if not kept.get(CONF_WEBHOOK) or CONF_WEBHOOK_ID not in kept:
            return ""
        try:
            url = webhook.async_generate_url(self.hass, kept[CONF_WEBHOOK_ID], prefer_external=False)
        except NoURLAvailableError:
            url = webhook.async_generate_path(kept[CONF_WEBHOOK_ID])
        return f"\n\n`{url}`"


def _is_address(text: str) -> bool:
    """Tell whether a text is the address of a web server, without a path."""
    try:
        parts = urlsplit(text.strip())
        port_is_sane = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port_is_sane
        and parts.path in ("", "/")
        and not (parts.query or parts.fragment or parts.username)
    )


def _schema() -> vol.Schema:
    """The form."""
    energy = NumberSelector(
        NumberSelectorConfig(
            min=0.1,
            max=100_000,
            step="any",
            unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            mode=NumberSelectorMode.BOX,
        )
    )
    return vol.Schema(
        {
            vol.Required(CONF_PAGE, default=False): BooleanSelector(),
            vol.Optional(CONF_PAGE_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
            vol.Required(CONF_LANGUAGE, default=LANGUAGES[0]): SelectSelector(
                SelectSelectorConfig(options=list(LANGUAGES), translation_key="guest_language")
            ),
            vol.Required(CONF_CHECK_OUT, default=DEFAULT_CHECK_OUT.isoformat()): TimeSelector(),
            vol.Optional(CONF_SESSION_ENERGY): energy,
            vol.Optional(CONF_DAY_ENERGY): energy,
            vol.Optional(CONF_TOTAL_ENERGY): energy,
            vol.Required(CONF_WEBHOOK, default=False): BooleanSelector(),
            vol.Required(CONF_WEBHOOK_REMOTE, default=False): BooleanSelector(),
            vol.Optional(CONF_WEBHOOK_RENEW, default=False): BooleanSelector(),
        }
    )
