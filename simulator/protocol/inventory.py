"""What a 2.0.1 station says of itself: its components and their variables."""

from collections.abc import Iterator
from typing import Any

from ..station.messages import Report
from ..station.station import Station

PER_MESSAGE = 12
"""Entries in one NotifyReport."""


def report(station: Station, request_id: int) -> list[Report]:
    """Return the full inventory, cut into messages."""
    entries = list(_entries(station))
    parts = [tuple(entries[at : at + PER_MESSAGE]) for at in range(0, len(entries), PER_MESSAGE)]
    now = station.now()
    return [
        Report(request_id=request_id, seq_no=n, at=now, more=n < len(parts) - 1, variables=part)
        for n, part in enumerate(parts)
    ]


def fixed(station: Station, component: str, variable: str, evse_id: int | None) -> str | None:
    """Return a variable that is not a setting; None if there is none of that name."""
    for entry in _fixed(station):
        place = entry["component"].get("evse", {}).get("id")
        names = (entry["component"]["name"].lower(), entry["variable"]["name"].lower())
        if names == (component.lower(), variable.lower()) and (evse_id is None or place == evse_id):
            return str(entry["variable_attribute"][0]["value"])
    return None


def _entries(station: Station) -> Iterator[dict[str, Any]]:
    yield from _fixed(station)
    for setting in station.settings.variables():
        assert setting.variable is not None
        component, variable = setting.variable
        yield _entry(
            {"name": component}, variable, station.settings.text(setting.name), setting.kind, readonly=setting.readonly
        )


def _fixed(station: Station) -> Iterator[dict[str, Any]]:
    model = station.model
    box = {"name": "ChargingStation"}
    yield _entry(box, "VendorName", model.vendor)
    yield _entry(box, "Model", model.model)
    yield _entry(box, "SerialNumber", model.serial)
    yield _entry(box, "FirmwareVersion", model.firmware)
    yield _entry(box, "SupplyPhases", str(max(p.evse.phases for p in station.points.values())), "integer")
    yield _entry({"name": "SmartChargingCtrlr"}, "Available", "true", "boolean")
    yield _entry({"name": "SmartChargingCtrlr"}, "Enabled", "true", "boolean")
    switches = "true" if model.quirks.switches_phases else "false"
    yield _entry({"name": "SmartChargingCtrlr"}, "ACPhaseSwitchingSupported", switches, "boolean")
    yield _entry({"name": "DeviceDataCtrlr"}, "ItemsPerMessage", str(PER_MESSAGE), "integer")
    for evse_id, point in station.points.items():
        evse = {"name": "EVSE", "evse": {"id": evse_id}}
        yield _entry(evse, "AvailabilityState", "Available" if point.operative else "Unavailable", "OptionList")
        yield _entry(evse, "SupplyPhases", str(point.evse.phases), "integer")
        yield _entry(evse, "Power", f"{point.evse.maximum_a * 230 * point.evse.phases:.0f}", "decimal", unit="W")
        connector = {"name": "Connector", "evse": {"id": evse_id, "connector_id": 1}}
        yield _entry(connector, "ConnectorType", "cType2")
        yield _entry(connector, "SupplyPhases", str(point.evse.phases), "integer")


def _entry(
    component: dict[str, Any],
    variable: str,
    value: str,
    kind: str = "string",
    *,
    unit: str | None = None,
    readonly: bool = True,
) -> dict[str, Any]:
    return {
        "component": component,
        "variable": {"name": variable},
        "variable_attribute": [
            {"type": "Actual", "value": value, "mutability": "ReadOnly" if readonly else "ReadWrite"}
        ],
        "variable_characteristics": {"data_type": kind, "unit": unit, "supports_monitoring": False},
    }
