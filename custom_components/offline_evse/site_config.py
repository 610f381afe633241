"""From the config entry and its subentries to the engine's own set-up."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_PASSWORD

from .const import (
    CONF_AFTER_EXPIRY,
    CONF_CIRCUIT,
    CONF_CIRCUIT_ID,
    CONF_DEFAULT_PROFILE,
    CONF_DERATE,
    CONF_DERATE_FROM,
    CONF_FUSE,
    CONF_HARDWARE,
    CONF_LIMIT_POWER,
    CONF_MARGIN,
    CONF_MAXIMUM,
    CONF_METER_KIND,
    CONF_MINIMUM,
    CONF_PARENT,
    CONF_PAUSE_WAY,
    CONF_PHASES,
    CONF_PRIORITY,
    CONF_RESERVE,
    CONF_SAFE,
    CONF_SESSION_ENERGY,
    CONF_SESSION_TIME,
    CONF_SHADOW,
    CONF_STALE_AFTER,
    CONF_STATION_ID,
    CONF_SWITCH_PHASES,
    CONF_WEIGHT,
    CONF_WIRING,
    MAIN_CIRCUIT,
    SUBENTRY_CHARGER,
    SUBENTRY_CIRCUIT,
)
from .engine.model.circuit import MINIMUM_CURRENT_A, Circuit
from .engine.model.phases import NO_CURRENT, PhaseAmperes
from .engine.site.config import AfterExpiry, DefaultProfile, PauseWay, SiteConfig, StationConfig
from .flows.goal_settings import goals_config
from .flows.silence_profile import timing
from .flows.wiring_choice import WIRING_CHOICES, is_learned
from .grid_config import grid_config
from .inputs.meter import MeterSetUp
from .inputs.meter_kind import MeterKind
from .people.access_config import access_config, charger_level, charger_mode

ALL_PHASES: Final = "three_phase"
PHASES: Final[dict[str, tuple[int, ...]]] = {ALL_PHASES: (0, 1, 2), "l1": (0,), "l2": (1,), "l3": (2,)}
"""Building phases that a circuit can have, by the word that is kept for it."""


def site_config(entry: ConfigEntry) -> SiteConfig:
    """Read the whole site from its entry.

    People can remove any subentry at any time, so what hung in a removed circuit hangs in the main fuse from
    then on; and without a main fuse nothing may charge: it is replaced by one of 0 A.
    """
    subentries = {
        subentry.data[CONF_CIRCUIT_ID]: subentry for subentry in entry.get_subentries_of_type(SUBENTRY_CIRCUIT)
    }
    circuits = [_circuit(subentry, _parent(subentry, subentries)) for subentry in subentries.values()]
    if MAIN_CIRCUIT not in subentries:
        circuits.append(Circuit(circuit_id=MAIN_CIRCUIT, name=entry.title, limit_a=NO_CURRENT))
    return SiteConfig(
        name=entry.title,
        circuits=tuple(circuits),
        stations=tuple(
            _station(subentry, known=subentries) for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGER)
        ),
        goals=goals_config(entry),
        grid=grid_config(entry),
        access=access_config(entry),
        shadow=entry.data.get(CONF_SHADOW) is True,
    )


def meter_set_ups(entry: ConfigEntry) -> tuple[MeterSetUp, ...]:
    """Read which entities the circuits of a site are metered by."""
    return tuple(
        MeterSetUp.from_data(subentry.data[CONF_CIRCUIT_ID], PHASES[subentry.data[CONF_PHASES]], subentry.data)
        for subentry in entry.get_subentries_of_type(SUBENTRY_CIRCUIT)
    )


def rated_a(data: Mapping[str, Any]) -> float:
    """Return what a fuse carries on each phase where it sits, in A: less than is printed on it in a hot cabinet."""
    return float(data[CONF_FUSE]) * float(data.get(CONF_DERATE, 100.0)) / 100


def circuit_limit(phases: str, fuse_a: float) -> PhaseAmperes:
    """Spread the rating of a fuse over the phases that the circuit has, in A."""
    present = PHASES[phases]
    return PhaseAmperes(*(fuse_a if phase in present else 0.0 for phase in range(3)))


def _parent(subentry: ConfigSubentry, subentries: Mapping[str, ConfigSubentry]) -> str | None:
    """Find the circuit above, with every dead end and every ring led to the main fuse."""
    circuit_id: str = subentry.data[CONF_CIRCUIT_ID]
    if circuit_id == MAIN_CIRCUIT:
        return None
    parent: str = subentry.data.get(CONF_PARENT, MAIN_CIRCUIT)
    passed = {circuit_id}
    above = parent
    while above != MAIN_CIRCUIT:
        if above in passed or above not in subentries:
            return MAIN_CIRCUIT if above == parent or above in passed else parent
        passed.add(above)
        above = subentries[above].data.get(CONF_PARENT, MAIN_CIRCUIT)
    return parent


def _circuit(subentry: ConfigSubentry, parent: str | None) -> Circuit:
    """Read a circuit."""
    data: Mapping[str, Any] = subentry.data
    return Circuit(
        circuit_id=data[CONF_CIRCUIT_ID],
        name=subentry.title,
        parent_id=parent,
        limit_a=circuit_limit(data[CONF_PHASES], rated_a(data)),
        limit_w=data.get(CONF_LIMIT_POWER),
        metered=data.get(CONF_METER_KIND, MeterKind.NONE) != MeterKind.NONE,
        phases_measured=data.get(CONF_METER_KIND) != MeterKind.POWER_TOTAL or len(PHASES[data[CONF_PHASES]]) == 1,
        margin_a=float(data.get(CONF_MARGIN, 1.0)),
        reserve_a=float(data.get(CONF_RESERVE, 0.0)),
        stale_after_s=float(data.get(CONF_STALE_AFTER, 10.0)),
    )


def _station(subentry: ConfigSubentry, *, known: Mapping[str, ConfigSubentry]) -> StationConfig:
    """Read a charger."""
    data: Mapping[str, Any] = subentry.data
    circuit_id = data.get(CONF_CIRCUIT, MAIN_CIRCUIT)
    refresh_s, expires_s = timing(data)
    return StationConfig(
        station_id=data[CONF_STATION_ID],
        name=subentry.title,
        circuit_id=circuit_id if circuit_id in known else MAIN_CIRCUIT,
        wiring=WIRING_CHOICES[data[CONF_WIRING]],
        learn_wiring=is_learned(data[CONF_WIRING]),
        maximum_a=float(data[CONF_MAXIMUM]),
        minimum_a=float(data.get(CONF_MINIMUM, MINIMUM_CURRENT_A)),
        safe_a=float(data[CONF_SAFE]),
        default_profile=DefaultProfile(data[CONF_DEFAULT_PROFILE]),
        password=data.get(CONF_PASSWORD) or None,
        priority=int(data.get(CONF_PRIORITY, 0)),
        weight=float(data.get(CONF_WEIGHT, 1.0)),
        refresh_s=refresh_s,
        expires_s=expires_s,
        after_expiry=AfterExpiry(data.get(CONF_AFTER_EXPIRY, AfterExpiry.TRUST)),
        hardware_a=_number(data, CONF_HARDWARE),
        pause_way=PauseWay(data.get(CONF_PAUSE_WAY, PauseWay.AUTO)),
        can_switch_phases=data.get(CONF_SWITCH_PHASES) is True,
        session_time_s=None if (hours := _number(data, CONF_SESSION_TIME)) is None else round(hours * 3600),
        session_energy_wh=None if (kwh := _number(data, CONF_SESSION_ENERGY)) is None else round(kwh * 1000),
        derate_from_c=_number(data, CONF_DERATE_FROM),
        access_mode=charger_mode(data),
        minimum_level=charger_level(data),
    )


def _number(data: Mapping[str, Any], name: str) -> float | None:
    """Read a number that may be missing."""
    value = data.get(name)
    return None if value is None else float(value)
