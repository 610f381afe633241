"""Ways out of an issue, one form each."""

from typing import Any

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.components.repairs.const import FlowType
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .const import DOMAIN, SUBENTRY_BACKEND, SUBENTRY_CIRCUIT
from .engine.model.failure import LedgerFullError, LedgerUnavailableError
from .flows.access.card_form import card_errors, credential_from, whose_schema
from .flows.access.fields import charger_names
from .flows.backends.repairs import ParkedFlow
from .flows.schemas import password_selector
from .issues.backend_issues import PARKED
from .issues.commissioning_corrections import correction
from .runtime import OfflineEvseConfigEntry


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Choose the way out of an issue."""
    entry = hass.config_entries.async_get_entry(str((data or {}).get("entry_id")))
    if entry is not None and data is not None and (asked := data.get("unknown_card")):
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        return WhoseCardFlow(entry, str(asked), issue.translation_placeholders if issue else None)
    subentry = entry.subentries.get(str((data or {}).get("subentry_id"))) if entry else None
    if entry is None or subentry is None:
        return ConfirmRepairFlow()
    if data is not None and (corrected := correction(data, subentry)) is not None:
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        return CorrectionFlow(entry, subentry, corrected, issue.translation_placeholders if issue else None)
    if subentry.subentry_type in (SUBENTRY_BACKEND, SUBENTRY_CIRCUIT):
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        told = issue.translation_placeholders if issue else None
        if issue is not None and issue.translation_key == PARKED:
            return ParkedFlow(entry, subentry)
        reason = "change_backend" if subentry.subentry_type == SUBENTRY_BACKEND else "choose_entities"
        return SettingsFlow(entry, subentry, told, reason)
    return PasswordFlow(entry, subentry)


class SettingsFlow(RepairsFlow):
    """Leads to the settings where something is to be put right. The issue stays until it shows that it has been."""

    def __init__(self, entry: ConfigEntry, subentry: ConfigSubentry, told: dict[str, str] | None, reason: str) -> None:
        """Remember where to lead and what was told; `reason` is the key of what is said at the end."""
        self._entry = entry
        self._subentry = subentry
        self._told = told
        self._reason = reason

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin; what comes in here is not an answer yet."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Say what is wrong; go on to the settings."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                description_placeholders=self._told,
                data_schema=vol.Schema({}),
            )
        flow = await self.hass.config_entries.subentries.async_init(
            (self._entry.entry_id, self._subentry.subentry_type),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": self._subentry.subentry_id},
        )
        return self.async_abort(reason=self._reason, next_flow=(FlowType.CONFIG_SUBENTRIES_FLOW, flow["flow_id"]))


class CorrectionFlow(RepairsFlow):
    """Says what is wrong and what will be changed, and changes it once that is confirmed."""

    def __init__(
        self, entry: ConfigEntry, subentry: ConfigSubentry, corrected: dict[str, Any], told: dict[str, str] | None
    ) -> None:
        """Remember what to change, and what was told."""
        self._entry = entry
        self._subentry = subentry
        self._corrected = corrected
        self._told = told

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin; what comes in here is not an answer yet."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask, and change it. What the site learns from then on shows whether that was right."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm", description_placeholders=self._told, data_schema=vol.Schema({})
            )
        self.hass.config_entries.async_update_subentry(self._entry, self._subentry, data=self._corrected)
        return self.async_create_entry(data={})


class WhoseCardFlow(RepairsFlow):
    """Asks whose the card is, and enrols it."""

    def __init__(self, entry: OfflineEvseConfigEntry, asked: str, told: dict[str, str] | None) -> None:
        """Remember which card is meant, and what was told of it."""
        self._entry = entry
        self._asked = asked
        self._told = told

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin; what comes in here is not an answer yet."""
        return await self.async_step_whose()

    async def async_step_whose(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask whose it is."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_running")
        runtime = self._entry.runtime_data
        card = runtime.newcomers.card(self._asked)
        if card is None:
            return self.async_abort(reason="present_again")
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := card_errors(user_input)):
            try:
                await runtime.site.enrol_card(credential_from(user_input, card))
            except LedgerFullError, LedgerUnavailableError:
                errors["base"] = "not_recorded"
            else:
                return self.async_create_entry(data={})
        schema = whose_schema(charger_names(self._entry))
        return self.async_show_form(
            step_id="whose",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            description_placeholders=self._told,
            errors=errors,
        )


class PasswordFlow(RepairsFlow):
    """Takes over the password that a charger has; none, where it has none."""

    def __init__(self, entry: ConfigEntry, subentry: ConfigSubentry) -> None:
        """Remember whose password it is."""
        self._entry = entry
        self._subentry = subentry

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin; what comes in here is not an answer yet."""
        return await self.async_step_password()

    async def async_step_password(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask for the password."""
        if user_input is not None:
            data: dict[str, Any] = {name: each for name, each in self._subentry.data.items() if name != CONF_PASSWORD}
            if password := user_input.get(CONF_PASSWORD):
                data[CONF_PASSWORD] = password
            self.hass.config_entries.async_update_subentry(self._entry, self._subentry, data=data)
            return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="password",
            data_schema=vol.Schema({vol.Optional(CONF_PASSWORD): password_selector()}),
            description_placeholders={"charger": self._subentry.title},
        )
