"""A 1.6 station against a central system: it boots, charges, obeys, and tells everything afterwards."""

import base64

from simulator.protocol.link import GARBAGE

from .central_system import Bench, CentralSystem, bench, limit_v16, sampled


async def charging(site: Bench, connector: int = 1, car: str = "heron") -> int:
    """Start a transaction with a card and return its id."""
    before = len(site.central.payloads("StartTransaction"))
    site.simulator.plug(charger="bay", connector=connector, car=car)
    site.simulator.swipe(charger="bay", connector=connector, tag="CARD1")
    await site.central.said("StartTransaction", before + 1)
    await site.central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
    transaction = site.simulator.stations["bay"].points[connector].transaction
    assert transaction is not None and transaction.central_id is not None
    return int(transaction.central_id)


async def test_it_says_who_it_is_and_how_it_stands() -> None:
    async with bench(connectors=2, vendor="Voltgarden", model="Sprig 11", serial="VG-1") as site:
        await site.central.said("StatusNotification", 3)
        boot = site.central.frames[0]
        assert boot.action == "BootNotification"
        assert boot.payload["chargePointVendor"] == "Voltgarden"
        assert boot.payload["chargePointSerialNumber"] == "VG-1"
        statuses = site.central.payloads("StatusNotification")
        assert [(s["connectorId"], s["status"]) for s in statuses] == [
            (0, "Available"),
            (1, "Available"),
            (2, "Available"),
        ]


async def test_heartbeat_follows_the_interval_of_the_boot() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        site.live(119)
        site.live(2)
        await site.central.said("Heartbeat")
        assert len(site.central.payloads("Heartbeat")) == 1


async def test_nothing_but_boot_while_pending() -> None:
    central = CentralSystem()
    status = ["Pending"]
    central.answers["BootNotification"] = lambda _: {
        "currentTime": "2026-03-02T12:00:00Z",
        "interval": 300,
        "status": status[0],
    }
    async with bench(central) as site:
        await central.said("BootNotification")
        site.simulator.plug(charger="bay")
        site.simulator.swipe(charger="bay", tag="CARD1")
        site.live(30)
        assert site.simulator.stations["bay"].points[1].transaction is None
        assert {frame.action for frame in central.frames} == {"BootNotification"}
        status[0] = "Accepted"
        assert await central.ask("TriggerMessage", {"requestedMessage": "BootNotification"}) == {"status": "Accepted"}
        await central.said("StatusNotification", 2)
        assert len(central.payloads("BootNotification")) == 2


async def test_a_card_starts_and_stops_and_the_registers_agree() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        transaction_id = await charging(site)
        site.live(600)
        site.simulator.swipe(charger="bay", tag="card1")
        site.live(10)
        stop = await site.central.said("StopTransaction")
        start = site.central.payloads("StartTransaction")[0]
        evse = site.simulator.site.evses["bay/1"]
        assert start["meterStart"] == 1000
        assert stop["transactionId"] == transaction_id
        assert stop["meterStop"] == evse.register_wh
        assert stop["reason"] == "Local"
        assert stop["meterStop"] - start["meterStart"] > 1500
        assert evse.power_w == 0.0


async def test_a_refused_card_starts_nothing() -> None:
    central = CentralSystem()
    central.answers["Authorize"] = lambda _: {"idTagInfo": {"status": "Invalid"}}
    async with bench(central) as site:
        await central.said("StatusNotification", 2)
        site.simulator.plug(charger="bay")
        site.simulator.swipe(charger="bay", tag="NOBODY")
        await central.said("Authorize")
        await central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
        site.live(20)
        assert site.simulator.stations["bay"].points[1].transaction is None
        assert site.simulator.site.evses["bay/1"].power_w == 0.0


async def test_a_start_that_is_refused_ends_deauthorized() -> None:
    central = CentralSystem()
    central.answers["StartTransaction"] = lambda _: {"transactionId": 5, "idTagInfo": {"status": "Blocked"}}
    async with bench(central, authorize_first=False) as site:
        await central.said("StatusNotification", 2)
        site.simulator.plug(charger="bay")
        site.simulator.swipe(charger="bay", tag="CARD1")
        await central.said("StartTransaction")
        await central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
        site.live(10)
        stop = await central.said("StopTransaction")
        assert stop["reason"] == "DeAuthorized"
        assert stop["transactionId"] == 5
        assert not central.payloads("Authorize")


async def test_a_limit_is_followed_within_fifteen_seconds() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        transaction_id = await charging(site)
        site.live(30)
        evse = site.simulator.site.evses["bay/1"]
        assert evse.terminals_a == (16.0, 16.0, 16.0)
        answer = await site.central.ask("SetChargingProfile", limit_v16(9.6, transactionId=transaction_id))
        assert answer == {"status": "Accepted"}
        site.live(15)
        assert evse.terminals_a == (9.0, 9.0, 9.0)
        assert round(evse.pilot_a, 1) == 9.6
        await site.central.ask("SetChargingProfile", limit_v16(5.0, transactionId=transaction_id))
        site.live(15)
        assert evse.power_w == 0.0
        await site.central.until(lambda: site.central.payloads("StatusNotification")[-1]["status"] == "SuspendedEVSE")


async def test_a_profile_for_no_transaction_is_rejected() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        assert await site.central.ask("SetChargingProfile", limit_v16(10)) == {"status": "Rejected"}
        transaction_id = await charging(site)
        other = limit_v16(10, transactionId=transaction_id + 1)
        assert await site.central.ask("SetChargingProfile", other) == {"status": "Rejected"}


async def test_the_composite_schedule_is_told() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        await site.central.ask("SetChargingProfile", limit_v16(13, purpose="TxDefaultProfile"))
        answer = await site.central.ask("GetCompositeSchedule", {"connectorId": 1, "duration": 60})
        assert answer["status"] == "Accepted"
        assert answer["chargingSchedule"]["chargingSchedulePeriod"] == [
            {"startPeriod": 0, "limit": 13.0, "numberPhases": 3}
        ]


async def test_a_station_maximum_is_shared_by_its_connectors() -> None:
    async with bench(connectors=2) as site:
        await site.central.said("StatusNotification", 3)
        await site.central.ask("SetChargingProfile", limit_v16(16, purpose="ChargePointMaxProfile", connector=0))
        await charging(site, 1, "heron")
        site.live(30)
        assert site.simulator.site.evses["bay/1"].terminals_a[0] == 16.0
        await charging(site, 2, "wren")
        site.live(40)
        assert [evse.terminals_a[0] for evse in site.simulator.site.evses.values()] == [8.0, 8.0]


async def test_meter_values_come_in_the_interval_asked_for() -> None:
    async with bench(knows_soc=True) as site:
        await site.central.said("StatusNotification", 2)
        change = {"key": "MeterValueSampleInterval", "value": "10"}
        assert await site.central.ask("ChangeConfiguration", change) == {"status": "Accepted"}
        transaction_id = await charging(site)
        site.live(60)
        frame = await site.central.said("MeterValues", 6)
        assert len(site.central.payloads("MeterValues")) == 6
        assert frame["transactionId"] == transaction_id
        assert frame["meterValue"][0]["timestamp"] == "2026-03-02T12:01:00.000Z"
        assert sampled(frame, "Current.Import") == [16.0, 16.0, 16.0]
        assert sampled(frame, "Energy.Active.Import.Register") == [site.simulator.site.evses["bay/1"].register_wh]
        assert sampled(frame, "Current.Offered") == [16.0]
        assert 30.0 < sampled(frame, "SoC")[0] < 31.0


async def test_clock_aligned_values_come_without_a_transaction() -> None:
    async with bench(settings={"ClockAlignedDataInterval": "60"}) as site:
        await site.central.said("StatusNotification", 2)
        site.live(125)
        await site.central.said("MeterValues", 2)
        frames = site.central.payloads("MeterValues")
        assert [f["meterValue"][0]["timestamp"][11:19] for f in frames] == ["12:01:00", "12:02:00"]
        assert all(f["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock" for f in frames)
        assert all("transactionId" not in f for f in frames)


async def test_what_happened_offline_is_told_in_order_with_its_own_time() -> None:
    async with bench(settings={"MeterValueSampleInterval": "30"}) as site:
        await site.central.said("StatusNotification", 2)
        first_id = await charging(site)
        site.live(20)
        await site.cut_off()
        told = len(site.central.frames)
        site.live(40)  # one sample at 12:00:30, one at 12:01:00
        site.simulator.unplug(charger="bay")
        site.live(30)
        site.simulator.plug(charger="bay", car="wren")
        site.simulator.swipe(charger="bay", tag="CARD2")
        site.live(35)
        assert site.simulator.site.evses["bay/1"].terminals_a == (16.0, 0.0, 0.0)
        site.let_in()
        await site.central.said("StatusNotification", 4)
        await site.central.said("MeterValues", 3)
        replay = [f for f in site.central.frames[told:] if f.action != "StatusNotification"]
        assert [f.action for f in replay] == [
            "MeterValues",
            "MeterValues",
            "StopTransaction",
            "StartTransaction",
            "MeterValues",
        ]
        stop, start, late = (f.payload for f in replay[2:])
        assert stop["transactionId"] == first_id
        assert stop["timestamp"] == "2026-03-02T12:01:00.000Z"
        assert stop["reason"] == "EVDisconnected"
        assert start["timestamp"] == "2026-03-02T12:01:30.000Z"
        assert start["meterStart"] == stop["meterStop"]
        second = site.simulator.stations["bay"].points[1].transaction
        assert second is not None and second.offline
        assert late["transactionId"] == int(second.central_id or 0) != first_id
        assert late["meterValue"][0]["timestamp"] == "2026-03-02T12:02:00.000Z"


async def test_some_stations_never_map_their_offline_id() -> None:
    async with bench(settings={"MeterValueSampleInterval": "30"}, maps_offline_ids=False) as site:
        await site.central.said("StatusNotification", 2)
        await site.cut_off()
        site.simulator.plug(charger="bay")
        site.simulator.swipe(charger="bay", tag="CARD2")
        site.live(35)
        site.let_in()
        values = await site.central.said("MeterValues")
        assert values["transactionId"] == -1


async def test_a_lost_answer_makes_it_say_the_same_again() -> None:
    central = CentralSystem()
    async with bench(central) as site:
        await central.said("StatusNotification", 2)

        def hang_up(payload: dict[str, object]) -> dict[str, object]:
            site.link.drop(0.0)
            del central.answers["StartTransaction"]
            return {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}

        central.answers["StartTransaction"] = hang_up
        site.simulator.plug(charger="bay")
        site.simulator.swipe(charger="bay", tag="CARD1")
        await central.said("StartTransaction", 2)
        first, second = central.payloads("StartTransaction")
        assert first == second
        assert len(central.sockets) == 2
        assert len(central.payloads("BootNotification")) == 1


async def test_it_gives_up_after_as_many_refusals_as_configured() -> None:
    central = CentralSystem()
    central.answers["StartTransaction"] = lambda _: None
    async with bench(central, settings={"TransactionMessageRetryInterval": "0"}) as site:
        await central.said("StatusNotification", 2)
        site.simulator.plug(charger="bay")
        site.simulator.swipe(charger="bay", tag="CARD1")
        await central.said("StartTransaction", 3)
        site.live(60)
        values = await central.said("MeterValues")
        assert len(central.payloads("StartTransaction")) == 3
        assert site.simulator.stations["bay"].given_up == 1
        assert values["transactionId"] == -1


async def test_a_reboot_keeps_transaction_profile_and_register() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        transaction_id = await charging(site)
        await site.central.ask("SetChargingProfile", limit_v16(8, transactionId=transaction_id))
        site.live(40)
        evse = site.simulator.site.evses["bay/1"]
        site.simulator.fault(kind="reboot", charger="bay", seconds=20)
        assert evse.power_w == 0.0
        register = evse.register_wh
        site.live(19)
        assert evse.register_wh == register
        site.live(30)
        await site.central.said("BootNotification", 2)
        assert evse.terminals_a == (8.0, 8.0, 8.0)
        assert await site.central.ask("RemoteStopTransaction", {"transactionId": transaction_id}) == {
            "status": "Accepted"
        }
        site.live(10)
        stop = await site.central.said("StopTransaction")
        assert (stop["transactionId"], stop["reason"]) == (transaction_id, "Remote")


async def test_a_reset_ends_the_transaction_first() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        await charging(site)
        site.live(20)
        assert await site.central.ask("Reset", {"type": "Soft"}) == {"status": "Accepted"}
        site.live(5)
        stop = await site.central.said("StopTransaction")
        assert stop["reason"] == "SoftReset"
        await site.central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
        site.live(20)
        await site.central.said("BootNotification", 2)
        assert site.simulator.site.evses["bay/1"].power_w == 0.0


async def test_a_half_open_socket_stays_while_a_new_one_is_dialled() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        old = site.central.sockets[0]
        site.simulator.fault(kind="half_open", charger="bay", seconds=0)
        await site.central.until(lambda: len(site.central.sockets) == 2)
        await site.central.said("StatusNotification", 4)
        assert not old.closed
        assert site.central.frames[-1].connection == 2
        assert len(site.central.payloads("BootNotification")) == 1


async def test_garbage_comes_between_sense() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        site.simulator.fault(kind="garbage", charger="bay")
        await site.central.until(lambda: len(site.central.noise) == len(GARBAGE))
        assert await site.central.ask("TriggerMessage", {"requestedMessage": "Heartbeat"}) == {"status": "Accepted"}
        await site.central.said("Heartbeat")
        assert len(site.central.sockets) == 1


async def test_a_wrong_clock_shows_in_every_stamp() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        site.simulator.fault(kind="clock_skew", charger="bay", seconds=-600)
        await charging(site)
        assert site.central.payloads("StartTransaction")[0]["timestamp"] == "2026-03-02T11:50:00.000Z"


async def test_the_password_goes_with_the_dial() -> None:
    async with bench(password="harbour") as site:
        await site.central.said("BootNotification")
        expected = base64.b64encode(b"bay:harbour").decode()
        assert site.central.authorization == [f"Basic {expected}"]


async def test_settings_are_read_and_written() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        everything = await site.central.ask("GetConfiguration", {})
        keys = {entry["key"]: entry for entry in everything["configurationKey"]}
        assert keys["NumberOfConnectors"] == {"key": "NumberOfConnectors", "readonly": True, "value": "1"}
        assert keys["ConnectorPhaseRotation"]["value"] == "1.RST"
        assert "AuthorizationKey" not in keys
        some = await site.central.ask("GetConfiguration", {"key": ["heartbeatinterval", "NoSuchKey"]})
        assert some["configurationKey"] == [{"key": "HeartbeatInterval", "readonly": False, "value": "120"}]
        assert some["unknownKey"] == ["NoSuchKey"]
        for key, value, status in (
            ("NumberOfConnectors", "9", "Rejected"),
            ("NoSuchKey", "1", "NotSupported"),
            ("HeartbeatInterval", "soon", "Rejected"),
            ("MeterValuesSampledData", "Nonsense", "Rejected"),
            ("HeartbeatInterval", "30", "Accepted"),
        ):
            assert await site.central.ask("ChangeConfiguration", {"key": key, "value": value}) == {"status": status}


async def test_out_of_service_waits_for_the_transaction() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        transaction_id = await charging(site)
        site.live(10)
        down = {"connectorId": 1, "type": "Inoperative"}
        assert await site.central.ask("ChangeAvailability", down) == {"status": "Scheduled"}
        await site.central.ask("RemoteStopTransaction", {"transactionId": transaction_id})
        site.live(10)
        await site.central.until(lambda: site.central.payloads("StatusNotification")[-1]["status"] == "Unavailable")
        start = {"idTag": "R", "connectorId": 1}
        assert await site.central.ask("RemoteStartTransaction", start) == {"status": "Rejected"}


async def test_a_remote_start_waits_for_the_cable() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        start = {"idTag": "REMOTE", "connectorId": 1, "chargingProfile": limit_v16(7)["csChargingProfiles"]}
        assert await site.central.ask("RemoteStartTransaction", start) == {"status": "Accepted"}
        site.live(30)
        site.simulator.plug(charger="bay")
        assert (await site.central.said("StartTransaction"))["idTag"] == "REMOTE"
        site.live(20)
        assert site.simulator.site.evses["bay/1"].terminals_a == (7.0, 7.0, 7.0)


async def test_a_remote_start_does_not_wait_for_ever() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        await site.central.ask("RemoteStartTransaction", {"idTag": "REMOTE", "connectorId": 1})
        site.live(61)
        site.simulator.plug(charger="bay")
        site.live(5)
        assert site.simulator.stations["bay"].points[1].transaction is None


async def test_an_action_it_does_not_know_is_refused() -> None:
    async with bench() as site:
        await site.central.said("StatusNotification", 2)
        assert await site.central.ask("ReserveNow", {}) == {"error": "NotImplemented"}
        broken = limit_v16(10)
        del broken["csChargingProfiles"]["stackLevel"]
        assert "error" in await site.central.ask("SetChargingProfile", broken)
