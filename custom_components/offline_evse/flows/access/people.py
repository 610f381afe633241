"""The options steps for people and their cards: who is enrolled, one more, another term, none any more."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import voluptuous as vol

from ...engine.model.credential import Credential
from ...engine.model.failure import LedgerFullError, LedgerUnavailableError
from ...engine.model.id_token import IdToken
from ...engine.site.announcement import Announcement, CardPresented
from ...engine.site.site import Site
from ...people.card_list import is_card, is_held, label, masked, row, uses
from ...sentences import Sentences
from .card_form import card_errors, card_schema, credential_from, form_of
from .fields import charger_names, named

if TYPE_CHECKING:
    from ...runtime import EvseRuntime

PEOPLE: Final = "people"
PRESENT_CARD: Final = "present_card"
WAIT_FOR_S: Final = 180.0
"""Time to walk to a charger and hold a card to it, in s."""
ROWS: Final = 50
LONGEST_CARD: Final = 36
"""OCPP 2.0.1: idToken is identifierString[36]."""

CONF_CARD: Final = "card"


class PeopleFlow(OptionsFlow):
    """Shows who is enrolled, and asks for one thing at a time. Numbers are shown as far as their holder needs."""

    _card: IdToken
    """What is being asked about."""
    _place = ""
    """The charger where it was presented."""
    _card_waiting: asyncio.Task[CardPresented | None] | None = None

    async def async_step_people(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the list, and what there is to do."""
        runtime = self._runtime
        if runtime is None:
            return self.async_abort(reason="not_running")
        listed = await uses(runtime.site)
        sentences = Sentences(self.hass)
        rows = [row(use, sentences) for use in listed[:ROWS]]
        if len(listed) > ROWS:
            rows.append(f"| … | {len(listed) - ROWS} | | |")
        options = [PRESENT_CARD, "type_card", *(["choose_card"] if listed else [])]
        return self.async_show_menu(
            step_id=PEOPLE,
            menu_options=options,
            description_placeholders={"rows": "\n".join(rows) or "| – | | | |", "count": str(len(listed))},
        )

    async def async_step_present_card(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Wait for the next card at any charger."""
        runtime = self._runtime
        if runtime is None:
            return self.async_abort(reason="not_running")
        if self._card_waiting is None:
            self._card_waiting = self.hass.async_create_task(_next_card(runtime))
        if not self._card_waiting.done():
            return self.async_show_progress(
                step_id=PRESENT_CARD, progress_action="wait_for_card", progress_task=self._card_waiting
            )
        presented = self._card_waiting.result()
        self._card_waiting = None
        if presented is None:
            return self.async_show_progress_done(next_step_id="no_card_came")
        self._card = presented.decision.id_token
        self._place = charger_names(self.config_entry).get(presented.station_id, presented.station_id)
        known = runtime.site.credential(self._card)
        return self.async_show_progress_done(next_step_id="new_card" if known is None else "card")

    async def async_step_no_card_came(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that there was no card, and offer the ways once more."""
        return self.async_show_menu(step_id="no_card_came", menu_options=[PRESENT_CARD, "type_card"])

    async def async_step_type_card(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the number of a card that is not at hand."""
        runtime = self._runtime
        if runtime is None:
            return self.async_abort(reason="not_running")
        errors: dict[str, str] = {}
        if user_input is not None:
            number = user_input[CONF_CARD].strip()
            if not 1 <= len(number) <= LONGEST_CARD:
                errors[CONF_CARD] = "bad_card"
            elif runtime.site.credential(IdToken(number)) is not None:
                errors[CONF_CARD] = "card_known"
            else:
                self._card = IdToken(number)
                return await self.async_step_new_card()
        text = TextSelector(TextSelectorConfig(type=TextSelectorType.TEXT, autocomplete="off"))
        schema = vol.Schema({vol.Required(CONF_CARD): text})
        return self.async_show_form(
            step_id="type_card",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            last_step=False,
        )

    async def async_step_new_card(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whose it is."""
        return await self._ask_card("new_card", self._card, user_input)

    async def async_step_choose_card(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which card is meant."""
        runtime = self._runtime
        if runtime is None:
            return self.async_abort(reason="not_running")
        if user_input is not None:
            chosen = [
                it for it in runtime.site.cards() if runtime.site.subject_of(it.id_token) == user_input[CONF_CARD]
            ]
            if chosen:
                self._card = chosen[0].id_token
                return await self.async_step_card()
            return await self.async_step_people()
        names = {runtime.site.subject_of(use.card.id_token): label(use) for use in await uses(runtime.site)}
        return self.async_show_form(
            step_id="choose_card", data_schema=vol.Schema({vol.Required(CONF_CARD): named(names)}), last_step=False
        )

    async def async_step_card(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what can be done with a card."""
        known = self._known_card
        if known is None:
            return await self.async_step_people()
        if not is_card(known):
            # A pass or a key: each has a section of its own.
            return self.async_abort(reason="looked_after_elsewhere")
        block = "unblock_card" if known.blocked else "block_card"
        return self.async_show_menu(
            step_id="card",
            menu_options=["edit_card", block, "remove_card"],
            description_placeholders=self._card_named(known),
        )

    async def async_step_edit_card(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the terms anew."""
        known = self._known_card
        return await self.async_step_people() if known is None else await self._ask_card("edit_card", known, user_input)

    async def async_step_block_card(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Block a card; what runs with it ends."""
        return await self._block_card(True)

    async def async_step_unblock_card(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let a blocked card charge again."""
        return await self._block_card(False)

    async def async_step_remove_card(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask once more, and remove it."""
        known, runtime = self._known_card, self._runtime
        if known is None or runtime is None:
            return await self.async_step_people()
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await runtime.site.remove_card(known.id_token)
            except LedgerFullError, LedgerUnavailableError:
                errors["base"] = "not_recorded"
            else:
                return self._card_done()
        return self.async_show_form(
            step_id="remove_card",
            data_schema=vol.Schema({}),
            description_placeholders=self._card_named(known),
            errors=errors,
        )

    @property
    def _runtime(self) -> EvseRuntime | None:
        """What runs, if it does."""
        runtime: EvseRuntime | None = None
        if self.config_entry.state is ConfigEntryState.LOADED:
            runtime = self.config_entry.runtime_data
        return runtime

    @property
    def _known_card(self) -> Credential | None:
        runtime = self._runtime
        return None if runtime is None else runtime.site.credential(self._card)

    async def _ask_card(
        self, step_id: str, before: Credential | IdToken, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Show the form of a card, or enrol what was filled in."""
        runtime = self._runtime
        if runtime is None:
            return self.async_abort(reason="not_running")
        errors: dict[str, str] = {}
        suggested: Mapping[str, Any] = form_of(before) if isinstance(before, Credential) else {}
        if user_input is not None:
            suggested = user_input
            errors = card_errors(user_input)
            if not errors:
                try:
                    await runtime.site.enrol_card(credential_from(user_input, before))
                except LedgerFullError, LedgerUnavailableError:
                    errors["base"] = "not_recorded"
                else:
                    return self._card_done()
        token = before.id_token if isinstance(before, Credential) else before
        schema = card_schema(charger_names(self.config_entry), self.hass.config.currency)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            description_placeholders={"card": masked(token.value), "charger": self._place or "–"},
            errors=errors,
        )

    async def _block_card(self, blocked: bool) -> ConfigFlowResult:
        known, runtime = self._known_card, self._runtime
        if known is None or runtime is None:
            return await self.async_step_people()
        try:
            await runtime.site.enrol_card(replace(known, blocked=blocked))
        except LedgerFullError, LedgerUnavailableError:
            return self.async_abort(reason="not_recorded")
        return self._card_done()

    def _card_named(self, known: Credential) -> dict[str, str]:
        return {"name": known.name, "card": masked(known.id_token.value)}

    def _card_done(self) -> ConfigFlowResult:
        """End with the options as they are: cards are kept in the site's record."""
        return self.async_create_entry(data=dict(self.config_entry.options))


async def _next_card(runtime: EvseRuntime) -> CardPresented | None:
    """Wait until a card is held to a reader; None if none came in time."""
    came: asyncio.Future[CardPresented] = asyncio.get_running_loop().create_future()
    site: Site = runtime.site

    def announced(announcement: Announcement) -> None:
        if isinstance(announcement, CardPresented) and not came.done() and is_held(announcement.decision.id_token):
            came.set_result(announcement)

    end = site.announce_to(announced)
    try:
        with runtime.newcomers.looked_after():
            async with asyncio.timeout(WAIT_FOR_S):
                return await came
    except TimeoutError:
        return None
    finally:
        end()
