"""What an audit finds, as values: told to people elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AuditLevel(StrEnum):
    """How a check came out."""

    PASS = "pass"
    WARN = "warn"
    """It works, but something in reserve is missing."""
    FAIL = "fail"
    """Somebody will stand there without energy, or something cannot be recorded."""


_RANK = {AuditLevel.PASS: 0, AuditLevel.WARN: 1, AuditLevel.FAIL: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditItem:
    """One check."""

    code: str
    """What was found; every code has one level and one sentence."""
    level: AuditLevel
    subject: str | None = None
    """Station id, circuit id or id of a backend that it is about; None: the site."""
    figures: Mapping[str, str | int | float] = field(default_factory=dict)
    """What the sentence is filled in with."""


def passed(code: str, subject: str | None = None, /, **figures: str | float) -> AuditItem:
    """All is well."""
    return AuditItem(code=code, level=AuditLevel.PASS, subject=subject, figures=figures)


def warned(code: str, subject: str | None = None, /, **figures: str | float) -> AuditItem:
    """Something in reserve is missing."""
    return AuditItem(code=code, level=AuditLevel.WARN, subject=subject, figures=figures)


def failed(code: str, subject: str | None = None, /, **figures: str | float) -> AuditItem:
    """It has to be seen to before the evening."""
    return AuditItem(code=code, level=AuditLevel.FAIL, subject=subject, figures=figures)


def worst(items: Iterable[AuditItem]) -> AuditLevel:
    """Return the worst level among items."""
    return max((item.level for item in items), key=_RANK.__getitem__, default=AuditLevel.PASS)


def by_urgency(items: Iterable[AuditItem]) -> tuple[AuditItem, ...]:
    """Put the worst first; otherwise the order stays."""
    return tuple(sorted(items, key=lambda item: -_RANK[item.level]))
