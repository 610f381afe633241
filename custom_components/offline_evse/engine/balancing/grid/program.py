"""From the events of a program to limits: OpenADR 3.1.0, definition of IMPORT_CAPACITY_LIMIT."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from ...model.grid import GridLimit, GridSource
from ...model.grid_program import ProgramEvent
from ...model.shared_limit import LimitBasis

LIMIT_TYPES: Final = ("IMPORT_CAPACITY_LIMIT",)
"""Payloads that are a limit on what a site draws."""
_IN_WATTS: Final = {"W": 1.0, "KW": 1000.0, "KVA": 1000.0, "MW": 1_000_000.0}
_ENDLESS_S: Final = 100 * 366 * 86_400.0
"""A duration of centuries stands for no end (P9999Y)."""


def limits_of(
    events: Iterable[ProgramEvent], now: datetime, *, basis: LimitBasis, name: str | None = None
) -> dict[str, GridLimit]:
    """Return the limits that hold now or later, by event id; what is over or says nothing of power is left out.

    An interval without a start begins where the one before it ends; without a duration it has the event's. A limit is
    in kW unless the program tells another unit.
    """
    found: dict[str, GridLimit] = {}
    for event in events:
        next_start = event.start
        for interval in sorted(event.intervals, key=lambda it: it.number):
            start = interval.start or next_start or now
            duration_s = event.duration_s if interval.duration_s is None else interval.duration_s
            endless = not duration_s or duration_s >= _ENDLESS_S
            if not endless and duration_s is not None:
                next_start = start + timedelta(seconds=duration_s)
                if next_start <= now:
                    continue
            limit_w = _limit_w(interval.values, event.units)
            if limit_w is None:
                continue
            event_id = f"{event.event_id}/{interval.number}"
            found[event_id] = GridLimit(
                event_id=event_id,
                source=GridSource.OPENADR,
                limit_w=limit_w,
                start=start,
                duration_s=None if endless else duration_s,
                basis=basis,
                name=name,
                raw_sha256=event.raw_sha256,
            )
    return found


def _limit_w(values: Mapping[str, float], units: Mapping[str, str]) -> float | None:
    for kind in LIMIT_TYPES:
        factor = _IN_WATTS.get(str(units.get(kind, "KW")).upper())
        if kind in values and factor is not None and values[kind] >= 0:
            return float(values[kind]) * factor
    return None
