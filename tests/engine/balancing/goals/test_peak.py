"""The quarter of an hour must not become a new peak."""

from datetime import UTC, datetime, timedelta
import random
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.balancing.goals.peak import QUARTER_S, QuarterPeak

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def watched(load_w: float, seconds: int, floor_w: float = 2500, start: datetime = NOON) -> QuarterPeak:
    peak = QuarterPeak(floor_w)
    for second in range(seconds):
        peak.take(start + second * SECOND, load_w)
    return peak


def test_a_quarter_is_counted_and_becomes_the_peak_of_its_month() -> None:
    peak = watched(4000, 901)
    assert peak.month_peak_w == pytest.approx(4000)
    assert peak.target_w == pytest.approx(4000), "a peak that is lost already costs nothing more"
    assert peak.mean_w < 10
    assert peak.month == "2026-11"


def test_below_the_floor_nothing_is_saved() -> None:
    peak = watched(1000, 901)
    assert peak.month_peak_w == pytest.approx(1000)
    assert peak.target_w == 2500


def test_what_is_left_is_spread_over_the_rest() -> None:
    peak = watched(1000, 451, floor_w=5000)
    at = NOON + timedelta(seconds=450)
    assert peak.mean_w == pytest.approx(500)
    assert peak.limit_w(at) == pytest.approx(min(7500.0, (5000 * 900 - 450_000) / 450 - 200))
    assert peak.limit_w(NOON + timedelta(seconds=850)) <= 4800


def test_a_quarter_that_is_used_up_leaves_nothing() -> None:
    peak = watched(12_000, 400, floor_w=5000)
    assert peak.limit_w(NOON + timedelta(seconds=400)) == 0


def test_export_is_not_counted_back() -> None:
    peak = watched(-5000, 450)
    assert peak.mean_w == 0


def test_the_billing_meter_is_believed() -> None:
    peak = watched(1000, 450)
    peak.told_mean(NOON + timedelta(seconds=450), 900)
    assert peak.mean_w == pytest.approx(900)
    peak.told_peak(NOON + timedelta(seconds=450), 3100)
    assert peak.month_peak_w == 3100
    later = NOON + timedelta(seconds=QUARTER_S + 3)
    peak.told_mean(later, 1800)
    assert peak.mean_w < 10, "it is still that of the quarter before"


def test_a_late_start_is_careful() -> None:
    """What was drawn before anybody watched is taken to be the target; and such a quarter makes no peak."""
    start = NOON + timedelta(minutes=10)
    peak = QuarterPeak(5000)
    peak.take(start, 0.0)
    assert peak.limit_w(start) == pytest.approx(4800)
    peak.take(NOON + timedelta(minutes=15, seconds=1), 9000)
    assert peak.month_peak_w == 0


def test_a_silent_meter_is_taken_to_go_on() -> None:
    peak = QuarterPeak(5000)
    peak.take(NOON, 3000)
    peak.take(NOON + timedelta(seconds=300), None)
    assert peak.mean_w == pytest.approx(1000)


def test_the_month_is_that_of_the_place() -> None:
    brussels = ZoneInfo("Europe/Brussels")
    peak = QuarterPeak(2500, brussels)
    peak.restore("2026-11", 6000)
    at = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
    peak.take(at, 100)
    assert peak.month_peak_w == 6000
    peak.take(at + timedelta(minutes=2), 100)
    assert (peak.month, peak.month_peak_w) == ("2026-12", 0)


def test_a_clock_that_was_set_begins_anew() -> None:
    peak = watched(8000, 600)
    peak.take(NOON - timedelta(days=1), 0)
    assert peak.month_peak_w == 0
    assert peak.mean_w == 0


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    target_w=st.sampled_from([2500.0, 5000.0, 11_000.0]),
    house_share=st.floats(0.0, 1.0),
    delay_s=st.integers(1, 12),
    cars_w=st.sampled_from([3700.0, 11_000.0, 44_000.0]),
)
def test_no_quarter_goes_over_where_the_house_alone_allows(
    seed: int, target_w: float, house_share: float, delay_s: int, cars_w: float
) -> None:
    """Cars that follow after up to 12 s, and a house whose load jumps below the target: at most 0.1 kW over."""
    dice = random.Random(seed)
    peak = QuarterPeak(target_w)
    house_w = 0.0
    told_w = [0.0] * delay_s
    means: list[float] = []
    used_ws = 0.0
    for second in range(3 * 900):
        at = NOON + second * SECOND
        if second % 900 == 0 and second:
            means.append(used_ws / 900)
            used_ws = 0.0
        if dice.random() < 0.02:
            house_w = dice.uniform(0, target_w) * house_share
        total_w = house_w + told_w.pop(0)
        used_ws += total_w
        peak.take(at, total_w)
        told_w.append(min(cars_w, max(0.0, peak.limit_w(at) - house_w)))
    assert max(means) <= target_w + 100
