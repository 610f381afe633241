"""Takes the backend away from a running site in every way that the demo's switches know, and looks what comes of it."""

from collections.abc import Callable
import re
import time
from typing import Any, Final

from ...harbour_house import GUEST_TAG
from ..figures import Figure
from ..home_assistant import HomeAssistant
from ..simulation import Simulation
from ..waiting import until
from .account import caught_up
from .entities import switch_of
from .operator import NAME, Operator, OperatorError

ONLINE_WITHIN_S: Final = 90.0
"""A few attempts to connect, three signs of life 5 s apart, and 30 s in which nothing may go wrong."""
GONE_WITHIN_S: Final = 75.0
"""A line counts as lost after 45 s with three misses, and is tried every 5 s."""
CHARGES_WITHIN_S: Final = 40.0
TOLD_WITHIN_S: Final = 90.0
SHOWN_WITHIN_S: Final = 10.0
SESSION_WH: Final = 5
"""What the session without a backend has to come to, at least."""

_LINK: Final = "sensor.harbour_cpo_link"
_SENTENCE: Final = "sensor.harbour_house_backends"
_WAITS: Final = re.compile(rf"Charging continues\. (\d+) sessions? waits? for {NAME}; oldest \d\d:\d\d\.")
_GATE: Final = "garden-gate"
_GATE_CABLE: Final = "binary_sensor.garden_gate_connector_1_cable"


class Outages:
    """What happens to a running site when its backend is away."""

    def __init__(
        self, home: HomeAssistant, simulation: Simulation, operator: Operator, say: Callable[[str], None]
    ) -> None:
        """Watch this site and this operator."""
        self._home = home
        self._simulation = simulation
        self._operator = operator
        self._say = say

    async def killed_before_it_answers(self) -> Figure:
        """Wait until the process has killed itself between a start and its answer, and start it again."""
        await until("the backend is told of a start, and dies of it", self._is_killed, within_s=ONLINE_WITHIN_S)
        self._say("the backend was killed between writing a start down and answering it; it is started again")
        await self._switch("killed", on=False)
        await until("the start has come again", self._repeated, within_s=ONLINE_WITHIN_S)
        return Figure("backend killed before it answered", "start came again", "start came again", holds=True)

    async def online(self) -> None:
        """Wait until the link is online."""
        await until(f"the link to {NAME} is online", self._is_online, within_s=ONLINE_WITHIN_S)

    async def session_without(self) -> None:
        """Cut the line while sessions run; let one of them end, and another one begin and end meanwhile."""
        self._say("the line to the backend is cut; a session ends, and another one begins and ends without it")
        await self._switch("cut", on=True)
        await self._simulation.act("unplug", {"charger": _GATE})
        await until("the session that ran is over", lambda: self._over(1), within_s=20)
        await self._plug_in()
        await self._simulation.act("swipe", {"charger": _GATE, "tag": GUEST_TAG})
        await until(f"{SESSION_WH} Wh are charged", self._has_charged, within_s=CHARGES_WITHIN_S)
        await self._simulation.act("unplug", {"charger": _GATE})
        await until("the session without a backend is over", lambda: self._over(2), within_s=20)

    async def gone_and_back(self) -> list[Figure]:
        """Wait until the site says what waits, put the line together again, and wait until all of it is told."""
        waiting = await until("the site says that sessions wait", self._waiting, within_s=GONE_WITHIN_S)
        self._say(f'the site says: "{(await self._home.states())[_SENTENCE]["state"]}"')
        # A line that has not been given up yet would be a poor one for two minutes, and not a lost one that is back.
        await until("every line counts as lost", self._all_lost, within_s=GONE_WITHIN_S)
        missing = not caught_up(await self._operator.page(), await self._ledger())
        await self._switch("cut", on=False)
        mended_at = time.monotonic()
        await until("the session without a backend is in its book", self._told, within_s=TOLD_WITHIN_S)
        told_s = time.monotonic() - mended_at
        await self.online()
        online_s = time.monotonic() - mended_at
        self._say(f"the backend has everything {told_s:.0f} s after its line was mended")
        return [
            Figure("sessions that waited for the backend", f"{waiting}", "some", missing and waiting > 0),
            Figure(
                "line mended: all told, link online",
                f"{told_s:.0f} s, {online_s:.0f} s",
                f"within {ONLINE_WITHIN_S:.0f} s",
                online_s <= ONLINE_WITHIN_S,
            ),
        ]

    async def started_from_afar(self) -> None:
        """Let the operator start a session, and wait until it runs; its current comes when there is room for it."""
        self._say(f"{NAME} starts a session by itself")
        await self._plug_in()
        wanted = {"connectorId": 1, "idTag": GUEST_TAG}
        answer = await self._operator.order(_GATE, "RemoteStartTransaction", wanted)
        if answer != {"status": "Accepted"}:
            raise OperatorError(f"RemoteStartTransaction was answered with {answer}")
        await until("the session runs", self._runs, within_s=CHARGES_WITHIN_S)

    async def everything_told(self) -> None:
        """Wait until the book says what the ledger says, and nothing waits any more."""
        await until("the backend has every session", self._told, within_s=TOLD_WITHIN_S)

    async def _switch(self, trouble: str, *, on: bool) -> None:
        entity_id = switch_of(trouble)
        await self._home.act("switch", "turn_on" if on else "turn_off", {"entity_id": entity_id})

        async def shown() -> bool:
            return bool((await self._home.states())[entity_id]["state"] == ("on" if on else "off"))

        await until(f"{entity_id} shows it", shown, within_s=SHOWN_WITHIN_S)

    async def _is_killed(self) -> bool:
        return self._operator.killed

    async def _repeated(self) -> bool:
        return (await self._operator.page()).repeats > 0

    async def _is_online(self) -> bool:
        return bool((await self._home.states())[_LINK]["state"] == "online")

    async def _plug_in(self) -> None:
        await self._simulation.act("plug", {"charger": _GATE, "car": "wren"})

        async def shown() -> bool:
            return bool((await self._home.states())[_GATE_CABLE]["state"] == "on")

        await until("the car is plugged in", shown, within_s=20)

    async def _has_charged(self) -> bool:
        point = (await self._simulation.state())["chargers"][_GATE]["connectors"]["1"]
        transaction: dict[str, Any] | None = point["transaction"]
        return transaction is not None and point["register_wh"] - transaction["start_wh"] >= SESSION_WH

    async def _runs(self) -> bool:
        point = (await self._simulation.state())["chargers"][_GATE]["connectors"]["1"]
        return point["transaction"] is not None

    async def _over(self, count: int) -> bool:
        """Tell whether so many sessions have been at the gate, and none is now."""
        ended = [it["ended"] is not None for it in await self._ledger() if it["station_id"] == _GATE]
        return len(ended) == count and all(ended)

    async def _all_lost(self) -> bool:
        (entry,) = await self._home.ask({"type": "config_entries/get", "domain": "offline_evse"})
        told = await self._home.get(f"/api/diagnostics/config_entry/{entry['entry_id']}")
        return all(line["state"] == "offline" for line in told["data"]["backends"][0]["lines"].values())

    async def _waiting(self) -> int | None:
        said = _WAITS.search((await self._home.states())[_SENTENCE]["state"])
        return None if said is None else int(said[1])

    async def _told(self) -> bool:
        return caught_up(await self._operator.page(), await self._ledger())

    async def _ledger(self) -> list[dict[str, Any]]:
        answer = await self._home.act("offline_evse", "list_sessions", {}, answer=True)
        sessions: list[dict[str, Any]] = answer["sessions"]
        return sessions
