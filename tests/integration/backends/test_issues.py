"""Repairs about backends: when they come, that they go away by themselves, and the one in which a person decides."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.upstream.delivery import DeliveryState, Settlement
from custom_components.offline_evse.engine.model.upstream.link import Backlog, LinkTrouble, LinkView
from custom_components.offline_evse.issues.backend_issues import AWAY_FOR, BACKLOG_FOR, NOT_ACCEPTED_FOR
from tests.integration.backends.conftest import MONTA, LinesInHand, backend_id, charged, parked, view
from tests.integration.wallbox import Wallbox


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """The one issue about the backend, if there is one."""
    found = [
        it
        for (domain, issue_id), it in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue_id.startswith("backend_")
    ]
    assert len(found) <= 1
    return found[0] if found else None


def key(hass: HomeAssistant) -> str | None:
    found = issue(hass)
    return found.translation_key if found else None


async def later(hass: HomeAssistant, freezer: FrozenDateTimeFactory, delta: timedelta) -> None:
    freezer.tick(delta)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


MISCONFIGURED = [it for it in LinkTrouble if it.misconfigured]


@pytest.mark.parametrize("trouble", MISCONFIGURED)
async def test_what_somebody_has_to_change_is_told_until_it_works(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry, trouble: LinkTrouble
) -> None:
    link = LinkView(state=LinkState.OFFLINE, trouble=trouble)
    shown = view(monta_entry, LinkState.OFFLINE, trouble=trouble, detail="HTTP 401", lines={"CP-1": link})
    lines.show(shown)
    found = issue(hass)
    assert found is not None
    assert (found.translation_key, found.is_fixable) == (f"backend_{trouble}", True)
    assert found.translation_placeholders == {
        "backend": "Monta",
        "address": MONTA["address"],
        "chargers": "Garage",
        "identities": "MONTA-7",
        "detail": "HTTP 401",
    }
    lines.show(view(monta_entry))
    assert issue(hass) is None


async def test_another_fault_is_another_repair(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    lines.show(view(monta_entry, LinkState.OFFLINE, trouble=LinkTrouble.CREDENTIALS))
    found = issue(hass)
    assert found is not None
    ir.async_ignore_issue(hass, DOMAIN, found.issue_id, True)
    lines.show(view(monta_entry, LinkState.OFFLINE, trouble=LinkTrouble.CERTIFICATE))
    found = issue(hass)
    assert found is not None
    assert (found.translation_key, found.dismissed_version) == ("backend_certificate", None)


async def test_a_backend_that_cannot_be_reached_is_told_after_a_day(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    since = dt_util.utcnow()
    away = view(
        monta_entry,
        LinkState.OFFLINE,
        trouble=LinkTrouble.UNREACHABLE,
        since=since,
        backlog=Backlog(session_count=4, oldest=since),
    )
    lines.show(away)
    await later(hass, freezer, AWAY_FOR - timedelta(minutes=10))
    assert issue(hass) is None
    await later(hass, freezer, timedelta(minutes=20))
    found = issue(hass)
    assert found is not None
    assert (found.translation_key, found.is_fixable) == ("backend_away_report", False)
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["waiting"] == "4"
    lines.show(view(monta_entry, LinkState.RECOVERING))
    assert issue(hass) is None


async def test_after_a_start_an_old_outage_is_told_when_it_has_been_tried(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    since = dt_util.utcnow() - AWAY_FOR
    lines.show(view(monta_entry, LinkState.OFFLINE, since=since))
    assert issue(hass) is None
    lines.show(view(monta_entry, LinkState.OFFLINE, since=since, trouble=LinkTrouble.UNREACHABLE))
    assert key(hass) == "backend_away_report"
    # Something has come back, and not often enough to be believed: the notice stays.
    lines.show(view(monta_entry, LinkState.OFFLINE, since=since))
    assert key(hass) == "backend_away_report"


@pytest.mark.parametrize(
    ("site_mode", "charger_mode", "told"),
    [
        ("local", None, "report"),
        ("local_first", None, "local_first"),
        ("backend_first", None, "backend_first"),
        ("both", None, "both"),
        ("local", "backend_first", "backend_first"),
    ],
)
async def test_what_to_do_meanwhile_depends_on_who_is_asked_about_cards(
    hass: HomeAssistant,
    lines: LinesInHand,
    monta_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    site_mode: str,
    charger_mode: str | None,
    told: str,
) -> None:
    monta = monta_entry.subentries[backend_id(monta_entry)]
    hass.config_entries.async_update_subentry(monta_entry, monta, data={**MONTA, "role": "authority"})
    hass.config_entries.async_update_entry(monta_entry, options={"access": {"mode": site_mode}})
    if charger_mode is not None:
        (garage,) = [it for it in monta_entry.get_subentries_of_type("charger") if it.title == "Garage"]
        data = {**garage.data, "access_mode": charger_mode}
        hass.config_entries.async_update_subentry(monta_entry, garage, data=data)
    await hass.async_block_till_done(wait_background_tasks=True)
    lines.show(view(monta_entry, LinkState.OFFLINE, trouble=LinkTrouble.SILENT, since=dt_util.utcnow()))
    await later(hass, freezer, AWAY_FOR + timedelta(minutes=10))
    assert key(hass) == f"backend_away_{told}"


async def test_a_charger_that_is_not_accepted_is_told_after_a_while(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    lines.show(view(monta_entry, LinkState.OFFLINE, trouble=LinkTrouble.NOT_ACCEPTED))
    assert issue(hass) is None
    await later(hass, freezer, NOT_ACCEPTED_FOR + timedelta(minutes=6))
    found = issue(hass)
    assert found is not None
    assert (found.translation_key, found.is_fixable) == ("backend_not_accepted", False)
    lines.show(view(monta_entry))
    assert issue(hass) is None
    lines.show(view(monta_entry, LinkState.OFFLINE, trouble=LinkTrouble.NOT_ACCEPTED))
    assert issue(hass) is None


async def test_sessions_that_have_waited_for_a_week_are_told(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    now = dt_util.utcnow()
    old = Backlog(session_count=2, oldest=now - BACKLOG_FOR)
    lines.show(view(monta_entry, backlog=old, last_proof=now - timedelta(hours=1)))
    assert issue(hass) is None
    lines.show(view(monta_entry, backlog=old, last_proof=now - AWAY_FOR))
    assert key(hass) == "backend_backlog"
    lines.show(view(monta_entry, backlog=Backlog(session_count=2, oldest=now)))
    assert issue(hass) is None


async def test_a_backend_whose_chargers_are_gone_asks_for_others(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    (garage,) = [it for it in monta_entry.get_subentries_of_type("charger") if it.title == "Garage"]
    hass.config_entries.async_remove_subentry(monta_entry, garage.subentry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    lines.show(view(monta_entry, LinkState.OFFLINE, lines={}))
    found = issue(hass)
    assert found is not None
    assert (found.translation_key, found.is_fixable) == ("backend_no_charger", True)


async def test_two_backends_that_cannot_be_together_are_told(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    def conflict() -> ir.IssueEntry | None:
        return ir.async_get(hass).async_get_issue(DOMAIN, f"backends_conflict_{monta_entry.entry_id}")

    before = lines.configs
    monta = monta_entry.subentries[backend_id(monta_entry)]
    hass.config_entries.async_update_subentry(monta_entry, monta, data={**MONTA, "role": "authority"})
    data = MappingProxyType({**MONTA, "role": "authority"})
    road = ConfigSubentry(data=data, subentry_type="backend", title="Road", unique_id=None, subentry_id="road")
    hass.config_entries.async_add_subentry(monta_entry, road)
    await hass.async_block_till_done(wait_background_tasks=True)
    found = conflict()
    assert found is not None
    assert (found.translation_key, found.severity) == ("backends_two_authorities", ir.IssueSeverity.ERROR)
    assert found.translation_placeholders == {"upstream": "Road", "other": "Monta", "charger": "Garage"}
    assert [it.name for it in lines.configs] == [it.name for it in before] == ["Monta"]

    hass.config_entries.async_remove_subentry(monta_entry, "road")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert conflict() is None
    assert [it.role for it in lines.configs] == ["authority"]


async def test_two_chargers_with_one_id_are_told(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    monta = monta_entry.subentries[backend_id(monta_entry)]
    chargers = {"CP-1": {"identity": "SAME"}, "CP-2": {"identity": "SAME"}}
    hass.config_entries.async_update_subentry(monta_entry, monta, data={**MONTA, "chargers": chargers})
    await hass.async_block_till_done(wait_background_tasks=True)
    found = ir.async_get(hass).async_get_issue(DOMAIN, f"backends_conflict_{monta_entry.entry_id}")
    assert found is not None
    assert found.translation_key == "backends_same_identity"
    assert found.translation_placeholders == {"upstream": "Monta", "identity": "SAME"}
    await hass.config_entries.async_unload(monta_entry.entry_id)
    assert ir.async_get(hass).async_get_issue(DOMAIN, found.issue_id) is None


async def test_a_repair_goes_with_its_backend(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    lines.show(view(monta_entry, LinkState.OFFLINE, trouble=LinkTrouble.CREDENTIALS))
    assert key(hass) == "backend_credentials"
    hass.config_entries.async_remove_subentry(monta_entry, backend_id(monta_entry))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue(hass) is None


async def test_a_repair_goes_when_the_site_is_unloaded(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    lines.show(view(monta_entry, LinkState.OFFLINE, trouble=LinkTrouble.CREDENTIALS))
    await hass.config_entries.async_unload(monta_entry.entry_id)
    assert issue(hass) is None


class Fixing:
    """Somebody who goes through a repair in the browser."""

    def __init__(self, session: Any, flow: dict[str, Any]) -> None:
        """Look at the first form."""
        self._session = session
        self.flow = flow

    async def submit(self, **filled: Any) -> dict[str, Any]:
        """Fill a form in and return what comes next."""
        answer = await self._session.post(f"/api/repairs/issues/fix/{self.flow['flow_id']}", json=filled)
        self.flow = await answer.json()
        return self.flow


def offered(flow: dict[str, Any]) -> list[str]:
    """The decisions that a form offers; a browser has the first one chosen."""
    (field,) = flow["data_schema"]
    options: list[str] = field["selector"]["select"]["options"]
    return options


@asynccontextmanager
async def fixing(hass: HomeAssistant, client: ClientSessionGenerator) -> AsyncIterator[Fixing]:
    """Begin to fix the issue about the backend."""
    assert await async_setup_component(hass, "repairs", {})
    found = issue(hass)
    assert found is not None
    session = await client()
    answer = await session.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": found.issue_id})
    yield Fixing(session, await answer.json())


async def test_a_refused_password_leads_to_the_settings(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    lines.show(view(monta_entry, LinkState.OFFLINE, trouble=LinkTrouble.CREDENTIALS))
    async with fixing(hass, hass_client) as repair:
        assert repair.flow["step_id"] == "confirm"
        done = await repair.submit()
        assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "change_backend")
        kind, flow_id = done["next_flow"]
        assert kind == "config_subentries_flow"
        assert hass.config_entries.subentries.async_get(flow_id)["step_id"] == "reconfigure"
    assert key(hass) == "backend_credentials"


async def test_a_session_is_shown_and_sent_again(
    hass: HomeAssistant,
    garage: Wallbox,
    lines: LinesInHand,
    monta_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    await charged(garage)
    (session_id,) = await parked(lines, monta_entry, DeliveryState.REFUSED)
    assert key(hass) == "backend_parked"
    async with fixing(hass, hass_client) as repair:
        assert repair.flow["step_id"] == "refused"
        assert offered(repair.flow) == ["resend", "match", "skip"]
        told = repair.flow["description_placeholders"]
        assert (told["charger"], told["energy"], told["holder"]) == ("Garage", "12.34", "Ada")
        assert told["answer"] == "InternalError: no such tariff"
        done = await repair.submit(decision="resend")
    assert done["type"] == FlowResultType.CREATE_ENTRY
    assert lines.settled == [(backend_id(monta_entry), session_id, Settlement.RESEND, None)]
    assert issue(hass) is None


async def test_a_session_is_matched_by_hand(
    hass: HomeAssistant,
    garage: Wallbox,
    lines: LinesInHand,
    monta_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    await charged(garage)
    (session_id,) = await parked(lines, monta_entry, DeliveryState.AMBIGUOUS)
    async with fixing(hass, hass_client) as repair:
        assert repair.flow["step_id"] == "ambiguous"
        assert offered(repair.flow)[0] == "match", "what is chosen beforehand must bill nothing twice"
        asked = await repair.submit(decision="match")
        assert asked["step_id"] == "match"
        for typed, error in ((" ", "id_needed"), ("tx", "number_needed")):
            asked = await repair.submit(remote_id=typed)
            assert asked["errors"] == {"remote_id": error}
        done = await repair.submit(remote_id=" 4711 ")
    assert done["type"] == FlowResultType.CREATE_ENTRY
    assert lines.settled == [(backend_id(monta_entry), session_id, Settlement.MATCH, "4711")]


@pytest.mark.parametrize(("action", "remote_id"), [("StopTransaction", "4711"), ("TransactionEvent", None)])
async def test_a_number_is_asked_for_only_where_it_is_not_known(
    hass: HomeAssistant,
    garage: Wallbox,
    lines: LinesInHand,
    monta_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    action: str,
    remote_id: str | None,
) -> None:
    await charged(garage)
    (session_id,) = await parked(lines, monta_entry, DeliveryState.AMBIGUOUS, action, remote_id)
    async with fixing(hass, hass_client) as repair:
        assert repair.flow["description_placeholders"]["remote_id"] == (remote_id or "–")
        done = await repair.submit(decision="match")
    assert done["type"] == FlowResultType.CREATE_ENTRY
    assert lines.settled == [(backend_id(monta_entry), session_id, Settlement.MATCH, None)]


async def test_several_sessions_are_settled_one_after_the_other(
    hass: HomeAssistant,
    garage: Wallbox,
    lines: LinesInHand,
    monta_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    await charged(garage, 2)
    first, second = await parked(lines, monta_entry, DeliveryState.AMBIGUOUS)
    found = issue(hass)
    assert found is not None
    assert found.translation_placeholders == {"backend": "Monta", "count": "2"}
    async with fixing(hass, hass_client) as repair:
        assert repair.flow["step_id"] == "choose"
        options = repair.flow["data_schema"][0]["selector"]["select"]["options"]
        assert [it["value"] for it in options] == [first, second]
        assert all("Garage · 12.34 kWh · Ada" in it["label"] for it in options)
        assert (await repair.submit(session=second))["step_id"] == "ambiguous"
        left = await repair.submit(decision="skip")
        assert left["step_id"] == "ambiguous"
        assert issue(hass) is not None
        done = await repair.submit(decision="resend")
    assert done["type"] == FlowResultType.CREATE_ENTRY
    assert [(it[1], it[2]) for it in lines.settled] == [(second, Settlement.SKIP), (first, Settlement.RESEND)]


async def test_a_session_that_was_settled_meanwhile_is_nothing_to_decide(
    hass: HomeAssistant,
    garage: Wallbox,
    lines: LinesInHand,
    monta_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    await charged(garage)
    (session_id,) = await parked(lines, monta_entry, DeliveryState.AMBIGUOUS)
    async with fixing(hass, hass_client) as repair:
        await lines.settle(backend_id(monta_entry), session_id, Settlement.SKIP)
        done = await repair.submit(decision="resend")
    assert done["type"] == FlowResultType.CREATE_ENTRY


async def test_a_site_that_does_not_run_settles_nothing(
    hass: HomeAssistant,
    garage: Wallbox,
    lines: LinesInHand,
    monta_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    await charged(garage)
    await parked(lines, monta_entry, DeliveryState.AMBIGUOUS)
    async with fixing(hass, hass_client) as repair:
        await hass.config_entries.async_unload(monta_entry.entry_id)
        done = await repair.submit(decision="resend")
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "not_running")
    assert lines.settled == []
