"""Chargers that nobody knows: a card each, until somebody adopts or ignores them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY, ConfigEntry, ConfigFlowResult
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.discovery import MOST_CARDS, discover_stranger
from custom_components.offline_evse.engine.model.station import StationIdentity
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.conftest import CHARGER, Dial, open_entry
from tests.integration.wallbox import Wallbox

ANSWERS = {
    "name": "Carport",
    "circuit": "main",
    "wiring": "rst",
    "maximum": 16,
    "safe": 6,
    "default_profile": "safe",
    "advanced": {"minimum": 6, "priority": 0},
}


def cards(hass: HomeAssistant) -> list[ConfigFlowResult]:
    return list(hass.config_entries.flow.async_progress_by_handler(DOMAIN))


async def stranger(hass: HomeAssistant, site: Site, dial: Dial) -> Wallbox:
    wallbox = await dial(site.port, "CP-9")
    await wallbox.boot()
    await hass.async_block_till_done()
    return wallbox


async def adopt(hass: HomeAssistant, **changes: Any) -> ConfigFlowResult:
    (card,) = cards(hass)
    return await hass.config_entries.flow.async_configure(card["flow_id"], ANSWERS | changes)


async def test_an_unknown_charger_is_a_card(hass: HomeAssistant, empty_site: Site, dial: Dial) -> None:
    await stranger(hass, empty_site, dial)
    (card,) = cards(hass)
    assert card["step_id"] == "adopt"
    assert card["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
    assert card["context"]["title_placeholders"] == {"name": "Acme Wallbox 22 (0001)"}


async def test_a_charger_that_dials_in_during_the_set_up_is_a_card_at_once(
    hass: HomeAssistant, own_folder: Path, empty_site_entry: MockConfigEntry, dial: Dial
) -> None:
    forward = hass.config_entries.async_forward_entry_setups

    async def dial_first(entry: ConfigEntry, platforms: Iterable[Platform | str]) -> None:
        await stranger(hass, entry.runtime_data.site, dial)
        assert cards(hass) == []
        await forward(entry, platforms)

    with patch.object(hass.config_entries, "async_forward_entry_setups", dial_first):
        await open_entry(hass, empty_site_entry)
    (card,) = cards(hass)
    assert card["context"]["unique_id"] == "CP-9"


async def test_adopting_makes_it_part_of_the_site(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry, dial: Dial
) -> None:
    wallbox = await stranger(hass, empty_site, dial)
    done = await adopt(hass)
    await hass.async_block_till_done()
    assert done["type"] is FlowResultType.ABORT
    assert done["reason"] == "charger_added"
    (subentry,) = empty_site_entry.get_subentries_of_type("charger")
    assert subentry.title == "Carport"
    assert subentry.unique_id == "CP-9"
    assert subentry.data["station_id"] == "CP-9"
    assert "CP-9" in empty_site.stations
    assert await wallbox.say("Heartbeat", {})
    assert cards(hass) == []


async def test_what_cannot_be_is_told(hass: HomeAssistant, empty_site: Site, dial: Dial) -> None:
    await stranger(hass, empty_site, dial)
    assert (await adopt(hass, safe=20))["errors"] == {"safe": "above_maximum"}
    assert (await adopt(hass, safe=3))["errors"] == {"safe": "between_zero_and_minimum"}
    low = await adopt(hass, maximum=7, advanced={"minimum": 8, "priority": 0}, safe=0)
    assert low["errors"] == {"maximum": "below_minimum"}
    assert (await adopt(hass))["reason"] == "charger_added"


async def test_an_ignored_charger_stays_ignored(hass: HomeAssistant, empty_site: Site, dial: Dial) -> None:
    wallbox = await stranger(hass, empty_site, dial)
    (card,) = cards(hass)
    await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_IGNORE}, data={"unique_id": "CP-9", "title": "Neighbour"}
    )
    await wallbox.hang_up()
    await stranger(hass, empty_site, dial)
    assert card["flow_id"] not in [each["flow_id"] for each in cards(hass)]
    assert cards(hass) == []


async def test_dialling_in_again_makes_no_second_card(hass: HomeAssistant, empty_site: Site, dial: Dial) -> None:
    await stranger(hass, empty_site, dial)
    await stranger(hass, empty_site, dial)
    assert len(cards(hass)) == 1


async def test_a_card_goes_away_when_the_charger_is_adopted_elsewhere(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry, dial: Dial
) -> None:
    await stranger(hass, empty_site, dial)
    flow = await hass.config_entries.subentries.async_init(
        (empty_site_entry.entry_id, "charger"), context={"source": "user"}
    )
    flow = await hass.config_entries.subentries.async_configure(flow["flow_id"], {"station": "id:CP-9"})
    await hass.config_entries.subentries.async_configure(flow["flow_id"], ANSWERS)
    await hass.async_block_till_done()
    assert "CP-9" in empty_site.stations
    assert cards(hass) == []


async def test_a_charger_adopted_already_is_no_news(hass: HomeAssistant, site: Site) -> None:
    discover_stranger(hass, CHARGER["station_id"], StationIdentity())
    await hass.async_block_till_done()
    assert cards(hass) == []


async def test_a_flood_of_ids_leaves_the_page_usable(hass: HomeAssistant, empty_site: Site) -> None:
    for number in range(MOST_CARDS + 30):
        discover_stranger(hass, f"FAKE-{number}", StationIdentity())
    await hass.async_block_till_done()
    assert len(cards(hass)) == MOST_CARDS


async def test_without_a_running_site_there_is_nothing_to_adopt_into(
    hass: HomeAssistant, empty_site: Site, empty_site_entry: MockConfigEntry, dial: Dial
) -> None:
    await stranger(hass, empty_site, dial)
    await hass.config_entries.async_unload(empty_site_entry.entry_id)
    assert (await adopt(hass))["reason"] == "not_running"
