"""The simulator as a process: what it prints, how it is steered, how it ends; and the demonstration site."""

import asyncio
from datetime import UTC, datetime
import json
from pathlib import Path
import signal
import sys
import time
from typing import Any

import aiohttp
import pytest

from simulator.clock import ManualClock
from simulator.description import from_json, load
from simulator.harbour_house import GUEST_TAG, HARBOUR_HOUSE, OWNER_TAG
from simulator.simulator import ActionError, Simulator
from simulator.state import snapshot

ROOT = Path(__file__).parents[2]
START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_it_prints_its_ports_obeys_and_leaves_at_once(ending: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulator", "--central", "ws://127.0.0.1:9", "--seed", "3", "--quiet"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            started = json.loads(await process.stdout.readline())
        assert started["site"] == "Harbour House"
        async with aiohttp.ClientSession(f"http://127.0.0.1:{started['control_port']}") as session:
            await check_control(session)
        reader, writer = await asyncio.open_connection("127.0.0.1", started["meter_port"])
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"/VGM5")
        writer.close()
    finally:
        asked = time.monotonic()
        process.send_signal(ending)
        async with asyncio.timeout(5):
            assert await process.wait() == 0
        assert time.monotonic() - asked < 2.0


async def check_control(session: aiohttp.ClientSession) -> None:
    async def post(path: str, body: Any) -> tuple[int, dict[str, Any]]:
        async with session.post(path, json=body) as response:
            return response.status, await response.json()

    assert await post("/plug", {"charger": "new-charger", "car": "puffin"}) == (200, {"done": True})
    status, answer = await post("/plug", {"charger": "new-charger", "car": "puffin"})
    assert (status, answer["error"]) == (400, "new-charger/1 has a car already: puffin")
    assert await post("/load", {"appliance": "kettle", "on": True, "seconds": 30}) == (200, {"done": True})
    assert await post("/fault", {"kind": "meter_freeze", "seconds": 0}) == (200, {"done": True})
    assert (await post("/fault", {"kind": "earthquake"}))[0] == 400
    assert (await post("/swipe", {"charger": "driveway"}))[0] == 400
    assert (await post("/swipe", ["driveway"]))[0] == 400
    async with session.get("/state") as response:
        state = await response.json()
    assert state["chargers"]["new-charger"]["connectors"]["1"]["status"] == "Preparing"
    assert state["chargers"]["new-charger"]["connected"] is False
    assert state["house"]["appliances"]["kettle"] is True
    assert set(state["chargers"]) == {"driveway", "guest-bays", "boathouse", "garden-gate", "new-charger"}


async def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulator", "--meter-port", str(port)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    server.close()
    assert process.returncode == 1
    assert out == b""
    assert err.count(b"\n") == 1 and str(port).encode() in err


def evening(seed: int) -> dict[str, Any]:
    """Run Harbour House without a central system; its chargers have been accepted before and trust known cards."""
    clock = ManualClock(START)
    simulator = Simulator(HARBOUR_HOUSE, seed, clock)
    for station in simulator.stations.values():
        station.registered = True
    for second in range(900):
        if second == 60:
            simulator.swipe(charger="driveway", tag=OWNER_TAG)
            simulator.swipe(charger="guest-bays", tag=GUEST_TAG)
            simulator.swipe(charger="garden-gate", tag=OWNER_TAG)
        clock.advance(1.0)
        simulator.step(1.0)
    return snapshot(simulator)


def test_nobody_in_charge_overloads_the_demonstration_site() -> None:
    state = evening(1)
    assert state["fuses"]["main"]["tripped"]
    assert state["fuses"]["main"]["longest_over_current_s"] > 600
    assert state["chargers"]["driveway"]["queue_durable"] >= 1
    assert state["chargers"]["garden-gate"]["connectors"]["1"]["currents_a"][0] == 0.0
    assert state["chargers"]["garden-gate"]["connectors"]["1"]["currents_a"][1] > 6.0
    for charged in state["transactions"]:
        connector = state["chargers"][charged["charger"]]["connectors"][str(charged["connector"])]
        assert connector["register_wh"] > charged["start_wh"]
    json.dumps(state)


def test_equal_seeds_give_equal_evenings() -> None:
    assert evening(5) == evening(5)
    assert evening(5)["house"] != evening(6)["house"]


def test_no_charger_serves_before_it_was_ever_accepted() -> None:
    clock = ManualClock(START)
    simulator = Simulator(HARBOUR_HOUSE, 1, clock)
    simulator.plug(charger="new-charger", car="puffin")
    simulator.swipe(charger="new-charger", tag=OWNER_TAG)
    assert simulator.stations["new-charger"].points[1].transaction is None


def test_a_site_is_read_from_json(tmp_path: Path) -> None:
    raw = {
        "name": "Cottage",
        "branches": [{"name": "main", "rating_a": 20}],
        "stations": [
            {
                "model": {"identity": "shed", "version": "2.0.1", "redial_s": [1, 2]},
                "points": [{"branch": "main", "wiring": "T", "maximum_a": 32, "register_wh": 5}],
            }
        ],
        "cars": [{"name": "owl", "soc": 0.5, "model": {"phases": 1, "maximum_a": 32}}],
        "house": {"appliances": [{"name": "kiln", "power_w": [0, 0, 3000], "duty_s": 20}], "base_w": [1, 2, 3]},
        "script": [{"at_s": 5, "action": "plug", "charger": "shed", "car": "owl"}],
    }
    path = tmp_path / "cottage.json"
    path.write_text(json.dumps(raw))
    clock = ManualClock(START)
    simulator = Simulator(load(path), 1, clock)
    for _ in range(10):
        clock.advance(1.0)
        simulator.step(1.0)
    shed = snapshot(simulator)["chargers"]["shed"]["connectors"]["1"]
    assert (shed["car"], shed["status"], shed["register_wh"]) == ("owl", "Preparing", 5)
    assert simulator.house.appliances == {"kiln": False}
    path.write_text("{}")
    with pytest.raises(ValueError, match="does not describe a site"):
        load(path)
    raw["stations"][0]["points"][0]["wiring"] = "XYZ"  # type: ignore[index]
    with pytest.raises(ValueError, match="XYZ"):
        from_json(raw)


def test_what_cannot_be_done_says_why() -> None:
    simulator = Simulator(HARBOUR_HOUSE, 1, ManualClock(START))
    for action, arguments, word in (
        ("dance", {}, "dance"),
        ("plug", {"charger": "moon"}, "moon"),
        ("plug", {"charger": "driveway", "connector": 3}, "connector 3"),
        ("plug", {"charger": "driveway", "car": "zeppelin"}, "zeppelin"),
        ("unplug", {"charger": "driveway"}, "no car"),
        ("load", {"appliance": "sauna", "on": True}, "sauna"),
        ("fault", {"kind": "drop"}, "needs a charger"),
        ("swipe", {"charger": "driveway"}, "tag"),
    ):
        with pytest.raises(ActionError, match=word):
            simulator.perform(action, arguments)


def test_the_script_leaves_out_what_people_have_made_impossible(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock(START)
    simulator = Simulator(HARBOUR_HOUSE, 1, clock)
    simulator.plug(charger="driveway", car="puffin")
    for _ in range(12):
        clock.advance(1.0)
        simulator.step(1.0)
    chargers = snapshot(simulator)["chargers"]
    assert chargers["driveway"]["connectors"]["1"]["car"] == "puffin"
    assert chargers["garden-gate"]["connectors"]["1"]["car"] == "wren"
    assert "driveway/1 has a car already: puffin" in caplog.text
