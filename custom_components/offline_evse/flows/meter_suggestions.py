"""Guesses which entities are the building's meter, so that people have to confirm only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import ATTR_DEVICE_CLASS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import CONF_POWER_TOTAL, DOMAIN
from ..inputs.meter_kind import CURRENT_FIELDS, POWER_FIELDS, VOLTAGE_FIELDS, MeterKind

_PHASE_WORDS: Final = (
    ("l1", "l2", "l3"),
    ("phase_1", "phase_2", "phase_3"),
    ("phase1", "phase2", "phase3"),
    ("phase_a", "phase_b", "phase_c"),
    ("_a_", "_b_", "_c_"),
    ("_1", "_2", "_3"),
)
"""How integrations call the three phases in entity ids, the least ambiguous first."""

_EXPORT_WORDS: Final = ("production", "export", "return", "deliver", "inject")
"""Marks of sensors that tell only what goes out to the grid."""

DEVICE_CLASSES: Final[dict[str, SensorDeviceClass]] = {
    **dict.fromkeys(CURRENT_FIELDS, SensorDeviceClass.CURRENT),
    **dict.fromkeys((*POWER_FIELDS, CONF_POWER_TOTAL), SensorDeviceClass.POWER),
    **dict.fromkeys(VOLTAGE_FIELDS, SensorDeviceClass.VOLTAGE),
}
"""What kind of sensor each field wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The meter that a site seems to have."""

    kind: MeterKind = MeterKind.CURRENTS
    entities: Mapping[str, str] = field(default_factory=dict)
    """Entity ids by field, of all kinds."""


async def suggest_meter(hass: HomeAssistant) -> Suggestion:
    """Look in the Energy settings for the grid's power, and on its device for the phases.

    Where they do not help, the only device that tells of three phases is taken for the meter.
    """
    power = await _grid_power(hass)
    found: dict[str, str] = {}
    for entity_id in power:
        found |= _phases_on_device(hass, entity_id)
    if not found:
        meters = [phases for phases in map(partial(_phases, hass), _sensors_by_device(hass).values()) if phases]
        found = meters[0] if len(meters) == 1 else {}
    if CURRENT_FIELDS[0] in found:
        kind = MeterKind.CURRENTS
    elif POWER_FIELDS[0] in found:
        kind = MeterKind.POWER_VOLTAGE
    elif power:
        kind = MeterKind.POWER_TOTAL
    else:
        kind = MeterKind.CURRENTS
    if power:
        found[CONF_POWER_TOTAL] = power[0]
    return Suggestion(kind=kind, entities=found)


def other_phases(hass: HomeAssistant, fields: tuple[str, ...], entity_id: str) -> dict[str, str]:
    """Find the sensors of the other phases by the name of one; `fields` names one field per phase, L1 first."""
    for words in _PHASE_WORDS:
        if words[0] not in entity_id:
            continue
        head, _, tail = entity_id.rpartition(words[0])
        family = {name: f"{head}{word}{tail}" for name, word in zip(fields, words, strict=True)}
        if all(_is_sensor(hass, sensor, DEVICE_CLASSES[name]) for name, sensor in family.items()):
            return family
    return {}


async def _grid_power(hass: HomeAssistant) -> list[str]:
    """Return the sensors of the grid's power that the Energy settings know."""
    if "energy" not in hass.config.components:
        return []
    from homeassistant.components.energy.data import async_get_manager  # noqa: PLC0415 (only where it is loaded)

    manager = await async_get_manager(hass)
    sources = manager.data["energy_sources"] if manager.data else []
    return [sensor for source in sources if source["type"] == "grid" and (sensor := source.get("stat_rate"))]


def _phases_on_device(hass: HomeAssistant, entity_id: str) -> dict[str, str]:
    """Find currents, powers and voltages per phase on the device of an entity."""
    registry = er.async_get(hass)
    entry = registry.async_get(entity_id)
    if entry is None or entry.device_id is None:
        return {}
    return _phases(hass, _sensors_by_device(hass).get(entry.device_id, ()))


def _sensors_by_device(hass: HomeAssistant) -> dict[str, list[str]]:
    """List the sensors of every device but our own: a charger has phases too, and is no meter."""
    found: dict[str, list[str]] = {}
    for entry in er.async_get(hass).entities.values():
        if entry.device_id and entry.domain == "sensor" and entry.platform != DOMAIN and not entry.disabled:
            found.setdefault(entry.device_id, []).append(entry.entity_id)
    return found


def _phases(hass: HomeAssistant, sensors: Iterable[str]) -> dict[str, str]:
    """Find what the sensors of a device tell of each phase; nothing where they tell neither current nor power."""
    drawn_first = sorted(sensors, key=lambda sensor: any(word in sensor for word in _EXPORT_WORDS))
    found: dict[str, str] = {}
    for fields in (CURRENT_FIELDS, POWER_FIELDS, VOLTAGE_FIELDS):
        families = (other_phases(hass, fields, sensor) for sensor in drawn_first)
        found |= next(filter(None, families), {})
    return found if CURRENT_FIELDS[0] in found or POWER_FIELDS[0] in found else {}


def disabled_phases(hass: HomeAssistant, fields: tuple[str, ...]) -> list[str]:
    """Name the sensors of single phases that exist, but are disabled, by device; `fields` as in `other_phases`."""
    registry = er.async_get(hass)
    disabled = {
        entry.entity_id: entry
        for entry in registry.entities.values()
        if entry.disabled and entry.domain == "sensor" and entry.original_device_class == DEVICE_CLASSES[fields[0]]
    }
    found = []
    for entity_id, entry in disabled.items():
        if entry.platform == DOMAIN or any(word in entity_id for word in _EXPORT_WORDS):
            continue
        for words in _PHASE_WORDS:
            head, there, tail = entity_id.rpartition(words[0])
            family = [f"{head}{word}{tail}" for word in words]
            if there and all(sensor in disabled for sensor in family):
                found += family
                break
    return found


def _is_sensor(hass: HomeAssistant, entity_id: str, device_class: SensorDeviceClass) -> bool:
    """Tell whether an entity is a sensor of a kind."""
    state = hass.states.get(entity_id)
    return state is not None and state.attributes.get(ATTR_DEVICE_CLASS) == device_class
