"""Lexicographic max-min by linear programming, and by exact fractions: slow, and unlike the code under test."""

from collections.abc import Sequence
from fractions import Fraction

import highspy
import numpy as np

from custom_components.offline_evse.engine.balancing.sharing.allocator import Claim


def lexicographic_max_min(claims: Sequence[Claim], capacity: Sequence[float], admitted: Sequence[int]) -> list[float]:
    """Return the fair current of every admitted claim (0 for others), class by class, in A."""
    currents = [claims[number].minimum_a if number in admitted else 0.0 for number in range(len(claims))]
    for priority in sorted({claims[number].priority for number in admitted}, reverse=True):
        live = {number for number in admitted if claims[number].priority == priority}
        floor = {number: claims[number].minimum_a for number in live}
        while live:
            level = _solve(claims, capacity, currents, floor, live, None)
            raised = {
                number: max(floor[number], claims[number].weight * level) if number in live else floor[number]
                for number in floor
            }
            stuck = set()
            for number in live:
                if _solve(claims, capacity, currents, raised, live, number) <= claims[number].weight * level + 1e-7:
                    stuck.add(number)
            assert stuck, "at every level somebody is held"
            for number in stuck:
                floor[number] = raised[number]
                currents[number] = raised[number]
            live -= stuck
            for number in stuck:
                floor.pop(number)
    return currents


def _solve(
    claims: Sequence[Claim],
    capacity: Sequence[float],
    fixed: Sequence[float],
    floor: dict[int, float],
    live: set[int],
    push: int | None,
) -> float:
    """Maximise the common level of `live` (push None), or one current; everybody else at least at `floor`."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("primal_feasibility_tolerance", 1e-10)
    solver.setOptionValue("dual_feasibility_tolerance", 1e-10)
    column = {number: position for position, number in enumerate(floor)}
    for number, least in floor.items():
        solver.addVar(least, max(least, claims[number].maximum_a))
    solver.addVar(0.0, 1e6)
    level = len(column)
    solver.changeColCost(level if push is None else column[push], -1.0)
    for row, limit in enumerate(capacity):
        used = sum(
            fixed[number] * cost
            for number, claim in enumerate(claims)
            if number not in column
            for where, cost in claim.rows
            if where == row
        )
        entries = [(column[number], cost) for number in column for where, cost in claims[number].rows if where == row]
        if entries:
            index = np.array([position for position, _ in entries], dtype=np.int32)
            value = np.array([cost for _, cost in entries])
            solver.addRow(-highspy.kHighsInf, limit - used, len(entries), index, value)
    if push is None:
        for number in live:
            index = np.array([column[number], level], dtype=np.int32)
            solver.addRow(0.0, highspy.kHighsInf, 2, index, np.array([1.0, -claims[number].weight]))
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return -float(solver.getInfo().objective_function_value)


def exact_max_min(claims: Sequence[Claim], capacity: Sequence[float], admitted: Sequence[int]) -> list[Fraction]:
    """Return the fair current of every admitted claim (0 for others), class by class, in A, without any rounding.

    Over and over: find the highest level that every row can bear with all that are not held yet at that level, and
    hold whoever is at its maximum there or on a row that is full.
    """
    current = [
        Fraction(claims[number].minimum_a) if number in admitted else Fraction(0) for number in range(len(claims))
    ]
    cost = [{row: Fraction(each) for row, each in claim.rows} for claim in claims]
    for priority in sorted({claims[number].priority for number in admitted}, reverse=True):
        free = {number for number in admitted if claims[number].priority == priority}
        while free:
            left = [Fraction(limit) for limit in capacity]
            for number in set(admitted) - free:
                for row, each in cost[number].items():
                    left[row] -= each * current[number]
            levels = {
                row: _highest_level(left[row], [(claims[number], cost[number][row]) for number in on_row])
                for row in range(len(capacity))
                if (on_row := [number for number in free if row in cost[number]])
            }
            level = min(levels.values())
            if level == _NO_END:
                for number in free:
                    current[number] = Fraction(claims[number].maximum_a)
                break
            full = {row for row, at in levels.items() if at == level}
            held = {number for number in free if full & cost[number].keys()}
            for number in held:
                current[number] = _at(claims[number], level)
            free -= held
    return current


_NO_END = Fraction(10**12)


def _at(claim: Claim, level: Fraction) -> Fraction:
    return min(max(Fraction(claim.weight) * level, Fraction(claim.minimum_a)), Fraction(claim.maximum_a))


def _highest_level(left: Fraction, claims: list[tuple[Claim, Fraction]]) -> Fraction:
    """Return the highest level at which these claims fit in what is left of a row."""

    def used(level: Fraction) -> Fraction:
        return sum((each * _at(claim, level) for claim, each in claims), Fraction(0))

    bends = sorted(
        {Fraction(end) / Fraction(claim.weight) for claim, _ in claims for end in (claim.minimum_a, claim.maximum_a)}
    )
    if used(bends[-1]) <= left:
        return _NO_END
    below = max((bend for bend in bends if used(bend) <= left), default=Fraction(0))
    above = min(bend for bend in bends if bend > below and used(bend) > left)
    return below + (left - used(below)) * (above - below) / (used(above) - used(below))
