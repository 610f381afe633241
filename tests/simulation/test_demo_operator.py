"""The operator of the demo: a line and a process that can be taken away, and a book that can be looked at meanwhile."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulator.backend.sessions import BackendSession
from simulator.demo.backend.account import caught_up, operator_figures
from simulator.demo.backend.entities import SWITCHES, configuration, switch_of
from simulator.demo.backend.operator import IDENTITIES, PASSWORD, Operator, OperatorError, Page
from simulator.demo.backend.switchboard import Switchboard
from simulator.demo.figures import Figure
from simulator.demo.waiting import until
from tests.simulation.backend_station import Dialler

DRIVEWAY = IDENTITIES["driveway"]
WITHIN_S = 10.0


@pytest.fixture
async def operator(tmp_path: Path) -> AsyncIterator[Operator]:
    async with Operator(tmp_path / "operator.db", 1) as running:
        yield running


class Door:
    """A person at the switchboard."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def state(self) -> dict[str, Any]:
        async with self._session.get("/state") as response:
            state: dict[str, Any] = await response.json()
            return state

    async def switch(self, trouble: str, *, on: bool) -> tuple[int, dict[str, Any]]:
        return await self.say(trouble, json.dumps({"on": on}))

    async def say(self, trouble: str, body: str) -> tuple[int, dict[str, Any]]:
        async with self._session.post(f"/{trouble}", data=body) as response:
            return response.status, await response.json()


@pytest.fixture
async def door(operator: Operator) -> AsyncIterator[Door]:
    async with (
        Switchboard(operator) as switchboard,
        aiohttp.ClientSession(f"http://127.0.0.1:{switchboard.port}") as session,
    ):
        yield Door(session)


async def test_its_book_can_be_read_dead_or_alive(operator: Operator, door: Door) -> None:
    async with Dialler(operator.line_port) as stations:
        station = await stations.dial(station=DRIVEWAY, login=f"{DRIVEWAY}:{PASSWORD}")
        await station.boot()
        number = await station.start(register_wh=1000)
        assert (await door.state())["running"] == 1
        await station.stop(number, register_wh=3500)
        there = await door.state()
        assert (there["sessions"], there["running"], there["energy_kwh"], there["faults"]) == (1, 0, 2.5, [])
        status, dead = await door.switch("killed", on=True)
        assert (status, dead) == (200, there | {"killed": True})
        await station.gone()
        assert (await door.switch("killed", on=False))[1] == there
        again = await stations.dial(station=DRIVEWAY, login=f"{DRIVEWAY}:{PASSWORD}")
        assert (await again.boot())["status"] == "Accepted"
        assert await again.start(minutes=90, register_wh=3500) == number + 1


async def test_a_cut_line_is_silent_and_comes_back_on_a_new_connection(operator: Operator, door: Door) -> None:
    async with Dialler(operator.line_port) as stations:
        station = await stations.dial(station=DRIVEWAY, login=f"{DRIVEWAY}:{PASSWORD}")
        await station.boot()
        assert (await door.switch("cut", on=True))[1]["cut"] is True
        await station.send(2, "lost", "Heartbeat", {})
        assert (await door.switch("cut", on=False))[1]["cut"] is False
        await station.gone()
        again = await stations.dial(station=DRIVEWAY, login=f"{DRIVEWAY}:{PASSWORD}")
        assert (await again.boot())["status"] == "Accepted"


async def test_it_dies_between_its_book_and_its_answer(operator: Operator, door: Door) -> None:
    await operator.die_at("StartTransaction")
    async with Dialler(operator.line_port) as stations:
        station = await stations.dial(station=DRIVEWAY, login=f"{DRIVEWAY}:{PASSWORD}")
        await station.boot()
        with pytest.raises(ConnectionError):
            await station.start()

        async def killed() -> bool:
            return operator.killed

        await until("it has died", killed, within_s=WITHIN_S)
        state = await door.state()
        assert (state["killed"], state["sessions"], state["running"]) == (True, 1, 1)


async def test_only_chargers_that_it_knows_are_let_in(operator: Operator) -> None:
    async with Dialler(operator.line_port) as stations:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await stations.dial(station=DRIVEWAY, login=f"{DRIVEWAY}:another")
        assert refused.value.status == 401
    with pytest.raises(OperatorError, match="not connected"):
        await operator.order("driveway", "Reset", {"type": "Soft"})


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"on": "yes"}'])
async def test_a_switch_is_on_or_off(operator: Operator, door: Door, body: str) -> None:
    status, answer = await door.say("cut", body)
    assert (status, set(answer)) == (400, {"error"})
    assert operator.cut is False


def test_home_assistant_has_a_switch_for_each_trouble() -> None:
    made = configuration(8124)
    switches = [it for block in made["template"] for it in block.get("switch", ())]
    names = {f"switch.{it['name'].lower().replace(' ', '_')}" for it in switches}
    assert names == {switch_of(trouble) for trouble in SWITCHES}
    assert made["rest_command"]["harbour_cpo_state"]["url"] == "http://127.0.0.1:8124/state"


def session(number: int, started: int, *, energy_wh: float | None = 400, **more: Any) -> BackendSession:
    begun = datetime(2026, 3, 2, 12, started, tzinfo=UTC)
    ended = None if energy_wh is None else begun.replace(hour=13)
    stop_wh = None if energy_wh is None else 1000 + energy_wh
    told = {"connector": 1, "id_tag": "04", "meter_start_wh": 1000, "start_text": "", **more}
    return BackendSession(
        station=DRIVEWAY, remote_id=str(number), started=begun, ended=ended, meter_stop_wh=stop_wh, **told
    )


def recorded(started: int, energy_kwh: float = 0.4, **more: Any) -> dict[str, Any]:
    begun = f"2026-03-02T12:{started:02}:00+00:00"
    return {
        "station_id": "driveway",
        "connector": 1,
        "started": begun,
        "ended": begun.replace("T12", "T13"),
        "energy_kwh": energy_kwh,
        **more,
    }


def wrong(figures: list[Figure]) -> list[str]:
    return [figure.name.split(":")[0] for figure in figures if not figure.right]


@pytest.mark.parametrize(
    ("there", "faults", "expected"),
    [
        ([session(1, 0), session(2, 30)], (), []),
        ([session(1, 0)], (), ["sessions", "energy"]),
        ([session(1, 0), session(2, 30), session(3, 30)], (), ["sessions", "energy"]),
        ([session(1, 0), session(2, 31)], (), ["sessions"]),
        ([session(1, 0, energy_wh=399), session(2, 30, energy_wh=401)], (), ["energy"]),
        ([session(1, 0), session(2, 30, energy_wh=None)], (), ["energy"]),
        ([session(1, 0), session(2, 30)], ("two_starts",), ["faults in the backend's strict book"]),
    ],
)
def test_its_book_has_to_say_what_the_ledger_says(
    there: list[BackendSession], faults: tuple[str, ...], expected: list[str]
) -> None:
    page = Page(sessions=tuple(there), faults=faults)
    assert wrong(operator_figures(page, [recorded(0), recorded(30)])) == expected


def test_it_has_caught_up_when_it_has_the_end_of_all_that_is_over() -> None:
    page = Page(sessions=(session(1, 0), session(2, 30, energy_wh=None)), faults=())
    assert not caught_up(page, [recorded(0), recorded(30)])
    assert caught_up(page, [recorded(0), recorded(30, ended=None), recorded(45, ended=None)])
    assert (page.running, page.energy_wh) == (1, 400)
