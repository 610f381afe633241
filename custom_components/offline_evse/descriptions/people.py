"""What sensors show of people: who charges, what is left for them, how it ended, which car it is, what is at risk."""

from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfEnergy

from ..engine.model.decision import StopCause
from ..engine.site.site import Site
from ..engine.site.state import EvseState, SiteState
from ..people.card_list import is_card
from .sensors import OfflineEvseSensorDescription

NOT_YET: Final = "running"
NEVER: Final = "none"
OTHERWISE: Final = "charger"
"""It was not ended from here: at the charger, by the car, or by pulling the cable."""
NO_CAR: Final = "no_car"
UNNAMED: Final = "unnamed"


def _left_wh(evse: EvseState) -> int | None:
    """Tell what the running session may still have."""
    if evse.allowance is None or evse.allowance.energy_wh is None or evse.transaction is None:
        return None
    return max(0, evse.allowance.energy_wh - evse.transaction.energy_wh)


def _stop_cause(evse: EvseState) -> str:
    """Tell why the last session ended."""
    session = evse.transaction
    if session is None:
        return NEVER
    if session.stop_cause is not None:
        return session.stop_cause
    return NOT_YET if session.is_open else OTHERWISE


def _vehicle(evse: EvseState) -> str:
    """Name the car."""
    return NO_CAR if evse.vehicle is None else evse.vehicle.name or UNNAMED


ALLOWANCE_SENSORS: tuple[OfflineEvseSensorDescription[EvseState], ...] = (
    OfflineEvseSensorDescription(
        key="energy_left",
        translation_key="energy_left",
        device_class=SensorDeviceClass.ENERGY_STORAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        offline=True,
        value_fn=lambda _, evse: _left_wh(evse),
        attributes_fn=lambda _, evse: {
            "because": None
            if evse.allowance is None or evse.allowance.energy_wh is None
            else evse.allowance.energy_cause.value
        },
    ),
    OfflineEvseSensorDescription(
        key="allowed_until",
        translation_key="allowed_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        offline=True,
        value_fn=lambda _, evse: None if evse.allowance is None else evse.allowance.until,
        attributes_fn=lambda _, evse: {
            "because": None
            if evse.allowance is None or evse.allowance.until is None
            else evse.allowance.time_cause.value
        },
    ),
    OfflineEvseSensorDescription(
        key="session_end",
        translation_key="session_end",
        device_class=SensorDeviceClass.ENUM,
        options=[NEVER, NOT_YET, OTHERWISE, *StopCause],
        entity_registry_enabled_default=False,
        offline=True,
        value_fn=lambda _, evse: _stop_cause(evse),
        attributes_fn=lambda _, evse: {
            "stop_reason": None if evse.transaction is None else evse.transaction.stop_reason
        },
    ),
    OfflineEvseSensorDescription(
        key="vehicle",
        translation_key="vehicle",
        offline=True,
        exists_fn=lambda evse: evse.vehicle is not None,
        value_fn=lambda _, evse: _vehicle(evse),
        attributes_fn=lambda _, evse: {
            "recognised_by": evse.vehicle and evse.vehicle.source,
            "recognised_at": evse.vehicle and evse.vehicle.seen_at.isoformat(timespec="seconds"),
        },
    ),
)


def enrolled_cards(site: Site, _: SiteState) -> int:
    """Count the cards that are enrolled and not blocked."""
    return sum(is_card(it) and not it.blocked for it in site.cards())


def people_sensors(currency: str) -> tuple[OfflineEvseSensorDescription[SiteState], ...]:
    """Describe what the site shows of people."""
    return (
        OfflineEvseSensorDescription(
            key="enrolled_cards",
            translation_key="enrolled_cards",
            state_class=SensorStateClass.MEASUREMENT,
            entity_registry_enabled_default=False,
            offline=True,
            value_fn=enrolled_cards,
        ),
        OfflineEvseSensorDescription(
            key="energy_at_risk",
            translation_key="energy_at_risk",
            device_class=SensorDeviceClass.ENERGY_STORAGE,
            state_class=SensorStateClass.MEASUREMENT,
            entity_registry_enabled_default=False,
            native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
            suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            suggested_display_precision=2,
            offline=True,
            value_fn=lambda _, state: state.exposure.energy_wh,
            attributes_fn=lambda _, state: {
                "sessions": state.exposure.session_count,
                "limit_kwh": None if state.exposure.limit_wh is None else state.exposure.limit_wh / 1000,
            },
        ),
        OfflineEvseSensorDescription(
            key="money_at_risk",
            translation_key="money_at_risk",
            device_class=SensorDeviceClass.MONETARY,
            state_class=SensorStateClass.TOTAL,
            entity_registry_enabled_default=False,
            native_unit_of_measurement=currency,
            suggested_display_precision=2,
            offline=True,
            exists_fn=lambda state: state.exposure.money is not None,
            value_fn=lambda _, state: None if state.exposure.money is None else round(float(state.exposure.money), 2),
        ),
    )
