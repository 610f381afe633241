"""Sharing out: exact, fair, within every limit, and able to say why."""

from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.balancing.sharing.allocator import (
    Allocation,
    Cause,
    Claim,
    allocate,
    round_down,
    round_up,
)
from custom_components.offline_evse.engine.balancing.tree.fuse_tree import FuseTree

from .max_min_oracle import exact_max_min, lexicographic_max_min
from .sites import key, random_layout

seeds = st.integers(0, 2**32 - 1)


def random_problem(seed: int) -> tuple[list[Claim], list[float]]:
    random = Random(seed)
    tree = FuseTree(random_layout(random))
    claims = [
        Claim(
            evse,
            tree.coefficients(evse, random.choice([None, None, (0,)])),
            round_up(placement.minimum_a, placement.step_a),
            round_down(placement.maximum_a, placement.step_a),
            placement.step_a,
            placement.priority,
            placement.weight,
            random.random(),
            first=random.random() < 0.1,
        )
        for evse, placement in tree.placements.items()
    ]
    return claims, [limit - random.choice([0.0, random.uniform(-0.1, 0.6) * limit]) for limit in tree.limits]


def exact_slack(claims: list[Claim], capacity: list[float], allocation: Allocation) -> list[float]:
    slack = list(capacity)
    for claim, share in zip(claims, allocation.shares, strict=True):
        for row, cost in claim.rows:
            slack[row] -= share.exact_a * cost
    return slack


@given(seeds)
@settings(max_examples=150)
def test_filling_is_the_lexicographic_optimum(seed: int) -> None:
    claims, capacity = random_problem(seed)
    shares = allocate(claims, capacity).shares
    admitted = [number for number, share in enumerate(shares) if share.current_a]
    optimum = lexicographic_max_min(claims, capacity, admitted)
    assert [share.exact_a for share in shares] == pytest.approx(optimum, abs=1e-6)


@pytest.mark.parametrize("part", range(4))
def test_filling_is_exact(part: int) -> None:
    for seed in range(part, 2000, 4):
        claims, capacity = random_problem(seed)
        shares = allocate(claims, capacity).shares
        optimum = exact_max_min(claims, capacity, [number for number, share in enumerate(shares) if share.current_a])
        assert max(abs(share.exact_a - float(best)) for share, best in zip(shares, optimum, strict=True)) <= 1e-9


@given(seeds)
@settings(max_examples=400)
def test_no_row_is_ever_exceeded(seed: int) -> None:
    claims, capacity = random_problem(seed)
    shares = allocate(claims, capacity, turn=seed % 7).shares
    used = [0.0] * len(capacity)
    for claim, share in zip(claims, shares, strict=True):
        for row, cost in claim.rows:
            used[row] += share.current_a * cost
    assert all(taken <= max(limit, 0.0) + 1e-5 for taken, limit in zip(used, capacity, strict=True))


@given(seeds)
@settings(max_examples=400)
def test_every_share_is_nothing_or_at_least_the_minimum_and_a_whole_step(seed: int) -> None:
    claims, capacity = random_problem(seed)
    for claim, share in zip(claims, allocate(claims, capacity).shares, strict=True):
        assert share.current_a == 0 or claim.minimum_a <= share.current_a <= claim.maximum_a
        assert share.current_a == pytest.approx(round(share.current_a / claim.step_a) * claim.step_a, abs=1e-6)
        assert abs(share.current_a - share.exact_a) <= claim.step_a + 1e-6


@given(seeds)
@settings(max_examples=400)
def test_left_over_steps_are_handed_out(seed: int) -> None:
    claims, capacity = random_problem(seed)
    allocation = allocate(claims, capacity)
    for claim, share in zip(claims, allocation.shares, strict=True):
        if share.current_a < share.exact_a - 1e-6:
            assert any(allocation.slack[row] < claim.step_a * cost for row, cost in claim.rows)


@given(seeds)
@settings(max_examples=400)
def test_the_named_row_binds(seed: int) -> None:
    claims, capacity = random_problem(seed)
    allocation = allocate(claims, capacity)
    slack = exact_slack(claims, capacity, allocation)
    for number, (claim, share) in enumerate(zip(claims, allocation.shares, strict=True)):
        if share.cause is Cause.MAXIMUM:
            assert share.current_a == claim.maximum_a or claim.maximum_a < claim.minimum_a
            continue
        assert share.row is not None
        cost = dict(claim.rows)[share.row]
        if share.cause is Cause.ROW:
            assert slack[share.row] == pytest.approx(0.0, abs=1e-6 * cost)
            full = [row for row, cost in claim.rows if slack[row] < 1e-6 * cost]
            if full == [share.row]:
                assert raised(claims, capacity, share.row, cost)[number] > share.exact_a + 1e-9


def raised(claims: list[Claim], capacity: list[float], row: int, by: float) -> list[float]:
    """The exact currents with one row wider, everybody admitted as before."""
    admitted = [share.current_a > 0 for share in allocate(claims, capacity).shares]
    same = [claim if there else claim._replace(maximum_a=0.0) for claim, there in zip(claims, admitted, strict=True)]
    wider = list(capacity)
    wider[row] += by
    return [share.exact_a for share in allocate(same, wider).shares]


@given(seeds)
@settings(max_examples=400)
def test_where_others_come_first_there_are_others_held_by_the_same_row(seed: int) -> None:
    claims, capacity = random_problem(seed)
    shares = allocate(claims, capacity).shares
    for number, share in enumerate(shares):
        if share.cause is Cause.OTHERS_FIRST:
            assert any(
                other.row == share.row
                and other.cause is Cause.ROW
                and (
                    claims[place].priority > claims[number].priority
                    or other.exact_a / claims[place].weight < share.exact_a / claims[number].weight
                )
                for place, other in enumerate(shares)
            )


@given(seeds)
@settings(max_examples=400)
def test_whoever_waits_is_admitted_once_there_is_room(seed: int) -> None:
    claims, capacity = random_problem(seed)
    shares = allocate(claims, capacity).shares
    for number, share in enumerate(shares):
        if share.cause in (Cause.WAITING, Cause.TOO_SMALL):
            alone = allocate([claims[number]], capacity).shares[0]
            assert (alone.current_a > 0) == (share.cause is Cause.WAITING)
            assert share.row is not None
            wider = list(capacity)
            for row, cost in claims[number].rows:
                wider[row] = max(0.0, wider[row]) + cost * 1000.0
            assert allocate(claims, wider).shares[number].current_a >= claims[number].minimum_a


@given(seeds)
@settings(max_examples=100)
def test_the_same_question_gets_the_same_answer(seed: int) -> None:
    claims, capacity = random_problem(seed)
    assert allocate(claims, capacity, 3) == allocate(list(claims), tuple(capacity), 3)


def on_one_row(*maxima: float, **changes: float) -> list[Claim]:
    return [Claim(key(number), ((0, 1.0),), 6.0, maximum)._replace(**changes) for number, maximum in enumerate(maxima)]


def test_two_cars_share_a_fuse_alike() -> None:
    assert [share.current_a for share in allocate(on_one_row(16, 16), [20.0]).shares] == [10.0, 10.0]


def test_what_one_car_cannot_use_goes_to_the_other() -> None:
    assert [share.current_a for share in allocate(on_one_row(7, 32), [20.0]).shares] == [7.0, 13.0]


def test_a_higher_class_is_filled_first_but_takes_nobodys_minimum() -> None:
    low, high = on_one_row(16, 16)
    low_share, high_share = allocate([low, high._replace(priority=1)], [20.0]).shares
    assert (low_share.current_a, high_share.current_a) == (6.0, 14.0)
    assert (low_share.cause, high_share.cause) == (Cause.OTHERS_FIRST, Cause.ROW)


def test_weights_share_in_proportion() -> None:
    one, two = on_one_row(32, 32)
    assert [s.current_a for s in allocate([one, two._replace(weight=2.0)], [30.0]).shares] == [10.0, 20.0]


def test_a_minimum_that_does_not_fit_waits_its_turn() -> None:
    shares = allocate(on_one_row(16, 16, 16), [17.0]).shares
    assert [share.current_a for share in shares] == [8.5, 8.5, 0.0]
    assert shares[2].cause is Cause.WAITING


def test_a_fuse_smaller_than_the_minimum_is_named() -> None:
    share = allocate(on_one_row(16), [5.0]).shares[0]
    assert (share.current_a, share.cause, share.row) == (0.0, Cause.TOO_SMALL, 0)


def test_an_entry_higher_than_the_minimum_must_be_free() -> None:
    claims = on_one_row(16, entry_a=8.0)
    assert allocate(claims, [7.9]).shares[0].current_a == 0
    assert allocate(claims, [8.0]).shares[0].current_a == 8.0


def test_a_single_phase_car_is_not_held_back_by_another_phase() -> None:
    one_phase = Claim(key(0), ((0, 1.0),), 6.0, 16.0)
    three_phase = Claim(key(1), ((0, 1.0), (1, 1.0), (2, 1.0)), 6.0, 16.0)
    shares = allocate([one_phase, three_phase], [32.0, 7.0, 32.0]).shares
    assert [share.current_a for share in shares] == [16.0, 7.0]
    assert shares[1].row == 1


def test_left_over_steps_go_round() -> None:
    claims = on_one_row(16, 16, 16, step_a=1.0)
    got = [tuple(share.current_a for share in allocate(claims, [22.0], turn).shares) for turn in range(3)]
    assert got == [(8.0, 7.0, 7.0), (7.0, 8.0, 7.0), (7.0, 7.0, 8.0)]
