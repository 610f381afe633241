"""Whether anything grows with time: a busy site of eight chargers, for a day on a virtual clock.

Run as `python -m benchmarks.memory [--hours 24] [--trace]`. The whole engine with its ledger on disk runs against the
simulator, in one process, and decides at least every second. A car leaves and the next one comes every seven and a
half minutes; links break, the meter falls silent. What is told is the resident set and the number of allocated blocks
at every hour; `--trace` names the lines whose memory has grown most, and takes several times as long.
"""

import argparse
from dataclasses import dataclass, replace
import gc
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time
import tracemalloc

from simulator.description import CarDescription, PointDescription, SiteDescription, StationDescription
from simulator.harbour_house import OWNER_TAG
from simulator.physics.car import CarModel
from simulator.physics.site import Branch
from simulator.station.model import StationModel
from tests.simulation.closed_loop import ClosedLoop, play
from tests.simulation.harbour import NASTY_HARBOUR

from .report import print_table

CHARGERS = 8
VERSIONS = ("1.6", "2.0.1", "2.1", "1.6")
TURNOVER_S = 450
"""How often some car leaves and another one comes."""
SETTLED_H = 2
"""Until then what is kept for minutes and for a number of sessions fills up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What there was at the end of an hour."""

    resident_kb: int
    blocks: int
    sessions: int
    commands: int
    ledger_kb: int


def busy_site() -> SiteDescription:
    """Describe eight bays at a fuse that has room for half of them, beside a busy house."""
    return replace(
        NASTY_HARBOUR,
        name="Busy yard",
        branches=(Branch(name="main", rating_a=80.0),),
        stations=tuple(
            StationDescription(
                model=StationModel(
                    identity=f"bay-{number}", version=VERSIONS[number % len(VERSIONS)], auto_start_tag=OWNER_TAG
                ),
                points=(PointDescription(branch="main", wiring=("RST", "STR", "TRS")[number % 3]),),
            )
            for number in range(CHARGERS)
        ),
        cars=tuple(
            CarDescription(name=f"car-{number}", model=CarModel(phases=(3, 1, 2)[number % 3]), soc=0.2)
            for number in range(CHARGERS + 1)
        ),
    )


def _resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1000


def _next_car(loop: ClosedLoop, number: int) -> None:
    """Send the car of a bay away, and let the one that has been away longest come, with a battery to fill."""
    simulator = loop.simulator
    bay = f"bay-{number % CHARGERS}"
    point = simulator.stations[bay].points[1]
    if point.evse.car is not None:
        simulator.unplug(charger=bay)
    # The simulator remembers every session for its tests; that is not what is measured.
    del point.history[:]
    taken = {each.evse.car.name for _, each in loop.points() if each.evse.car is not None}
    name = f"car-{number % (CHARGERS + 1)}"
    if name not in taken:
        simulator.cars[name].stored_wh = 0.2 * simulator.cars[name].model.capacity_wh
        simulator.plug(charger=bay, car=name)


async def _hour(loop: ClosedLoop, hour: int) -> None:
    turns = 3600 // TURNOVER_S
    for turn in range(turns):
        _next_car(loop, hour * turns + turn)
        if turn == 2:
            loop.simulator.fault(kind="drop", charger=f"bay-{hour % CHARGERS}", seconds=400)
        if turn == 5:
            loop.simulator.fault(kind="meter_freeze", seconds=90)
        await loop.run(TURNOVER_S)


async def _measure(hours: int, folder: Path, trace: bool) -> tuple[list[Hour], list[str]]:
    loop = ClosedLoop(busy_site(), folder)
    await loop.start()
    told: list[Hour] = []
    grown: list[str] = []
    early: tracemalloc.Snapshot | None = None
    try:
        for hour in range(hours):
            await _hour(loop, hour)
            gc.collect()
            ledger_kb = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) // 1000
            sessions = len(await loop.site.transactions(limit=10_000))
            told.append(
                Hour(
                    resident_kb=_resident_kb(),
                    blocks=sys.getallocatedblocks(),
                    sessions=sessions,
                    commands=loop.commands_sent,
                    ledger_kb=ledger_kb,
                )
            )
            if trace and hour + 1 == min(SETTLED_H, hours):
                early = tracemalloc.take_snapshot()
        if early is not None:
            now = tracemalloc.take_snapshot()
            grown = [str(line) for line in now.compare_to(early, "lineno")[:12]]
    finally:
        await loop.stop()
    return told, grown


def main() -> None:
    """Measure once; leave with 1 where the day has left more than a twentieth behind."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--trace", action="store_true")
    given = parser.parse_args()
    if given.trace:
        tracemalloc.start()
    began_s = time.process_time()
    with TemporaryDirectory() as folder:
        told, grown = play(lambda: _measure(given.hours, Path(folder), given.trace))
    rows = [
        (
            str(number),
            f"{it.resident_kb:,}",
            f"{it.blocks:,}",
            str(it.sessions),
            f"{it.commands:,}",
            f"{it.ledger_kb:,}",
        )
        for number, it in enumerate(told, 1)
        if number in (1, SETTLED_H, len(told)) or number % 4 == 0
    ]
    columns = ("hour", "resident kB", "blocks", "sessions", "limits sent", "ledger kB")
    print_table("Memory of a busy site over a day", columns, rows)
    print(f"\n{time.process_time() - began_s:.0f} s of CPU")
    for line in grown:
        print(line)
    if len(told) > SETTLED_H:
        share = told[-1].blocks / told[SETTLED_H - 1].blocks - 1.0
        print(f"blocks since hour {SETTLED_H}: {share:+.1%}")
        if share > 0.05:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
