"""Run a strict central system as a process of its own: `python -m simulator.backend`."""

import argparse
import asyncio
import json
import os
from pathlib import Path
from random import Random
import signal
import ssl

from .central import VERSIONS, CentralSystem
from .chaos import Chaos
from .control import BackendControl


def main() -> int:
    """Serve until told to stop."""
    return asyncio.run(_main(_arguments()))


async def _main(arguments: argparse.Namespace) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopped.set)
    central = CentralSystem(
        book=arguments.book,
        knows_repeats=not arguments.new_ids,
        passwords=dict(pair.split(":", 1) for pair in arguments.station) or None,
        versions=tuple(arguments.version or VERSIONS),
    )
    tls = None
    if arguments.certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(arguments.certificate, arguments.key)
    await central.start(arguments.port, tls)
    chaos = None
    if arguments.line_port is not None:
        chaos = Chaos(central.port, Random(arguments.seed), opaque=tls is not None)
        await chaos.start(arguments.line_port)
    control = BackendControl(central, chaos)
    await control.start(arguments.control_port)
    started = {
        "port": central.port,
        "control_port": control.port,
        "line_port": chaos.port if chaos is not None else None,
        "sessions": len(central.book.sessions),
        "pid": os.getpid(),
    }
    print(json.dumps(started), flush=True)
    await stopped.wait()
    if chaos is not None:
        await chaos.stop()
    await control.stop()
    await central.close()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator.backend", description="A strict central system.")
    parser.add_argument("--port", type=int, default=0, help="port that stations dial (0: any)")
    parser.add_argument("--control-port", type=int, default=0, help="port of the control interface (0: any)")
    parser.add_argument("--line-port", type=int, help="port of a line to it that can be cut (0: any; absent: none)")
    parser.add_argument("--book", type=Path, help="file in which everything is kept (absent: in memory)")
    parser.add_argument("--new-ids", action="store_true", help="give a StartTransaction that comes again a new id")
    parser.add_argument("--station", action="append", default=[], metavar="IDENTITY:PASSWORD", help="let in only these")
    parser.add_argument("--version", action="append", choices=VERSIONS, help="speak only these")
    parser.add_argument("--certificate", type=Path, help="PEM file: speak TLS")
    parser.add_argument("--key", type=Path, help="PEM file of its key")
    parser.add_argument("--seed", type=int, default=1, help="of the line")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
