"""Texts, icons, actions, manifest and quality scale are as Home Assistant demands; and each rule sees its breach."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

import homeassistant.components
from homeassistant.util.yaml import load_yaml_dict
import pytest

from . import texts

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "custom_components" / "offline_evse"
LANGUAGES = sorted((COMPONENT / "translations").glob("*.json"))


def content(name: str) -> dict[str, Any]:
    return json.loads((COMPONENT / name).read_text(encoding="utf-8"))


def descriptions(kind: str) -> dict[str, Any]:
    file = COMPONENT / f"{kind}.yaml"
    return load_yaml_dict(str(file)) if file.is_file() else {}


@pytest.fixture(name="english")
def english_texts() -> dict[str, Any]:
    return content("translations/en.json")


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda path: path.stem)
def test_texts(language: Path, english: dict[str, Any]) -> None:
    other = json.loads(language.read_text(encoding="utf-8"))
    assert [*texts.translation_faults(other), *texts.language_faults(english, other)] == []


def test_icons(english: dict[str, Any]) -> None:
    assert list(texts.icon_faults(content("icons.json"), english)) == []


@pytest.mark.parametrize("kind", ["services", "triggers", "conditions"])
def test_descriptions(kind: str, english: dict[str, Any]) -> None:
    assert list(texts.description_faults(kind, descriptions(kind), english, content("icons.json"))) == []


def test_manifest() -> None:
    manifest = content("manifest.json")
    assert [*texts.manifest_faults(manifest), *texts.undeclared_components(COMPONENT, manifest)] == []
    assert manifest["domain"] == COMPONENT.name


def test_manifest_pins_what_is_tested() -> None:
    tested = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [pin for pin in content("manifest.json")["requirements"] if pin not in tested] == []


def test_quality_scale() -> None:
    peblar = Path(homeassistant.components.__path__[0]) / "peblar" / "quality_scale.yaml"
    scale = load_yaml_dict(str(COMPONENT / "quality_scale.yaml"))
    assert list(texts.quality_faults(scale, set(load_yaml_dict(str(peblar))["rules"]))) == []


def test_brand_images_are_png_with_the_right_size() -> None:
    for name, size in (("icon.png", 256), ("icon@2x.png", 512)):
        head = (COMPONENT / "brand" / name).read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert [int.from_bytes(head[i : i + 4]) for i in (16, 20)] == [size, size]


GOOD_MANIFEST = {
    "domain": "a",
    "name": "A",
    "codeowners": ["@a"],
    "config_flow": True,
    "documentation": "https://a",
    "integration_type": "hub",
    "iot_class": "local_push",
    "issue_tracker": "https://a",
    "requirements": ["a==1"],
    "version": "1.0.0",
}
FIELD = {"name": "F", "description": "F."}
SERVICE = {"name": "S", "description": "S.", "fields": {"f": FIELD}}
ACTION = {"s": {"fields": {"f": {"selector": {"text": None}}}}}

BREACHES: dict[str, Iterator[str]] = {
    "unknown section": texts.translation_faults({"entitty": {}}),
    "blank at the end": texts.translation_faults({"title": "A "}),
    "html": texts.translation_faults({"title": "<b>A</b>"}),
    "url": texts.translation_faults({"title": "see https://a.example/b"}),
    "reference": texts.translation_faults({"title": "[%key:common::a%]"}),
    "quoted placeholder": texts.translation_faults({"title": "the '{name}'"}),
    "open bracket": texts.translation_faults({"title": "the {name"}),
    "placeholder without name": texts.translation_faults({"title": "the {}"}),
    "placeholder in a state": texts.translation_faults({"entity": {"sensor": {"a": {"state": {"b": "{c}"}}}}}),
    "no key": texts.translation_faults({"exceptions": {"Bad Key": {"message": "A"}}}),
    "no platform": texts.translation_faults({"entity": {"toaster": {"a": {"name": "A"}}}}),
    "field not described": texts.translation_faults({"config": {"step": {"user": {"data": {"a": "A"}}}}}),
    "described, no field": texts.translation_faults({"options": {"step": {"i": {"data_description": {"a": "A"}}}}}),
    "section not described": texts.translation_faults(
        {"config": {"step": {"user": {"sections": {"more": {"data": {"a": "A"}}}}}}}
    ),
    "subentry without a button": texts.translation_faults({"config_subentries": {"charger": {"entry_type": "A"}}}),
    "issue without an end": texts.translation_faults({"issues": {"a": {"title": "A"}}}),
    "exception with a title": texts.translation_faults({"exceptions": {"a": {"message": "A", "title": "A"}}}),
    "missing in a language": texts.language_faults({"title": "A"}, {}),
    "other placeholders": texts.language_faults({"title": "{a}"}, {"title": "{b}"}),
    "no such icon": texts.icon_faults({"services": {"a": {"service": "fa:car"}}}, {}),
    "icon without a text": texts.icon_faults({"entity": {"sensor": {"a": {"default": "mdi:car"}}}}, {}),
    "icon repeated": texts.icon_faults(
        {"entity": {"sensor": {"a": {"state_attributes": {"b": {"default": "mdi:car", "state": {"c": "mdi:car"}}}}}}},
        {"entity": {"sensor": {"a": {"name": "A"}}}},
    ),
    "action without a text": texts.description_faults("services", ACTION, {}, {"services": {"s": {}}}),
    "action without an icon": texts.description_faults("services", ACTION, {"services": {"s": SERVICE}}, {}),
    "text without an action": texts.description_faults("services", {}, {"services": {"s": SERVICE}}, {}),
    "field without a text": texts.description_faults(
        "services", ACTION, {"services": {"s": {"name": "S", "description": "S."}}}, {"services": {"s": {}}}
    ),
    "no such selector": texts.description_faults(
        "services",
        {"s": {"fields": {"f": {"selector": {"dial": None}}}}},
        {"services": {"s": SERVICE}},
        {"services": {"s": {}}},
    ),
    "selector without texts": texts.selector_faults("f", {"select": {"options": ["a"], "translation_key": "b"}}, {}),
    "manifest out of order": texts.manifest_faults({**GOOD_MANIFEST, "bluetooth": []}),
    "manifest without a version": texts.manifest_faults({k: v for k, v in GOOD_MANIFEST.items() if k != "version"}),
    "requirement not pinned": texts.manifest_faults({**GOOD_MANIFEST, "requirements": ["a>=1"]}),
    "rule left out": texts.quality_faults({"rules": {}}, {"brands"}),
    "exempt without a reason": texts.quality_faults({"rules": {"brands": {"status": "exempt"}}}, {"brands"}),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_sees_a_breach(breach: str) -> None:
    assert list(BREACHES[breach]) != []


def test_sees_a_component_that_is_not_declared(tmp_path: Path) -> None:
    (tmp_path / "sensor.py").write_text("from homeassistant.components import bluetooth, sensor\n", encoding="utf-8")
    assert list(texts.undeclared_components(tmp_path, {})) == ["sensor.py: uses bluetooth"]
    assert list(texts.undeclared_components(tmp_path, {"dependencies": ["bluetooth"]})) == []


def test_leaves_the_good_alone() -> None:
    assert list(texts.manifest_faults(GOOD_MANIFEST)) == []
    icons = {"services": {"s": {"service": "mdi:car"}}}
    assert list(texts.description_faults("services", ACTION, {"services": {"s": SERVICE}}, icons)) == []
    assert list(texts.quality_faults({"rules": {"brands": "done"}}, {"brands"})) == []
