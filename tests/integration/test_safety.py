"""What keeps a site safe, as people see it: the stop, the self-test, alarms, and the sentences that explain."""

from dataclasses import replace
import string
from unittest.mock import patch

from homeassistant.components.button import DOMAIN as BUTTON, SERVICE_PRESS
from homeassistant.components.switch import DOMAIN as SWITCH
from homeassistant.const import SERVICE_TURN_OFF, SERVICE_TURN_ON, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.descriptions.explanation import outlook_sentence
from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.offer import (
    BalancingDecision,
    Binding,
    Escalation,
    EscalationStep,
    LimitReason,
    Offer,
)
from custom_components.offline_evse.engine.model.outlook import Outlook
from custom_components.offline_evse.engine.model.phases import Phase
from custom_components.offline_evse.engine.model.self_test import SelfTest, SelfTestResult
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.safety.self_test import SelfTestRefusal
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.sentences import LONGEST, Sentences

from .home import STATION, home
from .test_conventions import TEXTS
from .waiting import state_is, state_when
from .wallbox import Wallbox

CARD = "04A2B3C4D5E6F7"
KEY = EvseKey(STATION, 1)
STOP_ALL = "switch.home_stop_all_charging"
EXPLANATION = "sensor.garage_connector_1_why"
SELF_TEST = "sensor.garage_self_test"
OUTLOOK = "sensor.home_if_home_assistant_stops"


@pytest.fixture
def site_entry() -> MockConfigEntry:
    """A home with one charger and no meter."""
    return home()


@pytest.fixture
async def session(site: Site, charger: Wallbox) -> int:
    """A session of Ann's."""
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    transaction = await charger.start(CARD, meter_wh=0)
    await charger.status("Charging")
    return transaction


async def test_stop_switch(hass: HomeAssistant, site: Site, session: int) -> None:
    """The switch holds everybody at 0 A and says so, and lets them go again."""
    await state_is(hass, "sensor.garage_connector_1_offered_current", "16.0")
    await state_is(hass, STOP_ALL, STATE_OFF)
    await hass.services.async_call(SWITCH, SERVICE_TURN_ON, {"entity_id": STOP_ALL}, blocking=True)
    await state_is(hass, STOP_ALL, STATE_ON)
    await state_is(hass, "sensor.garage_connector_1_offered_current", "0.0")
    await state_is(hass, EXPLANATION, "Somebody has stopped all charging.")
    await hass.services.async_call(SWITCH, SERVICE_TURN_OFF, {"entity_id": STOP_ALL}, blocking=True)
    await state_is(hass, "sensor.garage_connector_1_offered_current", "16.0")


async def test_stop_actions(hass: HomeAssistant, site: Site) -> None:
    """An automation can do the same."""
    await hass.services.async_call(DOMAIN, "stop_all_charging", {}, blocking=True)
    assert site.state.stopped
    await state_is(hass, STOP_ALL, STATE_ON)
    await hass.services.async_call(DOMAIN, "resume_charging", {}, blocking=True)
    assert not site.state.stopped


async def test_explanation(hass: HomeAssistant, session: int, site: Site) -> None:
    """A sentence says why there is no more, with names and numbers."""
    await state_is(hass, EXPLANATION, "It has all that charger and cable carry: 16 A.")
    await site.set_limit(KEY, 8)
    await state_is(hass, EXPLANATION, "Somebody has set 8 A as the most it may have.")


async def test_explanation_of_nothing(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """Who stands before a car that does not charge is told what to do."""
    await charger.status("Available")
    await state_is(hass, EXPLANATION, "No car is plugged in.")
    await charger.status("Preparing")
    waits = "A car is plugged in, but no session is running: present a card, or turn Charging on."
    await state_is(hass, EXPLANATION, waits)


async def test_explanation_of_a_fuse(hass: HomeAssistant, session: int, site: Site) -> None:
    """A fuse is named with its phase, what it carries and what it would take to have more."""
    evse = site.evses[KEY]
    evse.offer = Offer(KEY, 9.0, Binding(LimitReason.CIRCUIT, "main", site.config.stations[0].wiring[1]), missing_a=1.3)
    evse.changed()
    shown = await state_when(hass, EXPLANATION, lambda state: "Main fuse" in state.state)
    assert shown.state.startswith("Limited by Main fuse, L2: ")
    assert shown.state.endswith(" A of 25 A are taken. 1.3 A more there would give this car more.")


@pytest.mark.parametrize("reason", list(LimitReason))
async def test_every_reason_has_a_sentence(hass: HomeAssistant, site: Site, reason: LimitReason) -> None:
    """Whatever binds, there is a sentence, and nothing in it is left open."""
    text = TEXTS["exceptions"][f"why_{reason}"]["message"]
    names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
    told = {"current", "circuit"} if reason is not LimitReason.BACKEND else {"backend", "limit"}
    assert names <= told or reason in (LimitReason.CIRCUIT, LimitReason.CIRCUIT_POWER)
    said = Sentences(hass).say(f"why_{reason}", **dict.fromkeys(names, "x" * 40))
    assert said != f"why_{reason}"
    assert len(said) <= LONGEST


async def test_missing_current_is_there_for_who_wants_it(hass: HomeAssistant, charger: Wallbox) -> None:
    """It is disabled at first."""
    entity = er.async_get(hass).async_get("sensor.garage_connector_1_missing_current")
    assert entity is not None
    assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_outlook(hass: HomeAssistant, session: int) -> None:
    """What would be without Home Assistant is shown in a word, a sentence and figures."""
    shown = await state_when(hass, OUTLOOK, lambda state: state.attributes.get("falling") == 1)
    assert shown.state == "safe"
    assert shown.attributes["falls_to"] == 6.0
    expected = "1 charger falls to 6 A. Worst case 16 A of 25 A on L1 of Main fuse."
    assert shown.attributes["sentence"] == expected
    await state_is(hass, f"{OUTLOOK}_in_words", expected)


async def test_outlook_sentences(hass: HomeAssistant, site: Site) -> None:
    """It says what falls, what holds and what rises."""
    outlook = Outlook(
        falling_count=3, holding_count=2, rising_count=1, to_a=6.0, circuit_id="main", load=11500, limit=17000
    )
    names = {"main": "Bays", "board": "Board"}
    assert outlook_sentence(Sentences(hass), outlook, names) == (
        "3 chargers fall to 6 A. 2 chargers keep what they have. 1 charger gets more than now. "
        "Worst case 11.5 kW of 17 kW at Bays."
    )
    assert outlook_sentence(Sentences(hass), Outlook(falling_count=0), names) == "Nobody is charging."
    tight = Outlook(falling_count=0, full_load=48.0, full_limit=40.0, full_circuit_id="board", full_phase=Phase.L2)
    assert outlook_sentence(Sentences(hass), tight, names) == (
        "Nobody is charging. But if cars came to all chargers: 48 A of 40 A on L2 of Board."
    )


async def test_self_test_needs_a_car(hass: HomeAssistant, charger: Wallbox) -> None:
    """Without a car that draws enough there is nothing to see, and the person is told."""
    with pytest.raises(ServiceValidationError) as mistake:
        await hass.services.async_call(BUTTON, SERVICE_PRESS, {"entity_id": "button.garage_self_test"}, blocking=True)
    assert mistake.value.translation_key == "self_test_no_session"
    await state_is(hass, SELF_TEST, "not_tested")


def test_every_refusal_of_a_self_test_has_a_text() -> None:
    """No reason is left untranslated."""
    assert {f"self_test_{refusal}" for refusal in SelfTestRefusal} <= TEXTS["exceptions"].keys()


async def test_self_test_begins(hass: HomeAssistant, site: Site, charger: Wallbox, session: int) -> None:
    """With a car that draws enough it begins, and a person who pauses the car ends it."""
    await state_is(hass, "sensor.garage_connector_1_offered_current", "16.0")
    await charger.measure(session, current_l1_a=15.0, current_l2_a=15.0, current_l3_a=15.0)
    await hass.services.async_call(BUTTON, SERVICE_PRESS, {"entity_id": "button.garage_self_test"}, blocking=True)
    await state_is(hass, SELF_TEST, "running")
    await site.pause(KEY, paused=True)
    shown = await state_is(hass, SELF_TEST, "aborted")
    assert shown.attributes["date"] is not None


async def test_self_test_results(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """A failure and a test of another firmware are issues, until the next test."""
    station = site.stations[STATION]
    firmware = station.identity.firmware_version
    issues = ir.async_get(hass)

    def tested(result: SelfTestResult, with_firmware: str | None) -> None:
        station.self_test = SelfTest(result=result, at=dt_util.utcnow(), firmware=with_firmware, took_s=253.0)
        station.changed()

    tested(SelfTestResult.FAILED, firmware)
    await state_is(hass, SELF_TEST, "failed")
    assert issues.async_get_issue(DOMAIN, f"self_test_failed_{STATION}") is not None
    tested(SelfTestResult.PASSED, "0.9")
    await state_is(hass, SELF_TEST, "outdated")
    assert issues.async_get_issue(DOMAIN, f"self_test_failed_{STATION}") is None
    assert issues.async_get_issue(DOMAIN, f"self_test_outdated_{STATION}") is not None
    tested(SelfTestResult.PASSED, firmware)
    shown = await state_is(hass, SELF_TEST, "passed")
    assert shown.attributes["seconds"] == 253.0
    assert issues.async_get_issue(DOMAIN, f"self_test_outdated_{STATION}") is None


async def test_a_car_that_ignores_everything(hass: HomeAssistant, site: Site, charger: Wallbox, session: int) -> None:
    """It is stopped, taken out of service, and raises an alarm that ends with it."""
    escalations = {KEY: Escalation(KEY, EscalationStep.ALARM, since_s=1.0, drawn_a=15.9, offered_a=6.0)}
    decide = Balancer.decide

    def decide_with_it(balancer: Balancer, at_s: float) -> BalancingDecision:
        return replace(decide(balancer, at_s), escalations=escalations)

    with patch.object(Balancer, "decide", decide_with_it):
        assert await charger.hear("RemoteStopTransaction") == {"transactionId": session}
        assert await charger.hear("ChangeAvailability") == {"connectorId": 1, "type": "Inoperative"}
        shown = await state_is(hass, "binary_sensor.garage_connector_1_limit_ignored", STATE_ON)
        assert (shown.attributes["drawn"], shown.attributes["offered"]) == (15.9, 6.0)
        await state_is(hass, "sensor.garage_connector_1_limit_followed", "alarm")
        await state_is(hass, "switch.garage_in_service", STATE_OFF)
        issue = ir.async_get(hass).async_get_issue(DOMAIN, f"limit_ignored_{STATION}_1")
        assert issue is not None
        assert issue.translation_placeholders == {"charger": "Garage", "drawn": "16", "offered": "6"}
    await state_is(hass, "binary_sensor.garage_connector_1_limit_ignored", STATE_OFF)
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"limit_ignored_{STATION}_1") is None
    # Only a person puts it back.
    await state_is(hass, "switch.garage_in_service", STATE_OFF)
    await hass.services.async_call(SWITCH, SERVICE_TURN_ON, {"entity_id": "switch.garage_in_service"}, blocking=True)
    assert await charger.hear("ChangeAvailability") == {"connectorId": 0, "type": "Operative"}
    assert await charger.hear("ChangeAvailability") == {"connectorId": 1, "type": "Operative"}
    await state_is(hass, "switch.garage_in_service", STATE_ON)


async def test_shadow(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, free_port: int) -> None:
    """The settings of the site put it into shadow mode, and it says so."""
    shadow = "binary_sensor.home_shadow_mode"
    await state_is(hass, shadow, STATE_OFF)
    flow = await site_entry.start_reconfigure_flow(hass)
    done = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"name": "Home", "port": free_port, "shadow": True}
    )
    assert done["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert site.config.shadow
    await state_is(hass, shadow, STATE_ON)
