"""The options for guests: what the form takes, and that it takes effect at once."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.guest.settings import GuestSettings
from tests.integration.guests.conftest import NewPhone

FORM: dict[str, Any] = {
    "page": True,
    "language": "de",
    "check_out": "10:30:00",
    "webhook": True,
    "webhook_remote": False,
}


async def form(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert "guests" in menu["menu_options"]
    return await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "guests"})


async def submit(hass: HomeAssistant, entry: MockConfigEntry, **values: Any) -> Any:
    step = await form(hass, entry)
    done = await hass.config_entries.options.async_configure(step["flow_id"], FORM | values)
    await hass.async_block_till_done()
    return done


async def test_what_is_switched_on_is_there_at_once(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, phone: NewPhone
) -> None:
    mine = await phone()
    assert (await mine.get("")).status == 404
    done = await submit(hass, site_entry, session_energy=25)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert (await mine.get("")).status == 200
    settings = GuestSettings.of(site_entry)
    assert (settings.language, settings.check_out.hour, settings.limits.session_wh) == ("de", 10, 25_000)
    assert settings.webhook_id is not None
    assert len(settings.webhook_id) == 64
    answer = await mine.client.post(f"/api/webhook/{settings.webhook_id}", json={})
    assert answer.status == 400
    shown = await form(hass, site_entry)
    assert settings.webhook_id in shown["description_placeholders"]["webhook"]


async def test_the_address_of_the_webhook_lasts_until_another_is_wanted(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, phone: NewPhone
) -> None:
    await submit(hass, site_entry)
    first = GuestSettings.of(site_entry).webhook_id
    await submit(hass, site_entry, webhook=False)
    assert GuestSettings.of(site_entry).webhook_id is None
    await submit(hass, site_entry)
    assert GuestSettings.of(site_entry).webhook_id == first
    await submit(hass, site_entry, webhook_renew=True)
    second = GuestSettings.of(site_entry).webhook_id
    assert second not in (None, first)
    mine = await phone()
    assert (await mine.client.post(f"/api/webhook/{first}", json={})).status == 200
    assert (await mine.client.post(f"/api/webhook/{second}", json={})).status == 400


@pytest.mark.parametrize(
    "address", ["charge", "ftp://x", "http://", "http://a:b@c", "http://x/charge", "http://x:99999"]
)
async def test_an_address_that_is_none_is_refused(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, address: str
) -> None:
    done = await submit(hass, site_entry, page_url=address)
    assert done["errors"] == {"page_url": "bad_page_url"}
    assert site_entry.options == {}


async def test_other_options_stay(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(site_entry, options={"grid": {"basis": "charging"}})
    await submit(hass, site_entry, page_url="http://charge.hotel.example/")
    assert site_entry.options["grid"] == {"basis": "charging"}
    assert GuestSettings.of(site_entry).page_url == "http://charge.hotel.example"
