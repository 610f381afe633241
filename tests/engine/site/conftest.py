"""A site that listens, with an enrolled card, and chargers that dial it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.clock import ManualClock

from .place import Place
from .wallbox import Station201, Wallbox


@pytest.fixture
def clock() -> ManualClock:
    """Time stands still unless the test moves it."""
    return ManualClock()


@pytest.fixture
async def place(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Place]:
    """A site of two chargers, where CARD is Ada's."""
    place = Place(tmp_path, clock)
    await place.open()
    await place.enrol()
    yield place
    await place.leave()


@pytest.fixture
async def box(place: Place) -> Wallbox:
    """The charger ONE, connected and introduced."""
    box = await place.dial(Wallbox)
    await box.boot()
    await box.status("Available")
    return box


@pytest.fixture
async def station(place: Place) -> Station201:
    """The charger TWO, which speaks 2.0.1, connected and introduced."""
    station = await place.dial(Station201, "TWO")
    await station.boot()
    await station.status("Available")
    return station
