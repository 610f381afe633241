"""What a 2.0.1 or 2.1 backend asks, message by message."""

from typing import Any

from ocpp.messages import Call, validate_payload
from ocpp.v201 import call as messages
import pytest

from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from custom_components.offline_evse.engine.model.station import OcppVersion, ResetKind
from custom_components.offline_evse.engine.model.upstream.wish import (
    WantAvailability,
    WantReset,
    WantStart,
    WantStop,
    WantUnlock,
    WishAnswer,
    WishOutcome,
)
from custom_components.offline_evse.engine.uplink.wire.connection import CallRefusedError

from ...clock import NOON
from .place import LIBRARY_VERSIONS, Place, backend

call: Any = messages
"""The library wants enumerations where JSON has words."""
TOKEN = {"idToken": "CARD", "type": "ISO14443"}
ULID = "01J00000000000000000000000"
pytestmark = pytest.mark.parametrize("version", [OcppVersion.V201, OcppVersion.V21])


def profile(number: int = 1, limit: float = 10.0, **changes: Any) -> dict[str, Any]:
    schedule: dict[str, Any] = {
        "id": 1,
        "chargingRateUnit": "A",
        "startSchedule": NOON.isoformat(),
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    return {
        "id": number,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
    } | changes


def variable(component: str, name: str, **more: str) -> dict[str, Any]:
    return {"component": {"name": component}, "variable": {"name": name}} | more


async def reports(place: Place, version: OcppVersion, action: str) -> list[dict[str, Any]]:
    """Return what the line is to send after the answer, each held against the library's schemas."""
    sent = [told[2] for told in place.line.told if told[:2] == ("follow_up", action)]
    for payload in sent:
        request = Call("1", action, payload)  # type: ignore[no-untyped-call]
        await validate_payload(request, ocpp_version=LIBRARY_VERSIONS[version])
    return sent


async def put(place: Place, version: OcppVersion, evse_id: int, asked: dict[str, Any]) -> str:
    said = await place.ask(version, call.SetChargingProfile(evse_id=evse_id, charging_profile=asked))
    return str(said["status"]) if said["status"] == "Accepted" else str(said["statusInfo"]["reasonCode"])


async def test_a_start_keeps_its_number_and_its_profile(place: Place, version: OcppVersion) -> None:
    own = profile(limit=7.0, chargingProfilePurpose="TxProfile")
    message = call.RequestStartTransaction(id_token=TOKEN, remote_start_id=42, evse_id=1, charging_profile=own)
    assert await place.ask(version, message) == {"status": "Accepted"}
    wish = place.site.wishes[0]
    assert isinstance(wish, WantStart) and wish.profile is not None
    assert (wish.evse_id, wish.remote_start_id, wish.id_token) == (1, 42, IdToken("CARD", IdTokenType.ISO14443))
    place.run()
    await place.clock.advance(1)
    assert place.site.limits[1] == 7.0


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("ChargerOffline", {"reasonCode": "ChargerOffline"}),
        (None, {"reasonCode": "Unspecified"}),
        ("It is blocked by the owner", {"reasonCode": "Unspecified", "additionalInfo": "It is blocked by the owner"}),
    ],
)
async def test_a_refused_start_says_why(
    place: Place, version: OcppVersion, reason: str | None, told: dict[str, str]
) -> None:
    place.site.result = WishAnswer(WishOutcome.REJECTED, reason)
    said = await place.ask(version, call.RequestStartTransaction(id_token=TOKEN, remote_start_id=1, evse_id=1))
    assert said == {"status": "Rejected", "statusInfo": told}


async def test_a_start_at_no_evse_is_rejected(place: Place, version: OcppVersion) -> None:
    said = await place.ask(version, call.RequestStartTransaction(id_token=TOKEN, remote_start_id=1, evse_id=9))
    assert said["statusInfo"]["reasonCode"] == "UnknownEvse"
    wrong = profile(chargingProfilePurpose="TxDefaultProfile")
    message = call.RequestStartTransaction(id_token=TOKEN, remote_start_id=1, evse_id=1, charging_profile=wrong)
    assert (await place.ask(version, message))["statusInfo"]["reasonCode"] == "InvalidProfile"
    assert place.site.wishes == []


async def test_a_stop_is_for_the_session_that_we_named(place: Place, version: OcppVersion) -> None:
    place.run(session_id=ULID, remote_id=ULID)
    assert await place.ask(version, call.RequestStopTransaction(transaction_id=ULID)) == {"status": "Accepted"}
    assert place.site.wishes == [WantStop(ULID)]
    said = await place.ask(version, call.RequestStopTransaction(transaction_id="other"))
    assert said == {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}}


async def test_profiles_that_compete_are_refused(place: Place, version: OcppVersion) -> None:
    assert await put(place, version, 1, profile(1, 10.0)) == "Accepted"
    assert await put(place, version, 1, profile(1, 12.0)) == "Accepted"
    assert await put(place, version, 1, profile(2, 6.0)) == "DuplicateProfile"
    assert await put(place, version, 0, profile(2, 6.0)) == "DuplicateProfile"
    assert await put(place, version, 2, profile(2, 6.0)) == "Accepted"
    later = profile(3, 6.0, validFrom="2026-07-01T00:00:00Z")
    assert await put(place, version, 1, later) == "DuplicateProfile"
    assert await put(place, version, 1, profile(1, 12.0, validTo="2026-07-01T00:00:00Z")) == "Accepted"
    assert await put(place, version, 1, later) == "Accepted"
    assert place.site.limits == {0: None, 1: 12.0, 2: 6.0}


async def test_what_a_profile_cannot_be_is_said(place: Place, version: OcppVersion) -> None:
    assert await put(place, version, 9, profile()) == "UnknownEvse"
    assert await put(place, version, 1, profile(chargingProfilePurpose="TxProfile", transactionId="x")) == "TxNotFound"
    assert await put(place, version, 0, profile(chargingProfilePurpose="TxProfile")) == "InvalidProfile"
    assert await put(place, version, 1, profile(chargingProfilePurpose="ChargingStationMaxProfile")) == "InvalidProfile"
    outside = profile(chargingProfilePurpose="ChargingStationExternalConstraints")
    assert await put(place, version, 0, outside) == "InvalidProfile"
    headless = profile()
    del headless["chargingSchedule"][0]["startSchedule"]
    assert await put(place, version, 1, headless) == "InvalidSchedule"
    assert place.site.facts == {}


async def test_profiles_are_reported(place: Place, version: OcppVersion) -> None:
    place.run(session_id=ULID, remote_id=ULID)
    await put(place, version, 0, profile(1, 20.0, chargingProfilePurpose="ChargingStationMaxProfile"))
    await put(place, version, 1, profile(2, 8.0, chargingProfilePurpose="TxProfile", transactionId=ULID))
    said = await place.ask(version, call.GetChargingProfiles(request_id=5, charging_profile={}))
    assert said == {"status": "Accepted"}
    station, own = await reports(place, version, "ReportChargingProfiles")
    assert (station["requestId"], station["evseId"], station["tbc"]) == (5, 0, True)
    assert (own["evseId"], own["tbc"], own["chargingProfile"][0]["transactionId"]) == (1, False, ULID)
    assert own["chargingProfile"][0]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 8.0
    none = call.GetChargingProfiles(request_id=6, charging_profile={"stackLevel": 7})
    assert await place.ask(version, none) == {"status": "NoProfiles"}


async def test_profiles_are_cleared_by_what_they_are(place: Place, version: OcppVersion) -> None:
    await put(place, version, 1, profile(1))
    await put(place, version, 2, profile(2))
    by_evse = call.ClearChargingProfile(charging_profile_criteria={"evseId": 2})
    assert await place.ask(version, by_evse) == {"status": "Accepted"}
    assert await place.ask(version, by_evse) == {"status": "Unknown"}
    assert await place.ask(version, call.ClearChargingProfile(charging_profile_id=1)) == {"status": "Accepted"}
    assert place.site.limits == {0: None, 1: None, 2: None}


async def test_the_composite_schedule_is_of_an_evse(place: Place, version: OcppVersion) -> None:
    await put(place, version, 2, profile(limit=10.0))
    said = await place.ask(version, call.GetCompositeSchedule(duration=60, evse_id=2, charging_rate_unit="W"))
    assert said["schedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 2300.0}]
    assert (said["schedule"]["evseId"], said["schedule"]["duration"]) == (2, 60)
    unknown = await place.ask(version, call.GetCompositeSchedule(duration=60, evse_id=9))
    assert unknown["statusInfo"]["reasonCode"] == "UnknownEvse"


async def test_settings_are_set_and_read(place: Place, version: OcppVersion) -> None:
    asked = [
        variable("SampledDataCtrlr", "TxUpdatedInterval", attributeValue="900"),
        variable("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="120"),
        variable("AuthCtrlr", "LocalAuthorizeOffline", attributeValue="false"),
        variable("SecurityCtrlr", "BasicAuthPassword", attributeValue="hunter22hunter22"),
        variable("Nonsense", "X", attributeValue="1"),
        variable("AuthCtrlr", "X", attributeValue="1"),
        variable("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="1", attributeType="Target"),
    ]
    said = await place.ask(version, call.SetVariables(set_variable_data=asked))
    assert [result["attributeStatus"] for result in said["setVariableResult"]] == [
        "Accepted",
        "Accepted",
        "Rejected",
        "Rejected",
        "UnknownComponent",
        "UnknownVariable",
        "NotSupportedAttributeType",
    ]
    assert place.line.told == [("interval", 900), ("heartbeat", 120)]
    read = [{name: part for name, part in one.items() if name != "attributeValue"} for one in asked[:4]]
    told = (await place.ask(version, call.GetVariables(get_variable_data=read)))["getVariableResult"]
    assert [result.get("attributeValue") for result in told] == ["900", "120", "true", None]
    assert told[3]["attributeStatus"] == "Rejected"


async def test_the_settings_are_reported(place: Place, version: OcppVersion) -> None:
    full = call.GetBaseReport(request_id=3, report_base="FullInventory")
    assert await place.ask(version, full) == {"status": "Accepted"}
    parts = await reports(place, version, "NotifyReport")
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
    told = {(one["component"]["name"], one["variable"]["name"]) for part in parts for one in part["reportData"]}
    assert ("SampledDataCtrlr", "TxUpdatedInterval") in told
    assert ("SecurityCtrlr", "BasicAuthPassword") not in told
    summary = call.GetBaseReport(request_id=4, report_base="SummaryInventory")
    assert await place.ask(version, summary) == {"status": "NotSupported"}
    one = call.GetReport(request_id=5, component_variable=[variable("Nonsense", "X")])
    assert await place.ask(version, one) == {"status": "EmptyResultSet"}


async def test_what_is_permitted_becomes_a_wish(place: Place, version: OcppVersion) -> None:
    assert await place.ask(version, call.Reset(type="Immediate")) == {"status": "Accepted"}
    assert await place.ask(version, call.UnlockConnector(evse_id=1, connector_id=1)) == {"status": "Unlocked"}
    off = call.ChangeAvailability(operational_status="Inoperative", evse={"id": 2})
    assert await place.ask(version, off) == {"status": "Accepted"}
    assert place.site.wishes == [WantReset(ResetKind.HARD), WantUnlock(1, 1), WantAvailability(2, False)]
    place.run()
    said = await place.ask(version, call.UnlockConnector(evse_id=1, connector_id=1))
    assert said == {"status": "OngoingAuthorizedTransaction"}
    assert (await place.ask(version, call.UnlockConnector(evse_id=9, connector_id=1)))["status"] == "UnknownConnector"
    assert (await place.ask(version, call.Reset(type="OnIdle", evse_id=1)))["status"] == "Rejected"


async def test_what_is_not_permitted_is_rejected_with_a_reason(version: OcppVersion) -> None:
    place = Place(backend(permits=frozenset()))
    for message in (call.Reset(type="OnIdle"), call.ChangeAvailability(operational_status="Inoperative")):
        said = await place.ask(version, message)
        assert said == {"status": "Rejected", "statusInfo": {"reasonCode": "NotEnabled"}}
    whole = call.SendLocalList(version_number=1, update_type="Full")
    assert (await place.ask(version, whole))["status"] == "Failed"
    assert await place.ask(version, call.GetLocalListVersion()) == {"versionNumber": 0}
    assert place.site.wishes == []
    await place.desk.close()


async def test_what_is_the_owners_is_refused(place: Place, version: OcppVersion) -> None:
    for action, status in (
        ("UpdateFirmware", "Rejected"),
        ("GetLog", "Rejected"),
        ("SetNetworkProfile", "Rejected"),
        ("InstallCertificate", "Rejected"),
        ("DeleteCertificate", "Failed"),
        ("ReserveNow", "Rejected"),
        ("CancelReservation", "Rejected"),
        ("CustomerInformation", "Rejected"),
    ):
        said = await place.raw(version, action, {})
        assert said["status"] == status
        assert said["statusInfo"]["reasonCode"]
    for action, code in (
        ("SetVariableMonitoring", "NotSupported"),
        ("Authorize", "NotImplemented"),
        ("RemoteStartTransaction", "NotImplemented"),
    ):
        with pytest.raises(CallRefusedError) as caught:
            await place.desk.answer(version, action, {})
        assert caught.value.code == code
    assert place.site.wishes == []


async def test_a_list_of_cards_grows_by_versions(place: Place, version: OcppVersion) -> None:
    def send(number: int, kind: str, *cards: tuple[str, str | None]) -> Any:
        entries = [
            {"idToken": {"idToken": card, "type": "ISO14443"}}
            | ({"idTokenInfo": {"status": standing}} if standing else {})
            for card, standing in cards
        ]
        return call.SendLocalList(version_number=number, update_type=kind, local_authorization_list=entries)

    assert await place.ask(version, send(3, "Full", ("A", "Accepted"), ("B", "Accepted"))) == {"status": "Accepted"}
    assert await place.ask(version, send(3, "Differential", ("C", "Accepted"))) == {"status": "VersionMismatch"}
    assert await place.ask(version, send(4, "Differential", ("a", None), ("C", "Blocked"))) == {"status": "Accepted"}
    last = place.site.wishes[-1]
    assert [(entry.id_token.value, entry.accepted) for entry in last.entries] == [("B", True), ("C", False)]  # type: ignore[union-attr]
    assert await place.ask(version, call.GetLocalListVersion()) == {"versionNumber": 4}
    await place.restart()
    assert await place.ask(version, call.GetLocalListVersion()) == {"versionNumber": 0}
    assert await place.ask(version, send(5, "Differential", ("D", "Accepted"))) == {"status": "VersionMismatch"}


async def test_data_may_be_anything(place: Place, version: OcppVersion) -> None:
    said = await place.ask(version, call.DataTransfer(vendor_id="com.acme", data={"a": [1]}))
    assert said == {"status": "Accepted"}
    assert place.site.wishes[0].data == '{"a": [1]}'  # type: ignore[union-attr]


async def test_messages_can_be_asked_for(place: Place, version: OcppVersion) -> None:
    message = call.TriggerMessage(requested_message="StatusNotification", evse={"id": 2})
    assert await place.ask(version, message) == {"status": "Accepted"}
    assert place.line.told == [("trigger", "status", 2)]
    assert await place.ask(version, call.TriggerMessage(requested_message="TransactionEvent")) == {"status": "Accepted"}
    assert place.line.told[-1] == ("trigger", "event", None)
    place.line.mute.add("event")
    nothing = await place.ask(version, call.TriggerMessage(requested_message="TransactionEvent"))
    assert (nothing["status"], nothing["statusInfo"]["reasonCode"]) == ("Rejected", "NotFound")
    elsewhere = call.TriggerMessage(requested_message="StatusNotification", evse={"id": 9})
    assert (await place.ask(version, elsewhere))["statusInfo"]["reasonCode"] == "UnknownEvse"
    never = await place.ask(version, call.TriggerMessage(requested_message="SignV2GCertificate"))
    assert never["status"] == "NotImplemented"


async def test_the_state_of_a_transaction_is_told(place: Place, version: OcppVersion) -> None:
    place.run(session_id=ULID, remote_id=ULID)
    running = await place.ask(version, call.GetTransactionStatus(transaction_id=ULID))
    assert running == {"ongoingIndicator": True, "messagesInQueue": False}
    place.end()
    over = await place.ask(version, call.GetTransactionStatus(transaction_id=ULID))
    assert over == {"ongoingIndicator": False, "messagesInQueue": True}
    assert await place.ask(version, call.GetTransactionStatus()) == {"messagesInQueue": True}


async def test_what_only_21_can_say_is_not_misunderstood(place: Place, version: OcppVersion) -> None:
    for change in ({"maxOfflineDuration": 60}, {"chargingProfileKind": "Dynamic"}):
        said = await place.raw(version, "SetChargingProfile", {"evseId": 1, "chargingProfile": profile() | change})
        assert said["status"] == "Rejected"
    local = profile()
    local["chargingSchedule"][0]["useLocalTime"] = True
    assert (await place.raw(version, "SetChargingProfile", {"evseId": 1, "chargingProfile": local}))[
        "status"
    ] == "Rejected"
    phases = profile()
    phases["chargingSchedule"][0]["chargingSchedulePeriod"][0] |= {"limit_L2": 8.0, "limit_L3": 9.0}
    assert (await place.raw(version, "SetChargingProfile", {"evseId": 1, "chargingProfile": phases}))[
        "status"
    ] == "Accepted"
    assert place.site.limits[1] == 8.0
