"""Run a virtual site: `python -m simulator --central ws://127.0.0.1:9000`."""

import argparse
import asyncio
from contextlib import suppress
import json
import logging
import os
from pathlib import Path
import signal
import sys

from .clock import SystemClock
from .description import SiteDescription, load
from .harbour_house import HARBOUR_HOUSE
from .live import LiveSite
from .simulator import Simulator

CLOSE_WITHIN_S = 1.5


def main() -> int:
    """Run until a signal comes; return the exit status."""
    arguments = _arguments()
    logging.basicConfig(
        level=logging.ERROR if arguments.quiet else logging.WARNING,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        description = _description(arguments.site)
        return asyncio.run(_run(description, arguments))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1


async def _run(description: SiteDescription, arguments: argparse.Namespace) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopped.set)
    live = LiveSite(Simulator(description, arguments.seed, SystemClock()), arguments.central)
    await live.start(control_port=arguments.control_port, meter_port=arguments.meter_port)
    started = {
        "control_port": live.control.port,
        "meter_port": live.simulator.meter.port,
        "central": arguments.central,
        "site": description.name,
        "chargers": list(live.simulator.stations),
        "pid": os.getpid(),
    }
    print(json.dumps(started), flush=True)
    running = asyncio.create_task(live.run())
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    failed = running.exception() if running.done() and not running.cancelled() else None
    running.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await running
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await live.stop()
    if failed is not None:
        raise failed
    return 0


def _description(site: str) -> SiteDescription:
    return HARBOUR_HOUSE if site == "demo" else load(Path(site))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A virtual charging site.")
    parser.add_argument("--central", default="ws://127.0.0.1:9000", help="address of the central system")
    parser.add_argument("--control-port", type=int, default=0, help="port of the control interface (0: any)")
    parser.add_argument("--meter-port", type=int, default=0, help="port of the smart meter (0: any)")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal sites")
    parser.add_argument("--site", default="demo", help="demo, or a JSON file that describes a site")
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
