"""All backends over real sockets, with the real dialler and the real desk, against the strict central system."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
import time

import pytest

from custom_components.offline_evse.engine.model.clock import SystemClock
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.config import LineConfig, UpstreamConfig
from custom_components.offline_evse.engine.model.upstream.link import LinkTrouble
from custom_components.offline_evse.engine.uplink.uplinks import Uplinks
from simulator.backend.central import CentralSystem

from .doubles import PaperSite, Wire

PASSWORD = "correct horse battery"


@asynccontextmanager
async def joined(version: OcppVersion, password: str = PASSWORD) -> AsyncIterator[tuple[CentralSystem, Uplinks]]:
    central = CentralSystem(passwords={"CP1": PASSWORD})
    await central.start()
    clock = SystemClock()
    paper = PaperSite(clock, Wire())
    uplinks = Uplinks(paper.book, paper.grounds, clock, Random(1))
    line = LineConfig(station_id="CP1", identity="CP1", password=password)
    url = f"ws://127.0.0.1:{central.port}/ocpp"
    config = UpstreamConfig(upstream_id="csms", name="Monta", url=url, lines=(line,), versions=(version,))
    await uplinks.configure((config,))
    try:
        yield central, uplinks
    finally:
        began = time.perf_counter()
        await uplinks.close()
        assert time.perf_counter() - began < 2.0
        await central.close()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and not task.done()]
        assert not [task for task in left if "offline_evse" in task.get_name() or "uplink" in task.get_name()]


async def seen(reached: object, within_s: float = 20.0) -> None:
    """Wait until something is so."""
    assert callable(reached)
    async with asyncio.timeout(within_s):
        while not reached():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("version", list(OcppVersion))
async def test_a_line_is_taken_in(version: OcppVersion) -> None:
    async with joined(version) as (central, uplinks):
        await seen(lambda: uplinks.views()[0].last_proof is None and uplinks.views()[0].sent_today_bytes > 400)
        assert uplinks.views()[0].lines["CP1"].version == version.value
        answer = await central.ask("CP1", "TriggerMessage", {"requestedMessage": "Heartbeat"})
        assert answer["status"] == "Accepted"
        central.cut()
        await seen(lambda: central.connections["CP1"] == 2)


async def test_a_wrong_password_is_named() -> None:
    async with joined(OcppVersion.V16, "not the password") as (central, uplinks):
        await seen(lambda: uplinks.views()[0].link.trouble is LinkTrouble.CREDENTIALS)
        assert central.connections["CP1"] == 0
