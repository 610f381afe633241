"""A 2.1 station against a central system."""

from typing import Any

from ocpp.messages import Call, validate_payload
import pytest

from simulator.station.quirks import QUIRKS

from .central_system import Bench, CentralSystem, bench


@pytest.fixture
def central() -> CentralSystem:
    return CentralSystem()


async def charging(site: Bench) -> str:
    site.simulator.plug(charger="bay", car="heron")
    site.simulator.swipe(charger="bay", tag="04A1B2C3")
    started = await site.central.said("TransactionEvent")
    await site.central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await site.central.said("Heartbeat")
    return str(started["transactionInfo"]["transactionId"])


def profile(number: int, level: int, purpose: str, *periods: tuple[int, float], **more: Any) -> dict[str, Any]:
    steps = [{"startPeriod": start_s, "limit": limit} for start_s, limit in periods]
    schedule = {
        "id": number,
        "startSchedule": "2026-03-02T11:59:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": steps,
    }
    return {
        "evseId": 1,
        "chargingProfile": {
            "id": number,
            "stackLevel": level,
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
            **more,
        },
    }


async def test_everything_it_says_fits_the_schema(central: CentralSystem) -> None:
    async with bench(central, version="2.1", knows_soc=True, settings={"ClockAlignedDataInterval": "60"}) as site:
        await central.said("StatusNotification")
        assert central.sockets[0].ws_protocol == "ocpp2.1"
        site.live(65)
        transaction_id = await charging(site)
        site.live(65)
        await central.ask("GetBaseReport", {"requestId": 3, "reportBase": "FullInventory"})
        await central.ask("RequestStopTransaction", {"transactionId": transaction_id})
        site.live(10)
        await central.until(lambda: central.payloads("TransactionEvent")[-1]["eventType"] == "Ended")
        seen = {frame.action for frame in central.frames}
        assert seen >= {"BootNotification", "MeterValues", "TransactionEvent", "NotifyReport", "Authorize"}
        for frame in central.frames:
            await validate_payload(Call("1", frame.action, frame.payload), "2.1")  # type: ignore[no-untyped-call]


async def test_a_limit_outlives_the_connection_as_long_as_it_says(central: CentralSystem) -> None:
    """Afterwards it is gone for good, and what lies below it holds."""
    async with bench(central, version="2.1") as site:
        await central.said("StatusNotification")
        await charging(site)
        floor = profile(11, 0, "TxDefaultProfile", (0, 6.0))
        live = profile(
            12, 1, "TxProfile", (0, 10.0), (2000, 8.0), maxOfflineDuration=70, invalidAfterOfflineDuration=True
        )
        for one in (floor, live):
            assert await central.ask("SetChargingProfile", one) == {"status": "Accepted"}
        evse = site.simulator.site.evses["bay/1"]
        site.live(300)
        assert evse.limit_a == 10.0
        await site.cut_off()
        site.live(69)
        assert evse.limit_a == 10.0
        site.live(2)
        assert evse.limit_a == 6.0
        statuses = len(central.payloads("StatusNotification"))
        site.let_in()
        await central.said("StatusNotification", statuses + 1)
        site.live(5)
        assert evse.limit_a == 6.0


async def test_a_limit_that_may_come_back_does(central: CentralSystem) -> None:
    async with bench(central, version="2.1") as site:
        await central.said("StatusNotification")
        await charging(site)
        live = profile(12, 1, "TxProfile", (0, 10.0), maxOfflineDuration=70)
        assert await central.ask("SetChargingProfile", live) == {"status": "Accepted"}
        evse = site.simulator.site.evses["bay/1"]
        await site.cut_off()
        site.live(71)
        assert evse.limit_a == 16.0
        statuses = len(central.payloads("StatusNotification"))
        site.let_in()
        await central.said("StatusNotification", statuses + 1)
        site.live(1)
        assert evse.limit_a == 10.0


@pytest.mark.parametrize(("quirk", "status"), [("none", "Rejected"), ("switches_phases", "Accepted")])
async def test_only_a_station_that_can_choose_its_phase_lets_itself_be_told(
    central: CentralSystem, quirk: str, status: str
) -> None:
    async with bench(central, version="2.1", quirks=QUIRKS[quirk]):
        await central.said("StatusNotification")
        one = profile(11, 0, "TxDefaultProfile", (0, 6.0))
        period = one["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]
        period.update(numberPhases=1, phaseToUse=1)
        assert (await central.ask("SetChargingProfile", one))["status"] == status
        wanted = {"component": {"name": "SmartChargingCtrlr"}, "variable": {"name": "ACPhaseSwitchingSupported"}}
        read = await central.ask("GetVariables", {"getVariableData": [wanted]})
        assert read["getVariableResult"][0]["attributeValue"] == str(quirk == "switches_phases").lower()
