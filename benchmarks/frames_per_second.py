"""How many MeterValues a core of the central system takes in per second.

Fifty chargers of OCPP 1.6 send over loopback, each the next message as soon as the last one is answered. They live in
a process of their own; what is counted is the CPU time (user and system, all threads) of the process that serves
them. Beside the central system runs what it is built on, aiohttp and orjson with nothing in between, as a measure of
the machine at that moment.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
import resource
from tempfile import TemporaryDirectory
import time
from typing import override

from aiohttp import WSMsgType, web
import orjson

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.csms.handler import StationHandler
from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.clock import SystemClock
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.station_event import (
    Acknowledged,
    MeterValuesReported,
    StationAnswer,
    StationEvent,
    TransactionAnswer,
    TransactionReported,
)
from custom_components.offline_evse.engine.model.transaction import TransactionEventType, TransactionReport

from .chargers import connect
from .meter_values import INTERVAL_S, beginning, register_wh
from .report import print_table

_STATIONS = 50


@dataclass(slots=True)
class _Count:
    frames: int = 0


class _Receiver(StationHandler):
    """Takes everything in and keeps nothing; with a ledger, only after that has it for good."""

    def __init__(self, count: _Count, ledger: Ledger | None) -> None:
        self._count = count
        self._ledger = ledger

    @override
    def is_adopted(self, station_id: str) -> bool:
        return True

    @override
    def password(self, station_id: str) -> str | None:
        return None

    @override
    async def handle(self, station_id: str, event: StationEvent) -> StationAnswer:
        if type(event) is TransactionReported:
            transaction_id = event.report.transaction_id or ""
            if self._ledger is not None:
                recorded = await self._ledger.record(event.report)
                if recorded.duplicate:
                    raise ValueError("A repetition is no measure of recording")
                transaction_id = recorded.transaction.transaction_id
            self._count.frames += 1
            return TransactionAnswer(transaction_id=transaction_id)
        if type(event) is MeterValuesReported and event.samples[0].energy_import_wh is None:
            raise ValueError("The energy register was not read")
        self._count.frames += 1
        return Acknowledged()

    @override
    def station_connected(self, station_id: str, version: OcppVersion, remote: str) -> None:
        pass

    @override
    def station_disconnected(self, station_id: str) -> None:
        pass

    @override
    async def station_ready(self, station_id: str) -> None:
        pass

    @override
    def clock_moved(self, station_id: str) -> None:
        pass

    @override
    def connection_refused(self, station_id: str, reason: str) -> None:
        pass


@asynccontextmanager
async def _bare(count: _Count) -> AsyncIterator[int]:
    """What the central system is built on: a frame comes in, is parsed, and an empty answer goes out."""

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("ocpp1.6",), compress=False, decode_text=False)
        await socket.prepare(request)
        async for message in socket:
            call = orjson.loads(message.data)
            count.frames += 1
            await socket.send_frame(orjson.dumps([3, call[1], {}]), WSMsgType.TEXT)
        return socket

    runner = web.ServerRunner(web.Server(serve, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@asynccontextmanager
async def _central_system(count: _Count, ledger: Ledger | None = None) -> AsyncIterator[int]:
    csms = CentralSystem(_Receiver(count, ledger), SystemClock())
    await csms.start(0, "127.0.0.1")
    yield csms.port or 0
    await csms.stop()


async def _start_transactions(ledger: Ledger, at: datetime) -> int:
    """Have one transaction running on each station; returns the id of the first one."""
    started = []
    for number in range(_STATIONS):
        report = TransactionReport(
            station_id=f"CP{number:03d}",
            event_type=TransactionEventType.STARTED,
            received_at=SystemClock().now(),
            timestamp=at,
            evse_id=1,
            connector_id=1,
            id_token=IdToken(f"CARD{number:04d}"),
            register_wh=register_wh(0),
        )
        started.append(await ledger.record(report))
    return int(started[0].transaction.transaction_id)


@dataclass(frozen=True, slots=True)
class _Run:
    """One measurement."""

    frames: int
    user_s: float
    system_s: float
    wall_s: float

    @property
    def cpu_us(self) -> float:
        return (self.user_s + self.system_s) / self.frames * 1e6


async def _measure(port: int, count: _Count, frames: int, first_transaction_id: int = 0) -> _Run:
    """Let the chargers loose, and measure from the tenth of the frames to the last but a tenth."""
    count.frames = 0
    async with connect(port, _STATIONS, frames // _STATIONS, first_transaction_id) as chargers:
        chargers.send()
        await chargers.until(lambda: count.frames >= frames * 0.1)
        seen, started_s, before = count.frames, time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        await chargers.until(lambda: count.frames >= frames * 0.9)
        after = resource.getrusage(resource.RUSAGE_SELF)
        run = _Run(
            frames=count.frames - seen,
            user_s=after.ru_utime - before.ru_utime,
            system_s=after.ru_stime - before.ru_stime,
            wall_s=time.perf_counter() - started_s,
        )
        await chargers.done()
    return run


async def _run_bare(frames: int) -> _Run:
    count = _Count()
    async with _bare(count) as port:
        return await _measure(port, count, frames)


async def _run_without_ledger(frames: int) -> _Run:
    count = _Count()
    async with _central_system(count) as port:
        return await _measure(port, count, frames, 1)


async def _run_with_ledger(frames: int) -> _Run:
    count = _Count()
    with TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as folder:
        ledger = await Ledger.open(Path(folder) / "ledger.db", SystemClock(), ballast_bytes=0)
        try:
            first_transaction_id = await _start_transactions(
                ledger, beginning(frames // _STATIONS) - timedelta(seconds=INTERVAL_S)
            )
            async with _central_system(count, ledger) as port:
                return await _measure(port, count, frames, first_transaction_id)
        finally:
            await ledger.close()


_SUBJECTS: dict[str, tuple[str, Callable[[int], Coroutine[None, None, _Run]]]] = {
    "bare": ("aiohttp and orjson alone", _run_bare),
    "csms": ("central system", _run_without_ledger),
    "ledger": ("central system and ledger", _run_with_ledger),
}


def main() -> None:
    """Measure each subject several times in turn, and print its best run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=list(_SUBJECTS), action="append")
    options = parser.parse_args()
    runs: dict[str, list[_Run]] = {name: [] for name in options.only or _SUBJECTS}
    for _ in range(options.rounds):
        for name, taken in runs.items():
            taken.append(asyncio.run(_SUBJECTS[name][1](options.frames)))
    rows = []
    for name, taken in runs.items():
        best = min(taken, key=lambda run: run.cpu_us)
        rows.append(
            (
                _SUBJECTS[name][0],
                f"{best.user_s / best.frames * 1e6:.1f}",
                f"{best.system_s / best.frames * 1e6:.1f}",
                f"{1e6 / best.cpu_us:,.0f}",
                f"{best.frames / best.wall_s:,.0f}",
                f"{max(run.cpu_us for run in taken):.1f}",
            )
        )
    columns = ("subject", "user µs/frame", "system µs/frame", "frames/s per core", "frames/s as run", "worst µs/frame")
    print_table(f"MeterValues with 8 samples, {_STATIONS} stations, best of {options.rounds}", columns, rows)


if __name__ == "__main__":
    main()
