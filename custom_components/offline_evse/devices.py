"""Devices as the device registry keeps them: the site, its circuits and backends, its chargers and their connectors."""

from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceEntryType, DeviceInfo

from .const import CONF_CIRCUIT_ID, CONF_STATION_ID, DOMAIN, INTEGRATION_NAME, SUBENTRY_BACKEND, SUBENTRY_CHARGER
from .engine.model.station import EvseKey, StationIdentity

BACKEND_MODEL: Final = "OCPP backend"
"""By which an action's field finds backends among the devices."""


def site_identifier(entry: ConfigEntry) -> tuple[str, str]:
    """Name the device of the site."""
    return (DOMAIN, entry.entry_id)


def circuit_identifier(entry: ConfigEntry, circuit_id: str) -> tuple[str, str]:
    """Name the device of a circuit."""
    return (DOMAIN, f"{entry.entry_id}/{circuit_id}")


def backend_identifier(entry: ConfigEntry, upstream_id: str) -> tuple[str, str]:
    """Name the device of a backend."""
    return (DOMAIN, f"{entry.entry_id}/backend/{upstream_id}")


def charger_identifier(entry: ConfigEntry, station_id: str) -> tuple[str, str]:
    """Name the device of a charger."""
    return (DOMAIN, f"{entry.entry_id}_{station_id}")


def evse_identifier(entry: ConfigEntry, evse: EvseKey) -> tuple[str, str]:
    """Name the device of a connector. The slash keeps it apart from a charger that is called `A_1`."""
    return (DOMAIN, f"{entry.entry_id}_{evse.station_id}/{evse.evse_id}")


def charger_subentry(entry: ConfigEntry, station_id: str) -> ConfigSubentry | None:
    """Find the subentry of an adopted charger."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGER):
        if subentry.data[CONF_STATION_ID] == station_id:
            return subentry
    return None


def site_device_info(entry: ConfigEntry) -> DeviceInfo:
    """Describe the site itself, which is software."""
    return DeviceInfo(
        identifiers={site_identifier(entry)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=INTEGRATION_NAME,
        name=entry.title,
    )


def circuit_device_info(entry: ConfigEntry, subentry: ConfigSubentry) -> DeviceInfo:
    """Describe a fuse of the site. Belongs to the subentry of the circuit."""
    return DeviceInfo(
        identifiers={circuit_identifier(entry, subentry.data[CONF_CIRCUIT_ID])},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=INTEGRATION_NAME,
        name=subentry.title,
    )


def backend_device_info(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> DeviceInfo:
    """Describe a backend, which is reached through the site. Belongs to the subentry of the backend."""
    info = DeviceInfo(
        identifiers={backend_identifier(entry, subentry.subentry_id)},
        entry_type=DeviceEntryType.SERVICE,
        model=BACKEND_MODEL,
        name=subentry.title,
    )
    if site := dr.async_get(hass).async_get_device_by_identifier(site_identifier(entry), entry.entry_id):
        info["via_device_id"] = site.id
    return info


def charger_device_info(entry: ConfigEntry, subentry: ConfigSubentry) -> DeviceInfo:
    """Describe a charger by its subentry. What it says of itself is written by `note_identity`, when it says it."""
    return DeviceInfo(
        identifiers={charger_identifier(entry, subentry.data[CONF_STATION_ID])},
        name=subentry.title,
    )


def evse_device_info(hass: HomeAssistant, entry: ConfigEntry, evse: EvseKey) -> ChildDeviceInfo:
    """Describe a connector, as a child of its charger's device. Raises LookupError where there is no such charger."""
    parent = dr.async_get(hass).async_get_device_by_identifier(
        charger_identifier(entry, evse.station_id), entry.entry_id
    )
    if parent is None:
        raise LookupError(f"Charger {evse.station_id} has no device")
    return ChildDeviceInfo(
        identifiers={evse_identifier(entry, evse)},
        parent_device_id=parent.id,
        translation_key="connector",
        translation_placeholders={"number": str(evse.evse_id)},
    )


def register_site(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Put the site into the device registry, under its present name."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={site_identifier(entry)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=INTEGRATION_NAME,
        name=entry.title,
    )


def register_backend(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> None:
    """Put a backend into the device registry, under its present name."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=subentry.subentry_id,
        **backend_device_info(hass, entry, subentry),
    )


def rename_circuit(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> None:
    """Let the device of a circuit, where it has one, follow the name of its subentry."""
    registry = dr.async_get(hass)
    identifier = circuit_identifier(entry, subentry.data[CONF_CIRCUIT_ID])
    if device := registry.async_get_device_by_identifier(identifier, entry.entry_id):
        registry.async_update_device(device.id, name=subentry.title)


def register_charger(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> None:
    """Put a charger into the device registry, under its present name."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=subentry.subentry_id,
        identifiers={charger_identifier(entry, subentry.data[CONF_STATION_ID])},
        name=subentry.title,
    )


def register_evse(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry, evse: EvseKey) -> None:
    """Put a connector into the device registry, below its charger."""
    info = evse_device_info(hass, entry, evse)
    dr.async_get(hass).async_get_or_create_child(
        config_entry_id=entry.entry_id,
        config_subentry_id=subentry.subentry_id,
        identifiers=info["identifiers"],
        parent_device_id=info["parent_device_id"],
        translation_key="connector",
        translation_placeholders=info["translation_placeholders"],
    )


def note_identity(hass: HomeAssistant, entry: ConfigEntry, station_id: str, identity: StationIdentity) -> None:
    """Write down what a charger says of itself; what it does not say stays as it was."""
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier(charger_identifier(entry, station_id), entry.entry_id)
    if device is None:
        return
    registry.async_update_device(
        device.id,
        manufacturer=identity.vendor or device.manufacturer,
        model=identity.model or device.model,
        serial_number=identity.serial_number or device.serial_number,
        sw_version=identity.firmware_version or device.sw_version,
    )


def evse_of_device(hass: HomeAssistant, entry: ConfigEntry, device: dr.AnyDeviceEntry) -> EvseKey | None:
    """Tell which connector a device is; None: the device is not a connector."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGER):
        station_id: str = subentry.data[CONF_STATION_ID]
        prefix = f"{charger_identifier(entry, station_id)[1]}/"
        for domain, name in device.identifiers:
            if domain == DOMAIN and name.startswith(prefix) and (number := name.removeprefix(prefix)).isdecimal():
                return EvseKey(station_id, int(number))
    return None


def backend_of_device(entry: ConfigEntry, device: dr.AnyDeviceEntry) -> str | None:
    """Tell which backend a device is; None: the device is not a backend."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_BACKEND):
        if backend_identifier(entry, subentry.subentry_id) in device.identifiers:
            return subentry.subentry_id
    return None


def station_of_device(entry: ConfigEntry, device: dr.AnyDeviceEntry) -> str | None:
    """Tell which charger a device is; None: the device is not a charger."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGER):
        station_id: str = subentry.data[CONF_STATION_ID]
        if charger_identifier(entry, station_id) in device.identifiers:
            return station_id
    return None
