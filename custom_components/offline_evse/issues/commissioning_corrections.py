"""What has to be changed in the set-up where the site has found out that it is wired otherwise."""

from typing import Any

from homeassistant.config_entries import ConfigSubentry

from ..const import CONF_INVERTED, CONF_METER, CONF_WIRING
from ..inputs.meter_kind import CURRENT_FIELDS, POWER_FIELDS, VOLTAGE_FIELDS

type IssueData = dict[str, str | int | float | None]


def correction(data: IssueData, subentry: ConfigSubentry) -> dict[str, Any] | None:
    """Return the data of a subentry as it has to be; None where an issue has no such way out."""
    match data.get("fix"):
        case "invert":
            turned = set(subentry.data.get(CONF_INVERTED, ())) ^ set(str(data["phases"]).split(","))
            return {**subentry.data, CONF_INVERTED: sorted(turned)}
        case "swap":
            return {**subentry.data, CONF_METER: _swapped(subentry, int(data["phase"] or 0), int(data["seen_on"] or 0))}
        case "wiring":
            return {**subentry.data, CONF_WIRING: data["wiring"]}
    return None


def _swapped(subentry: ConfigSubentry, phase: int, seen_on: int) -> dict[str, str]:
    """Exchange the entities of two phases, of whatever they tell."""
    meter: dict[str, str] = dict(subentry.data.get(CONF_METER, {}))
    for fields in (CURRENT_FIELDS, POWER_FIELDS, VOLTAGE_FIELDS):
        one, other = meter.pop(fields[phase], None), meter.pop(fields[seen_on], None)
        if one is not None:
            meter[fields[seen_on]] = one
        if other is not None:
            meter[fields[phase]] = other
    return meter
