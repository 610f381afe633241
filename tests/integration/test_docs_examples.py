"""Examples in the documentation can be pasted, and what it names is there."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.components.script.config import async_validate_config_item as async_validate_script
from homeassistant.core import HomeAssistant, split_entity_id
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.template import is_template_string
from homeassistant.setup import async_setup_component
from homeassistant.util import slugify
from homeassistant.util.yaml import load_yaml_dict, parse_yaml
import pytest
import voluptuous as vol

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.offer import LimitReason

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "custom_components" / DOMAIN
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
TEXTS: dict[str, Any] = json.loads((COMPONENT / "translations" / "en.json").read_text(encoding="utf-8"))
BALANCING = (ROOT / "docs" / "load-balancing.md").read_text(encoding="utf-8")
USING = (ROOT / "docs" / "using.md").read_text(encoding="utf-8")

SOMEBODY_ELSES = {
    "binary_sensor.garage_smoke",
    "binary_sensor.ripple_relay",
    "calendar.work",
    "event.wall_button_action",
    "notify.front_desk",
    "notify.phone",
    "switch.contactor_of_the_chargers",
}
"""What a reader has of his own."""

EXAMPLES = [
    pytest.param(text, id=f"{path.stem}-{number}")
    for path in DOCS
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL), 1)
]


def parsed(text: str) -> dict[str, Any]:
    """Read an example, with a lone action as a sequence of one."""
    read = parse_yaml(text)
    assert isinstance(read, dict)
    return read


def steps(part: object) -> Iterator[dict[str, Any]]:
    """Find every action in an example, however deep."""
    if isinstance(part, dict):
        if "action" in part:
            yield part
        for inner in part.values():
            yield from steps(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from steps(inner)


def strings(part: object) -> Iterator[str]:
    """Find every text in an example, however deep."""
    if isinstance(part, str):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from strings(inner)


def entities(text: str) -> set[str]:
    """Return all entity ids in an example, those in templates included."""
    found = re.findall(r"\b((?:[a-z]+_)*[a-z]+\.[a-z0-9_]+)\b", text)
    known = {"binary_sensor", "button", "calendar", "event", "notify", "number", "select", "sensor", "switch", "time"}
    actions = {step["action"] for step in steps(parsed(text))}
    return {it for it in found if split_entity_id(it)[0] in known and it not in actions}


def is_ours(entity_id: str) -> bool:
    """Tell whether an entity can be one of ours, by its platform and the end of its name."""
    platform, name = split_entity_id(entity_id)
    return any(
        name.endswith(f"_{slugify(described['name'])}")
        for described in TEXTS["entity"].get(platform, {}).values()
        if "name" in described
    )


async def faults(hass: HomeAssistant, text: str) -> list[str]:
    """Return what Home Assistant and our actions have against an example."""
    for component in (DOMAIN, "automation", "script"):
        assert await async_setup_component(hass, component, {})
    example = parsed(text)
    found = []
    try:
        if "triggers" in example:
            await async_validate_config_item(hass, "example", {"id": "example", "alias": "Example"} | example)
        else:
            await async_validate_script(hass, "example", {"alias": "Example", "sequence": [example]})
    except (vol.Invalid, HomeAssistantError) as err:
        found.append(str(err))
    for step in steps(example):
        domain, name = step["action"].split(".")
        if domain == DOMAIN:
            found.extend(action_faults(hass, name, step.get("data", {})))
    return found


def action_faults(hass: HomeAssistant, name: str, data: str | dict[str, Any]) -> Iterator[str]:
    """Tell what is wrong with the data of one of our actions; what a template comes to is not known."""
    service = hass.services.async_services_for_domain(DOMAIN).get(name)
    if service is None or service.schema is None:
        yield f"there is no action {name}"
        return
    fields = set(re.findall(r"'(\w+)':", data)) if isinstance(data, str) else set(data)
    yield from (f"{name} has no field {field}" for field in sorted(fields - described_fields(name)))
    yield from (f"{name} needs {field}" for field in sorted(required_fields(name) - fields))
    if isinstance(data, str):
        return
    plain = {key: value for key, value in data.items() if not (isinstance(value, str) and is_template_string(value))}
    filled = {key: "x" for key in required_fields(name) if key in data and key not in plain}
    try:
        service.schema(plain | filled)
    except vol.Invalid as err:
        yield f"{name}: {err}"


@pytest.mark.parametrize("text", EXAMPLES)
async def test_example_is_valid(hass: HomeAssistant, text: str) -> None:
    assert await faults(hass, text) == []


BAD_EXAMPLES = {
    "no such action": "action: offline_evse.charge_now",
    "no such field": "action: offline_evse.list_sessions\ndata: {until: 2026-11-21}",
    "field missing": "action: offline_evse.enrol_card\ndata: {card: A1}",
    "too much": "action: offline_evse.simulate\ndata: {cars: 500}",
    "no such trigger": "triggers: [{trigger: time_of_day}]\nactions: [{action: offline_evse.resume_charging}]",
    "action within a choice": "triggers: []\nactions: [{if: [], then: [{action: offline_evse.set_limit}]}]",
}


@pytest.mark.parametrize("text", BAD_EXAMPLES.values(), ids=list(BAD_EXAMPLES))
async def test_a_bad_example_is_found(hass: HomeAssistant, text: str) -> None:
    assert await faults(hass, text) != []


def described_fields(name: str) -> set[str]:
    """Return the fields of an action as people see them."""
    return set(load_yaml_dict(str(COMPONENT / "services.yaml"))[name].get("fields", {}))


def required_fields(name: str) -> set[str]:
    """Return the fields that an action cannot do without."""
    fields = load_yaml_dict(str(COMPONENT / "services.yaml"))[name].get("fields", {})
    return {key for key, field in fields.items() if field.get("required")}


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 10
    assert {step["action"] for example in EXAMPLES for step in steps(parsed(str(example.values[0])))} >= {
        f"{DOMAIN}.set_departure",
        f"{DOMAIN}.set_grid_limit",
        f"{DOMAIN}.stop_all_charging",
    }


@pytest.mark.parametrize("text", EXAMPLES)
def test_example_names_entities_that_there_are(text: str) -> None:
    assert {it for it in entities(text) if it not in SOMEBODY_ELSES and not is_ours(it)} == set()


def test_every_action_is_told() -> None:
    told = dict(re.findall(r"^\| `offline_evse\.(\w+)` \| ([^|]*)", USING, re.MULTILINE))
    services = load_yaml_dict(str(COMPONENT / "services.yaml"))
    assert set(told) == set(services)
    for name, fields in told.items():
        named = set(re.findall(r"`(\w+)`", fields))
        assert named == described_fields(name) - {"config_entry_id"}, name


def test_every_entity_is_told() -> None:
    tables = " ".join(line for line in USING.splitlines() if line.startswith("|")).lower()
    names = {it["name"].lower() for platform in TEXTS["entity"].values() for it in platform.values() if "name" in it}
    per_phase = {name for name in names if re.search(r" l[123]$", name)}
    assert {name for name in names - per_phase if name.split(" l1")[0] not in tables} == set()


def labels(part: Mapping[str, Any]) -> Iterator[str]:
    """Find the label of every field of every form."""
    for key, inner in part.items():
        if key == "data":
            yield from inner.values()
        elif isinstance(inner, dict):
            yield from labels(inner)


def test_every_field_is_told() -> None:
    told = " ".join(path.read_text(encoding="utf-8") for path in DOCS).lower()
    fields = {label for flow in ("config", "config_subentries", "options") for label in labels(TEXTS[flow])}
    assert len(fields) > 80
    per_phase = {label for label in fields if re.search(r" L[123]\b", label)}
    assert {label for label in fields - per_phase - {"What next?"} if label.lower() not in told} == set()


def test_every_reason_is_told_in_its_words() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|$", BALANCING.partition("## The sentences")[2], re.MULTILINE)
    assert {reason for reason, _ in rows} <= set(LimitReason)
    templates = {
        key: re.compile(re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(text["message"])))
        for key, text in TEXTS["exceptions"].items()
        if key.startswith("why_") and key not in ("why_missing", "why_somewhere", "why_waiting_turn")
    }
    told = {key for key, pattern in templates.items() if any(pattern.fullmatch(sentence) for _, sentence in rows)}
    assert told == set(templates)
    assert [sentence for _, sentence in rows if not any(it.fullmatch(sentence) for it in templates.values())] == []


def test_links_lead_somewhere() -> None:
    lost = []
    for path in DOCS:
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if re.match(r"https?://", target):
                continue
            file, _, anchor = target.partition("#")
            there = path if not file else (path.parent / file)
            if not there.exists() or (anchor and anchor not in anchors(there)):
                lost.append(f"{path.name}: {target}")
    assert lost == []


def anchors(path: Path) -> set[str]:
    """Return what headings of a document can be linked by."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
