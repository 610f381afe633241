"""Adds and changes backends: what they are for, what they call the chargers, and whether they can be reached."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.util import dt as dt_util

from ...backends.address import without_end
from ...backends.backend_config import (
    CONF_ADDRESS,
    CONF_CHARGERS,
    CONF_IDENTITY,
    CONF_ROLE,
    authority_of,
    upstream_config,
)
from ...backends.pem import pem_error
from ...backends.trial import Trial, changed_lines, try_backend
from ...engine.model.upstream.config import UpstreamRole
from ...engine.site.site import Site
from ..access.fields import charger_names
from .form import (
    AGAIN,
    CHANGE,
    CHANGE_CHARGER,
    CONF_NEXT,
    CONF_OTHERS,
    backend_errors,
    backend_schema,
    charger_errors,
    charger_schema,
    filled,
    form_of,
    next_schema,
    pasted,
)

TRY_IT: Final = "try_it"
SHOWN_S: Final = 2.0
"""How long a trial is shown at least. A browser listens for its end only once it shows it: an end that comes before
that is missed, and the page waits forever."""


class BackendFlow(ConfigSubentryFlow):
    """A backend of the site. Whether it can be reached now decides nothing: it is told, and may be set up anyway."""

    _before: ConfigSubentry | None = None
    """What is being changed; None: it is a new one."""

    def __init__(self) -> None:
        """Begin with nothing filled in."""
        super().__init__()
        self._title = ""
        self._data: dict[str, Any] = {}
        self._lines: dict[str, dict[str, str]] = {}
        """Identity and password by station id, as far as they have been asked."""
        self._known: dict[str, dict[str, str]] = {}
        """The same as it is set up, or was filled in before."""
        self._trying: asyncio.Task[Trial | None] | None = None
        self._trial: Trial | None = None

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new backend."""
        return await self._ask_backend("user", user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change a backend; what waits for it stays as it is."""
        if self._before is None:
            self._before = self._get_reconfigure_subentry()
            self._known = {it: dict(line) for it, line in self._before.data[CONF_CHARGERS].items()}
        return await self._ask_backend("reconfigure", user_input)

    async def async_step_charger(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what the backend calls a charger, one after the other."""
        wanted = list(self._data[CONF_CHARGERS])
        left = [it for it in wanted if it not in self._lines]
        errors: dict[str, str] = {}
        suggested: Mapping[str, Any] = self._kept(left[0])
        if user_input is not None:
            suggested = user_input
            line = _line(user_input)
            errors = charger_errors(line[CONF_IDENTITY], self._taken())
            if not errors:
                self._lines[left[0]] = line
                if user_input.get(CONF_OTHERS) and not self._likewise(left[1:], line):
                    # One of the others has to be asked after all.
                    errors = {CONF_IDENTITY: "identity_twice"}
                left = [it for it in wanted if it not in self._lines]
                if not left:
                    return await self._asked()
                suggested = self._kept(left[0])
        return self.async_show_form(
            step_id="charger",
            data_schema=self.add_suggested_values_to_schema(charger_schema(len(left) > 1), suggested),
            description_placeholders={
                "charger": charger_names(self._get_entry()).get(left[0], left[0]),
                "backend": self._title,
                "number": str(wanted.index(left[0]) + 1),
                "count": str(len(wanted)),
            },
            errors=errors,
            last_step=False,
        )

    async def async_step_try_it(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Dial the backend once."""
        if self._trying is None:
            self._trying = self.hass.async_create_task(self._try(), "offline_evse trial of a backend")
        if not self._trying.done():
            return self.async_show_progress(
                step_id=TRY_IT,
                progress_action="try_backend",
                description_placeholders={"backend": self._title},
                progress_task=self._trying,
            )
        self._trial, self._trying = self._trying.result(), None
        return self.async_show_progress_done(next_step_id="keep" if self._trial is None else "trouble")

    async def async_step_trouble(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Say what is wrong with a backend, and ask what to do about it."""
        trial = self._trial
        if trial is None:
            return await self.async_step_keep()
        if user_input and (chosen := user_input.get(CONF_NEXT)):
            if chosen == CHANGE:
                return await self._ask_backend(self._first_step, None)
            if chosen == CHANGE_CHARGER:
                self._lines.pop(trial.station_id, None)
                return await self.async_step_charger()
            return await (self.async_step_try_it() if chosen == AGAIN else self.async_step_keep())
        names = charger_names(self._get_entry())
        return self.async_show_form(
            step_id="trouble",
            data_schema=next_schema(trial.trouble),
            description_placeholders={
                "backend": self._title,
                "charger": names.get(trial.station_id, trial.station_id),
                "identity": trial.identity,
                "address": self._data[CONF_ADDRESS],
                "detail": trial.detail or "–",
            },
            errors={"base": trial.trouble.value},
        )

    async def async_step_keep(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Keep what was filled in."""
        if self._before is None:
            return self.async_create_entry(title=self._title, data=self._data)
        return self.async_update_and_abort(self._get_entry(), self._before, title=self._title, data=self._data)

    async def _ask_backend(self, step_id: str, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        """Show the form of a backend, or take what was filled in."""
        entry = self._get_entry()
        names = charger_names(entry)
        if not names:
            return self.async_abort(reason="no_chargers")
        errors: dict[str, str] = {}
        other = ""
        suggested: Mapping[str, Any] = self._suggested(names)
        if user_input is not None:
            suggested = user_input
            values = filled(user_input)
            errors = backend_errors(values, {it: self._kept(it)[CONF_IDENTITY] for it in names})
            if not errors and values[CONF_ROLE] == UpstreamRole.AUTHORITY:
                but = None if self._before is None else self._before.subentry_id
                if second := authority_of(entry, set(values[CONF_CHARGERS]), but=but):
                    errors, other = {CONF_ROLE: "second_authority"}, second.title
            if not errors:
                now = dt_util.utcnow()
                if error := await self.hass.async_add_executor_job(pem_error, pasted(values), now):
                    errors = {"base": error}
            if not errors:
                self._lines = {}
                self._title = values.pop(CONF_NAME)
                self._data = values
                return await self.async_step_charger()
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(backend_schema(names), suggested),
            description_placeholders={
                "example": "wss://csms.example.com/ocpp",
                "backend": self._title or ("" if self._before is None else self._before.title),
                "other": other,
            },
            errors=errors,
            last_step=False,
        )

    @property
    def _first_step(self) -> str:
        return "user" if self._before is None else "reconfigure"

    def _suggested(self, names: Mapping[str, str]) -> dict[str, Any]:
        """Suggest what has been filled in, or else what is set up."""
        if self._data:
            return form_of(self._title, self._data)
        if self._before is None:
            return {}
        data = self._before.data
        there = {it: line for it, line in data[CONF_CHARGERS].items() if it in names}
        return form_of(self._before.title, {**data, CONF_CHARGERS: there})

    def _kept(self, station_id: str) -> dict[str, str]:
        """Return what is set up of a charger, or was filled in before; its own id where nothing is."""
        return dict(self._known.get(station_id, {CONF_IDENTITY: station_id}))

    def _taken(self) -> dict[str, str]:
        """Return the identities that have been given."""
        return {station_id: line[CONF_IDENTITY] for station_id, line in self._lines.items()}

    def _likewise(self, station_ids: list[str], like: Mapping[str, str]) -> bool:
        """Set the rest up likewise: as they were, or else with their own id and the same password.

        Returns whether that went through; it ends at the first one whose name is another one's already.
        """
        for station_id in station_ids:
            line = dict(self._known.get(station_id, {**like, CONF_IDENTITY: station_id}))
            if charger_errors(line[CONF_IDENTITY], self._taken()):
                return False
            self._lines[station_id] = line
        return True

    async def _asked(self) -> SubentryFlowResult:
        """Everything has been asked: try what is new of it."""
        self._known |= self._lines
        address = without_end(self._data[CONF_ADDRESS], self._taken().values())
        lines = {station_id: self._lines[station_id] for station_id in self._data[CONF_CHARGERS]}
        self._data = {**self._data, CONF_ADDRESS: address, CONF_CHARGERS: lines}
        if self._get_entry().state is not ConfigEntryState.LOADED or not self._to_try():
            return await self.async_step_keep()
        return await self.async_step_try_it()

    def _to_try(self) -> tuple[str, ...]:
        return changed_lines(None if self._before is None else self._before.data, self._data)

    async def _try(self) -> Trial | None:
        """Dial for every charger of which something is new."""
        site: Site = self._get_entry().runtime_data.site
        config = upstream_config("", self._title, self._data, frozenset(self._to_try()))
        trial, _ = await asyncio.gather(try_backend(site, config), asyncio.sleep(SHOWN_S))
        return trial


def _line(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Read what was filled in for one charger."""
    line = {CONF_IDENTITY: user_input[CONF_IDENTITY].strip()}
    if password := user_input.get(CONF_PASSWORD):
        line[CONF_PASSWORD] = password
    return line
