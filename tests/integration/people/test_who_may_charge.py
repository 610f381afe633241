"""Who may charge: the rules of the site and of a charger, as they are set and as cards feel them."""

from decimal import Decimal
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SubentryFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.access import AccessConfig, AccessMode, UnknownRule
from custom_components.offline_evse.engine.model.credential import Credential, EvidenceLevel, Terms
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.home import home
from tests.integration.waiting import state_is, state_when
from tests.integration.wallbox import Wallbox

CARD = "04A2B3C4D5E6F7"
OTHER = "04FFFFFFFFFF01"
PRESENTED = "event.garage_card_presented"
PLAIN = {
    "mode": "local",
    "unknown_rule": "deny",
    "ask_whose": True,
    "unknown": {},
    "backend": {"fresh": 24, "stale": 14},
}
LEFT = "sensor.garage_connector_1_energy_left"
END = "sensor.garage_connector_1_end_of_session"
AT_RISK = "sensor.home_energy_at_risk"


@pytest.fixture
def site_entry(hass: HomeAssistant) -> MockConfigEntry:
    """A home with one charger, where all that is switched off at first is shown, in the units of the engine."""
    registry = er.async_get(hass)
    for unique_id, name in (
        ("site_CP-1/1_energy_left", "garage_connector_1_energy_left"),
        ("site_CP-1/1_session_end", "garage_connector_1_end_of_session"),
        ("site_energy_at_risk", "home_energy_at_risk"),
        ("site_enrolled_cards", "home_enrolled_cards"),
    ):
        registry.async_get_or_create("sensor", "offline_evse", unique_id, suggested_object_id=name)
    return home()


async def choose(hass: HomeAssistant, entry: MockConfigEntry, **changed: Any) -> Any:
    """Fill in the form, as a person does."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "who_may_charge"})
    done = await hass.config_entries.options.async_configure(form["flow_id"], PLAIN | changed)
    await hass.async_block_till_done()
    return done


async def test_a_home_lets_in_whom_it_knows(site: Site) -> None:
    assert site.config.access == AccessConfig()
    assert site.config.access.mode is AccessMode.LOCAL
    assert site.config.access.unknown.rule is UnknownRule.DENY


async def test_the_form_becomes_the_rule(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    unknown = {"unknown_chargers": ["CP-1"], "unknown_energy": 5, "site_total": 50, "price_per_kwh": 0.35}
    done = await choose(
        hass,
        site_entry,
        mode="backend_first",
        unknown_rule="allow_listed",
        unknown=unknown,
        backend={"fresh": 12, "stale": 7},
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    access = site.config.access
    assert (access.mode, access.unknown.rule) == (AccessMode.BACKEND_FIRST, UnknownRule.ALLOW_LISTED)
    assert (access.unknown.station_ids, access.unknown.session_wh) == (frozenset({"CP-1"}), 5000)
    assert access.unknown.session_s is None, "an empty cap caps nothing"
    assert (access.site_total_wh, access.price_per_kwh) == (50_000, Decimal("0.35"))
    assert (access.fresh_s, access.stale_s) == (12 * 3600, 7 * 86_400)


async def test_what_cannot_be_is_told(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    assert (await choose(hass, site_entry, unknown_rule="allow_listed"))["errors"] == {"base": "chargers_needed"}
    backend = {"fresh": 48, "stale": 1}
    assert (await choose(hass, site_entry, backend=backend))["errors"] == {"base": "stale_before_fresh"}
    assert site.config.access == AccessConfig()


async def test_an_unknown_card_charges_within_its_cap(
    hass: HomeAssistant, site: Site, charger: Wallbox, site_entry: MockConfigEntry
) -> None:
    await choose(hass, site_entry, unknown_rule="allow", unknown={"unknown_energy": 1, "unknown_time": 2})
    answer = await charger.say("Authorize", {"idTag": CARD})
    assert answer["idTagInfo"]["status"] == "Accepted"
    shown = await state_when(hass, PRESENTED, lambda state: state.attributes.get("basis") == "unknown_card")
    assert shown.attributes["event_type"] == "accepted"
    told = {"level": "key", "source": "reader", "refusal": None, "at_risk": True, "limit_kwh": 1, "limit_minutes": 120}
    assert shown.attributes.items() >= told.items()
    transaction = await charger.start(CARD, meter_wh=0)
    await state_is(hass, END, "running")
    await charger.measure(transaction, energy_wh=400)
    left = await state_is(hass, LEFT, "600")
    assert left.attributes["because"] == "unknown_cap"
    at_risk = await state_is(hass, AT_RISK, "400")
    assert (at_risk.attributes["sessions"], at_risk.attributes["limit_kwh"]) == (1, None)
    await charger.measure(transaction, energy_wh=1000)
    assert (await charger.hear("RemoteStopTransaction"))["transactionId"] == transaction
    await charger.stop(transaction, meter_wh=1001, reason="Remote")
    ended = await state_is(hass, END, "unknown_cap")
    assert ended.attributes["stop_reason"] == "Remote"
    session = hass.states.get("event.garage_connector_1_session")
    assert session is not None
    assert session.attributes["stop_cause"] == "unknown_cap"


async def test_a_session_tells_whose_it_is_and_how_it_ended(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    await state_is(hass, END, "none")
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann", terms=Terms(total_wh=5000)))
    await state_is(hass, "sensor.home_enrolled_cards", "1")
    transaction = await charger.start(CARD, meter_wh=0)
    card = await state_is(hass, "sensor.garage_connector_1_card", "Ann")
    assert card.attributes.items() >= {"basis": "credential", "source": "reader", "level": "key"}.items()
    left = await state_is(hass, LEFT, "5000")
    assert left.attributes["because"] == "total_energy"
    await charger.stop(transaction, meter_wh=100, reason="EVDisconnected")
    ended = await state_is(hass, END, "charger")
    assert ended.attributes["stop_reason"] == "EVDisconnected"
    await state_is(hass, LEFT, "unknown")


# The charger is given a moment to end the session by itself.
@pytest.mark.parametrize("expected_lingering_timers", [True])
async def test_another_card_at_a_running_session_is_told_why(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann", group="family"))
    await charger.start(CARD, meter_wh=0)
    await charger.say("Authorize", {"idTag": OTHER})
    shown = await state_when(hass, PRESENTED, lambda state: state.attributes.get("event_type") == "unknown_card")
    assert shown.attributes["charging_there"] == "Ann"
    assert shown.attributes["sentence"] == (
        "Ann is charging there. Only Ann’s card, one of the same group or a master card ends that session."
    )
    await site.enrol_card(Credential(id_token=IdToken(OTHER), name="Ben", group="family"))
    await charger.say("Authorize", {"idTag": OTHER})
    shown = await state_when(hass, PRESENTED, lambda state: state.attributes.get("basis") == "group")
    assert (shown.attributes["name"], shown.attributes["sentence"]) == ("Ben", None)


@pytest.mark.parametrize(
    ("terms", "refusal", "sentence"),
    [
        (Terms(station_ids=frozenset({"CP-2"})), "wrong_charger", "This card is not meant for this charger."),
        (Terms(total_wh=0), "energy_used_up", "The energy of this card is used up."),
    ],
)
async def test_a_refusal_is_told_in_words(
    hass: HomeAssistant, site: Site, charger: Wallbox, terms: Terms, refusal: str, sentence: str
) -> None:
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann", terms=terms))
    await charger.say("Authorize", {"idTag": CARD})
    shown = await state_when(hass, PRESENTED, lambda state: state.attributes.get("refusal") == refusal)
    assert (shown.attributes["event_type"], shown.attributes["sentence"]) == ("refused", sentence)


async def test_a_charger_has_rules_of_its_own(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    (subentry,) = site_entry.get_subentries_of_type("charger")
    context: SubentryFlowContext = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id}
    flow = await hass.config_entries.subentries.async_init((site_entry.entry_id, "charger"), context=context)
    data = {
        "name": "Garage",
        "circuit": "main",
        "wiring": "rst",
        "maximum": 16,
        "safe": 6,
        "default_profile": "safe",
        "access": {"access_mode": "both", "minimum_level": "presence"},
        "advanced": {"minimum": 6, "priority": 0, "weight": 1},
    }
    done = await hass.config_entries.subentries.async_configure(flow["flow_id"], data)
    assert done["type"] is FlowResultType.ABORT
    await hass.async_block_till_done()
    (station,) = site.config.stations
    assert (station.access_mode, station.minimum_level) == (AccessMode.BOTH, EvidenceLevel.PRESENCE)
