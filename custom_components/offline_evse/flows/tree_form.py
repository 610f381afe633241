"""What a place in the fuse tree allows, for the forms that ask for a fuse or a charger."""

from collections.abc import Iterator, Mapping
import math
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry

from ..const import (
    CONF_CIRCUIT,
    CONF_CIRCUIT_ID,
    CONF_METER_KIND,
    CONF_MINIMUM,
    CONF_PARENT,
    CONF_PHASES,
    CONF_WIRING,
    MAIN_CIRCUIT,
    SUBENTRY_CHARGER,
    SUBENTRY_CIRCUIT,
)
from ..engine.model.circuit import MINIMUM_CURRENT_A
from ..inputs.meter_kind import MeterKind
from ..site_config import PHASES, rated_a
from .wiring_choice import LEARN_ONE, WIRING_CHOICES


def circuits_above(entry: ConfigEntry, circuit_id: str) -> Iterator[Mapping[str, Any]]:
    """Go from a circuit up to the main fuse. A ring or a dead end, which no form makes, ends the way."""
    circuits = {
        subentry.data[CONF_CIRCUIT_ID]: subentry.data for subentry in entry.get_subentries_of_type(SUBENTRY_CIRCUIT)
    }
    passed: set[str] = set()
    step: str | None = circuit_id
    while step is not None and step not in passed:
        passed.add(step)
        if step in circuits:
            yield circuits[step]
        # What hung in a fuse that was removed hangs in the main fuse.
        data: Mapping[str, Any] = circuits.get(step, {})
        step = None if step == MAIN_CIRCUIT else data.get(CONF_PARENT, MAIN_CIRCUIT)


def lowest_limit(entry: ConfigEntry, circuit_id: str) -> float:
    """Return what the weakest fuse on the way to a circuit carries on a phase, in A."""
    return min((rated_a(data) for data in circuits_above(entry, circuit_id)), default=math.inf)


def weakest_fuse(entry: ConfigEntry, circuit_id: str) -> str:
    """Name the weakest fuse on the way to a circuit."""
    weakest = min(circuits_above(entry, circuit_id), key=rated_a, default={})
    return circuit_title(entry, weakest.get(CONF_CIRCUIT_ID, circuit_id))


def circuit_title(entry: ConfigEntry, circuit_id: str) -> str:
    """Name a circuit."""
    circuits = entry.get_subentries_of_type(SUBENTRY_CIRCUIT)
    return next((it.title for it in circuits if it.data[CONF_CIRCUIT_ID] == circuit_id), circuit_id)


def tells_phases(entry: ConfigEntry, circuit_id: str) -> bool:
    """Tell whether a meter on the way to a circuit tells the phases, so that a wiring can be learned from it."""
    return any(
        data.get(CONF_METER_KIND) in (MeterKind.CURRENTS, MeterKind.POWER_VOLTAGE)
        for data in circuits_above(entry, circuit_id)
    )


def circuit_errors(entry: ConfigEntry, circuit: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Find what a changed fuse cannot be, by the chargers that hang in it and the fuses around it.

    `circuit` is what was set up before (empty for a new one), `values` what is to be.
    """
    errors: dict[str, str] = {}
    carries_a = rated_a(values)
    circuit_id = circuit.get(CONF_CIRCUIT_ID)
    parent = values.get(CONF_PARENT)
    if parent is not None:
        above = next(circuits_above(entry, parent), None)
        if above is None or circuit_id in {data[CONF_CIRCUIT_ID] for data in circuits_above(entry, parent)}:
            errors[CONF_PARENT] = "hangs_in_itself"
        elif not set(PHASES[values[CONF_PHASES]]) <= set(PHASES[above[CONF_PHASES]]):
            errors[CONF_PHASES] = "phase_not_above"
    if carries_a < MINIMUM_CURRENT_A:
        errors["base"] = "fuse_below_minimum"
    for charger in chargers_below(entry, circuit_id) if circuit_id else ():
        if charger.data.get(CONF_MINIMUM, MINIMUM_CURRENT_A) > carries_a:
            errors["base"] = "fuse_below_charger"
        wiring = charger.data[CONF_WIRING]
        if wiring != LEARN_ONE and not set(WIRING_CHOICES[wiring]) <= set(PHASES[values[CONF_PHASES]]):
            errors[CONF_PHASES] = "phase_in_use"
    return errors


def circuit_error_figures(entry: ConfigEntry, circuit: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Fill in what the texts of `circuit_errors` speak of: what the fuse carries, and which charger minds."""
    carries_a = rated_a(values)
    below = list(chargers_below(entry, circuit_id)) if (circuit_id := circuit.get(CONF_CIRCUIT_ID)) else []
    phases = set(PHASES[values[CONF_PHASES]])
    minimum_a = max((it.data.get(CONF_MINIMUM, MINIMUM_CURRENT_A) for it in below), default=MINIMUM_CURRENT_A)
    hungry = [it.title for it in below if it.data.get(CONF_MINIMUM, MINIMUM_CURRENT_A) > carries_a]
    wired = [
        it.title
        for it in below
        if it.data[CONF_WIRING] != LEARN_ONE and not set(WIRING_CHOICES[it.data[CONF_WIRING]]) <= phases
    ]
    return {
        "carries": f"{carries_a:g}",
        "minimum": f"{minimum_a:g}",
        "chargers": ", ".join(hungry),
        "wired": ", ".join(wired),
        "above": circuit_title(entry, values.get(CONF_PARENT, MAIN_CIRCUIT)),
    }


def chargers_below(entry: ConfigEntry, circuit_id: str) -> Iterator[ConfigSubentry]:
    """Name the chargers that a circuit feeds, at any depth."""
    for charger in entry.get_subentries_of_type(SUBENTRY_CHARGER):
        home = charger.data.get(CONF_CIRCUIT, MAIN_CIRCUIT)
        if any(data[CONF_CIRCUIT_ID] == circuit_id for data in circuits_above(entry, home)):
            yield charger
