"""What sensors show of goals: the plan of a connector, the sun to spare, and the quarter of an hour."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfPower

from ..engine.model.goal import ChargingPlan, PlanState
from ..engine.site.site import Site
from ..engine.site.state import EvseState, SiteState
from .sensors import OfflineEvseSensorDescription


def described(plan: ChargingPlan) -> dict[str, Any]:
    """Describe a plan for attributes and responses: times as ISO text, energy in kWh, prices per kWh."""
    return {
        "ready_by": None if plan.ready_by is None else plan.ready_by.isoformat(),
        "slots": [
            {
                "start": slot.start.isoformat(),
                "end": slot.end.isoformat(),
                "current": round(slot.current_a, 1),
                "energy": round(slot.energy_wh / 1000, 2),
                "price": None if slot.price is None else float(slot.price),
            }
            for slot in plan.slots
        ],
        "expected_end": None if plan.ends_at is None else plan.ends_at.isoformat(),
        "energy": round(plan.planned_wh / 1000, 2),
        "missing": round(plan.missing_wh / 1000, 2),
        "cost": None if plan.cost is None else float(plan.cost),
    }


def _attributes(_: Site, evse: EvseState) -> Mapping[str, Any]:
    return described(evse.goal.plan)


def _power(watts: float | None) -> float | None:
    """Round to what is worth a state of its own."""
    return None if watts is None else round(watts, -1)


def _of_site(state: SiteState, key: str) -> float | None:
    """Pick a power of the site's goals."""
    goals = state.goals
    return {
        # What is missing when the house takes from the grid is no surplus.
        "solar_surplus": None if goals.surplus_w is None else max(0.0, goals.surplus_w),
        "quarter_hour_mean": goals.quarter_w,
        "month_peak": goals.month_peak_w,
    }[key]


PLAN = OfflineEvseSensorDescription[EvseState](
    key="plan",
    translation_key="plan",
    device_class=SensorDeviceClass.ENUM,
    options=[state.value for state in PlanState],
    offline=True,
    value_fn=lambda _, evse: evse.goal.plan.state,
    attributes_fn=_attributes,
)


def _site_power(key: str) -> OfflineEvseSensorDescription[SiteState]:
    """Describe a power of the site that is there once its goal is set up."""
    return OfflineEvseSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=2,
        exists_fn=lambda state: _of_site(state, key) is not None,
        value_fn=lambda _, state: _power(_of_site(state, key)),
    )


SITE_GOAL_SENSORS: tuple[OfflineEvseSensorDescription[SiteState], ...] = (
    _site_power("solar_surplus"),
    _site_power("quarter_hour_mean"),
    _site_power("month_peak"),
)
