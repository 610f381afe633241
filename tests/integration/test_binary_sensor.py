"""Binary sensors, from the charger's socket to the state machine."""

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.site import Site

from .home import home
from .waiting import state_is
from .wallbox import Wallbox

CARD = "04A2B3C4D5E6F7"
CONNECTOR = "binary_sensor.garage_connector_1"


@pytest.fixture
def site_entry() -> MockConfigEntry:
    """A home with one charger and no meter."""
    return home()


@pytest.mark.usefixtures("site")
async def test_before_the_charger(hass: HomeAssistant) -> None:
    """A charger that has not dialled in is known to be offline, and nothing else is known of it."""
    assert hass.states.get("binary_sensor.garage_connectivity").state == STATE_OFF
    assert hass.states.get("binary_sensor.garage_problem").state == STATE_UNAVAILABLE


async def test_connectivity(hass: HomeAssistant, charger: Wallbox) -> None:
    """Connectivity follows the socket, and is never unavailable."""
    assert hass.states.get("binary_sensor.garage_connectivity").state == STATE_ON
    await charger.hang_up()
    await state_is(hass, "binary_sensor.garage_connectivity", STATE_OFF)
    assert hass.states.get(f"{CONNECTOR}_cable").state == STATE_UNAVAILABLE


async def test_session(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """Plugged and charging follow the car."""
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    assert hass.states.get(f"{CONNECTOR}_cable").state == STATE_OFF
    assert hass.states.get(f"{CONNECTOR}_car_charging").state == STATE_OFF

    await charger.status("Preparing")
    await state_is(hass, f"{CONNECTOR}_cable", STATE_ON)
    assert hass.states.get(f"{CONNECTOR}_car_charging").state == STATE_OFF

    transaction = await charger.start(CARD, meter_wh=0)
    await charger.status("Charging")
    await state_is(hass, f"{CONNECTOR}_car_charging", STATE_ON)
    await charger.status("SuspendedEV")
    await state_is(hass, f"{CONNECTOR}_car_charging", STATE_OFF)
    assert hass.states.get(f"{CONNECTOR}_cable").state == STATE_ON

    await charger.stop(transaction, meter_wh=100)
    await charger.status("Available")
    await state_is(hass, f"{CONNECTOR}_cable", STATE_OFF)


async def test_faults(hass: HomeAssistant, charger: Wallbox) -> None:
    """A fault of a connector, and one of the charger as a whole, are told apart."""
    assert hass.states.get(f"{CONNECTOR}_problem").state == STATE_OFF
    await charger.status("Faulted", error="ConnectorLockFailure")
    await state_is(hass, f"{CONNECTOR}_problem", STATE_ON)
    assert hass.states.get("binary_sensor.garage_problem").state == STATE_OFF

    await charger.status("Available", connector=1)
    await charger.status("Faulted", connector=0, error="InternalError")
    problem = await state_is(hass, "binary_sensor.garage_problem", STATE_ON)
    assert problem.attributes["error"] == "InternalError"
    await state_is(hass, f"{CONNECTOR}_problem", STATE_OFF)


async def test_status_not_told(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """A connector whose status is still to come is unknown, not unplugged."""
    await charger.measure(None, connector=2, energy_wh=1_000)
    await state_is(hass, "binary_sensor.garage_connector_2_cable", STATE_UNKNOWN)
    assert hass.states.get("binary_sensor.garage_connector_2_car_charging").state == STATE_UNKNOWN
    assert hass.states.get("binary_sensor.garage_connector_2_problem").state == STATE_UNKNOWN


async def test_ledger_is_sound(hass: HomeAssistant, charger: Wallbox) -> None:
    """While the ledger can be written, and no meter is set up that could fall silent, the site has no problem."""
    for key in ("ledger", "safe_mode", "meter_silence"):
        assert hass.states.get(f"binary_sensor.home_{key}").state == STATE_OFF


class TestMeter:
    """A main fuse with a meter that is believed for one second."""

    @pytest.fixture
    def site_entry(self) -> MockConfigEntry:
        """A home with a meter."""
        return home(
            meter_kind="currents",
            meter={f"current_l{phase}": f"sensor.grid_l{phase}" for phase in (1, 2, 3)},
            stale_after=1.0,
        )

    @pytest.mark.usefixtures("charger")
    async def test_silence(self, hass: HomeAssistant) -> None:
        """A meter that says nothing is named, and puts the site into safe mode until it speaks."""
        silence = await state_is(hass, "binary_sensor.home_meter_silence", STATE_ON)
        assert silence.attributes["circuits"] == ["Main fuse"]
        await state_is(hass, "binary_sensor.home_safe_mode", STATE_ON)
        _meter_says(hass, 3.0)
        await state_is(hass, "binary_sensor.home_safe_mode", STATE_OFF)
        spoke = await state_is(hass, "binary_sensor.home_meter_silence", STATE_OFF)
        assert spoke.attributes["circuits"] == []
        await state_is(hass, "binary_sensor.home_meter_silence", STATE_ON)


def _meter_says(hass: HomeAssistant, current_a: float) -> None:
    for phase in (1, 2, 3):
        hass.states.async_set(
            f"sensor.grid_l{phase}", str(current_a), {"unit_of_measurement": "A", "device_class": "current"}
        )
