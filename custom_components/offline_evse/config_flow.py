"""Sets a site up from nothing, and adopts chargers that have dialled in."""

from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryData,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowResultType

from .const import (
    CONF_CIRCUIT_ID,
    CONF_SHADOW,
    DOMAIN,
    MAIN_CIRCUIT,
    SUBENTRY_BACKEND,
    SUBENTRY_CHARGER,
    SUBENTRY_CIRCUIT,
)
from .devices import charger_subentry
from .discovery import card_title
from .engine.model.station import StationIdentity
from .flows.backends.backend import BackendFlow
from .flows.charger import ChargerFlow
from .flows.charger_form import (
    as_form,
    charger_data,
    charger_error_figures,
    charger_errors,
    form_schema,
    loaded_site,
    suggestions,
)
from .flows.circuit import CircuitFlow
from .flows.circuit_steps import CircuitSteps
from .flows.options import OfflineEvseOptionsFlow
from .flows.schemas import flat, main_fuse_schema, port_schema, power_in_w, site_schema
from .port import bind_error, bind_reason


class OfflineEvseConfigFlow(CircuitSteps[ConfigFlowContext, ConfigFlowResult, str], ConfigFlow, domain=DOMAIN):
    """Name and port, the main fuse, its meter; then on to the first charger."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self._site: dict[str, Any] = {}
        self._station_id = ""
        self._identity = StationIdentity()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for name and port, and try the port."""
        if self._async_current_entries(include_ignore=False):
            return self.async_abort(reason="single_instance_allowed")
        errors: dict[str, str] = {}
        placeholders = {"port": "", "error": ""}
        if user_input is not None:
            values = flat(user_input)
            if error := await bind_error(values[CONF_PORT], values.get(CONF_HOST)):
                errors[CONF_PORT] = "port_in_use"
                placeholders = {"port": str(values[CONF_PORT]), "error": bind_reason(error)}
            else:
                self._site = values
                return await self.async_step_fuse()
        suggested = user_input or {CONF_NAME: self.hass.config.location_name}
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(site_schema(), suggested),
            description_placeholders=placeholders,
            errors=errors,
        )

    async def async_step_fuse(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the main fuse."""
        if user_input is not None:
            self.circuit |= power_in_w(user_input) | {CONF_CIRCUIT_ID: MAIN_CIRCUIT}
            return await self.async_step_meter()
        return self.async_show_form(step_id="fuse", data_schema=main_fuse_schema())

    @override
    def circuit_done(self) -> ConfigFlowResult:
        """Create the site with its main fuse."""
        name: str = self._site.pop(CONF_NAME)
        main = ConfigSubentryData(data=self.circuit, subentry_type=SUBENTRY_CIRCUIT, title=name, unique_id=None)
        return self.async_create_entry(title=name, data=self._site, subentries=[main])

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on to the first charger, without being asked to."""
        if result["type"] is not FlowResultType.CREATE_ENTRY or self.source != SOURCE_USER:
            return result
        charger = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_CHARGER), context={"source": SOURCE_USER}
        )
        if charger["type"] is FlowResultType.FORM:
            result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, charger["flow_id"])
        return result

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change name and port; chargers that are connected stay connected."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        placeholders = {"port": "", "error": ""}
        if user_input is not None:
            port: int = user_input[CONF_PORT]
            error = await bind_error(port, entry.data.get(CONF_HOST)) if port != entry.data[CONF_PORT] else None
            if error is None:
                updates = {CONF_PORT: port, CONF_SHADOW: user_input[CONF_SHADOW]}
                return self.async_update_and_abort(entry, title=user_input[CONF_NAME], data_updates=updates)
            errors[CONF_PORT] = "port_in_use"
            placeholders = {"port": str(port), "error": bind_reason(error)}
        suggested = user_input or {
            CONF_NAME: entry.title,
            CONF_PORT: entry.data[CONF_PORT],
            CONF_SHADOW: entry.data.get(CONF_SHADOW, False),
        }
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(port_schema(), suggested),
            description_placeholders=placeholders,
            errors=errors,
        )

    @override
    async def async_step_integration_discovery(self, discovery_info: dict[str, Any]) -> ConfigFlowResult:
        """Show a card for a charger that has dialled in."""
        self._station_id = discovery_info["station_id"]
        await self.async_set_unique_id(self._station_id)
        self._abort_if_unique_id_configured()
        self._identity = StationIdentity(
            vendor=discovery_info["vendor"],
            model=discovery_info["model"],
            serial_number=discovery_info["serial_number"],
        )
        self.context["title_placeholders"] = {"name": card_title(self._station_id, self._identity)}
        return await self.async_step_adopt()

    async def async_step_adopt(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what has to be known of the charger, and make it part of the site."""
        entry = loaded_site(self.hass)
        if entry is None:
            return self.async_abort(reason="not_running")
        if charger_subentry(entry, self._station_id):
            return self.async_abort(reason="already_adopted")
        errors: dict[str, str] = {}
        figures: dict[str, str] = {}
        suggested = as_form(suggestions(entry, self._station_id, self._identity))
        if user_input is not None:
            if not (errors := charger_errors(entry, user_input)):
                title, data = charger_data(self._station_id, user_input)
                self.hass.config_entries.async_add_subentry(
                    entry,
                    ConfigSubentry(
                        data=MappingProxyType(data),
                        subentry_type=SUBENTRY_CHARGER,
                        title=title,
                        unique_id=self._station_id,
                    ),
                )
                return self.async_abort(reason="charger_added")
            suggested = user_input
            figures = charger_error_figures(entry, user_input)
        return self.async_show_form(
            step_id="adopt",
            data_schema=self.add_suggested_values_to_schema(form_schema(entry), suggested),
            description_placeholders={
                "charger": card_title(self._station_id, self._identity),
                "station_id": self._station_id,
                "site": entry.title,
                **figures,
            },
            errors=errors,
        )

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Offer what most sites never need."""
        return OfflineEvseOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Name what a site is made of."""
        return {SUBENTRY_CHARGER: ChargerFlow, SUBENTRY_CIRCUIT: CircuitFlow, SUBENTRY_BACKEND: BackendFlow}
