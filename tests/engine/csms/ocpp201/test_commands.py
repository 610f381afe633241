"""Commands on the wire, and what stations answer to them."""

from dataclasses import replace
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.offline_evse.engine.csms.codec import UnsupportedCommandError
from custom_components.offline_evse.engine.csms.ocpp201.codec import Ocpp201Codec
from custom_components.offline_evse.engine.csms.payloads.sent import SENT
from custom_components.offline_evse.engine.model.command import (
    ApplyFloor,
    ApplyLimit,
    ChangeAvailability,
    ClearAuthorizationCache,
    Command,
    CommandResult,
    Outcome,
    ReadCompositeSchedule,
    ReadVariables,
    RequestReport,
    Reset,
    SendData,
    StartTransaction,
    StopTransaction,
    Trigger,
    TriggerMessage,
    UnlockConnector,
    WriteVariable,
)
from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from custom_components.offline_evse.engine.model.station import OcppVersion, ResetKind
from custom_components.offline_evse.engine.ocppj.schemas import check_request
from tests.engine.clock import ManualClock
from tests.engine.csms.any_command import COMMANDS, JSON
from tests.engine.csms.tally import Tally

LIMIT = ApplyLimit(evse_id=2, current_a=8.3, phases=1, transaction_id="tx-1", fallback_a=6.0, expires_after_s=250)
RATE_UNIT = {"component": {"name": "SmartChargingCtrlr"}, "variable": {"name": "RateUnit"}}


@pytest.mark.parametrize(
    ("command", "action", "payload"),
    [
        (
            StartTransaction(evse_id=2, id_token=IdToken("ABC", IdTokenType.CENTRAL), remote_start_id=7),
            "RequestStartTransaction",
            {"idToken": {"idToken": "ABC", "type": "Central"}, "remoteStartId": 7, "evseId": 2},
        ),
        (StopTransaction("tx-1"), "RequestStopTransaction", {"transactionId": "tx-1"}),
        (Reset(), "Reset", {"type": "OnIdle"}),
        (Reset(ResetKind.HARD), "Reset", {"type": "Immediate"}),
        (ChangeAvailability(0, True), "ChangeAvailability", {"operationalStatus": "Operative"}),
        (
            ChangeAvailability(2, False),
            "ChangeAvailability",
            {"operationalStatus": "Inoperative", "evse": {"id": 2}},
        ),
        (UnlockConnector(2, 1), "UnlockConnector", {"evseId": 2, "connectorId": 1}),
        (
            TriggerMessage(Trigger.TRANSACTION, 2),
            "TriggerMessage",
            {"requestedMessage": "TransactionEvent", "evse": {"id": 2}},
        ),
        (
            TriggerMessage(Trigger.STATUS, 2),
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}},
        ),
        (TriggerMessage(Trigger.BOOT, 0), "TriggerMessage", {"requestedMessage": "BootNotification"}),
        (
            ReadVariables(("SmartChargingCtrlr.RateUnit",)),
            "GetVariables",
            {"getVariableData": [RATE_UNIT]},
        ),
        (
            WriteVariable("A[1].B[2]", "x"),
            "SetVariables",
            {
                "setVariableData": [
                    {
                        "attributeValue": "x",
                        "component": {"name": "A", "instance": "1"},
                        "variable": {"name": "B", "instance": "2"},
                    }
                ]
            },
        ),
        (RequestReport(5), "GetBaseReport", {"requestId": 5, "reportBase": "FullInventory"}),
        (SendData("v", "m", "d"), "DataTransfer", {"vendorId": "v", "messageId": "m", "data": "d"}),
        (ClearAuthorizationCache(), "ClearCache", {}),
        (ReadCompositeSchedule(1), "GetCompositeSchedule", {"duration": 600, "evseId": 1}),
        (ApplyFloor(evse_id=2, current_a=None, phases=3), "ClearChargingProfile", {"chargingProfileId": 21}),
    ],
)
def test_commands(codec: Ocpp201Codec, command: Command, action: str, payload: dict[str, Any]) -> None:
    """Each in the words of 2.0.1."""
    assert codec.encode_command(command) == (action, payload)


def test_live_limit(codec_201: Ocpp201Codec) -> None:
    """For the transaction, beginning a minute ago and falling back by itself."""
    assert codec_201.encode_command(LIMIT) == (
        "SetChargingProfile",
        {
            "evseId": 2,
            "chargingProfile": {
                "id": 22,
                "stackLevel": 1,
                "chargingProfilePurpose": "TxProfile",
                "chargingProfileKind": "Absolute",
                "transactionId": "tx-1",
                "chargingSchedule": [
                    {
                        "id": 22,
                        "chargingRateUnit": "A",
                        "startSchedule": "2026-06-01T11:59:00.000Z",
                        "chargingSchedulePeriod": [
                            {"startPeriod": 0, "limit": 8.3, "numberPhases": 1},
                            {"startPeriod": 310, "limit": 6, "numberPhases": 1},
                        ],
                    }
                ],
            },
        },
    )


def test_a_limit_for_evse_2_never_throttles_the_station(codec: Ocpp201Codec) -> None:
    """Down every rung of the ladder, on a station that has two EVSEs."""
    for evse_id in (1, 2):
        codec.decode_call("StatusNotification", {"evseId": evse_id, "connectorStatus": "Available"})
    while True:
        _, payload = codec.encode_command(LIMIT)
        assert payload["evseId"] == 2
        assert payload["chargingProfile"]["chargingProfilePurpose"] in ("TxProfile", "TxDefaultProfile")
        if not codec.next_rung(LIMIT, CommandResult(outcome=Outcome.REJECTED)):
            break
    assert codec.ladder.current == codec.ladder.shapes[0]


@pytest.mark.parametrize(
    "command",
    [
        ReadVariables(),
        ReadVariables(("HeartbeatInterval",)),
        WriteVariable("A.B.C", ""),
        WriteVariable("A.B", "v" * 1001),
        StopTransaction("x" * 37),
        StartTransaction(evse_id=1, id_token=IdToken("x" * 37), remote_start_id=1),
        SendData("v" * 256),
    ],
)
def test_what_2_0_1_cannot_say_is_said_so(codec_201: Ocpp201Codec, command: Command) -> None:
    """Before it leaves, and not as a fault of ours."""
    with pytest.raises(UnsupportedCommandError):
        codec_201.encode_command(command)


def test_a_limit_reaches_a_station_whose_transaction_cannot_be_named(codec: Ocpp201Codec) -> None:
    """As the default for whatever runs there."""
    _, payload = codec.encode_command(replace(LIMIT, transaction_id="x" * 37))
    profile = payload["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
    assert "transactionId" not in profile


@given(commands=st.lists(COMMANDS, max_size=12), refusals=st.integers(0, 40))
def test_whatever_is_asked_for_leaves_in_a_valid_form(commands: list[Command], refusals: int) -> None:
    """On any rung of the ladder."""
    codec = Ocpp201Codec("cp1", ManualClock(), Tally())
    codec.ladder.saw_evse(1)
    for _ in range(refusals):
        codec.next_rung(LIMIT, CommandResult(outcome=Outcome.REJECTED))
    for command in commands:
        try:
            action, payload = codec.encode_command(command)
        except UnsupportedCommandError:
            continue
        assert action in SENT[OcppVersion.V201]
        check_request(OcppVersion.V201, action, payload)


def test_variables(codec: Ocpp201Codec) -> None:
    """Under the names they were asked by, and None where the station has none."""
    command = ReadVariables(("smartchargingctrlr.rateunit", "A.B", "C.D"))
    answer = {
        "getVariableResult": [
            RATE_UNIT | {"attributeStatus": "Accepted", "attributeValue": "A"},
            {"component": {"name": "A"}, "variable": {"name": "B"}, "attributeStatus": "UnknownVariable"},
        ]
    }
    result = codec.decode_result(command, answer)
    assert result.variables == {"smartchargingctrlr.rateunit": "A", "A.B": None, "C.D": None}
    assert {shape.unit.value for shape in codec.ladder.shapes} == {"A"}


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Accepted", Outcome.ACCEPTED),
        ("RebootRequired", Outcome.SCHEDULED),
        ("Rejected", Outcome.REJECTED),
        ("UnknownComponent", Outcome.UNSUPPORTED),
        ("UnknownVariable", Outcome.UNSUPPORTED),
        ("NotSupportedAttributeType", Outcome.UNSUPPORTED),
        (None, Outcome.UNCERTAIN),
    ],
)
def test_written_variables(codec: Ocpp201Codec, word: str | None, outcome: Outcome) -> None:
    """The status is one level down."""
    answer = {"setVariableResult": [{"attributeStatus": word}]}
    assert codec.decode_result(WriteVariable("A.B", "x"), answer).outcome is outcome
    assert codec.decode_result(WriteVariable("A.B", "x"), {}).outcome is Outcome.UNCERTAIN


def test_the_reason_of_a_refusal_is_kept(codec: Ocpp201Codec) -> None:
    """For whoever has to explain it."""
    answer = {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound", "additionalInfo": "gone"}}
    result = codec.decode_result(StopTransaction("t"), answer)
    assert (result.outcome, result.detail) == (Outcome.REJECTED, "Rejected: TxNotFound: gone")


def test_composite_schedule(codec: Ocpp201Codec) -> None:
    """In watts, for an EVSE that is known to have one phase."""
    codec.encode_command(LIMIT)
    schedule = {
        "evseId": 2,
        "duration": 600,
        "scheduleStart": "2026-06-01T12:00:00Z",
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 2300}],
    }
    answer = {"status": "Accepted", "schedule": schedule}
    assert codec.decode_result(ReadCompositeSchedule(2), answer).limit_a == 10
    assert codec.decode_result(ReadCompositeSchedule(2), {"status": "Rejected"}).limit_a is None


@given(command=COMMANDS, answer=JSON | st.dictionaries(
    st.sampled_from(["status", "statusInfo", "getVariableResult", "setVariableResult", "schedule"]), JSON
))  # fmt: skip
def test_no_answer_raises(command: Command, answer: Any) -> None:
    """Whatever stands in it, the command has ended somehow."""
    codec = Ocpp201Codec("cp1", ManualClock(), Tally())
    assert isinstance(codec.decode_result(command, answer), CommandResult)
