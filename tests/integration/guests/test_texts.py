"""The page's texts are complete in every language, and the bundle is built from the sources that are here."""

from hashlib import sha256
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.offline_evse.engine.model.decision import Refusal
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.guest.settings import LANGUAGES
from custom_components.offline_evse.guest.waiting import WHY
from custom_components.offline_evse.guest.words import FOLDER, read_words

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "frontend" / "guest" / "src"
PAGE = FOLDER.parent / "page"
WORDS = read_words()

SAID_AS_OTHER = {
    Refusal.LEVEL_TOO_LOW,
    Refusal.VEHICLE_ALONE,
    Refusal.BACKEND,
    Refusal.STALE,
    Refusal.SITE_TOTAL,
    Refusal.NOT_RECORDED,
    Refusal.CLOCK,
}
"""What a guest can do nothing about: the desk is named instead."""


def leaves(tree: dict[str, Any], way: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for key, value in tree.items():
        found |= leaves(value, (*way, key)) if isinstance(value, dict) else {(*way, key): value}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything_with_the_same_blanks(language: str) -> None:
    english, other = leaves(WORDS["en"]), leaves(WORDS[language])
    assert english.keys() == other.keys()
    blanks = {way: set(re.findall(r"\{\w+\}", text)) for way, text in english.items()}
    assert {way: set(re.findall(r"\{\w+\}", text)) for way, text in other.items()} == blanks
    assert all(text.strip() == text and text for text in other.values())


def test_every_limit_has_a_sentence() -> None:
    assert WHY.keys() == set(LimitReason)
    assert {key for key in WHY.values() if key} | {"turn_minutes"} == WORDS["en"]["why"].keys()


def test_every_refusal_has_a_sentence() -> None:
    said = {Refusal(key) for key in WORDS["en"]["refused"] if key != "other"}
    assert said | SAID_AS_OTHER == set(Refusal)


def test_the_bundle_is_built_from_these_sources() -> None:
    digest = sha256()
    for folder in (SOURCES, FOLDER):
        for source in sorted(folder.iterdir(), key=lambda it: it.name):
            digest.update(source.read_bytes())
    first_line = (PAGE / "guest.js").read_text(encoding="utf-8").partition("\n")[0]
    assert digest.hexdigest() in first_line, "run `npm run build` in frontend/guest"
    for file in (ROOT / "frontend" / "guest" / "static").iterdir():
        assert (PAGE / file.name).read_bytes() == file.read_bytes()


def test_the_page_has_no_address_of_anybody_else() -> None:
    for file in PAGE.iterdir():
        addresses = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+[^\s\"')]*", file.read_text(encoding="utf-8")))
        # The name of SVG is a name, and is never looked up.
        assert addresses <= {"http://www.w3.org/2000/svg"}, file.name


def test_the_page_makes_no_markup_of_texts() -> None:
    script = (PAGE / "guest.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script)


def test_the_page_is_small() -> None:
    assert sum(file.stat().st_size for file in PAGE.iterdir()) < 60_000
    assert (
        json.loads((ROOT / "frontend" / "guest" / "package.json").read_text(encoding="utf-8")).get("dependencies")
        is None
    )
