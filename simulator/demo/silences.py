"""Lets everything fall silent once: the meter in two ways, a charger, and all chargers together."""

import asyncio
from collections.abc import Callable
from typing import Any

from .figures import Figure
from .home_assistant import HomeAssistant
from .set_up import ADOPTIONS, EXPIRES_S
from .simulation import Simulation
from .waiting import until

SAFE_A = 6.0
"""What every charger falls back to; the set-up leaves it at the minimum."""
SAFE_MODE_WITHIN_S = 60.0
"""A meter that has gone counts as silent after its own time-out and half a minute."""
STEP_BACK_S = 20.0
"""How long a charger and its car need to follow a lower current, with some to spare."""
KNOWN_AFTER_S = 32.0
"""By then every charger has reported twice since the meter showed something new."""
DOUBTED_WITHIN_S = 75.0
"""A charger reports every ten seconds, and is believed after twenty more."""
OUT_AND_DOWN_S = EXPIRES_S + STEP_BACK_S
CUT_OFF = "boathouse"

_SAFE_MODE = "binary_sensor.harbour_house_safe_mode"


class Silences:
    """What happens to a running site when somebody stops talking."""

    def __init__(self, home: HomeAssistant, simulation: Simulation, say: Callable[[str], None]) -> None:
        """Watch this site."""
        self._home = home
        self._simulation = simulation
        self._say = say

    async def frozen_meter_and_absent_charger(self) -> list[Figure]:
        """Let the meter repeat itself, cut a charger off, and let cars step back, which the meter would have to show.

        A meter is given half a minute of unchanged values before they are doubted, which is the time that the limit of
        the absent charger needs to run out.
        """
        self._say(f"the meter repeats itself; the line of {CUT_OFF} is cut, its limit runs out after {EXPIRES_S} s")
        await self._simulation.act("fault", {"kind": "meter_frozen_values", "seconds": 300})
        await self._simulation.act("fault", {"kind": "drop", "charger": CUT_OFF, "seconds": 300})
        await asyncio.sleep(KNOWN_AFTER_S)
        await until("the limit of the absent charger has run out", self._at_floor(CUT_OFF), within_s=OUT_AND_DOWN_S)
        self._say("all other cars are paused; a meter that shows nothing of it is believed no more")
        switches = await self._switches_but_of(CUT_OFF)
        await self._home.act("switch", "turn_off", {"entity_id": switches})
        await until("safe mode, because the meter is frozen", self._safe_mode(True), within_s=DOUBTED_WITHIN_S)
        await until("every car is at its safe current", self._all_safe, within_s=STEP_BACK_S)
        await self._simulation.act("fault", {"kind": "drop", "charger": CUT_OFF, "seconds": 0})
        await self._simulation.act("fault", {"kind": "meter_frozen_values", "seconds": 0})
        await self._home.act("switch", "turn_on", {"entity_id": switches})
        await until("the meter is believed again", self._safe_mode(False), within_s=30)
        return [
            Figure("charger cut off", "fell to its floor", "fell to its floor", holds=True),
            Figure("frozen meter", "safe currents", "safe currents", holds=True),
        ]

    async def absent_meter_and_storm(self) -> list[Figure]:
        """Pull the meter's cable; while it comes back, cut every line, and let all chargers come back together."""
        self._say("the meter's cable is pulled: its entities become unavailable")
        await self._simulation.act("fault", {"kind": "meter_gone", "seconds": 300})
        await until("safe mode, because the meter is gone", self._safe_mode(True), within_s=SAFE_MODE_WITHIN_S)
        await until("every car is at its safe current", self._all_safe, within_s=STEP_BACK_S)
        await self._simulation.act("fault", {"kind": "meter_gone", "seconds": 0})
        self._say("the cable is back; all lines are cut at once, and all chargers come back at once")
        before = await self._dials()
        await asyncio.gather(
            *(
                self._simulation.act("fault", {"kind": "drop", "charger": adoption.station_id, "seconds": 1})
                for adoption in ADOPTIONS
            )
        )

        async def back() -> bool:
            chargers = (await self._simulation.state())["chargers"]
            return all(
                chargers[adoption.station_id]["accepted"]
                and chargers[adoption.station_id]["dials"] > before[adoption.station_id]
                for adoption in ADOPTIONS
            )

        await until("all chargers are back", back, within_s=60)
        await until("the meter is back", self._safe_mode(False), within_s=60)
        return [
            Figure("unavailable meter", "safe currents", "safe currents", holds=True),
            Figure("all chargers reconnect at once", f"{len(ADOPTIONS)} back", f"{len(ADOPTIONS)}", holds=True),
        ]

    async def all_at_floor(self) -> Figure:
        """Wait, with Home Assistant gone, until every limit has run out."""
        self._say("every limit runs out, and every charger falls to its safe current by itself")
        await until("every limit has run out", self._all_safe, within_s=OUT_AND_DOWN_S)
        return Figure("Home Assistant gone", "all fell to 6 A", "all fell to 6 A", holds=True)

    async def _switches_but_of(self, station_id: str) -> list[str]:
        """Return the switches of all other running sessions: what one gives up, another one might take at once."""
        chargers = (await self._simulation.state())["chargers"]
        names = [adoption.station_id for adoption in ADOPTIONS if adoption.station_id != station_id]
        running = [name for name in names if chargers[name]["connectors"]["1"]["transaction"] is not None]
        return [f"switch.{name.replace('-', '_')}_connector_1_charging" for name in running]

    async def _dials(self) -> dict[str, int]:
        chargers = (await self._simulation.state())["chargers"]
        return {identity: charger["dials"] for identity, charger in chargers.items()}

    async def _all_safe(self) -> bool:
        chargers = (await self._simulation.state())["chargers"]
        return all(_is_safe(point) for charger in chargers.values() for point in charger["connectors"].values())

    def _at_floor(self, charger: str) -> Callable[[], Any]:
        async def fallen() -> bool:
            points = (await self._simulation.state())["chargers"][charger]["connectors"].values()
            return all(_is_safe(point) for point in points)

        return fallen

    def _safe_mode(self, on: bool) -> Callable[[], Any]:
        async def shown() -> bool:
            state: str = (await self._home.states())[_SAFE_MODE]["state"]
            return state == ("on" if on else "off")

        return shown


def _is_safe(point: dict[str, Any]) -> bool:
    """Whether an EVSE without a session, or one at its safe current at most."""
    return point["transaction"] is None or max(point["terminals_a"], default=0.0) <= SAFE_A + 0.5
