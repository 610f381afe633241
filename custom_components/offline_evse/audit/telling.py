"""Findings in words: what was seen, and what to do about it."""

from collections.abc import Iterable
from typing import Any, Final

from homeassistant.core import HomeAssistant

from ..devices import charger_subentry
from ..engine.site.audit.item import AuditItem, AuditLevel, by_urgency, worst
from ..runtime import OfflineEvseConfigEntry
from ..sentences import Sentences

_MARKS: Final = {AuditLevel.FAIL: "❌", AuditLevel.WARN: "⚠️", AuditLevel.PASS: "✅"}


def told(hass: HomeAssistant, entry: OfflineEvseConfigEntry, items: Iterable[AuditItem]) -> dict[str, Any]:
    """Return the findings as data with sentences, the worst first, and as a report."""
    say = Sentences(hass).say
    ordered = by_urgency(items)
    described = [_described(hass, entry, item) for item in ordered]
    level = worst(ordered)
    counts = {it.value: sum(item.level is it for item in ordered) for it in AuditLevel}
    lines = [say(f"audit_verdict_{level}", **{name: str(count) for name, count in counts.items()})]
    for item, told_item in zip(ordered, described, strict=True):
        if item.level is not AuditLevel.PASS:
            lines.append(f"- {_MARKS[item.level]} {told_item['sentence']} {told_item['advice']}")
    return {
        "level": level.value,
        "counts": counts,
        "items": described,
        "report": "\n".join(lines),
    }


def _described(hass: HomeAssistant, entry: OfflineEvseConfigEntry, item: AuditItem) -> dict[str, Any]:
    say = Sentences(hass).say
    filled = {name: _written(value) for name, value in item.figures.items()}
    subject = _subject(entry, item.subject)
    if evse := item.figures.get("evse"):
        station_id, _, number = str(evse).rpartition("/")
        filled["evse"] = f"{_subject(entry, station_id)} {number}"
    if trouble := item.figures.get("trouble"):
        filled["trouble"] = say(f"audit_trouble_{trouble}")
    key = f"audit_{item.code}"
    return {
        "code": item.code,
        "level": item.level.value,
        "subject": subject or None,
        "figures": dict(item.figures),
        "sentence": say(key, subject=subject, **filled),
        "advice": "" if item.level is AuditLevel.PASS else say(f"{key}_do", subject=subject, **filled),
    }


def _written(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"


def _subject(entry: OfflineEvseConfigEntry, subject: str | None) -> str:
    """Name what a finding is about: a charger, a circuit or a backend."""
    if subject is None:
        return ""
    site = entry.runtime_data.site
    if (charger := charger_subentry(entry, subject)) is not None:
        return charger.title
    if (circuit := site.state.layout.get(subject)) is not None:
        return circuit.name
    if (view := site.state.upstreams.get(subject)) is not None:
        return view.name
    return subject
