"""How much memory a connected charger takes while it does nothing.

Two hundred chargers that belong to the site dial in and are taken through their whole onboarding by the real engine;
they live in a process of their own. What is told is the growth of the resident set of the process that serves them.
"""

import argparse
import asyncio
import gc
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from custom_components.offline_evse.engine.csms.settings import CsmsSettings
from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.clock import SystemClock
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.site.config import SiteConfig, StationConfig
from custom_components.offline_evse.engine.site.opening import open_site

from .chargers import connect
from .report import print_table

_SETTLING_S = 15.0
_SETTINGS = CsmsSettings(boot_wait_s=0.5, status_wait_s=0.5)


def _resident_kb() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1000


async def _measure(stations: int) -> tuple[int, int]:
    """Return the resident set before and after the chargers have come, in kB."""
    main = Circuit(circuit_id="main", name="Main", limit_a=PhaseAmperes(250, 250, 250))
    config = SiteConfig(
        name="Yard",
        circuits=(main,),
        stations=tuple(
            StationConfig(station_id=f"CP{number:03d}", name=f"Charger {number}", circuit_id="main")
            for number in range(stations)
        ),
    )
    with TemporaryDirectory() as folder:
        site = await open_site(
            config=config, folder=Path(folder), clock=SystemClock(), port=0, host="127.0.0.1", settings=_SETTINGS
        )
        try:
            # What the very first charger has loaded is not the price of one more.
            async with connect(site.port, 1, 0):
                await asyncio.sleep(_SETTLING_S / 3)
            before_kb = _resident_kb()
            async with connect(site.port, stations, 0):
                await asyncio.sleep(_SETTLING_S)
                if sum(station.connected for station in site.stations.values()) != stations:
                    raise RuntimeError("Not all chargers are connected")
                return before_kb, _resident_kb()
        finally:
            await site.close()


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--stations", type=int, default=200)
    stations = parser.parse_args().stations
    before_kb, after_kb = asyncio.run(_measure(stations))
    row = (str(stations), f"{before_kb:,}", f"{after_kb:,}", f"{(after_kb - before_kb) / stations:.0f}")
    print_table("Memory of idle chargers", ("chargers", "kB without", "kB with", "kB per charger"), [row])


if __name__ == "__main__":
    main()
