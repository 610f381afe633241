"""What stations do with limits that the standard did not mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .schedule import Kind, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """How a station deals with charging profiles; as the standard says unless told otherwise."""

    ignored_purposes: tuple[Purpose, ...] = ()
    """Profiles that it accepts and takes no notice of."""
    kinds: tuple[Kind, ...] = tuple(Kind)
    """Others are refused."""
    refuses_below_a: float = 0.0
    """A profile with a limit below this is refused, in A per phase."""
    dies_on_zero: bool = False
    """A limit of 0 A ends the session, and the car has to be plugged in anew."""
    switches_phases: bool = False
    """It has contactors by which it can charge on fewer phases than are wired; others use them all."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings in which it differs from the usual, by their 1.6 key."""


QUIRKS: Mapping[str, Quirks] = {
    "none": Quirks(),
    "follows_defaults_only": Quirks(ignored_purposes=(Purpose.TX,)),
    "refuses_zero": Quirks(refuses_below_a=6.0),
    "dies_on_zero": Quirks(dies_on_zero=True),
    "relative_only": Quirks(kinds=(Kind.RELATIVE,)),
    "watts_only": Quirks(settings={"ChargingScheduleAllowedChargingRateUnit": "Power"}),
    "one_level": Quirks(settings={"ChargeProfileMaxStackLevel": "0"}),
    "one_period": Quirks(settings={"ChargingScheduleMaxPeriods": "1"}),
    "switches_phases": Quirks(switches_phases=True),
}
"""Quirks that are met in the field, by a name for descriptions of sites."""


def quirks_from(raw: str | dict[str, Any]) -> Quirks:
    """Read quirks from a description: a name, or the fields themselves. Raises KeyError, TypeError or ValueError."""
    if isinstance(raw, str):
        return QUIRKS[raw]
    values = dict(raw)
    if "ignored_purposes" in values:
        values["ignored_purposes"] = tuple(Purpose(one) for one in values["ignored_purposes"])
    if "kinds" in values:
        values["kinds"] = tuple(Kind(one) for one in values["kinds"])
    return Quirks(**values)
