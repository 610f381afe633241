"""The demo for a person: starts the site, says where to look, and stops all of it on Ctrl-C."""

import asyncio
import contextlib
import json
from pathlib import Path
import shutil
import signal

from ..harbour_house import GUEST_TAG, OWNER_TAG
from .backend.entities import configuration
from .backend.operator import NAME, Operator
from .backend.switchboard import Switchboard
from .home_assistant import PASSWORD, REPOSITORY, USER, HomeAssistant
from .lovelace import add_dashboard
from .ports import is_free
from .set_up import whole_site
from .simulation import Simulation

FOLDER = REPOSITORY / ".demo"

READY = "ready.json"
"""File that is there once the site is set up; holds the ports that Home Assistant remembers."""


async def visit(seed: int, port: int, ocpp_port: int, *, fresh: bool) -> int:
    """Run the demo until somebody presses Ctrl-C; returns the exit status."""
    for wanted in (port, ocpp_port):
        if not is_free(wanted):
            print(f"Port {wanted} is taken on this machine. Choose others with --port and --ocpp-port.")
            return 1
    folder = FOLDER / f"{port}-{ocpp_port}"
    if fresh or not (folder / READY).exists():
        shutil.rmtree(folder, ignore_errors=True)
    elif taken := [it for it in json.loads((folder / READY).read_text()).values() if not is_free(it)]:
        print(f"Port {taken[0]} of the demo is taken on this machine. Free it, or begin anew with --fresh.")
        return 1
    running = asyncio.create_task(_run(folder, seed, port, ocpp_port))
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return 0


async def _run(folder: Path, seed: int, port: int, ocpp_port: int) -> None:
    """Run until cancelled; what was begun is stopped in any case."""
    ready = folder / READY
    # Meter and operator keep their ports, because Home Assistant remembers them.
    ports: dict[str, int] = json.loads(ready.read_text()) if ready.exists() else {}
    folder.mkdir(parents=True, exist_ok=True)
    simulation = Simulation(f"ws://127.0.0.1:{ocpp_port}", seed, meter_port=ports.get("meter", 0))
    operator = Operator(folder / "operator.db", seed, line_port=ports.get("operator", 0))
    async with simulation, operator, Switchboard(operator) as switchboard:
        home = HomeAssistant(folder, port, more=configuration(switchboard.port))
        print("Starting Home Assistant ...", flush=True)
        async with home:
            try:
                if not ready.exists():
                    print("Setting the site up as an installer would ...", flush=True)
                    await whole_site(home, simulation, operator, ocpp_port)
                    await add_dashboard(home)
                    ready.write_text(json.dumps({"meter": simulation.meter_port, "operator": operator.line_port}))
                print(_guide(home, simulation, switchboard, ocpp_port), flush=True)
                await asyncio.Event().wait()
            finally:
                print("\nStopping ...", flush=True)


def _guide(home: HomeAssistant, simulation: Simulation, switchboard: Switchboard, ocpp_port: int) -> str:
    control = f"http://127.0.0.1:{simulation.control_port}"
    book = f"http://127.0.0.1:{switchboard.port}/state"
    return f"""
Harbour House is running.

  Open      {home.url}      user {USER}, password {PASSWORD}
  Chargers  dial ws://127.0.0.1:{ocpp_port}

What to look at
  - The dashboard "Charging": four chargers, what each is offered and which fuse limits it.
  - Beside it {NAME}, the operator that is told of every session: cut its line, slow it down, kill its process, and see
    what waits, and how it catches up.
  - Settings > Devices & services: a fifth charger, Tidewater Anchor, waits under "Discovered". Adopt it.
  - Settings > Devices & services > Offline EVSE: the site with its chargers, connectors and fuses.

What to try (the cars are plugged in and wait for a card)
  Ada's card on the driveway   curl -d '{{"charger": "driveway", "tag": "{OWNER_TAG}"}}' {control}/swipe
  a card nobody knows          curl -d '{{"charger": "garden-gate", "tag": "{GUEST_TAG}"}}' {control}/swipe
  switch the oven on           curl -d '{{"appliance": "oven", "on": true}}' {control}/load
  silence the meter            curl -d '{{"kind": "meter_freeze", "seconds": 60}}' {control}/fault
  cut a charger's link         curl -d '{{"kind": "drop", "charger": "driveway", "seconds": 60}}' {control}/fault
  the true state of everything curl {control}/state
  what the operator has        curl {book}

Ctrl-C stops all of it. The next start finds the site as you left it; --fresh begins anew.
"""
