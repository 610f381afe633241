"""Cards in the options and in repairs: held to a charger, given a name, changed, blocked, removed."""

from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import patch

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.credential import Credential, HolderKind
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.flows.access import people
from tests.integration.wallbox import Wallbox

CARD = "04A2B3C4D5E6F7"
PLAIN = {"name": "Ann", "holder": "person", "limits": {}, "hours": {}, "rights": {"master": False}}
SHORT = {"name": "Ann", "holder": "person", "day_energy": 30}
EVERYTHING = {
    "name": "Room 7",
    "holder": "room",
    "valid_from": "2026-01-01 00:00:00",
    "valid_until": "2037-01-01 00:00:00",
    "limits": {
        "session_energy": 10.5,
        "day_energy": 20,
        "total_energy": 100,
        "session_time": 2.5,
        "money": 12.5,
        "sessions": 1,
    },
    "hours": {"weekdays": ["mon", "tue"], "begins": "07:00:00", "ends": "19:00:00", "more_hours": "sat 08:00-12:00"},
    "rights": {"chargers": ["CP-1"], "priority": 4, "group": "hotel", "master": True},
}

type Go = Callable[..., Awaitable[Any]]


@pytest.fixture
async def go(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> Go:
    """Open the options, and follow them step by step: `await go("people", "type_card", {"card": …})`."""

    async def follow(*answers: str | dict[str, Any]) -> Any:
        shown: Any = await hass.config_entries.options.async_init(site_entry.entry_id)
        for answer in answers:
            user_input = {"next_step_id": answer} if isinstance(answer, str) else answer
            shown = await hass.config_entries.options.async_configure(shown["flow_id"], user_input)
        return shown

    return follow


def suggested(shown: Any) -> dict[str, Any]:
    """Return what a form suggests, sections opened."""
    found: dict[str, Any] = {}
    for marker, field in shown["data_schema"].schema.items():
        if hasattr(field, "schema"):
            inner = {it: it.description["suggested_value"] for it in field.schema.schema if it.description}
            found[str(marker)] = {str(it): value for it, value in inner.items()}
        elif marker.description and "suggested_value" in marker.description:
            found[str(marker)] = marker.description["suggested_value"]
    return found


async def test_a_number_is_typed_and_given_a_name(hass: HomeAssistant, site: Site, go: Go) -> None:
    asked = await go("people", "type_card", {"card": f" {CARD} "})
    assert asked["step_id"] == "new_card"
    assert asked["description_placeholders"]["card"] == "…6F7"
    done = await hass.config_entries.options.async_configure(asked["flow_id"], EVERYTHING)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    card = site.credential(IdToken(CARD))
    assert card is not None
    assert (card.holder, card.group, card.master) == (HolderKind.ROOM, "hotel", True)
    assert (card.terms.session_wh, card.terms.session_s, len(card.terms.hours)) == (10_500, 9000, 2)
    listed = await go("people")
    assert "Room 7 (room)" in listed["description_placeholders"]["rows"]
    assert "100.0 kWh" not in listed["description_placeholders"]["rows"], "the day leaves less than the total"
    assert CARD not in str(listed)


async def test_a_form_shows_what_it_was_told(hass: HomeAssistant, site: Site, go: Go) -> None:
    await go("people", "type_card", {"card": CARD}, EVERYTHING)
    before = site.credential(IdToken(CARD))
    chosen = {"card": site.subject_of(IdToken(CARD))}
    form = await go("people", "choose_card", chosen, "edit_card")
    assert suggested(form) == EVERYTHING
    done = await hass.config_entries.options.async_configure(form["flow_id"], suggested(form))
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert site.credential(IdToken(CARD)) == before


async def test_a_card_is_blocked_unblocked_and_removed(site: Site, charger: Wallbox, go: Go) -> None:
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    chosen = {"card": site.subject_of(IdToken(CARD))}
    assert (await go("people", "choose_card", chosen))["menu_options"] == ["edit_card", "block_card", "remove_card"]
    await go("people", "choose_card", chosen, "block_card")
    assert (await charger.say("Authorize", {"idTag": CARD}))["idTagInfo"]["status"] == "Blocked"
    assert "blocked" in (await go("people"))["description_placeholders"]["rows"]
    await go("people", "choose_card", chosen, "unblock_card")
    assert (await charger.say("Authorize", {"idTag": CARD}))["idTagInfo"]["status"] == "Accepted"
    await go("people", "choose_card", chosen, "remove_card", {})
    assert site.cards() == ()


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"name": " "}, {"name": "name_needed"}),
        ({"valid_from": "2027-01-02 00:00:00", "valid_until": "2027-01-01 00:00:00"}, "valid_until"),
        ({"hours": {"begins": "07:00:00"}}, {"base": "hours_incomplete"}),
        ({"hours": {"more_hours": "whenever"}}, {"base": "bad_hours"}),
    ],
)
async def test_what_cannot_be_is_told(site: Site, go: Go, changed: dict[str, Any], errors: Any) -> None:
    shown = await go("people", "type_card", {"card": CARD}, PLAIN | changed)
    assert shown["errors"] == (errors if isinstance(errors, dict) else {errors: "ends_before_it_begins"})
    assert site.cards() == ()


async def test_a_number_that_is_known_or_none_is_not_taken(site: Site, go: Go) -> None:
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    assert (await go("people", "type_card", {"card": CARD.lower()}))["errors"] == {"card": "card_known"}
    assert (await go("people", "type_card", {"card": "A" * 37}))["errors"] == {"card": "bad_card"}


async def test_the_next_card_at_a_charger_is_enrolled(
    hass: HomeAssistant, site: Site, charger: Wallbox, go: Go
) -> None:
    waiting = await go("people", "present_card")
    assert waiting["type"] is FlowResultType.SHOW_PROGRESS
    await charger.say("Authorize", {"idTag": CARD})
    await hass.async_block_till_done()
    asked = await hass.config_entries.options.async_configure(waiting["flow_id"])
    assert (asked["step_id"], asked["description_placeholders"]) == ("new_card", {"card": "…6F7", "charger": "Garage"})
    done = await hass.config_entries.options.async_configure(asked["flow_id"], PLAIN)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert (await charger.say("Authorize", {"idTag": CARD}))["idTagInfo"]["status"] == "Accepted"
    assert questions(hass) == [], "whoever waits for a card is not asked about it besides"


async def test_a_card_that_is_known_can_be_changed_that_way(
    hass: HomeAssistant, site: Site, charger: Wallbox, go: Go
) -> None:
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    waiting = await go("people", "present_card")
    await charger.say("Authorize", {"idTag": CARD})
    await hass.async_block_till_done()
    shown = await hass.config_entries.options.async_configure(waiting["flow_id"])
    assert (shown["step_id"], shown["description_placeholders"]) == ("card", {"name": "Ann", "card": "…6F7"})


@pytest.mark.usefixtures("charger")
async def test_nobody_waits_for_ever(hass: HomeAssistant, go: Go) -> None:
    with patch.object(people, "WAIT_FOR_S", 0.01):
        waiting = await go("people", "present_card")
        await hass.async_block_till_done()
    shown = await hass.config_entries.options.async_configure(waiting["flow_id"])
    assert shown["menu_options"] == ["present_card", "type_card"]


def questions(hass: HomeAssistant) -> list[ir.IssueEntry]:
    return [it for it in ir.async_get(hass).issues.values() if it.translation_key == "unknown_card"]


async def test_an_unknown_card_asks_whose_it_is(
    hass: HomeAssistant, site: Site, charger: Wallbox, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    await charger.say("Authorize", {"idTag": CARD})
    await charger.say("Authorize", {"idTag": CARD})
    (issue,) = questions(hass)
    assert issue.translation_placeholders is not None
    assert (issue.translation_placeholders["charger"], issue.translation_placeholders["card"]) == ("Garage", "…6F7")
    assert CARD.casefold() not in str(issue).casefold(), "a number is in no registry"
    client = await hass_client()
    response = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id})
    form = await response.json()
    assert form["step_id"] == "whose"
    assert "expandable" not in {field.get("type") for field in form["data_schema"]}, "sections have no names there"
    response = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={**SHORT, "name": ""})
    assert (await response.json())["errors"] == {"name": "name_needed"}
    response = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json=SHORT)
    assert (await response.json())["type"] == "create_entry"
    await hass.async_block_till_done()
    assert questions(hass) == []
    card = site.credential(IdToken(CARD))
    assert card is not None
    assert (card.name, card.terms.day_wh) == ("Ann", 30_000)
    assert (await charger.say("Authorize", {"idTag": CARD}))["idTagInfo"]["status"] == "Accepted"


async def test_a_bag_of_cards_fills_no_screen(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    for number in range(9):
        await charger.say("Authorize", {"idTag": f"04A2B3C4D5E6{number:02}"})
    assert [it.translation_placeholders["card"] for it in questions(hass) if it.translation_placeholders] == [
        f"…6{number:02}" for number in range(4, 9)
    ]
    await site.enrol_card(Credential(id_token=IdToken("04A2B3C4D5E608"), name="Ann"))
    assert len(questions(hass)) == 4


async def test_who_does_not_want_to_be_asked_is_not(
    hass: HomeAssistant, charger: Wallbox, site_entry: MockConfigEntry
) -> None:
    await charger.say("Authorize", {"idTag": CARD})
    assert len(questions(hass)) == 1
    hass.config_entries.async_update_entry(site_entry, options={"access": {"ask_whose": False}})
    await hass.async_block_till_done()
    assert questions(hass) == []
    await charger.say("Authorize", {"idTag": CARD})
    assert questions(hass) == []


async def test_a_blocked_card_asks_nothing(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann", blocked=True))
    await charger.say("Authorize", {"idTag": CARD})
    assert questions(hass) == []
