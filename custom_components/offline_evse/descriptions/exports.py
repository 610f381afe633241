"""What is shown of files of records."""

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import EntityCategory

from ..engine.site.state import SiteState
from .sensors import OfflineEvseSensorDescription

EXPORT_SENSORS: tuple[OfflineEvseSensorDescription[SiteState], ...] = (
    OfflineEvseSensorDescription(
        key="last_export",
        translation_key="last_export",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda _, state: state.exported_at,
    ),
)
