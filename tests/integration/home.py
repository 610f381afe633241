"""A home with a fuse and a charger, as the set-up in the UI leaves it: no meter, so that nothing but the fuse binds."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_HOST, CONF_PORT
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.const import DOMAIN

STATION = "CP-1"


def home(*more: ConfigSubentryData, fuse_a: float = 25.0, wiring: str = "rst", **main: Any) -> MockConfigEntry:
    """Describe the site Home with the charger CP-1 in its garage, and whatever else is given."""
    return MockConfigEntry(
        domain=DOMAIN,
        entry_id="site",
        title="Home",
        data={CONF_PORT: 0, CONF_HOST: "127.0.0.1"},
        subentries_data=[
            fuse("main", "Main fuse", fuse_a=fuse_a, margin=0.0, **main),
            wall_charger(STATION, "Garage", wiring=wiring),
            *more,
        ],
    )


def fuse(circuit_id: str, title: str, *, fuse_a: float, phases: str = "three_phase", **more: Any) -> ConfigSubentryData:
    """Describe a circuit without a meter."""
    data = {"circuit_id": circuit_id, "fuse": fuse_a, "phases": phases, "meter_kind": "none"} | more
    return ConfigSubentryData(data=data, subentry_type="circuit", title=title, unique_id=None)


def wall_charger(station_id: str, title: str, *, wiring: str = "rst") -> ConfigSubentryData:
    """Describe a charger of 16 A in the main circuit."""
    data = {
        "station_id": station_id,
        "circuit": "main",
        "wiring": wiring,
        "maximum": 16.0,
        "minimum": 6.0,
        "safe": 6.0,
        "default_profile": "safe",
    }
    return ConfigSubentryData(data=data, subentry_type="charger", title=title, unique_id=station_id)
