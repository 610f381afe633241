"""Requests of charge points other than meter values, with the deviations that chargers are known for."""

from datetime import UTC, datetime
from math import isfinite
from typing import Any

from hypothesis import given, strategies as st
from ocpp.v16.enums import Action
import pytest

from custom_components.offline_evse.engine.csms.codec import UnknownActionError
from custom_components.offline_evse.engine.csms.ocpp16.codec import Ocpp16Codec
from custom_components.offline_evse.engine.csms.ocpp16.inbound import NOTICES
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import ChargingState, ConnectorStatus, StationIdentity
from custom_components.offline_evse.engine.model.station_event import (
    BootReported,
    DataTransferReported,
    HeartbeatReported,
    IdTokenPresented,
    NoticeReported,
    StatusReported,
    TransactionReported,
)
from custom_components.offline_evse.engine.model.transaction import TransactionEventType, TransactionReport
from tests.engine.clock import NOON, ManualClock
from tests.engine.csms.any_command import JSON
from tests.engine.csms.tally import Tally

STAMP = "2026-06-01T11:59:50Z"
STAMPED = datetime(2026, 6, 1, 11, 59, 50, tzinfo=UTC)
CORE = frozenset(
    {
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "Heartbeat",
        "MeterValues",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    }
)


def report_of(codec: Ocpp16Codec, action: str, payload: dict[str, Any]) -> TransactionReport:
    """Decode a message of a transaction."""
    event = codec.decode_call(action, payload)
    assert isinstance(event, TransactionReported)
    return event.report


def status_of(codec: Ocpp16Codec, **payload: Any) -> StatusReported:
    """Decode a status of connector 1."""
    event = codec.decode_call("StatusNotification", {"connectorId": 1, "errorCode": "NoError"} | payload)
    assert isinstance(event, StatusReported)
    return event


def test_start(codec: Ocpp16Codec, tally: Tally) -> None:
    """The id is left to us."""
    payload = {"connectorId": 2, "idTag": "ABC1", "meterStart": 1500, "timestamp": STAMP, "reservationId": 9}
    assert report_of(codec, "StartTransaction", payload) == TransactionReport(
        station_id="cp1",
        event_type=TransactionEventType.STARTED,
        received_at=NOON,
        timestamp=STAMPED,
        evse_id=2,
        connector_id=1,
        id_token=IdToken("ABC1"),
        register_wh=1500,
        reservation_id=9,
    )
    assert not tally.met


@pytest.mark.parametrize(
    ("meter_start", "register", "oddities"),
    [
        (0, 0, set()),
        (-7, -7, set()),
        (10.6, 11, {"register_not_a_whole_number"}),
        ("15", 15, {"register_not_a_whole_number"}),
        ("15,4", 15, {"register_not_a_whole_number", "decimal_comma"}),
        ("", None, {"register_not_a_whole_number", "empty_number"}),
        (None, None, {"register_not_a_whole_number", "missing_number"}),
        ({}, None, {"register_not_a_whole_number", "unreadable_number"}),
        (10**30, None, {"number_out_of_range"}),
    ],
)
def test_meter_start(
    codec: Ocpp16Codec, tally: Tally, meter_start: object, register: int | None, oddities: set[str]
) -> None:
    """A register that cannot be read is none, and never 0; 0 is 0."""
    payload = {"connectorId": 1, "idTag": "A", "meterStart": meter_start, "timestamp": STAMP}
    assert report_of(codec, "StartTransaction", payload).register_wh == register
    assert set(tally.met) == oddities


def test_a_start_with_nothing_in_it_is_still_recorded(codec: Ocpp16Codec, tally: Tally) -> None:
    """All that is known is that it came, and when."""
    assert report_of(codec, "StartTransaction", {}) == TransactionReport(
        station_id="cp1", event_type=TransactionEventType.STARTED, received_at=NOON, timestamp=NOON
    )
    assert {"missing_connector_id", "missing_id_token", "missing_timestamp"} <= set(tally.met)


def test_stop(codec: Ocpp16Codec) -> None:
    """With its data, in time order."""
    payload = {
        "transactionId": 42,
        "idTag": "ABC1",
        "meterStop": 2500,
        "timestamp": STAMP,
        "reason": "EVDisconnected",
        "transactionData": [
            {"timestamp": STAMP, "sampledValue": [{"value": "2500", "context": "Transaction.End"}]},
            {
                "timestamp": "2026-06-01T10:00:00Z",
                "sampledValue": [{"value": "1500", "context": "Transaction.Begin"}],
            },
        ],
    }
    report = report_of(codec, "StopTransaction", payload)
    assert (report.event_type, report.transaction_id, report.evse_id) == (TransactionEventType.ENDED, "42", None)
    assert (report.register_wh, report.stop_reason, report.id_token) == (2500, "EVDisconnected", IdToken("ABC1"))
    assert [sample.energy_import_wh for sample in report.samples] == [1500, 2500]


@pytest.mark.parametrize(
    ("reason", "read", "oddities"),
    [
        (None, "Local", set()),
        ("Remote", "Remote", set()),
        ("remote", "Remote", set()),
        ("SuddenlyBored", "SuddenlyBored", {"unknown_stop_reason"}),
        ("", "Local", set()),
        ({}, "Local", {"unreadable_text"}),
    ],
)
def test_stop_reason(codec: Ocpp16Codec, tally: Tally, reason: object, read: str, oddities: set[str]) -> None:
    """Without one it was stopped locally; an unknown one is kept."""
    payload = {"transactionId": 1, "meterStop": 1, "timestamp": STAMP, "reason": reason}
    report = report_of(codec, "StopTransaction", payload)
    assert (report.stop_reason, report.id_token) == (read, None)
    assert set(tally.met) == oddities


@pytest.mark.parametrize(
    ("echoed", "read", "oddities"),
    [
        ("ABCDEFGHIJKLMNOPQRST\x07\x03", "ABCDEFGHIJKLMNOPQRST", {"garbage_in_id_token"}),
        ("ABCDEFGHIJKLMNOPQRST\ufffd\ufffd", "ABCDEFGHIJKLMNOPQRST", {"garbage_in_id_token"}),
        ("ABCDEFGHIJKLMNOPQRSTxy", "ABCDEFGHIJKLMNOPQRST", {"id_token_too_long"}),
        ("ABC\x00DEF", "ABC", {"garbage_in_id_token"}),
        (" ABC ", "ABC", set()),
        (1234, "1234", {"text_as_number"}),
    ],
)
@pytest.mark.parametrize("action", ["StartTransaction", "StopTransaction"])
def test_ocular_id_tag_echoed_with_garbage(
    codec: Ocpp16Codec, tally: Tally, action: str, echoed: object, read: str, oddities: set[str]
) -> None:
    """The stop must come through whatever stands behind the tag."""
    payload = {"connectorId": 1, "transactionId": 1, "meterStart": 1, "meterStop": 1, "timestamp": STAMP}
    assert report_of(codec, action, payload | {"idTag": echoed}).id_token == IdToken(read)
    assert set(tally.met) == oddities


@pytest.mark.parametrize("tag", [None, "", " \x00", [], {}, True])
def test_no_tag(codec: Ocpp16Codec, tally: Tally, tag: object) -> None:
    """An Authorize without a tag asks for nobody."""
    assert codec.decode_call("Authorize", {"idTag": tag}) == IdTokenPresented(IdToken(""))
    assert tally.met["missing_id_token"] == 1


@pytest.mark.parametrize(
    ("written", "status", "state"),
    [
        ("Available", ConnectorStatus.AVAILABLE, None),
        ("Preparing", ConnectorStatus.OCCUPIED, ChargingState.EV_CONNECTED),
        ("Charging", ConnectorStatus.OCCUPIED, ChargingState.CHARGING),
        ("SuspendedEV", ConnectorStatus.OCCUPIED, ChargingState.SUSPENDED_EV),
        ("SuspendedEVSE", ConnectorStatus.OCCUPIED, ChargingState.SUSPENDED_EVSE),
        ("Finishing", ConnectorStatus.OCCUPIED, ChargingState.IDLE),
        ("Reserved", ConnectorStatus.RESERVED, None),
        ("Unavailable", ConnectorStatus.UNAVAILABLE, None),
        ("Faulted", ConnectorStatus.FAULTED, None),
        ("suspended_ev", ConnectorStatus.OCCUPIED, ChargingState.SUSPENDED_EV),
        (" CHARGING ", ConnectorStatus.OCCUPIED, ChargingState.CHARGING),
        ("Occupied", ConnectorStatus.OCCUPIED, None),
    ],
)
def test_statuses(codec: Ocpp16Codec, written: str, status: ConnectorStatus, state: ChargingState | None) -> None:
    """Nine words become two things, in any case and spacing."""
    event = status_of(codec, status=written)
    assert (event.evse_id, event.connector_id, event.status, event.charging_state) == (1, 1, status, state)
    assert event.error_code is None


@pytest.mark.parametrize("written", ["Dreaming", "", None, 5, []])
def test_unknown_status_changes_nothing(codec: Ocpp16Codec, tally: Tally, written: object) -> None:
    """It is noted and answered."""
    payload = {"connectorId": 1, "errorCode": "NoError", "status": written}
    event = codec.decode_call("StatusNotification", payload)
    assert isinstance(event, NoticeReported)
    assert (event.topic, event.detail) == ("StatusNotification", payload)
    assert tally.met["unknown_status"] == 1


def test_legrand_error_code(codec: Ocpp16Codec, tally: Tally) -> None:
    """`Error` is no code of OCPP, and an error all the same."""
    assert status_of(codec, status="Faulted", errorCode="Error").error_code == "Error"
    assert tally.met == {"unknown_error_code": 1}


def test_abb_status_without_timestamp_and_info_null(codec: Ocpp16Codec, tally: Tally) -> None:
    """Optional is optional, and the word null says nothing."""
    event = status_of(codec, status="Available", info="null", vendorErrorCode="")
    assert (event.timestamp, event.info, event.vendor_error_code) == (None, None, None)
    assert not tally.met


def test_long_info_is_kept(codec: Ocpp16Codec, tally: Tally) -> None:
    """50 characters are allowed; what a charger has to say is worth more."""
    assert status_of(codec, status="Faulted", errorCode="GroundFailure", info="x" * 80).info == "x" * 80
    assert status_of(codec, status="Faulted", errorCode="GroundFailure", info="x" * 5000).info == "x" * 255
    assert tally.met == {"text_too_long": 2}


@pytest.mark.parametrize(("written", "evse_id"), [("Charging", 1), ("Available", 0)])
def test_status_without_connector(codec: Ocpp16Codec, tally: Tally, written: str, evse_id: int) -> None:
    """The station itself cannot be charging."""
    event = codec.decode_call("StatusNotification", {"status": written})
    assert isinstance(event, StatusReported)
    assert event.evse_id == evse_id
    assert tally.met == {"missing_connector_id": 1}


def test_boot(codec: Ocpp16Codec, tally: Tally) -> None:
    """As it should be."""
    payload = {
        "chargePointVendor": "V",
        "chargePointModel": "M",
        "chargeBoxSerialNumber": "old",
        "chargePointSerialNumber": "S",
        "firmwareVersion": "1.2",
    }
    assert codec.decode_call("BootNotification", payload) == BootReported(
        identity=StationIdentity(vendor="V", model="M", serial_number="S", firmware_version="1.2")
    )
    assert not tally.met


def test_grizzl_e_schneider_huawei_boot(codec: Ocpp16Codec, tally: Tally) -> None:
    """A long model, a serial number of 34 characters and no vendor."""
    payload = {"chargePointVendor": "", "chargePointModel": "m" * 26, "chargeBoxSerialNumber": "s" * 34}
    event = codec.decode_call("BootNotification", payload)
    assert isinstance(event, BootReported)
    assert event.identity == StationIdentity(model="m" * 26, serial_number="s" * 34)
    assert tally.met == {"text_too_long": 2}


def test_evbox_data_transfer(codec: Ocpp16Codec) -> None:
    """Vendors put anything into data."""
    payload = {"vendorId": "EV-BOX", "messageId": "evbStatusNotification", "data": {"soc_limit": [1]}}
    assert codec.decode_call("DataTransfer", payload) == DataTransferReported(
        vendor_id="EV-BOX", message_id="evbStatusNotification", data={"soc_limit": [1]}
    )


def test_heartbeat(codec: Ocpp16Codec) -> None:
    """With or without something in it."""
    assert codec.decode_call("Heartbeat", {}) == HeartbeatReported()
    assert codec.decode_call("Heartbeat", {"x": 1}) == HeartbeatReported()


@pytest.mark.parametrize("action", sorted(NOTICES))
def test_notices(codec: Ocpp16Codec, action: str) -> None:
    """Kept whole."""
    payload = {"status": "Idle", "type": "Idle", "requestId": 4}
    assert codec.decode_call(action, payload) == NoticeReported(topic=action, status="Idle", detail=payload)


def test_unknown_actions(codec: Ocpp16Codec) -> None:
    """What only we may ask, and what nobody knows."""
    for action in {*(action.value for action in Action), "Nonsense", ""} - CORE - NOTICES:
        with pytest.raises(UnknownActionError):
            codec.decode_call(action, {})


@given(
    action=st.sampled_from(sorted(CORE | NOTICES)),
    payload=JSON
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (
                "connectorId",
                "transactionId",
                "idTag",
                "meterStart",
                "meterStop",
                "timestamp",
                "status",
                "errorCode",
                "info",
                "reason",
                "transactionData",
                "vendorId",
                "data",
                "chargePointVendor",
                "reservationId",
            ),
            JSON,
        )
        | {
            "meterValue": JSON
            | st.lists(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "timestamp": JSON | st.datetimes().map(str),
                        "sampledValue": JSON
                        | st.lists(
                            st.fixed_dictionaries(
                                {"value": JSON | st.floats().map(str)},
                                optional={
                                    "measurand": JSON | st.sampled_from(["SoC", "Voltage", "Current.Import"]),
                                    "unit": JSON | st.sampled_from(["kWh", "K", "kA"]),
                                    "phase": JSON | st.sampled_from(["L1", "L2-N", "L3-L1"]),
                                    "context": JSON,
                                    "location": JSON,
                                    "format": JSON,
                                },
                            ),
                            max_size=5,
                        ),
                    },
                ),
                max_size=3,
            )
        },
    ),
)
def test_nothing_in_a_payload_raises(action: str, payload: Any) -> None:
    """Every message of a transaction becomes a report with aware times, finite numbers and sane ids."""
    codec = Ocpp16Codec("cp1", ManualClock(), Tally())
    event = codec.decode_call(action, payload)
    if action in ("StartTransaction", "StopTransaction"):
        assert isinstance(event, TransactionReported)
    if isinstance(event, TransactionReported):
        report = event.report
        assert report.timestamp.tzinfo is UTC
        assert report.evse_id is None or 0 < report.evse_id < 2**31
        assert report.transaction_id is None or int(report.transaction_id) > 0
        assert report.register_wh is None or abs(report.register_wh) <= 10**15
        for sample in report.samples:
            assert sample.timestamp.tzinfo is UTC
            assert sample.energy_import_wh is None or abs(sample.energy_import_wh) <= 10**15
            assert all(isfinite(current) for current in sample.currents_a or ())
        assert list(report.samples) == sorted(report.samples, key=lambda sample: sample.timestamp)
