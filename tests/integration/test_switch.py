"""Switches: charging, and being in service."""

from homeassistant.components.switch import DOMAIN as SWITCH
from homeassistant.const import SERVICE_TURN_OFF, SERVICE_TURN_ON, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site

from .home import STATION, home
from .waiting import state_is, state_when
from .wallbox import Payload, Wallbox

CARD = "04A2B3C4D5E6F7"
CHARGING = "switch.garage_connector_1_charging"
IN_SERVICE = "switch.garage_in_service"


@pytest.fixture
def site_entry() -> MockConfigEntry:
    """A home with one charger and no meter."""
    return home()


async def turn(hass: HomeAssistant, service: str, entity_id: str) -> None:
    """Turn a switch as a person does."""
    await hass.services.async_call(SWITCH, service, {"entity_id": entity_id}, blocking=True)


async def test_pause(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """Off holds the session at 0 A without ending it; on lets it go on."""
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    assert hass.states.get(CHARGING).state == STATE_OFF
    transaction = await charger.start(CARD, meter_wh=0)
    await charger.status("Charging")
    await state_is(hass, CHARGING, STATE_ON)
    await state_is(hass, "sensor.garage_connector_1_offered_current", "16.0")

    await turn(hass, SERVICE_TURN_OFF, CHARGING)
    await state_is(hass, CHARGING, STATE_OFF)
    await state_is(hass, "sensor.garage_connector_1_offered_current", "0.0")
    await state_is(hass, "sensor.garage_connector_1_limit_reason", "paused")
    assert site.evses[EvseKey(STATION, 1)].has_transaction

    await turn(hass, SERVICE_TURN_ON, CHARGING)
    await state_is(hass, CHARGING, STATE_ON)
    await state_when(hass, "sensor.garage_connector_1_limit_reason", lambda reason: reason.state != "paused")
    assert site.evses[EvseKey(STATION, 1)].transaction.transaction_id == str(transaction)
    assert "RemoteStartTransaction" not in [action for action, _ in charger.told]
    assert "RemoteStopTransaction" not in [action for action, _ in charger.told]


async def test_remote_start(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """On starts a session for a car that is plugged in without one."""
    await charger.status("Preparing")
    await state_is(hass, "binary_sensor.garage_connector_1_cable", STATE_ON)
    await turn(hass, SERVICE_TURN_ON, CHARGING)
    start = await charger.hear("RemoteStartTransaction")
    assert start["connectorId"] == 1
    assert start["idTag"] == site.site_tag.value
    await charger.start(start["idTag"], meter_wh=0)
    await state_is(hass, CHARGING, STATE_ON)


async def test_no_car(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """On without a car asks nothing of the charger; it only ends the pause that would hold the next one."""
    await turn(hass, SERVICE_TURN_OFF, CHARGING)
    assert site.evses[EvseKey(STATION, 1)].paused
    await turn(hass, SERVICE_TURN_ON, CHARGING)
    assert not site.evses[EvseKey(STATION, 1)].paused
    assert "RemoteStartTransaction" not in [action for action, _ in charger.told]


@pytest.mark.parametrize(
    ("reply", "key"),
    [({"status": "Rejected"}, "command_rejected"), ("NotImplemented", "command_unsupported")],
)
async def test_refusal(hass: HomeAssistant, charger: Wallbox, reply: Payload | str, key: str) -> None:
    """A start that the charger refuses is told to the person, with the charger's name."""
    charger.replies["RemoteStartTransaction"] = reply
    await charger.status("Preparing")
    await state_is(hass, "binary_sensor.garage_connector_1_cable", STATE_ON)
    with pytest.raises(HomeAssistantError) as refusal:
        await turn(hass, SERVICE_TURN_ON, CHARGING)
    assert refusal.value.translation_key == key
    assert "Garage" in str(refusal.value)
    assert hass.states.get(CHARGING).state == STATE_OFF


async def test_no_answer(hass: HomeAssistant, charger: Wallbox) -> None:
    """A charger that goes away instead of answering may or may not have done it; that is what is said."""
    charger.replies["RemoteStartTransaction"] = None
    await charger.status("Preparing")
    await state_is(hass, "binary_sensor.garage_connector_1_cable", STATE_ON)
    turning = hass.async_create_task(turn(hass, SERVICE_TURN_ON, CHARGING))
    await charger.hear("RemoteStartTransaction")
    await charger.hang_up()
    with pytest.raises(HomeAssistantError) as refusal:
        await turning
    assert refusal.value.translation_key == "command_unanswered"
    await state_is(hass, CHARGING, STATE_UNAVAILABLE)


async def test_in_service(hass: HomeAssistant, charger: Wallbox) -> None:
    """A charger is taken out of service and back."""
    await state_is(hass, IN_SERVICE, STATE_ON)
    await turn(hass, SERVICE_TURN_OFF, IN_SERVICE)
    assert await charger.hear("ChangeAvailability") == {"connectorId": 0, "type": "Inoperative"}
    await state_is(hass, IN_SERVICE, STATE_OFF)
    await turn(hass, SERVICE_TURN_ON, IN_SERVICE)
    assert await charger.hear("ChangeAvailability") == {"connectorId": 0, "type": "Operative"}
    await state_is(hass, IN_SERVICE, STATE_ON)


async def test_stays_in_service(hass: HomeAssistant, charger: Wallbox) -> None:
    """A charger that will not go out of service is shown as it is."""
    charger.replies["ChangeAvailability"] = {"status": "Rejected"}
    with pytest.raises(HomeAssistantError) as refusal:
        await turn(hass, SERVICE_TURN_OFF, IN_SERVICE)
    assert refusal.value.translation_key == "command_rejected"
    assert hass.states.get(IN_SERVICE).state == STATE_ON
