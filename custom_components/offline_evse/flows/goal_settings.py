"""The goals of a site as they are kept in the options of its entry, turned into the engine's set-up."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.util import dt as dt_util

from ..engine.site.goals.config import CircuitHours, GoalsConfig, PeakGoal, SolarGoal, Vehicle

GOAL_SOLAR: Final = "solar"
GOAL_PRICES: Final = "prices"
GOAL_PEAK: Final = "peak"
GOAL_HOURS: Final = "circuit_hours"
GOAL_VEHICLES: Final = "vehicles"

CONF_BATTERY_FIRST_BELOW: Final = "battery_first_below"
CONF_BATTERY_MOST: Final = "battery_most"
CONF_BATTERY_POWER: Final = "battery_power"
CONF_BATTERY_SIGN: Final = "battery_sign"
CONF_BATTERY_SOC: Final = "battery_soc"
CONF_CAPACITY: Final = "capacity"
CONF_ENABLED: Final = "enabled"
CONF_GRID_POWER: Final = "grid_power"
CONF_HOURS: Final = "hours"
CONF_LIMIT_CURRENT: Final = "limit_current"
CONF_LIMIT_KW: Final = "limit_kw"
CONF_MONTH_PEAK: Final = "month_peak"
CONF_PRICE: Final = "price"
CONF_PRICE_LIMIT: Final = "price_limit"
CONF_QUARTER: Final = "quarter"
CONF_SOLAR_RESERVE: Final = "reserve"
CONF_START_AFTER: Final = "start_after"
CONF_STOP_AFTER: Final = "stop_after"
CONF_TARGET: Final = "target"
CONF_VEHICLE_SOC: Final = "vehicle_soc"

SIGN_CHARGING: Final = "charging"
SIGN_DISCHARGING: Final = "discharging"

DEFAULT_TARGET_KW: Final = 2.5

_ENTITIES: Final = {
    GOAL_SOLAR: (CONF_GRID_POWER, CONF_BATTERY_POWER, CONF_BATTERY_SOC),
    GOAL_PRICES: (CONF_PRICE, CONF_HOURS),
    GOAL_PEAK: (CONF_GRID_POWER, CONF_QUARTER, CONF_MONTH_PEAK),
}
_PER_THING: Final = {GOAL_HOURS: CONF_HOURS, GOAL_VEHICLES: CONF_VEHICLE_SOC}


def section(entry: ConfigEntry, goal: str) -> dict[str, Any]:
    """Return what is kept for a goal; empty where it is not set."""
    return dict(entry.options.get(goal, {}))


def is_set(entry: ConfigEntry, goal: str) -> bool:
    """Whether a goal with a switch of its own is on."""
    return section(entry, goal).get(CONF_ENABLED) is True


def goals_config(entry: ConfigEntry) -> GoalsConfig:
    """Read all goals from the options of the entry."""
    prices = section(entry, GOAL_PRICES)
    limit = prices.get(CONF_PRICE_LIMIT)
    return GoalsConfig(
        time_zone=dt_util.get_default_time_zone(),
        solar=_solar(section(entry, GOAL_SOLAR)) if is_set(entry, GOAL_SOLAR) else None,
        prices=CONF_PRICE in prices,
        price_limit=Decimal(str(limit)) if limit is not None and CONF_PRICE in prices else None,
        hours=CONF_HOURS in prices,
        peak=_peak(section(entry, GOAL_PEAK)) if is_set(entry, GOAL_PEAK) else None,
        circuit_hours=tuple(_hours(circuit_id, kept) for circuit_id, kept in section(entry, GOAL_HOURS).items()),
        vehicles={
            station_id: Vehicle(capacity_wh=float(kept[CONF_CAPACITY]) * 1000)
            for station_id, kept in section(entry, GOAL_VEHICLES).items()
        },
    )


def goal_entities(entry: ConfigEntry) -> dict[tuple[str, str], str]:
    """Return the entities that goals are told by: entity ids by goal and field, or by goal and circuit or charger."""
    found: dict[tuple[str, str], str] = {}
    for goal, fields in _ENTITIES.items():
        kept = section(entry, goal)
        if goal != GOAL_PRICES and not is_set(entry, goal):
            continue
        found |= {(goal, field): kept[field] for field in fields if field in kept}
    for goal, field in _PER_THING.items():
        found |= {(goal, thing): kept[field] for thing, kept in section(entry, goal).items() if field in kept}
    return found


def renamed(options: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """Return the options with an entity under its new id."""
    return {
        name: renamed(value, old, new) if isinstance(value, Mapping) else new if value == old else value
        for name, value in options.items()
    }


def _solar(kept: Mapping[str, Any]) -> SolarGoal:
    has_soc = CONF_BATTERY_SOC in kept and CONF_BATTERY_POWER in kept
    return SolarGoal(
        start_after_s=float(kept.get(CONF_START_AFTER, 60)),
        stop_after_s=float(kept.get(CONF_STOP_AFTER, 180)),
        reserve_w=float(kept.get(CONF_SOLAR_RESERVE, 0)),
        battery_first_below_percent=float(kept.get(CONF_BATTERY_FIRST_BELOW, 0)) if has_soc else 0.0,
        battery_most_w=float(kept.get(CONF_BATTERY_MOST, 0)) * 1000,
    )


def _peak(kept: Mapping[str, Any]) -> PeakGoal:
    return PeakGoal(target_w=float(kept.get(CONF_TARGET, DEFAULT_TARGET_KW)) * 1000)


def _hours(circuit_id: str, kept: Mapping[str, Any]) -> CircuitHours:
    limit_kw, limit_a = kept.get(CONF_LIMIT_KW), kept.get(CONF_LIMIT_CURRENT)
    return CircuitHours(
        circuit_id=circuit_id,
        limit_w=None if limit_kw is None else float(limit_kw) * 1000,
        limit_a=None if limit_a is None else float(limit_a),
    )
