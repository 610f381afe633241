"""A ledger, its records, and somebody who takes files in."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.site.config import SiteConfig, StationConfig
from custom_components.offline_evse.engine.site.memory import SiteMemory
from custom_components.offline_evse.engine.site.records import Records
from custom_components.offline_evse.engine.site.register import SiteRegister
from simulator.backend.receiver import Receiver
from tests.engine.clock import ManualClock

CONFIG = SiteConfig(
    name="Harbour House",
    circuits=(Circuit(circuit_id="main", name="Main", limit_a=PhaseAmperes(25.0, 25.0, 25.0)),),
    stations=(StationConfig(station_id="garage", name="=Garage", circuit_id="main"),),
)


@pytest.fixture
def clock() -> ManualClock:
    """Time stands still unless the test moves it."""
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger lies."""
    return tmp_path / "site" / "ledger.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where files go."""
    return tmp_path / "files"


@pytest.fixture
async def ledger(path: Path, clock: ManualClock) -> AsyncIterator[Ledger]:
    """A ledger."""
    ledger = await Ledger.open(path, clock)
    yield ledger
    await ledger.close()


@pytest.fixture
async def records(ledger: Ledger, clock: ManualClock) -> Records:
    """The records in it."""
    return await records_of(ledger, clock)


async def records_of(ledger: Ledger, clock: ManualClock) -> Records:
    """Take the records of a ledger up, as a site does when it is opened."""
    return Records(SiteRegister(CONFIG), ledger, await SiteMemory.open(ledger), clock)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """Somebody who takes files in."""
    receiver = Receiver(tmp_path / "received.db")
    yield receiver
    receiver.close()
