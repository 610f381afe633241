"""A central system that listens, and chargers that dial it."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol

import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.csms.settings import CsmsSettings
from tests.engine.clock import ManualClock

from .charger import Charger
from .site_double import SiteDouble


class Dial(Protocol):
    """Connects a charger by its path."""

    def __call__(self, path: str = "/CP1", *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Charger]:
        """See `Charger.dial`."""


@pytest.fixture
def clock() -> ManualClock:
    """Time stands still unless the test moves it."""
    return ManualClock()


@pytest.fixture
def site(clock: ManualClock) -> SiteDouble:
    """A site that has adopted CP1."""
    double = SiteDouble(clock)
    double.adopted.add("CP1")
    return double


@pytest.fixture
def settings() -> CsmsSettings:
    """The settings as they are shipped."""
    return CsmsSettings()


@pytest.fixture
async def csms(site: SiteDouble, clock: ManualClock, settings: CsmsSettings) -> AsyncIterator[CentralSystem]:
    """A central system on a free port of loopback."""
    system = CentralSystem(site, clock, settings)
    await system.start(0, "127.0.0.1")
    yield system
    await system.stop()


@pytest.fixture
def url(csms: CentralSystem) -> Callable[[str], str]:
    """Make an address out of a path."""
    return lambda path: f"ws://127.0.0.1:{csms.port}{path}"


@pytest.fixture
async def dial(csms: CentralSystem) -> AsyncIterator[Dial]:
    """Connect chargers, and hang up whatever is left of them."""
    chargers: list[Charger] = []

    async def connect(path: str = "/CP1", *args: Any, **kwargs: Any) -> Charger:
        charger = await Charger.dial(f"ws://127.0.0.1:{csms.port}{path}", *args, **kwargs)
        chargers.append(charger)
        return charger

    yield connect
    for charger in chargers:
        charger.drop()
        await charger.hang_up()
