"""The options step for a demand-response program of OpenADR 3."""

from collections.abc import Mapping
import logging
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.requirements import RequirementsNotFound
import voluptuous as vol

from ..engine.model.shared_limit import LimitBasis
from ..grid_config import CONF_BASIS, OPTION_OPENADR
from ..inputs.openadr import (
    CONF_CLIENT_ID,
    CONF_CLIENT_SECRET,
    CONF_PROGRAM,
    CONF_REPORT,
    CONF_TOKEN_URL,
    CONF_URL,
    CONF_VERSION,
    VERSIONS,
    connect,
    openadr_set_up,
)
from ..inputs.openadr_client import LOOPBACK

_LOGGER = logging.getLogger(__name__)


class OpenAdrFlow(OptionsFlow):
    """Asks for the server of a program, and tries it."""

    async def async_step_openadr(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the server; an empty address means that there is none any more."""
        errors: dict[str, str] = {}
        suggested = self.config_entry.options.get(OPTION_OPENADR, {})
        if user_input is not None:
            suggested = {name: value for name, value in user_input.items() if value not in (None, "")}
            if not (errors := await self._openadr_errors(suggested)):
                return self.async_create_entry(data={**self.config_entry.options, OPTION_OPENADR: suggested})
        return self.async_show_form(
            step_id="openadr",
            data_schema=self.add_suggested_values_to_schema(_schema(), suggested),
            errors=errors,
        )

    async def _openadr_errors(self, data: Mapping[str, Any]) -> dict[str, str]:
        """Say what is wrong with a server."""
        set_up = openadr_set_up(data)
        if set_up is None:
            return {}
        if not set_up.url.startswith(("https://", *LOOPBACK)):
            return {CONF_URL: "https_needed"}
        if set_up.client_id and not set_up.token_url and set_up.version == "oadr301":
            return {CONF_TOKEN_URL: "token_url_needed"}
        try:
            await connect(self.hass, set_up)
        except RequirementsNotFound:
            return {"base": "not_installed"}
        except Exception as err:  # noqa: BLE001 - the library raises what requests, pydantic and oauthlib raise
            _LOGGER.info("An OpenADR server cannot be read: %s", type(err).__name__)
            return {"base": "cannot_connect"}
        return {}


def _schema() -> vol.Schema:
    """The form of a server."""
    address = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
    return vol.Schema(
        {
            vol.Optional(CONF_URL): address,
            vol.Required(CONF_VERSION, default=VERSIONS[0]): _choice(list(VERSIONS), "openadr_version"),
            vol.Optional(CONF_PROGRAM): TextSelector(),
            vol.Optional(CONF_CLIENT_ID): TextSelector(),
            vol.Optional(CONF_CLIENT_SECRET): TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD)),
            vol.Optional(CONF_TOKEN_URL): address,
            vol.Required(CONF_BASIS, default=LimitBasis.CHARGING): _choice(list(LimitBasis), "grid_basis"),
            vol.Required(CONF_REPORT, default=True): BooleanSelector(),
        }
    )


def _choice(options: list[str], translation_key: str) -> SelectSelector:
    """A field for one of several words that are translated."""
    return SelectSelector(
        SelectSelectorConfig(options=[str(option) for option in options], translation_key=translation_key)
    )
