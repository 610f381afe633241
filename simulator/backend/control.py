"""The door for people and tests: look into the book, and do things to stations and their lines. JSON on loopback."""

from collections.abc import Awaitable, Callable
import json
import os
import signal
from typing import Any

from aiohttp import web

from .central import CentralSystem
from .chaos import Chaos, Cut, Ending, Moment
from .conduct import ANY, Deed

type Act = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ActionError(Exception):
    """It cannot be done, and why."""


class BackendControl:
    """GET /state, /faults; POST the name of an action with its arguments as a JSON object.

    cut {station?}; slow {seconds}; refuse {status?: HTTP status, absent: let in again}; boot {status, interval};
    reject {id, status?: absent: accepted again}; deed {deed, action?, times?}; order {station, action, payload};
    tolerate {sends: how often a message may come, patience: s for which a station has to wait}; stop {}, start {}:
    hang up and listen no more, listen again; kill {}: the process, at once. Where a chaotic line is in front: line_cut
    {ending?}, line_plan {moment, action?, ending?}, line_after {bytes, ending?}, line_delay {seconds}, line_dark {on},
    line_refuse {on}. What cannot be done is answered with 400 and a sentence under `error`.
    """

    def __init__(self, central: CentralSystem, chaos: Chaos | None = None) -> None:
        """Serve a central system, and the line in front of it."""
        self._central = central
        self._chaos = chaos
        self._runner: web.AppRunner | None = None
        self._acts: dict[str, Act] = {
            "cut": self._cut,
            "slow": self._slow,
            "refuse": self._refuse,
            "boot": self._boot,
            "reject": self._reject,
            "deed": self._deed,
            "tolerate": self._tolerate,
            "order": self._order,
            "stop": self._stop,
            "start": self._start,
            "kill": self._kill,
        }
        if chaos is not None:
            self._acts |= {
                "line_cut": self._line_cut,
                "line_plan": self._line_plan,
                "line_after": self._line_after,
                "line_delay": self._line_delay,
                "line_dark": self._line_dark,
                "line_refuse": self._line_refuse,
            }

    @property
    def port(self) -> int:
        """The port it listens on. Raises RuntimeError before `start`."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the control interface is not listening")
        return int(self._runner.addresses[0][1])

    async def start(self, port: int = 0) -> None:
        """Listen. Raises OSError if the port is taken."""
        app = web.Application()
        app.router.add_get("/state", self._state)
        app.router.add_get("/faults", self._faults)
        app.router.add_post("/{act}", self._act)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()

    async def stop(self) -> None:
        """Close."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(snapshot(self._central, self._chaos))

    async def _faults(self, request: web.Request) -> web.Response:
        return web.json_response([_fault(fault) for fault in self._central.book.faults])

    async def _act(self, request: web.Request) -> web.Response:
        act = self._acts.get(request.match_info["act"])
        if act is None:
            return web.json_response({"error": f"there is no {request.match_info['act']}"}, status=404)
        try:
            return web.json_response({"done": True} | await act(_arguments(await request.text())))
        except KeyError as error:
            return web.json_response({"error": f"{error} is missing"}, status=400)
        except (ActionError, ValueError, TypeError, LookupError, OSError) as error:
            return web.json_response({"error": str(error) or type(error).__name__}, status=400)

    async def _cut(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"cut": self._central.cut(arguments.get("station"))}

    async def _slow(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._central.conduct.delay_s = float(arguments["seconds"])
        return {}

    async def _refuse(self, arguments: dict[str, Any]) -> dict[str, Any]:
        status = arguments.get("status")
        self._central.conduct.refusing = None if status is None else int(status)
        return {}

    async def _boot(self, arguments: dict[str, Any]) -> dict[str, Any]:
        status = arguments["status"]
        if status not in ("Accepted", "Pending", "Rejected"):
            raise ActionError(f"BootNotification is not answered with {status}")
        self._central.conduct.boot_status = status
        self._central.conduct.boot_interval_s = int(arguments.get("interval", 300))
        return {}

    async def _reject(self, arguments: dict[str, Any]) -> dict[str, Any]:
        cards = self._central.conduct.rejected_cards
        cards.pop(arguments["id"], None)
        if arguments.get("status"):
            cards[arguments["id"]] = str(arguments["status"])
        return {}

    async def _deed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        deed, action = Deed(arguments["deed"]), str(arguments.get("action", ANY))
        self._central.conduct.plan(deed, action, int(arguments.get("times", 1)))
        return {}

    async def _tolerate(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._central.book.most_sends = int(arguments.get("sends", self._central.book.most_sends))
        self._central.conduct.patience_s = float(arguments.get("patience", self._central.conduct.patience_s))
        return {}

    async def _order(self, arguments: dict[str, Any]) -> dict[str, Any]:
        station, action = arguments["station"], arguments["action"]
        return {"answer": await self._central.ask(station, action, arguments.get("payload", {}))}

    async def _stop(self, arguments: dict[str, Any]) -> dict[str, Any]:
        await self._central.stop()
        return {}

    async def _start(self, arguments: dict[str, Any]) -> dict[str, Any]:
        await self._central.start()
        return {}

    async def _kill(self, arguments: dict[str, Any]) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    @property
    def _line(self) -> Chaos:
        assert self._chaos is not None, "these actions are offered only with a line"
        return self._chaos

    async def _line_cut(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"cut": self._line.drop(_ending(arguments))}

    async def _line_plan(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._line.plan(Cut(Moment(arguments["moment"]), str(arguments.get("action", ANY)), _ending(arguments)))
        return {}

    async def _line_after(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._line.cut_after(int(arguments["bytes"]), _ending(arguments))
        return {}

    async def _line_delay(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._line.delay_s = float(arguments["seconds"])
        return {}

    async def _line_dark(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments["on"]:
            self._line.darken()
        else:
            self._line.lighten()
        return {}

    async def _line_refuse(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments["on"]:
            await self._line.refuse()
            self._line.drop()
        else:
            await self._line.start()
        return {}


def snapshot(central: CentralSystem, chaos: Chaos | None = None) -> dict[str, Any]:
    """Say how things are, as plain values."""
    book, conduct = central.book, central.conduct
    return {
        "connected": {line.station: line.version for line in central.lines.values()},
        "connections": dict(central.connections),
        "sessions": [
            {
                "station": it.station,
                "id": it.remote_id,
                "connector": it.connector,
                "card": it.id_tag,
                "started": it.started.isoformat(),
                "ended": None if it.ended is None else it.ended.isoformat(),
                "meter_start_wh": it.meter_start_wh,
                "meter_stop_wh": it.meter_stop_wh,
                "energy_wh": it.energy_wh,
                "reason": it.reason,
                "values": len(it.values),
                "repeats": it.repeats,
            }
            for it in book.sessions.values()
        ],
        "repeats": book.repeats,
        "faults": [_fault(fault) for fault in book.faults],
        "boot_status": conduct.boot_status,
        "delay_s": conduct.delay_s,
        "refusing": conduct.refusing,
        "cuts": dict(chaos.counts) if chaos is not None else {},
    }


def _arguments(text: str) -> dict[str, Any]:
    arguments: Any = json.loads(text or "{}")
    if not isinstance(arguments, dict):
        raise ActionError("the body must be a JSON object")
    return arguments


def _fault(fault: Any) -> dict[str, str]:
    return {"kind": fault.kind, "station": fault.station, "detail": fault.detail}


def _ending(arguments: dict[str, Any]) -> Ending:
    return Ending(arguments.get("ending", Ending.RESET))
