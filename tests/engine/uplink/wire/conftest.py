"""A backend that listens, and somebody who dials it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.config import LineConfig, UpstreamConfig, UpstreamTls
from custom_components.offline_evse.engine.uplink.wire.connection import OnCall, UpConnection
from custom_components.offline_evse.engine.uplink.wire.dialling import Dialler
from tests.engine.clock import ManualClock

from .backend import Backend, OneAddress

type Dial = Callable[..., Awaitable[UpConnection]]

BOTH = (OcppVersion.V201, OcppVersion.V16)


@pytest.fixture
def clock() -> ManualClock:
    """Time stands still unless the test moves it."""
    return ManualClock()


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    """A backend that has not begun to listen."""
    made = Backend()
    yield made
    await made.stop()


async def nothing(action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Answer everything with nothing."""
    return {}


@pytest.fixture
async def dial(clock: ManualClock, backend: Backend) -> AsyncIterator[Dial]:
    """Dial the backend, and hang up at the end."""
    dialler = Dialler(clock, OneAddress())
    opened: list[UpConnection] = []

    async def connect(
        url: str | None = None,
        *,
        identity: str = "CP1",
        password: str | None = None,
        versions: tuple[OcppVersion, ...] = BOTH,
        tls: UpstreamTls | None = None,
        on_call: OnCall = nothing,
    ) -> UpConnection:
        line = LineConfig(station_id="garage", identity=identity, password=password)
        config = UpstreamConfig(
            upstream_id="u1",
            name="Somebody",
            url=backend.url() if url is None else url,
            lines=(line,),
            versions=versions,
            tls=tls or UpstreamTls(),
        )
        connection = await dialler.dial(config, line, on_call)
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        await connection.close()
    await dialler.close()
