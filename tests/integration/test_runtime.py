"""A site inside Home Assistant: what opens, what follows, what stays, and what is closed again."""

import asyncio
from pathlib import Path
import socket
from types import MappingProxyType
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.failure import LayoutError
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.conftest import CHARGER, Dial, open_entry
from tests.integration.waiting import until
from tests.integration.wallbox import Wallbox


def charger_of(entry: MockConfigEntry, station_id: str = "CP-1") -> ConfigSubentry:
    return next(each for each in entry.subentries.values() if each.data.get("station_id") == station_id)


def another_charger(station_id: str = "CP-2") -> ConfigSubentry:
    data = MappingProxyType(CHARGER | {"station_id": station_id})
    return ConfigSubentry(data=data, subentry_type="charger", title="Carport", unique_id=station_id)


async def refuses(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


async def test_a_charger_becomes_a_device_with_its_connector_below(
    charger: Wallbox, site_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    devices = dr.async_entries_for_config_entry(device_registry, site_entry.entry_id)
    garage = next(device for device in devices if device.name == "Garage")
    connector = device_registry.async_get_child_device_by_identifier(
        (DOMAIN, f"{site_entry.entry_id}_CP-1/1"), site_entry.entry_id
    )
    assert (garage.manufacturer, garage.model, garage.sw_version) == ("Acme", "Wallbox 22", "1.2.3")
    assert garage.serial_number == "0001"
    assert garage.config_subentry_id == charger_of(site_entry).subentry_id
    assert connector is not None
    assert connector.parent_device_id == garage.id
    assert connector.name == "Connector 1"


async def test_adding_a_charger_drops_no_socket(
    hass: HomeAssistant, charger: Wallbox, site: Site, site_entry: MockConfigEntry, dial: Dial
) -> None:
    hass.config_entries.async_add_subentry(site_entry, another_charger())
    await hass.async_block_till_done()
    second = await dial(site.port, "CP-2")
    await second.boot()
    await second.status("Available")
    assert site_entry.runtime_data.site is site
    assert await charger.say("Heartbeat", {})
    assert set(site.stations) == {"CP-1", "CP-2"}
    assert EvseKey("CP-2", 1) in site.evses


async def test_a_second_connector_appears_without_a_reload(
    hass: HomeAssistant,
    charger: Wallbox,
    site: Site,
    site_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    await charger.status("Available", connector=2)
    await hass.async_block_till_done()
    second = (DOMAIN, f"{site_entry.entry_id}_CP-1/2")
    assert device_registry.async_get_child_device_by_identifier(second, site_entry.entry_id) is not None
    assert site_entry.runtime_data.site is site


async def test_removing_a_charger_removes_its_devices_and_hangs_up(
    hass: HomeAssistant,
    charger: Wallbox,
    site: Site,
    site_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    hass.config_entries.async_remove_subentry(site_entry, charger_of(site_entry).subentry_id)
    await hass.async_block_till_done()
    names = {each.name for each in dr.async_entries_for_config_entry(device_registry, site_entry.entry_id)}
    assert "Garage" not in names
    assert "Connector 1" not in names
    assert site.stations == {}


async def test_a_renamed_charger_renames_its_device(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    hass.config_entries.async_update_subentry(site_entry, charger_of(site_entry), title="Carport")
    await hass.async_block_till_done()
    names = {each.name for each in dr.async_entries_for_config_entry(device_registry, site_entry.entry_id)}
    assert "Carport" in names
    assert "Garage" not in names


async def test_a_changed_port_keeps_open_sockets(
    hass: HomeAssistant, charger: Wallbox, site: Site, site_entry: MockConfigEntry, free_port: int, dial: Dial
) -> None:
    old_port = site.port
    hass.config_entries.async_update_entry(site_entry, data={**site_entry.data, "port": free_port})
    await hass.async_block_till_done()
    assert site.port == free_port
    assert await charger.say("Heartbeat", {})
    assert await refuses(old_port)
    again = await dial(free_port, "CP-1")
    assert await again.say("Heartbeat", {})


async def test_unloading_closes_the_port_and_the_sockets(
    hass: HomeAssistant, charger: Wallbox, site: Site, site_entry: MockConfigEntry
) -> None:
    port = site.port
    assert await hass.config_entries.async_unload(site_entry.entry_id)
    assert await refuses(port)
    with pytest.raises(Exception):  # noqa: B017 (whichever way a closed socket is told)
        await charger.say("Heartbeat", {})


async def test_stopping_home_assistant_closes_the_port(hass: HomeAssistant, site: Site) -> None:
    port = site.port
    await hass.async_stop(force=True)
    assert await refuses(port)


async def test_a_port_that_is_taken_is_tried_again(
    hass: HomeAssistant, own_folder: Path, site_entry: MockConfigEntry
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        site_entry.add_to_hass(hass)
        hass.config_entries.async_update_entry(site_entry, data={**site_entry.data, "port": port})
        await hass.config_entries.async_setup(site_entry.entry_id)
        assert site_entry.state is ConfigEntryState.SETUP_RETRY
        assert site_entry.error_reason_translation_key == "port_in_use"
        assert site_entry.error_reason_translation_placeholders["port"] == str(port)
    await hass.config_entries.async_reload(site_entry.entry_id)
    assert site_entry.state is ConfigEntryState.LOADED


async def test_a_ledger_that_cannot_be_opened_is_told(
    hass: HomeAssistant, own_folder: Path, site_entry: MockConfigEntry
) -> None:
    folder = own_folder / ".storage" / DOMAIN
    folder.mkdir(parents=True)
    (folder / "ledger.db").write_bytes(b"this is no database" * 100)
    site_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(site_entry.entry_id)
    assert site_entry.state is ConfigEntryState.SETUP_RETRY
    assert site_entry.error_reason_translation_key == "ledger_unavailable"


async def test_a_site_set_up_again_finds_its_records(
    hass: HomeAssistant, charger: Wallbox, site: Site, site_entry: MockConfigEntry, empty_site_entry: MockConfigEntry
) -> None:
    await hass.services.async_call(DOMAIN, "enrol_card", {"card": "CARD-1", "name": "Ada"}, blocking=True)
    transaction = await charger.start("CARD-1", meter_wh=1000)
    await charger.stop(transaction, meter_wh=1000)
    (recorded,) = await site.transactions()
    await hass.config_entries.async_remove(site_entry.entry_id)
    again = await open_entry(hass, empty_site_entry)
    assert await again.transactions() == (recorded,)
    assert recorded.name == "Ada"
    assert [card.name for card in again.cards()] == ["Ada"]


async def test_the_meter_reaches_the_site(hass: HomeAssistant, site: Site) -> None:
    for phase, current in ((1, 3.0), (2, 4.0), (3, 5.0)):
        hass.states.async_set(f"sensor.grid_current_l{phase}", str(current), {"unit_of_measurement": "A"})
    await until(site.state, lambda: site.state.circuits["main"].measured_a == (3.0, 4.0, 5.0))
    assert not site.state.circuits["main"].meter_silent


async def test_fuses_that_do_not_fit_are_told(
    hass: HomeAssistant, own_folder: Path, site_entry: MockConfigEntry
) -> None:
    site_entry.add_to_hass(hass)
    with patch("custom_components.offline_evse.open_site", side_effect=LayoutError("A ring", circuit="main")):
        await hass.config_entries.async_setup(site_entry.entry_id)
    assert site_entry.state is ConfigEntryState.SETUP_ERROR
    assert site_entry.error_reason_translation_key == "bad_layout"


async def test_a_charger_that_comes_and_goes_is_logged_once_each(
    site: Site, dial: Dial, caplog: pytest.LogCaptureFixture
) -> None:
    charger = await dial(site.port, "CP-1")
    await charger.boot()
    await charger.status("Preparing")
    await charger.hang_up()
    await until(site.stations["CP-1"], lambda: not site.stations["CP-1"].connected)
    assert caplog.text.count("Charger CP-1 has connected") == 1
    assert caplog.text.count("Charger CP-1 has gone offline") == 1


async def test_listeners_hear_of_what_is_there_and_of_what_comes(
    hass: HomeAssistant, charger: Wallbox, site_entry: MockConfigEntry
) -> None:
    heard: list[object] = []
    end = site_entry.runtime_data.add_evse_listener(lambda evse, _subentry_id: heard.append(evse))
    assert heard == [EvseKey("CP-1", 1)]
    await charger.status("Available", connector=2)
    await hass.async_block_till_done()
    assert heard == [EvseKey("CP-1", 1), EvseKey("CP-1", 2)]
    end()
    await charger.status("Available", connector=3)
    await hass.async_block_till_done()
    assert len(heard) == 2
