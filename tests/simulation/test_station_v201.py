"""A 2.0.1 station against a central system."""

from typing import Any

from ocpp.messages import Call, validate_payload
import pytest

from .central_system import Bench, CentralSystem, bench


@pytest.fixture
def central() -> CentralSystem:
    return CentralSystem()


async def charging(site: Bench) -> str:
    site.simulator.plug(charger="bay", car="heron")
    site.simulator.swipe(charger="bay", tag="04A1B2C3")
    started = await site.central.said("TransactionEvent")
    assert started["eventType"] == "Started"
    await site.central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await site.central.said("Heartbeat")
    return str(started["transactionInfo"]["transactionId"])


def tx_profile(current_a: float, transaction_id: str | None, **more: Any) -> dict[str, Any]:
    profile = {
        "id": 1,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "transactionId": transaction_id,
        "chargingSchedule": [
            {
                "id": 1,
                "startSchedule": "2026-03-02T11:59:00Z",
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": current_a}],
            }
        ],
        **more,
    }
    return {"evseId": 1, "chargingProfile": {k: v for k, v in profile.items() if v is not None}}


async def test_it_says_who_it_is(central: CentralSystem) -> None:
    async with bench(central, version="2.0.1", vendor="Northlight", serial="NL2") as site:
        await central.said("StatusNotification")
        boot = central.frames[0].payload
        assert boot["reason"] == "PowerUp"
        assert boot["chargingStation"]["vendorName"] == "Northlight"
        assert site.central.payloads("StatusNotification")[0]["connectorStatus"] == "Available"


async def test_a_transaction_counts_its_messages(central: CentralSystem) -> None:
    async with bench(central, version="2.0.1", settings={"MeterValueSampleInterval": "60"}) as site:
        await central.said("StatusNotification")
        transaction_id = await charging(site)
        site.live(130)
        site.simulator.swipe(charger="bay", tag="04A1B2C3")
        site.live(10)
        await central.until(lambda: central.payloads("TransactionEvent")[-1]["eventType"] == "Ended")
        events = central.payloads("TransactionEvent")
        assert [event["seqNo"] for event in events] == list(range(len(events)))
        assert {event["transactionInfo"]["transactionId"] for event in events} == {transaction_id}
        triggers = [event["triggerReason"] for event in events]
        assert triggers[0] == "Authorized"
        assert triggers.count("MeterValuePeriodic") == 2
        assert triggers[-1] == "StopAuthorized"
        states = [event["transactionInfo"]["chargingState"] for event in events]
        assert "Charging" in states and states[-1] == "EVConnected"
        assert events[-1]["transactionInfo"]["stoppedReason"] == "Local"
        ends = [events[n]["meterValue"][0]["sampledValue"][0] for n in (0, -1)]
        assert all(end["measurand"] == "Energy.Active.Import.Register" for end in ends)
        assert ends[0]["value"] == 1000
        assert ends[1]["value"] == site.simulator.site.evses["bay/1"].register_wh


async def test_everything_it_says_fits_the_schema(central: CentralSystem) -> None:
    async with bench(central, version="2.0.1", knows_soc=True, settings={"ClockAlignedDataInterval": "60"}) as site:
        await central.said("StatusNotification")
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
            await validate_payload(Call("1", frame.action, frame.payload), "2.0.1")


async def test_a_limit_is_followed(central: CentralSystem) -> None:
    async with bench(central, version="2.0.1") as site:
        await central.said("StatusNotification")
        early = await central.ask("SetChargingProfile", tx_profile(10, "nobody"))
        assert early["status"] == "Rejected"
        transaction_id = await charging(site)
        assert await central.ask("SetChargingProfile", tx_profile(10, transaction_id)) == {"status": "Accepted"}
        site.live(30)
        assert site.simulator.site.evses["bay/1"].terminals_a == (10.0, 10.0, 10.0)
        answer = await central.ask("GetCompositeSchedule", {"duration": 60, "evseId": 1})
        assert answer["schedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 10.0, "numberPhases": 3}]
        assert await central.ask("ClearChargingProfile", {"chargingProfileId": 1}) == {"status": "Accepted"}
        assert await central.ask("ClearChargingProfile", {"chargingProfileId": 1}) == {"status": "Unknown"}
        site.live(20)
        assert site.simulator.site.evses["bay/1"].terminals_a == (16.0, 16.0, 16.0)


async def test_profiles_that_version_two_forbids_are_rejected(central: CentralSystem) -> None:
    async with bench(central, version="2.0.1") as site:
        await central.said("StatusNotification")
        relative = tx_profile(
            10, None, chargingProfilePurpose="ChargingStationMaxProfile", chargingProfileKind="Relative"
        )
        relative["evseId"] = 0
        assert (await central.ask("SetChargingProfile", relative))["status"] == "Rejected"
        unanchored = tx_profile(10, None, chargingProfilePurpose="TxDefaultProfile")
        del unanchored["chargingProfile"]["chargingSchedule"][0]["startSchedule"]
        assert (await central.ask("SetChargingProfile", unanchored))["status"] == "Rejected"
        assert not any(site.simulator.stations["bay"].profiles.held.values())


async def test_what_happened_offline_is_marked_and_keeps_its_time(central: CentralSystem) -> None:
    async with bench(central, version="2.0.1", settings={"MeterValueSampleInterval": "30"}) as site:
        await central.said("StatusNotification")
        transaction_id = await charging(site)
        site.live(12)
        await site.cut_off()
        told = len(central.payloads("TransactionEvent"))
        site.live(30)
        site.simulator.unplug(charger="bay")
        site.let_in()
        await central.until(lambda: central.payloads("TransactionEvent")[-1]["eventType"] == "Ended")
        late = central.payloads("TransactionEvent")[told:]
        assert [event["timestamp"] for event in late][-2:] == ["2026-03-02T12:00:30.000Z", "2026-03-02T12:00:42.000Z"]
        assert all(event["offline"] for event in late[-2:])
        assert late[-1]["transactionInfo"] == {
            "transactionId": transaction_id,
            "chargingState": "EVConnected",
            "stoppedReason": "EVDisconnected",
        }
        seq = [event["seqNo"] for event in central.payloads("TransactionEvent")]
        assert seq == list(range(len(seq)))
        assert len(central.payloads("BootNotification")) == 1


async def test_a_remote_start_carries_its_number(central: CentralSystem) -> None:
    async with bench(central, version="2.0.1") as site:
        await central.said("StatusNotification")
        site.simulator.plug(charger="bay")
        start = {"idToken": {"idToken": "APP-7", "type": "Central"}, "remoteStartId": 77, "evseId": 1}
        assert await central.ask("RequestStartTransaction", start) == {"status": "Accepted"}
        event = await central.said("TransactionEvent")
        assert event["triggerReason"] == "RemoteStart"
        assert event["transactionInfo"]["remoteStartId"] == 77
        assert event["idToken"]["idToken"] == "APP-7"
        assert not central.payloads("Authorize")


async def test_a_token_that_is_refused_afterwards_is_stopped(central: CentralSystem) -> None:
    central.answers["TransactionEvent"] = lambda _: {"idTokenInfo": {"status": "Blocked"}}
    async with bench(central, version="2.0.1", authorize_first=False) as site:
        await central.said("StatusNotification")
        await charging(site)
        await central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
        site.live(10)
        await central.until(lambda: central.payloads("TransactionEvent")[-1]["eventType"] == "Ended")
        assert central.payloads("TransactionEvent")[-1]["transactionInfo"]["stoppedReason"] == "DeAuthorized"


async def test_the_inventory_is_complete(central: CentralSystem) -> None:
    async with bench(central, version="2.0.1", connectors=2) as site:
        await central.said("StatusNotification", 2)
        assert await central.ask("GetBaseReport", {"requestId": 9, "reportBase": "FullInventory"}) == {
            "status": "Accepted"
        }
        await central.until(lambda: any(not part["tbc"] for part in central.payloads("NotifyReport")))
        parts = central.payloads("NotifyReport")
        assert [part["seqNo"] for part in parts] == list(range(len(parts)))
        assert {part["requestId"] for part in parts} == {9}
        entries = [entry for part in parts for entry in part["reportData"]]
        evses = {e["component"]["evse"]["id"] for e in entries if e["component"]["name"] == "EVSE"}
        assert evses == {1, 2}
        names = {(e["component"]["name"], e["variable"]["name"]) for e in entries}
        assert names >= {("SampledDataCtrlr", "TxUpdatedInterval"), ("ChargingStation", "SerialNumber")}
        assert ("SecurityCtrlr", "BasicAuthPassword") not in names
        assert site.simulator.stations["bay"].online


async def test_variables_are_read_and_written(central: CentralSystem) -> None:
    async with bench(central, version="2.0.1", model="Beacon 2"):
        await central.said("StatusNotification")

        def variable(component: str, name: str, value: str | None = None) -> dict[str, Any]:
            place: dict[str, Any] = {"component": {"name": component}, "variable": {"name": name}}
            return place if value is None else {**place, "attributeValue": value}

        written = await central.ask(
            "SetVariables",
            {
                "setVariableData": [
                    variable("SampledDataCtrlr", "TxUpdatedInterval", "15"),
                    variable("SmartChargingCtrlr", "ProfileStackLevel", "1"),
                    variable("NoCtrlr", "Nothing", "1"),
                ]
            },
        )
        assert [r["attributeStatus"] for r in written["setVariableResult"]] == [
            "Accepted",
            "Rejected",
            "UnknownVariable",
        ]
        read = await central.ask(
            "GetVariables",
            {
                "getVariableData": [
                    variable("SampledDataCtrlr", "TxUpdatedInterval"),
                    variable("ChargingStation", "Model"),
                    variable("SecurityCtrlr", "BasicAuthPassword"),
                    variable("NoCtrlr", "Nothing"),
                ]
            },
        )
        answers = read["getVariableResult"]
        assert [answer.get("attributeValue") for answer in answers] == ["15", "Beacon 2", None, None]
        assert [answer["attributeStatus"] for answer in answers[2:]] == ["Rejected", "UnknownVariable"]


async def test_a_reset_on_idle_waits(central: CentralSystem) -> None:
    async with bench(central, version="2.0.1") as site:
        await central.said("StatusNotification")
        transaction_id = await charging(site)
        assert await central.ask("Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
        site.live(60)
        assert site.simulator.stations["bay"].powered
        await central.ask("RequestStopTransaction", {"transactionId": transaction_id})
        site.live(8)
        await central.until(lambda: central.payloads("TransactionEvent")[-1]["eventType"] == "Ended")
        await central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
        site.live(30)
        assert (await central.said("BootNotification", 2))["reason"] == "ScheduledReset"
