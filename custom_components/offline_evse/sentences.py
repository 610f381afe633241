"""Sentences with names and numbers, in the language of Home Assistant."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN

LONGEST: Final = 255
"""What a state may hold."""

_CATEGORY: Final = "exceptions"
"""The one place where Home Assistant lets a translation have placeholders that are filled in here."""


class Sentences:
    """Fills translated sentences in. They are kept beside the texts of errors, and rendered as those are."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Speak as this Home Assistant does."""
        self._hass = hass

    @callback
    def say(self, key: str, **filled: str) -> str:
        """Return the sentence of that key, filled in; in English where it has not been translated."""
        for language in (self._hass.config.language, "en"):
            texts = async_get_cached_translations(self._hass, language, _CATEGORY, DOMAIN)
            if text := texts.get(f"component.{DOMAIN}.{_CATEGORY}.{key}.message"):
                return text.format(**filled)[:LONGEST]
        return key


def amperes(current_a: float) -> str:
    """Write a current for people."""
    return f"{round(current_a, 1):g}"


def kilowatts(power_w: float) -> str:
    """Write a power for people."""
    return f"{round(power_w / 1000, 1):g}"
