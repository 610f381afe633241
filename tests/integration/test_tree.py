"""The fuse tree: over Home Assistant's websocket, as an action, and in the diagnostics."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.conftest import MAIN
from tests.integration.wallbox import Wallbox

SUBSCRIBE = {"id": 1, "type": f"{DOMAIN}/tree/subscribe"}


def charger_of(tree: dict[str, Any]) -> dict[str, Any]:
    (circuit,) = tree["circuits"]
    (charger,) = circuit["chargers"]
    assert isinstance(charger, dict)
    return charger


async def test_the_tree_comes_at_once_and_again_after_a_change(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, charger: Wallbox, site: Site
) -> None:
    await site.enrol_card(Credential(id_token=IdToken("CARD"), name="Ann"))
    client = await hass_ws_client(hass)
    await client.send_json(SUBSCRIBE)
    assert (await client.receive_json())["success"]
    tree = (await client.receive_json())["event"]
    assert tree["name"] == "Home"
    assert tree["circuits"][0]["limit_a"] == [25.0, 25.0, 25.0]
    assert charger_of(tree)["status"] == "available"
    assert charger_of(tree)["phases"] == [1, 2, 3]
    await charger.status("Preparing")
    await charger.start("CARD", meter_wh=100)
    changed = (await client.receive_json())["event"]
    while charger_of(changed)["status"] == "available":
        changed = (await client.receive_json())["event"]
    assert charger_of(changed)["limited_by"]["reason"] in {"meter_silent", "settling", "not_charging"}


async def test_nobody_has_to_be_an_administrator(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, site: Site, hass_read_only_access_token: str
) -> None:
    client = await hass_ws_client(hass, hass_read_only_access_token)
    await client.send_json(SUBSCRIBE)
    assert (await client.receive_json())["success"]


async def test_a_subscription_ends_with_the_site_and_by_itself(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, site: Site, site_entry: MockConfigEntry
) -> None:
    client = await hass_ws_client(hass)
    before = len(site.state._listeners)  # noqa: SLF001 (that nothing is left behind can be seen here only)
    await client.send_json(SUBSCRIBE)
    await client.receive_json()
    await client.receive_json()
    assert len(site.state._listeners) == before + 1  # noqa: SLF001
    await client.send_json({"id": 2, "type": "unsubscribe_events", "subscription": 1})
    assert (await client.receive_json())["success"]
    assert len(site.state._listeners) == before  # noqa: SLF001
    await client.send_json({**SUBSCRIBE, "id": 3})
    await client.receive_json()
    await client.receive_json()
    assert await hass.config_entries.async_unload(site_entry.entry_id)
    assert len(site.state._listeners) == 0  # noqa: SLF001


async def test_without_a_site_there_is_no_tree(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_ws_client(hass)
    await client.send_json(SUBSCRIBE)
    answer = await client.receive_json()
    assert not answer["success"]
    assert answer["error"]["code"] == "not_found"


@pytest.mark.usefixtures("charger")
async def test_the_action_returns_the_tree(hass: HomeAssistant, site: Site, hass_admin_user: MockUser) -> None:
    tree = await hass.services.async_call(DOMAIN, "get_tree", {}, blocking=True, return_response=True)
    assert tree is not None
    assert charger_of(tree)["station_id"] == "CP-1"
    assert charger_of(tree)["offered_a"] == 0.0
    assert tree["circuits"][0]["meter"] == "silent"
    assert tree["circuits"][0]["reserve_a"] == MAIN["reserve"]


@pytest.mark.usefixtures("charger")
async def test_the_diagnostics_hold_the_tree(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, site_entry: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    told: dict[str, Any] = await get_diagnostics_for_config_entry(hass, hass_client, site_entry)
    assert charger_of(told["site"]["tree"])["station_id"] == "CP-1"
    assert told["site"]["meter_findings"] == []
