"""What nobody can beat: the most energy that fits under the fuses for somebody who knows everything beforehand."""

import highspy
import numpy as np

from benchmarks.site_model.run import Run

SLOT_S = 60
_VOLTAGE_V = 230.0


def optimum_kwh(run: Run, *, margins: bool) -> float:
    """Solve the linear program of a run that has not begun, and return its energy in kWh.

    Currents are fluid: any from 0 to a car's maximum, constant over slots of a minute. A slot of a row holds what its
    fuse (less the configured margin, on wish) leaves beside the house on average, so what real cars could get is less.
    """
    scenario = run.scenario
    slots = run.seconds // SLOT_S
    capacity = _capacity(run, slots, margins=margins)
    columns: list[tuple[int, int]] = []
    upper: list[float] = []
    for evse, car in enumerate(scenario.cars):
        for slot in range(slots):
            begins_s, ends_s = slot * SLOT_S, (slot + 1) * SLOT_S
            there_s = max(0.0, min(ends_s, car.leaves_s) - max(begins_s, car.arrives_s))
            if there_s:
                columns.append((evse, slot))
                upper.append((car.maximum_a + car.overdraw_a) * there_s / SLOT_S)
    entries: dict[int, list[tuple[int, float]]] = {}
    rows = len(run.limits_a)
    needs = rows * slots
    kwh_per_a = [len(vehicle.phases) * _VOLTAGE_V * SLOT_S / 3.6e6 for vehicle in run.vehicles]
    for column, (evse, slot) in enumerate(columns):
        for first in run.paths[evse]:
            for phase in run.vehicles[evse].phases:
                entries.setdefault(slot * rows + first + phase, []).append((column, 1.0))
        if scenario.cars[evse].need_wh < float("inf"):
            entries.setdefault(needs + evse, []).append((column, kwh_per_a[evse]))
    limits = {row: capacity[row] if row < needs else scenario.cars[row - needs].need_wh / 1000.0 for row in entries}
    return _solve(np.array([kwh_per_a[evse] for evse, _ in columns]), np.array(upper), entries, limits)


def _capacity(run: Run, slots: int, *, margins: bool) -> list[float]:
    circuits = run.scenario.layout.circuits
    margin_a = [circuit.margin_a if margins and circuit.metered else 0.0 for circuit in circuits for _ in range(3)]
    capacity: list[float] = []
    for slot in range(slots):
        seconds = run.uncontrolled[slot * SLOT_S : (slot + 1) * SLOT_S]
        for row, limit_a in enumerate(run.limits_a):
            # Generation frees no more than the fuse: it may be gone within a second.
            free_a = sum(max(0.0, limit_a - margin_a[row] - max(0.0, second[row])) for second in seconds)
            capacity.append(free_a / SLOT_S)
    return capacity


def _solve(
    gain: np.ndarray, upper: np.ndarray, entries: dict[int, list[tuple[int, float]]], limits: dict[int, float]
) -> float:
    problem = highspy.HighsLp()
    problem.num_col_ = len(gain)
    problem.num_row_ = len(entries)
    problem.sense_ = highspy.ObjSense.kMaximize
    problem.col_cost_ = gain
    problem.col_lower_ = np.zeros(len(gain))
    problem.col_upper_ = upper
    problem.row_lower_ = np.full(len(entries), -highspy.kHighsInf)
    problem.row_upper_ = np.array([limits[row] for row in entries])
    matrix = problem.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = np.cumsum([0, *(len(row) for row in entries.values())])
    matrix.index_ = np.array([column for row in entries.values() for column, _ in row])
    matrix.value_ = np.array([value for row in entries.values() for _, value in row])
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.passModel(problem)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"No optimum: {solver.getModelStatus()}")
    return float(solver.getObjectiveValue())
