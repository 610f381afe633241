"""Charge points of the `ocpp` library, which check every frame of ours against the specification's schemas."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16, call as call16, call_result as result16
from ocpp.v201 import ChargePoint as ChargePoint201, call as call201, call_result as result201

from tests.engine.clock import ManualClock

from .place import ONE, TWO, Place, until


class Wire:
    """The two calls that the library makes on a socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def recv(self) -> str:
        """Return the next frame."""
        return await self._socket.receive_str()

    async def send(self, frame: str) -> None:
        """Send a frame."""
        await self._socket.send_str(frame)


class Library16(ChargePoint16):
    """Takes every limit, and notes it."""

    limits: list[float]

    @on("SetChargingProfile")  # type: ignore[untyped-decorator,no-untyped-call]
    def limited(self, cs_charging_profiles: dict[str, Any], **_: Any) -> result16.SetChargingProfile:
        """Take the profile."""
        self.limits.append(cs_charging_profiles["charging_schedule"]["charging_schedule_period"][0]["limit"])
        return result16.SetChargingProfile("Accepted")  # type: ignore[arg-type]


class Library201(ChargePoint201):
    """Takes every limit, and notes it."""

    limits: list[float]

    @on("SetChargingProfile")  # type: ignore[untyped-decorator,no-untyped-call]
    def limited(self, charging_profile: dict[str, Any], **_: Any) -> result201.SetChargingProfile:
        """Take the profile."""
        self.limits.append(charging_profile["charging_schedule"][0]["charging_schedule_period"][0]["limit"])
        return result201.SetChargingProfile("Accepted")  # type: ignore[arg-type]


@asynccontextmanager
async def plugged_in(place: Place, kind: Any, station_id: str, protocol: str) -> AsyncIterator[Any]:
    """Connect a charge point of the library."""
    url = f"ws://127.0.0.1:{place.site.port}/{station_id}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, protocols=[protocol]) as socket:
        point = kind(station_id, Wire(socket))
        point.limits = []
        reading = asyncio.create_task(point.start())
        yield point
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def test_both_versions_share_one_fuse_and_one_ledger(place: Place, clock: ManualClock) -> None:
    now = clock.now().isoformat().replace("+00:00", "Z")
    async with (
        plugged_in(place, Library16, "ONE", "ocpp1.6") as one,
        plugged_in(place, Library201, "TWO", "ocpp2.0.1") as two,
    ):
        assert (await one.call(call16.BootNotification("Box", "Acme"))).status == "Accepted"
        station: Any = {"model": "Two", "vendor_name": "Acme"}
        assert (await two.call(call201.BootNotification(station, "PowerUp"))).status == "Accepted"  # type: ignore[arg-type]
        await one.call(call16.StatusNotification(1, "NoError", "Preparing"))  # type: ignore[arg-type]
        await two.call(call201.StatusNotification(now, "Occupied", 1, 1))  # type: ignore[arg-type]
        start = await one.call(call16.StartTransaction(1, "CARD", 1000, now))
        assert start.id_tag_info["status"] == "Accepted"
        await until(lambda: 16 in one.limits)
        event: dict[str, Any] = {
            "timestamp": now,
            "trigger_reason": "Authorized",
            "transaction_info": {"transaction_id": "abc", "charging_state": "Charging"},
            "evse": {"id": 1, "connector_id": 1},
        }
        begun = await two.call(
            call201.TransactionEvent(
                event_type="Started",  # type: ignore[arg-type]
                seq_no=0,
                id_token={"id_token": "card", "type": "ISO14443"},  # type: ignore[arg-type]
                **event,
            )
        )
        assert begun.id_token_info["status"] == "Accepted"
        await until(lambda: any(6 < current_a < 16 for current_a in two.limits))
        assert one.limits[-1] + two.limits[-1] <= 25
        await one.call(call16.StopTransaction(2000, now, start.transaction_id))
        register: Any = [{"timestamp": now, "sampled_value": [{"value": 1500.0, "context": "Transaction.End"}]}]
        await two.call(
            call201.TransactionEvent(event_type="Ended", seq_no=1, meter_value=register, **event)  # type: ignore[arg-type]
        )
        assert not place.evse(ONE).has_transaction
        assert not place.evse(TWO).has_transaction
    assert [session.energy_wh for session in await place.site.transactions(evse=ONE)] == [1000]
