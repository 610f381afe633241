"""Lexicographic max-min by linear programming: slow, and with nothing in common with the code under test."""

from collections.abc import Sequence

import highspy
import numpy as np

from custom_components.offline_evse.engine.balancing.allocator import Claim


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
