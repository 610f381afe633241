"""What credentials are good for: hours, places, validity and what is left."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.offline_evse.engine.authorization.terms import (
    day_start,
    energy_caps,
    next_day,
    refusal_of,
    within,
)
from custom_components.offline_evse.engine.model.consumption import Consumption
from custom_components.offline_evse.engine.model.credential import Terms, WeeklyHours
from custom_components.offline_evse.engine.model.decision import Refusal, StopCause

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAY = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
WORKDAYS = WeeklyHours(frozenset(range(5)), time(8), time(18))
NIGHT_OF_FRIDAY = WeeklyHours(frozenset({4}), time(22), time(6))
spans = st.builds(
    WeeklyHours,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.times(),
    st.times(),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


def refused(
    terms: Terms, at: datetime = MONDAY, used: Consumption | None = None, price: str | None = None
) -> Refusal | None:
    """Ask at bay 1 in Amsterdam."""
    return refusal_of(
        terms,
        at=at,
        zone=AMSTERDAM,
        station_id="bay-1",
        used=used or Consumption(),
        price_per_kwh=None if price is None else Decimal(price),
    )


@pytest.mark.parametrize(
    ("local", "open_"),
    [("2026-06-01T08:00", True), ("2026-06-01T07:59", False), ("2026-06-01T18:00", False), ("2026-06-06T12:00", False)],
)
def test_hours_are_those_of_the_site(local: str, open_: bool) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=AMSTERDAM).astimezone(UTC)
    assert within((WORKDAYS,), at, AMSTERDAM) is open_
    assert (refused(Terms(hours=(WORKDAYS,)), at) is Refusal.OUTSIDE_HOURS) is not open_


@pytest.mark.parametrize(
    ("local", "open_"),
    [
        ("2026-06-05T22:00", True),
        ("2026-06-06T05:59", True),
        ("2026-06-06T06:00", False),
        ("2026-06-06T22:30", False),
        ("2026-06-05T03:00", False),
    ],
)
def test_a_night_ends_on_the_next_day(local: str, open_: bool) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=AMSTERDAM).astimezone(UTC)
    assert within((NIGHT_OF_FRIDAY,), at, AMSTERDAM) is open_


@given(moments)
def test_no_hours_are_all_hours(at: datetime) -> None:
    assert within((), at, AMSTERDAM)


@given(spans, moments)
def test_a_span_and_its_complement_share_no_moment(span: WeeklyHours, at: datetime) -> None:
    whole_week = WeeklyHours(frozenset(range(7)), span.begins, span.ends)
    rest = WeeklyHours(frozenset(range(7)), span.ends, span.begins)
    if span.begins != span.ends:
        assert within((whole_week,), at, AMSTERDAM) is not within((rest,), at, AMSTERDAM)
    # More spans never close what one of them opens.
    if within((span,), at, AMSTERDAM):
        assert within((rest, span), at, AMSTERDAM)


@given(moments)
def test_a_day_begins_before_and_ends_after_each_of_its_moments(at: datetime) -> None:
    begins, ends = day_start(at, AMSTERDAM), next_day(at, AMSTERDAM)
    assert begins <= at < ends
    assert timedelta(hours=23) <= ends - begins <= timedelta(hours=25)
    assert day_start(ends, AMSTERDAM) == ends


def test_each_term_refuses_with_its_own_reason() -> None:
    assert refused(Terms(valid_from=MONDAY + timedelta(seconds=1))) is Refusal.NOT_YET_VALID
    assert refused(Terms(valid_from=MONDAY)) is None
    assert refused(Terms(valid_until=MONDAY)) is Refusal.EXPIRED
    assert refused(Terms(station_ids=frozenset({"bay-2"}))) is Refusal.WRONG_CHARGER
    assert refused(Terms(station_ids=frozenset({"bay-1"}))) is None
    assert refused(Terms(day_wh=5000), used=Consumption(total_wh=9000, day_wh=5000)) is Refusal.ENERGY_USED_UP
    assert refused(Terms(day_wh=5000), used=Consumption(total_wh=9000, day_wh=4999)) is None
    assert refused(Terms(total_wh=9000), used=Consumption(total_wh=9000)) is Refusal.ENERGY_USED_UP
    assert refused(Terms(money=Decimal(3)), used=Consumption(total_wh=10_000)) is None
    assert refused(Terms(money=Decimal(3)), used=Consumption(total_wh=10_000), price="0.30") is Refusal.MONEY_USED_UP


amounts = st.integers(0, 200_000)


@given(
    total=amounts, day=amounts, session=amounts, others=amounts, others_today=amounts, own=amounts, own_today=amounts
)
def test_no_session_may_have_more_than_any_of_its_terms(
    total: int, day: int, session: int, others: int, others_today: int, own: int, own_today: int
) -> None:
    others_today, own_today = min(others_today, others), min(own_today, own)
    used = Consumption(total_wh=others + own, day_wh=others_today + own_today, running={"S": (own, own_today)})
    caps = {
        cause: cap_wh
        for cap_wh, cause in energy_caps(Terms(total_wh=total, day_wh=day, session_wh=session), used, "S", None)
    }
    # At its cap, a session and all others together have just what the term allows.
    assert caps[StopCause.TOTAL_ENERGY] + others == total
    assert caps[StopCause.DAY_ENERGY] - (own - own_today) + others_today == day
    assert caps[StopCause.SESSION_ENERGY] == session
