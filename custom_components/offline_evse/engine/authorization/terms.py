"""What a credential is good for at a moment: its validity, its hours, its places, and what is left of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from ..model.consumption import Consumption
from ..model.credential import Terms, WeeklyHours
from ..model.decision import Refusal, StopCause

WH_PER_KWH = 1000

_USED_UP = {
    StopCause.DAY_ENERGY: Refusal.ENERGY_USED_UP,
    StopCause.TOTAL_ENERGY: Refusal.ENERGY_USED_UP,
    StopCause.SESSION_ENERGY: Refusal.ENERGY_USED_UP,
    StopCause.MONEY: Refusal.MONEY_USED_UP,
}


def day_start(at: datetime, zone: tzinfo) -> datetime:
    """Return when the local day of a moment began, in UTC."""
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def next_day(at: datetime, zone: tzinfo) -> datetime:
    """Return when the next local day begins, in UTC; days have 23 to 25 hours."""
    noon = at.astimezone(zone).replace(hour=12, minute=0, second=0, microsecond=0, fold=0)
    return day_start(noon + timedelta(days=1), zone)


def within(hours: tuple[WeeklyHours, ...], at: datetime, zone: tzinfo) -> bool:
    """Whether a moment lies in one of the spans; with none of them every moment does."""
    local = at.astimezone(zone)
    today, yesterday = local.weekday(), (local.weekday() - 1) % 7
    clock = local.time()
    for span in hours:
        if span.begins < span.ends:
            if today in span.weekdays and span.begins <= clock < span.ends:
                return True
        elif (today in span.weekdays and clock >= span.begins) or (yesterday in span.weekdays and clock < span.ends):
            return True
    return not hours


def energy_caps(
    terms: Terms, used: Consumption, session_id: str | None, price_per_kwh: Decimal | None
) -> Iterator[tuple[int, StopCause]]:
    """Give the most that a session may have in all, in Wh, by each of the terms. A new session has no id yet."""
    own_wh, own_today_wh = used.running.get(session_id or "", (0, 0))
    others_wh = used.total_wh - own_wh
    if terms.session_wh is not None:
        yield terms.session_wh, StopCause.SESSION_ENERGY
    if terms.day_wh is not None:
        yield own_wh - own_today_wh + terms.day_wh - (used.day_wh - own_today_wh), StopCause.DAY_ENERGY
    if terms.total_wh is not None:
        yield terms.total_wh - others_wh, StopCause.TOTAL_ENERGY
    if terms.money is not None and price_per_kwh:
        yield int(terms.money / price_per_kwh * WH_PER_KWH) - others_wh, StopCause.MONEY


def counts_consumption(terms: Terms) -> bool:
    """Whether it has to be known what was charged before."""
    return terms.day_wh is not None or terms.total_wh is not None or terms.money is not None


def refusal_of(
    terms: Terms,
    *,
    at: datetime,
    zone: tzinfo,
    station_id: str,
    used: Consumption,
    price_per_kwh: Decimal | None,
) -> Refusal | None:
    """Return which of the terms forbids a session that begins now; None: all of them allow it."""
    if terms.valid_from is not None and at < terms.valid_from:
        return Refusal.NOT_YET_VALID
    if terms.valid_until is not None and at >= terms.valid_until:
        return Refusal.EXPIRED
    if terms.station_ids and station_id not in terms.station_ids:
        return Refusal.WRONG_CHARGER
    if not within(terms.hours, at, zone):
        return Refusal.OUTSIDE_HOURS
    for cap_wh, cause in energy_caps(terms, used, None, price_per_kwh):
        if cap_wh <= 0:
            return _USED_UP[cause]
    return None
