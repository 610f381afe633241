"""What is asked about a charger, wherever it is adopted or changed."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
import voluptuous as vol

from .const import (
    CONF_CIRCUIT,
    CONF_CIRCUIT_ID,
    CONF_MAXIMUM,
    CONF_MINIMUM,
    CONF_PHASES,
    CONF_PRIORITY,
    CONF_SAFE,
    CONF_STATION_ID,
    CONF_WIRING,
    DOMAIN,
    MAIN_CIRCUIT,
    SUBENTRY_CIRCUIT,
)
from .engine.model.phases import WIRINGS
from .engine.model.station import StationIdentity
from .flow_schemas import charger_schema, flat, in_sections
from .site_config import PHASES

ADVANCED = (CONF_PASSWORD, CONF_MINIMUM, CONF_PRIORITY)


def loaded_site(hass: HomeAssistant) -> ConfigEntry | None:
    """Return the entry of the site, if it is running."""
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    return entries[0] if entries else None


def is_running(entry: ConfigEntry) -> bool:
    """Tell whether the site is there to be asked."""
    return entry.state is ConfigEntryState.LOADED


def form_schema(entry: ConfigEntry) -> vol.Schema:
    """Build the form, with the circuits that the site has."""
    circuits = {
        subentry.data[CONF_CIRCUIT_ID]: subentry.title for subentry in entry.get_subentries_of_type(SUBENTRY_CIRCUIT)
    }
    return charger_schema(circuits or {MAIN_CIRCUIT: entry.title})


def suggestions(entry: ConfigEntry, station_id: str, identity: StationIdentity) -> dict[str, Any]:
    """Suggest a name, and the wiring of a site with one phase."""
    name = " ".join(word for word in (identity.vendor, identity.model) if word)
    values: dict[str, Any] = {CONF_NAME: name or station_id}
    if _phases_of(entry, MAIN_CIRCUIT) == (0,):
        values[CONF_WIRING] = "r"
    return values


def as_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lay values out as the form has them."""
    return in_sections(values, ADVANCED)


def charger_errors(entry: ConfigEntry, user_input: Mapping[str, Any]) -> dict[str, str]:
    """Find what cannot be."""
    values = flat(user_input)
    errors: dict[str, str] = {}
    if values[CONF_MINIMUM] > values[CONF_MAXIMUM]:
        errors[CONF_MAXIMUM] = "below_minimum"
    if values[CONF_SAFE] > values[CONF_MAXIMUM]:
        errors[CONF_SAFE] = "above_maximum"
    elif 0 < values[CONF_SAFE] < values[CONF_MINIMUM]:
        errors[CONF_SAFE] = "between_zero_and_minimum"
    if not set(WIRINGS[values[CONF_WIRING]]) <= set(_phases_of(entry, values[CONF_CIRCUIT])):
        errors[CONF_WIRING] = "phase_not_in_circuit"
    return errors


def charger_data(station_id: str, user_input: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Turn a filled form into the title and the data of a subentry."""
    values = flat(user_input)
    title: str = values.pop(CONF_NAME)
    return title, {CONF_STATION_ID: station_id, **values}


def _phases_of(entry: ConfigEntry, circuit_id: str) -> tuple[int, ...]:
    """Return the building phases of a circuit."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_CIRCUIT):
        if subentry.data[CONF_CIRCUIT_ID] == circuit_id:
            return PHASES[subentry.data[CONF_PHASES]]
    return (0, 1, 2)
