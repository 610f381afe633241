"""A day of the house as Home Assistant has recorded it, for a rehearsal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.components.recorder import history, statistics
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance

from ..const import DOMAIN
from ..engine.model.phases import NO_CURRENT, PhaseAmperes
from ..engine.model.rehearsal import LoadSeries
from ..engine.model.station import EvseKey
from ..engine.site.rehearsal import RecordedDay
from .meter import MeterSetUp, phase_currents, reading
from .meter_kind import CURRENT_FIELDS

STEP_S: Final = 10.0
"""Finer than most meters are recorded, and coarse enough for a day to be read in a second or two."""
MEAN_STEP_S: Final = 300.0
"""Older days are kept as means of five minutes."""


@dataclass(frozen=True, slots=True)
class History:
    """What was found, and how fine it is."""

    day: RecordedDay
    means: bool
    """Only means are kept of that day, so short peaks are missing."""


class _Track:
    """The values of one entity in the order of their times."""

    def __init__(self, values: list[tuple[float, float | None]]) -> None:
        self._values = values
        self._next = 0
        self._value: float | None = None

    def at(self, at: float) -> float | None:
        """Return the value in force at a time; times have to rise from call to call."""
        while self._next < len(self._values) and self._values[self._next][0] <= at:
            self._value = self._values[self._next][1]
            self._next += 1
        return self._value


async def recorded_day(
    hass: HomeAssistant,
    entry_id: str,
    set_ups: Iterable[MeterSetUp],
    evses: Iterable[EvseKey],
    begin: datetime,
    end: datetime,
) -> History | None:
    """Read what the meters and the chargers showed; None where nothing of the meters is recorded."""
    metered = [set_up for set_up in set_ups if set_up.entities]
    fields = {entity_id: field for set_up in metered for field, entity_id in set_up.entities.items()}
    currents = _current_sensors(hass, entry_id, evses)
    fields |= {
        entity_id: CURRENT_FIELDS[terminal]
        for terminals in currents.values()
        for terminal, entity_id in enumerate(terminals)
    }
    if not metered:
        return None
    values = await get_instance(hass).async_add_executor_job(_states, hass, begin, end, fields)
    means = not _covers(values, metered)
    if means:
        values = await get_instance(hass).async_add_executor_job(_means, hass, begin, end, fields)
        if not _covers(values, metered):
            return None
    step_s = MEAN_STEP_S if means else STEP_S
    times = [begin.timestamp() + number * step_s for number in range(int((end - begin).total_seconds() / step_s))]
    return History(
        RecordedDay(
            {set_up.circuit_id: _loads(set_up, values, times, step_s) for set_up in metered},
            {evse: _draws(terminals, values, times) for evse, terminals in currents.items()},
        ),
        means,
    )


type _Values = Mapping[str, list[tuple[float, float | None]]]


def _states(hass: HomeAssistant, begin: datetime, end: datetime, fields: Mapping[str, str]) -> _Values:
    """Read the states of a day; runs in the recorder's executor."""
    found = history.get_significant_states(hass, begin, end, list(fields), significant_changes_only=False)
    return {
        entity_id: [
            (state.last_updated_timestamp, reading(fields[entity_id], state))
            for state in states
            if isinstance(state, State)
        ]
        for entity_id, states in found.items()
    }


def _means(hass: HomeAssistant, begin: datetime, end: datetime, fields: Mapping[str, str]) -> _Values:
    """Read the means of a day; runs in the recorder's executor."""
    units = {"current": "A", "power": "W", "voltage": "V"}
    for period in ("5minute", "hour"):
        found = statistics.statistics_during_period(hass, begin, end, set(fields), period, units, {"mean"})
        if found:
            return {entity_id: [(row["start"], row.get("mean")) for row in rows] for entity_id, rows in found.items()}
    return {}


def _covers(values: _Values, metered: Iterable[MeterSetUp]) -> bool:
    """Tell whether every meter has shown something."""
    return all(
        any(value is not None for _, value in values.get(entity_id, ()))
        for set_up in metered
        for entity_id in set_up.entities.values()
    )


def _loads(set_up: MeterSetUp, values: _Values, times: list[float], step_s: float) -> LoadSeries:
    """Turn what a meter showed into amperes; while it was missing, the last ones go on."""
    tracks = {field: _Track(values[entity_id]) for field, entity_id in set_up.entities.items()}
    loads: list[PhaseAmperes] = []
    present = NO_CURRENT
    for at in times:
        now = {field: value for field, track in tracks.items() if (value := track.at(at)) is not None}
        if len(now) == len(tracks) and (currents := phase_currents(set_up, now)) is not None:
            present = currents
        loads.append(present)
    return LoadSeries(step_s, tuple(loads))


def _draws(terminals: tuple[str, ...], values: _Values, times: list[float]) -> tuple[tuple[float, ...], ...]:
    """Return what a charger drew on each of its terminals."""
    tracks = [_Track(values.get(entity_id, [])) for entity_id in terminals]
    return tuple(tuple(track.at(at) or 0.0 for track in tracks) for at in times)


def _current_sensors(hass: HomeAssistant, entry_id: str, evses: Iterable[EvseKey]) -> dict[EvseKey, tuple[str, ...]]:
    """Find the sensors that show what each connector draws, first terminal first."""
    registry = er.async_get(hass)
    found: dict[EvseKey, tuple[str, ...]] = {}
    for evse in evses:
        unique_id = f"{entry_id}_{evse.station_id}/{evse.evse_id}"
        terminals = [
            registry.async_get_entity_id("sensor", DOMAIN, f"{unique_id}_current_l{number}") for number in (1, 2, 3)
        ]
        if all(terminals):
            found[evse] = tuple(filter(None, terminals))
    return found
