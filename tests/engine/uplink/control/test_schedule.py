"""Charging profiles come to what a look at every single second says."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings, strategies as st

from custom_components.offline_evse.engine.model.upstream.wish import LimitProfile, RateUnit, SchedulePeriod
from custom_components.offline_evse.engine.uplink.control.limits.schedule import Holding, Place, limit_at, steps

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
WINDOW_S = 400
DAY_S = 86_400


def applies(profile: LimitProfile, place: Place) -> bool:
    if profile.purpose == "TxProfile":
        return place.session_id is not None and profile.session_id == place.session_id
    return profile.purpose == "ChargingStationMaxProfile" or profile.evse_id in (0, place.evse_id)


def second_of_schedule(profile: LimitProfile, place: Place, at: datetime) -> float | None:
    """How many seconds of its schedule have passed; None: it is not in force."""
    if (profile.valid_from and at < profile.valid_from) or (profile.valid_to and at >= profile.valid_to):
        return None
    if profile.kind == "Relative":
        passed = 0.0 if place.started_at is None else max(0.0, (at - place.started_at).total_seconds())
        if place.started_at is None or at < place.started_at:
            return 0.0
    else:
        assert profile.start is not None
        passed = (at - profile.start).total_seconds()
        if passed < 0:
            return None
        if profile.kind == "Recurring":
            while passed >= (DAY_S if profile.recurrency == "Daily" else 7 * DAY_S):
                passed -= DAY_S if profile.recurrency == "Daily" else 7 * DAY_S
    if profile.duration_s is not None and passed >= profile.duration_s:
        return None
    return passed


def said(profile: LimitProfile, place: Place, at: datetime) -> float | None:
    passed = second_of_schedule(profile, place, at)
    if passed is None:
        return None
    limit = None
    for period in profile.periods:
        if period.start_s <= passed:
            phases = min(period.phases or place.phases, place.phases)
            limit = period.limit if profile.unit is RateUnit.AMPERES else period.limit / 230 / phases
    return limit


def oracle(profiles: Sequence[LimitProfile], place: Place, at: datetime) -> float | None:
    """The straightforward way: ask every profile, sort, take the first of each purpose."""
    by_purpose: dict[str, float] = {}
    for profile in sorted(profiles, key=lambda one: (one.stack_level, one.evse_id != 0, one.received_at)):
        limit = said(profile, place, at)
        if applies(profile, place) and limit is not None:
            by_purpose[profile.purpose] = limit
    own = by_purpose.get("TxProfile", by_purpose.get("TxDefaultProfile"))
    limits = [limit for limit in (own, by_purpose.get("ChargingStationMaxProfile")) if limit is not None]
    return min(limits) if limits else None


OFFSETS = st.integers(-600, 600)
MOMENTS = OFFSETS.map(lambda offset: NOW + timedelta(seconds=offset))
LONG_AGO = st.builds(
    lambda days, offset: NOW - timedelta(days=days, seconds=offset), st.sampled_from([1, 6, 7, 8, 14]), OFFSETS
)


@st.composite
def profiles(draw: st.DrawFn) -> LimitProfile:
    purpose = draw(st.sampled_from(["ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"]))
    # The station's maximum knows no transaction to be relative to, and is refused.
    relative = ["Relative"] if purpose != "ChargingStationMaxProfile" else []
    kind = draw(st.sampled_from(["Absolute", "Recurring", *relative]))
    starts = sorted(draw(st.sets(st.integers(1, 500), max_size=4)) | {0})
    limits = st.sampled_from([0.0, 6.0, 10.0, 16.0, 3680.0, 11_040.0])
    return LimitProfile(
        profile_id=draw(st.integers(1, 9)),
        evse_id=draw(st.sampled_from([0, 1, 2])) if purpose == "TxDefaultProfile" else int(purpose == "TxProfile"),
        purpose=purpose,
        stack_level=draw(st.integers(0, 3)),
        kind=kind,
        recurrency=draw(st.sampled_from(["Daily", "Weekly"])) if kind == "Recurring" else None,
        unit=draw(st.sampled_from(RateUnit)),
        periods=tuple(SchedulePeriod(at, draw(limits), draw(st.sampled_from([None, 1, 2, 3]))) for at in starts),
        start=None if kind == "Relative" else draw(LONG_AGO if kind == "Recurring" else MOMENTS),
        duration_s=draw(st.none() | st.integers(0, 700) | st.just(2 * DAY_S)),
        valid_from=draw(st.none() | MOMENTS),
        valid_to=draw(st.none() | MOMENTS),
        session_id=draw(st.sampled_from(["A", "B"])) if purpose == "TxProfile" else None,
        received_at=NOW - timedelta(seconds=draw(st.integers(0, 10**6))),
    )


PLACES = st.builds(
    lambda phases, started: Place(
        evse_id=1, phases=phases, session_id=None if started is None else "A", started_at=started
    ),
    st.integers(1, 3),
    st.none() | MOMENTS,
)
UNIQUE = st.lists(profiles(), max_size=5, unique_by=lambda one: one.received_at)


@settings(max_examples=300, deadline=None)
@given(UNIQUE, PLACES)
def test_every_second_is_as_the_oracle_says(some: list[LimitProfile], place: Place) -> None:
    changes = dict(steps(lambda at: limit_at(some, place, at), NOW, WINDOW_S, 10_000))
    current = None
    for second in range(WINDOW_S):
        current = changes.get(second, current)
        expected = oracle(some, place, NOW + timedelta(seconds=second))
        assert (current is None) == (expected is None)
        assert current is None or (expected is not None and abs(current - expected) < 1e-9)


@settings(max_examples=200, deadline=None)
@given(UNIQUE, PLACES)
def test_nothing_changes_before_it_is_said_to(some: list[LimitProfile], place: Place) -> None:
    held = limit_at(some, place, NOW)
    assert held.until is None or held.until > NOW
    for second in range(0, WINDOW_S, 7):
        at = NOW + timedelta(seconds=second)
        if held.until is None or at < held.until:
            assert limit_at(some, place, at).value == held.value


def plain(**changes: object) -> LimitProfile:
    settings: dict[str, object] = {
        "profile_id": 1,
        "evse_id": 1,
        "purpose": "TxDefaultProfile",
        "stack_level": 0,
        "kind": "Absolute",
        "unit": RateUnit.AMPERES,
        "periods": (SchedulePeriod(0, 10.0),),
        "start": NOW,
        "received_at": NOW,
    }
    return LimitProfile(**settings | changes)  # type: ignore[arg-type]


def test_watts_are_spread_over_the_phases_that_there_are() -> None:
    watts = plain(unit=RateUnit.WATTS, periods=(SchedulePeriod(0, 6900.0),))
    assert limit_at([watts], Place(evse_id=1, phases=3), NOW).value == 10.0
    assert limit_at([watts], Place(evse_id=1, phases=1), NOW).value == 30.0


def test_watts_for_one_phase_are_for_one_phase() -> None:
    watts = plain(unit=RateUnit.WATTS, periods=(SchedulePeriod(0, 3680.0, 1),))
    assert limit_at([watts], Place(evse_id=1, phases=3), NOW).value == 16.0


def test_a_daily_schedule_comes_again_after_a_week() -> None:
    night = plain(kind="Recurring", recurrency="Daily", duration_s=3600, start=NOW - timedelta(days=7))
    place = Place(evse_id=1, phases=3)
    assert limit_at([night], place, NOW) == Holding(10.0, NOW + timedelta(hours=1))
    assert limit_at([night], place, NOW + timedelta(hours=1)) == Holding(None, NOW + timedelta(days=1))


def test_a_relative_schedule_waits_at_its_beginning_for_a_session() -> None:
    slow_start = plain(kind="Relative", start=None, periods=(SchedulePeriod(0, 6.0), SchedulePeriod(60, 16.0)))
    assert limit_at([slow_start], Place(evse_id=1, phases=3), NOW) == Holding(6.0, None)
    running = Place(evse_id=1, phases=3, session_id="A", started_at=NOW)
    assert limit_at([slow_start], running, NOW) == Holding(6.0, NOW + timedelta(seconds=60))
    assert limit_at([slow_start], running, NOW + timedelta(seconds=60)) == Holding(16.0, None)
