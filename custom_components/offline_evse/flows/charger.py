"""Adds and changes chargers: shows where they have to dial, waits for one, and adopts it."""

import asyncio
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME

from ..address import charger_url, remote_url
from ..const import CONF_STATION_ID
from ..devices import charger_subentry
from ..discovery import card_title, stranger_title
from ..engine.model.station import StationIdentity
from ..engine.site.announcement import Announcement, StrangerAppeared
from ..engine.site.site import Site
from .charger_form import (
    as_form,
    charger_data,
    charger_error_figures,
    charger_errors,
    form_schema,
    is_running,
    suggestions,
)
from .schemas import CONF_STATION, LATER, MANUAL, WAIT, address_schema, station_id_schema

WAIT_FOR_S: Final = 15 * 60.0
"""Time to walk to a charger, find its settings and let it restart, in s."""


class ChargerFlow(ConfigSubentryFlow):
    """A charger of the site."""

    _station_id = ""
    _nobody_came = False
    _listed: frozenset[str] = frozenset()
    """Chargers at the door that the form has named."""
    _waiting: asyncio.Task[str | None] | None = None

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the address, and ask which charger it is."""
        entry = self._get_entry()
        if not is_running(entry):
            return self.async_abort(reason="not_running")
        if user_input is not None:
            match user_input[CONF_STATION]:
                case "later":
                    return self.async_abort(reason=LATER)
                case "wait":
                    return await self._wait()
                case "manual":
                    return await self.async_step_manual()
                case chosen:
                    self._station_id = chosen.removeprefix("id:")
                    return await self.async_step_adopt()
        site: Site = entry.runtime_data.site
        url = await charger_url(self.hass, entry)
        strangers = {
            stranger.station_id: stranger_title(stranger.station_id, stranger.identity)
            for stranger in site.state.strangers.values()
        }
        self._listed = frozenset(strangers)
        return self.async_show_form(
            step_id="user",
            data_schema=address_schema(url, strangers),
            description_placeholders={"url": url, "remote_url": remote_url(self.hass) or "-"},
            errors={"base": "nobody_came"} if self._nobody_came else {},
        )

    async def _wait(self) -> SubentryFlowResult:
        """Wait for a charger, unless one has come while the form was being read."""
        site: Site = self._get_entry().runtime_data.site
        match sorted(site.state.strangers.keys() - self._listed):
            case []:
                return await self.async_step_wait()
            case [only]:
                self._station_id = only
                return await self.async_step_adopt()
        # Which one of several is meant, only a person can tell.
        return await self.async_step_user()

    async def async_step_wait(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Wait until a charger dials in."""
        entry = self._get_entry()
        if self._waiting is None:
            self._waiting = self.hass.async_create_task(_next_stranger(entry.runtime_data.site))
        if not self._waiting.done():
            return self.async_show_progress(
                step_id=WAIT,
                progress_action="wait_for_charger",
                description_placeholders={"url": await charger_url(self.hass, entry)},
                progress_task=self._waiting,
            )
        found = self._waiting.result()
        self._waiting = None
        if found is None:
            self._nobody_came = True
            return self.async_show_progress_done(next_step_id="user")
        self._station_id = found
        return self.async_show_progress_done(next_step_id="adopt")

    async def async_step_manual(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the id of a charger that will dial in later."""
        errors: dict[str, str] = {}
        if user_input is not None:
            station_id = user_input[CONF_STATION_ID].strip()
            if not station_id or "/" in station_id:
                errors[CONF_STATION_ID] = "bad_station_id"
            elif charger_subentry(self._get_entry(), station_id):
                errors[CONF_STATION_ID] = "already_adopted"
            else:
                self._station_id = station_id
                return await self.async_step_adopt()
        return self.async_show_form(
            step_id=MANUAL,
            data_schema=self.add_suggested_values_to_schema(station_id_schema(), user_input),
            errors=errors,
        )

    async def async_step_adopt(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what has to be known of the charger, and make it part of the site."""
        entry = self._get_entry()
        if charger_subentry(entry, self._station_id):
            return self.async_abort(reason="already_adopted")
        errors: dict[str, str] = {}
        figures: dict[str, str] = {}
        stranger = entry.runtime_data.site.state.strangers.get(self._station_id) if is_running(entry) else None
        identity = stranger.identity if stranger else StationIdentity()
        if user_input is not None:
            if not (errors := charger_errors(entry, user_input)):
                title, data = charger_data(self._station_id, user_input)
                return self.async_create_entry(title=title, data=data, unique_id=self._station_id)
            suggested = user_input
            figures = charger_error_figures(entry, user_input)
        else:
            suggested = as_form(suggestions(entry, self._station_id, identity))
        return self.async_show_form(
            step_id="adopt",
            data_schema=self.add_suggested_values_to_schema(form_schema(entry), suggested),
            description_placeholders={"charger": card_title(self._station_id, identity), **figures},
            errors=errors,
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change what is known of a charger; takes effect at once, and its connection stays."""
        entry = self._get_entry()
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        figures: dict[str, str] = {}
        if user_input is not None:
            if not (errors := charger_errors(entry, user_input)):
                title, data = charger_data(subentry.data[CONF_STATION_ID], user_input)
                return self.async_update_and_abort(entry, subentry, title=title, data=data)
            suggested = user_input
            figures = charger_error_figures(entry, user_input)
        else:
            suggested = as_form({**subentry.data, CONF_NAME: subentry.title})
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(form_schema(entry), suggested),
            description_placeholders={"charger": subentry.title, **figures},
            errors=errors,
        )


async def _next_stranger(site: Site) -> str | None:
    """Wait until a charger that nobody adopted introduces itself; returns its id, or None if none came in time."""
    came: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def announced(announcement: Announcement) -> None:
        if isinstance(announcement, StrangerAppeared) and not came.done():
            came.set_result(announcement.station_id)

    end = site.announce_to(announced)
    try:
        async with asyncio.timeout(WAIT_FOR_S):
            return await came
    except TimeoutError:
        return None
    finally:
        end()
