"""Days over networks as sites have them: few changes of state, and nothing missed."""

from collections.abc import Callable
from random import Random

import pytest

from custom_components.offline_evse.engine.model.access import LinkState

from ....simulation.closed_loop import play
from ..doubles import Network
from .days import Days, live, naive_transitions
from .networks import DAY_S, HOUR_S, fibre, flapping, four_hours_out, lte, poor, three_days_out

type Profile = Callable[[Random], Network]


def lived(profile: Profile, seed: int, days: float = 1.0, burst: tuple[float, int] | None = None) -> Days:
    return play(lambda: live(profile, seed, days * DAY_S, burst))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("profile", "most"), [(fibre, 2), (lte, 2), (poor, 92), (flapping, 206), (four_hours_out, 5)])
def test_a_day(profile: Profile, most: int, seed: int) -> None:
    day = lived(profile, seed)
    assert 2 <= len(day.transitions) <= most
    assert day.money > 8
    assert day.money_told == day.money
    assert day.in_order


def test_three_days_without_a_line_cost_three_changes() -> None:
    days = lived(three_days_out, 1, days=5)
    assert [state for _, state in days.transitions] == [
        LinkState.RECOVERING,
        LinkState.ONLINE,
        LinkState.OFFLINE,
        LinkState.RECOVERING,
        LinkState.ONLINE,
    ]
    assert days.money_told == days.money > 40
    assert days.in_order
    assert (days.online_after(4 * DAY_S) or DAY_S) < 600
    assert days.dials < 3 * 24 * 30, "about one attempt in two and a half minutes"


@pytest.mark.parametrize("seed", range(1, 7))
def test_online_soon_after_four_hours_with_a_backlog(seed: int) -> None:
    day = lived(four_hours_out, seed, days=0.6, burst=(11 * HOUR_S, 60))
    assert day.money_told == day.money > 120
    assert (day.online_after(12 * HOUR_S) or DAY_S) < 600


def test_values_go_up_over_a_good_line_and_wait_on_a_poor_one() -> None:
    good, bad = lived(fibre, 3, days=0.5), lived(poor, 3, days=0.5)
    assert good.values_told > 200
    assert bad.values_told < good.values_told / 2


@pytest.mark.parametrize(("profile", "least"), [(poor, 3000), (flapping, 2000)])
def test_judging_by_the_last_probe_alone_would_not_do(profile: Profile, least: int) -> None:
    assert naive_transitions(profile(Random(1)), Random(1), DAY_S) > least
