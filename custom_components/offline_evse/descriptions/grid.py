"""What is shown of the grid operator's limits, once there is anything of the kind."""

from typing import Any

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import UnitOfPower

from ..engine.model.grid import GridLineView
from ..engine.site.state import SiteState
from .sensors import OfflineEvseSensorDescription


def grid_attributes(site: SiteState) -> dict[str, Any]:
    """Tell who says so, until when, and how it is kept."""
    grid = site.grid
    if grid is None:
        return {}
    binding = grid.binding
    return {
        "source": binding.source.value if binding else None,
        "name": binding.name if binding else None,
        "event_id": binding.event_id if binding else None,
        "stated_w": binding.stated_w if binding else None,
        "basis": binding.basis.value if binding else None,
        "until": binding.until if binding else None,
        "failsafe": grid.failsafe,
        "time_to_comply_s": None if grid.time_to_comply_s is None else round(grid.time_to_comply_s, 1),
        "complies": grid.complies,
        "lines": [_line(line) for line in grid.lines],
    }


def _line(line: GridLineView) -> dict[str, Any]:
    return {
        "source": line.source.value,
        "name": line.name,
        "event_id": line.event_id,
        "phase": line.phase.value,
        "limit_w": line.limit_w,
    }


GRID_SENSORS: tuple[OfflineEvseSensorDescription[SiteState], ...] = (
    OfflineEvseSensorDescription(
        key="grid_limit",
        translation_key="grid_limit",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=2,
        exists_fn=lambda site: site.grid is not None,
        value_fn=lambda _, site: site.grid.binding.limit_w if site.grid and site.grid.binding else None,
        attributes_fn=lambda _, site: grid_attributes(site),
    ),
)
