"""What Home Assistant's own checker demands of an integration's texts, icons and manifest.

Every function yields the faults it finds as sentences; no fault, nothing yielded.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
import re
from string import Formatter
from typing import Any

from homeassistant.const import Platform
from homeassistant.helpers.selector import validate_selector
import voluptuous as vol

type Json = Mapping[str, Any]

TOP_LEVEL = frozenset(
    {
        "common",
        "conditions",
        "config",
        "config_subentries",
        "device",
        "entity",
        "exceptions",
        "issues",
        "options",
        "selector",
        "services",
        "system_health",
        "title",
        "triggers",
    }
)
KEY = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
HTML = re.compile(r"</?[a-zA-Z!]")
URL = re.compile(r"\b([a-z]+://|www\.)\S+", re.IGNORECASE)
QUOTED_PLACEHOLDER = re.compile(r"'\{\w+\}'")
ICON = re.compile(r"mdi:[a-z0-9]+(-[a-z0-9]+)*")
FLOW_WORDS = frozenset({"flow_title", "step", "error", "abort", "progress", "create_entry", "initiate_flow"})
STEP_WORDS = frozenset(
    {
        "title",
        "description",
        "data",
        "data_description",
        "menu_options",
        "menu_option_descriptions",
        "submit",
        "sections",
    }
)
IOT_CLASSES = frozenset({"assumed_state", "calculated", "cloud_polling", "cloud_push", "local_polling", "local_push"})
# Components that may be used without naming them: every entity platform, and what every Home Assistant has loaded.
ALWAYS_THERE = frozenset(Platform) | {
    "automation",
    "conversation",
    "device_automation",
    "diagnostics",
    "frontend",
    "homeassistant",
    "persistent_notification",
    "script",
    "system_health",
    "webhook",
    "websocket_api",
    "zone",
}


def leaves(tree: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that is not a mapping, with the way to it."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def placeholders(text: str) -> set[str]:
    """The names in curly brackets. Raises ValueError where the brackets do not match."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def text_faults(path: tuple[str, ...], text: object) -> Iterator[str]:
    """Yield what is wrong with one text by itself."""
    where = ".".join(path)
    if not isinstance(text, str) or not text:
        yield f"{where}: is no text"
        return
    if text != text.strip():
        yield f"{where}: begins or ends with a blank"
    if HTML.search(text):
        yield f"{where}: has HTML in it"
    if URL.search(text):
        yield f"{where}: has a URL in it; hand it over as a placeholder"
    if "[%" in text:
        yield f"{where}: refers to another text, which only Home Assistant's own build resolves"
    if QUOTED_PLACEHOLDER.search(text):
        yield f"{where}: has a placeholder in single quotes"
    try:
        names = placeholders(text)
    except ValueError as error:
        yield f"{where}: {error}"
        return
    if not all(name.isidentifier() for name in names):
        yield f"{where}: has a placeholder without a proper name"
    if names and path[0] == "entity" and path[-1] != "name":
        yield f"{where}: a state cannot have placeholders"


def flow_faults(where: str, flow: Json) -> Iterator[str]:
    """Yield what is wrong with the texts of one flow: every field is named and described, nothing else is."""
    if unknown := set(flow) - FLOW_WORDS - {"entry_type"}:
        yield f"{where}: unknown {sorted(unknown)}"
    for name, step in flow.get("step", {}).items():
        if unknown := set(step) - STEP_WORDS:
            yield f"{where}.{name}: unknown {sorted(unknown)}"
        forms = {"": step} | step.get("sections", {})
        for section, form in forms.items():
            fields, described = set(form.get("data", {})), set(form.get("data_description", {}))
            if fields != described:
                yield f"{where}.{name}.{section}: {sorted(fields ^ described)} lack a name or a description"


def translation_faults(texts: Json) -> Iterator[str]:
    """Yield what is wrong with one language's file."""
    if unknown := set(texts) - TOP_LEVEL:
        yield f"unknown {sorted(unknown)}"
    for path, text in leaves(texts):
        yield from text_faults(path, text)
        # Selector options are values, and values may be anything; every other name is a key.
        yield from (
            f"{'.'.join(path)}: {key} is no key" for key in path if path[0] != "selector" and not KEY.fullmatch(key)
        )
    for name in ("config", "options"):
        yield from flow_faults(name, texts.get(name, {}))
    for name, flow in texts.get("config_subentries", {}).items():
        yield from flow_faults(name, flow)
        if "entry_type" not in flow or "user" not in flow.get("initiate_flow", {}):
            yield f"config_subentries.{name}: needs entry_type and initiate_flow.user"
    for domain, entities in texts.get("entity", {}).items():
        if domain not in set(Platform):
            yield f"entity.{domain}: is no platform"
        for name, entity in entities.items():
            if unknown := set(entity) - {"name", "state", "state_attributes", "unit_of_measurement"}:
                yield f"entity.{domain}.{name}: unknown {sorted(unknown)}"
    for name, exception in texts.get("exceptions", {}).items():
        if set(exception) != {"message"}:
            yield f"exceptions.{name}: is a message and nothing else"
    for name, issue in texts.get("issues", {}).items():
        if set(issue) not in ({"title", "description"}, {"title", "fix_flow"}):
            yield f"issues.{name}: is a title with either a description or a fix_flow"
        yield from flow_faults(f"issues.{name}", issue.get("fix_flow", {}))


def language_faults(english: Json, other: Json) -> Iterator[str]:
    """Yield where another language says more, less, or with other placeholders than English."""
    ours, theirs = dict(leaves(english)), dict(leaves(other))
    for path in sorted(ours.keys() ^ theirs.keys()):
        yield f"{'.'.join(path)}: is in one language only"
    for path in sorted(ours.keys() & theirs.keys()):
        if placeholders(ours[path]) != placeholders(theirs[path]):
            yield f"{'.'.join(path)}: has other placeholders than English"


def icon_faults(icons: Json, texts: Json) -> Iterator[str]:
    """Yield what is wrong with the icons, and icons of entities that have no name."""
    for path, icon in leaves(icons):
        if not isinstance(icon, str) or not ICON.fullmatch(icon):
            yield f"{'.'.join(path)}: {icon} is no Material Design icon"
    for domain, entities in icons.get("entity", {}).items():
        for name, entity in entities.items():
            if name not in texts.get("entity", {}).get(domain, {}):
                yield f"entity.{domain}.{name}: has an icon and no text"
            for attribute, shown in entity.get("state_attributes", {}).items():
                repeats = [state for state, icon in shown.get("state", {}).items() if icon == shown.get("default")]
                yield from (f"entity.{domain}.{name}.{attribute}.{state}: repeats the default" for state in repeats)


def description_faults(kind: str, described: Json, texts: Json, icons: Json) -> Iterator[str]:
    """Yield where a services.yaml, triggers.yaml or conditions.yaml and its texts and icons do not match."""
    named = texts.get(kind, {})
    public = {name: body or {} for name, body in described.items() if not name.startswith(".")}
    for name in sorted(public.keys() ^ named.keys()):
        yield f"{kind}.{name}: has either no text or no description"
    for name in sorted(public.keys() ^ icons.get(kind, {}).keys()):
        yield f"{kind}.{name}: has either no icon or no description"
    for name in sorted(public.keys() & named.keys()):
        text = named[name]
        if not {"name", "description"} <= set(text):
            yield f"{kind}.{name}: needs a name and a description"
        fields: dict[str, Any] = {}
        for key, field in (public[name].get("fields") or {}).items():
            fields |= field["fields"] if "fields" in (field or {}) else {key: field}
        for key in sorted(fields.keys() ^ text.get("fields", {}).keys()):
            yield f"{kind}.{name}.{key}: is not in both the texts and the fields"
        for key, field in fields.items():
            if key in text.get("fields", {}) and not {"name", "description"} <= set(text["fields"][key]):
                yield f"{kind}.{name}.{key}: needs a name and a description"
            yield from selector_faults(f"{kind}.{name}.{key}", (field or {}).get("selector"), texts)


def selector_faults(where: str, selector: Json | None, texts: Json) -> Iterator[str]:
    """Yield what Home Assistant would not accept in one selector, or could not translate."""
    if selector is None:
        yield f"{where}: has no selector"
        return
    try:
        validate_selector(selector)
    except vol.Invalid as error:
        yield f"{where}: {error}"
    for options in selector.values():
        key = (options or {}).get("translation_key")
        if key is not None and key not in texts.get("selector", {}):
            yield f"{where}: selector {key} has no texts"


def manifest_faults(manifest: Json) -> Iterator[str]:
    """Yield what is wrong with the manifest by itself."""
    keys = list(manifest)
    if keys != ["domain", "name", *sorted(set(keys) - {"domain", "name"})]:
        yield "the keys are domain, name, and the rest from A to Z"
    needed = {"domain", "name", "codeowners", "config_flow", "documentation", "integration_type", "iot_class"}
    if missing := (needed | {"issue_tracker", "requirements", "version"}) - set(keys):
        yield f"there is no {sorted(missing)}"
    if "quality_scale" in manifest:
        yield "quality_scale is Home Assistant's to give"
    if manifest.get("iot_class") not in IOT_CLASSES:
        yield "the iot_class is unknown"
    for key in ("documentation", "issue_tracker"):
        if not str(manifest.get(key)).startswith("https://"):
            yield f"{key} is no https address"
    if not re.fullmatch(r"\d+\.\d+\.\d+([ab]\d+)?", str(manifest.get("version"))):
        yield "the version is none that an update could follow"
    yield from (f"{pin} is not pinned" for pin in manifest.get("requirements", []) if "==" not in pin)
    yield from (f"{owner} is no owner" for owner in manifest.get("codeowners", []) if not owner.startswith("@"))
    for key in ("dependencies", "after_dependencies"):
        if manifest.get(key, []) != sorted(manifest.get(key, [])):
            yield f"{key} are not in order"


def undeclared_components(folder: Path, manifest: Json) -> Iterator[str]:
    """Yield components of Home Assistant that are imported without standing in the manifest."""
    declared = {*manifest.get("dependencies", []), *manifest.get("after_dependencies", [])}
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                match name.split("."):
                    # A platform file, such as backup.py, may know the component that it is the platform of.
                    case ["homeassistant", "components", component, *_] if component not in declared | ALWAYS_THERE | {
                        file.stem
                    }:
                        yield f"{file.name}: uses {component}"


def quality_faults(scale: Json, rules: set[str]) -> Iterator[str]:
    """Yield rules of the quality scale that are unknown, left out, or neither done nor exempt with a reason."""
    claims = scale.get("rules", {})
    yield from (f"{rule}: is no rule, or left out" for rule in sorted(claims.keys() ^ rules))
    for rule, claim in claims.items():
        status, comment = (claim, "") if isinstance(claim, str) else (claim.get("status"), claim.get("comment"))
        if status not in {"done", "exempt", "todo"} or (status == "exempt" and not comment):
            yield f"{rule}: {status} without a reason"
