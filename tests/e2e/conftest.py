"""Tests in a real browser: all of them need a Chromium, and say so where there is none."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
import pytest_socket

from simulator.demo.backend.operator import Operator
from simulator.demo.browser import Window, find_chromium, window
from simulator.demo.home_assistant import HomeAssistant
from simulator.demo.ports import free_ports
from simulator.demo.set_up import whole_site
from simulator.demo.simulation import Simulation


@dataclass(frozen=True, slots=True)
class DemoSite:
    """Harbour House with four adopted chargers and a backend, and a fifth at the door."""

    home: HomeAssistant
    simulation: Simulation


@pytest.fixture(scope="session", autouse=True)
def chromium() -> str:
    """The path of the machine's Chromium; without one, every test of this folder is skipped."""
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium on this machine; `scripts/setup --browser` installs one")
    return found


@pytest.fixture(scope="module", autouse=True)
def sockets() -> None:
    """What a module sets up for all of its tests is set up before the first one's own permission to open sockets."""
    pytest_socket.enable_socket()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DemoSite]:
    """The demo's site, as real processes on loopback; one for all tests of this folder."""
    # It is made before the first test's own permission to open sockets.
    pytest_socket.enable_socket()
    http_port, ocpp_port = free_ports(2)
    home = HomeAssistant(tmp_path_factory.mktemp("home-assistant"), http_port)
    operator = Operator(tmp_path_factory.mktemp("operator") / "operator.db", seed=1)
    async with Simulation(f"ws://127.0.0.1:{ocpp_port}", seed=1) as simulation, operator, home:
        await whole_site(home, simulation, operator, ocpp_port)
        yield DemoSite(home, simulation)


@pytest_asyncio.fixture(loop_scope="session")
async def browser(demo: DemoSite, chromium: str) -> AsyncIterator[Window]:
    """A window that is logged in as the owner. At its end, no page may have complained."""
    async with window(demo.home, chromium) as opened:
        yield opened
        assert opened.complaints == []
