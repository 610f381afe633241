"""The grid's word, pure: what the law leaves, how a line is lost and found, and how limits are shared."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.offline_evse.engine.balancing.grid.formula import group_floor_w, held_to_floor, simultaneity
from custom_components.offline_evse.engine.balancing.grid.line import WORD_AFTER_RETURN_S, GridLine, LineStanding
from custom_components.offline_evse.engine.balancing.grid.sharing import (
    InForce,
    at_voltage,
    limit_after_floor,
    lowest,
    shared_limits,
)
from custom_components.offline_evse.engine.model.grid import (
    GridConfig,
    GridLimit,
    GridMode,
    GridPhase,
    GridSource,
    GridTerms,
)
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.shared_limit import LimitBasis
from custom_components.offline_evse.engine.model.station import EvseKey

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LPC = GridTerms(heartbeat_s=120, failsafe_w=5000, failsafe_minimum_s=7200)


def limit(limit_w: float, *, start_s: float = 0, duration_s: float | None = None) -> GridLimit:
    return GridLimit(
        event_id="e",
        source=GridSource.ENTITY,
        limit_w=limit_w,
        start=NOW + timedelta(seconds=start_s),
        duration_s=duration_s,
        terms=LPC,
    )


def look(line: GridLine, at_s: float) -> LineStanding:
    return line.look(NOW + timedelta(seconds=at_s), at_s)


@pytest.mark.parametrize(
    ("devices", "kilowatts"),
    [(0, 0), (1, 4.2), (2, 7.56), (3, 10.5), (4, 13.02), (5, 15.12), (6, 16.8), (7, 18.06), (8, 18.9), (9, 19.32)],
)
def test_the_formula_of_the_group(devices: int, kilowatts: float) -> None:
    assert group_floor_w(devices) == pytest.approx(kilowatts * 1000)


def test_many_devices_have_the_last_factor() -> None:
    assert (simultaneity(1), simultaneity(9), simultaneity(500)) == (1.0, 0.45, 0.45)
    with pytest.raises(ValueError, match="devices"):
        simultaneity(0)


@given(st.integers(1, 300))
def test_one_more_device_never_leaves_less(devices: int) -> None:
    assert group_floor_w(devices + 1) > group_floor_w(devices)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_no_limit_falls_through_the_floor(limit_w: float, floor_w: float) -> None:
    assert held_to_floor(limit_w, floor_w, may_stop=False) == max(limit_w, floor_w)
    assert held_to_floor(limit_w, floor_w, may_stop=True) == limit_w


def test_a_limit_holds_from_its_start_to_its_end() -> None:
    line = GridLine(GridTerms(), 0)
    line.state(limit(6000, start_s=10, duration_s=100), 0)
    line.terms = GridTerms()
    assert look(line, 5).phase is GridPhase.WAITING
    assert look(line, 10) == LineStanding(GridPhase.LIMITED, 6000, NOW + timedelta(seconds=110))
    assert look(line, 110).phase is GridPhase.FREE
    assert line.limit is None


def test_a_line_that_need_not_be_heard_is_never_lost() -> None:
    line = GridLine(GridTerms(), 0)
    assert look(line, 1e6).phase is GridPhase.FREE


def test_a_silent_line_has_the_fail_safe_limit_and_not_nothing() -> None:
    line = GridLine(LPC, 0)
    line.state(limit(9000), 0)
    assert look(line, 120).limit_w == 9000
    assert look(line, 121).phase is GridPhase.FAILSAFE
    assert look(line, 121).limit_w == 5000


def test_the_fail_safe_limit_lasts_as_long_as_was_agreed_and_no_longer() -> None:
    line = GridLine(LPC, 0)
    assert look(line, 121).phase is GridPhase.FAILSAFE
    assert look(line, 120 + 7199).phase is GridPhase.FAILSAFE
    assert look(line, 120 + 7200).phase is GridPhase.AUTONOMOUS
    assert not look(line, 1e6).limits
    line.hear(1e6)
    assert look(line, 1e6).phase is GridPhase.FREE
    assert look(line, 1e6 + 121).phase is GridPhase.FAILSAFE


def test_a_line_that_is_back_keeps_the_fail_safe_limit_until_it_says_something() -> None:
    line = GridLine(LPC, 0)
    look(line, 200)
    line.hear(300)
    assert look(line, 310).phase is GridPhase.FAILSAFE
    line.state(limit(8000), 320)
    assert look(line, 320) == LineStanding(GridPhase.LIMITED, 8000, None)


def test_a_line_that_is_back_and_says_nothing_is_free_after_two_minutes() -> None:
    line = GridLine(LPC, 0)
    line.state(limit(8000), 0)
    look(line, 200)
    for at_s in (300, 330, 360, 390):
        line.hear(at_s)
        assert look(line, at_s).phase is GridPhase.FAILSAFE
    line.hear(300 + WORD_AFTER_RETURN_S)
    assert look(line, 300 + WORD_AFTER_RETURN_S).phase is GridPhase.FREE


def test_a_line_that_flickers_begins_its_two_minutes_anew() -> None:
    line = GridLine(LPC, 0)
    look(line, 200)
    line.hear(300)
    look(line, 300)
    look(line, 425)
    line.hear(500)
    assert look(line, 500 + 119).phase is GridPhase.FAILSAFE


def test_a_fail_safe_limit_is_taken_up_where_it_was() -> None:
    line = GridLine(LPC, 0)
    line.resume_failsafe(-7000)
    assert look(line, 100).phase is GridPhase.FAILSAFE
    assert look(line, 200).phase is GridPhase.AUTONOMOUS


@given(st.lists(st.tuples(st.sampled_from(["hear", "state", "free", "look"]), st.floats(0, 4000)), max_size=30))
def test_a_limited_line_never_says_less_than_was_stated_or_agreed(steps: list[tuple[str, float]]) -> None:
    line = GridLine(LPC, 0)
    at_s = 0.0
    for step, passed_s in steps:
        at_s += passed_s
        match step:
            case "hear":
                line.hear(at_s)
            case "state":
                line.state(limit(7000), at_s)
            case "free":
                line.state(None, at_s)
        standing = look(line, at_s)
        assert standing.limit_w in (None, 5000, 7000)
        assert standing.limits is (standing.phase in (GridPhase.LIMITED, GridPhase.FAILSAFE))


MEMBERS = {"A": (EvseKey("A", 1), EvseKey("A", 2)), "B": (EvseKey("B", 1),)}


def test_the_lowest_of_each_kind_wins() -> None:
    told = [(LimitBasis.CHARGING, 9000.0), (LimitBasis.TOTAL, 7000.0), (LimitBasis.CHARGING, 8000.0)]
    assert lowest(told) == InForce(8000, 7000)
    assert lowest([]) == InForce(None, None)


def test_a_group_shares_one_limit_and_own_generation_comes_on_top() -> None:
    (shared,) = shared_limits(InForce(8000), GridConfig(), "main", MEMBERS, own_generation_w=500)
    assert shared.reason is LimitReason.GRID
    assert shared.basis is LimitBasis.CHARGING
    assert shared.limit_w == 8500
    assert shared.members == {EvseKey("A", 1), EvseKey("A", 2), EvseKey("B", 1)}


def test_each_device_has_a_limit_of_its_own() -> None:
    config = GridConfig(mode=GridMode.PER_DEVICE)
    one, two = shared_limits(InForce(4200), config, "main", MEMBERS)
    assert (one.limit_id, one.limit_w, one.members) == ("grid/A", 4200, frozenset(MEMBERS["A"]))
    assert (two.limit_id, two.limit_w, two.members) == ("grid/B", 4200, frozenset(MEMBERS["B"]))
    assert limit_after_floor(config, LimitBasis.CHARGING, 0, 2, may_stop=False) == 4200
    assert limit_after_floor(config, LimitBasis.TOTAL, 0, 2, may_stop=False) == 7560


def test_a_limit_at_the_connection_is_for_everything() -> None:
    (shared,) = shared_limits(InForce(None, 12_000), GridConfig(), "main", MEMBERS)
    assert (shared.basis, shared.members, shared.limit_w) == (LimitBasis.TOTAL, None, 12_000)


def test_a_higher_voltage_is_reckoned_with_but_stops_nobody() -> None:
    assert at_voltage(10_000, 240, 4140) == pytest.approx(10_000 * 230 / 240)
    assert at_voltage(10_000, 225, 4140) == 10_000
    assert at_voltage(4200, 245, 4140) == 4140
