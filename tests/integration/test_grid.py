"""The grid operator in Home Assistant: actions, entities that it speaks through, options, and what is shown."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
import voluptuous as vol

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.grid import GridMode, GridPhase, GridSource, GridView
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.inputs.grid_inputs import PULSE
from tests.integration.waiting import state_is, state_when
from tests.integration.wallbox import Wallbox

LIMIT = "sensor.home_grid_limit"
ACTIVE = "binary_sensor.home_grid_limit_active"
FORM: dict[str, Any] = {
    "limit_entity": "sensor.control_box",
    "relay_entity": "binary_sensor.ripple",
    "generation_entity": "sensor.pv",
    "basis": "charging",
    "mode": "group",
    "advanced": {"floor": 4.2, "failsafe_hours": 2, "heartbeat": 120},
}


async def act(hass: HomeAssistant, action: str, **data: Any) -> None:
    await hass.services.async_call(DOMAIN, action, data, blocking=True)


async def ask(hass: HomeAssistant, action: str, **data: Any) -> Any:
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)


async def set_up(hass: HomeAssistant, entry: MockConfigEntry, **form: Any) -> Any:
    """Go through the options step of the grid operator."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    step = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "grid_operator"})
    assert step["type"] is FlowResultType.FORM
    done = await hass.config_entries.options.async_configure(
        step["flow_id"], {name: value for name, value in (FORM | form).items() if value is not None}
    )
    await hass.async_block_till_done()
    return done


def view(site: Site) -> GridView:
    shown = site.state.grid
    assert shown is not None
    return shown


async def test_nothing_is_shown_where_there_is_nothing_of_the_kind(hass: HomeAssistant, site: Site) -> None:
    assert hass.states.get(LIMIT) is None
    assert hass.states.get(ACTIVE) is None


async def test_a_limit_by_action_is_shown_and_taken_back(hass: HomeAssistant, charger: Wallbox) -> None:
    answer = await ask(
        hass, "set_grid_limit", limit=9, unit_of_measurement="kW", duration={"hours": 1}, name="Grid AG", event_id="e"
    )
    assert answer == {"event_id": "e"}
    shown = await state_is(hass, LIMIT, "9.0")
    assert shown.attributes["source"] == "action"
    assert shown.attributes["name"] == "Grid AG"
    assert shown.attributes["until"] is not None
    assert shown.attributes["complies"] is True
    await state_is(hass, ACTIVE, "on")
    await act(hass, "clear_grid_limit", event_id="e")
    await state_is(hass, ACTIVE, "off")
    await state_is(hass, LIMIT, "unknown")


async def test_the_proof_is_returned(hass: HomeAssistant, charger: Wallbox) -> None:
    await act(hass, "set_grid_limit", limit=0, event_id="e")
    (event,) = (await ask(hass, "get_grid_events"))["events"]
    assert (event["event_id"], event["limit_w"], event["applied_w"]) == ("e", 0.0, 4200.0)
    assert event["time_to_comply_s"] == pytest.approx(0, abs=0.5)
    assert "records" not in event
    (event,) = (await ask(hass, "get_grid_events", records=True, since="2020-01-01 00:00:00"))["events"]
    assert [it["kind"] for it in event["records"]][:2] == ["command", "sample"]
    assert (await ask(hass, "get_grid_events", since="2090-01-01 00:00:00"))["events"] == []


async def test_what_makes_no_sense_is_refused(hass: HomeAssistant, site: Site) -> None:
    with pytest.raises(vol.Invalid):
        await act(hass, "set_grid_limit", limit=-1)
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "set_grid_limit", limit=1, duration={"seconds": 0})
    assert caught.value.translation_key == "bad_grid_limit"
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "clear_grid_limit", event_id="nobody")
    assert caught.value.translation_key == "no_grid_limit"
    assert site.state.grid is None
    await act(hass, "clear_grid_limit")


async def test_an_entity_states_a_limit_and_takes_it_back(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry
) -> None:
    hass.states.async_set("sensor.control_box", "6.5", {"unit_of_measurement": "kW"})
    done = await set_up(hass, site_entry)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    binding = view(site).binding
    assert binding is not None
    assert (binding.source, binding.limit_w) == (GridSource.ENTITY, 6500)
    assert await state_when(hass, LIMIT, lambda state: state.state == "6.5")
    hass.states.async_set("sensor.control_box", "5000", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    binding = view(site).binding
    assert binding is not None
    assert binding.limit_w == 5000
    await set_up(hass, site_entry, limit_entity="sensor.other")
    assert view(site).binding is not None, "the line stays, whichever entity it is read from"


async def test_a_second_entity_says_whether_the_limit_holds(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry
) -> None:
    hass.states.async_set("sensor.control_box", "5000")
    hass.states.async_set("binary_sensor.active", "off")
    await set_up(hass, site_entry, active_entity="binary_sensor.active")
    assert not view(site).active
    hass.states.async_set("binary_sensor.active", "on")
    await hass.async_block_till_done()
    assert view(site).active


async def test_a_relay_leaves_the_least(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    hass.states.async_set("binary_sensor.ripple", "off")
    await set_up(hass, site_entry)
    assert not view(site).active
    hass.states.async_set("binary_sensor.ripple", "on")
    await hass.async_block_till_done()
    binding = view(site).binding
    assert binding is not None
    assert (binding.source, binding.limit_w) == (GridSource.RELAY, 4200)
    hass.states.async_set("binary_sensor.ripple", "off")
    await hass.async_block_till_done()
    assert not view(site).active


async def test_own_generation_is_read(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    hass.states.async_set("sensor.pv", "3.05", {"unit_of_measurement": "kW"})
    await set_up(hass, site_entry)
    assert site.grid.setter.sample().own_generation_w == 3000


async def test_an_entity_that_is_unavailable_is_a_line_that_is_lost(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("sensor.control_box", "9000")
    await set_up(hass, site_entry, relay_entity=None, advanced=FORM["advanced"] | {"failsafe": 5})
    line = site.grid.lines["entity"]
    heard_s = line.heard_s
    freezer.tick(PULSE)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    line = site.grid.lines["entity"]
    assert line.heard_s > heard_s, "a figure that stays the same is heard"
    hass.states.async_set("sensor.control_box", "unavailable")
    await hass.async_block_till_done()
    line = site.grid.lines["entity"]
    heard_s = line.heard_s
    freezer.tick(PULSE)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    line = site.grid.lines["entity"]
    assert line.heard_s == heard_s
    assert line.terms.failsafe_w == 5000
    assert view(site).lines[0].phase is GridPhase.LIMITED, "for as long as it may be silent"


async def test_a_renamed_entity_is_followed(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    from homeassistant.helpers import entity_registry as er

    registry = er.async_get(hass)
    there = registry.async_get_or_create("sensor", "box", "1", suggested_object_id="control_box")
    await set_up(hass, site_entry)
    registry.async_update_entity(there.entity_id, new_entity_id="sensor.steuerbox")
    await hass.async_block_till_done()
    assert site_entry.options["grid_operator"]["limit_entity"] == "sensor.steuerbox"


async def test_the_form_asks_for_a_limit_where_only_its_validity_is_named(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry
) -> None:
    form = {name: value for name, value in FORM.items() if name != "limit_entity"}
    menu = await hass.config_entries.options.async_init(site_entry.entry_id, context={"source": SOURCE_USER})
    step = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "grid_operator"})
    again = await hass.config_entries.options.async_configure(
        step["flow_id"], form | {"active_entity": "binary_sensor.active"}
    )
    assert again["errors"] == {"limit_entity": "limit_entity_needed"}


async def test_the_options_reach_the_engine(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    await set_up(hass, site_entry, mode="per_device", advanced=FORM["advanced"] | {"devices": ["CP-1"], "floor": 5})
    assert site.config.grid.mode is GridMode.PER_DEVICE
    assert site.config.grid.devices == frozenset({"CP-1"})
    assert site.config.grid.floor_w == 5000


async def test_a_limit_outlives_a_restart(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, own_folder: Any
) -> None:
    await act(hass, "set_grid_limit", limit=8000, event_id="e", duration={"hours": 1})
    assert await hass.config_entries.async_reload(site_entry.entry_id)
    await hass.async_block_till_done()
    binding = view(site_entry.runtime_data.site).binding
    assert binding is not None
    assert (binding.event_id, binding.limit_w) == ("e", 8000)
