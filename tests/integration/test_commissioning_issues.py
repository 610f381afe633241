"""What the site finds out about its wiring becomes a repair that says what will be changed, and changes it."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.commissioning import FindingKind, MeterFinding, WiringLearned
from custom_components.offline_evse.engine.model.phases import WIRINGS, Phase
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.announcement import DuplicateRefused
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.conftest import MAIN
from tests.integration.test_issues import SENSORS, fix, found
from tests.integration.wallbox import Wallbox

EVSE = EvseKey("CP-1", 1)


@pytest.fixture(autouse=True)
def grid_sensors(hass: HomeAssistant) -> None:
    """The sensors of the meter."""
    for entity_id in SENSORS:
        hass.states.async_set(entity_id, "1", {"unit_of_measurement": "A"})


def finding(kind: FindingKind, **more: Any) -> MeterFinding:
    return MeterFinding(circuit_id="main", kind=kind, proven=True, **more)


def finds(site: Site, *findings: MeterFinding, wirings: tuple[WiringLearned, ...] = ()) -> None:
    """Let the site have found something out, as its survey would tell."""
    site.state.meter_findings = findings
    site.state.wirings_learned = wirings
    site.state.changed()


def main_of(entry: MockConfigEntry) -> dict[str, Any]:
    (subentry,) = entry.get_subentries_of_type("circuit")
    return dict(subentry.data)


def charger_of(entry: MockConfigEntry) -> dict[str, Any]:
    (subentry,) = entry.get_subentries_of_type("charger")
    return dict(subentry.data)


async def confirm(hass: HomeAssistant, client: ClientSessionGenerator, issue_id: str) -> dict[str, Any]:
    session, url = await fix(hass, client, issue_id)
    answer = await (await session.post(url, json={})).json()
    await hass.async_block_till_done()
    assert isinstance(answer, dict)
    return answer


async def test_a_phase_the_wrong_way_round_is_turned(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    site: Site,
    site_entry: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    finds(site, finding(FindingKind.SIGN, phase=Phase.L2))
    assert found(issue_registry) == {"meter_sign_phase_main_L2"}
    issue = issue_registry.async_get_issue(DOMAIN, "meter_sign_phase_main_L2")
    assert issue is not None
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.translation_placeholders == {"circuit": "Home", "phase": "L2"}
    assert (await confirm(hass, hass_client, "meter_sign_phase_main_L2"))["type"] == "create_entry"
    assert main_of(site_entry)["inverted"] == ["l2"]
    assert "meter_sign_phase_main_L2" not in found(issue_registry)


async def test_a_meter_the_wrong_way_round_is_turned_and_back(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, site: Site, site_entry: MockConfigEntry
) -> None:
    for turned in (["l1", "l2", "l3"], []):
        finds(site, finding(FindingKind.SIGN))
        await confirm(hass, hass_client, "meter_sign_main")
        assert main_of(site_entry)["inverted"] == turned


async def test_the_sensors_of_swapped_phases_are_exchanged(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, site: Site, site_entry: MockConfigEntry
) -> None:
    finds(site, finding(FindingKind.PHASES_SWAPPED, phase=Phase.L1, seen_on=Phase.L3))
    await confirm(hass, hass_client, "meter_phases_swapped_main_L1")
    before = MAIN["meter"]
    assert isinstance(before, dict)
    assert main_of(site_entry)["meter"] == {
        "current_l1": before["current_l3"],
        "current_l2": before["current_l2"],
        "current_l3": before["current_l1"],
    }


@pytest.mark.parametrize(
    ("of_the_meter", "issue_id"),
    [
        (finding(FindingKind.NOT_SEEN, evse=EVSE), "meter_misses_charger_main_CP-1_1"),
        (finding(FindingKind.NOT_SEEN, evse=EVSE, seen_in="main"), "meter_misses_charger_seen_main_CP-1_1"),
        (finding(FindingKind.SCALE, factor=0.5), "meter_scale_main"),
    ],
)
async def test_what_only_people_can_put_right_leads_to_the_fuse(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, site: Site, of_the_meter: MeterFinding, issue_id: str
) -> None:
    finds(site, of_the_meter)
    answer = await confirm(hass, hass_client, issue_id)
    assert answer["reason"] == "choose_entities"
    assert answer["next_flow"][0] == "config_subentries_flow"


async def test_a_wiring_that_differs_is_taken_over(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    site: Site,
    site_entry: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    finds(site, wirings=(WiringLearned(EVSE, WIRINGS["str"], sure=True),))
    issue = issue_registry.async_get_issue(DOMAIN, "wiring_CP-1")
    assert issue is not None
    assert (issue.translation_key, issue.translation_placeholders) == (
        "wiring_differs",
        {"charger": "Garage", "wiring": "L2-L3-L1", "told": "L1-L2-L3", "first": "L2"},
    )
    await confirm(hass, hass_client, "wiring_CP-1")
    assert charger_of(site_entry)["wiring"] == "str"


async def test_what_was_left_to_be_learned_is_written_down_once_it_is_sure(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    (subentry,) = site_entry.get_subentries_of_type("charger")
    hass.config_entries.async_update_subentry(site_entry, subentry, data={**subentry.data, "wiring": "learn"})
    await hass.async_block_till_done()
    assert site.config.stations[0].learn_wiring
    finds(site, wirings=(WiringLearned(EVSE, WIRINGS["trs"], sure=False),))
    assert charger_of(site_entry)["wiring"] == "learn"
    finds(site, wirings=(WiringLearned(EVSE, WIRINGS["trs"], sure=True),))
    await hass.async_block_till_done()
    assert charger_of(site_entry)["wiring"] == "trs"
    assert found(issue_registry) == set()


async def test_a_suspicion_that_is_no_danger_is_kept_to_ourselves(
    hass: HomeAssistant, site: Site, issue_registry: ir.IssueRegistry
) -> None:
    finds(site, MeterFinding(circuit_id="main", kind=FindingKind.SCALE, factor=2.0))
    assert found(issue_registry) == set()
    finds(site, MeterFinding(circuit_id="main", kind=FindingKind.SIGN))
    assert found(issue_registry) == {"meter_sign_main"}
    finds(site)
    assert found(issue_registry) == set()


async def test_two_chargers_with_one_id_are_told(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    site._register.announce(DuplicateRefused("CP-1"))  # noqa: SLF001 (a fight over a name takes minutes)
    issue = issue_registry.async_get_issue(DOMAIN, "duplicate_station_CP-1")
    assert issue is not None
    assert issue.translation_placeholders == {"charger": "Garage", "station_id": "CP-1"}


async def test_safe_currents_that_do_not_fit_are_told_until_they_do(
    hass: HomeAssistant,
    charger: Wallbox,
    site: Site,
    site_entry: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    (subentry,) = site_entry.get_subentries_of_type("charger")
    assert found(issue_registry) == set()
    hass.config_entries.async_update_subentry(site_entry, subentry, data={**subentry.data, "safe": 14.0})
    await hass.async_block_till_done()
    told = {"safe_currents_above_limit_Home_L1"}
    assert found(issue_registry) == told
    issue = issue_registry.async_get_issue(DOMAIN, "safe_currents_above_limit_Home_L1")
    assert issue is not None
    assert issue.translation_placeholders == {"circuit": "Home", "phase": "L1", "safe": "14", "left": "12.5"}
    hass.config_entries.async_update_subentry(site_entry, subentry, data={**subentry.data, "safe": 6.0})
    await hass.async_block_till_done()
    assert found(issue_registry) == set()
