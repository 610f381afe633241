"""What kinds of meter a circuit can have, and which entities each kind is read from."""

from enum import StrEnum
from typing import Final

from ..const import (
    CONF_CURRENT_L1,
    CONF_CURRENT_L2,
    CONF_CURRENT_L3,
    CONF_POWER_L1,
    CONF_POWER_L2,
    CONF_POWER_L3,
    CONF_POWER_TOTAL,
    CONF_VOLTAGE_L1,
    CONF_VOLTAGE_L2,
    CONF_VOLTAGE_L3,
)


class MeterKind(StrEnum):
    """What a circuit's meter tells."""

    CURRENTS = "currents"
    """The current of each phase; with the power of each phase where the current has no sign."""
    POWER_VOLTAGE = "power_voltage"
    """Power and voltage of each phase."""
    POWER_TOTAL = "power_total"
    """One power for all phases together."""
    NONE = "none"
    """Nothing: there is no meter."""


CURRENT_FIELDS: Final = (CONF_CURRENT_L1, CONF_CURRENT_L2, CONF_CURRENT_L3)
POWER_FIELDS: Final = (CONF_POWER_L1, CONF_POWER_L2, CONF_POWER_L3)
VOLTAGE_FIELDS: Final = (CONF_VOLTAGE_L1, CONF_VOLTAGE_L2, CONF_VOLTAGE_L3)

METER_FIELDS: Final[dict[MeterKind, tuple[str, ...]]] = {
    MeterKind.CURRENTS: CURRENT_FIELDS + POWER_FIELDS,
    MeterKind.POWER_VOLTAGE: POWER_FIELDS + VOLTAGE_FIELDS,
    MeterKind.POWER_TOTAL: (CONF_POWER_TOTAL,),
    MeterKind.NONE: (),
}
