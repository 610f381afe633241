"""Repairs: when they come, how they are put right, and that they go away."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.failure import LayoutError
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.issues.site_issues import SILENT_FOR_S
from tests.integration.conftest import MAIN, Dial, open_entry
from tests.integration.waiting import until

SENSORS = list(MAIN["meter"].values())


@pytest.fixture
def grid_sensors(hass: HomeAssistant) -> None:
    """The sensors of the meter, telling nothing yet."""
    for entity_id in SENSORS:
        hass.states.async_set(entity_id, "unknown", {"unit_of_measurement": "A"})


def found(issue_registry: ir.IssueRegistry) -> set[str]:
    return {issue_id for domain, issue_id in issue_registry.issues if domain == DOMAIN}


def report(hass: HomeAssistant) -> None:
    for entity_id in SENSORS:
        hass.states.async_set(entity_id, "1", {"unit_of_measurement": "A"})


async def silent_for(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def fix(hass: HomeAssistant, client: ClientSessionGenerator, issue_id: str) -> tuple[Any, str]:
    """Begin to fix an issue through Home Assistant's own door."""
    assert await async_setup_component(hass, "repairs", {})
    session = await client()
    answer = await session.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id})
    flow = await answer.json()
    assert flow["type"] == FlowResultType.FORM
    return session, f"/api/repairs/issues/fix/{flow['flow_id']}"


async def wrong_password(port: int, password: str) -> int:
    """Dial with a password; returns the HTTP status."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(
                f"ws://127.0.0.1:{port}/CP-1",
                protocols=("ocpp1.6",),
                headers={"Authorization": aiohttp.encode_basic_auth("CP-1", password)},
            ):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status


@pytest.mark.usefixtures("grid_sensors")
async def test_a_silent_meter_is_told_after_a_minute_and_taken_back(
    hass: HomeAssistant, site: Site, issue_registry: ir.IssueRegistry, freezer: FrozenDateTimeFactory
) -> None:
    await until(site.state, lambda: bool(site.state.silent_meters))
    assert found(issue_registry) == set()
    await silent_for(hass, freezer, SILENT_FOR_S + 1)
    assert found(issue_registry) == {"meter_silent_main"}
    issue = issue_registry.async_get_issue(DOMAIN, "meter_silent_main")
    assert issue is not None
    assert issue.translation_placeholders["circuit"] == "Home"
    report(hass)
    await until(site.state, lambda: not site.state.silent_meters)
    assert found(issue_registry) == set()


@pytest.mark.usefixtures("grid_sensors")
async def test_a_silent_meter_leads_to_its_settings(
    hass: HomeAssistant,
    site: Site,
    issue_registry: ir.IssueRegistry,
    freezer: FrozenDateTimeFactory,
    hass_client: ClientSessionGenerator,
) -> None:
    await until(site.state, lambda: bool(site.state.silent_meters))
    await silent_for(hass, freezer, SILENT_FOR_S + 1)
    session, url = await fix(hass, hass_client, "meter_silent_main")
    done = await (await session.post(url, json={})).json()
    assert done["type"] == FlowResultType.ABORT
    assert done["reason"] == "choose_entities"
    kind, flow_id = done["next_flow"]
    assert kind == "config_subentries_flow"
    assert hass.config_entries.subentries.async_get(flow_id)["step_id"] == "main"
    assert found(issue_registry) == {"meter_silent_main"}


async def test_sensors_that_do_not_exist_are_told_at_once(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    issue = issue_registry.async_get_issue(DOMAIN, "meter_gone_main")
    assert issue is not None
    assert issue.translation_placeholders == {"circuit": "Home", "entities": ", ".join(SENSORS)}
    (main,) = site_entry.get_subentries_of_type("circuit")
    hass.config_entries.async_update_subentry(site_entry, main, data=MAIN | {"meter_kind": "none", "meter": {}})
    await hass.async_block_till_done()
    assert found(issue_registry) == set()


async def test_a_renamed_sensor_is_followed(
    hass: HomeAssistant, own_folder: None, site_entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    for entity_id in SENSORS:
        entity_registry.async_get_or_create("sensor", "p1", entity_id, suggested_object_id=entity_id[7:])
    await open_entry(hass, site_entry)
    entity_registry.async_update_entity(SENSORS[1], new_entity_id="sensor.renamed")
    await hass.async_block_till_done()
    (main,) = site_entry.get_subentries_of_type("circuit")
    assert main.data["meter"]["current_l2"] == "sensor.renamed"
    assert main.data["meter"]["current_l1"] == SENSORS[0]


@pytest.mark.usefixtures("grid_sensors")
async def test_a_wrong_password_is_told_and_put_right(
    hass: HomeAssistant,
    site: Site,
    site_entry: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
    hass_client: ClientSessionGenerator,
) -> None:
    (subentry,) = site_entry.get_subentries_of_type("charger")
    data = {**subentry.data, "password": "right-password-1"}
    hass.config_entries.async_update_subentry(site_entry, subentry, data=data)
    await hass.async_block_till_done()
    assert await wrong_password(site.port, "other-password-2") == 401
    assert found(issue_registry) == {"wrong_password_CP-1"}
    session, url = await fix(hass, hass_client, "wrong_password_CP-1")
    done = await (await session.post(url, json={"password": "other-password-2"})).json()
    await hass.async_block_till_done()
    assert done["type"] == FlowResultType.CREATE_ENTRY
    assert found(issue_registry) == set()
    assert await wrong_password(site.port, "other-password-2") == 101


@pytest.mark.usefixtures("grid_sensors")
async def test_the_right_password_takes_the_message_back(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    (subentry,) = site_entry.get_subentries_of_type("charger")
    data = {**subentry.data, "password": "right-password-1"}
    hass.config_entries.async_update_subentry(site_entry, subentry, data=data)
    await hass.async_block_till_done()
    assert await wrong_password(site.port, "other-password-2") == 401
    assert await wrong_password(site.port, "right-password-1") == 101
    assert found(issue_registry) == set()


@pytest.mark.usefixtures("grid_sensors")
async def test_a_wrong_password_is_forgotten_with_its_charger(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    (subentry,) = site_entry.get_subentries_of_type("charger")
    data = {**subentry.data, "password": "right-password-1"}
    hass.config_entries.async_update_subentry(site_entry, subentry, data=data)
    await hass.async_block_till_done()
    assert await wrong_password(site.port, "other-password-2") == 401
    assert found(issue_registry) == {"wrong_password_CP-1"}
    hass.config_entries.async_remove_subentry(site_entry, subentry.subentry_id)
    await hass.async_block_till_done()
    assert found(issue_registry) == set()


@pytest.mark.usefixtures("grid_sensors")
async def test_a_port_taken_meanwhile_is_told_and_the_old_one_kept(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, issue_registry: ir.IssueRegistry, dial: Dial
) -> None:
    old_port = site.port
    other = await hass.loop.create_server(lambda: _Nobody(), "127.0.0.1", 0)
    taken: int = other.sockets[0].getsockname()[1]
    hass.config_entries.async_update_entry(site_entry, data={**site_entry.data, "port": taken})
    await hass.async_block_till_done()
    assert found(issue_registry) == {"port_taken"}
    assert site.port == old_port
    await dial(old_port, "CP-1")
    other.close()
    hass.config_entries.async_update_entry(site_entry, data={**site_entry.data, "port": 0})
    await hass.async_block_till_done()
    assert found(issue_registry) == set()


@pytest.mark.usefixtures("grid_sensors")
async def test_a_missing_main_fuse_is_told(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    (main,) = site_entry.get_subentries_of_type("circuit")
    hass.config_entries.async_remove_subentry(site_entry, main.subentry_id)
    await hass.async_block_till_done()
    assert found(issue_registry) == {"no_main_fuse"}


@pytest.mark.usefixtures("grid_sensors")
async def test_a_ledger_that_cannot_be_written_is_told(
    hass: HomeAssistant, site: Site, issue_registry: ir.IssueRegistry
) -> None:
    site.state.ledger_failed = True
    site.state.changed()
    assert found(issue_registry) == {"ledger_failed"}
    site.state.ledger_failed = False
    site.state.changed()
    assert found(issue_registry) == set()


async def test_unloading_takes_all_messages_away(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    assert found(issue_registry) == {"meter_gone_main"}
    await hass.config_entries.async_unload(site_entry.entry_id)
    assert found(issue_registry) == set()


@pytest.mark.usefixtures("grid_sensors")
async def test_fuses_that_do_not_fit_are_told_and_the_former_kept(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    (main,) = site_entry.get_subentries_of_type("circuit")
    former = site.config
    with patch.object(Site, "configure", side_effect=LayoutError("A ring", circuit="main")):
        hass.config_entries.async_update_subentry(site_entry, main, data={**main.data, "fuse": 35})
        await hass.async_block_till_done()
    assert found(issue_registry) == {"bad_layout"}
    assert site.config == former
    hass.config_entries.async_update_subentry(site_entry, main, data={**main.data, "fuse": 40})
    await hass.async_block_till_done()
    assert found(issue_registry) == set()
    assert site.config.circuits[0].limit_a == (40, 40, 40)


async def test_stopping_leaves_messages_to_what_people_made_of_them(
    hass: HomeAssistant, site: Site, issue_registry: ir.IssueRegistry
) -> None:
    ir.async_ignore_issue(hass, DOMAIN, "meter_gone_main", True)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    issue = issue_registry.async_get_issue(DOMAIN, "meter_gone_main")
    assert issue is not None
    assert issue.dismissed_version is not None


class _Nobody:
    """A listener that talks to nobody."""

    def connection_made(self, transport: Any) -> None:
        transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        pass

    def data_received(self, data: bytes) -> None:
        pass

    def eof_received(self) -> None:
        pass
