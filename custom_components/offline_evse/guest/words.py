"""The texts of the guest page and of what is printed, in all languages that it speaks."""

import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant

from .settings import LANGUAGES

FOLDER = Path(__file__).parent / "words"

type Words = dict[str, Any]


def read_words() -> dict[str, Words]:
    """Read the texts of all languages. Reads files."""
    return {language: json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8")) for language in LANGUAGES}


async def load_words(hass: HomeAssistant) -> dict[str, Words]:
    """Read the texts beside the event loop."""
    return await hass.async_add_executor_job(read_words)


def best_language(accepted: str | None, otherwise: str) -> str:
    """Choose a language by an Accept-Language header (RFC 9110, 12.5.4); `otherwise`, where it names none of ours."""
    best, best_weight = otherwise, 0.0
    for part in (accepted or "")[:512].split(","):
        name, _, parameter = part.strip().partition(";")
        language = name.strip().partition("-")[0].lower()
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best
