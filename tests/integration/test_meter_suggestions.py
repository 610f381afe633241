"""Guessing the meter from the Energy settings."""

from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.flows.meter_suggestions import disabled_phases, other_phases, suggest_meter
from custom_components.offline_evse.inputs.meter_kind import CURRENT_FIELDS, POWER_FIELDS, MeterKind


@pytest.fixture
async def energy(recorder_mock: None, hass: HomeAssistant) -> None:
    """Energy settings with a grid connection of which the power is known."""
    assert await async_setup_component(hass, "energy", {})
    manager = await async_get_manager(hass)
    grid: dict[str, Any] = {
        "type": "grid",
        "stat_energy_from": "sensor.import",
        "stat_energy_to": None,
        "stat_cost": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "stat_rate": "sensor.p1_power",
        "cost_adjustment_day": 0.0,
    }
    await manager.async_update({"energy_sources": [grid], "device_consumption": [], "device_consumption_water": []})


def sensors(
    hass: HomeAssistant,
    device_class: SensorDeviceClass,
    *entity_ids: str,
    device_name: str = "meter",
    asleep: bool = False,
) -> None:
    """Sensors of one device; `asleep`: disabled, as integrations leave them."""
    entry = next(iter(hass.config_entries.async_entries("p1")), None)
    if entry is None:
        entry = MockConfigEntry(domain="p1")
        entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={("p1", device_name)})
    for entity_id in entity_ids:
        er.async_get(hass).async_get_or_create(
            "sensor",
            "p1",
            entity_id,
            suggested_object_id=entity_id.removeprefix("sensor."),
            device_id=device.id,
            config_entry=entry,
            original_device_class=device_class,
            disabled_by=er.RegistryEntryDisabler.INTEGRATION if asleep else None,
        )
        if asleep:
            continue
        hass.states.async_set(entity_id, "1", {"device_class": device_class})


@pytest.mark.usefixtures("energy")
async def test_currents_on_the_device_of_the_grid_power_are_best(hass: HomeAssistant) -> None:
    sensors(hass, SensorDeviceClass.POWER, "sensor.p1_power", *(f"sensor.p1_power_l{n}" for n in (1, 2, 3)))
    sensors(hass, SensorDeviceClass.CURRENT, *(f"sensor.p1_current_l{n}" for n in (1, 2, 3)))
    found = await suggest_meter(hass)
    assert found.kind is MeterKind.CURRENTS
    assert found.entities == {
        **{f"current_l{n}": f"sensor.p1_current_l{n}" for n in (1, 2, 3)},
        **{f"power_l{n}": f"sensor.p1_power_l{n}" for n in (1, 2, 3)},
        "power_total": "sensor.p1_power",
    }


@pytest.mark.usefixtures("energy")
async def test_powers_of_the_phases_are_second_best(hass: HomeAssistant) -> None:
    sensors(hass, SensorDeviceClass.POWER, "sensor.p1_power", *(f"sensor.p1_power_phase_{n}" for n in "abc"))
    found = await suggest_meter(hass)
    assert found.kind is MeterKind.POWER_VOLTAGE
    assert found.entities["power_l3"] == "sensor.p1_power_phase_c"


@pytest.mark.usefixtures("energy")
async def test_the_total_is_better_than_nothing(hass: HomeAssistant) -> None:
    found = await suggest_meter(hass)
    assert found.kind is MeterKind.POWER_TOTAL
    assert found.entities == {"power_total": "sensor.p1_power"}


async def test_without_energy_settings_nothing_is_suggested(hass: HomeAssistant) -> None:
    assert (await suggest_meter(hass)).entities == {}


async def test_the_only_device_that_tells_of_phases_is_suggested(hass: HomeAssistant) -> None:
    for quantity in ("production", "consumption"):
        sensors(hass, SensorDeviceClass.POWER, *(f"sensor.p1_power_{quantity}_phase_l{n}" for n in (1, 2, 3)))
    sensors(hass, SensorDeviceClass.VOLTAGE, *(f"sensor.p1_voltage_phase_l{n}" for n in (1, 2, 3)))
    found = await suggest_meter(hass)
    assert found.kind is MeterKind.POWER_VOLTAGE
    assert found.entities == {
        **{f"power_l{n}": f"sensor.p1_power_consumption_phase_l{n}" for n in (1, 2, 3)},
        **{f"voltage_l{n}": f"sensor.p1_voltage_phase_l{n}" for n in (1, 2, 3)},
    }


async def test_of_two_devices_that_tell_of_phases_none_is_guessed(hass: HomeAssistant) -> None:
    for device in ("grid", "heat_pump"):
        names = (f"sensor.{device}_power_l{n}" for n in (1, 2, 3))
        sensors(hass, SensorDeviceClass.POWER, *names, device_name=device)
    assert (await suggest_meter(hass)).entities == {}


async def test_phases_that_are_disabled_are_told(hass: HomeAssistant) -> None:
    names = [f"sensor.p1_power_l{n}" for n in (1, 2, 3)]
    sensors(hass, SensorDeviceClass.POWER, *names, asleep=True)
    assert (await suggest_meter(hass)).entities == {}
    assert disabled_phases(hass, POWER_FIELDS) == names
    assert disabled_phases(hass, CURRENT_FIELDS) == []


@pytest.mark.parametrize("names", [("l1", "l2", "l3"), ("phase_a", "phase_b", "phase_c"), ("a_x", "b_x", "c_x")])
async def test_phases_are_found_by_their_names(hass: HomeAssistant, names: tuple[str, str, str]) -> None:
    for name in names:
        hass.states.async_set(f"sensor.grid_{name}", "1", {"device_class": "current"})
    found = other_phases(hass, CURRENT_FIELDS, f"sensor.grid_{names[0]}")
    assert list(found.values()) == [f"sensor.grid_{name}" for name in names]


async def test_a_sensor_of_another_kind_is_not_a_phase(hass: HomeAssistant) -> None:
    for phase, kind in (("l1", "current"), ("l2", "current"), ("l3", "power")):
        hass.states.async_set(f"sensor.grid_{phase}", "1", {"device_class": kind})
    assert other_phases(hass, CURRENT_FIELDS, "sensor.grid_l1") == {}
