"""How often a meter reports and how finely, watched while somebody sets it up."""

from collections.abc import Iterable
import math
from typing import Final

from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers.event import async_track_state_change_event, async_track_state_report_event

SILENT_AFTER_PERIODS: Final = 3
"""A meter that leaves out two reports in a row has not fallen silent yet."""
ROUNDING_A: Final = 0.5
"""What a meter of whole amperes may leave out."""


class MeterPace:
    """Notes when entities report, for as long as a form is open. One report more than the state that is there."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with nothing watched."""
        self._hass = hass
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._count: dict[str, int] = {}
        self._unsubscribe: list[CALLBACK_TYPE] = []

    @callback
    def watch(self, entity_ids: Iterable[str]) -> None:
        """Watch these entities, beside those that are watched already."""
        new = [entity_id for entity_id in entity_ids if entity_id not in self._count]
        for entity_id in new:
            self._count[entity_id] = 0
            if state := self._hass.states.get(entity_id):
                self._note(entity_id, state.last_reported_timestamp)
        if new:
            self._unsubscribe += [
                async_track_state_change_event(self._hass, new, self._changed),
                async_track_state_report_event(self._hass, new, self._told_again),
            ]

    @callback
    def stop(self) -> None:
        """Watch no longer."""
        while self._unsubscribe:
            self._unsubscribe.pop()()

    def period_s(self, entity_ids: Iterable[str]) -> float | None:
        """Return the time between two reports of the slowest of these entities; None while none has reported twice."""
        periods = [
            (self._last[entity_id] - self._first[entity_id]) / (self._count[entity_id] - 1)
            for entity_id in entity_ids
            if self._count.get(entity_id, 0) > 1
        ]
        return max(periods, default=None)

    def stale_after_s(self, entity_ids: Iterable[str], least_s: float) -> float:
        """Return the age after which a meter of this pace has to be taken for silent, in s."""
        period_s = self.period_s(entity_ids)
        return least_s if period_s is None else max(least_s, float(math.ceil(SILENT_AFTER_PERIODS * period_s)))

    def tells_whole_amperes(self, entity_ids: Iterable[str]) -> bool:
        """Tell whether none of these entities has ever shown a fraction of an ampere."""
        shown = [state for entity_id in entity_ids if (state := self._hass.states.get(entity_id))]
        return bool(shown) and all(
            state.state.lstrip("-").isdecimal() and state.attributes.get("unit_of_measurement") == "A"
            for state in shown
        )

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        if state := event.data["new_state"]:
            self._note(event.data["entity_id"], state.last_reported_timestamp)

    @callback
    def _told_again(self, event: Event[EventStateReportedData]) -> None:
        self._note(event.data["entity_id"], event.data["new_state"].last_reported_timestamp)

    @callback
    def _note(self, entity_id: str, at: float) -> None:
        self._first.setdefault(entity_id, at)
        self._last[entity_id] = at
        self._count[entity_id] += 1
