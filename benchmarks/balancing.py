"""What the balancing keeps off the fuses and what it delivers, in every scenario, on a virtual clock.

    python -m benchmarks.balancing                      all scenarios; the hostile ones beside other control laws
    python -m benchmarks.balancing --scenario hotel     only one (repeat the option for more)
    python -m benchmarks.balancing --quick              short, one seed
    python -m benchmarks.balancing --picture docs/images/balancing-pareto.svg

The balancer is driven through its own door, as the site drives it; there are no frames and no sockets. How the figures
are meant is told in benchmarks/README.md.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
import sys

from .control_laws.all_laws import NONE, OTHERS, OURS, ours
from .control_laws.law import ControlLaw
from .judging.figures import Figures
from .judging.optimum import optimum_kwh
from .judging.picture import Panel, Point, write
from .judging.tables import LAW_COLUMNS, SCENARIO_COLUMNS, law_row, scenario_row, shortfalls
from .report import print_table
from .scenarios.all_scenarios import SCENARIOS
from .scenarios.scenario import Scenario
from .site_model.run import Run

HOSTILE_SEEDS = 8
OTHER_SEEDS = 3
WINDOWS_S = (20.0, 120.0)
"""Other windows of ours, for the picture."""
_PROBE_EVERY_S = 600
_QUICK_HOURS = 0.5
_LONG_HOURS = 4.0
"""A scenario longer than this runs with one seed."""


def measure(
    scenario: Scenario,
    law: Callable[[], ControlLaw],
    seeds: Sequence[int],
    *,
    probe_every_s: int = 0,
    optimum: bool = False,
) -> Figures:
    """Run a scenario with every seed, and return what came of all."""
    figures = Figures()
    for seed in seeds:
        run = Run(scenario, seed, law)
        best = (optimum_kwh(run, margins=True), optimum_kwh(run, margins=False)) if optimum else (0.0, 0.0)
        one = run.run(probe_every_s)
        one.optimum_kwh, one.fuse_optimum_kwh = best
        figures.add(one)
    return figures


def compare(scenario: Scenario, seeds: Sequence[int]) -> dict[str, Figures]:
    """Run a scenario under every law."""
    laws = {**NONE, **OTHERS, OURS: ours()}
    return {name: measure(scenario, law, seeds) for name, law in laws.items()}


def verdict(results: dict[str, Figures]) -> str:
    """Say how our law stands among the others."""
    mine = results[OURS]
    rest = [results[name] for name in OTHERS]
    share = mine.energy_kwh / median(other.energy_kwh for other in rest)
    better = [
        name for name in OTHERS if results[name].over_s <= mine.over_s and results[name].energy_kwh >= mine.energy_kwh
    ]
    return (
        f"ours: {mine.over_s} s beside {min(other.over_s for other in rest):,} to "
        f"{max(other.over_s for other in rest):,} s of the others, {share:.0%} of their median energy; "
        f"better on both axes: {', '.join(better) or 'none'}"
    )


def _panel(scenario: Scenario, results: dict[str, Figures], seeds: Sequence[int]) -> Panel:
    points = [
        Point(
            name=name,
            over_s=figures.over_s,
            energy_kwh=figures.energy_kwh,
            ours=name == OURS,
            trips=figures.trips > 0,
        )
        for name, figures in results.items()
        if name not in NONE
    ]
    for window_s in WINDOWS_S:
        figures = measure(scenario, ours(window_s), seeds)
        points.append(
            Point(name=f"ours, W = {window_s:g} s", over_s=figures.over_s, energy_kwh=figures.energy_kwh, window=True)
        )
    return Panel(scenario.subject, points)


def _hostile(scenarios: Sequence[Scenario], seeds: Sequence[int], picture: Path | None) -> None:
    panels = []
    for scenario in scenarios:
        results = compare(scenario, seeds)
        title = f"{scenario.name}: {scenario.subject}, {len(seeds)} × {scenario.hours:g} h"
        print_table(title, LAW_COLUMNS, [law_row(name, figures) for name, figures in results.items()])
        print(f"\n{verdict(results)}", flush=True)
        if picture is not None:
            panels.append(_panel(scenario, results, seeds))
    if picture is not None and panels:
        hours = scenarios[0].hours
        note = f"{len(seeds)} seeds × {hours:g} h on a virtual clock. All keep 1 A free; the floor of the headroom 2 A."
        write(picture, panels, note)


def _others(scenarios: Sequence[Scenario], seeds: Sequence[int]) -> None:
    rows = []
    said: list[str] = []
    for scenario in scenarios:
        chosen = seeds[:1] if scenario.hours > _LONG_HOURS else seeds
        figures = measure(scenario, ours(), chosen, probe_every_s=_PROBE_EVERY_S, optimum=True)
        rows.append(scenario_row(scenario, figures))
        print(f"{scenario.name} done", file=sys.stderr, flush=True)
        said.extend(f"{scenario.name}: {what}" for what in shortfalls(scenario, figures))
        if scenario.name == "quarter-hour":
            said.append(f"quarter-hour: highest mean {figures.quarter_kw:.2f} kW")
        if scenario.name == "grid-limit":
            said.append(f"grid-limit: complied after {figures.comply_s} s, {figures.over_limit_s} s above it later")
    print_table(f"Our law, {len(seeds)} seed(s) each", SCENARIO_COLUMNS, rows)
    for scenario in scenarios:
        print(f"- {scenario.name}: {scenario.subject}")
    print("\n" + "\n".join(said))


def main() -> None:
    """Run what is asked for, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", action="append", choices=sorted(SCENARIOS), help="repeat for more; default: all")
    parser.add_argument("--hours", type=float, help="instead of each scenario's own")
    parser.add_argument("--seeds", type=int, help=f"how many; default {HOSTILE_SEEDS} hostile, {OTHER_SEEDS} otherwise")
    parser.add_argument("--quick", action="store_true", help="one seed, half an hour of the long ones")
    parser.add_argument("--picture", type=Path, help="where to write the picture of the hostile scenarios")
    arguments = parser.parse_args()
    chosen = [SCENARIOS[name] for name in arguments.scenario or SCENARIOS]
    hours = arguments.hours
    if arguments.quick:
        hours = hours or _QUICK_HOURS
        chosen = [scenario for scenario in chosen if not scenario.events or scenario.hours <= hours] or chosen
    if hours is not None:
        chosen = [replace(scenario, hours=min(hours, scenario.hours)) for scenario in chosen]
    hostile = [scenario for scenario in chosen if scenario.name.startswith("hostile")]
    others = [scenario for scenario in chosen if scenario not in hostile]
    count = 1 if arguments.quick else arguments.seeds
    if hostile:
        _hostile(hostile, range(1, (count or HOSTILE_SEEDS) + 1), arguments.picture)
    if others:
        _others(others, range(1, (count or OTHER_SEEDS) + 1))


if __name__ == "__main__":
    main()
