"""How sessions fare at backends that are cut off all the time.

The scenario of `tests/simulation/backend_cuts.py`, at any size: real sockets, the ledger on disk, one backend that is
a process and is killed between its commit and its answer, half-open lines, names that are gone, certificates that have
expired, and the site itself lost in the middle. What the chargers have told is compared with every backend's book.

    python -m benchmarks.backend_cuts --chargers 10 --sessions 50 --restarts 5 --kills 10
"""

import argparse
import asyncio
import logging
from pathlib import Path
import tempfile
import time

from tests.simulation.backend_accounts import Result
from tests.simulation.backend_cuts import Scale, Storming

from .report import print_table


async def _play(scale: Scale, folder: Path) -> tuple[Result, int, Result]:
    """Play it through; returns what came of it, what a person had to decide, and what came of that."""
    storming = Storming(folder, scale)
    await storming.open()
    try:
        await storming.storm()
        await storming.calm()
        result = await storming.result()
        settled = await storming.settle()
        await storming.calm()
        return result, settled, await storming.result()
    finally:
        await storming.close()


def _rows(result: Result, after: Result) -> list[list[str]]:
    return [
        [
            name,
            str(told.exact),
            str(told.parked),
            str(told.parked_there),
            str(len(told.wrong)),
            str(after.told[name].exact),
            str(told.cuts["all"]),
            str(told.repeats),
            str(len(told.faults)),
        ]
        for name, told in result.told.items()
    ]


def main() -> int:
    """Play it, and print the counts; returns 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backend_cuts", description="Cuts backends off.")
    usual = Scale()
    parser.add_argument("--chargers", type=int, default=usual.chargers)
    parser.add_argument("--sessions", type=int, default=usual.sessions, help="of each charger")
    parser.add_argument("--restarts", type=int, default=usual.restarts, help="of the site")
    parser.add_argument("--kills", type=int, default=usual.kills, help="of the backend that is a process")
    parser.add_argument("--share", type=float, default=usual.share, help="of the messages that are cut off")
    parser.add_argument("--speed", type=float, default=usual.speed, help="of the site's clock")
    parser.add_argument("--seed", type=int, action="append", help="may be given several times")
    arguments = vars(parser.parse_args())
    # What happens to the lines is told by the counts.
    logging.disable(logging.ERROR)
    wrong = 0
    for seed in arguments.pop("seed") or [usual.seed]:
        began_s = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            result, settled, after = asyncio.run(_play(Scale(**arguments, seed=seed), Path(folder)))
        title = f"Seed {seed}, {time.monotonic() - began_s:.0f} s: {result.lines()[0]}"
        columns = (
            "backend",
            "exact",
            "parked",
            "of them there",
            "wrong",
            "exact once settled",
            "cuts",
            "repeats",
            "faults",
        )
        print_table(title, columns, _rows(result, after))
        print(f"\n{settled} sessions settled by hand.", *result.complaints(), sep="\n")
        wrong += len(result.complaints()) + sum(len(told.wrong) + told.parked for told in after.told.values())
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
