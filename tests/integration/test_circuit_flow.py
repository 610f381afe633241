"""Adding and changing fuses in the settings of a site."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigSubentry, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_schema_suggested_value

from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.test_charger_flow import go_on
from tests.integration.wallbox import Wallbox

NO_METER = {"reserve": 0, "margin": 0}


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init((entry.entry_id, "circuit"), context={"source": SOURCE_USER})


async def add(hass: HomeAssistant, entry: MockConfigEntry, name: str, **more: Any) -> ConfigSubentry:
    """Add a fuse without a meter."""
    flow = await begin(hass, entry)
    answers = {"name": name, "parent": "main", "fuse": 16, "phases": "three_phase", **more}
    flow = await go_on(hass, flow, answers)
    flow = await go_on(hass, flow, {"meter_kind": "none"})
    done = await go_on(hass, flow, NO_METER)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return next(each for each in entry.get_subentries_of_type("circuit") if each.title == name)


def parents_offered(flow: SubentryFlowResult) -> set[str]:
    options = flow["data_schema"].schema["parent"].config["options"]
    return {option["label"] for option in options}


async def test_a_fuse_below_the_main_fuse(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    garage = await add(hass, site_entry, "Garage", limit_power=11)
    circuit = next(each for each in site.config.circuits if each.name == "Garage")
    assert circuit.circuit_id == garage.data["circuit_id"]
    assert circuit.parent_id == "main"
    assert circuit.limit_a == PhaseAmperes(16, 16, 16)
    assert circuit.limit_w == 11000


async def test_a_changed_fuse_drops_no_socket(
    hass: HomeAssistant, charger: Wallbox, site: Site, site_entry: MockConfigEntry
) -> None:
    garage = await add(hass, site_entry, "Garage", limit_power=11)
    flow = await site_entry.start_subentry_reconfigure_flow(hass, garage.subentry_id)
    assert flow["step_id"] == "reconfigure"
    assert get_schema_suggested_value(flow["data_schema"].schema, "name") == "Garage"
    assert get_schema_suggested_value(flow["data_schema"].schema, "limit_power") == 11
    flow = await go_on(hass, flow, {"name": "Barn", "parent": "main", "fuse": 20, "phases": "l2"})
    flow = await go_on(hass, flow, {"meter_kind": "none"})
    done = await go_on(hass, flow, NO_METER)
    await hass.async_block_till_done()
    assert done["reason"] == "reconfigure_successful"
    barn = next(each for each in site.config.circuits if each.name == "Barn")
    assert barn.circuit_id == garage.data["circuit_id"]
    assert barn.limit_a == PhaseAmperes(0, 20, 0)
    assert barn.limit_w is None
    assert await charger.say("Heartbeat", {})


async def test_a_fuse_cannot_hang_in_itself(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    garage = await add(hass, site_entry, "Garage")
    await add(hass, site_entry, "Board", parent=garage.data["circuit_id"])
    await add(hass, site_entry, "Barn")
    flow = await site_entry.start_subentry_reconfigure_flow(hass, garage.subentry_id)
    assert parents_offered(flow) == {"Home", "Barn"}
    assert parents_offered(await begin(hass, site_entry)) == {"Home", "Garage", "Board", "Barn"}


async def test_the_main_fuse_can_be_changed(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    (main,) = site_entry.get_subentries_of_type("circuit")
    flow = await site_entry.start_subentry_reconfigure_flow(hass, main.subentry_id)
    assert flow["step_id"] == "main"
    flow = await go_on(hass, flow, {"fuse": 35, "phases": "three_phase"})
    assert get_schema_suggested_value(flow["data_schema"].schema, "meter_kind") == "currents"
    flow = await go_on(hass, flow, {"meter_kind": "currents"})
    entities = {field: get_schema_suggested_value(flow["data_schema"].schema, field) for field in main.data["meter"]}
    assert entities == main.data["meter"]
    advanced = {"reserve": 10, "stale_after": 20}
    done = await go_on(hass, flow, {**entities, "margin": 2, "advanced": advanced})
    await hass.async_block_till_done()
    assert done["reason"] == "reconfigure_successful"
    (circuit,) = site.config.circuits
    assert circuit.limit_a == PhaseAmperes(35, 35, 35)
    assert (circuit.margin_a, circuit.reserve_a, circuit.stale_after_s) == (2, 10, 20)


async def test_another_kind_of_meter_forgets_the_former(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry
) -> None:
    (main,) = site_entry.get_subentries_of_type("circuit")
    flow = await site_entry.start_subentry_reconfigure_flow(hass, main.subentry_id)
    flow = await go_on(hass, flow, {"fuse": 40, "phases": "three_phase"})
    flow = await go_on(hass, flow, {"meter_kind": "power_total"})
    assert get_schema_suggested_value(flow["data_schema"].schema, "margin") == 10
    assert get_schema_suggested_value(flow["data_schema"].schema, "power_total") is None


async def test_a_removed_main_fuse_can_be_added_again(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry
) -> None:
    (main,) = site_entry.get_subentries_of_type("circuit")
    hass.config_entries.async_remove_subentry(site_entry, main.subentry_id)
    await hass.async_block_till_done()
    assert site.config.circuits[0].limit_a == PhaseAmperes(0, 0, 0)
    flow = await begin(hass, site_entry)
    assert flow["step_id"] == "main"
    flow = await go_on(hass, flow, {"fuse": 25, "phases": "three_phase"})
    flow = await go_on(hass, flow, {"meter_kind": "none"})
    done = await go_on(hass, flow, NO_METER)
    await hass.async_block_till_done()
    assert done["title"] == "Home"
    assert site.config.circuits[0].limit_a == PhaseAmperes(25, 25, 25)
