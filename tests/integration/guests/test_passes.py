"""Actions for passes: what they answer, what they refuse, and that what they hand out really opens."""

from base64 import b64decode
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.waiting import until
from tests.integration.wallbox import Wallbox

type Ask = Callable[..., Awaitable[Any]]

THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def tomorrow(hours: float = 24) -> str:
    return (dt_util.utcnow() + timedelta(hours=hours)).isoformat()


async def refusal(ask: Ask, action: str, **data: Any) -> str | None:
    with pytest.raises(HomeAssistantError) as caught:
        await ask(action, **data)
    assert caught.value.translation_domain == DOMAIN
    return caught.value.translation_key


async def test_a_pass_has_a_code_a_link_a_picture_and_a_slip(hotel: Site, ask: Ask) -> None:
    issued = await ask("issue_pass", name="12", to=tomorrow(), total_energy=30)
    assert issued["name"] == "12"
    assert issued["total_energy"] == 30
    assert issued["link"].startswith("http://192.0.2.10:8123/charge#p=")
    assert issued["slip"].startswith("/api/offline_evse/guest/slip/")
    drawn = b64decode(issued["qr"].removeprefix("data:image/svg+xml;base64,")).decode()
    assert drawn.startswith("<svg")
    assert "viewBox=" in drawn
    assert " width=" not in drawn, "it would be cut off where it is shown smaller"
    assert "</svg>" in drawn
    found = hotel.passes.by_code(issued["code"], "test")
    assert found is not None
    assert found.id_token.value == issued["pass_id"]
    assert found.terms.total_wh == 30_000
    secret = issued["link"].partition("#p=")[2]
    assert hotel.passes.by_link(secret, "test") == found


async def test_what_is_not_said_comes_from_the_options(
    hass: HomeAssistant, hotel: Site, hotel_entry: MockConfigEntry, ask: Ask
) -> None:
    guests = {**hotel_entry.options["guests"], "session_energy": 40.0, "day_energy": 60.0}
    hass.config_entries.async_update_entry(hotel_entry, options={"guests": guests})
    issued = await ask("issue_pass", name="12", to=tomorrow(), session_energy=10)
    assert (issued["session_energy"], issued["day_energy"], issued["total_energy"]) == (10, 60, None)


async def test_a_pass_on_a_card_opens_the_reader_of_its_chargers_only(
    hass: HomeAssistant, hotel: Site, garage: Wallbox, ask: Ask, device_registry: dr.DeviceRegistry
) -> None:
    yard = device_registry.async_get_device_by_identifier((DOMAIN, "site_CP-2"), "site")
    assert yard is not None
    issued = await ask("issue_pass", name="12", to=tomorrow(), form="card", card="GUEST-7", device_id=[yard.id])
    assert (issued["code"], issued["chargers"], issued["pass_id"]) == (None, ["Yard"], "GUEST-7")
    assert (await garage.say("Authorize", {"idTag": "GUEST-7"}))["idTagInfo"]["status"] != "Accepted"
    everywhere = await ask("issue_pass", name="13", to=tomorrow(), form="card", card="GUEST-8")
    assert everywhere["chargers"] == []
    assert (await garage.say("Authorize", {"idTag": "guest-8"}))["idTagInfo"]["status"] == "Accepted"


async def test_a_connector_means_its_charger(
    hotel: Site, garage: Wallbox, ask: Ask, device_registry: dr.DeviceRegistry
) -> None:
    connector = device_registry.async_get_child_device_by_identifier((DOMAIN, "site_CP-1/1"), "site")
    assert connector is not None
    issued = await ask("issue_pass", name="12", to=tomorrow(), device_id=connector.id)
    found = hotel.passes.find(issued["pass_id"])
    assert found is not None
    assert found.terms.station_ids == {"CP-1"}


async def test_a_pass_for_a_key_is_found_by_its_thumbprint(hotel: Site, ask: Ask) -> None:
    issued = await ask("issue_pass", name="Ada", to=tomorrow(), form="ble_key", key=THUMBPRINT, holder="person")
    found = hotel.credential_by_key(THUMBPRINT)
    assert found is not None
    assert found.id_token.value == issued["pass_id"]


async def test_what_cannot_be_is_refused_in_words(hotel: Site, ask: Ask, device_registry: dr.DeviceRegistry) -> None:
    site = device_registry.async_get_device_by_identifier((DOMAIN, "site"), "site")
    assert site is not None
    assert await refusal(ask, "issue_pass", name="12", to=tomorrow(-1)) == "pass_time_over"
    backwards = {"from": tomorrow(48)}
    assert await refusal(ask, "issue_pass", name="12", to=tomorrow(), **backwards) == "pass_time_over"
    assert await refusal(ask, "issue_pass", name="12", to=tomorrow(), form="card") == "pass_card"
    assert await refusal(ask, "issue_pass", name="12", to=tomorrow(), card="X") == "pass_card"
    assert await refusal(ask, "issue_pass", name="12", to=tomorrow(), form="ble_key") == "pass_key"
    assert await refusal(ask, "issue_pass", name="12", to=tomorrow(), device_id=site.id) == "not_a_charger"
    assert await refusal(ask, "revoke_pass") == "which_pass"
    assert await refusal(ask, "revoke_pass", name="nobody") == "no_such_pass"
    assert await refusal(ask, "extend_pass", pass_id="NONE", to=tomorrow()) == "no_such_pass"
    with pytest.raises(vol.Invalid):
        await ask("issue_pass", name="12", to=tomorrow(), form="ble_key", key="short")
    assert hotel.passes.all() == ()


async def test_the_card_of_somebody_else_becomes_no_guests(hass: HomeAssistant, hotel: Site, ask: Ask) -> None:
    await hass.services.async_call(DOMAIN, "enrol_card", {"card": "OWNER", "name": "Ada"}, blocking=True)
    assert await refusal(ask, "issue_pass", name="12", to=tomorrow(), form="card", card="owner") == "card_taken"
    kept = hotel.credential(IdToken("OWNER"))
    assert kept is not None
    assert kept.name == "Ada"


async def test_a_pass_is_extended_by_name_and_keeps_its_code(hotel: Site, ask: Ask) -> None:
    issued = await ask("issue_pass", name="12", to=tomorrow(1))
    later = dt_util.utcnow() + timedelta(days=2)
    answer = await ask("extend_pass", name="12", to=later.isoformat())
    assert [it["pass_id"] for it in answer["passes"]] == [issued["pass_id"]]
    found = hotel.passes.by_code(issued["code"], "test")
    assert found is not None
    assert found.terms.valid_until == later


async def test_a_new_code_replaces_the_old_one(hotel: Site, ask: Ask) -> None:
    issued = await ask("issue_pass", name="12", to=tomorrow())
    renewed = await ask("renew_pass_code", name="12")
    assert renewed["pass_id"] == issued["pass_id"]
    assert hotel.passes.by_code(issued["code"], "test") is None
    assert hotel.passes.by_code(renewed["code"], "test") is not None
    await ask("issue_pass", name="12", to=tomorrow())
    assert await refusal(ask, "renew_pass_code", name="12") == "several_passes"


async def test_a_revoked_pass_ends_what_runs_with_it(
    hass: HomeAssistant, hotel: Site, garage: Wallbox, ask: Ask
) -> None:
    issued = await ask("issue_pass", name="12", to=tomorrow(), form="card", card="GUEST-7")
    transaction = await garage.start("GUEST-7", meter_wh=0)
    state = next(iter(hotel.evses.values()))
    await until(state, lambda: state.has_transaction)
    answer = await ask("revoke_pass", pass_id=issued["pass_id"])
    assert answer == {"pass_ids": ["GUEST-7"]}
    assert await garage.hear("RemoteStopTransaction") == {"transactionId": transaction}
    await garage.stop(transaction, meter_wh=100, reason="Remote")
    assert (await garage.say("Authorize", {"idTag": "GUEST-7"}))["idTagInfo"]["status"] != "Accepted"


async def test_the_list_leaves_out_what_is_over_unless_asked(hotel: Site, ask: Ask, freezer: Any) -> None:
    await ask("issue_pass", name="12", to=tomorrow(1))
    await ask("issue_pass", name="13", to=tomorrow(72))
    freezer.tick(timedelta(hours=2))
    valid = (await ask("list_passes"))["passes"]
    assert [(it["name"], it["valid"]) for it in valid] == [("13", True)]
    every = (await ask("list_passes", only_valid=False))["passes"]
    assert [(it["name"], it["valid"]) for it in every] == [("12", False), ("13", True)]
    assert not any("code" in it for it in every)
    assert [it["name"] for it in (await ask("list_passes", name="13"))["passes"]] == ["13"]


async def test_signs_for_chargers_name_no_station(
    hass: HomeAssistant, hotel: Site, garage: Wallbox, ask: Ask, hotel_entry: MockConfigEntry
) -> None:
    answer = await ask("get_charger_links")
    assert answer["page"] == "http://192.0.2.10:8123/charge"
    assert [it["name"] for it in answer["chargers"]] == ["Garage"]
    assert "CP-1" not in answer["chargers"][0]["link"]
    hass.config_entries.async_update_entry(hotel_entry, options={})
    await hass.async_block_till_done()
    assert await refusal(ask, "get_charger_links") == "guest_page_off"
