"""Fields that the forms about people are made of."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import UnitOfEnergy
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ...const import CONF_STATION_ID, SUBENTRY_CHARGER


def box(lowest: float, highest: float, step: float | None, unit: str | None = None) -> NumberSelector:
    """A field for a quantity; without a step, with any decimals."""
    config = NumberSelectorConfig(min=lowest, max=highest, step=step or "any", mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


def energy() -> NumberSelector:
    """A field for an energy."""
    return box(0.1, 1_000_000, 0.1, UnitOfEnergy.KILO_WATT_HOUR)


def words(options: Iterable[str], translation_key: str, *, several: bool = False) -> SelectSelector:
    """A field for one of several words that are translated, or for `several` of them."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[str(option) for option in options],
            translation_key=translation_key,
            multiple=several,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def named(names: Mapping[str, str], *, several: bool = False, as_list: bool = False) -> SelectSelector:
    """A field for things that have a name, by what is kept of them."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=value, label=label) for value, label in names.items()],
            multiple=several,
            mode=SelectSelectorMode.LIST if as_list else SelectSelectorMode.DROPDOWN,
        )
    )


def charger_names(entry: ConfigEntry) -> dict[str, str]:
    """Return the names of the site's chargers by station id."""
    return {it.data[CONF_STATION_ID]: it.title for it in entry.get_subentries_of_type(SUBENTRY_CHARGER)}


def flattened(user_input: Mapping[str, Any], sections: Iterable[str]) -> dict[str, Any]:
    """Take fields out of their sections, and leave out what is empty."""
    values = dict(user_input)
    for name in sections:
        values |= values.pop(name, None) or {}
    return {name: value for name, value in values.items() if value not in (None, "", [])}
