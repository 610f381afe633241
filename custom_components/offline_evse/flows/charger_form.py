"""What is asked about a charger, wherever it is adopted or changed."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
import voluptuous as vol

from ..const import (
    CONF_AFTER_EXPIRY,
    CONF_CIRCUIT,
    CONF_CIRCUIT_ID,
    CONF_DERATE_FROM,
    CONF_EXPIRY,
    CONF_HARDWARE,
    CONF_MAXIMUM,
    CONF_MINIMUM,
    CONF_PAUSE_WAY,
    CONF_PHASES,
    CONF_PRIORITY,
    CONF_REFRESH,
    CONF_SAFE,
    CONF_SESSION_ENERGY,
    CONF_SESSION_TIME,
    CONF_STATION_ID,
    CONF_SWITCH_PHASES,
    CONF_TIMEOUT,
    CONF_WEIGHT,
    CONF_WIRING,
    DOMAIN,
    MAIN_CIRCUIT,
    SUBENTRY_CIRCUIT,
)
from ..engine.model.station import StationIdentity
from ..people.access_config import CONF_ACCESS_MODE, CONF_MINIMUM_LEVEL
from ..site_config import PHASES
from .schemas import SECTION_ACCESS, SECTION_CONNECTION, SECTION_LIMITS, charger_schema, flat, in_sections
from .silence_profile import OWN_TIMEOUT, timing
from .tree_form import circuit_title, lowest_limit, tells_phases, weakest_fuse
from .wiring_choice import LEARN_ONE, WIRING_CHOICES, is_learned

ADVANCED = (CONF_PASSWORD, CONF_MINIMUM, CONF_PRIORITY, CONF_WEIGHT)
CONNECTION = (CONF_TIMEOUT, CONF_REFRESH, CONF_EXPIRY, CONF_AFTER_EXPIRY, CONF_HARDWARE)
ACCESS = (CONF_ACCESS_MODE, CONF_MINIMUM_LEVEL)
LIMITS = (CONF_SESSION_TIME, CONF_SESSION_ENERGY, CONF_DERATE_FROM, CONF_PAUSE_WAY, CONF_SWITCH_PHASES)


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
    form = in_sections(values, ADVANCED)
    form = in_sections(form, CONNECTION, under=SECTION_CONNECTION)
    form = in_sections(form, LIMITS, under=SECTION_LIMITS)
    return in_sections(form, ACCESS, under=SECTION_ACCESS)


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
    wiring = values[CONF_WIRING]
    if is_learned(wiring) and not tells_phases(entry, values[CONF_CIRCUIT]):
        errors[CONF_WIRING] = "nothing_to_learn_from"
    elif wiring != LEARN_ONE and not set(WIRING_CHOICES[wiring]) <= set(_phases_of(entry, values[CONF_CIRCUIT])):
        errors[CONF_WIRING] = "phase_not_in_circuit"
    if values[CONF_MINIMUM] > lowest_limit(entry, values[CONF_CIRCUIT]):
        errors[CONF_CIRCUIT] = "minimum_above_fuse"
    # Home Assistant shows an error at a field of a section only with the whole form.
    if error := _hidden_error(values):
        errors["base"] = error
    return errors


def charger_error_figures(entry: ConfigEntry, user_input: Mapping[str, Any]) -> dict[str, str]:
    """Fill in what the texts of `charger_errors` speak of."""
    values = flat(user_input)
    circuit_id = values[CONF_CIRCUIT]
    return {
        "minimum": f"{values[CONF_MINIMUM]:g}",
        "maximum": f"{values[CONF_MAXIMUM]:g}",
        "circuit": circuit_title(entry, circuit_id),
        "phases": ", ".join(f"L{phase + 1}" for phase in _phases_of(entry, circuit_id)),
        "fuse": weakest_fuse(entry, circuit_id),
        "carries": f"{lowest_limit(entry, circuit_id):g}",
    }


def _hidden_error(values: Mapping[str, Any]) -> str | None:
    """Find what cannot be among the fields in sections."""
    if values.get(CONF_TIMEOUT) == OWN_TIMEOUT and not (values.get(CONF_REFRESH) and values.get(CONF_EXPIRY)):
        return "own_timeout_needed"
    refresh_s, expires_s = timing(values)
    if expires_s is not None and refresh_s >= expires_s:
        return "refresh_after_expiry"
    if values.get(CONF_HARDWARE, values[CONF_MAXIMUM]) < values[CONF_MAXIMUM]:
        return "hardware_below_maximum"
    if values.get(CONF_SWITCH_PHASES) and len(WIRING_CHOICES[values[CONF_WIRING]]) == 1:
        return "one_phase_cannot_switch"
    return None


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
