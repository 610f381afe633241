"""What a site lets guests do, as it is kept in the options of its entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigEntry

from ..engine.model.credential import Terms

OPTION_GUESTS: Final = "guests"

CONF_CHECK_OUT: Final = "check_out"
CONF_DAY_ENERGY: Final = "day_energy"
CONF_LANGUAGE: Final = "language"
CONF_PAGE: Final = "page"
CONF_PAGE_URL: Final = "page_url"
CONF_SESSION_ENERGY: Final = "session_energy"
CONF_TOTAL_ENERGY: Final = "total_energy"
CONF_WEBHOOK: Final = "webhook"
CONF_WEBHOOK_ID: Final = "webhook_id"
CONF_WEBHOOK_REMOTE: Final = "webhook_remote"

LANGUAGES: Final = ("en", "de", "fr", "nl", "es", "it")
"""Those that the guest page speaks."""

DEFAULT_CHECK_OUT: Final = time(11)
"""When a stay ends of which only the day is known; what most hotels have on the door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSettings:
    """The options for guests."""

    page: bool = False
    page_url: str | None = None
    """Under which address guests reach Home Assistant; None: as it knows its own."""
    language: str = LANGUAGES[0]
    """Of the page where the browser asks for none that it speaks, and of what is printed."""
    webhook_id: str | None = None
    """None: the hotel's own system may say nothing."""
    webhook_remote: bool = False
    """Whether it may come from outside the local network."""
    check_out: time = DEFAULT_CHECK_OUT
    limits: Terms = field(default_factory=Terms)
    """What a pass is good for that says nothing else of it."""

    @classmethod
    def of(cls, entry: ConfigEntry) -> Self:
        """Read them."""
        data: Mapping[str, Any] = entry.options.get(OPTION_GUESTS, {})
        check_out = data.get(CONF_CHECK_OUT)
        return cls(
            page=data.get(CONF_PAGE) is True,
            page_url=str(data[CONF_PAGE_URL]).rstrip("/") if data.get(CONF_PAGE_URL) else None,
            language=language if (language := data.get(CONF_LANGUAGE)) in LANGUAGES else LANGUAGES[0],
            webhook_id=data.get(CONF_WEBHOOK_ID) if data.get(CONF_WEBHOOK) is True else None,
            webhook_remote=data.get(CONF_WEBHOOK_REMOTE) is True,
            check_out=time.fromisoformat(check_out) if check_out else DEFAULT_CHECK_OUT,
            limits=Terms(
                session_wh=watt_hours(data.get(CONF_SESSION_ENERGY)),
                day_wh=watt_hours(data.get(CONF_DAY_ENERGY)),
                total_wh=watt_hours(data.get(CONF_TOTAL_ENERGY)),
            ),
        )


def watt_hours(energy_kwh: float | None) -> int | None:
    """Turn kWh as people give them into Wh."""
    return None if energy_kwh is None else round(energy_kwh * 1000)


def kilowatt_hours(energy_wh: int | None) -> float | None:
    """Turn Wh into kWh as people read them."""
    return None if energy_wh is None else energy_wh / 1000
