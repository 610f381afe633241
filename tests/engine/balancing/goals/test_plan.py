"""Plans for a departure: cheap, in time, and honest where that cannot be."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.balancing.goals.plan import SLACK, Need, make_plan, price_at
from custom_components.offline_evse.engine.model.goal import ChargingPlan, PlanState, PriceSlot

EVENING = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
MORNING = EVENING + timedelta(hours=13)


def hourly(*prices: float, start: datetime = EVENING, minutes: int = 60) -> tuple[PriceSlot, ...]:
    step = timedelta(minutes=minutes)
    return tuple(
        PriceSlot(start + n * step, start + (n + 1) * step, Decimal(str(price))) for n, price in enumerate(prices)
    )


def need(kwh: float, ready_by: datetime = MORNING) -> Need:
    return Need(ready_by=ready_by, energy_wh=kwh * 1000, power_w=10_000, current_a=16)


def hours_of(plan: ChargingPlan) -> list[tuple[int, int]]:
    return [(slot.start.hour, slot.start.minute) for slot in plan.slots]


NIGHT = hourly(0.40, 0.38, 0.35, 0.30, 0.28, 0.20, 0.18, 0.10, 0.09, 0.12, 0.19, 0.25, 0.33)


def test_the_cheapest_hours_are_taken() -> None:
    plan = make_plan(EVENING, need(30), NIGHT)
    assert plan.state is PlanState.WAITING
    assert hours_of(plan) == [(1, 0), (2, 0), (3, 0)]
    assert plan.planned_wh == pytest.approx(30_000)
    assert plan.cost == Decimal("3.10")
    assert plan.ends_at == EVENING + timedelta(hours=10)
    assert plan.laxity_s == 10 * 3600


def test_part_of_an_hour_is_put_next_to_the_rest() -> None:
    plan = make_plan(EVENING, need(25), NIGHT)
    assert hours_of(plan) == [(1, 0), (2, 0), (3, 0)]
    assert plan.slots[-1].end == EVENING + timedelta(hours=9, minutes=30)
    before = make_plan(EVENING, need(5), hourly(0.3, 0.2, 0.1))
    assert hours_of(before) == [(20, 0)]
    earlier = make_plan(EVENING, need(15), hourly(0.3, 0.2, 0.1, 0.4))
    assert (earlier.slots[0].start, earlier.slots[-1].end) == (
        EVENING + timedelta(hours=1, minutes=30),
        EVENING + timedelta(hours=3),
    )


def test_without_prices_it_charges_at_once() -> None:
    plan = make_plan(EVENING, need(30), ())
    assert plan.state is PlanState.CHARGING
    assert plan.slots[0].start == EVENING
    assert plan.cost is None


def test_a_price_that_is_not_known_is_that_of_the_day_before() -> None:
    yesterday = tuple(PriceSlot(it.start - timedelta(days=1), it.end - timedelta(days=1), it.price) for it in NIGHT)
    plan = make_plan(EVENING, need(30), (*yesterday, *hourly(0.40, 0.38)))
    assert hours_of(plan) == [(1, 0), (2, 0), (3, 0)]
    assert plan.cost is None, "nobody can say what it will cost"


def test_it_never_waits_where_it_would_be_late() -> None:
    plan = make_plan(EVENING, need(30, EVENING + timedelta(hours=3)), NIGHT)
    assert plan.state is PlanState.CHARGING
    assert plan.missing_wh == 0
    assert plan.laxity_s == 0


def test_too_little_time_is_used_up_and_said() -> None:
    plan = make_plan(EVENING, need(40, EVENING + timedelta(hours=3)), NIGHT)
    assert plan.state is PlanState.WILL_MISS
    assert plan.missing_wh == pytest.approx(10_000)
    assert plan.planned_wh == pytest.approx(30_000)
    assert plan.ends_at is None
    assert make_plan(EVENING, need(1, EVENING), NIGHT).state is PlanState.WILL_MISS


def test_enough_is_enough() -> None:
    assert make_plan(EVENING, need(0), NIGHT).state is PlanState.REACHED


def test_short_slots_do_not_wear_the_contactor() -> None:
    quarters = hourly(*([0.1, 0.3] * 26), minutes=15)
    plan = make_plan(EVENING, need(40), quarters)
    starts = sum(slot.start != before.end for before, slot in zip(plan.slots, plan.slots[1:], strict=False)) + 1
    assert starts <= 2
    assert plan.missing_wh == 0


def test_the_rest_of_a_dear_hour_is_not_taken_for_a_part_of_the_next() -> None:
    plan = make_plan(EVENING + timedelta(minutes=50), need(10), hourly(0.4, 0.1, 0.3, 0.4))
    assert [slot.start for slot in plan.slots] == [EVENING + timedelta(hours=1)]


def test_the_newest_word_on_a_price_counts() -> None:
    again = (*NIGHT, PriceSlot(EVENING, EVENING + timedelta(hours=1), Decimal("0.01")))
    slot = price_at(again, EVENING)
    assert slot is not None
    assert slot.price == Decimal("0.01")
    assert price_at(NIGHT, EVENING - timedelta(seconds=1)) is None


@settings(max_examples=200, deadline=None)
@given(
    prices=st.lists(st.integers(-50, 500), max_size=60),
    minutes=st.sampled_from([15, 30, 60]),
    kwh=st.floats(0.1, 120),
    hours=st.floats(0.1, 24),
)
def test_a_plan_holds_what_it_says(prices: list[int], minutes: int, kwh: float, hours: float) -> None:
    """All energy there is time for, within the time, in pieces that do not overlap, and never dearer than at once."""
    slots = hourly(*(price / 1000 for price in prices), minutes=minutes)
    ready_by = EVENING + timedelta(hours=hours)
    plan = make_plan(EVENING, need(kwh, ready_by), slots)
    possible_wh = hours * 10_000
    assert plan.planned_wh == pytest.approx(min(kwh * 1000, possible_wh), abs=2)
    assert plan.planned_wh + plan.missing_wh == pytest.approx(kwh * 1000, abs=2)
    assert (plan.state is PlanState.WILL_MISS) == (plan.missing_wh > 0)
    assert all(EVENING <= slot.start < slot.end <= ready_by for slot in plan.slots)
    assert all(one.end <= two.start for one, two in zip(plan.slots, plan.slots[1:], strict=False))
    if (plan.laxity_s or 0) > SLACK.total_seconds():
        assert all(slot.end <= ready_by - SLACK for slot in plan.slots)
