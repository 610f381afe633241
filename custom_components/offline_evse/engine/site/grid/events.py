"""What is recorded of grid events, one value per event."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...ledger.entry import Entry, moment


@dataclass(frozen=True, slots=True)
class GridRecord:
    """One entry of the ledger about an event."""

    seq: int
    at: datetime
    kind: str
    """`command`, `applied`, `sample` or `result`."""
    evse: str | None
    """`station/evse` where it is about one."""
    body: Mapping[str, Any]
    """As recorded: fractions are decimal strings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridEvent:
    """One event: its last command, how it came out, and everything recorded."""

    event_id: str
    source: str
    name: str | None
    received_at: datetime
    limit_w: float
    """As stated last."""
    applied_w: float
    """After the floor."""
    basis: str
    failsafe: bool
    time_to_comply_s: float | None
    max_over_w: float | None = None
    """The most by which the limit was exceeded after it had been kept; None while the event runs."""
    over_s: float | None = None
    energy_wh: float | None = None
    shed_wh: float | None = None
    ended_at: datetime | None = None
    """None while it runs."""
    end_reason: str | None = None
    records: tuple[GridRecord, ...] = field(default=())


def events_of(entries: Iterable[Entry]) -> tuple[GridEvent, ...]:
    """Put entries together by event, the newest event first."""
    by_event: dict[str, list[GridRecord]] = {}
    for entry in entries:
        event_id = str(entry.body["event_id"])
        evse = None if entry.station is None else f"{entry.station}/{entry.evse}"
        record = GridRecord(entry.seq, moment(entry.at_us), entry.type.removeprefix("dr."), evse, entry.body)
        by_event.setdefault(event_id, []).append(record)
    events = [_event(event_id, records) for event_id, records in by_event.items() if _of_kind(records, "command")]
    return tuple(sorted(events, key=lambda event: event.records[0].seq, reverse=True))


def _event(event_id: str, records: list[GridRecord]) -> GridEvent:
    commands = _of_kind(records, "command")
    results = _of_kind(records, "result")
    last: Mapping[str, Any] = commands[-1].body
    result: Mapping[str, Any] = results[-1].body if results else {}
    if results:
        time_to_comply_s = _number(result.get("t_comply_s"))
    else:
        complied = [it.at for it in _of_kind(records, "sample") if it.body["when"] == "compliance"]
        after = [at for at in complied if at >= commands[-1].at]
        time_to_comply_s = (after[0] - commands[-1].at).total_seconds() if after else None
    ended = result.get("ended")
    return GridEvent(
        event_id=event_id,
        source=str(last["source"]),
        name=last.get("program"),
        received_at=commands[0].at,
        limit_w=_number(last["limit_w"]) or 0.0,
        applied_w=_number(last["applied_w"]) or 0.0,
        basis=str(last["basis"]),
        failsafe=any(command.body.get("failsafe") is True for command in commands),
        time_to_comply_s=time_to_comply_s,
        max_over_w=_number(result.get("max_over_w")),
        over_s=_number(result.get("over_s")),
        energy_wh=_number(result.get("energy_wh")),
        shed_wh=_number(result.get("shed_wh")),
        ended_at=datetime.fromisoformat(ended) if isinstance(ended, str) else None,
        end_reason=result.get("reason"),
        records=tuple(records),
    )


def _of_kind(records: Iterable[GridRecord], kind: str) -> list[GridRecord]:
    return [record for record in records if record.kind == kind]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float | str) else None
