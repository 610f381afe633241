"""Entities of backends show what the site says of them, and come and go with their backends."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.failure import LedgerFullError, LedgerUnavailableError
from custom_components.offline_evse.engine.model.upstream.link import Backlog, LinkTrouble
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.backends.conftest import MONTA, LinesInHand, backend_id, view

AT_TWO = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)


def shown(hass: HomeAssistant, entity_id: str) -> str:
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state.state


def told(hass: HomeAssistant, entity_id: str) -> Mapping[str, Any]:
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state.attributes


def backend_devices(registry: dr.DeviceRegistry, entry: MockConfigEntry) -> list[dr.DeviceEntry]:
    there = dr.async_entries_for_config_entry(registry, entry.entry_id)
    return [it for it in there if isinstance(it, dr.DeviceEntry) and it.model == "OCPP backend"]


@pytest.mark.usefixtures("monta_site")
async def test_a_backend_is_a_service_reached_through_the_site(
    hass: HomeAssistant, monta_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    (device,) = backend_devices(device_registry, monta_entry)
    assert device.name == "Monta"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.via_device_id is not None
    site = device_registry.async_get(device.via_device_id)
    assert site is not None
    assert site.name == "Home"


async def test_figures_follow_the_site(hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry) -> None:
    waiting = Backlog(session_count=3, oldest=AT_TWO)
    lines.show(view(monta_entry, LinkState.OFFLINE, since=AT_TWO, backlog=waiting, last_proof=AT_TWO))
    await hass.async_block_till_done()
    assert shown(hass, "sensor.monta_link") == "offline"
    assert shown(hass, "sensor.monta_link_since") == AT_TWO.isoformat()
    assert shown(hass, "sensor.monta_sessions_waiting") == "3"
    assert shown(hass, "sensor.monta_oldest_waiting") == AT_TWO.isoformat()
    assert shown(hass, "sensor.monta_last_confirmation") == AT_TWO.isoformat()
    assert shown(hass, "binary_sensor.monta_problem") == "off"
    lines.show(view(monta_entry))
    await hass.async_block_till_done()
    assert shown(hass, "sensor.monta_link") == "online"
    assert shown(hass, "sensor.monta_sessions_waiting") == "0"
    assert shown(hass, "sensor.monta_oldest_waiting") == "unknown"


async def test_a_refused_password_needs_attention(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    refused = {"trouble": LinkTrouble.CREDENTIALS, "detail": "HTTP 401"}
    lines.show(view(monta_entry, LinkState.OFFLINE, **refused))
    await hass.async_block_till_done()
    assert shown(hass, "sensor.monta_link") == "misconfigured"
    assert shown(hass, "binary_sensor.monta_problem") == "on"
    attributes = told(hass, "binary_sensor.monta_problem")
    assert (attributes["trouble"], attributes["detail"]) == ("credentials", "HTTP 401")


async def test_a_session_to_settle_is_a_problem(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    lines.show(view(monta_entry, backlog=Backlog(session_count=1, oldest=AT_TWO, parked_count=1)))
    await hass.async_block_till_done()
    assert shown(hass, "binary_sensor.monta_problem") == "on"
    assert told(hass, "binary_sensor.monta_problem")["sessions_to_settle"] == 1


async def test_catching_up_is_shown_once_there_is_something_to_catch_up_with(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    assert hass.states.get("sensor.monta_caught_up") is None
    lines.show(view(monta_entry, LinkState.RECOVERING, recovered=0.424))
    await hass.async_block_till_done()
    assert shown(hass, "sensor.monta_caught_up") == "42"
    lines.show(view(monta_entry))
    await hass.async_block_till_done()
    assert shown(hass, "sensor.monta_caught_up") == "unknown"


@pytest.mark.usefixtures("monta_site")
async def test_figures_for_experts_are_there_and_switched_off(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    for name in ("slow_round_trip", "data_today"):
        there = entity_registry.async_get(f"sensor.monta_{name}")
        assert there is not None
        assert there.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_the_button_dials(hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry) -> None:
    await hass.services.async_call("button", "press", {"entity_id": "button.monta_connect_now"}, blocking=True)
    assert lines.dialled == [backend_id(monta_entry)]


WAITING = Backlog(session_count=3, oldest=AT_TWO)
SENTENCES: dict[str, tuple[dict[str, Any], str]] = {
    "well": ({}, "Monta is up to date."),
    "live": ({"backlog": WAITING}, "Monta is up to date."),
    "away": (
        {"link": LinkState.OFFLINE, "trouble": LinkTrouble.UNREACHABLE},
        "Charging continues. Monta cannot be reached; nothing waits for it.",
    ),
    "not tried yet": ({"link": LinkState.OFFLINE}, "Monta is being dialled."),
    "no charger": ({"link": LinkState.OFFLINE, "lines": {}}, "Monta hears of no charger."),
    "waiting": (
        {"link": LinkState.OFFLINE, "backlog": WAITING},
        "Charging continues. 3 sessions wait for Monta; oldest 14:02.",
    ),
    "one waiting": (
        {"link": LinkState.OFFLINE, "backlog": Backlog(session_count=1, oldest=AT_TWO)},
        "Charging continues. 1 session waits for Monta, since 14:02.",
    ),
    "poor": ({"link": LinkState.DEGRADED}, "The line to Monta is poor."),
    "catching up": (
        {"link": LinkState.RECOVERING, "backlog": WAITING, "recovered": 0.47},
        "Monta is catching up: 40 %. 3 sessions wait for Monta; oldest 14:02.",
    ),
    "caught up": (
        {"link": LinkState.RECOVERING, "recovered": 1.0},
        "Monta answers again, and has been told everything.",
    ),
    "refused": (
        {"link": LinkState.OFFLINE, "trouble": LinkTrouble.CREDENTIALS, "backlog": WAITING},
        "Charging continues. Monta turns us away; look at the repairs. 3 sessions wait for Monta; oldest 14:02.",
    ),
    "not accepted": (
        {"link": LinkState.OFFLINE, "trouble": LinkTrouble.NOT_ACCEPTED},
        "Charging continues. Monta has not accepted the charger yet.",
    ),
    "budget": (
        {"budget_spent": True},
        "Today's data for Monta is used up; what money depends on still goes.",
    ),
    "parked": (
        {"backlog": Backlog(session_count=1, oldest=AT_TWO, parked_count=1)},
        "1 session at Monta needs your decision; look at the repairs.",
    ),
}


@pytest.mark.freeze_time("2026-11-21 18:00:00", tick=True)
@pytest.mark.parametrize("name", SENTENCES)
async def test_the_sentence(hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry, name: str) -> None:
    await hass.config.async_set_time_zone("UTC")
    parts, sentence = SENTENCES[name]
    lines.show(view(monta_entry, **parts))
    await hass.async_block_till_done()
    assert shown(hass, "sensor.home_backends") == sentence


async def test_an_older_time_comes_with_its_day(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    oldest = dt_util.utcnow() - timedelta(days=3)
    lines.show(view(monta_entry, LinkState.OFFLINE, backlog=Backlog(session_count=2, oldest=oldest)))
    await hass.async_block_till_done()
    assert shown(hass, "sensor.home_backends").endswith(f"oldest {dt_util.as_local(oldest):%Y-%m-%d %H:%M}.")


async def test_entities_come_and_go_without_a_reload(
    hass: HomeAssistant, monta_site: Site, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    road = ConfigSubentry(
        data=MappingProxyType({**MONTA, "chargers": {"CP-2": {"identity": "ROAD-1"}}}),
        subentry_type="backend",
        title="Road",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(monta_entry, road)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert monta_entry.runtime_data.site is monta_site
    assert [config.name for config in lines.configs] == ["Monta", "Road"]
    lines.show(view(monta_entry, LinkState.OFFLINE, title="Road", trouble=LinkTrouble.UNREACHABLE))
    lines.show(view(monta_entry))
    await hass.async_block_till_done()
    assert shown(hass, "sensor.road_link") == "offline"
    assert shown(hass, "sensor.home_backends").startswith("Charging continues. Road cannot be reached")
    hass.config_entries.async_remove_subentry(monta_entry, road.subentry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get("sensor.road_link") is None
    assert [config.name for config in lines.configs] == ["Monta"]
    assert shown(hass, "sensor.home_backends") == "Monta is up to date."


async def test_a_new_name_is_followed(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    subentry = monta_entry.subentries[backend_id(monta_entry)]
    hass.config_entries.async_update_subentry(monta_entry, subentry, title="Monta Work")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [it.name for it in backend_devices(device_registry, monta_entry)] == ["Monta Work"]
    assert [config.name for config in lines.configs] == ["Monta Work"]


async def test_the_way_is_metered_while_an_entity_is_on(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    upstream_id = backend_id(monta_entry)
    subentry = monta_entry.subentries[upstream_id]
    hass.states.async_set("binary_sensor.on_sim", "on")
    data = {**MONTA, "metered": "binary_sensor.on_sim"}
    hass.config_entries.async_update_subentry(monta_entry, subentry, data=data)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert lines.metered == {upstream_id: True}
    hass.states.async_set("binary_sensor.on_sim", "unavailable")
    await hass.async_block_till_done()
    assert lines.metered == {upstream_id: True}
    hass.states.async_set("binary_sensor.on_sim", "off")
    await hass.async_block_till_done()
    assert lines.metered == {upstream_id: False}
    hass.states.async_set("binary_sensor.on_sim", "on")
    hass.config_entries.async_update_subentry(monta_entry, subentry, data=MONTA)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert lines.metered == {upstream_id: False}


async def test_a_disk_that_cannot_be_written_is_tried_again(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.offline_evse.backends.desk.AGAIN_AFTER_S", 0.01)
    lines.failures = [LedgerUnavailableError("The disk is gone"), LedgerFullError()]
    subentry = monta_entry.subentries[backend_id(monta_entry)]
    hass.config_entries.async_update_subentry(monta_entry, subentry, title="Monta Work")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [config.name for config in lines.configs] == ["Monta Work"]
    assert lines.failures == []


async def test_a_site_can_be_unloaded_while_its_backends_cannot_be_recorded(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    lines.failures = [LedgerUnavailableError("The disk is gone")]
    subentry = monta_entry.subentries[backend_id(monta_entry)]
    hass.config_entries.async_update_subentry(monta_entry, subentry, title="Monta Work")
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(monta_entry.entry_id)
    assert [config.name for config in lines.configs] == ["Monta"]
