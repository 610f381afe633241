"""How long a file of records takes to write and to take in, how large it is, and how much memory writing needs.

The ledger lies in the current folder: sessions of ten messages each. Memory is what Python allocates at most while the
file is written, beside what was there before.
"""

import argparse
import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
import time
import tracemalloc

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.clock import SystemClock
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.meter import EvseSample
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.transaction import TransactionEventType, TransactionReport
from custom_components.offline_evse.engine.site.config import SiteConfig
from custom_components.offline_evse.engine.site.memory import SiteMemory
from custom_components.offline_evse.engine.site.records import ExportWhat, Records
from custom_components.offline_evse.engine.site.register import SiteRegister
from simulator.backend.receiver import Receiver

from .meter_values import INTERVAL_S, beginning, register_wh
from .report import print_table

_MESSAGES = 10
"""Of one session, start and stop among them."""
_CHARGERS = 50
_SIZES = (10_000, 100_000)
_CONFIG = SiteConfig(name="Home", circuits=(Circuit(circuit_id="main", name="Main", limit_a=PhaseAmperes(25, 25, 25)),))


async def _charge(ledger: Ledger, charger: int, session_count: int) -> None:
    """Record sessions of one charger, one after the other."""
    first = beginning(session_count * _MESSAGES)
    for at in range(session_count * _MESSAGES):
        place = at % _MESSAGES
        ends = place == _MESSAGES - 1
        kind = TransactionEventType.ENDED if ends else TransactionEventType.UPDATED
        timestamp = first + timedelta(seconds=at * INTERVAL_S)
        sample = EvseSample(
            timestamp=timestamp,
            energy_import_wh=register_wh(at),
            power_w=11_040.0 + at % 7,
            currents_a=(16.0, 16.0, 16.0),
            voltages_v=(230.0, 230.0, 230.0),
        )
        await ledger.record(
            TransactionReport(
                station_id=f"CP{charger:03d}",
                event_type=kind if place else TransactionEventType.STARTED,
                received_at=SystemClock().now(),
                timestamp=timestamp,
                transaction_id=f"{charger}-{at // _MESSAGES}",
                evse_id=1,
                seq_no=place,
                id_token=IdToken(f"CARD{charger:04d}"),
                samples=(sample,),
            ),
            name="Ada",
        )


async def _measured(folder: Path, size: int, *, traced: bool) -> tuple[float, float, int, int, Path]:
    """Write everything; return seconds, MB of memory (0 unless traced), entries, bytes and the file."""
    ledger = await Ledger.open(folder / "ledger.db", SystemClock())
    try:
        sessions = size // _MESSAGES // _CHARGERS
        if not await ledger.transactions(limit=1):
            await asyncio.gather(*(_charge(ledger, charger, sessions) for charger in range(_CHARGERS)))
        records = Records(SiteRegister(_CONFIG), ledger, await SiteMemory.open(ledger), SystemClock())
        if traced:
            tracemalloc.start()
        begun_s = time.perf_counter()
        bundle = await records.export(folder, ExportWhat.ALL, names=True)
        took_s = time.perf_counter() - begun_s
        peak_bytes = tracemalloc.get_traced_memory()[1] if traced else 0
        if traced:
            tracemalloc.stop()
        assert bundle is not None
        return took_s, peak_bytes / 1e6, bundle.found.count, bundle.size_bytes, bundle.path
    finally:
        await ledger.close()


def _row(size: int) -> tuple[str, ...]:
    with TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        took_s, _, count, size_bytes, path = asyncio.run(_measured(folder, size, traced=False))
        with closing(Receiver(folder / "received.db")) as receiver:
            begun_s = time.perf_counter()
            receiver.take(path)
            taken_s = time.perf_counter() - begun_s
        _, peak_mb, *_ = asyncio.run(_measured(folder, size, traced=True))
    return f"{count:,}", f"{took_s:.1f} s", f"{peak_mb:.1f} MB", f"{size_bytes / 1e6:.1f} MB", f"{taken_s:.1f} s"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=list(_SIZES))
    sizes = parser.parse_args().entries
    print_table(
        "Files of records", ("Entries", "Written in", "Memory", "Size", "Taken in"), [_row(size) for size in sizes]
    )


if __name__ == "__main__":
    main()
