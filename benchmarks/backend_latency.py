"""What backends cost the chargers: how long a charger waits for its answer with none, with one, and with a bad one.

Chargers on real sockets send heartbeats and meter values of running sessions, whose answers wait for the commit. The
same site is measured without a backend, with one that is online for every charger, and with one whose lines are cut
off every few seconds while the sessions of an outage wait for it. The backend is a process of its own, so that what is
measured is the site. Three sites of one process take turns, round by round, so that whatever else the machine does
falls on all of them; those whose turn it is not are idle.

    python -m benchmarks.backend_latency --rounds 5
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
import logging
from pathlib import Path
from statistics import quantiles
import tempfile
import time

from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.clock import SystemClock
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.config import LineConfig, Traffic, UpstreamConfig
from custom_components.offline_evse.engine.site.config import SiteConfig
from tests.engine.site.place import Place, charger
from tests.engine.site.wallbox import Wallbox
from tests.simulation.backend_process import Process

from .report import print_table

_MAIN = Circuit(circuit_id="main", name="Main fuse", limit_a=PhaseAmperes(1000, 1000, 1000))
_CONDITIONS = ("no backend", "backend online", "backend flapping, sessions waiting")
_EVERY_S = 0.2
"""Each charger says something so often; a real one does every 10 s or so."""
_CUT_EVERY_S = 1.5
_SLOW_S = 0.15
"""How long the flapping backend takes for an answer, so that what waits lasts as long as the measurement."""


@dataclass
class _Waits:
    """How long answers took, in ms."""

    heartbeats: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    """Sessions that waited for the backend, at the beginning and at the end of every round."""


@asynccontextmanager
async def _site(folder: Path, chargers: int) -> AsyncIterator[tuple[Place, list[Wallbox]]]:
    folder.mkdir()
    place = Place(folder, SystemClock())
    stations = tuple(f"CP{number:02d}" for number in range(chargers))
    await place.open(SiteConfig(name="Bench", circuits=(_MAIN,), stations=tuple(charger(it) for it in stations)))
    await place.enrol()
    boxes = [await place.dial(Wallbox, station) for station in stations]
    for box in boxes:
        await box.boot()
        await box.status("Available")
    try:
        yield place, boxes
    finally:
        await place.leave()


def _backend(name: str, port: int, chargers: int) -> UpstreamConfig:
    return UpstreamConfig(
        upstream_id="bench",
        name="Bench",
        url=f"ws://127.0.0.1:{port}/ocpp",
        lines=tuple(LineConfig(station_id=f"CP{it:02d}", identity=f"{name}-CP{it:02d}") for it in range(chargers)),
        versions=(OcppVersion.V16,),
        traffic=Traffic(live_interval_s=10),
    )


async def _measure(boxes: Sequence[Wallbox], seconds: float, waits: _Waits) -> None:
    """Have all chargers talk for a while."""
    ends_s = time.perf_counter() + seconds

    async def talk(box: Wallbox, transaction_id: int) -> None:
        register_wh = 1000
        while (began_s := time.perf_counter()) < ends_s:
            await box.say("Heartbeat", {})
            heard_s = time.perf_counter()
            register_wh += 1
            await box.measure(transaction_id, energy_wh=register_wh)
            told_s = time.perf_counter()
            waits.heartbeats.append((heard_s - began_s) * 1000)
            waits.values.append((told_s - heard_s) * 1000)
            await asyncio.sleep(max(0.0, _EVERY_S - (told_s - began_s)))
        await box.stop(transaction_id, meter_wh=register_wh)

    running = [await box.plug_in() for box in boxes]
    await asyncio.gather(*(talk(box, number) for box, number in zip(boxes, running, strict=True)))


async def _round(
    condition: str, arguments: argparse.Namespace, process: Process, place: Place, boxes: list[Wallbox], waits: _Waits
) -> None:
    cutting: asyncio.Task[None] | None = None
    if condition == _CONDITIONS[2]:
        await process.act("line_refuse", on=True)
        await process.act("slow", seconds=_SLOW_S)
        for number in range(arguments.backlog):
            box = boxes[number % len(boxes)]
            await box.stop(await box.start("CARD", meter_wh=1000), meter_wh=5000)
        await process.act("line_refuse", on=False)
        cutting = asyncio.create_task(_cut(place, process))
    waits.waiting.append(await _waiting(place))
    await _measure(boxes, arguments.seconds, waits)
    waits.waiting.append(await _waiting(place))
    if cutting is not None:
        cutting.cancel()
        await process.act("slow", seconds=0)
        place.site.reconnect_upstream("bench")
        async with asyncio.timeout(180):
            while await _waiting(place):
                await asyncio.sleep(0.2)


async def _cut(place: Place, process: Process) -> None:
    while True:
        place.site.reconnect_upstream("bench")
        await asyncio.sleep(_CUT_EVERY_S)
        await process.act("line_cut")


async def _waiting(place: Place) -> int:
    return len(await place.site.untold_sessions("bench"))


async def _compare(arguments: argparse.Namespace, folder: Path) -> dict[str, _Waits]:
    process = Process("--line-port", "0")
    await process.start()
    waits = {condition: _Waits() for condition in _CONDITIONS}
    try:
        async with AsyncExitStack() as open_sites:
            sites = {}
            for number, condition in enumerate(_CONDITIONS):
                site = _site(folder / str(number), arguments.chargers)
                sites[condition] = await open_sites.enter_async_context(site)
            for condition, port in ((_CONDITIONS[1], "port"), (_CONDITIONS[2], "line_port")):
                config = _backend(port, process.started[port], arguments.chargers)
                await sites[condition][0].site.configure_upstreams((config,))
            async with asyncio.timeout(300):
                for condition in _CONDITIONS[1:]:
                    while sites[condition][0].site.state.upstreams["bench"].link.state != "online":
                        await asyncio.sleep(0.1)
            for number in range(arguments.rounds):
                # Whoever begins has a cold machine: each of them does in turn.
                for condition in _CONDITIONS[number % 3 :] + _CONDITIONS[: number % 3]:
                    await _round(condition, arguments, process, *sites[condition], waits[condition])
        _, faults = await process.act("faults")
        print(f"Faults that the backend found: {len(faults)}", *faults[:5], sep="\n")
    finally:
        await process.end()
    return waits


def _shown(values_ms: Sequence[float]) -> tuple[str, str, str]:
    cuts = quantiles(values_ms, n=100)
    return f"{cuts[49]:.2f}", f"{cuts[98]:.2f}", f"{max(values_ms):.1f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backend_latency", description=__doc__)
    parser.add_argument("--chargers", type=int, default=8)
    parser.add_argument("--backlog", type=int, default=200, help="sessions of the outage")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="of every measurement")
    arguments = parser.parse_args()
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        waits = asyncio.run(_compare(arguments, Path(folder)))
    print_table(
        "Answers to chargers, in ms (p50, p99, longest)",
        ("", "answers", "Heartbeat p50", "p99", "max", "MeterValues p50", "p99", "max", "sessions waiting"),
        [
            (
                condition,
                str(2 * len(it.values)),
                *_shown(it.heartbeats),
                *_shown(it.values),
                " ".join(f"{begin}→{end}" for begin, end in zip(it.waiting[::2], it.waiting[1::2], strict=True)),
            )
            for condition, it in waits.items()
        ],
    )


if __name__ == "__main__":
    main()
