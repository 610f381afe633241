"""Diagnostics tell everything about a fault and nothing about people."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import json_dumps
from homeassistant.setup import async_setup_component
from homeassistant.util.json import json_loads_object
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.wallbox import Wallbox

SECRETS = ("CARD-SECRET", "Ada Lovelace", "very-secret-pw", "0001-SERIAL", "127.0.0.1")


@pytest.fixture
async def busy_charger(hass: HomeAssistant, charger: Wallbox, site: Site, site_entry: MockConfigEntry) -> Wallbox:
    """A charger in the middle of a session, with everything that must not be told."""
    assert await async_setup_component(hass, "diagnostics", {})
    (subentry,) = site_entry.get_subentries_of_type("charger")
    await hass.services.async_call(DOMAIN, "enrol_card", {"card": "CARD-SECRET", "name": "Ada Lovelace"}, blocking=True)
    await charger.say("Authorize", {"idTag": "CARD-SECRET"})
    await charger.say(
        "BootNotification",
        {"chargePointVendor": "Acme", "chargePointModel": "Wallbox", "chargePointSerialNumber": "0001-SERIAL"},
    )
    await charger.start("CARD-SECRET", meter_wh=100)
    data = {**subentry.data, "password": "very-secret-pw"}
    hass.config_entries.async_update_subentry(site_entry, subentry, data=data)
    await hass.async_block_till_done()
    return charger


def device_of(registry: dr.DeviceRegistry, entry: MockConfigEntry) -> dr.DeviceEntry:
    device = registry.async_get_device_by_identifier((DOMAIN, f"{entry.entry_id}_CP-1"), entry.entry_id)
    assert device is not None
    return device


def without_secrets(described: Any) -> dict[str, Any]:
    """Check that no secret is told, and return what is."""
    text = json_dumps(described)
    assert [secret for secret in SECRETS if secret.casefold() in text.casefold()] == []
    return json_loads_object(text)


@pytest.mark.usefixtures("busy_charger")
async def test_the_site(hass: HomeAssistant, hass_client: ClientSessionGenerator, site_entry: MockConfigEntry) -> None:
    told = without_secrets(await get_diagnostics_for_config_entry(hass, hass_client, site_entry))
    assert told["site"]["cards"] == 1
    assert told["site"]["silent_meters"] == ["main"]
    (charger,) = told["chargers"]
    assert charger["identity"]["model"] == "Wallbox"
    assert charger["connected"] is True
    assert charger["connectors"][0]["offer"]["evse"] == {"station_id": "CP-1", "evse_id": 1}
    (transaction,) = told["transactions"]
    assert transaction["id_token"] == "**REDACTED**"
    assert transaction["register_start_wh"] == 100


@pytest.mark.usefixtures("busy_charger")
async def test_a_charger_with_its_last_frames(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    site_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    device = device_of(device_registry, site_entry)
    told = without_secrets(await get_diagnostics_for_device(hass, hass_client, site_entry, device))
    assert told["charger"]["station_id"] == "CP-1"
    received = [frame["frame"] for frame in told["frames"] if frame["direction"] == "received"]
    authorize = next(frame for frame in received if "Authorize" in frame)
    assert authorize[3] == {"idTag": "**REDACTED**"}
    start = next(frame for frame in received if "StartTransaction" in frame)
    assert start[3]["meterStart"] == 100


@pytest.mark.usefixtures("busy_charger")
async def test_a_connector(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    site_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    connector = device_registry.async_get_child_device_by_identifier(
        (DOMAIN, f"{site_entry.entry_id}_CP-1/1"), site_entry.entry_id
    )
    told = without_secrets(await get_diagnostics_for_device(hass, hass_client, site_entry, connector))
    assert told["connector"]["maximum_a"] == 16
    assert len(told["transactions"]) == 1


@pytest.mark.usefixtures("busy_charger")
async def test_the_device_of_the_site(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    site_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    device = device_registry.async_get_device_by_identifier((DOMAIN, site_entry.entry_id), site_entry.entry_id)
    told = without_secrets(await get_diagnostics_for_device(hass, hass_client, site_entry, device))
    assert told["site"]["ledger_failed"] is False
