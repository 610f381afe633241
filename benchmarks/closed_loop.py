"""The worst day at Harbour House, headless: what the balancing keeps off the fuses, and what it costs in energy.

Run as `python -m benchmarks.closed_loop [hours] [seed ...]`. The whole engine runs against the simulator: stations,
frames, codecs, dispatch and a ledger on disk. "No control" is the same day with cars that take what they like.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
import time

from simulator.clock import ManualClock
from simulator.physics.fuse import Fuse
from simulator.physics.site import SimulatedSite
from simulator.simulator import Simulator
from tests.simulation.closed_loop import START, play, running
from tests.simulation.harbour import NASTY_HARBOUR

from .report import print_table

STEP_S = 0.5
"""The step of the simulator's own loop."""
PESSIMIST_TAU_S = 60.0


@dataclass(kw_only=True)
class Figures:
    """What one run, or several together, came to."""

    avoidable_s: float = 0.0
    longest_s: float = 0.0
    excess_a2s: float = 0.0
    theta: float = 0.0
    pessimist_theta: float = 0.0
    energy_wh: float = 0.0
    ideal_wh: float = 0.0
    commands: int = 0
    car_hours: float = 0.0
    pauses: int = 0
    simulated_s: float = 0.0
    wall_s: float = 0.0

    def add(self, other: Figures) -> None:
        """Take another run in: worst values stay the worst, all others add up."""
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            worst = field.name in ("longest_s", "theta", "pessimist_theta")
            setattr(self, field.name, max(mine, theirs) if worst else mine + theirs)


class Pessimists:
    """Fuses that heat up twice as fast, beside the simulator's own."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site
        self._fuses = {name: Fuse(fuse.rating_a, tau_s=PESSIMIST_TAU_S) for name, fuse in site.fuses.items()}

    def second(self) -> None:
        """Carry what the site carries now for a second."""
        for name, fuse in self._fuses.items():
            fuse.step(1.0, self._site.currents_a[name])

    @property
    def theta(self) -> float:
        """The highest heat so far."""
        return max(fuse.theta_max for fuse in self._fuses.values())


def controlled(seed: int, hours: float) -> Figures:
    """Let the engine run the day."""

    async def day(folder: Path) -> Figures:
        async with running(NASTY_HARBOUR, folder, seed) as loop:
            pessimists = Pessimists(loop.simulator.site)
            loop.watchers.append(pessimists.second)
            loop.plug_all()
            began_s = time.perf_counter()
            await loop.run(hours * 3600)
            wall_s = time.perf_counter() - began_s
            figures = physical(loop.simulator, wall_s, hours)
            figures.pessimist_theta = pessimists.theta
            figures.energy_wh = loop.delivered_wh
            figures.ideal_wh = loop.judgement.ideal_wh
            figures.commands = loop.commands_sent
            figures.car_hours = loop.judgement.car_hours
            figures.pauses = loop.judgement.pauses
            return figures

    with TemporaryDirectory() as folder:
        return play(lambda: day(Path(folder)))


def uncontrolled(seed: int, hours: float) -> Figures:
    """Let every car take all that its charger has."""
    clock = ManualClock(START)
    simulator = Simulator(NASTY_HARBOUR, seed, clock)
    pessimists = Pessimists(simulator.site)
    before_wh = sum(evse.register_wh for evse in simulator.site.evses.values())
    for evse, car in zip(simulator.site.evses.values(), simulator.cars.values(), strict=True):
        evse.plug(car)
        evse.enabled = True
    began_s = time.perf_counter()
    for step in range(round(hours * 3600 / STEP_S)):
        clock.advance(STEP_S)
        simulator.site.step(STEP_S)
        if step % round(1 / STEP_S) == 0:
            pessimists.second()
    figures = physical(simulator, time.perf_counter() - began_s, hours)
    figures.pessimist_theta = pessimists.theta
    figures.energy_wh = sum(evse.register_wh for evse in simulator.site.evses.values()) - before_wh
    figures.car_hours = hours * len(simulator.site.evses)
    return figures


def physical(simulator: Simulator, wall_s: float, hours: float) -> Figures:
    """Read what the fuses have been through."""
    fuses = simulator.site.fuses.values()
    return Figures(
        avoidable_s=sum(fuse.avoidable_s for fuse in fuses),
        longest_s=max(fuse.longest_s for fuse in fuses),
        excess_a2s=sum(fuse.excess_a2s for fuse in fuses),
        theta=max(fuse.theta_max for fuse in fuses),
        simulated_s=hours * 3600,
        wall_s=wall_s,
    )


COLUMNS = (
    "control",
    "avoidable over-current s",
    "longest s",
    "excess I²t kA²s",
    "max θ (τ=120 s)",
    "max θ (τ=60 s)",
    "kWh",
    "of the ideal",
    "limits/car h",
    "pauses",
    "× real time",
)


def row(name: str, figures: Figures) -> Sequence[str]:
    """Put figures into a line of the table."""
    return (
        name,
        f"{figures.avoidable_s:.0f}",
        f"{figures.longest_s:.1f}",
        f"{figures.excess_a2s / 1000:.1f}",
        f"{figures.theta:.2f}",
        f"{figures.pessimist_theta:.2f}",
        f"{figures.energy_wh / 1000:.1f}",
        f"{figures.energy_wh / figures.ideal_wh:.0%}" if figures.ideal_wh else "-",
        f"{figures.commands / figures.car_hours:.0f}",
        str(figures.pauses),
        f"{figures.simulated_s / figures.wall_s:.0f}",
    )


def main() -> None:
    """Run every seed with and without control, and print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hours", nargs="?", type=float, default=4.0)
    parser.add_argument("seeds", nargs="*", type=int, default=[1, 2, 3])
    arguments = parser.parse_args()
    with_control, without = Figures(), Figures()
    for seed in arguments.seeds:
        with_control.add(controlled(seed, arguments.hours))
        without.add(uncontrolled(seed, arguments.hours))
    print_table(
        f"Closed loop: 6 cars on 35 A with a nasty house, {arguments.hours:g} h × {len(arguments.seeds)} seeds; "
        "a fuse trips at θ = 1.28",
        COLUMNS,
        [row("none", without), row("engine", with_control)],
    )


if __name__ == "__main__":
    main()
