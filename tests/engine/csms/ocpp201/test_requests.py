"""Requests of 2.0.1 stations, with the deviations that stations are known for."""

from datetime import UTC, datetime
from typing import Any

from ocpp.v201.enums import Action
import pytest

from custom_components.offline_evse.engine.csms.codec import UnknownActionError
from custom_components.offline_evse.engine.csms.ocpp201.codec import Ocpp201Codec
from custom_components.offline_evse.engine.csms.ocpp201.edition import OCPP_201
from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from custom_components.offline_evse.engine.model.meter import EvseSample, ReadingContext
from custom_components.offline_evse.engine.model.station import ChargingState, ConnectorStatus, StationIdentity
from custom_components.offline_evse.engine.model.station_event import (
    BootReported,
    DataTransferReported,
    HeartbeatReported,
    IdTokenPresented,
    MeterValuesReported,
    NoticeReported,
    ReportedVariable,
    StatusReported,
    TransactionReported,
    VariablesReported,
)
from custom_components.offline_evse.engine.model.transaction import TransactionEventType, TransactionReport
from tests.engine.clock import NOON
from tests.engine.csms.tally import Tally

STAMP = "2026-06-01T11:59:50Z"
STAMPED = datetime(2026, 6, 1, 11, 59, 50, tzinfo=UTC)
SERVED = frozenset(
    {
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "Heartbeat",
        "MeterValues",
        "NotifyReport",
        "StatusNotification",
        "TransactionEvent",
    }
)


def report_of(codec: Ocpp201Codec, **payload: Any) -> TransactionReport:
    """Decode an event of a transaction."""
    usual = {
        "eventType": "Updated",
        "timestamp": STAMP,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 3,
        "transactionInfo": {"transactionId": "tx-1"},
    }
    event = codec.decode_call("TransactionEvent", usual | payload)
    assert isinstance(event, TransactionReported)
    return event.report


def sample_of(codec: Ocpp201Codec, *sampled: dict[str, Any]) -> EvseSample:
    """Decode one meter value outside a transaction."""
    entry = {"timestamp": STAMP, "sampledValue": list(sampled)}
    event = codec.decode_call("MeterValues", {"evseId": 1, "meterValue": [entry]})
    assert isinstance(event, MeterValuesReported)
    return event.samples[0]


def test_transaction_event(codec: Ocpp201Codec, tally: Tally) -> None:
    """Everything that is in one."""
    sampled = [
        {"value": 1500.4, "context": "Transaction.Begin", "unitOfMeasure": {"unit": "Wh"}},
        {"value": 11, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W", "multiplier": 3}},
        *(
            {"value": 16 - n, "measurand": "Current.Import", "phase": f"L{n + 1}", "unitOfMeasure": {"unit": "A"}}
            for n in range(3)
        ),
    ]
    report = report_of(
        codec,
        eventType="Started",
        triggerReason="CablePluggedIn",
        seqNo=0,
        offline=True,
        reservationId=5,
        transactionInfo={"transactionId": "tx-1", "chargingState": "SuspendedEVSE", "remoteStartId": 99},
        idToken={"idToken": "DEADBEEF", "type": "ISO15693"},
        evse={"id": 2, "connectorId": 1},
        meterValue=[{"timestamp": STAMP, "sampledValue": sampled}],
    )
    assert report == TransactionReport(
        station_id="cp1",
        event_type=TransactionEventType.STARTED,
        received_at=NOON,
        timestamp=STAMPED,
        transaction_id="tx-1",
        evse_id=2,
        connector_id=1,
        seq_no=0,
        offline=True,
        id_token=IdToken("DEADBEEF", IdTokenType.ISO15693),
        samples=(
            EvseSample(
                timestamp=STAMPED,
                context=ReadingContext.TRANSACTION_BEGIN,
                energy_import_wh=1500,
                power_w=11000.0,
                currents_a=(16.0, 15.0, 14.0),
            ),
        ),
        charging_state=ChargingState.SUSPENDED_EVSE,
        trigger_reason="CablePluggedIn",
        remote_start_id=99,
        reservation_id=5,
    )
    assert not tally.met


def test_an_event_with_nothing_in_it_is_still_recorded(codec: Ocpp201Codec) -> None:
    """It neither begins nor ends anything."""
    event = codec.decode_call("TransactionEvent", {})
    assert event == TransactionReported(
        TransactionReport(station_id="cp1", event_type=TransactionEventType.UPDATED, received_at=NOON, timestamp=NOON)
    )


@pytest.mark.parametrize(
    ("told", "event_type", "reason"),
    [
        ({"eventType": "Ended"}, TransactionEventType.ENDED, "Local"),
        ({"eventType": "ended"}, TransactionEventType.ENDED, "Local"),
        (
            {"eventType": "Ended", "transactionInfo": {"transactionId": "t", "stoppedReason": "EVDisconnected"}},
            TransactionEventType.ENDED,
            "EVDisconnected",
        ),
        ({"eventType": "Updated"}, TransactionEventType.UPDATED, None),
        ({"eventType": "Paused"}, TransactionEventType.UPDATED, None),
    ],
)
def test_event_types(
    codec: Ocpp201Codec, told: dict[str, Any], event_type: TransactionEventType, reason: str | None
) -> None:
    """An end without a reason was a local one."""
    report = report_of(codec, **told)
    assert (report.event_type, report.stop_reason) == (event_type, reason)


@pytest.mark.parametrize(
    ("field", "written", "attribute", "read", "oddity"),
    [
        ("transactionInfo", {"transactionId": 17}, "transaction_id", "17", "text_as_number"),
        ("transactionInfo", {"transactionId": ""}, "transaction_id", None, None),
        ("transactionInfo", {"transactionId": "x" * 40}, "transaction_id", "x" * 40, "transaction_id_too_long"),
        ("transactionInfo", None, "transaction_id", None, "missing_transaction_id"),
        ("transactionInfo", [{"transactionId": "t"}], "transaction_id", "t", "object_in_a_list"),
        ("transactionInfo", {"transactionId": "t", "chargingState": "Dreaming"}, "charging_state", None,
         "unknown_charging_state"),
        ("seqNo", "7", "seq_no", 7, "number_as_text"),
        ("seqNo", -1, "seq_no", None, "number_out_of_range"),
        ("seqNo", None, "seq_no", None, None),
        ("offline", "true", "offline", True, "unreadable_boolean"),
        ("evse", 2, "evse_id", 2, "evse_not_an_object"),
        ("evse", {"id": 0}, "evse_id", None, None),
        ("evse", {}, "evse_id", None, None),
        ("idToken", "ABC", "id_token", IdToken("ABC"), "id_token_not_an_object"),
        ("idToken", {"idToken": "ABC\x00\x07", "type": "iso14443"}, "id_token", IdToken("ABC"), "garbage_in_id_token"),
        ("idToken", {"idToken": "ABC", "type": "Ring"}, "id_token", IdToken("ABC"), "unknown_id_token_type"),
        ("idToken", {"idToken": "", "type": "NoAuthorization"}, "id_token",
         IdToken("", IdTokenType.NO_AUTHORIZATION), None),
        ("idToken", {}, "id_token", None, "missing_id_token"),
        ("timestamp", "2026-06-01T11:59:50", "timestamp", STAMPED, "timestamp_without_zone"),
        ("timestamp", "soon", "timestamp", NOON, "unreadable_timestamp"),
        ("triggerReason", None, "trigger_reason", None, None),
        ("meterValue", {"timestamp": STAMP, "sampledValue": []}, "samples", (), "meter_value_not_a_list"),
    ],
)  # fmt: skip
def test_deviations(
    codec: Ocpp201Codec, tally: Tally, field: str, written: object, attribute: str, read: object, oddity: str | None
) -> None:
    """Each is counted, and costs nothing but itself."""
    report = report_of(codec, **{field: written})
    assert getattr(report, attribute) == read
    assert oddity is None or tally.met[oddity] >= 1
    assert report.event_type is TransactionEventType.UPDATED


def test_autel_power_without_unit_is_in_watts(codec: Ocpp201Codec, tally: Tally) -> None:
    """500 W are not 500 kW."""
    assert sample_of(codec, {"value": 500, "measurand": "Power.Active.Import"}).power_w == 500
    assert tally.met == {"missing_unit": 1}


@pytest.mark.parametrize(
    ("sampled", "wh", "oddities"),
    [
        ({"value": 1.5, "unitOfMeasure": {"unit": "kWh"}}, 1500, set()),
        ({"value": 1.5, "unitOfMeasure": {"multiplier": 3}}, 1500, set()),
        ({"value": 15, "unitOfMeasure": {"unit": "kWh", "multiplier": -1}}, 1500, set()),
        ({"value": 1.5, "unitOfMeasure": {"multiplier": "3"}}, 1500, {"number_as_text"}),
        ({"value": 15, "unitOfMeasure": {"multiplier": 400}}, 15, {"number_out_of_range"}),
        ({"value": 1.5, "unitOfMeasure": "kWh"}, 1500, {"unit_not_an_object"}),
        ({"value": 1.5, "unit": "kWh"}, 1500, {"unit_not_an_object"}),
        ({"value": "1500"}, 1500, {"number_as_text"}),
        ({"value": ""}, None, {"number_as_text", "empty_number"}),
        ({"value": None}, None, {"missing_number"}),
        ({}, None, {"missing_number"}),
    ],
)
def test_registers(
    codec: Ocpp201Codec, tally: Tally, sampled: dict[str, Any], wh: int | None, oddities: set[str]
) -> None:
    """Units, multipliers and numbers as text."""
    soc = {"value": 50, "measurand": "SoC"}
    assert sample_of(codec, sampled, soc).energy_import_wh == wh
    assert set(tally.met) == oddities


def test_signed_meter_value(codec: Ocpp201Codec) -> None:
    """Kept whole beside the number."""
    signed = {"signedMeterData": "QQ==", "signingMethod": "", "encodingMethod": "OCMF", "publicKey": ""}
    sample = sample_of(codec, {"value": 5, "signedMeterValue": signed})
    assert sample.energy_import_wh == 5
    assert sample.signed_data is not None
    assert '"signedMeterData": "QQ=="' in sample.signed_data


def test_meter_values_of_the_station(codec: Ocpp201Codec, tally: Tally) -> None:
    """EVSE 0, told or not."""
    assert codec.decode_call("MeterValues", {"evseId": 0, "meterValue": []}) == MeterValuesReported(
        evse_id=0, samples=()
    )
    assert codec.decode_call("MeterValues", {}) == MeterValuesReported(evse_id=0, samples=())
    assert tally.met == {"missing_evse_id": 1}


@pytest.mark.parametrize(
    ("written", "status", "state"),
    [
        ("Available", ConnectorStatus.AVAILABLE, None),
        ("Occupied", ConnectorStatus.OCCUPIED, None),
        ("Reserved", ConnectorStatus.RESERVED, None),
        ("unavailable", ConnectorStatus.UNAVAILABLE, None),
        ("Faulted", ConnectorStatus.FAULTED, None),
        ("Charging", ConnectorStatus.OCCUPIED, ChargingState.CHARGING),
        ("Finishing", ConnectorStatus.OCCUPIED, ChargingState.IDLE),
    ],
)
def test_statuses(codec: Ocpp201Codec, written: str, status: ConnectorStatus, state: ChargingState | None) -> None:
    """Its own five words, and those of 1.6."""
    payload = {"timestamp": STAMP, "connectorStatus": written, "evseId": 2, "connectorId": 1}
    assert codec.decode_call("StatusNotification", payload) == StatusReported(
        evse_id=2, connector_id=1, status=status, charging_state=state, timestamp=STAMPED
    )


def test_foxess_status_of_evse_0(codec: Ocpp201Codec) -> None:
    """It is the station's own."""
    payload = {"timestamp": STAMP, "connectorStatus": "Available", "evseId": 0, "connectorId": 0}
    event = codec.decode_call("StatusNotification", payload)
    assert isinstance(event, StatusReported)
    assert (event.evse_id, event.connector_id) == (0, 0)


def test_unknown_status_changes_nothing(codec: Ocpp201Codec, tally: Tally) -> None:
    """It is noted and answered."""
    event = codec.decode_call("StatusNotification", {"connectorStatus": "Dreaming", "evseId": 1})
    assert isinstance(event, NoticeReported)
    assert tally.met == {"unknown_status": 1}


def test_boot(codec: Ocpp201Codec, tally: Tally) -> None:
    """With the reason."""
    station = {"vendorName": "V", "model": "M", "serialNumber": "S", "firmwareVersion": "1"}
    event = codec.decode_call("BootNotification", {"reason": "PowerUp", "chargingStation": station})
    identity = StationIdentity(vendor="V", model="M", serial_number="S", firmware_version="1")
    assert event == BootReported(identity=identity, reason="PowerUp")
    assert codec.decode_call("BootNotification", {}) == BootReported(identity=StationIdentity())
    assert not tally.met


def test_authorize(codec: Ocpp201Codec) -> None:
    """With its type."""
    token = {"idToken": "1234", "type": "KeyCode"}
    assert codec.decode_call("Authorize", {"idToken": token}) == IdTokenPresented(IdToken("1234", IdTokenType.KEY_CODE))
    assert codec.decode_call("Authorize", {}) == IdTokenPresented(IdToken(""))


def test_report(codec: Ocpp201Codec) -> None:
    """One value per variable, and what it says of profiles is learned."""
    data = [
        {
            "component": {"name": "SmartChargingCtrlr"},
            "variable": {"name": "RateUnit"},
            "variableAttribute": [{"type": "MaxSet", "value": "9"}, {"value": "W", "mutability": "ReadOnly"}],
        },
        {
            "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 2}},
            "variable": {"name": "Available", "instance": "x"},
            "variableAttribute": {"type": "Actual", "value": True},
        },
        {"component": {"name": "Broken"}},
        "garbage",
    ]
    event = codec.decode_call("NotifyReport", {"requestId": 4, "seqNo": 0, "tbc": True, "reportData": data})
    assert event == VariablesReported(
        request_id=4,
        more_to_come=True,
        variables=(
            ReportedVariable(component="SmartChargingCtrlr", variable="RateUnit", value="W", readonly=True),
            ReportedVariable(
                component="Connector", variable="Available", value="true", evse_id=1, connector_id=2, instance="x"
            ),
        ),
    )
    assert {shape.unit.value for shape in codec.ladder.shapes} == {"W"}


def test_foxess_report_without_evse(codec: Ocpp201Codec) -> None:
    """An inventory may have no EVSE in it, or nothing at all."""
    assert codec.decode_call("NotifyReport", {"requestId": 1}) == VariablesReported(
        request_id=1, variables=(), more_to_come=False
    )


def test_heartbeat_and_data_transfer(codec: Ocpp201Codec) -> None:
    """Anything may be in data."""
    assert codec.decode_call("Heartbeat", {}) == HeartbeatReported()
    assert codec.decode_call("DataTransfer", {"vendorId": "v", "data": [1]}) == DataTransferReported(
        vendor_id="v", message_id=None, data=[1]
    )


@pytest.mark.parametrize("action", sorted(OCPP_201.notices))
def test_notices(codec: Ocpp201Codec, action: str) -> None:
    """Kept whole."""
    event = codec.decode_call(action, {"seqNo": 1})
    assert event == NoticeReported(topic=action, status=None, detail={"seqNo": 1})


def test_unknown_actions(codec: Ocpp201Codec) -> None:
    """What only we may ask, what would need a certificate authority, and what nobody knows."""
    assert "Get15118EVCertificate" not in OCPP_201.notices
    for action in {*(action.value for action in Action), "StartTransaction", ""} - SERVED - OCPP_201.notices:
        with pytest.raises(UnknownActionError):
            codec.decode_call(action, {})
