"""Run the demo: `python -m simulator.demo`, or `python -m simulator.demo --check`."""

import argparse
import asyncio
from pathlib import Path
import sys

from .check import check
from .visit import visit


def main() -> int:
    """Run what the arguments ask for; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description="A whole charging site: Home Assistant, chargers, cars, a house and its meter."
    )
    parser.add_argument("--check", action="store_true", help="run it without a person and judge the result")
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="take the documentation's pictures, into DIR")
    parser.add_argument("--fresh", action="store_true", help="forget the site of the last run")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal sites")
    parser.add_argument("--port", type=int, default=8123, help="port of Home Assistant")
    parser.add_argument("--ocpp-port", type=int, default=9000, help="port that the chargers dial")
    arguments = parser.parse_args()
    try:
        if arguments.check:
            return asyncio.run(check(arguments.seed))
        if arguments.screenshots:
            # Only this needs a browser and what draws pictures.
            from .screenshots import screenshots  # noqa: PLC0415

            return asyncio.run(screenshots(arguments.seed, arguments.screenshots))
        return asyncio.run(visit(arguments.seed, arguments.port, arguments.ocpp_port, fresh=arguments.fresh))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
