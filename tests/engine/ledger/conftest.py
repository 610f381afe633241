from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from tests.engine.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "site" / "ledger.db"


@pytest.fixture
async def ledger(path: Path, clock: ManualClock) -> AsyncIterator[Ledger]:
    ledger = await Ledger.open(path, clock)
    yield ledger
    await ledger.close()
