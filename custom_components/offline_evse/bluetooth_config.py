"""What the options say of Bluetooth. Read without Bluetooth: nothing of it is imported before it is switched on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from homeassistant.config_entries import ConfigEntry

OPTION_BLUETOOTH: Final = "bluetooth"

CONF_ENABLED: Final = "enabled"
CONF_PLAIN: Final = "plain"
CONF_READERS: Final = "readers"
CONF_SCANNERS: Final = "scanners"


@dataclass(frozen=True, slots=True)
class BluetoothSetUp:
    """How Bluetooth is used."""

    enabled: bool = False
    scanners: Mapping[str, str] = field(default_factory=dict)
    """Which charger (station id) each scanner hangs at, by the scanner's source."""
    readers: Mapping[str, str] = field(default_factory=dict)
    """Which charger (station id) each reader puck hangs at, by the network address of its node."""
    plain: bool = False
    """Keys may show themselves in clear, for holders that know no other way."""


def bluetooth_set_up(entry: ConfigEntry) -> BluetoothSetUp:
    """Read the options; off where they say nothing."""
    options = entry.options.get(OPTION_BLUETOOTH, {})
    return BluetoothSetUp(
        enabled=options.get(CONF_ENABLED) is True,
        scanners=dict(options.get(CONF_SCANNERS, {})),
        readers=dict(options.get(CONF_READERS, {})),
        plain=options.get(CONF_PLAIN) is True,
    )
