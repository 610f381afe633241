"""The options' step in which a site is tried: what to play, playing it, and how it went."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfEnergy, UnitOfTime
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    DateSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TimeSelector,
)
import voluptuous as vol

from ..actions.rehearsal import (
    ATTR_CARS,
    ATTR_DAY,
    ATTR_ENERGY,
    ATTR_HOURS,
    ATTR_METER_PERIOD,
    ATTR_PHASES,
    ATTR_START,
    EVENING,
    FIELDS,
    Played,
    play,
    report,
)

TRY_IT: Final = "try_it"


class RehearsalFlow(OptionsFlow):
    """Plays the site with cars that are not there yet. Nothing is changed by it."""

    _playing: asyncio.Task[Played] | None = None
    _asked: Mapping[str, Any] = MappingProxyType({})
    _failed: str | None = None
    _waits = False
    _played: Played

    async def async_step_try_it(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to play."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_running")
        if user_input is not None:
            self._failed = None
            self._asked = user_input
            return await self.async_step_try_it_play()
        return self._ask()

    async def async_step_try_it_play(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Play it."""
        if self._playing is None:
            asked = vol.Schema(FIELDS)({name: value for name, value in self._asked.items() if value is not None})
            self._playing = self.hass.async_create_task(play(self.hass, self.config_entry, asked))
        if not self._playing.done():
            self._waits = True
            return self.async_show_progress(
                step_id="try_it_play", progress_action="playing", progress_task=self._playing
            )
        playing, self._playing = self._playing, None
        try:
            self._played = playing.result()
        except HomeAssistantError as err:
            self._failed = err.translation_key
            return await self._go_on(TRY_IT)
        return await self._go_on("try_it_result")

    async def async_step_try_it_result(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show how it went; then there is nothing to keep."""
        if user_input is not None:
            return self.async_create_entry(data=dict(self.config_entry.options))
        return self.async_show_form(
            step_id="try_it_result",
            data_schema=vol.Schema({}),
            description_placeholders={"report": report(self.hass, self.config_entry, self._played)},
        )

    async def _go_on(self, step_id: str) -> ConfigFlowResult:
        """Go on to a step; through the end of the progress, if one has been shown."""
        if self._waits:
            self._waits = False
            return self.async_show_progress_done(next_step_id=step_id)
        return await (self.async_step_try_it() if step_id == TRY_IT else self.async_step_try_it_result())

    def _ask(self) -> ConfigFlowResult:
        """Show the form; with what went wrong, if something did."""
        schema = vol.Schema(
            {
                vol.Optional(ATTR_DAY): DateSelector(),
                vol.Required(ATTR_START, default=EVENING.isoformat()): TimeSelector(),
                vol.Required(ATTR_HOURS, default=6): _number(0.5, 24, 0.5, UnitOfTime.HOURS),
                vol.Required(ATTR_CARS, default=4): _number(1, 50, 1),
                vol.Required(ATTR_ENERGY, default=20): _number(1, 200, 1, UnitOfEnergy.KILO_WATT_HOUR),
                vol.Required(ATTR_PHASES, default="3"): SelectSelector(
                    SelectSelectorConfig(options=["1", "2", "3"], translation_key="car_phases")
                ),
                vol.Required(ATTR_METER_PERIOD, default=1): _number(1, 60, 1, UnitOfTime.SECONDS),
            }
        )
        return self.async_show_form(
            step_id=TRY_IT,
            data_schema=self.add_suggested_values_to_schema(schema, self._asked),
            errors={"base": self._failed} if self._failed else {},
        )


def _number(lowest: float, highest: float, step: float, unit: str | None = None) -> NumberSelector:
    """A field for a number."""
    box = NumberSelectorConfig(min=lowest, max=highest, step=step, mode=NumberSelectorMode.BOX)
    if unit is not None:
        box["unit_of_measurement"] = unit
    return NumberSelector(box)
