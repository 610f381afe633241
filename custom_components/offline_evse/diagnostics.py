"""Everything that helps to find a fault, and nothing that belongs to a person."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .actions.tree import tree_view
from .backends.address import redacted_address
from .backends.backend_config import (
    CONF_ADDRESS,
    CONF_AUTHORITY_PEM,
    CONF_CERTIFICATE_PEM,
    CONF_CHARGERS,
    CONF_IDENTITY,
    CONF_KEY_PEM,
)
from .const import SUBENTRY_BACKEND
from .devices import evse_of_device, station_of_device
from .engine.site.site import Site
from .engine.site.state import EvseState, StationState
from .frame_redaction import redacted_frame
from .runtime import OfflineEvseConfigEntry

TO_REDACT: Final = {
    CONF_AUTHORITY_PEM,
    CONF_CERTIFICATE_PEM,
    CONF_HOST,
    CONF_KEY_PEM,
    CONF_PASSWORD,
    "client_id",
    "client_secret",
    "id_token",
    "name",
    "remote",
    "serial_number",
    "signed_data",
    "title",
    "unique_id",
}
"""Passwords, keys, cards and their holders, addresses, and what identifies one charger among all others of its kind,
here and at a backend. A station id is kept where it is needed to tell chargers apart."""


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: OfflineEvseConfigEntry) -> dict[str, Any]:
    """Describe the whole site."""
    site = entry.runtime_data.site
    recent = await site.transactions(limit=10)
    return redacted(
        {
            "entry": {
                "data": dict(entry.data),
                "subentries": [
                    {"type": subentry.subentry_type, "data": _set_up(subentry)}
                    for subentry in entry.subentries.values()
                ],
            },
            "site": {
                "port": site.port,
                "safe_mode": site.state.safe_mode,
                "ledger_failed": site.state.ledger_failed,
                "grid": plain(site.state.grid),
                "silent_meters": sorted(site.state.silent_meters),
                "charging_power_w": site.state.charging_power_w,
                "circuits": plain(site.state.circuits),
                "tree": tree_view(site.tree()),
                "meter_findings": plain(site.state.meter_findings),
                "wirings_learned": plain(site.state.wirings_learned),
                "distrusted_meters": sorted(site.state.distrusted_meters),
                "strangers": len(site.state.strangers),
                "cards": len(site.cards()),
                "limits_sent": site.commands_sent,
            },
            "backends": plain(tuple(site.state.upstreams.values())),
            "bluetooth": opened.diagnostics() if (opened := entry.runtime_data.bluetooth.open) else None,
            "chargers": [charger(site, station) for station in site.stations.values()],
            "transactions": plain(recent),
        }
    )


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: OfflineEvseConfigEntry, device: dr.AnyDeviceEntry
) -> dict[str, Any]:
    """Describe one charger or one connector; the site where the device is neither."""
    site = entry.runtime_data.site
    if evse := evse_of_device(hass, entry, device):
        state = site.evses[evse]
        recent = await site.transactions(evse=evse, limit=10)
        return redacted({"connector": connector(state), "transactions": plain(recent)})
    if (station_id := station_of_device(entry, device)) is not None:
        described = redacted({"charger": charger(site, site.stations[station_id])})
        described["frames"] = [redacted_frame(frame) for frame in site.frames(station_id)]
        return described
    return await async_get_config_entry_diagnostics(hass, entry)


def charger(site: Site, station: StationState) -> dict[str, Any]:
    """Describe a charger with its connectors."""
    connectors = [connector(state) for key, state in site.evses.items() if key.station_id == station.station_id]
    return {**_slots(station), "connectors": connectors}


def connector(state: EvseState) -> dict[str, Any]:
    """Describe a connector."""
    return {**_slots(state), "status": plain(state.status)}


def redacted(data: dict[str, Any]) -> dict[str, Any]:
    """Take out what belongs to people."""
    return async_redact_data(data, TO_REDACT)


def plain(value: Any) -> Any:
    """Turn the engine's values into what JSON knows."""
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    return value


def _set_up(subentry: ConfigSubentry) -> dict[str, Any]:
    """Return the set-up of a part of the site; of a backend, where it leads, and no name that it has for us."""
    data = dict(subentry.data)
    if subentry.subentry_type == SUBENTRY_BACKEND:
        data[CONF_ADDRESS] = redacted_address(data[CONF_ADDRESS])
        lines = data[CONF_CHARGERS].items()
        data[CONF_CHARGERS] = {station_id: {**line, CONF_IDENTITY: REDACTED} for station_id, line in lines}
    return data


def _slots(state: EvseState | StationState) -> dict[str, Any]:
    """Return everything a live state holds."""
    return {name: plain(getattr(state, name)) for name in type(state).__slots__}
