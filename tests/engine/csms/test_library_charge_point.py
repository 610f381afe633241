"""A charge point of the `ocpp` library, which checks every frame of ours against the specification's schemas."""

import asyncio
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action, ChargingProfileStatus, RemoteStartStopStatus

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.model.command import ApplyLimit, Outcome, Priority, StopTransaction
from custom_components.offline_evse.engine.model.station_event import TransactionReported

from .charger import Charger
from .conftest import Dial
from .site_double import SiteDouble


class Wire:
    """The two calls that the library makes on a socket."""

    def __init__(self, charger: Charger) -> None:
        """Speak over a charger's socket."""
        self._socket = charger.socket

    async def recv(self) -> str:
        """Return the next frame."""
        return await self._socket.receive_str()

    async def send(self, frame: str) -> None:
        """Send a frame."""
        await self._socket.send_str(frame)


class Library(ChargePoint):
    """Accepts limits and remote stops."""

    @on(Action.set_charging_profile)  # type: ignore[untyped-decorator,no-untyped-call]
    def limited(self, **_: Any) -> call_result.SetChargingProfile:
        """Take the profile."""
        return call_result.SetChargingProfile(ChargingProfileStatus.accepted)

    @on(Action.remote_stop_transaction)  # type: ignore[untyped-decorator,no-untyped-call]
    def stopped(self, **_: Any) -> call_result.RemoteStopTransaction:
        """Refuse."""
        return call_result.RemoteStopTransaction(RemoteStartStopStatus.rejected)


async def test_library_charge_point_has_a_whole_conversation(site: SiteDouble, csms: CentralSystem, dial: Dial) -> None:
    point: Any = Library("CP1", Wire(await dial()))  # type: ignore[no-untyped-call]
    reading = asyncio.create_task(point.start())
    boot = await point.call(call.BootNotification(charge_point_model="Box", charge_point_vendor="Acme"))
    assert (boot.status, boot.interval) == ("Accepted", 30)
    assert (await point.call(call.Heartbeat())).current_time.startswith("2026-06-01T12:00:00")
    start = await point.call(
        call.StartTransaction(connector_id=1, id_tag="TAG", meter_start=0, timestamp="2026-06-01T12:00:00Z")
    )
    assert start.transaction_id == 7
    limit = ApplyLimit(evse_id=1, current_a=10, phases=3, transaction_id="7")
    assert (await csms.send("CP1", limit, priority=Priority.SAFETY)).outcome is Outcome.ACCEPTED
    assert (await csms.send("CP1", StopTransaction("7"))).outcome is Outcome.REJECTED
    assert len(site.told(TransactionReported)) == 1
    assert csms.oddities("CP1") == {}
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
