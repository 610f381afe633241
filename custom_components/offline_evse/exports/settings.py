"""What the options say of files that are written by themselves."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigEntry

OPTION_EXPORTS: Final = "exports"
CONF_AT: Final = "at"
CONF_EVERY: Final = "every"
CONF_KEEP: Final = "keep"
CONF_NAMES: Final = "names"

DEFAULT_AT: Final = time(3, 15)
DEFAULT_KEEP: Final = 60


class Every(StrEnum):
    """How often a file is written."""

    NEVER = "never"
    DAY = "day"
    WEEK = "week"
    """On Mondays."""
    MONTH = "month"
    """On the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings:
    """When files are written, what is in them, and how many are kept."""

    every: Every = Every.NEVER
    at: time = DEFAULT_AT
    """Local time."""
    keep: int = DEFAULT_KEEP
    names: bool = False
    """Card holders are named in the table of sessions."""

    @classmethod
    def of(cls, entry: ConfigEntry) -> Self:
        """Read the options; never, where they say nothing."""
        kept: dict[str, Any] = entry.options.get(OPTION_EXPORTS, {})
        return cls(
            every=Every(kept.get(CONF_EVERY, Every.NEVER)),
            at=time.fromisoformat(kept.get(CONF_AT, DEFAULT_AT.isoformat())),
            keep=int(kept.get(CONF_KEEP, DEFAULT_KEEP)),
            names=bool(kept.get(CONF_NAMES, False)),
        )

    def due_since(self, now: datetime) -> datetime | None:
        """Return the last moment, local time, at which a file was to be written; None: there is none to be."""
        if self.every is Every.NEVER:
            return None
        day = now.date() if now.time() >= self.at else now.date() - timedelta(days=1)
        if self.every is Every.WEEK:
            day -= timedelta(days=day.weekday())
        elif self.every is Every.MONTH:
            day = day.replace(day=1)
        return datetime.combine(day, self.at, now.tzinfo)
