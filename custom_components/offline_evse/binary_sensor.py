"""Binary sensors: plugged, charging, and what is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .descriptions.backends import backend_problem, backend_problem_attributes
from .engine.model.offer import EscalationStep
from .engine.model.station import ConnectorStatus
from .engine.site.state import EvseState, Listened, SiteState, StationState
from .entity import (
    OfflineEvseEntity,
    OfflineEvseEntityDescription,
    add_backend_entities,
    add_charger_entities,
    add_connector_entities,
    add_site_entities,
)
from .runtime import OfflineEvseConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class OfflineEvseBinarySensorDescription[StateT: Listened](
    OfflineEvseEntityDescription[StateT], BinarySensorEntityDescription
):
    """Describe a binary sensor."""

    is_on_fn: Callable[[StateT], bool | None]
    attributes_fn: Callable[[StateT], Mapping[str, Any]] | None = None


def _overdraw(evse: EvseState) -> Mapping[str, Any]:
    """Tell what a car draws that does not follow its limit."""
    escalation = evse.escalation
    return {
        "drawn": None if escalation is None else round(escalation.drawn_a, 1),
        "offered": None if escalation is None else round(escalation.offered_a, 1),
    }


CONNECTOR_BINARY_SENSORS: tuple[OfflineEvseBinarySensorDescription[EvseState], ...] = (
    OfflineEvseBinarySensorDescription(
        key="plugged",
        translation_key="plugged",
        device_class=BinarySensorDeviceClass.PLUG,
        is_on_fn=lambda evse: evse.plugged,
    ),
    OfflineEvseBinarySensorDescription(
        key="charging",
        translation_key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        is_on_fn=lambda evse: None if evse.connector_status is None else evse.charging,
    ),
    OfflineEvseBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda evse: (
            None if evse.connector_status is None else evse.connector_status is ConnectorStatus.FAULTED
        ),
    ),
    OfflineEvseBinarySensorDescription(
        key="limit_ignored",
        translation_key="limit_ignored",
        device_class=BinarySensorDeviceClass.SAFETY,
        entity_category=EntityCategory.DIAGNOSTIC,
        offline=True,
        # What an automation opens a contactor of the building by.
        is_on_fn=lambda evse: evse.escalation is not None and evse.escalation.step >= EscalationStep.ALARM,
        attributes_fn=_overdraw,
    ),
)

CHARGER_BINARY_SENSORS: tuple[OfflineEvseBinarySensorDescription[StationState], ...] = (
    OfflineEvseBinarySensorDescription(
        key="connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        offline=True,
        is_on_fn=lambda station: station.connected,
    ),
    OfflineEvseBinarySensorDescription(
        key="problem",
        translation_key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda station: station.error_code is not None,
        attributes_fn=lambda station: {"error": station.error_code},
    ),
)

SITE_BINARY_SENSORS: tuple[OfflineEvseBinarySensorDescription[SiteState], ...] = (
    OfflineEvseBinarySensorDescription(
        key="safe_mode",
        translation_key="safe_mode",
        device_class=BinarySensorDeviceClass.PROBLEM,
        is_on_fn=lambda site: site.safe_mode,
    ),
    OfflineEvseBinarySensorDescription(
        key="meter_silent",
        translation_key="meter_silent",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda site: bool(site.silent_meters),
        attributes_fn=lambda site: {
            "circuits": sorted(site.layout[it].name for it in site.silent_meters if it in site.layout)
        },
    ),
    OfflineEvseBinarySensorDescription(
        key="ledger_failed",
        translation_key="ledger_failed",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda site: site.ledger_failed,
    ),
    OfflineEvseBinarySensorDescription(
        key="grid_limit_active",
        translation_key="grid_limit_active",
        exists_fn=lambda site: site.grid is not None,
        is_on_fn=lambda site: site.grid is not None and site.grid.active,
    ),
    OfflineEvseBinarySensorDescription(
        key="shadow",
        translation_key="shadow",
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda site: site.shadow,
    ),
)


def backend_binary_sensors(upstream_id: str) -> tuple[OfflineEvseBinarySensorDescription[SiteState], ...]:
    """Describe what is so or not of a backend."""
    return (
        OfflineEvseBinarySensorDescription(
            key="problem",
            translation_key="backend_problem",
            device_class=BinarySensorDeviceClass.PROBLEM,
            is_on_fn=backend_problem(upstream_id),
            attributes_fn=backend_problem_attributes(upstream_id),
        ),
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: OfflineEvseConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the binary sensors."""
    add_site_entities(hass, entry, async_add_entities, OfflineEvseBinarySensor, SITE_BINARY_SENSORS)
    add_backend_entities(hass, entry, async_add_entities, OfflineEvseBinarySensor, backend_binary_sensors)
    add_charger_entities(hass, entry, async_add_entities, OfflineEvseBinarySensor, CHARGER_BINARY_SENSORS)
    add_connector_entities(hass, entry, async_add_entities, OfflineEvseBinarySensor, CONNECTOR_BINARY_SENSORS)


class ShownState(NamedTuple):
    """What a binary sensor shows."""

    is_on: bool | None
    attributes: Mapping[str, Any] | None


class OfflineEvseBinarySensor[StateT: Listened](OfflineEvseEntity[StateT, ShownState], BinarySensorEntity):
    """View of something that is so or not."""

    entity_description: OfflineEvseBinarySensorDescription[StateT]

    @override
    def _read(self) -> ShownState:
        description, state = self.entity_description, self._place.state
        return ShownState(
            description.is_on_fn(state),
            None if description.attributes_fn is None else description.attributes_fn(state),
        )

    @property
    @override
    def is_on(self) -> bool | None:
        return self._shown.is_on

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return self._shown.attributes
