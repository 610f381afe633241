"""Actions: what they do, and what they say when they cannot."""

from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.failure import LedgerFullError
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.waiting import until
from tests.integration.wallbox import Wallbox

EVSE = EvseKey("CP-1", 1)


@pytest.fixture
def garage(charger: Wallbox, site_entry: MockConfigEntry, device_registry: dr.DeviceRegistry) -> str:
    """Device id of the charger CP-1."""
    device = device_registry.async_get_device_by_identifier(
        (DOMAIN, f"{site_entry.entry_id}_CP-1"), site_entry.entry_id
    )
    assert device is not None
    return device.id


@pytest.fixture
def connector(charger: Wallbox, site_entry: MockConfigEntry, device_registry: dr.DeviceRegistry) -> str:
    """Device id of its only connector."""
    device = device_registry.async_get_child_device_by_identifier(
        (DOMAIN, f"{site_entry.entry_id}_CP-1/1"), site_entry.entry_id
    )
    assert device is not None
    return device.id


async def act(hass: HomeAssistant, action: str, **data: Any) -> None:
    await hass.services.async_call(DOMAIN, action, data, blocking=True)


async def ask(hass: HomeAssistant, action: str, **data: Any) -> Any:
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)


async def refused(hass: HomeAssistant, action: str, **data: Any) -> HomeAssistantError:
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, action, **data)
    assert caught.value.translation_domain == DOMAIN
    return caught.value


async def test_start_in_the_name_of_a_card(hass: HomeAssistant, charger: Wallbox, connector: str) -> None:
    await act(hass, "enrol_card", card="CARD-1", name="Ada")
    await act(hass, "start_charging", device_id=connector, card="CARD-1")
    heard = await charger.hear("RemoteStartTransaction")
    assert (heard["idTag"], heard["connectorId"]) == ("CARD-1", 1)


async def test_start_in_the_name_of_the_site(hass: HomeAssistant, charger: Wallbox, site: Site, garage: str) -> None:
    await act(hass, "start_charging", device_id=garage)
    assert (await charger.hear("RemoteStartTransaction"))["idTag"] == site.site_tag.value


async def test_a_charger_that_refuses_is_an_error(hass: HomeAssistant, charger: Wallbox, connector: str) -> None:
    charger.replies["RemoteStartTransaction"] = {"status": "Rejected"}
    error = await refused(hass, "start_charging", device_id=connector)
    assert error.translation_key == "command_rejected"
    assert error.translation_placeholders == {"charger": "Garage"}


async def test_a_charger_that_is_away_is_an_error(
    hass: HomeAssistant, charger: Wallbox, site: Site, connector: str
) -> None:
    await charger.hang_up()
    await until(site.stations["CP-1"], lambda: not site.stations["CP-1"].connected)
    assert (await refused(hass, "start_charging", device_id=connector)).translation_key == "charger_offline"


async def test_stop_ends_the_session(hass: HomeAssistant, charger: Wallbox, connector: str) -> None:
    await act(hass, "enrol_card", card="CARD-1", name="Ada")
    transaction = await charger.start("CARD-1", meter_wh=0)
    await act(hass, "stop_charging", device_id=connector)
    assert (await charger.hear("RemoteStopTransaction"))["transactionId"] == transaction


async def test_there_is_nothing_to_stop(hass: HomeAssistant, connector: str) -> None:
    error = await refused(hass, "stop_charging", device_id=connector)
    assert isinstance(error, ServiceValidationError)
    assert error.translation_key == "no_session"


async def test_a_limit_is_set_and_lifted(hass: HomeAssistant, site: Site, connector: str) -> None:
    await act(hass, "set_limit", device_id=connector, current=8)
    assert site.evses[EVSE].limit_a == 8
    await act(hass, "set_limit", device_id=connector)
    assert site.evses[EVSE].limit_a is None


async def test_a_limit_that_cannot_be_is_told(hass: HomeAssistant, connector: str) -> None:
    error = await refused(hass, "set_limit", device_id=connector, current=40)
    assert error.translation_key == "limit_out_of_range"
    assert error.translation_placeholders == {"minimum": "6", "maximum": "16"}


async def test_a_card_that_cannot_be_written_is_not_enrolled(hass: HomeAssistant, site: Site) -> None:
    with patch.object(Ledger, "enrol", side_effect=LedgerFullError):
        assert (await refused(hass, "enrol_card", card="04A2B3", name="Ada")).translation_key == "not_recorded"
    assert site.cards() == ()


async def test_cards_are_enrolled_listed_and_removed(hass: HomeAssistant, site: Site) -> None:
    await act(hass, "enrol_card", card="04a2b3", name="Ada", expires="2027-12-31 12:00:00+00:00", priority=5)
    (card,) = (await ask(hass, "list_cards"))["cards"]
    told = {"card": "04a2b3", "name": "Ada", "expires": "2027-12-31T12:00:00+00:00", "blocked": False, "priority": 5}
    assert card.items() >= told.items()
    await act(hass, "remove_card", card="04A2B3")
    assert await ask(hass, "list_cards") == {"cards": []}
    assert (await refused(hass, "remove_card", card="04A2B3")).translation_key == "card_not_enrolled"


async def test_sessions_are_listed(
    hass: HomeAssistant, charger: Wallbox, site_entry: MockConfigEntry, connector: str
) -> None:
    await act(hass, "enrol_card", card="CARD-1", name="Ada")
    await charger.stop(await charger.start("CARD-1", meter_wh=100), meter_wh=100)
    (session,) = (await ask(hass, "list_sessions", device_id=connector))["sessions"]
    assert (session["charger"], session["connector"], session["name"]) == ("Garage", 1, "Ada")
    assert session["ended"] is not None
    assert session["energy_kwh"] == 0
    by_site = await ask(hass, "list_sessions", config_entry_id=site_entry.entry_id, since="2020-01-01 00:00:00")
    assert by_site["sessions"] == [session]
    assert (await ask(hass, "list_sessions", since="2090-01-01 00:00:00"))["sessions"] == []


async def test_a_device_of_somebody_else_is_not_a_charger(
    hass: HomeAssistant, site: Site, device_registry: dr.DeviceRegistry
) -> None:
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    device = device_registry.async_get_or_create(config_entry_id=other.entry_id, identifiers={("other", "x")})
    assert (await refused(hass, "stop_charging", device_id=device.id)).translation_key == "not_a_charger"
    assert (await refused(hass, "stop_charging", device_id="nothing")).translation_key == "not_a_charger"


async def test_the_site_itself_is_not_a_charger(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    device = device_registry.async_get_device_by_identifier((DOMAIN, site_entry.entry_id), site_entry.entry_id)
    assert device is not None
    assert (await refused(hass, "stop_charging", device_id=device.id)).translation_key == "not_a_charger"


async def test_a_charger_with_two_connectors_has_to_be_told_which(
    hass: HomeAssistant, charger: Wallbox, garage: str
) -> None:
    await charger.status("Available", connector=2)
    await hass.async_block_till_done()
    assert (await refused(hass, "start_charging", device_id=garage)).translation_key == "name_the_connector"


async def test_a_charger_that_never_came_has_no_connector(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    device = device_registry.async_get_device_by_identifier(
        (DOMAIN, f"{site_entry.entry_id}_CP-1"), site_entry.entry_id
    )
    assert device is not None
    assert (await refused(hass, "start_charging", device_id=device.id)).translation_key == "charger_unseen"


async def test_without_a_site_actions_say_so(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    await hass.config_entries.async_unload(site_entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await ask(hass, "list_cards")
