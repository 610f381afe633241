"""Pauses are drawn, bounded, and never zero by rule; budgets go by the site's own day."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.upstream.config import Traffic
from custom_components.offline_evse.engine.uplink.link.budget import Budget
from custom_components.offline_evse.engine.uplink.link.nudge import Nudge
from custom_components.offline_evse.engine.uplink.link.pace import Pace, probe_wait_s

from ...clock import ManualClock

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)


def test_probes_of_a_line_that_works() -> None:
    pace = Pace(Random(1))
    pauses = [pace.probe_s(LinkState.ONLINE, 15.0, confirm=False) for _ in range(500)]
    assert 12.0 <= min(pauses) < 12.5
    assert 17.5 < max(pauses) <= 18.0


def test_probes_of_a_lost_line() -> None:
    pace = Pace(Random(1))
    pauses = [pace.probe_s(LinkState.OFFLINE, 15.0, confirm=False) for _ in range(500)]
    assert 5.0 <= min(pauses) < 5.5
    assert 14.5 < max(pauses) <= 15.0


def test_attempts_spread_over_a_ceiling_that_doubles() -> None:
    ceilings: list[float] = []
    for attempt in range(12):
        drawn = []
        for seed in range(300):
            pace = Pace(Random(seed))
            for _ in range(attempt):
                pace.reconnect_s()
            drawn.append(pace.reconnect_s())
        assert min(drawn) < 0.05 * max(drawn), "full jitter begins at nothing"
        ceilings.append(max(drawn))
    expected = [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    assert all(0.95 * most < ceiling <= most for ceiling, most in zip(ceilings, expected, strict=True))


def test_a_line_that_has_worked_is_dialled_soon() -> None:
    pace = Pace(Random(1))
    for _ in range(20):
        pace.reconnect_s()
    pace.forget_attempts()
    assert pace.reconnect_s() <= 2.0


def test_a_wrong_password_is_tried_four_times_an_hour() -> None:
    pace = Pace(Random(1))
    assert all(720.0 <= pace.misconfigured_s() <= 1080.0 for _ in range(200))


@pytest.mark.parametrize(("interval_s", "least", "most"), [(60, 60, 66), (0, 60, 66), (None, 60, 66), (1, 10, 11)])
def test_the_backend_says_when_it_wants_to_be_asked_again(interval_s: int | None, least: float, most: float) -> None:
    assert least <= Pace(Random(1)).boot_s(interval_s) <= most


def test_probes_wait_as_long_as_answers_take() -> None:
    waits = [probe_wait_s(LinkState.ONLINE, slow_s) for slow_s in (0.05, 6.0, 60.0)]
    assert waits == [5.0, 9.0, 15.0]
    assert probe_wait_s(LinkState.OFFLINE, 0.05) == 15.0


def test_a_large_site_does_not_dial_in_one_moment() -> None:
    random = Random(1)
    begun = [Pace(random).beginning_s(50) for _ in range(50)]
    assert max(begun) - min(begun) > 5.0
    assert Pace(random).beginning_s(1) == 0.0


def test_a_day_begins_at_local_midnight() -> None:
    budget = Budget(Traffic(daily_bytes=1000), lambda: BERLIN)
    budget.used(999, NOON)
    assert not budget.spent(NOON)
    budget.used(1, NOON)
    assert budget.spent(NOON)
    assert not budget.allows_bulk(NOON)
    late = datetime(2026, 6, 1, 21, 59, tzinfo=UTC)
    assert budget.spent(late)
    assert not budget.spent(late + timedelta(minutes=1)), "midnight in Berlin is 22:00 UTC in June"
    assert budget.today_bytes(late + timedelta(minutes=1)) == 0


def test_a_clock_that_goes_back_gives_no_bytes_again() -> None:
    budget = Budget(Traffic(daily_bytes=1000), lambda: BERLIN)
    budget.used(1000, NOON)
    assert budget.spent(NOON - timedelta(days=1))


def test_a_restart_goes_on_with_the_day() -> None:
    budget = Budget(Traffic(), lambda: BERLIN)
    budget.used(700, NOON)
    again = Budget(Traffic(), lambda: BERLIN)
    again.restore(budget.kept(), NOON)
    assert again.today_bytes(NOON) == 700
    tomorrow = Budget(Traffic(), lambda: BERLIN)
    tomorrow.restore(budget.kept(), NOON + timedelta(days=1))
    assert tomorrow.today_bytes(NOON + timedelta(days=1)) == 0


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        (None, None, set(range(24))),
        (time(1), time(5), {1, 2, 3, 4}),
        (time(22), time(4), {22, 23, 0, 1, 2, 3}),
        (time(20), None, {20, 21, 22, 23}),
        (None, time(3), {0, 1, 2}),
    ],
)
def test_hours_for_bulk_are_local(begin: time | None, end: time | None, hours: set[int]) -> None:
    budget = Budget(Traffic(bulk_from=begin, bulk_until=end), lambda: BERLIN)
    midnight = datetime(2026, 6, 1, tzinfo=BERLIN)
    assert {hour for hour in range(24) if budget.allows_bulk(midnight + timedelta(hours=hour))} == hours


def test_nothing_but_money_over_a_metered_way() -> None:
    budget = Budget(Traffic(), lambda: BERLIN)
    assert budget.allows_bulk(NOON)
    budget.metered = True
    assert not budget.allows_bulk(NOON)


async def test_waiting_leaves_no_timer_behind() -> None:
    clock = ManualClock()
    nudge = Nudge(clock)
    nudge()
    await nudge.wait(60.0)
    assert clock.pending == 0
