"""A 2.1 charging station of the `ocpp` library, which checks every frame of ours against the schemas of 2.1."""

import asyncio
from typing import Any

from ocpp.routing import on
from ocpp.v21 import ChargePoint, call as calls, call_result as results
import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.model.command import (
    ApplyFloor,
    ApplyLimit,
    ChangeAvailability,
    Command,
    Outcome,
    ReadCompositeSchedule,
    ReadVariables,
    RequestReport,
    Reset,
    StartTransaction,
    StopTransaction,
    Trigger,
    TriggerMessage,
    UnlockConnector,
    WriteVariable,
)
from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.station_event import (
    BootReported,
    MeterValuesReported,
    NoticeReported,
    StatusReported,
    TransactionReported,
    VariablesReported,
)
from tests.engine.csms.charger import Charger
from tests.engine.csms.conftest import Dial
from tests.engine.csms.site_double import SiteDouble

call: Any = calls
call_result: Any = results

STAMP = "2026-06-01T12:00:00Z"


class Wire:
    """The two calls that the library makes on a socket."""

    def __init__(self, charger: Charger) -> None:
        self._socket = charger.socket

    async def recv(self) -> str:
        return await self._socket.receive_str()

    async def send(self, frame: str) -> None:
        await self._socket.send_str(frame)


class Library(ChargePoint):
    """Accepts what it is asked, and keeps the profiles."""

    def __init__(self, wire: Wire) -> None:
        super().__init__("CP1", wire)  # type: ignore[no-untyped-call]
        self.profiles: list[dict[str, Any]] = []
        self.takes_offline_duration = True

    @on("SetChargingProfile")  # type: ignore[untyped-decorator,no-untyped-call]
    def limited(self, evse_id: int, charging_profile: dict[str, Any]) -> Any:
        self.profiles.append(charging_profile)
        refused = "max_offline_duration" in charging_profile and not self.takes_offline_duration
        return call_result.SetChargingProfile(status="Rejected" if refused else "Accepted")

    @on("GetCompositeSchedule")  # type: ignore[untyped-decorator,no-untyped-call]
    def composed(self, **_: Any) -> Any:
        schedule = {
            "evseId": 1,
            "duration": 600,
            "scheduleStart": STAMP,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}],
        }
        return call_result.GetCompositeSchedule(status="Accepted", schedule=schedule)

    @on("GetVariables")  # type: ignore[untyped-decorator,no-untyped-call]
    def read(self, get_variable_data: list[dict[str, Any]]) -> Any:
        results = [{**one, "attributeStatus": "Accepted", "attributeValue": "7"} for one in get_variable_data]
        return call_result.GetVariables(get_variable_result=results)

    @on("SetVariables")  # type: ignore[untyped-decorator,no-untyped-call]
    def written(self, set_variable_data: list[dict[str, Any]]) -> Any:
        results = [
            {"component": one["component"], "variable": one["variable"], "attributeStatus": "Accepted"}
            for one in set_variable_data
        ]
        return call_result.SetVariables(set_variable_result=results)

    @on("RequestStartTransaction")  # type: ignore[untyped-decorator,no-untyped-call]
    def started(self, **_: Any) -> Any:
        return call_result.RequestStartTransaction(status="Accepted")

    @on("RequestStopTransaction")  # type: ignore[untyped-decorator,no-untyped-call]
    def stopped(self, **_: Any) -> Any:
        return call_result.RequestStopTransaction(status="Accepted")

    @on("TriggerMessage")  # type: ignore[untyped-decorator,no-untyped-call]
    def triggered(self, **_: Any) -> Any:
        return call_result.TriggerMessage(status="Accepted")

    @on("ChangeAvailability")  # type: ignore[untyped-decorator,no-untyped-call]
    def switched(self, **_: Any) -> Any:
        return call_result.ChangeAvailability(status="Scheduled")

    @on("Reset")  # type: ignore[untyped-decorator,no-untyped-call]
    def reset(self, **_: Any) -> Any:
        return call_result.Reset(status="Accepted")

    @on("UnlockConnector")  # type: ignore[untyped-decorator,no-untyped-call]
    def unlocked(self, **_: Any) -> Any:
        return call_result.UnlockConnector(status="Unlocked")

    @on("GetBaseReport")  # type: ignore[untyped-decorator,no-untyped-call]
    def reported(self, **_: Any) -> Any:
        return call_result.GetBaseReport(status="Accepted")


async def conversation(dial: Dial) -> tuple[Any, asyncio.Task[None]]:
    charger = await dial("/CP1", ("ocpp2.1", "ocpp2.0.1"))
    assert charger.socket.protocol == "ocpp2.1"
    point: Any = Library(Wire(charger))
    return point, asyncio.create_task(point.start())


async def end(reading: asyncio.Task[None]) -> None:
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def test_all_that_a_station_says_is_taken_in(site: SiteDouble, csms: CentralSystem, dial: Dial) -> None:
    point, reading = await conversation(dial)
    boot = await point.call(
        call.BootNotification(charging_station={"model": "Box", "vendor_name": "Acme"}, reason="PowerUp")
    )
    assert (boot.status, boot.interval) == ("Accepted", 30)
    assert (await point.call(call.Heartbeat())).current_time.startswith("2026-06-01T12:00:00")
    await point.call(call.StatusNotification(timestamp=STAMP, connector_status="Available", evse_id=1, connector_id=1))
    token = {"id_token": "TAG", "type": "ISO14443"}
    assert (await point.call(call.Authorize(id_token=token))).id_token_info["status"] == "Accepted"
    value = {"timestamp": STAMP, "sampled_value": [{"value": 1.0, "measurand": "Energy.Active.Import.Register"}]}
    for kind in ("Started", "Updated", "Ended"):
        answer = await point.call(
            call.TransactionEvent(
                event_type=kind,
                timestamp=STAMP,
                trigger_reason="Authorized",
                seq_no=0,
                transaction_info={"transaction_id": "tx-1", "charging_state": "Charging"},
                meter_value=[value],
                evse={"id": 1, "connector_id": 1},
                id_token=token,
                cost_details={
                    "total_cost": {"currency": "EUR", "type_of_cost": "NormalCost", "total": {"incl_tax": 1.0}},
                    "total_usage": {"energy": 1.0, "charging_time": 60, "idle_time": 0},
                },
            )
        )
        assert answer.id_token_info["status"] == "Accepted"
    await point.call(call.MeterValues(evse_id=1, meter_value=[value]))
    variable = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "Power"},
        "variable_attribute": [{"value": "11000"}],
    }
    await point.call(call.NotifyReport(request_id=1, generated_at=STAMP, seq_no=0, tbc=False, report_data=[variable]))
    event = {
        "event_id": 1,
        "timestamp": STAMP,
        "trigger": "Alerting",
        "actual_value": "hot",
        "event_notification_type": "HardWiredNotification",
        "component": {"name": "EVSE"},
        "variable": {"name": "Temperature"},
    }
    await point.call(call.NotifyEvent(generated_at=STAMP, seq_no=0, event_data=[event]))
    await point.call(call.NotifyPriorityCharging(transaction_id="tx-1", activated=True))
    assert site.connected[0][1] is OcppVersion.V21
    for told, count in (
        (BootReported, 1),
        (StatusReported, 1),
        (TransactionReported, 3),
        (MeterValuesReported, 1),
        (VariablesReported, 1),
        (NoticeReported, 2),
    ):
        assert len(site.told(told)) == count, told
    assert csms.oddities("CP1") == {}
    await end(reading)


COMMANDS: list[Command] = [
    ApplyFloor(evse_id=1, current_a=6, phases=3),
    ApplyLimit(evse_id=1, current_a=10, phases=3, transaction_id="tx-1"),
    ApplyLimit(evse_id=1, current_a=10, phases=3, use_phases=1, transaction_id="tx-1"),
    ReadCompositeSchedule(1),
    StartTransaction(evse_id=1, id_token=IdToken("x" * 100, IdTokenType.CENTRAL), remote_start_id=1),
    StopTransaction("tx-1"),
    TriggerMessage(Trigger.STATUS, 1),
    TriggerMessage(Trigger.TRANSACTION, 1),
    ChangeAvailability(1, False),
    Reset(),
    UnlockConnector(1, 1),
    ReadVariables(("SampledDataCtrlr.TxUpdatedInterval",)),
    WriteVariable("SampledDataCtrlr.TxUpdatedInterval", "10"),
    RequestReport(1),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
async def test_all_that_a_station_is_asked_is_valid(csms: CentralSystem, dial: Dial, command: Command) -> None:
    _, reading = await conversation(dial)
    result = await csms.send("CP1", command)
    assert result.done, result
    if isinstance(command, ReadCompositeSchedule):
        assert result.limit_a == 10
    await end(reading)


async def test_a_station_that_refuses_the_offline_duration_gets_its_limit_without(
    csms: CentralSystem, dial: Dial
) -> None:
    point, reading = await conversation(dial)
    point.takes_offline_duration = False
    limit = ApplyLimit(evse_id=1, current_a=10, phases=3, transaction_id="tx-1")
    assert (await csms.send("CP1", limit)).outcome is Outcome.ACCEPTED
    assert [profile.get("max_offline_duration") for profile in point.profiles] == [250, None]
    assert (await csms.send("CP1", limit)).outcome is Outcome.ACCEPTED
    assert len(point.profiles) == 3
    assert csms.expires("CP1")
    await end(reading)


async def test_event_streams_are_passed_over(csms: CentralSystem, dial: Dial) -> None:
    """Nobody asked for one, and nobody waits for an answer to it."""
    charger = await dial("/CP1", ("ocpp2.1",))
    await charger.send([6, "m1", "NotifyPeriodicEventStream", {"id": 1, "pending": 0, "basetime": STAMP, "data": []}])
    assert await charger.is_silent()
    assert csms.oddities("CP1") == {}
