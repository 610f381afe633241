"""What a 1.6 backend asks, message by message."""

import asyncio
import logging
from typing import Any

from ocpp.v16 import call as messages
from ocpp.v16.datatypes import AuthorizationData, IdTagInfo
from ocpp.v16.enums import (
    AuthorizationStatus,
    AvailabilityType,
    CertificateUse,
    Log,
    MessageTrigger,
    ResetType,
    UpdateType,
)
import pytest

from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import EvseStatus, OcppVersion, ResetKind
from custom_components.offline_evse.engine.model.upstream.config import UpstreamRole
from custom_components.offline_evse.engine.model.upstream.wish import (
    WantAvailability,
    WantData,
    WantReset,
    WantStart,
    WantStop,
    WantUnlock,
    WishAnswer,
    WishOutcome,
)
from custom_components.offline_evse.engine.uplink.control.wishing import START_EXPIRES_S
from custom_components.offline_evse.engine.uplink.wire.connection import CallRefusedError

from .place import Place, backend

call: Any = messages
"""The library wants enumerations where JSON has words."""
V16 = OcppVersion.V16
TX_PROFILE = {
    "chargingProfileId": 5,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}, {"startPeriod": 600, "limit": 16.0}],
    },
}


async def status(place: Place, message: Any) -> str:
    said: str = (await place.ask(V16, message))["status"]
    return said


async def refusal(place: Place, action: str, payload: dict[str, Any]) -> str:
    with pytest.raises(CallRefusedError) as caught:
        await place.desk.answer(V16, action, payload)
    return caught.value.code


async def test_a_start_is_a_wish_that_expires(place: Place) -> None:
    assert await status(place, call.RemoteStartTransaction(id_tag="CARD", connector_id=1)) == "Accepted"
    (wish,) = place.site.wishes
    assert isinstance(wish, WantStart)
    assert (wish.evse_id, wish.id_token, wish.profile) == (1, IdToken("CARD"), None)
    assert wish.expires_at is not None
    assert (wish.expires_at - place.clock.now()).total_seconds() == START_EXPIRES_S


async def test_a_start_can_leave_the_connector_open(place: Place) -> None:
    assert await status(place, call.RemoteStartTransaction(id_tag="CARD")) == "Accepted"
    assert isinstance(place.site.wishes[0], WantStart) and place.site.wishes[0].evse_id is None


async def test_a_start_that_the_site_refuses_is_rejected(place: Place) -> None:
    place.site.result = WishAnswer(WishOutcome.REJECTED, "blocked")
    assert await status(place, call.RemoteStartTransaction(id_tag="CARD", connector_id=1)) == "Rejected"


async def test_no_start_at_a_charger_out_of_sight(place: Place) -> None:
    place.site.status = dict.fromkeys((1, 2), (EvseStatus.UNAVAILABLE, None))
    assert await status(place, call.RemoteStartTransaction(id_tag="CARD", connector_id=1)) == "Rejected"
    assert await status(place, call.RemoteStartTransaction(id_tag="CARD")) == "Rejected"
    assert place.site.wishes == []


@pytest.mark.parametrize("state", [LinkState.DEGRADED, LinkState.OFFLINE])
async def test_over_a_poor_link_only_stops_and_limits_are_heeded(place: Place, state: LinkState) -> None:
    place.run()
    place.line.state = state
    assert await status(place, call.RemoteStartTransaction(id_tag="CARD", connector_id=2)) == "Rejected"
    assert await status(place, call.Reset(type=ResetType.soft)) == "Rejected"
    assert await status(place, call.SetChargingProfile(connector_id=1, cs_charging_profiles=TX_PROFILE)) == "Accepted"
    assert await status(place, call.RemoteStopTransaction(transaction_id=77)) == "Accepted"
    assert place.site.wishes == [WantStop("01SESSION")]


async def test_a_backend_that_is_only_told_stops_and_limits() -> None:
    place = Place(backend(role=UpstreamRole.REPORT))
    place.run()
    assert await status(place, call.RemoteStartTransaction(id_tag="CARD", connector_id=2)) == "Rejected"
    assert await status(place, call.Reset(type=ResetType.soft)) == "Rejected"
    assert await status(place, call.DataTransfer(vendor_id="com.acme")) == "UnknownVendorId"
    assert await status(place, call.SetChargingProfile(connector_id=1, cs_charging_profiles=TX_PROFILE)) == "Accepted"
    assert await status(place, call.RemoteStopTransaction(transaction_id=77)) == "Accepted"
    assert place.site.wishes == [WantStop("01SESSION")]
    await place.desk.close()


async def test_a_transaction_that_is_unknown_or_over_is_not_stopped(place: Place) -> None:
    place.run()
    assert await status(place, call.RemoteStopTransaction(transaction_id=78)) == "Rejected"
    place.end()
    assert await status(place, call.RemoteStopTransaction(transaction_id=77)) == "Rejected"
    assert place.site.wishes == []


async def test_a_site_that_does_not_answer_rejects_in_time(place: Place) -> None:
    place.site.stalled = True
    asked = asyncio.create_task(status(place, call.RemoteStartTransaction(id_tag="CARD", connector_id=1)))
    await place.clock.advance(24)
    assert not asked.done()
    await place.clock.advance(2)
    assert await asked == "Rejected"


async def test_what_is_permitted_becomes_a_wish(place: Place) -> None:
    assert await status(place, call.Reset(type=ResetType.hard)) == "Accepted"
    assert await status(place, call.UnlockConnector(connector_id=2)) == "Unlocked"
    off = call.ChangeAvailability(connector_id=0, type=AvailabilityType.inoperative)
    assert await status(place, off) == "Accepted"
    assert place.site.wishes == [WantReset(ResetKind.HARD), WantUnlock(2), WantAvailability(0, False)]
    place.site.result = WishAnswer(WishOutcome.SCHEDULED)
    assert await status(place, off) == "Scheduled"
    assert await status(place, call.UnlockConnector(connector_id=9)) == "NotSupported"


async def test_what_is_not_permitted_is_rejected() -> None:
    place = Place(backend(permits=frozenset()))
    assert await status(place, call.Reset(type=ResetType.hard)) == "Rejected"
    assert await status(place, call.UnlockConnector(connector_id=1)) == "UnlockFailed"
    off = call.ChangeAvailability(connector_id=1, type=AvailabilityType.inoperative)
    assert await status(place, off) == "Rejected"
    whole = call.SendLocalList(list_version=1, update_type=UpdateType.full)
    assert await status(place, whole) == "NotSupported"
    assert await place.ask(V16, call.GetLocalListVersion()) == {"listVersion": -1}
    assert place.site.wishes == []
    await place.desk.close()


async def test_what_is_the_owners_is_refused(place: Place) -> None:
    reserve = call.ReserveNow(connector_id=1, expiry_date="2026-06-02T12:00:00Z", id_tag="CARD", reservation_id=1)
    assert await status(place, reserve) == "Rejected"
    assert await status(place, call.CancelReservation(reservation_id=1)) == "Rejected"
    log = {"logType": Log.diagnostics_log, "requestId": 1, "log": {"remoteLocation": "ftp://127.0.0.1"}}
    assert (await place.raw(V16, "GetLog", log))["status"] == "Rejected"
    assert await place.ask(V16, call.GetDiagnostics(location="ftp://127.0.0.1")) == {}
    root = {"certificateType": CertificateUse.central_system_root_certificate, "certificate": "PEM"}
    assert (await place.raw(V16, "InstallCertificate", root))["status"] == "Rejected"
    update = {"location": "http://127.0.0.1", "retrieveDate": "2026-06-02T12:00:00Z"}
    assert await refusal(place, "UpdateFirmware", update) == "NotSupported"
    assert await refusal(place, "BootNotification", {}) == "NotImplemented"
    assert await refusal(place, "Nonsense", {}) == "NotImplemented"
    assert place.site.wishes == []


async def test_messages_can_be_asked_for(place: Place) -> None:
    for asked, told in (
        (MessageTrigger.boot_notification, "boot"),
        (MessageTrigger.status_notification, "status"),
        (MessageTrigger.heartbeat, "heartbeat"),
        (MessageTrigger.meter_values, "values"),
    ):
        assert await status(place, call.TriggerMessage(requested_message=asked)) == "Accepted"
        assert place.line.told[-1] == ("trigger", told, None)
    one = call.TriggerMessage(requested_message=MessageTrigger.status_notification, connector_id=2)
    assert await status(place, one) == "Accepted"
    assert place.line.told[-1] == ("trigger", "status", 2)
    nine = call.TriggerMessage(requested_message=MessageTrigger.status_notification, connector_id=9)
    assert await status(place, nine) == "Rejected"
    log = call.TriggerMessage(requested_message=MessageTrigger.diagnostics_status_notification)
    assert await status(place, log) == "NotImplemented"


async def test_answers_can_be_forgotten(place: Place) -> None:
    assert await status(place, call.ClearCache()) == "Accepted"
    assert place.line.told == [("forget",)]


async def test_data_of_listed_vendors_is_passed_on(place: Place) -> None:
    place.site.result = WishAnswer(WishOutcome.ACCEPTED, data="pong")
    said = await place.ask(V16, call.DataTransfer(vendor_id="com.acme", message_id="ping", data="1"))
    assert said == {"status": "Accepted", "data": "pong"}
    assert place.site.wishes == [WantData("com.acme", "ping", "1")]
    assert await status(place, call.DataTransfer(vendor_id="com.other")) == "UnknownVendorId"


async def test_a_list_of_cards_grows_by_versions(place: Place) -> None:
    def card(tag: str, standing: AuthorizationStatus | None = AuthorizationStatus.accepted) -> AuthorizationData:
        return AuthorizationData(id_tag=tag, id_tag_info=IdTagInfo(status=standing) if standing else None)

    def send(version: int, kind: UpdateType, *cards: AuthorizationData) -> Any:
        return call.SendLocalList(list_version=version, update_type=kind, local_authorization_list=list(cards))

    assert await place.ask(V16, call.GetLocalListVersion()) == {"listVersion": 0}
    assert await status(place, send(3, UpdateType.differential, card("A"))) == "VersionMismatch"
    assert await status(place, send(3, UpdateType.full, card("A"), card("B"))) == "Accepted"
    blocked = card("C", AuthorizationStatus.blocked)
    assert await status(place, send(4, UpdateType.differential, card("A", None), blocked)) == "Accepted"
    assert await status(place, send(4, UpdateType.differential, card("D"))) == "VersionMismatch"
    assert await place.ask(V16, call.GetLocalListVersion()) == {"listVersion": 4}
    last = place.site.wishes[-1]
    assert [(entry.id_token.value, entry.accepted) for entry in last.entries] == [("B", True), ("C", False)]  # type: ignore[union-attr]
    many = [card(f"T{number}") for number in range(1001)]
    assert await status(place, send(5, UpdateType.full, *many)) == "Failed"
    assert await place.ask(V16, call.GetLocalListVersion()) == {"listVersion": 4}


async def test_no_card_of_a_list_is_kept_in_clear(place: Place) -> None:
    whole = call.SendLocalList(
        list_version=1,
        update_type=UpdateType.full,
        local_authorization_list=[AuthorizationData(id_tag="SECRETCARD", id_tag_info=None)],
    )
    await place.ask(V16, whole)
    await place.ask(V16, call.RemoteStartTransaction(id_tag="SECRETCARD", charging_profile=TX_PROFILE))
    assert "SECRETCARD" not in str(place.site.facts)


async def test_settings_of_the_line_are_absorbed(place: Place) -> None:
    for key, value, told in (
        ("HeartbeatInterval", "300", ("heartbeat", 300)),
        ("MeterValueSampleInterval", "900", ("interval", 900)),
        ("MeterValueSampleInterval", "5", ("interval", 60)),
        ("MeterValueSampleInterval", "0", ("interval", 0)),
    ):
        assert await status(place, call.ChangeConfiguration(key=key, value=value)) == "Accepted"
        assert place.line.told[-1] == told
    for key in ("ClockAlignedDataInterval", "WebSocketPingInterval", "ConnectionTimeOut"):
        assert await status(place, call.ChangeConfiguration(key=key, value="120")) == "Accepted"
    for value in ("-1", "soon", "1e3", "", "99999999999", "٣"):
        assert await status(place, call.ChangeConfiguration(key="HeartbeatInterval", value=value)) == "Rejected"
    assert place.site.wishes == []


@pytest.mark.parametrize(
    "key",
    [
        "AuthorizeRemoteTxRequests",
        "LocalAuthorizeOffline",
        "AllowOfflineTxForUnknownId",
        "AuthorizationKey",
        "StopTransactionOnInvalidId",
        "NumberOfConnectors",
    ],
)
async def test_the_owners_settings_are_not_changed(place: Place, key: str) -> None:
    assert await status(place, call.ChangeConfiguration(key=key, value="false")) == "Rejected"
    assert place.site.facts == {}


async def test_settings_are_read_as_they_are(place: Place) -> None:
    assert await status(place, call.ChangeConfiguration(key="Nonsense", value="1")) == "NotSupported"
    await place.ask(V16, call.ChangeConfiguration(key="meterValueSampleInterval", value="30"))
    keys = ["NumberOfConnectors", "MeterValueSampleInterval", "AuthorizationKey", "Nonsense"]
    said = await place.ask(V16, call.GetConfiguration(key=keys))
    assert said["configurationKey"] == [
        {"key": "NumberOfConnectors", "readonly": True, "value": "2"},
        {"key": "MeterValueSampleInterval", "readonly": False, "value": "30"},
    ]
    assert said["unknownKey"] == ["AuthorizationKey", "Nonsense"]
    everything = await place.ask(V16, call.GetConfiguration())
    assert {"SupportedFeatureProfiles", "ChargeProfileMaxStackLevel"} <= {
        entry["key"] for entry in everything["configurationKey"]
    }


async def test_settings_outlive_a_restart(place: Place) -> None:
    await place.ask(V16, call.ChangeConfiguration(key="HeartbeatInterval", value="300"))
    await place.ask(V16, call.ChangeConfiguration(key="MeterValueSampleInterval", value="900"))
    await place.restart()
    assert place.line.told == [("heartbeat", 300), ("interval", 900)]


async def test_nothing_is_set_that_cannot_be_kept(place: Place) -> None:
    place.site.disk_full = True
    set_it = {"key": "HeartbeatInterval", "value": "300"}
    assert await refusal(place, "ChangeConfiguration", set_it) == "InternalError"
    assert place.line.told == []


async def test_what_cannot_be_read_is_a_fault_of_form(place: Place) -> None:
    assert await refusal(place, "RemoteStopTransaction", {}) == "FormationViolation"
    assert await refusal(place, "ChangeAvailability", {"connectorId": 1, "type": "Off"}) == "FormationViolation"
    assert await refusal(place, "GetConfiguration", {"key": ["x"] * 101}) == "FormationViolation"


async def test_sloppy_requests_are_understood(place: Place) -> None:
    place.run()
    assert (await place.raw(V16, "RemoteStopTransaction", {"transactionId": "77"}))["status"] == "Accepted"
    assert (await place.raw(V16, "Reset", {"type": "soft"}))["status"] == "Accepted"
    assert (await place.raw(V16, "GetConfiguration", {"key": "NumberOfConnectors"}))["unknownKey"] == []


async def test_a_flood_is_not_heeded_and_a_stop_still_is(place: Place) -> None:
    place.run()
    for _ in range(120):
        await place.ask(V16, call.ClearCache())
    assert await refusal(place, "ClearCache", {}) == "GenericError"
    assert await status(place, call.RemoteStopTransaction(transaction_id=77)) == "Accepted"
    await place.clock.advance(1)
    assert await status(place, call.ClearCache()) == "Accepted"


async def test_no_card_is_in_the_log(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await place.ask(V16, call.RemoteStartTransaction(id_tag="SECRETCARD", connector_id=1))
    place.site.evses = None  # type: ignore[method-assign, assignment]
    await refusal(place, "RemoteStartTransaction", {"idTag": "SECRETCARD", "connectorId": 1})
    place.site.evses = dict  # type: ignore[method-assign, assignment]
    assert "TypeError" in caplog.text
    assert "SECRETCARD" not in caplog.text
