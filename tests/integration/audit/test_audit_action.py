"""The check list as people get it: as data, in sentences, as a notification."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
import re
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse import audit as audit_package
from custom_components.offline_evse.audit import home_checks as home_checks_module
from custom_components.offline_evse.audit.home_checks import home_checks
from custom_components.offline_evse.audit.telling import told
from custom_components.offline_evse.bluetooth_config import bluetooth_set_up
from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.upstream.link import LinkTrouble
from custom_components.offline_evse.engine.site import audit as site_audit
from custom_components.offline_evse.engine.site.audit.audit import checked
from custom_components.offline_evse.engine.site.audit.item import AuditItem, AuditLevel, failed
from custom_components.offline_evse.engine.site.site import Site
from tests.engine.site.audit.test_audit import FINDINGS
from tests.integration.wallbox import Wallbox

TEXTS: dict[str, Any] = json.loads(
    (Path(audit_package.__path__[0]).parent / "translations" / "en.json").read_text(encoding="utf-8")
)["exceptions"]
SENTENCES = {key: text["message"] for key, text in TEXTS.items() if key.startswith("audit_")}

type Audit = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def audit(hass: HomeAssistant) -> Audit:
    """Call the action: `await audit(notify=True)`."""

    async def call(**data: Any) -> dict[str, Any]:
        answer = await hass.services.async_call(DOMAIN, "audit_site", data, blocking=True, return_response=True)
        assert answer is not None
        return answer

    return call


def by_code(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["code"]: item for item in answer["items"]}


async def test_the_findings_of_a_site(
    hass: HomeAssistant, site: Site, audit: Audit, site_entry: MockConfigEntry
) -> None:
    answer = await audit()
    assert answer["level"] == "fail"
    found = by_code(answer)
    assert found["charger_never_seen"]["sentence"] == "Garage has never been connected."
    assert "address of this site" in found["charger_never_seen"]["advice"]
    assert found["links_none"]["level"] == "pass"
    assert found["links_none"]["advice"] == ""
    assert [item["level"] for item in answer["items"]] == sorted(
        (item["level"] for item in answer["items"]), key=["fail", "warn", "pass"].index
    )
    assert sum(answer["counts"].values()) == len(answer["items"])
    lines = answer["report"].splitlines()
    assert lines[0].startswith("Not ready: ")
    assert len(lines) == 1 + answer["counts"]["fail"] + answer["counts"]["warn"]


async def test_it_becomes_ready(hass: HomeAssistant, site: Site, charger: Wallbox, audit: Audit) -> None:
    before = by_code(await audit())
    assert before["charger_connected"]["subject"] == "Garage"
    assert before["meter_silent"]["sentence"] == "The meter of Home is silent, so chargers there are held back."
    for n in (1, 2, 3):
        hass.states.async_set(f"sensor.grid_current_l{n}", "3.0", {"unit_of_measurement": "A"})
    await hass.async_block_till_done()
    after = by_code(await audit())
    assert "meter_silent" not in after
    assert after["meter_ok"]["subject"] == "Home"
    await site.stop_all(True)
    assert (await audit())["items"][0]["code"] == "stopped"


async def test_a_notification(hass: HomeAssistant, site: Site, audit: Audit, site_entry: MockConfigEntry) -> None:
    answer = await audit(notify=True)
    shown = hass.data["persistent_notification"]
    notification = shown[f"offline_evse_audit_{site_entry.entry_id}"]
    assert notification["title"] == "Home: is it ready?"
    assert notification["message"] == answer["report"]
    await audit(notify=True)
    assert len(shown) == 1
    persistent_notification.async_dismiss(hass, f"offline_evse_audit_{site_entry.entry_id}")
    await audit()
    assert not shown


def codes() -> set[str]:
    """Every code that anything in the audit can find, read from where it is found."""
    folders = (Path(site_audit.__path__[0]), Path(audit_package.__path__[0]))
    text = "".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("*.py"))
    return {*re.findall(r'(?:passed|warned|failed)\(\s*"(\w+)"', text), *FINDINGS}


def test_every_finding_has_its_sentence_and_its_advice() -> None:
    told_codes = {
        key.removeprefix("audit_")
        for key in SENTENCES
        if not key.endswith("_do") and not key.startswith(("audit_verdict_", "audit_trouble_", "audit_title"))
    }
    assert told_codes == codes()
    advised = {key.removeprefix("audit_").removesuffix("_do") for key in SENTENCES if key.endswith("_do")}
    well = {code for code in codes() if code.endswith(("_ok", "_none", "_off", "_unlimited", "_passed"))}
    well |= {"charger_connected", "link_online"}
    well -= {"chargers_none", "list_none", "lists_off", "backup_none"}
    assert advised == codes() - well
    troubles = {key.removeprefix("audit_trouble_") for key in SENTENCES if key.startswith("audit_trouble_")}
    assert troubles == {trouble.value for trouble in LinkTrouble if trouble.misconfigured}


@pytest.mark.parametrize("code", FINDINGS)
async def test_a_sentence_is_filled_in(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, code: str) -> None:
    facts, level = FINDINGS[code]
    items = [item for item in checked(facts) if item.code == code]
    (described,) = told(hass, site_entry, items)["items"]
    assert described["level"] == level.value
    assert not described["sentence"].startswith("audit_")
    assert "{" not in described["sentence"] + described["advice"]
    assert bool(described["advice"]) is (level is not AuditLevel.PASS)


async def test_chargers_and_backends_go_by_their_names(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry
) -> None:
    facts, _ = FINDINGS["link_misconfigured"]
    site.state.upstreams.update(facts.upstreams)
    (link,) = [item for item in checked(facts) if item.code == "link_misconfigured"]
    items = (link, failed("tree_fuse_below_charger", None, evse="CP-1/1", circuit="Main", limit="5", minimum="6"))
    first, second = told(hass, site_entry, items)["items"]
    assert first["sentence"] == (
        "Monta refuses this site: it does not take the password or certificate. Sessions that wait: 0."
    )
    assert second["sentence"].startswith("Garage 1 cannot charge in Main")


class Backups:
    """A backup manager with these backups."""

    def __init__(self, *days: float, automatic: float | None = None, error: Exception | None = None) -> None:
        made = None if automatic is None else dt_util.utcnow() - timedelta(days=automatic)
        self.config = SimpleNamespace(data=SimpleNamespace(last_completed_automatic_backup=made))
        listed = {
            str(number): SimpleNamespace(date=(dt_util.utcnow() - timedelta(days=age)).isoformat())
            for number, age in enumerate(days)
        }
        self.async_get_backups = AsyncMock(return_value=(listed, {}), side_effect=error)


@pytest.mark.parametrize(
    ("backups", "code", "days"),
    [
        (Backups(automatic=1), "backup_ok", 1),
        (Backups(30.0, 2.0, automatic=40), "backup_ok", 2),
        (Backups(30.0), "backup_old", 30),
        (Backups(), "backup_none", None),
        (Backups(error=HomeAssistantError("away"), automatic=10), "backup_old", 10),
        (None, "backup_unknown", None),
    ],
)
async def test_backups(
    hass: HomeAssistant,
    site: Site,
    site_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    backups: Backups | None,
    code: str,
    days: int | None,
) -> None:
    if backups is not None:
        hass.config.components.add("backup")
        monkeypatch.setattr("homeassistant.components.backup.async_get_manager", lambda _: backups)
    item = (await home_checks(hass, site_entry))[0]
    assert item.code == code
    assert item.figures.get("days") == days


def heard(*readers: dict[str, Any], scanners: int = 0) -> Any:
    diagnostics = {"scanners": [{}] * scanners, "readers": {"pucks": list(readers)}}
    return SimpleNamespace(diagnostics=lambda: diagnostics)


READER = {"charger": "CP-1", "there": True, "misplaced": False}


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        (None, ["ble_unavailable"]),
        (heard(), ["ble_deaf"]),
        (heard(scanners=1), ["ble_ok"]),
        (heard(READER), ["ble_ok"]),
        (heard(READER | {"there": False}), ["ble_ok", "ble_reader_gone"]),
        (heard(READER | {"misplaced": True}), ["ble_ok", "ble_reader_misplaced"]),
    ],
)
async def test_bluetooth(
    hass: HomeAssistant,
    site: Site,
    site_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    opened: Any,
    expected: list[str],
) -> None:
    off = (await home_checks(hass, site_entry))[1:]
    assert [item.code for item in off] == ["ble_off"]
    on = replace(bluetooth_set_up(site_entry), enabled=True)
    monkeypatch.setattr(home_checks_module, "bluetooth_set_up", lambda _: on)
    site_entry.runtime_data.bluetooth.open = opened
    found: tuple[AuditItem, ...] = (await home_checks(hass, site_entry))[1:]
    site_entry.runtime_data.bluetooth.open = None
    assert [item.code for item in found] == expected
