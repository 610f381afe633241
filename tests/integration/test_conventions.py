"""What Home Assistant expects of an integration, as far as files can show it."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import string
from typing import Any

from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.offline_evse.const import PLATFORMS

HOUSE = Path(__file__).parents[2] / "custom_components" / "offline_evse"
MODULES = {
    ".".join(path.relative_to(HOUSE).with_suffix("").parts): ast.parse(path.read_text())
    for path in HOUSE.rglob("*.py")
    if "engine" not in path.relative_to(HOUSE).parts
}
MANIFEST = json.loads((HOUSE / "manifest.json").read_text())
TEXTS = json.loads((HOUSE / "translations" / "en.json").read_text())
ICONS = json.loads((HOUSE / "icons.json").read_text())
ACTIONS = load_yaml_dict(str(HOUSE / "services.yaml"))
RULES: dict[str, Any] = load_yaml_dict(str(HOUSE / "quality_scale.yaml"))["rules"]


def functions(module: str) -> set[str]:
    return {
        node.name for node in ast.walk(MODULES[module]) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def leaves(texts: dict[str, Any]) -> Iterator[str]:
    for text in texts.values():
        if isinstance(text, dict):
            yield from leaves(text)
        else:
            yield text


def raised_keys() -> set[str]:
    """Translation keys of everything that is raised."""
    keys: set[str] = set()
    for tree in MODULES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                for keyword in node.exc.keywords:
                    if keyword.arg == "translation_key":
                        keys |= {each.value for each in ast.walk(keyword.value) if isinstance(each, ast.Constant)}
    return keys


def test_the_manifest_is_in_order() -> None:
    assert list(MANIFEST) == ["domain", "name", *sorted(MANIFEST.keys() - {"domain", "name"})]
    assert MANIFEST["config_flow"] is True
    assert MANIFEST["iot_class"] == "local_push"
    assert "single_config_entry" not in MANIFEST, "it would keep discovered chargers out"


def test_platforms_are_in_order_and_there() -> None:
    assert list(PLATFORMS) == sorted(PLATFORMS)
    assert {str(platform) for platform in PLATFORMS} <= MODULES.keys()


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_a_platform_says_how_much_it_does_at_a_time(platform: str) -> None:
    names = {
        target.id
        for node in MODULES[platform].body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert "PARALLEL_UPDATES" in names


def test_every_rule_is_answered() -> None:
    answers = {rule: answer if isinstance(answer, str) else answer["status"] for rule, answer in RULES.items()}
    assert set(answers.values()) <= {"done", "todo", "exempt"}
    assert len(answers) == 54
    assert [rule for rule, answer in RULES.items() if isinstance(answer, dict) and not answer.get("comment")] == []


@pytest.mark.parametrize(
    ("rule", "module", "function"),
    [
        ("action-setup", "__init__", "async_setup"),
        ("config-entry-unloading", "__init__", "async_unload_entry"),
        ("diagnostics", "diagnostics", "async_get_config_entry_diagnostics"),
        ("reconfiguration-flow", "config_flow", "async_step_reconfigure"),
        ("discovery", "config_flow", "async_step_integration_discovery"),
        ("repair-issues", "repairs", "async_create_fix_flow"),
    ],
)
def test_a_rule_that_is_done_can_be_seen(rule: str, module: str, function: str) -> None:
    assert RULES[rule] == "done"
    assert function in functions(module)


def test_every_error_has_a_text() -> None:
    assert raised_keys() <= TEXTS["exceptions"].keys()
    assert raised_keys()


def test_every_action_has_texts_and_an_icon() -> None:
    assert ACTIONS.keys() == TEXTS["services"].keys() == ICONS["services"].keys()
    for name, action in ACTIONS.items():
        assert action["fields"].keys() == TEXTS["services"][name]["fields"].keys()


def test_every_field_of_a_flow_is_described() -> None:
    flows = [TEXTS["config"], *TEXTS["config_subentries"].values()]
    for flow in flows:
        for name, step in flow["step"].items():
            for part in (step, *step.get("sections", {}).values()):
                assert part.get("data", {}).keys() == part.get("data_description", {}).keys(), name


def test_every_abort_and_error_of_the_flows_has_a_text() -> None:
    aborts = set[str]()
    flows = ("config_flow", "flows.backends.backend", "flows.charger", "flows.circuit")
    for tree in (MODULES[flow] for flow in flows):
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "reason" and isinstance(node.value, ast.Constant):
                aborts.add(str(node.value.value))
    subentries = TEXTS["config_subentries"]
    told = (
        TEXTS["config"]["abort"].keys() | subentries["charger"]["abort"].keys() | subentries["backend"]["abort"].keys()
    )
    assert aborts
    assert aborts <= told


@pytest.mark.parametrize(
    ("part", "filled"),
    [
        (
            "exceptions",
            {
                "alone",
                "backend",
                "charger",
                "circuit",
                "column",
                "columns",
                "count",
                "current",
                "day",
                "error",
                "event",
                "folder",
            }
            | {"hours", "limit", "load", "maximum", "minimum", "minutes", "missing", "name", "over", "path", "phase"}
            | {"port", "share", "taken", "time"}
            | {"cards", "connector", "days", "detail", "energy_kwh", "evse", "fail", "free_mb", "growth_mb", "known"}
            | {"largest_s", "limit_kwh", "now", "offset_s", "pass", "readers", "scanners", "site", "subject", "trouble"}
            | {"unit", "waiting", "wanted", "warn"},
        ),
        (
            "issues",
            {
                "card",
                "charger",
                "circuit",
                "drawn",
                "entities",
                "error",
                "factor",
                "first",
                "left",
                "limit",
                "minimum",
                "offered",
            }
            | {"old_port", "phase", "phases", "port", "reserve", "safe", "seen_in", "seen_on", "site", "station_id"}
            | {"time", "told", "wiring"}
            | {"address", "answer", "backend", "chargers", "count", "detail", "end", "energy", "holder", "identities"}
            | {"identity", "other", "upstream"}
            | {"message", "oldest", "reason", "remote_id", "since", "start", "waiting"},
        ),
        (
            "config",
            {"carries", "charger", "circuit", "entities", "error", "fuse", "maximum", "minimum", "name", "phases"}
            | {"port", "site", "station_id"},
        ),
        (
            "config_subentries",
            {"above", "carries", "charger", "chargers", "circuit", "entities", "fuse", "maximum", "minimum", "phases"}
            | {"remote_url", "url", "wired"}
            | {"address", "backend", "count", "detail", "example", "identity", "number", "other"},
        ),
        ("device", {"number"}),
    ],
)
def test_texts_name_only_what_is_filled_in(part: str, filled: set[str]) -> None:
    named = {name for text in leaves(TEXTS[part]) for _, name, _, _ in string.Formatter().parse(text) if name}
    assert named == filled
