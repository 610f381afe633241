"""What a backend's own profiles come to over the next time, as GetCompositeSchedule wants to know it.

It is what the backend may count on from its own side: its profiles, and what the charger is wired for. The site lowers
this further from second to second, by fuses and by people, which no schedule can tell beforehand.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ....model.upstream.site import UpstreamEvse
from ....model.upstream.wish import LimitProfile, RateUnit, SchedulePeriod
from .overlay import place_of, station_phases
from .schedule import VOLTAGE_V, Holding, Place, first, limit_at, station_limit_at, steps

LONGEST_S = 7 * 86_400
MOST_PERIODS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """A schedule from `start` on."""

    start: datetime
    duration_s: int
    """As asked for, or less where that has more periods than can be told."""
    unit: RateUnit
    periods: tuple[SchedulePeriod, ...]


def composite(
    profiles: Iterable[LimitProfile],
    evses: dict[int, UpstreamEvse],
    evse_id: int,
    at: datetime,
    duration_s: int,
    unit: RateUnit,
) -> Composite | None:
    """Return the schedule of an EVSE, or of the station (0: the sum of its EVSEs); None: there is no such EVSE."""
    if evse_id not in evses and (evse_id != 0 or not evses):
        return None
    mine, start = tuple(profiles), at.replace(microsecond=0)
    asked_s = min(max(duration_s, 1), LONGEST_S)
    watts = unit is RateUnit.WATTS

    def of_evse(number: int, when: datetime) -> Holding:
        evse = evses[number]
        place = place_of(number, evse)
        if place.session_id is None:
            place = Place(evse_id=number, phases=evse.phases, started_at=start)
        held = limit_at(mine, place, when)
        current_a = evse.max_current_a if held.value is None else min(held.value, evse.max_current_a)
        return Holding(current_a * VOLTAGE_V * evse.phases if watts else current_a, held.until)

    def of_station(when: datetime) -> Holding:
        parts = [of_evse(number, when) for number in evses]
        total = sum(part.value or 0.0 for part in parts)
        phases = station_phases(evses)
        held = station_limit_at(mine, phases, when)
        if held.value is not None:
            total = min(total, held.value * VOLTAGE_V * phases if watts else held.value)
        return Holding(total, first(held.until, *(part.until for part in parts)))

    def holding_at(when: datetime) -> Holding:
        return of_station(when) if evse_id == 0 else of_evse(evse_id, when)

    # Two changes within a second count as the later one: periods start at whole seconds.
    found = dict(steps(holding_at, start, asked_s, MOST_PERIODS + 1))
    told_s = asked_s
    offsets = sorted(found)
    if len(offsets) > MOST_PERIODS:
        told_s = offsets[MOST_PERIODS]
        offsets = offsets[:MOST_PERIODS]
    periods = tuple(SchedulePeriod(offset, round(found[offset] or 0.0, 1)) for offset in offsets)
    return Composite(start=start, duration_s=told_s, unit=unit, periods=periods)
