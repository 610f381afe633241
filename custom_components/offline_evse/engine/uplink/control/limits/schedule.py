"""What charging profiles come to at a time: pure arithmetic (1.6 §3.13, 2.0.1 part 2 K, "Composite schedule").

Where the specifications leave it open: a relative schedule counts from the start of the transaction, and stands still
at its beginning while there is none. A recurring one has exact days of 24 h and weeks of 168 h from its start, and is
not in force before it. A limit in W is converted with 230 V and the period's numberPhases, or without it with the
phases that the EVSE is wired with; more phases than it has are not counted. A limit in A is per phase as it stands.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ....model.upstream.wish import LimitProfile, RateUnit, SchedulePeriod

VOLTAGE_V = 230.0
MAX_PURPOSE = "ChargingStationMaxProfile"
DEFAULT_PURPOSE = "TxDefaultProfile"
TX_PURPOSE = "TxProfile"
PURPOSES = (MAX_PURPOSE, DEFAULT_PURPOSE, TX_PURPOSE)
RECURRENCES = {"Daily": timedelta(days=1), "Weekly": timedelta(days=7)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An EVSE that profiles are applied to."""

    evse_id: int
    phases: int
    session_id: str | None = None
    started_at: datetime | None = None
    """Of the session."""


class Holding(NamedTuple):
    """What holds at a time, and until when."""

    value: float | None
    """In A per phase. None: nothing does."""
    until: datetime | None
    """When this may change; None: never."""


class _Phase(NamedTuple):
    period: SchedulePeriod | None
    until: datetime | None


def limit_at(profiles: Iterable[LimitProfile], place: Place, at: datetime) -> Holding:
    """Return the current that the profiles leave an EVSE: the station's, and the transaction's or else the default."""
    mine = list(profiles)
    station = station_limit_at(mine, place.phases, at)
    own = _leading(
        (p for p in mine if p.purpose == TX_PURPOSE and p.session_id == place.session_id is not None), place, at
    )
    default = _leading((p for p in mine if p.purpose == DEFAULT_PURPOSE and p.evse_id in (0, place.evse_id)), place, at)
    lower = own.value if own.value is not None else default.value
    limits = [limit for limit in (station.value, lower) if limit is not None]
    return Holding(min(limits, default=None), first(station.until, own.until, default.until))


def station_limit_at(profiles: Iterable[LimitProfile], phases: int, at: datetime) -> Holding:
    """Return the current that the profiles leave the station as a whole."""
    place = Place(evse_id=0, phases=phases)
    return _leading((p for p in profiles if p.purpose == MAX_PURPOSE), place, at)


def overlaps(one: LimitProfile, other: LimitProfile) -> bool:
    """Whether two profiles are valid at the same time at some time."""
    return not (
        (one.valid_to is not None and other.valid_from is not None and one.valid_to <= other.valid_from)
        or (other.valid_to is not None and one.valid_from is not None and other.valid_to <= one.valid_from)
    )


def expired(profile: LimitProfile, at: datetime) -> bool:
    """Whether a profile will never hold again, whatever session runs."""
    if profile.valid_to is not None and profile.valid_to <= at:
        return True
    if profile.kind != "Absolute" or profile.start is None or profile.duration_s is None:
        return False
    return profile.start + timedelta(seconds=profile.duration_s) <= at


def steps(
    holding_at: Callable[[datetime], Holding], start: datetime, duration_s: int, most: int
) -> Iterator[tuple[int, float | None]]:
    """Walk along what holds from `start` for `duration_s`: (offset in s, limit), where it changes, `most` at most."""
    end = start + timedelta(seconds=duration_s)
    at, said, count = start, False, 0
    before: float | None = None
    while at < end and count < most:
        holding = holding_at(at)
        if not said or holding.value != before:
            yield int((at - start).total_seconds()), holding.value
            said, before, count = True, holding.value, count + 1
        if holding.until is None or holding.until <= at:
            return
        at = holding.until


def first(*moments: datetime | None) -> datetime | None:
    """Return the earliest; None stands for never."""
    return min((moment for moment in moments if moment is not None), default=None)


def _leading(profiles: Iterable[LimitProfile], place: Place, at: datetime) -> Holding:
    """Of the profiles of one purpose the one that leads: the highest stack level of those that say something now.

    At the same level the EVSE's own goes before the station's, and the newer one before the older one.
    """
    best: tuple[tuple[int, bool, datetime], float] | None = None
    until: datetime | None = None
    for profile in profiles:
        phase = _phase_at(profile, place, at)
        until = first(until, phase.until)
        if phase.period is None:
            continue
        rank = (profile.stack_level, profile.evse_id != 0, profile.received_at)
        if best is None or rank > best[0]:
            best = rank, amperes(phase.period, profile.unit, place.phases)
    return Holding(best[1] if best else None, until)


def amperes(period: SchedulePeriod, unit: RateUnit, wired: int) -> float:
    """Return a period's limit in A per phase."""
    if unit is RateUnit.AMPERES:
        return period.limit
    return period.limit / (VOLTAGE_V * max(1, min(period.phases or wired, wired)))


def _phase_at(profile: LimitProfile, place: Place, at: datetime) -> _Phase:
    if profile.valid_from is not None and at < profile.valid_from:
        return _Phase(None, profile.valid_from)
    if profile.valid_to is not None and at >= profile.valid_to:
        return _Phase(None, None)
    period, until = _scheduled(profile, place, at)
    return _Phase(period, first(until, profile.valid_to))


def _scheduled(profile: LimitProfile, place: Place, at: datetime) -> _Phase:
    """Return the period of the schedule alone."""
    if profile.kind == "Relative":
        if place.started_at is None or at < place.started_at:
            return _Phase(profile.periods[0], place.started_at)
        return _within(profile, place.started_at, at, None)
    if profile.start is None:
        return _Phase(None, None)
    if at < profile.start:
        return _Phase(None, profile.start)
    if profile.kind == "Recurring":
        every = RECURRENCES[profile.recurrency or "Daily"]
        begun = profile.start + every * ((at - profile.start) // every)
        return _within(profile, begun, at, begun + every)
    return _within(profile, profile.start, at, None)


def _within(profile: LimitProfile, begun: datetime, at: datetime, again: datetime | None) -> _Phase:
    """Return the period of one run of a schedule; `again`: when the next run begins."""
    elapsed = at - begun
    over = timedelta(seconds=profile.duration_s) if profile.duration_s is not None else None
    if over is not None and elapsed >= over:
        return _Phase(None, again)
    current: SchedulePeriod | None = None
    until = first(again, begun + over if over is not None else None)
    for period in profile.periods:
        begins = timedelta(seconds=period.start_s)
        if begins > elapsed:
            until = first(until, begun + begins)
            break
        current = period
    return _Phase(current, until)
