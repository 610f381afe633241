"""How many reports of transactions the ledger makes durable per second, and how long each waits for it.

Every producer is a charger with a running transaction that hands in its next report when the last one is on the disk,
as OCPP has it. The file lies in the current folder, and every commit is synced to its disk.
"""

import argparse
import asyncio
from datetime import timedelta
from pathlib import Path
import resource
from statistics import quantiles
from tempfile import TemporaryDirectory
import time

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.clock import SystemClock
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.meter import EvseSample
from custom_components.offline_evse.engine.model.transaction import TransactionEventType, TransactionReport

from .meter_values import INTERVAL_S, beginning, register_wh
from .report import print_table

_PRODUCERS = (1, 10, 50)
_MOST_REPORTS = 10_000


async def _produce(ledger: Ledger, number: int, until_s: float, waited_ms: list[float]) -> None:
    station_id = f"CP{number:03d}"
    first = beginning(_MOST_REPORTS)
    started = await ledger.record(
        TransactionReport(
            station_id=station_id,
            event_type=TransactionEventType.STARTED,
            received_at=SystemClock().now(),
            timestamp=first,
            evse_id=1,
            connector_id=1,
            id_token=IdToken(f"CARD{number:04d}"),
            register_wh=register_wh(0),
        )
    )
    for at in range(1, _MOST_REPORTS):
        handed_in_s = time.perf_counter()
        if handed_in_s >= until_s:
            return
        timestamp = first + timedelta(seconds=at * INTERVAL_S)
        sample = EvseSample(
            timestamp=timestamp,
            energy_import_wh=register_wh(at),
            power_w=11_040.0 + at % 7,
            currents_a=(16.0, 16.0, 16.0),
            voltages_v=(230.0, 230.0, 230.0),
        )
        report = TransactionReport(
            station_id=station_id,
            event_type=TransactionEventType.UPDATED,
            received_at=SystemClock().now(),
            timestamp=timestamp,
            transaction_id=started.transaction.transaction_id,
            evse_id=1,
            connector_id=1,
            samples=(sample,),
        )
        if (await ledger.record(report)).duplicate:
            raise RuntimeError("A repetition is no measure of recording")
        waited_ms.append((time.perf_counter() - handed_in_s) * 1e3)


async def _measure(producers: int, seconds: float) -> tuple[str, ...]:
    with TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as folder:
        ledger = await Ledger.open(Path(folder) / "ledger.db", SystemClock(), ballast_bytes=0)
        waited_ms: list[float] = []
        started_s, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(producers):
                    group.create_task(_produce(ledger, number, started_s + seconds, waited_ms))
            took_s, after = time.perf_counter() - started_s, resource.getrusage(resource.RUSAGE_SELF)
        finally:
            await ledger.close()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    percentiles = quantiles(waited_ms, n=100)
    return (
        str(producers),
        f"{len(waited_ms) / took_s:,.0f}",
        f"{cpu_s / len(waited_ms) * 1e6:.0f}",
        f"{percentiles[49]:.2f}",
        f"{percentiles[98]:.2f}",
    )


def main() -> None:
    """Measure each number of producers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds = parser.parse_args().seconds
    rows = [asyncio.run(_measure(producers, seconds)) for producers in _PRODUCERS]
    columns = ("producers", "reports/s", "CPU µs/report", "median ms", "99 % within ms")
    print_table("Durable reports", columns, rows)


if __name__ == "__main__":
    main()
