"""What is said to backends in each version, and how their answers are read."""

import asyncio
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
import json
from typing import Any

from hypothesis import given, strategies as st
from ocpp.messages import Call, validate_payload
import pytest

from custom_components.offline_evse.engine.csms.ocpp16 import samples as samples16
from custom_components.offline_evse.engine.csms.ocpp201 import samples as samples201
from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from custom_components.offline_evse.engine.model.meter import EvseSample, ReadingContext
from custom_components.offline_evse.engine.model.station import ChargingState, EvseStatus, OcppVersion, StationIdentity
from custom_components.offline_evse.engine.model.upstream.message import (
    Ask,
    Boot,
    Data,
    Heartbeat,
    SessionStart,
    SessionStop,
    SessionValues,
    Status,
    UpMessage,
)
from custom_components.offline_evse.engine.ocppj.schemas import InvalidPayloadError
from custom_components.offline_evse.engine.uplink.wire.codec import UpCodec, call_of, codec_of, preload
from tests.engine.csms.tally import Tally

from .messages import OCMF, money, others, samples, values

V16, V201, V21 = OcppVersion.V16, OcppVersion.V201, OcppVersion.V21
AT = datetime(2026, 6, 1, 14, 2, 3, 456789, tzinfo=timezone(timedelta(hours=2)))
WRITTEN = "2026-06-01T12:02:03.456Z"
CARD = IdToken("DEADBEEF")
START = SessionStart(
    session_id="01J0000000000000000000000A", evse_id=2, timestamp=AT, id_token=CARD, meter_wh=1234567, offline=True
)
STOP = SessionStop(
    session_id=START.session_id,
    remote_id="17",
    seq_no=5,
    evse_id=2,
    timestamp=AT,
    id_token=CARD,
    meter_wh=1240000,
    reason="EVDisconnected",
)
VALUES = SessionValues(session_id=START.session_id, remote_id="17", seq_no=3, evse_id=2, timestamp=AT)
FULL = EvseSample(
    timestamp=AT,
    energy_import_wh=1235000,
    power_w=7360.0,
    currents_a=(16.0, 15.94, 0.0),
    voltages_v=(230.1, 229.0, 231.0),
    offered_a=16.0,
    soc_percent=55.0,
    temperature_c=31.5,
)
codecs = pytest.mark.parametrize("version", list(OcppVersion))


@pytest.fixture(params=list(OcppVersion))
def codec(request: pytest.FixtureRequest) -> UpCodec:
    """Each version in turn."""
    return codec_of(request.param)


@given(money | others | values, st.sampled_from(OcppVersion))
def test_whatever_is_told_passes_the_schema_of_its_version(message: UpMessage, version: OcppVersion) -> None:
    message_id, action, frame = call_of(codec_of(version), message)
    kind, said_id, said_action, payload = json.loads(frame)
    assert (kind, said_id, said_action) == (2, message_id, action)
    call = Call(message_id, action, payload)  # type: ignore[no-untyped-call]
    asyncio.run(validate_payload(call, version.value.removeprefix("ocpp")))


@given(st.lists(samples, min_size=1, max_size=3).map(tuple), st.sampled_from(OcppVersion))
def test_a_central_system_reads_the_registers_that_were_told(
    told: tuple[EvseSample, ...], version: OcppVersion
) -> None:
    told = tuple(
        replace(sample, energy_import_wh=at * 1000, signed_data=None, timestamp=AT + timedelta(minutes=at))
        for at, sample in enumerate(told)
    )
    _, payload = codec_of(version).encode(replace(VALUES, samples=told))
    read = (samples16 if version is V16 else samples201).read_samples(payload["meterValue"], AT, Tally())
    assert [sample.energy_import_wh for sample in read] == [sample.energy_import_wh for sample in told]
    assert [sample.context for sample in read] == [sample.context for sample in told]


@pytest.mark.parametrize("phases_known", [True, False])
@codecs
def test_a_sample_arrives_as_it_was_measured(version: OcppVersion, phases_known: bool) -> None:
    told = FULL if phases_known else replace(FULL, phases_known=False, currents_a=(16.0,), voltages_v=(230.0,))
    if not phases_known:
        told = replace(told, power_w=3680.0)
    _, payload = codec_of(version).encode(replace(VALUES, samples=(told,)))
    read = (samples16 if version is V16 else samples201).read_samples(payload["meterValue"], AT, Tally())
    expected = told if version is V16 else replace(told, temperature_c=None)
    assert read == (replace(expected, timestamp=datetime(2026, 6, 1, 12, 2, 3, 456000, tzinfo=UTC)),)


def test_a_session_in_1_6() -> None:
    codec = codec_of(V16)
    assert codec.encode(START) == (
        "StartTransaction",
        {"connectorId": 2, "idTag": "DEADBEEF", "meterStart": 1234567, "timestamp": WRITTEN},
    )
    aligned = EvseSample(timestamp=AT, context=ReadingContext.SAMPLE_CLOCK, energy_import_wh=1235000)
    entry = {
        "timestamp": WRITTEN,
        "sampledValue": [
            {
                "value": "1235000",
                "context": "Sample.Clock",
                "measurand": "Energy.Active.Import.Register",
                "unit": "Wh",
            }
        ],
    }
    assert codec.encode(replace(VALUES, samples=(aligned,))) == (
        "MeterValues",
        {"connectorId": 2, "transactionId": 17, "meterValue": [entry]},
    )
    assert codec.encode(replace(STOP, samples=(aligned,))) == (
        "StopTransaction",
        {
            "transactionId": 17,
            "meterStop": 1240000,
            "timestamp": WRITTEN,
            "reason": "EVDisconnected",
            "idTag": "DEADBEEF",
            "transactionData": [entry],
        },
    )
    assert "transactionData" not in codec.encode(STOP)[1]


def _register(wh: int, context: str) -> dict[str, Any]:
    return {
        "timestamp": WRITTEN,
        "sampledValue": [
            {
                "value": wh,
                "context": context,
                "measurand": "Energy.Active.Import.Register",
                "unitOfMeasure": {"unit": "Wh"},
            }
        ],
    }


@pytest.mark.parametrize("version", [V201, V21])
def test_a_session_in_2_x(version: OcppVersion) -> None:
    codec = codec_of(version)
    start = replace(START, charging_state=ChargingState.EV_CONNECTED, remote_start_id=9)
    assert codec.encode(start) == (
        "TransactionEvent",
        {
            "eventType": "Started",
            "timestamp": WRITTEN,
            "triggerReason": "RemoteStart",
            "seqNo": 0,
            "offline": True,
            "transactionInfo": {
                "transactionId": START.session_id,
                "chargingState": "EVConnected",
                "remoteStartId": 9,
            },
            "evse": {"id": 2, "connectorId": 1},
            "idToken": {"idToken": "DEADBEEF", "type": "ISO14443"},
            "meterValue": [_register(1234567, "Transaction.Begin")],
        },
    )
    stop = replace(STOP, remote_id=START.session_id, reason="SoftReset")
    assert codec.encode(stop) == (
        "TransactionEvent",
        {
            "eventType": "Ended",
            "timestamp": WRITTEN,
            "triggerReason": "ResetCommand",
            "seqNo": 5,
            "transactionInfo": {"transactionId": START.session_id, "stoppedReason": "ImmediateReset"},
            "evse": {"id": 2, "connectorId": 1},
            "idToken": {"idToken": "DEADBEEF", "type": "ISO14443"},
            "meterValue": [_register(1240000, "Transaction.End")],
        },
    )
    _, updated = codec.encode(replace(VALUES, charging_state=ChargingState.SUSPENDED_EV))
    assert (updated["eventType"], updated["seqNo"], updated["triggerReason"]) == ("Updated", 3, "MeterValuePeriodic")
    assert updated["transactionInfo"] == {"transactionId": "17", "chargingState": "SuspendedEV"}
    assert "meterValue" not in updated
    assert "offline" not in updated


@pytest.mark.parametrize("version", [V201, V21])
def test_the_end_of_a_session_is_its_stops_register(version: OcppVersion) -> None:
    measured = replace(FULL, context=ReadingContext.TRANSACTION_END, energy_import_wh=99)
    earlier = replace(FULL, context=ReadingContext.SAMPLE_CLOCK)
    _, payload = codec_of(version).encode(replace(STOP, samples=(earlier, measured)))
    read = samples201.read_samples(payload["meterValue"], AT, Tally())
    assert [sample.energy_import_wh for sample in read] == [1235000, 1240000]


def test_the_clock_is_named_as_the_trigger_of_aligned_values() -> None:
    aligned = replace(FULL, context=ReadingContext.SAMPLE_CLOCK)
    codec = codec_of(V201)
    assert codec.encode(replace(VALUES, samples=(aligned,)))[1]["triggerReason"] == "MeterValueClock"
    assert codec.encode(replace(VALUES, samples=(aligned, FULL)))[1]["triggerReason"] == "MeterValuePeriodic"
    changed = replace(VALUES, samples=(FULL,), trigger_reason="ChargingStateChanged")
    assert codec.encode(changed)[1]["triggerReason"] == "ChargingStateChanged"
    unheard = replace(VALUES, samples=(FULL,), trigger_reason="CostLimitReached")
    assert codec.encode(unheard)[1]["triggerReason"] == "MeterValuePeriodic"
    assert codec_of(V21).encode(unheard)[1]["triggerReason"] == "CostLimitReached"


@pytest.mark.parametrize(
    ("reason", "in_16", "in_201"),
    [
        (None, "Local", "Local"),
        ("Remote", "Remote", "Remote"),
        ("deauthorized", "DeAuthorized", "DeAuthorized"),
        ("HardReset", "HardReset", "ImmediateReset"),
        ("ImmediateReset", "HardReset", "ImmediateReset"),
        ("UnlockCommand", "UnlockCommand", "Other"),
        ("EnergyLimitReached", "Other", "EnergyLimitReached"),
        ("ReqEnergyTransferRejected", "Other", "Other"),
        ("whatever", "Other", "Other"),
    ],
)
def test_reasons_are_told_in_the_words_of_the_version(reason: str | None, in_16: str, in_201: str) -> None:
    stop = replace(STOP, reason=reason)
    assert codec_of(V16).encode(stop)[1]["reason"] == in_16
    assert codec_of(V201).encode(stop)[1]["transactionInfo"]["stoppedReason"] == in_201


@pytest.mark.parametrize(
    ("token", "tag", "kind", "value"),
    [
        (IdToken("DEADBEEF"), "DEADBEEF", "ISO14443", "DEADBEEF"),
        (IdToken("04a2b3c4d5e6f7"), "04a2b3c4d5e6f7", "ISO14443", "04a2b3c4d5e6f7"),
        (IdToken("EMPLOYEE-42"), "EMPLOYEE-42", "Central", "EMPLOYEE-42"),
        (IdToken("DEADBEE"), "DEADBEE", "Central", "DEADBEE"),
        (IdToken("owner", IdTokenType.LOCAL), "owner", "Local", "owner"),
        (IdToken("DE*8AA*C12345678*9*X", IdTokenType.EMAID), "DE*8AA*C12345678*9*X", "eMAID", "DE*8AA*C12345678*9*X"),
        (IdToken("DE*8AA*C1234567890*9*X", IdTokenType.EMAID), "DE8AAC12345678909X", "eMAID", "DE*8AA*C1234567890*9*X"),
        (IdToken("", IdTokenType.NO_AUTHORIZATION), "NoAuthorization", "NoAuthorization", ""),
    ],
)
def test_cards_are_told_so_that_strict_backends_take_them(token: IdToken, tag: str, kind: str, value: str) -> None:
    assert codec_of(V16).encode(Ask(token)) == ("Authorize", {"idTag": tag})
    assert codec_of(V201).encode(Ask(token)) == ("Authorize", {"idToken": {"idToken": value, "type": kind}})


def test_long_card_numbers_are_shortened_alike_and_stay_apart() -> None:
    codec = codec_of(V16)
    first, second = (codec.encode(Ask(IdToken(f"COMPANY-FLEET-CARD-NUMBER-{number}")))[1]["idTag"] for number in (1, 2))
    assert first != second
    assert first.startswith("COMPANY-F-") and len(first) == 20
    assert codec.encode(replace(START, id_token=IdToken("COMPANY-FLEET-CARD-NUMBER-1")))[1]["idTag"] == first
    digest = codec.encode(Ask(IdToken("company-fleet-card-number-1")))[1]["idTag"].rpartition("-")[2]
    assert digest == first.rpartition("-")[2]


def test_a_session_that_nobody_showed_a_card_for(codec: UpCodec) -> None:
    _, start = codec.encode(replace(START, id_token=None))
    _, stop = codec.encode(replace(STOP, id_token=None))
    assert start.get("idTag") == ("NoAuthorization" if codec.version is V16 else None)
    assert "idToken" not in start
    assert "idTag" not in stop and "idToken" not in stop
    if codec.version is not V16:
        assert start["triggerReason"] == "CablePluggedIn"


def test_what_a_charger_signed_is_passed_on_byte_for_byte() -> None:
    signed = replace(FULL, signed_data=OCMF)
    _, payload = codec_of(V16).encode(replace(VALUES, samples=(signed,)))
    assert payload["meterValue"][0]["sampledValue"][-1] == {
        "value": OCMF,
        "context": "Sample.Periodic",
        "format": "SignedData",
    }
    _, payload = codec_of(V201).encode(replace(VALUES, samples=(signed,)))
    first = payload["meterValue"][0]["sampledValue"][0]
    assert first["value"] == 1235000
    assert b64decode(first["signedMeterValue"]["signedMeterData"]).decode() == OCMF
    assert first["signedMeterValue"]["encodingMethod"] == "OCMF"


def test_what_a_2_x_charger_signed_is_passed_on_field_by_field() -> None:
    fields = {"signedMeterData": "T0NNRnw=", "signingMethod": "ECDSA", "encodingMethod": "OCMF", "publicKey": "cGs="}
    text = json.dumps(fields)
    signed = replace(FULL, signed_data=f"{text}\n{text}")
    for version in (V201, V21):
        _, payload = codec_of(version).encode(replace(VALUES, samples=(signed,)))
        found = [value for value in payload["meterValue"][0]["sampledValue"] if "signedMeterValue" in value]
        assert [value["signedMeterValue"] for value in found] == [fields, fields]
        assert [value["value"] for value in found] == [1235000, 1235000]
    _, payload = codec_of(V16).encode(replace(VALUES, samples=(signed,)))
    found = [value["value"] for value in payload["meterValue"][0]["sampledValue"] if value.get("format")]
    assert found == [text, text]


def test_signed_values_with_lines_of_their_own_are_not_torn() -> None:
    signed = replace(FULL, signed_data="<values>\n <value/>\n</values>")
    _, payload = codec_of(V16).encode(replace(VALUES, samples=(signed,)))
    assert payload["meterValue"][0]["sampledValue"][-1]["value"] == "<values>\n <value/>\n</values>"


def test_a_signed_value_without_a_register_tells_its_own_or_is_left_out() -> None:
    codec = codec_of(V201)
    lone = EvseSample(timestamp=AT, context=ReadingContext.TRANSACTION_BEGIN, signed_data=OCMF)
    _, payload = codec.encode(replace(VALUES, samples=(lone,)))
    assert payload["meterValue"][0]["sampledValue"][0]["value"] == 12345
    _, payload = codec.encode(replace(VALUES, samples=(replace(lone, signed_data="<values/>"),)))
    assert "meterValue" not in payload


def test_a_signature_that_does_not_fit_is_not_cut() -> None:
    long = replace(FULL, signed_data="x" * 3000)
    _, payload = codec_of(V201).encode(replace(VALUES, samples=(long,)))
    assert not any("signedMeterValue" in value for value in payload["meterValue"][0]["sampledValue"])
    _, payload = codec_of(V21).encode(replace(VALUES, samples=(long,)))
    assert len(b64decode(payload["meterValue"][0]["sampledValue"][0]["signedMeterValue"]["signedMeterData"])) == 3000


def test_1_6_has_no_way_to_say_that_nothing_was_measured() -> None:
    with pytest.raises(InvalidPayloadError):
        codec_of(V16).encode(VALUES)


def test_a_station_introduces_itself() -> None:
    identity = StationIdentity("A vendor with a very long name", None, "SN-1", "1.0")
    assert codec_of(V16).encode(Boot(identity)) == (
        "BootNotification",
        {
            "chargePointVendor": "A vendor with a very",
            "chargePointModel": "unknown",
            "chargePointSerialNumber": "SN-1",
            "firmwareVersion": "1.0",
        },
    )
    assert codec_of(V201).encode(Boot(identity, "Triggered")) == (
        "BootNotification",
        {
            "reason": "Triggered",
            "chargingStation": {
                "vendorName": "A vendor with a very long name",
                "model": "unknown",
                "serialNumber": "SN-1",
                "firmwareVersion": "1.0",
            },
        },
    )


def test_a_status_is_told_in_the_words_of_the_version() -> None:
    suspended = Status(evse_id=2, connector_id=3, status=EvseStatus.SUSPENDED_EVSE, timestamp=AT)
    assert codec_of(V16).encode(suspended)[1] == {
        "connectorId": 2,
        "errorCode": "NoError",
        "status": "SuspendedEVSE",
        "timestamp": WRITTEN,
    }
    assert codec_of(V201).encode(suspended)[1] == {
        "timestamp": WRITTEN,
        "connectorStatus": "Occupied",
        "evseId": 2,
        "connectorId": 3,
    }
    faulted = Status(evse_id=1, status=EvseStatus.FAULTED, error_code="groundfailure", timestamp=AT)
    assert codec_of(V16).encode(faulted)[1]["errorCode"] == "GroundFailure"
    odd = codec_of(V16).encode(replace(faulted, error_code="E-42"))[1]
    assert (odd["errorCode"], odd["vendorErrorCode"]) == ("OtherError", "E-42")
    station = Status(evse_id=0, status=EvseStatus.CHARGING, timestamp=AT)
    assert codec_of(V16).encode(station)[1]["status"] == "Available"


def test_little_messages(codec: UpCodec) -> None:
    assert codec.encode(Heartbeat()) == ("Heartbeat", {})
    assert codec.encode(Data("org.acme", None, "x")) == ("DataTransfer", {"vendorId": "org.acme", "data": "x"})


async def test_schemas_are_read_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    await preload()

    def forbidden(*args: object, **kwargs: object) -> Callable[..., object]:
        raise AssertionError("a file is read on the event loop")

    monkeypatch.setattr("custom_components.offline_evse.engine.ocppj.schemas.files", forbidden)
    for version in OcppVersion:
        for message in (START, STOP, Heartbeat(), Ask(CARD), Data("x"), Boot(StationIdentity())):
            assert codec_of(version).encode(message)[0]
