"""Runs the demo site without a person, does what people do, and judges what came of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import tempfile
import time
from typing import Any

from ..harbour_house import GUEST_TAG, OWNER_TAG
from .backend.account import operator_figures
from .backend.entities import configuration
from .backend.operator import Operator
from .backend.outages import Outages
from .backend.switchboard import Switchboard
from .figures import Figure, account, judged, table
from .home_assistant import HomeAssistant
from .ports import free_ports
from .set_up import ADOPTIONS, add_guest_fuse, add_meter, add_operator, add_site, adopt
from .silences import Silences
from .simulation import Simulation
from .waiting import until

STEADY_S = 4.0
"""How long all cars charge before anything happens to them."""

OVERLOAD_S = 30.0
"""Twice as long as an over-current may last."""

_OURS = "custom_components.offline_evse"
_COMPLAINTS = (" WARNING ", " ERROR ", " CRITICAL ")

_NOT_TESTED = "We found a custom integration"
"""Home Assistant says so of every custom integration."""


class Check:
    """One run of the site, from an empty folder to the verdict."""

    def __init__(self, home: HomeAssistant, simulation: Simulation, operator: Operator, port: int) -> None:
        """Prepare to run this site."""
        self._home = home
        self._simulation = simulation
        self._operator = operator
        self._port = port
        self._entry_id = ""
        self._began = time.monotonic()
        self._commands = 0
        self._silences = Silences(home, simulation, self.say)
        self._outages = Outages(home, simulation, operator, self.say)
        self._more_figures: list[Figure] = []

    def say(self, what: str) -> None:
        """Tell whoever watches what is being done."""
        print(f"{time.monotonic() - self._began:6.1f} s  {what}", flush=True)

    async def run(self) -> list[Figure]:
        """Do everything; returns the figures."""
        await self._set_up()
        await self._operator.die_at("StartTransaction")
        async with asyncio.TaskGroup() as meanwhile:
            killed = meanwhile.create_task(self._outages.killed_before_it_answers())
            await self._cards()
            await self._charge()
        await asyncio.gather(self._overload(), self._outages.online())
        await self._outages.session_without()
        # The backend comes back while everything else falls silent.
        async with asyncio.TaskGroup() as meanwhile:
            back = meanwhile.create_task(self._outages.gone_and_back())
            silent = await self._silences.frozen_meter_and_absent_charger()
            silent += await self._silences.absent_meter_and_storm()
        self._more_figures += [*silent, killed.result(), *back.result()]
        await self._outages.started_from_afar()
        running = await self._killed()
        await self._stop_everything(running)
        return await self._judge()

    async def _set_up(self) -> None:
        self.say("set up: meter, site, fuses; adopt the chargers that have dialled in")
        await add_meter(self._home, self._simulation)
        self._entry_id = await add_site(self._home, self._port)
        circuits = {"main": "main", "guests": await add_guest_fuse(self._home, self._entry_id)}
        for adoption in ADOPTIONS:
            await adopt(self._home, adoption, circuits)
        await add_operator(self._home, self._entry_id, self._operator)
        await until("all adopted chargers are connected", self._connected, within_s=30)

    async def _cards(self) -> None:
        self.say("an unknown card is refused, enrolled, and accepted")
        await self._simulation.act("swipe", {"charger": "driveway", "tag": OWNER_TAG})
        await until("the card is shown as unknown", self._card_event("driveway", {"unknown", "invalid"}), within_s=10)
        await self._home.act("offline_evse", "enrol_card", {"card": OWNER_TAG, "name": "Ada"})
        await self._home.act("offline_evse", "enrol_card", {"card": GUEST_TAG, "name": "Bay guest"})
        await self._simulation.act("swipe", {"charger": "driveway", "tag": OWNER_TAG})
        await until("Ada charges", self._charging("driveway"), within_s=30)

    async def _charge(self) -> None:
        self.say("three more sessions: by card, by switch, by action")
        await self._simulation.act("swipe", {"charger": "garden-gate", "tag": GUEST_TAG})
        await self._home.act("switch", "turn_on", {"entity_id": "switch.guest_bays_connector_1_charging"})
        device_id = await self._device("Boathouse")
        await self._home.act("offline_evse", "start_charging", {"device_id": device_id})
        for charger in ("garden-gate", "guest-bays", "boathouse"):
            await until(f"{charger} charges", self._charging(charger), within_s=40)
        await asyncio.sleep(STEADY_S)

    async def _overload(self) -> None:
        self.say("oven, kettle and heat pump go on; the cars have to step back")
        for appliance in ("oven", "kettle", "heat_pump"):
            await self._simulation.act("load", {"appliance": appliance, "on": True, "seconds": OVERLOAD_S})
        await asyncio.sleep(OVERLOAD_S)

    async def _killed(self) -> set[str]:
        self._commands += await self._limits_sent()
        before = {session["session_id"] for session in await self._sessions() if session["ended"] is None}
        self.say(f"kill -9 of Home Assistant with {len(before)} sessions running")
        await self._home.kill()
        await self._simulation.act("unplug", {"charger": "boathouse"})
        await self._simulation.act("load", {"appliance": "kettle", "on": True, "seconds": 20})
        self._more_figures.append(await self._silences.all_at_floor())
        self.say("Home Assistant starts again; one car has left meanwhile")
        await self._home.start()
        await until("all adopted chargers are connected", self._connected, within_s=60)

        async def taken_up() -> set[str] | None:
            now = {session["session_id"] for session in await self._sessions() if session["ended"] is None}
            return now if now and now < before else None

        running = await until("the sessions are taken up, and the one that ended is closed", taken_up, within_s=30)
        self.say(f"{len(running)} sessions go on")
        await asyncio.sleep(STEADY_S)
        return running

    async def _stop_everything(self, running: set[str]) -> None:
        self.say("stop: by button, by action, by unplugging")
        await self._home.act("button", "press", {"entity_id": "button.driveway_connector_1_stop_session"})
        device_id = await self._device("Garden gate")
        await self._home.act("offline_evse", "stop_charging", {"device_id": device_id})
        for charger in ("driveway", "garden-gate", "guest-bays"):
            await self._simulation.act("unplug", {"charger": charger})

        async def all_ended() -> bool:
            ended = all(session["ended"] for session in await self._sessions())
            state = await self._simulation.state()
            return ended and not any(charger["queue"] for charger in state["chargers"].values())

        await until("every session has ended and every queue is empty", all_ended, within_s=30)
        await self._outages.everything_told()

    async def _judge(self) -> list[Figure]:
        self._commands += await self._limits_sent()
        state = await self._simulation.state()
        sessions = await self._sessions()
        figures = judged(account(state, sessions), state, self._commands, len(ADOPTIONS))
        figures += operator_figures(await self._operator.page(), sessions)
        complaints = self._complaints()
        for line in complaints:
            print(f"          log: {line}")
        figures += self._more_figures
        return [*figures, Figure("warnings and errors of ours in the log", f"{len(complaints)}", "0", not complaints)]

    def _complaints(self) -> list[str]:
        lines = self._home.log.read_text(errors="replace").splitlines()
        return [
            line
            for line in lines
            if _OURS in line and any(level in line for level in _COMPLAINTS) and _NOT_TESTED not in line
        ]

    async def _connected(self) -> bool:
        states = await self._home.states()
        names = [adoption.name.lower().replace(" ", "_") for adoption in ADOPTIONS]
        return all(states.get(f"binary_sensor.{name}_connectivity", {}).get("state") == "on" for name in names)

    async def _sessions(self) -> list[dict[str, Any]]:
        answer = await self._home.act("offline_evse", "list_sessions", {}, answer=True)
        sessions: list[dict[str, Any]] = answer["sessions"]
        return sessions

    async def _limits_sent(self) -> int:
        diagnostics = await self._home.get(f"/api/diagnostics/config_entry/{self._entry_id}")
        return int(diagnostics["data"]["site"]["limits_sent"])

    async def _device(self, name: str) -> str:
        for device in await self._home.ask({"type": "config/device_registry/list"}):
            if (device["name_by_user"] or device["name"]) == name and device["config_entries"] == [self._entry_id]:
                device_id: str = device["id"]
                return device_id
        raise LookupError(f"there is no device {name}")

    def _charging(self, charger: str) -> Callable[[], Any]:
        async def flows() -> bool:
            point = (await self._simulation.state())["chargers"][charger]["connectors"]["1"]
            entity = f"binary_sensor.{charger.replace('-', '_')}_connector_1_car_charging"
            flowing: bool = point["power_w"] > 1000
            return flowing and (await self._home.states())[entity]["state"] == "on"

        return flows

    def _card_event(self, charger: str, kinds: set[str]) -> Callable[[], Any]:
        async def seen() -> bool:
            event = (await self._home.states())[f"event.{charger.replace('-', '_')}_card_presented"]
            return any(kind in str(event["attributes"].get("event_type")) for kind in kinds)

        return seen


async def check(seed: int) -> int:
    """Run the site from an empty folder; returns the exit status."""
    began = time.monotonic()
    http_port, ocpp_port = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="offline-evse-") as folder:
        operator = Operator(Path(folder) / "operator.db", seed)
        simulation = Simulation(f"ws://127.0.0.1:{ocpp_port}", seed)
        async with simulation, operator, Switchboard(operator) as switchboard:
            home = HomeAssistant(Path(folder), http_port, more=configuration(switchboard.port))
            try:
                async with home:
                    figures = await Check(home, simulation, operator, ocpp_port).run()
            except Exception:
                print(home.log.read_text()[-6000:])
                raise
    print(table(figures, time.monotonic() - began))
    return 0 if all(figure.right for figure in figures) else 1
