"""What sensors show: one table for connectors, one for chargers, one for circuits and one for the site."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from ..const import MAIN_CIRCUIT
from ..engine.model.offer import EscalationStep, LimitReason
from ..engine.model.phases import Phase
from ..engine.model.self_test import SelfTestResult
from ..engine.model.station import EvseStatus
from ..engine.site.site import Site
from ..engine.site.state import EvseState, Listened, SiteState, StationState
from ..entity import OfflineEvseEntityDescription

CARD_NONE = "no_card"
CARD_REMOTE = "remote_start"
CARD_UNKNOWN = "unknown_card"
NO_ERROR = "no_error"
NO_ESCALATION = "none"
TEST_NEVER = "not_tested"
TEST_RUNNING = "running"
TEST_OUTDATED = "outdated"

_STATUS = {status: str(status) for status in EvseStatus} | {EvseStatus.UNAVAILABLE: "out_of_service"}
"""To Home Assistant, the state `unavailable` says that nothing is known of the connector."""


@dataclass(frozen=True, kw_only=True)
class OfflineEvseSensorDescription[StateT: Listened](OfflineEvseEntityDescription[StateT], SensorEntityDescription):
    """Describe a sensor."""

    value_fn: Callable[[Site, StateT], StateType | datetime]
    attributes_fn: Callable[[Site, StateT], Mapping[str, Any]] | None = None
    last_reset_fn: Callable[[StateT], datetime | None] | None = None


def _rounded(value: float | None, digits: int | None = None) -> float | None:
    """Round to what is worth a state of its own."""
    return None if value is None else round(value, digits)


def _on_terminal(values: tuple[float, ...] | None, terminal: int) -> float | None:
    """Pick the value of one terminal of the charger."""
    return None if values is None or terminal >= len(values) else round(values[terminal], 1)


def _started_at(evse: EvseState) -> datetime | None:
    """Tell when the session began."""
    return None if evse.transaction is None else evse.transaction.started_at


def _card(site: Site, evse: EvseState) -> str:
    """Tell whose card the session runs on; a card's number is nobody's business here."""
    transaction = evse.transaction
    if transaction is None or not transaction.is_open or transaction.id_token is None:
        return CARD_NONE
    if transaction.name is not None:
        return transaction.name
    return CARD_REMOTE if transaction.id_token.key == site.site_tag.key else CARD_UNKNOWN


def _right(evse: EvseState) -> Mapping[str, Any]:
    """Tell by what right somebody charges."""
    decision = evse.decision if evse.has_transaction else None
    return {
        "basis": decision and decision.basis.value,
        "source": decision and decision.source,
        "level": decision and decision.level.name.lower(),
        "at_risk": decision and decision.at_risk,
    }


def _session_minutes(state: EvseState) -> int | None:
    """Count the whole minutes of the session, up to now or to its end."""
    if (transaction := state.transaction) is None:
        return None
    until = transaction.ended_at or dt_util.utcnow()
    return max(0, int((until - transaction.started_at).total_seconds() // 60))


def _binding(site: Site, state: EvseState) -> Mapping[str, Any]:
    """Name the circuit and the phase that keep the offer from being higher."""
    binding = state.offer.binding
    circuit = None if binding.circuit_id is None else site.state.layout.get(binding.circuit_id)
    return {
        "circuit": None if circuit is None else circuit.name,
        "phase": None if binding.phase is None else binding.phase.name,
    }


def _self_test(_: Site, station: StationState) -> str:
    """Tell how the last self-test ended, if that still says something."""
    if station.self_test_running:
        return TEST_RUNNING
    if (test := station.self_test) is None:
        return TEST_NEVER
    if test.result is not SelfTestResult.ABORTED and not test.holds_for(station.identity.firmware_version):
        return TEST_OUTDATED
    return test.result


def _self_test_attributes(_: Site, station: StationState) -> Mapping[str, Any]:
    """Tell when it was, with which firmware, and how long the charger took."""
    test = station.self_test
    return {
        "date": None if test is None else test.at.isoformat(timespec="seconds"),
        "firmware": None if test is None else test.firmware,
        "seconds": None if test is None else test.took_s,
    }


def _currents_a(evse: EvseState) -> tuple[float, ...] | None:
    """Return the currents by terminal; None where the charger does not say which is which."""
    if evse.sample is None or not (evse.sample.phases_known or evse.terminals == 1):
        return None
    return evse.sample.currents_a


def _current(terminal: int) -> OfflineEvseSensorDescription[EvseState]:
    """Describe the current on one terminal of the charger, which need not be that phase of the building."""
    return OfflineEvseSensorDescription(
        key=f"current_l{terminal + 1}",
        translation_key=f"current_l{terminal + 1}",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=1,
        exists_fn=lambda evse: terminal < evse.terminals,
        value_fn=lambda _, evse: _on_terminal(_currents_a(evse), terminal),
    )


def _voltage(terminal: int) -> OfflineEvseSensorDescription[EvseState]:
    """Describe the voltage on one terminal of the charger."""
    return OfflineEvseSensorDescription(
        key=f"voltage_l{terminal + 1}",
        translation_key=f"voltage_l{terminal + 1}",
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=0,
        exists_fn=lambda evse: terminal < evse.terminals,
        value_fn=lambda _, evse: _on_terminal(None if evse.sample is None else evse.sample.voltages_v, terminal),
    )


CONNECTOR_SENSORS: tuple[OfflineEvseSensorDescription[EvseState], ...] = (
    OfflineEvseSensorDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=list(_STATUS.values()),
        value_fn=lambda _, evse: None if evse.status is None else _STATUS[evse.status],
    ),
    OfflineEvseSensorDescription(
        key="session_energy",
        translation_key="session_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        offline=True,
        value_fn=lambda _, evse: None if evse.transaction is None else evse.transaction.energy_wh,
        last_reset_fn=_started_at,
    ),
    OfflineEvseSensorDescription(
        key="lifetime_energy",
        translation_key="lifetime_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        offline=True,
        value_fn=lambda _, evse: evse.lifetime_wh,
    ),
    OfflineEvseSensorDescription(
        key="power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=2,
        value_fn=lambda _, evse: _rounded(evse.power_w),
    ),
    OfflineEvseSensorDescription(
        key="offered_current",
        translation_key="offered_current",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=1,
        offline=True,
        value_fn=lambda _, evse: round(evse.offer.current_a, 1),
    ),
    OfflineEvseSensorDescription(
        key="limit_reason",
        translation_key="limit_reason",
        device_class=SensorDeviceClass.ENUM,
        options=[reason.value for reason in LimitReason],
        offline=True,
        value_fn=lambda _, evse: evse.offer.binding.reason,
        attributes_fn=_binding,
    ),
    OfflineEvseSensorDescription(
        key="session_start",
        translation_key="session_start",
        device_class=SensorDeviceClass.TIMESTAMP,
        offline=True,
        value_fn=lambda _, evse: _started_at(evse),
    ),
    OfflineEvseSensorDescription(
        key="card",
        translation_key="card",
        offline=True,
        value_fn=_card,
        attributes_fn=lambda _, evse: _right(evse),
    ),
    OfflineEvseSensorDescription(
        key="soc",
        translation_key="soc",
        device_class=SensorDeviceClass.BATTERY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        exists_fn=lambda evse: evse.sample is not None and evse.sample.soc_percent is not None,
        value_fn=lambda _, evse: _rounded(None if evse.sample is None else evse.sample.soc_percent),
    ),
    OfflineEvseSensorDescription(
        key="temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        exists_fn=lambda evse: evse.sample is not None and evse.sample.temperature_c is not None,
        value_fn=lambda _, evse: _rounded(None if evse.sample is None else evse.sample.temperature_c, 1),
    ),
    OfflineEvseSensorDescription(
        key="error",
        translation_key="error",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda _, evse: None if evse.connector_status is None else evse.error_code or NO_ERROR,
        attributes_fn=lambda _, evse: {"info": evse.error_info},
    ),
    OfflineEvseSensorDescription(
        key="escalation",
        translation_key="escalation",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[NO_ESCALATION, *(step.name.lower() for step in EscalationStep)],
        offline=True,
        value_fn=lambda _, evse: NO_ESCALATION if evse.escalation is None else evse.escalation.step.name.lower(),
    ),
    *(_current(terminal) for terminal in range(3)),
    *(_voltage(terminal) for terminal in range(3)),
)

SESSION_DURATION = OfflineEvseSensorDescription[EvseState](
    key="session_duration",
    translation_key="session_duration",
    device_class=SensorDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.MINUTES,
    offline=True,
    value_fn=lambda _, evse: _session_minutes(evse),
)

CHARGER_SENSORS: tuple[OfflineEvseSensorDescription[StationState], ...] = (
    OfflineEvseSensorDescription(
        key="ocpp_version",
        translation_key="ocpp_version",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda _, station: station.version and station.version.removeprefix("ocpp"),
    ),
    OfflineEvseSensorDescription(
        key="ip_address",
        translation_key="ip_address",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda _, station: station.remote,
    ),
    OfflineEvseSensorDescription(
        key="last_seen",
        translation_key="last_seen",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        offline=True,
        # To the minute: each message would be a state of its own otherwise.
        value_fn=lambda _, station: station.last_seen and station.last_seen.replace(second=0, microsecond=0),
    ),
    OfflineEvseSensorDescription(
        key="oddities",
        translation_key="oddities",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        offline=True,
        value_fn=lambda _, station: sum(station.oddities.values()),
        attributes_fn=lambda _, station: {"kinds": dict(station.oddities)},
    ),
    OfflineEvseSensorDescription(
        key="self_test",
        translation_key="self_test",
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=[TEST_NEVER, TEST_RUNNING, TEST_OUTDATED, *SelfTestResult],
        offline=True,
        value_fn=_self_test,
        attributes_fn=_self_test_attributes,
    ),
)


def _available(circuit_id: str, phase: Phase) -> OfflineEvseSensorDescription[SiteState]:
    """Describe what a circuit has left for charging on one phase.

    In whole amperes, rounded down: the meter speaks every second, and no car is served with a fraction of one.
    """
    key = f"available_{phase.name.lower()}"
    return OfflineEvseSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=0,
        exists_fn=lambda site: circuit_id in site.layout and site.layout[circuit_id].limit_a[phase] > 0,
        value_fn=lambda _, site: None if (left := site.available_a(circuit_id)) is None else floor(left[phase]),
    )


def circuit_sensors(circuit_id: str) -> tuple[OfflineEvseSensorDescription[SiteState], ...]:
    """Describe what a circuit shows."""
    return tuple(_available(circuit_id, phase) for phase in Phase)


SITE_SENSORS: tuple[OfflineEvseSensorDescription[SiteState], ...] = (
    *circuit_sensors(MAIN_CIRCUIT),
    OfflineEvseSensorDescription(
        key="charging_power",
        translation_key="charging_power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=2,
        value_fn=lambda _, state: round(state.charging_power_w),
    ),
)

CONNECTED_CHARGERS = OfflineEvseSensorDescription[SiteState](
    key="connected_chargers",
    translation_key="connected_chargers",
    state_class=SensorStateClass.MEASUREMENT,
    value_fn=lambda site, _: sum(station.connected for station in site.stations.values()),
)
