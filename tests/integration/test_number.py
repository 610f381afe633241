"""The current limit that people set."""

from homeassistant.components.number import DOMAIN as NUMBER, SERVICE_SET_VALUE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site

from .home import STATION, home
from .waiting import state_is, state_when
from .wallbox import Wallbox

CARD = "04A2B3C4D5E6F7"
LIMIT = "number.garage_connector_1_current_limit"


@pytest.fixture
def site_entry() -> MockConfigEntry:
    """A home with one charger and no meter."""
    return home()


async def set_limit(hass: HomeAssistant, current_a: float) -> None:
    """Set the limit as a person does."""
    await hass.services.async_call(NUMBER, SERVICE_SET_VALUE, {"entity_id": LIMIT, "value": current_a}, blocking=True)


@pytest.mark.usefixtures("charger")
async def test_bounds(hass: HomeAssistant) -> None:
    """Without a limit it shows the most that the connector can have; it goes down to the least it can signal."""
    limit = hass.states.get(LIMIT)
    assert limit.state == "16.0"
    assert (limit.attributes["min"], limit.attributes["max"], limit.attributes["step"]) == (6.0, 16.0, 1)
    with pytest.raises(ServiceValidationError):
        await set_limit(hass, 5)
    with pytest.raises(ServiceValidationError):
        await set_limit(hass, 17)
    assert hass.states.get(LIMIT).state == "16.0"


async def test_limit(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """A limit holds for the running session, is named as the reason, and goes away at the maximum."""
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    await charger.start(CARD, meter_wh=0)
    await charger.status("Charging")
    await state_is(hass, "sensor.garage_connector_1_offered_current", "16.0")

    await set_limit(hass, 10)
    await state_is(hass, LIMIT, "10.0")
    await state_is(hass, "sensor.garage_connector_1_offered_current", "10.0")
    await state_is(hass, "sensor.garage_connector_1_limit_reason", "user_limit")
    assert site.evses[EvseKey(STATION, 1)].limit_a == 10.0

    await set_limit(hass, 16)
    await state_is(hass, LIMIT, "16.0")
    await state_when(hass, "sensor.garage_connector_1_limit_reason", lambda reason: reason.state != "user_limit")
    assert site.evses[EvseKey(STATION, 1)].limit_a is None


async def test_kept(hass: HomeAssistant, site_entry: MockConfigEntry, charger: Wallbox) -> None:
    """The limit is ours: it can be set while the charger is offline, and outlives a restart."""
    await charger.hang_up()
    await state_is(hass, "binary_sensor.garage_connectivity", "off")
    await set_limit(hass, 8)
    assert hass.states.get(LIMIT).state == "8.0"

    assert await hass.config_entries.async_unload(site_entry.entry_id)
    assert await hass.config_entries.async_setup(site_entry.entry_id)
    assert hass.states.get(LIMIT).state == "8.0"


async def test_maximum_is_lowered(hass: HomeAssistant, site_entry: MockConfigEntry, charger: Wallbox) -> None:
    """A new maximum of the charger moves the bound without a reload."""
    subentry = next(it for it in site_entry.subentries.values() if it.subentry_type == "charger")
    hass.config_entries.async_update_subentry(site_entry, subentry, data={**subentry.data, "maximum": 13.0})
    limit = await state_is(hass, LIMIT, "13.0")
    assert limit.attributes["max"] == 13.0
