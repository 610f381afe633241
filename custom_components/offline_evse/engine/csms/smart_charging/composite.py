"""Composite schedules: the limit that a station says it applies now."""

from datetime import datetime
from typing import Any

from ..payloads.coercion import moment, number, objects, word
from ..payloads.oddities import Oddities
from .profiles import RateUnit, in_amperes

_ASSUMED_PHASES = 3


def limit_in_force(
    schedule: dict[str, Any], start: object, now: datetime, wired_phases: int | None, oddities: Oddities
) -> float | None:
    """Return the limit in A per phase that a schedule gives for now; None where it gives none.

    A composite schedule begins when it is asked for. Its start is only believed where it lies within the schedule:
    some stations write local time and mark it as UTC.
    """
    periods = objects(schedule.get("chargingSchedulePeriod"), oddities, "schedule_period_not_a_list")
    begun = moment(start if start is not None else schedule.get("startSchedule"), oddities)
    duration = number(schedule.get("duration"), oddities) if schedule.get("duration") is not None else None
    elapsed = (now - begun).total_seconds() if begun else 0.0
    if not 0 <= elapsed <= (duration or 0.0):
        elapsed = 0.0
    in_force: dict[str, Any] | None = None
    for period in periods:
        starts = number(period.get("startPeriod"), oddities)
        if starts is not None and starts <= elapsed:
            in_force = period
    if in_force is None:
        if not periods:
            return None
        oddities.count("schedule_without_beginning")
        in_force = periods[0]
    limit = number(in_force.get("limit"), oddities)
    if limit is None:
        return None
    in_watts = word(schedule.get("chargingRateUnit")) in ("w", "watt", "watts", "power")
    unit = RateUnit.WATTS if in_watts else RateUnit.AMPERES
    raw_phases = in_force.get("numberPhases")
    told = number(raw_phases, oddities) if raw_phases is not None else None
    phases = round(told) if told is not None and 1 <= told <= 3 else wired_phases or _ASSUMED_PHASES
    return in_amperes(limit, unit, phases)
