"""The composite of charging profiles, against limits that were worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from simulator.station.profiles import ProfileLimits, ProfileStore, Running
from simulator.station.schedule import Kind, Period, Profile, Purpose

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RUNNING = Running("T1", NOON - timedelta(minutes=10))
DAY = 86_400


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def profile(*steps: tuple[int, float], **more: Any) -> Profile:
    values: dict[str, Any] = {
        "profile_id": 1,
        "stack_level": 0,
        "purpose": Purpose.TX_DEFAULT,
        "kind": Kind.ABSOLUTE,
        "unit": "A",
        "installed_at": NOON,
        "start": NOON,
        **more,
    }
    return Profile(periods=tuple(Period(*step) for step in steps), **values)


def store(*installed: tuple[int, Profile], **limits: Any) -> ProfileStore:
    made = ProfileStore((1, 2), ProfileLimits(**limits))
    for evse_id, one in installed:
        assert made.install(evse_id, one, RUNNING) is None
    return made


def limit(held: ProfileStore, at: datetime, *, evse_id: int = 1, running: Running | None = RUNNING) -> float:
    return held.limit_a(evse_id, at, running, 3, 32.0)


def test_without_profiles_the_hardware_rules() -> None:
    assert limit(store(), NOON) == 32.0


def test_a_two_step_schedule_falls_by_itself() -> None:
    held = store((1, profile((0, 14.0), (310, 6.0), purpose=Purpose.TX, start=after(-60))))
    assert [limit(held, after(s)) for s in (0, 249, 250, 9_999)] == [14.0, 14.0, 6.0, 6.0]


def test_tx_profile_replaces_the_default_even_upwards_and_the_maximum_caps_both() -> None:
    held = store(
        (1, profile((0, 8.0))),
        (1, profile((0, 20.0), profile_id=2, purpose=Purpose.TX)),
        (0, profile((0, 18.0), profile_id=3, purpose=Purpose.STATION_MAXIMUM)),
    )
    assert limit(held, NOON) == 18.0
    assert limit(held, NOON, running=None) == 8.0
    assert limit(held, NOON, evse_id=2) == 18.0


def test_the_highest_stack_level_that_has_a_word_wins() -> None:
    held = store(
        (1, profile((0, 10.0), stack_level=0)),
        (1, profile((0, 13.0), profile_id=2, stack_level=3, duration_s=60)),
        (1, profile((0, 16.0), profile_id=3, stack_level=5, valid_from=after(30), valid_to=after(90))),
    )
    assert [limit(held, after(s)) for s in (0, 29, 30, 61, 89, 90)] == [13.0, 13.0, 16.0, 16.0, 16.0, 10.0]


def test_an_absolute_schedule_says_nothing_before_its_start() -> None:
    held = store((1, profile((0, 10.0), start=after(60))))
    assert [limit(held, after(s)) for s in (59, 60)] == [32.0, 10.0]


def test_a_relative_schedule_counts_from_the_start_of_charging() -> None:
    held = store((1, profile((0, 10.0), (900, 7.0), kind=Kind.RELATIVE, start=None)))
    assert [limit(held, after(s)) for s in (0, 299, 300)] == [10.0, 10.0, 7.0]


def test_a_recurring_schedule_returns_every_day() -> None:
    night = profile(
        (0, 16.0), (4 * 3600, 6.0), kind=Kind.RECURRING, every_s=DAY, start=after(-3 * DAY), duration_s=36_000
    )
    held = store((1, night))
    for day in (0, 1, 50):
        assert limit(held, after(day * DAY + 100)) == 16.0
        assert limit(held, after(day * DAY + 5 * 3600)) == 6.0
        assert limit(held, after(day * DAY + 11 * 3600)) == 32.0


def test_power_is_spread_over_the_phases_that_are_wired() -> None:
    held = store((1, profile((0, 6900.0), unit="W")), (2, profile((0, 2300.0, 1), profile_id=2, unit="W")))
    assert held.limit_a(1, NOON, RUNNING, 3, 32.0) == 10.0
    assert held.limit_a(1, NOON, RUNNING, 1, 32.0) == 30.0
    assert held.limit_a(2, NOON, RUNNING, 3, 32.0) == 10.0


def test_a_default_for_the_station_counts_for_every_connector() -> None:
    held = store((0, profile((0, 9.0))), (2, profile((0, 12.0), profile_id=2)))
    assert (limit(held, NOON, evse_id=1), limit(held, NOON, evse_id=2)) == (9.0, 12.0)


def test_a_profile_replaces_its_number_and_its_place() -> None:
    held = store((1, profile((0, 9.0))), (1, profile((0, 11.0), profile_id=2)))
    assert [one.profile_id for one in held.held[1]] == [2]
    assert held.install(2, profile((0, 7.0), profile_id=2), RUNNING) is None
    assert (held.held[1], len(held.held[2])) == ((), 1)


def test_a_tx_profile_ends_with_its_transaction() -> None:
    held = store((1, profile((0, 9.0))), (1, profile((0, 11.0), profile_id=2, purpose=Purpose.TX)))
    held.transaction_ended(1)
    assert limit(held, NOON) == 9.0


@pytest.mark.parametrize(
    ("evse_id", "changes", "running"),
    [
        (1, {"purpose": Purpose.TX}, None),
        (0, {"purpose": Purpose.TX}, RUNNING),
        (1, {"purpose": Purpose.TX, "transaction_id": "T2"}, RUNNING),
        (1, {"purpose": Purpose.STATION_MAXIMUM}, None),
        (1, {"stack_level": 9}, None),
        (1, {"kind": Kind.RECURRING}, None),
        (7, {}, None),
    ],
)
def test_what_cannot_be_followed_is_refused(evse_id: int, changes: dict[str, Any], running: Running | None) -> None:
    held = store()
    assert held.install(evse_id, profile((0, 9.0), **changes), running) is not None
    assert limit(held, NOON) == 32.0


def test_a_store_has_an_end_but_replacing_is_always_possible() -> None:
    held = store(profiles=2)
    for number in (1, 2):
        assert held.install(1, profile((0, 9.0), profile_id=number, stack_level=number), None) is None
    assert held.install(1, profile((0, 9.0), profile_id=3, stack_level=3), None) == "store is full"
    assert held.install(1, profile((0, 8.0), profile_id=2, stack_level=3), None) is None
    assert limit(held, NOON) == 8.0


def test_a_station_takes_only_its_units() -> None:
    held = store(units=("W",))
    assert held.install(1, profile((0, 9.0)), None) == "unit not supported"


def test_clearing_goes_by_every_criterion_given() -> None:
    def filled() -> ProfileStore:
        return store(
            (1, profile((0, 9.0))),
            (2, profile((0, 9.0), profile_id=2, stack_level=1)),
            (0, profile((0, 9.0), profile_id=3, purpose=Purpose.STATION_MAXIMUM)),
        )

    assert filled().clear() == 3
    assert filled().clear(profile_id=2) == 1
    assert filled().clear(purpose=Purpose.TX_DEFAULT) == 2
    assert filled().clear(purpose=Purpose.TX_DEFAULT, evse_id=1) == 1
    assert filled().clear(stack_level=0, evse_id=2) == 0


@given(
    shapes=st.lists(
        st.tuples(
            st.sampled_from(list(Purpose)),
            st.integers(0, 3),
            st.sampled_from(list(Kind)),
            st.integers(-200, 200),
            st.one_of(st.none(), st.integers(1, 400)),
            st.lists(st.tuples(st.integers(1, 300), st.floats(0, 40)), max_size=3),
        ),
        max_size=6,
    )
)
def test_the_composite_schedule_says_what_will_hold_at_every_second(shapes: list[Any]) -> None:
    held = store()
    for number, (purpose, level, kind, start_s, duration_s, more) in enumerate(shapes):
        steps = [(0, 10.0), *sorted(more)]
        made = profile(
            *steps,
            profile_id=number,
            stack_level=level,
            purpose=purpose,
            kind=kind,
            start=after(start_s),
            duration_s=duration_s,
            every_s=500 if kind is Kind.RECURRING else None,
        )
        held.install(0 if purpose is Purpose.STATION_MAXIMUM else 1, made, RUNNING)
    composite = held.composite(1, NOON, 600, RUNNING, 3, 32.0)
    assert composite[0][0] == 0
    for second in range(600):
        told = [limit_a for start_s, limit_a in composite if start_s <= second][-1]
        assert told == limit(held, after(second))
