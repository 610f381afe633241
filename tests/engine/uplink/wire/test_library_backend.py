"""A whole session told to central systems of the `ocpp` package, which check every frame against their schemas."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ocpp import v16, v21, v201
from ocpp.routing import on
import pytest

from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.meter import EvseSample
from custom_components.offline_evse.engine.model.station import EvseStatus, OcppVersion, StationIdentity
from custom_components.offline_evse.engine.model.upstream.message import (
    Ask,
    Boot,
    Heartbeat,
    SessionStart,
    SessionStop,
    SessionValues,
    Status,
)
from custom_components.offline_evse.engine.uplink.wire.codec import call_of, codec_of
from custom_components.offline_evse.engine.uplink.wire.connection import CallOutcome, UpConnection

from .backend import Backend, Wire, bounded
from .conftest import Dial

AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
CARD = IdToken("DEADBEEF")
ANSWERS_16: Any = v16.call_result
SESSION = "01J0000000000000000000000A"


class Pipe:
    """What the package reads from and writes to."""

    def __init__(self, wire: Wire) -> None:
        """Use one socket."""
        self._wire = wire

    async def recv(self) -> str:
        """Return the next frame."""
        return await self._wire.received.get()

    async def send(self, frame: str) -> None:
        """Send a frame."""
        await self._wire.send(frame)


class Csms16(v16.ChargePoint):
    """A central system of 1.6."""

    heard: list[tuple[str, dict[str, Any]]]

    @on("BootNotification")  # type: ignore[untyped-decorator,no-untyped-call]
    def boot(self, **payload: Any) -> Any:
        return ANSWERS_16.BootNotification("2026-06-01T12:00:00Z", 300, "Accepted")

    @on("Heartbeat")  # type: ignore[untyped-decorator,no-untyped-call]
    def heartbeat(self) -> Any:
        return ANSWERS_16.Heartbeat("2026-06-01T12:00:00Z")

    @on("StatusNotification")  # type: ignore[untyped-decorator,no-untyped-call]
    def status(self, **payload: Any) -> Any:
        return ANSWERS_16.StatusNotification()

    @on("Authorize")  # type: ignore[untyped-decorator,no-untyped-call]
    def authorize(self, id_tag: str) -> Any:
        return ANSWERS_16.Authorize({"status": "Blocked"})

    @on("StartTransaction")  # type: ignore[untyped-decorator,no-untyped-call]
    def started(self, **payload: Any) -> Any:
        self.heard.append(("start", payload))
        return ANSWERS_16.StartTransaction(4711, {"status": "Accepted"})

    @on("MeterValues")  # type: ignore[untyped-decorator,no-untyped-call]
    def values(self, **payload: Any) -> Any:
        self.heard.append(("values", payload))
        return ANSWERS_16.MeterValues()

    @on("StopTransaction")  # type: ignore[untyped-decorator,no-untyped-call]
    def stopped(self, **payload: Any) -> Any:
        self.heard.append(("stop", payload))
        return ANSWERS_16.StopTransaction()


def _csms_2x(module: Any) -> type[Any]:
    """Make a central system of 2.0.1 or 2.1."""

    class Csms(module.ChargePoint):  # type: ignore[misc]
        heard: list[tuple[str, dict[str, Any]]]

        @on("BootNotification")  # type: ignore[untyped-decorator,no-untyped-call]
        def boot(self, **payload: Any) -> Any:
            return module.call_result.BootNotification("2026-06-01T12:00:00Z", 300, "Accepted")

        @on("Heartbeat")  # type: ignore[untyped-decorator,no-untyped-call]
        def heartbeat(self) -> Any:
            return module.call_result.Heartbeat("2026-06-01T12:00:00Z")

        @on("StatusNotification")  # type: ignore[untyped-decorator,no-untyped-call]
        def status(self, **payload: Any) -> Any:
            return module.call_result.StatusNotification()

        @on("Authorize")  # type: ignore[untyped-decorator,no-untyped-call]
        def authorize(self, **payload: Any) -> Any:
            return module.call_result.Authorize({"status": "Blocked"})

        @on("TransactionEvent")  # type: ignore[untyped-decorator,no-untyped-call]
        def event(self, **payload: Any) -> Any:
            self.heard.append((payload["event_type"], payload))
            return module.call_result.TransactionEvent(id_token_info={"status": "Accepted"})

    return Csms


CSMS: dict[OcppVersion, Any] = {
    OcppVersion.V16: Csms16,
    OcppVersion.V201: _csms_2x(v201),
    OcppVersion.V21: _csms_2x(v21),
}


@pytest.fixture(params=list(OcppVersion))
async def talk(
    request: pytest.FixtureRequest, dial: Dial, backend: Backend
) -> AsyncIterator[tuple[UpConnection, list[tuple[str, dict[str, Any]]]]]:
    """A connection to such a central system, and what that has heard."""
    version: OcppVersion = request.param
    backend.protocols = (version.value,)
    await backend.start()
    connection = await dial(versions=(version,))
    csms = CSMS[version]("CP1", Pipe(await backend.wire()))
    csms.heard = []
    serving = asyncio.create_task(csms.start())
    yield connection, csms.heard
    serving.cancel()
    await asyncio.wait((serving,))


async def test_a_session_is_told_from_boot_to_stop(
    talk: tuple[UpConnection, list[tuple[str, dict[str, Any]]]],
) -> None:
    connection, heard = talk
    codec = codec_of(connection.version)

    async def say(message: Any) -> dict[str, Any]:
        message_id, _, frame = call_of(codec, message)
        end = await bounded(connection.call(message_id, frame))
        assert end.outcome is CallOutcome.ANSWERED, end
        assert end.payload is not None
        return end.payload

    boot = codec.read_boot(await say(Boot(StationIdentity("Acme", "Box"))))
    assert (boot.status, boot.interval_s, boot.now) == ("Accepted", 300, AT)
    await say(Status(evse_id=1, status=EvseStatus.PREPARING, timestamp=AT))
    await say(Heartbeat())
    assert not codec.read_ask(await say(Ask(CARD))).accepted
    started = codec.read_start(
        await say(SessionStart(session_id=SESSION, evse_id=1, timestamp=AT, id_token=CARD, meter_wh=1000, offline=True))
    )
    assert started.answer is not None and started.answer.accepted
    remote_id = started.remote_id or SESSION
    assert remote_id == ("4711" if connection.version is OcppVersion.V16 else SESSION)
    sample = EvseSample(timestamp=AT + timedelta(minutes=15), energy_import_wh=2000, currents_a=(16.0,), power_w=3680.5)
    at = AT + timedelta(hours=1)
    await say(
        SessionValues(
            session_id=SESSION, remote_id=remote_id, seq_no=1, evse_id=1, timestamp=sample.timestamp, samples=(sample,)
        )
    )
    await say(
        SessionStop(
            session_id=SESSION,
            remote_id=remote_id,
            seq_no=2,
            evse_id=1,
            timestamp=at,
            id_token=CARD,
            meter_wh=5000,
            reason="EVDisconnected",
            samples=(sample,),
        )
    )
    assert len(heard) == 3
    first, last = heard[0][1], heard[-1][1]
    assert (first["timestamp"], last["timestamp"]) == ("2026-06-01T12:00:00.000Z", "2026-06-01T13:00:00.000Z")
    if connection.version is OcppVersion.V16:
        assert last["meter_stop"] - first["meter_start"] == 4000
        assert last["transaction_id"] == 4711
    else:
        assert [payload["seq_no"] for _, payload in heard] == [0, 1, 2]
        ends = [payload["meter_value"][-1]["sampled_value"][0]["value"] for payload in (first, last)]
        assert ends[1] - ends[0] == 4000
    assert connection.oddities.total() == 0
