"""Guesses which entities are the building's meter, so that people have to confirm only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import ATTR_DEVICE_CLASS
from homeassistant.core import HomeAssistant, split_entity_id
from homeassistant.helpers import entity_registry as er

from .const import CONF_POWER_TOTAL
from .meter_kind import CURRENT_FIELDS, POWER_FIELDS, VOLTAGE_FIELDS, MeterKind

_PHASE_WORDS: Final = (
    ("l1", "l2", "l3"),
    ("phase_1", "phase_2", "phase_3"),
    ("phase1", "phase2", "phase3"),
    ("phase_a", "phase_b", "phase_c"),
    ("_a_", "_b_", "_c_"),
    ("_1", "_2", "_3"),
)
"""How integrations call the three phases in entity ids, the least ambiguous first."""

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
    """Look in the Energy settings for the grid's power, and on its device for the phases."""
    power = await _grid_power(hass)
    found: dict[str, str] = {}
    for entity_id in power:
        found |= _phases_on_device(hass, entity_id)
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
    siblings = [
        sibling.entity_id
        for sibling in er.async_entries_for_device(registry, entry.device_id)
        if split_entity_id(sibling.entity_id)[0] == "sensor"
    ]
    found: dict[str, str] = {}
    for fields in (CURRENT_FIELDS, POWER_FIELDS, VOLTAGE_FIELDS):
        found |= _first_family(hass, fields, siblings)
    return found


def _first_family(hass: HomeAssistant, fields: tuple[str, ...], siblings: Iterable[str]) -> dict[str, str]:
    """Find the first three sensors of a device that are the phases of one quantity."""
    for sibling in siblings:
        if family := other_phases(hass, fields, sibling):
            return family
    return {}


def _is_sensor(hass: HomeAssistant, entity_id: str, device_class: SensorDeviceClass) -> bool:
    """Tell whether an entity is a sensor of a kind."""
    state = hass.states.get(entity_id)
    return state is not None and state.attributes.get(ATTR_DEVICE_CLASS) == device_class
