"""Actions about cards: all terms, blocking, and tables in and out."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.wallbox import Wallbox

CARD = "04A2B3C4D5E6F7"
TERMS = {
    "holder": "fleet",
    "valid_from": "2026-01-01 00:00:00+00:00",
    "expires": "2037-12-31 12:00:00+00:00",
    "hours": "mon-sun 00:00-24:00",
    "session_energy": 20,
    "session_time": 2.5,
    "day_energy": 40,
    "total_energy": 400,
    "money": 99.5,
    "sessions": 1,
    "priority": 3,
    "group": "vans",
    "master": False,
}


async def act(hass: HomeAssistant, action: str, **data: Any) -> None:
    await hass.services.async_call(DOMAIN, action, data, blocking=True)


async def ask(hass: HomeAssistant, action: str, **data: Any) -> Any:
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)


async def refused(hass: HomeAssistant, action: str, **data: Any) -> str | None:
    with pytest.raises(HomeAssistantError) as caught:
        await ask(hass, action, **data)
    return caught.value.translation_key


async def status(charger: Wallbox) -> str:
    answer = await charger.say("Authorize", {"idTag": CARD})
    told: str = answer["idTagInfo"]["status"]
    return told


async def test_a_card_has_all_its_terms(
    hass: HomeAssistant, site: Site, charger: Wallbox, site_entry: MockConfigEntry
) -> None:
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, f"{site_entry.entry_id}_CP-1"), site_entry.entry_id
    )
    assert device is not None
    await act(hass, "enrol_card", card=CARD, name="Van 1", device_id=[device.id], **TERMS)
    card = site.credential(IdToken(CARD))
    assert card is not None
    assert (card.terms.session_wh, card.terms.session_s, card.terms.station_ids) == (20_000, 9000, frozenset({"CP-1"}))
    (told,) = (await ask(hass, "list_cards"))["cards"]
    same = {name: value for name, value in TERMS.items() if name not in ("valid_from", "expires", "hours")}
    assert told.items() >= same.items()
    assert told["hours"] == "mon-sun 00:00-00:00"
    assert await status(charger) == "Accepted"


async def test_what_is_left_out_stays_and_what_is_empty_goes(hass: HomeAssistant, site: Site) -> None:
    await act(hass, "enrol_card", card=CARD, name="Van 1", **TERMS)
    await act(hass, "enrol_card", card=CARD.lower(), name="Van 2", priority=None, hours=None)
    (told,) = (await ask(hass, "list_cards"))["cards"]
    assert (told["name"], told["priority"], told["hours"], told["total_energy"]) == ("Van 2", None, None, 400)


async def test_a_blocked_card_is_refused_and_its_session_ends(hass: HomeAssistant, charger: Wallbox) -> None:
    await act(hass, "enrol_card", card=CARD, name="Ann")
    transaction = await charger.start(CARD, meter_wh=0)
    await act(hass, "block_card", card=CARD)
    assert (await charger.hear("RemoteStopTransaction"))["transactionId"] == transaction
    await charger.stop(transaction, meter_wh=10, reason="Remote")
    assert await status(charger) == "Blocked"
    await act(hass, "unblock_card", card=CARD)
    assert await status(charger) == "Accepted"
    assert await refused_quietly(hass, "block_card", card="NOBODY") == "card_not_enrolled"


async def refused_quietly(hass: HomeAssistant, action: str, **data: Any) -> str | None:
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, action, **data)
    return caught.value.translation_key


async def test_a_table_is_tried_before_it_is_taken_over(hass: HomeAssistant, site: Site) -> None:
    await act(hass, "enrol_card", card="B2", name="Ben")
    table = "card;name;total_kwh\nA1;Ann;12,5\nB2;Benjamin;\nC3;;\n"
    tried = await ask(hass, "import_cards", csv=table)
    assert {it: tried[it] for it in ("applied", "new", "changed", "same", "wrong")} == {
        "applied": 0,
        "new": 1,
        "changed": 1,
        "same": 0,
        "wrong": 1,
    }
    assert tried["rows"][2] == {
        "row": 4,
        "card": "…",
        "name": "",
        "result": "wrong",
        "reasons": ["name: 1 to 100 characters are needed."],
    }
    assert [it.name for it in site.cards()] == ["Ben"], "nothing has changed"
    done = await ask(hass, "import_cards", csv=table, apply=True)
    assert done["applied"] == 2
    ann = site.credential(IdToken("A1"))
    assert ann is not None
    assert ann.terms.total_wh == 12_500
    assert (await ask(hass, "import_cards", csv=table))["same"] == 2


async def test_a_file_is_written_and_read_where_that_is_allowed(
    hass: HomeAssistant, site: Site, own_folder: Path
) -> None:
    await act(hass, "enrol_card", card=CARD, name="=Ann")
    shared = own_folder / "shared"
    shared.mkdir()
    assert await refused(hass, "export_cards", file="shared/cards.csv") == "path_not_allowed"
    hass.config.allowlist_external_dirs = {str(shared)}
    written = await ask(hass, "export_cards", file="shared/cards.csv")
    assert written["count"] == 1
    assert (shared / "cards.csv").read_bytes().startswith(b"\xef\xbb\xbfcard,name,")
    assert "'=Ann" in written["csv"]
    await act(hass, "remove_card", card=CARD)
    done = await ask(hass, "import_cards", file="shared/cards.csv", apply=True)
    assert (done["applied"], [it.name for it in site.cards()]) == (1, ["=Ann"])
    assert await refused(hass, "import_cards", file="shared/../secrets.yaml") == "path_not_allowed"
    assert await refused(hass, "import_cards", file="shared/missing.csv") == "file_error"


async def test_what_cannot_be_imported_is_told(hass: HomeAssistant, site: Site) -> None:
    assert await refused(hass, "import_cards") == "csv_or_file"
    assert await refused(hass, "import_cards", csv="a;b\n1;2") == "no_card_table"
    assert site.cards() == ()
