"""Buttons: restart, unlock, end a session."""

from homeassistant.components.button import DOMAIN as BUTTON, SERVICE_PRESS
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.site import Site

from .home import home
from .waiting import state_is
from .wallbox import Wallbox

CARD = "04A2B3C4D5E6F7"
RESTART = "button.garage_restart"
STOP = "button.garage_connector_1_stop_session"
UNLOCK = "button.garage_connector_1_unlock_cable"


@pytest.fixture
def site_entry() -> MockConfigEntry:
    """A home with one charger and no meter."""
    return home()


async def press(hass: HomeAssistant, entity_id: str) -> None:
    """Press a button as a person does."""
    await hass.services.async_call(BUTTON, SERVICE_PRESS, {"entity_id": entity_id}, blocking=True)


async def test_restart(hass: HomeAssistant, charger: Wallbox) -> None:
    """Restart asks for a soft reset, which lets sessions end properly."""
    await press(hass, RESTART)
    assert await charger.hear("Reset") == {"type": "Soft"}


async def test_unlock(hass: HomeAssistant, charger: Wallbox) -> None:
    """Unlock releases the cable of its connector."""
    await press(hass, UNLOCK)
    assert await charger.hear("UnlockConnector") == {"connectorId": 1}


async def test_unlock_fails(hass: HomeAssistant, charger: Wallbox) -> None:
    """A cable that stays locked is told to the person."""
    charger.replies["UnlockConnector"] = {"status": "UnlockFailed"}
    with pytest.raises(HomeAssistantError) as refusal:
        await press(hass, UNLOCK)
    assert refusal.value.translation_key == "command_rejected"
    assert refusal.value.translation_placeholders == {"charger": "Garage"}


async def test_stop_session(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """Stop ends the running session."""
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    transaction = await charger.start(CARD, meter_wh=0)
    await press(hass, STOP)
    assert await charger.hear("RemoteStopTransaction") == {"transactionId": transaction}


async def test_nothing_to_stop(hass: HomeAssistant, charger: Wallbox) -> None:
    """Without a session the charger is not asked, and the person is told why."""
    with pytest.raises(ServiceValidationError) as mistake:
        await press(hass, STOP)
    assert mistake.value.translation_key == "no_session"
    assert "RemoteStopTransaction" not in [action for action, _ in charger.told]


async def test_offline(hass: HomeAssistant, charger: Wallbox) -> None:
    """A charger that is offline has no buttons to press."""
    await charger.hang_up()
    for button in (RESTART, STOP, UNLOCK):
        await state_is(hass, button, STATE_UNAVAILABLE)
