"""Names that are kept on disk or seen by other parts of Home Assistant."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "offline_evse"
INTEGRATION_NAME: Final = "Offline EVSE"
DOCUMENTATION_URL: Final = "https://github.com/offline-evse/offline-evse"

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
]

DEFAULT_PORT: Final = 9000
"""What installers of other OCPP central systems already have in their chargers."""

SUBENTRY_BACKEND: Final = "backend"
SUBENTRY_CHARGER: Final = "charger"
SUBENTRY_CIRCUIT: Final = "circuit"

MAIN_CIRCUIT: Final = "main"
"""Id of the circuit that everything hangs in: the main fuse."""

CONF_AFTER_EXPIRY: Final = "after_expiry"
CONF_CIRCUIT: Final = "circuit"
CONF_CIRCUIT_ID: Final = "circuit_id"
CONF_DEFAULT_PROFILE: Final = "default_profile"
CONF_DERATE_FROM: Final = "derate_from"
CONF_EXPIRY: Final = "expiry"
CONF_DERATE: Final = "derate"
CONF_FUSE: Final = "fuse"
CONF_INVERTED: Final = "inverted"
CONF_HARDWARE: Final = "hardware"
CONF_LIMIT_POWER: Final = "limit_power"
CONF_MARGIN: Final = "margin"
CONF_MAXIMUM: Final = "maximum"
CONF_METER: Final = "meter"
CONF_METER_KIND: Final = "meter_kind"
CONF_MINIMUM: Final = "minimum"
CONF_PARENT: Final = "parent"
CONF_PAUSE_WAY: Final = "pause_way"
CONF_PHASES: Final = "phases"
CONF_PRIORITY: Final = "priority"
CONF_REFRESH: Final = "refresh"
CONF_RESERVE: Final = "reserve"
CONF_SAFE: Final = "safe"
CONF_SESSION_ENERGY: Final = "session_energy"
CONF_SESSION_TIME: Final = "session_time"
CONF_SHADOW: Final = "shadow"
CONF_STALE_AFTER: Final = "stale_after"
CONF_STATION_ID: Final = "station_id"
CONF_SWITCH_PHASES: Final = "can_switch_phases"
CONF_TIMEOUT: Final = "timeout"
CONF_WEIGHT: Final = "weight"
CONF_WIRING: Final = "wiring"

CONF_CURRENT_L1: Final = "current_l1"
CONF_CURRENT_L2: Final = "current_l2"
CONF_CURRENT_L3: Final = "current_l3"
CONF_POWER_L1: Final = "power_l1"
CONF_POWER_L2: Final = "power_l2"
CONF_POWER_L3: Final = "power_l3"
CONF_POWER_TOTAL: Final = "power_total"
CONF_VOLTAGE_L1: Final = "voltage_l1"
CONF_VOLTAGE_L2: Final = "voltage_l2"
CONF_VOLTAGE_L3: Final = "voltage_l3"
