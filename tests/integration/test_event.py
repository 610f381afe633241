"""Event entities: cards and sessions."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.credential import Credential, Terms
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.site import Site

from .home import STATION, home
from .waiting import state_is, state_when
from .wallbox import Wallbox

type Dial = Callable[[int, str], Awaitable[Wallbox]]

CARD = "04A2B3C4D5E6F7"
PRESENTED = "event.garage_card_presented"
SESSION = "event.garage_connector_1_session"


@pytest.fixture
def site_entry() -> MockConfigEntry:
    """A home with one charger and no meter."""
    return home()


async def test_known_card(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """A known card is shown with its holder, and with no more of its number than the holder needs."""
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    assert hass.states.get(PRESENTED).state == STATE_UNKNOWN
    await charger.say("Authorize", {"idTag": CARD})
    presented = await state_when(hass, PRESENTED, lambda state: state.state != STATE_UNKNOWN)
    assert presented.attributes["event_type"] == "accepted"
    assert presented.attributes["name"] == "Ann"
    assert presented.attributes["card"] == "…6F7"
    assert presented.attributes["connector"] == 1
    assert CARD not in str(presented.as_dict())


@pytest.mark.parametrize(
    ("card", "event_type"),
    [
        (None, "unknown_card"),
        (Credential(id_token=IdToken(CARD), name="Ann", blocked=True), "blocked"),
        (
            Credential(
                id_token=IdToken(CARD), name="Ann", terms=Terms(valid_until=datetime.now(UTC) - timedelta(days=1))
            ),
            "expired",
        ),
    ],
)
async def test_refused_card(
    hass: HomeAssistant, site: Site, charger: Wallbox, card: Credential | None, event_type: str
) -> None:
    """A card that gets no energy is shown with the reason."""
    if card is not None:
        await site.enrol_card(card)
    await charger.say("Authorize", {"idTag": CARD})
    presented = await state_when(hass, PRESENTED, lambda state: state.state != STATE_UNKNOWN)
    assert presented.attributes["event_type"] == event_type
    assert presented.attributes["name"] == (card and "Ann")


async def test_short_card(hass: HomeAssistant, charger: Wallbox) -> None:
    """Nothing is shown of a number that is too short to hide the rest."""
    await charger.say("Authorize", {"idTag": "123"})
    presented = await state_when(hass, PRESENTED, lambda state: state.state != STATE_UNKNOWN)
    assert presented.attributes["card"] == "…"


async def test_remote_start_is_no_card(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """A charger that asks whether a start from here is allowed has seen no card."""
    await charger.status("Preparing")
    await state_is(hass, "binary_sensor.garage_connector_1_cable", "on")
    await hass.services.async_call(
        "switch", "turn_on", {"entity_id": "switch.garage_connector_1_charging"}, blocking=True
    )
    answer = await charger.say("Authorize", {"idTag": site.site_tag.value})
    assert answer["idTagInfo"]["status"] == "Accepted"
    await hass.async_block_till_done()
    assert hass.states.get(PRESENTED).state == STATE_UNKNOWN


async def test_session(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """A session tells of its start, and of its end with what it came to."""
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    transaction = await charger.start(CARD, meter_wh=1_000, ago_s=50)
    started = await state_when(hass, SESSION, lambda state: state.attributes["event_type"] == "started")
    assert started.attributes["name"] == "Ann"
    assert not started.attributes["reported_late"]

    await charger.stop(transaction, meter_wh=1_750, reason="EVDisconnected")
    ended = await state_when(hass, SESSION, lambda state: state.attributes["event_type"] == "ended")
    assert ended.attributes["session_id"] == started.attributes["session_id"]
    assert ended.attributes["energy_wh"] == 750
    assert ended.attributes["duration_s"] == pytest.approx(50, abs=5)
    assert ended.attributes["stop_reason"] == "EVDisconnected"


async def test_nothing_is_replayed(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, charger: Wallbox, dial: Dial
) -> None:
    """A restart in the middle of a session is no new start of it, nor is the charger's return."""
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    transaction = await charger.start(CARD, meter_wh=1_000)
    started = await state_when(hass, SESSION, lambda state: state.attributes["event_type"] == "started")
    presented = hass.states.get(PRESENTED)

    assert await hass.config_entries.async_unload(site_entry.entry_id)
    assert await hass.config_entries.async_setup(site_entry.entry_id)
    again = await dial(site_entry.runtime_data.site.port, STATION)
    await again.status("Charging")
    await again.measure(transaction, energy_wh=1_200)
    await state_is(hass, "sensor.garage_connector_1_session_energy", "0.2")

    assert hass.states.get(SESSION).state in (started.state, STATE_UNKNOWN)
    assert hass.states.get(PRESENTED).state in (presented.state, STATE_UNKNOWN)


async def test_stays_available(hass: HomeAssistant, charger: Wallbox) -> None:
    """What happened last does not go away with the charger, and so does not seem to happen again on its return."""
    await charger.say("Authorize", {"idTag": CARD})
    presented = await state_when(hass, PRESENTED, lambda state: state.state != STATE_UNKNOWN)
    await charger.hang_up()
    await state_is(hass, "binary_sensor.garage_connectivity", "off")
    assert hass.states.get(PRESENTED) == presented
