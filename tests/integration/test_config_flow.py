"""Setting a site up, from nothing and again."""

from collections.abc import Iterator
from pathlib import Path
import socket
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState, ConfigFlowResult, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_schema_suggested_value

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.conftest import open_entry
from tests.integration.wallbox import Wallbox

LOOPBACK = {"advanced": {"host": "127.0.0.1"}}
ADVANCED = {"reserve": 10.0, "stale_after": 15.0}
CURRENTS = {f"current_l{n}": f"sensor.grid_current_l{n}" for n in (1, 2, 3)}


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port: int = other.getsockname()[1]
        yield port


@pytest.fixture
def grid_sensors(hass: HomeAssistant) -> None:
    """A meter that tells the currents of three phases."""
    for entity_id in CURRENTS.values():
        hass.states.async_set(entity_id, "1", {"unit_of_measurement": "A", "device_class": "current"})


async def begin(hass: HomeAssistant, port: int) -> ConfigFlowResult:
    """Begin the set-up, up to the main fuse."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert flow["step_id"] == "user"
    return await go_on(hass, flow, {"name": "Home", "port": port, **LOOPBACK})


async def go_on(hass: HomeAssistant, flow: ConfigFlowResult, answers: dict[str, Any]) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(flow["flow_id"], answers)


def main_fuse(entry: ConfigEntry) -> dict[str, Any]:
    (subentry,) = entry.subentries.values()
    assert subentry.subentry_type == "circuit"
    return dict(subentry.data)


def suggested(flow: ConfigFlowResult, field: str) -> Any:
    return get_schema_suggested_value(flow["data_schema"].schema, field)


@pytest.mark.usefixtures("own_folder", "grid_sensors")
async def test_from_nothing_to_the_first_charger(hass: HomeAssistant, free_port: int) -> None:
    flow = await begin(hass, free_port)
    assert flow["step_id"] == "fuse"
    flow = await go_on(hass, flow, {"fuse": 25, "phases": "three_phase"})
    assert flow["step_id"] == "meter"
    flow = await go_on(hass, flow, {"meter_kind": "currents"})
    assert flow["step_id"] == "currents"
    done = await go_on(hass, flow, {**CURRENTS, "margin": 1, "advanced": ADVANCED})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    entry = done["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert entry.title == "Home"
    assert entry.data == {"port": free_port, "host": "127.0.0.1"}
    assert main_fuse(entry) == {
        "circuit_id": "main",
        "fuse": 25,
        "phases": "three_phase",
        "meter_kind": "currents",
        "meter": CURRENTS,
        "margin": 1,
        **ADVANCED,
    }
    assert entry.runtime_data.site.port == free_port
    kind, next_flow = done["next_flow"]
    assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
    shown = hass.config_entries.subentries.async_get(next_flow)
    assert shown["step_id"] == "user"
    assert shown["handler"] == (entry.entry_id, "charger")


@pytest.mark.usefixtures("own_folder")
async def test_a_taken_port_is_told_and_another_one_taken(hass: HomeAssistant, taken_port: int, free_port: int) -> None:
    flow = await begin(hass, taken_port)
    assert flow["type"] is FlowResultType.FORM
    assert flow["errors"] == {"port": "port_in_use"}
    assert flow["description_placeholders"]["port"] == str(taken_port)
    flow = await go_on(hass, flow, {"name": "Home", "port": free_port, **LOOPBACK})
    assert flow["step_id"] == "fuse"


async def test_an_address_that_is_not_ours_is_told(hass: HomeAssistant, free_port: int) -> None:
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await go_on(hass, flow, {"name": "Home", "port": free_port, "advanced": {"host": "192.0.2.1"}})
    assert flow["errors"] == {"port": "port_in_use"}


async def test_there_is_one_site_only(hass: HomeAssistant, empty_site: Site) -> None:
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "single_instance_allowed"


@pytest.mark.usefixtures("own_folder", "grid_sensors")
async def test_the_other_phases_are_found_by_the_first(hass: HomeAssistant, free_port: int) -> None:
    flow = await begin(hass, free_port)
    flow = await go_on(hass, flow, {"fuse": 25, "phases": "three_phase"})
    flow = await go_on(hass, flow, {"meter_kind": "currents"})
    first = {"current_l1": CURRENTS["current_l1"], "margin": 1, "advanced": ADVANCED}
    flow = await go_on(hass, flow, first)
    assert flow["errors"] == {"base": "check_suggestion"}
    assert {field: suggested(flow, field) for field in CURRENTS} == CURRENTS
    done = await go_on(hass, flow, {**CURRENTS, "margin": 1, "advanced": ADVANCED})
    assert done["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("own_folder")
async def test_phases_that_are_missing_are_asked_for(hass: HomeAssistant, free_port: int) -> None:
    flow = await begin(hass, free_port)
    flow = await go_on(hass, flow, {"fuse": 25, "phases": "three_phase"})
    flow = await go_on(hass, flow, {"meter_kind": "currents"})
    flow = await go_on(hass, flow, {"current_l1": "sensor.one", "margin": 1, "advanced": ADVANCED})
    assert flow["errors"] == {"current_l2": "entity_needed", "current_l3": "entity_needed"}
    same = dict.fromkeys(CURRENTS, "sensor.one")
    flow = await go_on(hass, flow, {**same, "margin": 1, "advanced": ADVANCED})
    assert flow["errors"] == {"base": "same_entity_twice"}
    done = await go_on(hass, flow, {**CURRENTS, "margin": 1, "advanced": ADVANCED})
    assert done["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("own_folder")
async def test_phases_that_the_meter_has_but_does_not_show_are_named(hass: HomeAssistant, free_port: int) -> None:
    asleep = [
        er.async_get(hass).async_get_or_create(
            "sensor",
            "p1",
            f"power_l{n}",
            original_device_class=SensorDeviceClass.POWER,
            disabled_by=er.RegistryEntryDisabler.INTEGRATION,
        )
        for n in (1, 2, 3)
    ]
    flow = await begin(hass, free_port)
    flow = await go_on(hass, flow, {"fuse": 25, "phases": "three_phase"})
    flow = await go_on(hass, flow, {"meter_kind": "power_voltage"})
    assert flow["errors"] == {"base": "phases_disabled"}
    assert flow["description_placeholders"] == {"entities": ", ".join(sensor.entity_id for sensor in asleep)}


@pytest.mark.usefixtures("own_folder")
async def test_one_phase_asks_for_one_sensor(hass: HomeAssistant, free_port: int) -> None:
    flow = await begin(hass, free_port)
    flow = await go_on(hass, flow, {"fuse": 40, "phases": "l1"})
    flow = await go_on(hass, flow, {"meter_kind": "power_voltage"})
    fields = {str(field) for field in flow["data_schema"].schema}
    assert fields == {"power_l1", "voltage_l1", "margin", "advanced"}
    done = await go_on(hass, flow, {"power_l1": "sensor.power", "margin": 1, "advanced": ADVANCED})
    assert main_fuse(done["result"])["meter"] == {"power_l1": "sensor.power"}


@pytest.mark.usefixtures("own_folder")
async def test_a_total_of_three_phases_suggests_a_wide_margin(hass: HomeAssistant, free_port: int) -> None:
    flow = await begin(hass, free_port)
    flow = await go_on(hass, flow, {"fuse": 40, "phases": "three_phase"})
    flow = await go_on(hass, flow, {"meter_kind": "power_total"})
    assert suggested(flow, "margin") == 10
    done = await go_on(hass, flow, {"power_total": "sensor.grid", "margin": 10, "advanced": ADVANCED})
    assert main_fuse(done["result"])["meter"] == {"power_total": "sensor.grid"}


@pytest.mark.usefixtures("own_folder")
async def test_no_meter_keeps_a_reserve(hass: HomeAssistant, free_port: int) -> None:
    flow = await begin(hass, free_port)
    flow = await go_on(hass, flow, {"fuse": 32, "phases": "three_phase"})
    flow = await go_on(hass, flow, {"meter_kind": "none"})
    assert suggested(flow, "reserve") == 16
    done = await go_on(hass, flow, {"reserve": 20, "margin": 1})
    assert main_fuse(done["result"])["reserve"] == 20
    assert main_fuse(done["result"])["meter_kind"] == "none"


async def test_name_and_port_change_while_chargers_stay(
    hass: HomeAssistant, charger: Wallbox, site_entry: MockConfigEntry, taken_port: int, free_port: int
) -> None:
    flow = await site_entry.start_reconfigure_flow(hass)
    assert suggested(flow, "name") == "Home"
    flow = await go_on(hass, flow, {"name": "Depot", "port": taken_port})
    assert flow["errors"] == {"port": "port_in_use"}
    done = await go_on(hass, flow, {"name": "Depot", "port": free_port})
    await hass.async_block_till_done()
    assert done["reason"] == "reconfigure_successful"
    assert site_entry.title == "Depot"
    assert site_entry.runtime_data.site.port == free_port
    assert await charger.say("Heartbeat", {})


async def test_a_new_name_needs_no_new_port(
    hass: HomeAssistant, own_folder: Path, empty_site_entry: MockConfigEntry, free_port: int
) -> None:
    await open_entry(hass, empty_site_entry)
    hass.config_entries.async_update_entry(empty_site_entry, data={**empty_site_entry.data, "port": free_port})
    await hass.async_block_till_done()
    flow = await empty_site_entry.start_reconfigure_flow(hass)
    done = await go_on(hass, flow, {"name": "Depot", "port": free_port})
    assert done["reason"] == "reconfigure_successful"
    assert empty_site_entry.title == "Depot"
