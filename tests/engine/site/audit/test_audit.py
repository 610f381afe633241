"""The check list: every finding is made of a state that is there for it, and a ready site passes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.offline_evse.engine.balancing.tree.layout_doubts import LayoutDoubt
from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.access import AccessConfig, Exposure, LinkState
from custom_components.offline_evse.engine.model.commissioning import FindingKind, MeterFinding
from custom_components.offline_evse.engine.model.local_list import LocalListState
from custom_components.offline_evse.engine.model.outlook import Outlook
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.self_test import SelfTest, SelfTestResult
from custom_components.offline_evse.engine.model.station import ConnectorStatus, EvseKey
from custom_components.offline_evse.engine.model.storage import StorageFacts
from custom_components.offline_evse.engine.model.upstream.link import Backlog, LinkTrouble, LinkView, UpstreamView
from custom_components.offline_evse.engine.site.audit import audit as audit_module
from custom_components.offline_evse.engine.site.audit.audit import audit, checked
from custom_components.offline_evse.engine.site.audit.facts import AuditFacts
from custom_components.offline_evse.engine.site.audit.item import AuditLevel, by_urgency, passed, warned, worst
from custom_components.offline_evse.engine.site.config import SiteConfig
from custom_components.offline_evse.engine.site.state import EvseState, SiteState, StationState
from tests.engine.clock import NOON, ManualClock
from tests.engine.ledger.reports import start, update
from tests.engine.site.place import MAIN, TWO, Place, charger
from tests.engine.site.wallbox import Wallbox

METERED = replace(MAIN, metered=True)
PASS, WARN, FAIL = AuditLevel.PASS, AuditLevel.WARN, AuditLevel.FAIL
CALM = Outlook(falling_count=1)


def ready(**more: Any) -> AuditFacts:
    """A site of one charger at which nothing is wrong, and what is different about it."""
    state = SiteState()
    state.outlook = CALM
    station = StationState("ONE")
    station.connected = True
    station.self_test = SelfTest(result=SelfTestResult.PASSED, at=NOON - timedelta(days=30), firmware=None)
    station.local_list = LocalListState(3, 3)
    evse = EvseState(EvseKey("ONE", 1))
    evse.connector_status = ConnectorStatus.AVAILABLE
    facts = AuditFacts(
        now=NOON,
        config=SiteConfig(
            name="Home",
            circuits=(METERED,),
            stations=(charger("ONE"),),
            access=AccessConfig(charger_lists=True),
        ),
        state=state,
        stations={"ONE": station},
        evses={evse.key: evse},
        card_count=3,
        storage=StorageFacts(size_bytes=10**6, free_bytes=10**11, growth_bytes=10**5, newest=NOON),
        doubts=(),
        upstreams={},
    )
    return replace(facts, **more)


def of_storage(**more: Any) -> AuditFacts:
    facts = ready()
    assert facts.storage is not None
    return replace(facts, storage=replace(facts.storage, **more))


def of_state(**more: Any) -> AuditFacts:
    facts = ready()
    for name, value in more.items():
        setattr(facts.state, name, value)
    return facts


def of_station(**more: Any) -> AuditFacts:
    facts = ready()
    for name, value in more.items():
        setattr(facts.stations["ONE"], name, value)
    return facts


def of_evse(**more: Any) -> AuditFacts:
    facts = ready()
    for name, value in more.items():
        setattr(facts.evses[EvseKey("ONE", 1)], name, value)
    return facts


def of_link(
    state: LinkState, trouble: LinkTrouble | None = None, backlog: Backlog = Backlog(), **more: Any
) -> AuditFacts:
    view = UpstreamView(
        upstream_id="cpo", name="Monta", link=LinkView(state=state, trouble=trouble), backlog=backlog, **more
    )
    return ready(upstreams={"cpo": view})


def of_test(result: SelfTestResult, days: int = 1, firmware: str | None = None) -> AuditFacts:
    return of_station(self_test=SelfTest(result=result, at=NOON - timedelta(days=days), firmware=firmware))


def of_list(known: LocalListState | None, *, used: bool = True, cards: int = 3) -> AuditFacts:
    facts = of_station(local_list=known)
    access = AccessConfig(charger_lists=used)
    return replace(facts, config=replace(facts.config, access=access), card_count=cards)


def doubt(code: str) -> AuditFacts:
    return ready(doubts=(LayoutDoubt(code, {"circuit": "Main", "evse": "ONE/1", "limit": "5", "phase": "L1"}),))


def suspected() -> AuditFacts:
    return of_state(meter_findings=(MeterFinding(circuit_id="main", kind=FindingKind.SCALE, factor=0.5),))


FINDINGS: dict[str, tuple[AuditFacts, AuditLevel]] = {
    "ledger_ok": (ready(), PASS),
    "ledger_failed": (of_state(ledger_failed=True), FAIL),
    "space_ok": (ready(), PASS),
    "space_low": (of_storage(free_bytes=800 * 10**6, growth_bytes=0), WARN),
    "space_out": (of_storage(growth_bytes=10**10), FAIL),
    "clock_ok": (ready(), PASS),
    "clock_stepped": (of_storage(clock_steps=2, largest_step_s=-3600.0), WARN),
    "clock_wrong": (of_storage(newest=NOON + timedelta(hours=1)), FAIL),
    "stopped": (of_state(stopped=True), FAIL),
    "shadow": (of_state(shadow=True), FAIL),
    "outlook_ok": (ready(), PASS),
    "outlook_full_unsafe": (of_state(outlook=replace(CALM, full_load=40.0, full_limit=25.0)), WARN),
    "outlook_unsafe": (of_state(outlook=replace(CALM, load=40.0, limit=25.0, circuit_id="main")), FAIL),
    "meters_none": (ready(config=SiteConfig(name="Home", circuits=(MAIN,), stations=(charger("ONE"),))), PASS),
    "meter_ok": (ready(), PASS),
    "meter_suspected": (suspected(), WARN),
    "meter_silent": (of_state(silent_meters=frozenset({"main"})), FAIL),
    "meter_distrusted": (of_state(distrusted_meters=frozenset({"main"})), FAIL),
    "tree_ok": (ready(), PASS),
    **{
        f"tree_{code}": (doubt(code), WARN)
        for code in (
            "reserve_above_limit",
            "limit_below_minimum",
            "power_below_minimum",
            "safe_currents_above_limit",
            "phase_missing",
            "fuse_below_charger",
        )
    },
    "chargers_none": (ready(stations={}, evses={}), WARN),
    "charger_connected": (ready(), PASS),
    "charger_never_seen": (of_station(connected=False), FAIL),
    "charger_offline": (of_station(connected=False, last_seen=NOON - timedelta(hours=3)), FAIL),
    "charger_taken_out": (of_station(taken_out=frozenset({1})), FAIL),
    "connector_faulted": (of_evse(connector_status=ConnectorStatus.FAULTED, error_code="GroundFailure"), FAIL),
    "connector_out_of_service": (of_evse(connector_status=ConnectorStatus.UNAVAILABLE), WARN),
    "connector_paused": (of_evse(paused=True), WARN),
    "self_test_passed": (ready(), PASS),
    "self_test_never": (of_test(SelfTestResult.ABORTED), WARN),
    "self_test_old": (of_test(SelfTestResult.PASSED, days=400), WARN),
    "self_test_outdated": (of_test(SelfTestResult.PASSED, firmware="0.9"), WARN),
    "self_test_failed": (of_test(SelfTestResult.FAILED), FAIL),
    "charger_clock_ok": (of_storage(charger_offsets_s={"ONE": 3.0}), PASS),
    "charger_clock_wrong": (of_storage(charger_offsets_s={"ONE": -7200.0}), WARN),
    "list_ok": (ready(), PASS),
    "list_partial": (of_list(LocalListState(2, 3)), WARN),
    "list_none": (of_list(None), WARN),
    "lists_off": (of_list(None, used=False), WARN),
    "exposure_unlimited": (ready(), PASS),
    "exposure_ok": (of_state(exposure=Exposure(energy_wh=1000, limit_wh=100_000)), PASS),
    "exposure_near": (of_state(exposure=Exposure(energy_wh=80_000, limit_wh=100_000)), WARN),
    "exposure_full": (of_state(exposure=Exposure(energy_wh=100_000, limit_wh=100_000)), FAIL),
    "links_none": (ready(), PASS),
    "link_online": (of_link(LinkState.ONLINE), PASS),
    "link_offline": (of_link(LinkState.OFFLINE, LinkTrouble.UNREACHABLE), WARN),
    "link_degraded": (of_link(LinkState.DEGRADED), WARN),
    "link_recovering": (of_link(LinkState.RECOVERING), WARN),
    "link_misconfigured": (of_link(LinkState.OFFLINE, LinkTrouble.CREDENTIALS), FAIL),
    "link_parked": (of_link(LinkState.ONLINE, backlog=Backlog(session_count=1, parked_count=1)), WARN),
    "link_behind": (
        of_link(LinkState.ONLINE, backlog=Backlog(session_count=4, oldest=NOON - timedelta(hours=30))),
        WARN,
    ),
    "link_budget_spent": (of_link(LinkState.ONLINE, budget_spent=True), WARN),
}


@pytest.mark.parametrize("code", FINDINGS)
def test_finding(code: str) -> None:
    facts, level = FINDINGS[code]
    (item,) = [item for item in checked(facts) if item.code == code]
    assert item.level is level


def test_no_finding_is_left_out() -> None:
    folder = Path(audit_module.__file__).parent
    told = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    codes = set(re.findall(r'(?:passed|warned|failed)\(\s*"(\w+)"', told))
    assert codes == {code for code in FINDINGS if not code.startswith("tree_") or code == "tree_ok"}


def test_a_ready_site_passes() -> None:
    items = checked(ready())
    assert {item.level for item in items} == {PASS}
    assert worst(items) is PASS
    assert worst(()) is PASS


def test_the_worst_is_told_first() -> None:
    items = checked(of_state(stopped=True, silent_meters=frozenset({"main"})))
    assert worst(items) is FAIL
    assert [item.code for item in by_urgency(items)][:2] == ["stopped", "meter_silent"]
    assert by_urgency((passed("a"), warned("b"))) == (warned("b"), passed("a"))


def test_figures() -> None:
    def figures(code: str) -> dict[str, object]:
        (item,) = [item for item in checked(FINDINGS[code][0]) if item.code == code]
        return dict(item.figures)

    assert figures("space_out") == {"free_mb": 100_000, "size_mb": 1.0, "growth_mb": 10_000.0, "days_left": 10}
    assert figures("list_partial") == {"known": 2, "wanted": 3}
    assert figures("charger_offline") == {"hours": 3.0}
    assert figures("link_behind") == {"count": 4, "hours": 30}
    assert figures("clock_stepped") == {"count": 2, "largest_s": -3600.0}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda facts: replace(facts, storage=None), "ledger_failed"),
        (lambda facts: replace(facts, now=NOON - timedelta(days=3650), storage=None), "clock_wrong"),
        (lambda facts: replace(facts, card_count=0), "charger_connected"),
    ],
)
def test_what_cannot_be_known_is_no_reason_to_fail_the_audit(
    change: Callable[[AuditFacts], AuditFacts], code: str
) -> None:
    assert code in {item.code for item in checked(change(ready()))}


async def test_a_site_as_it_is(place: Place, box: Wallbox, clock: ManualClock) -> None:
    site = place.site
    found = {item.code: item for item in await audit(site, clock.now())}
    assert found["charger_connected"].subject == "ONE"
    assert found["charger_never_seen"].subject == "TWO"
    assert found["self_test_never"].level is WARN
    assert {"ledger_ok", "clock_ok", "lists_off", "links_none", "meters_none"} <= set(found)
    assert found["lists_off"].figures == {"cards": 1}
    await site.stop_all(True)
    site.configure(replace(site.config, circuits=(replace(MAIN, metered=True, limit_a=PhaseAmperes(5, 5, 5)),)))
    await box.status("Faulted")
    changed = {item.code: item for item in await audit(site, clock.now())}
    assert changed["stopped"].level is FAIL
    assert changed["connector_faulted"].subject == "ONE"
    assert changed["tree_limit_below_minimum"].figures["limit"] == "5"
    assert TWO not in site.evses


async def test_room_and_clocks_by_the_ledger(tmp_path: Path, clock: ManualClock) -> None:
    ledger = await Ledger.open(tmp_path / "ledger.db", clock)
    calm = await ledger.storage()
    assert calm.clock_steps == 0
    assert calm.free_bytes > 0
    assert calm.newest == NOON
    begun = await ledger.record(start(0, 1000))
    told = begun.transaction.transaction_id
    for minutes in (10, 20, 30):
        await clock.advance(600)
        await ledger.record(update(minutes, 1000 + minutes, told))
        await ledger.record(update(minutes - 90, 1000, "other", station="street", received=minutes))
    clock.jump_wall(clock.now() + timedelta(hours=2))
    await ledger.append("note", data={})
    facts = await ledger.storage()
    await ledger.close()
    assert (facts.clock_steps, facts.largest_step_s) == (1, 7200.0)
    assert facts.charger_offsets_s["garage"] == 0
    assert facts.charger_offsets_s["street"] == pytest.approx(-5400)
    assert facts.growth_bytes > 0
    assert facts.days_left is not None
