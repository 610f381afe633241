"""Commands on the wire, and what charge points answer to them."""

from dataclasses import replace
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.offline_evse.engine.csms.codec import UnsupportedCommandError
from custom_components.offline_evse.engine.csms.ocpp16.codec import Ocpp16Codec
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
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import OcppVersion, ResetKind
from custom_components.offline_evse.engine.ocppj.schemas import check_request
from tests.engine.clock import ManualClock
from tests.engine.csms.any_command import COMMANDS, JSON
from tests.engine.csms.tally import Tally

LIMIT = ApplyLimit(evse_id=2, current_a=8.3, phases=3, transaction_id="42", fallback_a=6.0, expires_after_s=250)


@pytest.mark.parametrize(
    ("command", "action", "payload"),
    [
        (
            StartTransaction(evse_id=2, id_token=IdToken("ABC"), remote_start_id=1),
            "RemoteStartTransaction",
            {"idTag": "ABC", "connectorId": 2},
        ),
        (StopTransaction("42"), "RemoteStopTransaction", {"transactionId": 42}),
        (Reset(), "Reset", {"type": "Soft"}),
        (Reset(ResetKind.HARD), "Reset", {"type": "Hard"}),
        (ChangeAvailability(0, False), "ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
        (UnlockConnector(2), "UnlockConnector", {"connectorId": 2}),
        (
            TriggerMessage(Trigger.TRANSACTION, 2),
            "TriggerMessage",
            {"requestedMessage": "MeterValues", "connectorId": 2},
        ),
        (TriggerMessage(Trigger.STATUS), "TriggerMessage", {"requestedMessage": "StatusNotification"}),
        (ReadVariables(("A", "B")), "GetConfiguration", {"key": ["A", "B"]}),
        (ReadVariables(), "GetConfiguration", {}),
        (RequestReport(5), "GetConfiguration", {}),
        (WriteVariable("A", ""), "ChangeConfiguration", {"key": "A", "value": ""}),
        (SendData("v", None, "d"), "DataTransfer", {"vendorId": "v", "data": "d"}),
        (ClearAuthorizationCache(), "ClearCache", {}),
        (ReadCompositeSchedule(1), "GetCompositeSchedule", {"connectorId": 1, "duration": 600}),
        (ApplyFloor(evse_id=2, current_a=None, phases=3), "ClearChargingProfile", {"id": 21}),
    ],
)
def test_commands(codec: Ocpp16Codec, command: Command, action: str, payload: dict[str, Any]) -> None:
    """Each in the words of 1.6."""
    assert codec.encode_command(command) == (action, payload)


def test_live_limit(codec: Ocpp16Codec) -> None:
    """For the transaction, on its own connector, beginning a minute ago and falling back by itself."""
    assert codec.encode_command(LIMIT) == (
        "SetChargingProfile",
        {
            "connectorId": 2,
            "csChargingProfiles": {
                "chargingProfileId": 22,
                "transactionId": 42,
                "stackLevel": 1,
                "chargingProfilePurpose": "TxProfile",
                "chargingProfileKind": "Absolute",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "startSchedule": "2026-06-01T11:59:00.000Z",
                    "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 8.3},
                        {"startPeriod": 310, "limit": 6},
                    ],
                },
            },
        },
    )


def test_floor(codec: Ocpp16Codec) -> None:
    """Below everything else, from the day before on, without an end."""
    assert codec.encode_command(ApplyFloor(evse_id=1, current_a=0.0, phases=1)) == (
        "SetChargingProfile",
        {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 11,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Absolute",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "startSchedule": "2026-05-31T00:00:00.000Z",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0, "numberPhases": 1}],
                },
            },
        },
    )


def test_a_limit_for_connector_2_never_throttles_the_station(codec: Ocpp16Codec) -> None:
    """Down every rung of the ladder, on a station that has two connectors."""
    codec.decode_call("StatusNotification", {"connectorId": 1, "status": "Available"})
    codec.decode_call("StatusNotification", {"connectorId": 2, "status": "Charging"})
    rungs = 0
    while True:
        _, payload = codec.encode_command(LIMIT)
        assert payload["connectorId"] == 2
        assert payload["csChargingProfiles"]["chargingProfilePurpose"] != "ChargePointMaxProfile"
        rungs += 1
        if not codec.next_rung(LIMIT, CommandResult(outcome=Outcome.REJECTED)):
            break
    assert rungs == len(codec.ladder.shapes)


def test_microocpp_huawei_take_watts_only(codec: Ocpp16Codec) -> None:
    """8 A on one phase are 1840 W, and the phase has to be named."""
    command = ReadVariables(("ChargingScheduleAllowedChargingRateUnit",))
    answer = {"configurationKey": [{"key": "ChargingScheduleAllowedChargingRateUnit", "value": "Power"}]}
    codec.decode_result(command, answer)
    _, payload = codec.encode_command(ApplyLimit(evse_id=1, current_a=8, phases=1, expires_after_s=None))
    schedule = payload["csChargingProfiles"]["chargingSchedule"]
    assert schedule["chargingRateUnit"] == "W"
    assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 1840, "numberPhases": 1}]


@pytest.mark.parametrize(
    "command",
    [
        StartTransaction(evse_id=1, id_token=IdToken("x" * 21), remote_start_id=1),
        StopTransaction("3f1c"),
        WriteVariable("k" * 51, ""),
        WriteVariable("k", "v" * 501),
        SendData("v" * 256),
        ReadVariables(("k" * 51,)),
    ],
)
def test_what_1_6_cannot_say_is_said_so(codec: Ocpp16Codec, command: Command) -> None:
    """Before it leaves, and not as a fault of ours."""
    with pytest.raises(UnsupportedCommandError):
        codec.encode_command(command)


def test_a_limit_reaches_a_station_whose_transaction_cannot_be_named(codec: Ocpp16Codec) -> None:
    """As the default for whatever runs there."""
    _, payload = codec.encode_command(replace(LIMIT, transaction_id="3f1c"))
    profile = payload["csChargingProfiles"]
    assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
    assert "transactionId" not in profile


@given(commands=st.lists(COMMANDS, max_size=12), refusals=st.integers(0, 40))
def test_whatever_is_asked_for_leaves_in_a_valid_form(commands: list[Command], refusals: int) -> None:
    """On any rung of the ladder."""
    codec = Ocpp16Codec("cp1", ManualClock(), Tally())
    codec.ladder.saw_evse(1)
    for _ in range(refusals):
        codec.next_rung(LIMIT, CommandResult(outcome=Outcome.REJECTED))
    for command in commands:
        try:
            action, payload = codec.encode_command(command)
        except UnsupportedCommandError:
            continue
        assert action in SENT[OcppVersion.V16]
        check_request(OcppVersion.V16, action, payload)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Accepted", Outcome.ACCEPTED),
        ("accepted ", Outcome.ACCEPTED),
        ("Rejected", Outcome.REJECTED),
        ("NotSupported", Outcome.UNSUPPORTED),
        ("NotImplemented", Outcome.UNSUPPORTED),
        ("Scheduled", Outcome.SCHEDULED),
        ("RebootRequired", Outcome.SCHEDULED),
        ("Unlocked", Outcome.ACCEPTED),
        ("UnlockFailed", Outcome.REJECTED),
        ("UnknownVendorId", Outcome.UNSUPPORTED),
        ("OK", Outcome.ACCEPTED),
        ("Perhaps", Outcome.UNCERTAIN),
        (None, Outcome.UNCERTAIN),
        ({}, Outcome.UNCERTAIN),
    ],
)
def test_outcomes(codec: Ocpp16Codec, word: object, outcome: Outcome) -> None:
    """A vendor's extra fields do not turn a yes into a failure."""
    assert codec.decode_result(Reset(), {"status": word, "vendorExtra": 1}).outcome is outcome


def test_nothing_to_clear_is_as_good(codec: Ocpp16Codec) -> None:
    """`Unknown` says that there was no such profile."""
    command = ApplyFloor(evse_id=1, current_a=None, phases=3)
    assert codec.decode_result(command, {"status": "Unknown"}).outcome is Outcome.ACCEPTED


def test_configuration(codec: Ocpp16Codec, tally: Tally) -> None:
    """Dazebox brackets, ABB's missing value, quotes, other cases, numbers, and keys that it does not know."""
    command = ReadVariables(("SupportedFeatureProfiles", "A", "b", "C", "D", "E", "Unknown"))
    answer = {
        "configurationKey": [
            {"key": "SupportedFeatureProfiles", "readonly": True, "value": "[Core,LocalAuthListManagement]"},
            {"key": "A", "readonly": False},
            {"key": "B", "readonly": False, "value": ' "x, y" '},
            {"key": "C", "value": 30},
            {"key": "D", "value": True},
            {"key": "E", "value": '["a","b"]'},
            {"key": "Volunteered", "value": "1"},
            {"value": "nameless"},
            "garbage",
        ],
        "unknownKey": ["Unknown"],
    }
    result = codec.decode_result(command, answer)
    assert result.outcome is Outcome.ACCEPTED
    assert result.variables == {
        "SupportedFeatureProfiles": "Core,LocalAuthListManagement",
        "A": None,
        "b": "x, y",
        "C": "30",
        "D": "true",
        "E": '["a","b"]',
        "Unknown": None,
        "Volunteered": "1",
    }
    assert tally.met == {"wrapped_value": 2, "configuration_value_not_text": 2, "entry_not_an_object": 1}


@pytest.mark.parametrize("answer", [{}, {"configurationKey": []}, {"configurationKey": None, "unknownKey": []}, []])
def test_growatt_evec_empty_configuration(codec: Ocpp16Codec, answer: Any) -> None:
    """The key is unknown, and nothing falls over."""
    assert codec.decode_result(ReadVariables(("A",)), answer).variables == {"A": None}
    assert codec.decode_result(RequestReport(1), answer).variables == {}


@pytest.mark.parametrize(
    ("schedule", "limit_a"),
    [
        ({"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 9.5}]}, 9.5),
        ({"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 4140}]}, 6.0),
        (
            {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1380, "numberPhases": 1}]},
            6.0,
        ),
        (
            {
                "duration": 600,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 16},
                    {"startPeriod": 60, "limit": 10},
                    {"startPeriod": 300, "limit": 6},
                ],
            },
            10.0,
        ),
        ({"chargingRateUnit": "A", "chargingSchedulePeriod": {"startPeriod": "0", "limit": "7,5"}}, 7.5),
        ({"chargingRateUnit": "A", "chargingSchedulePeriod": []}, None),
        ({"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0}]}, None),
        ([], None),
    ],
)
def test_composite_schedule(codec: Ocpp16Codec, schedule: object, limit_a: float | None) -> None:
    """The limit in force now, a hundred seconds into the schedule where that has a duration."""
    answer = {
        "status": "Accepted",
        "connectorId": 1,
        "scheduleStart": "2026-06-01T11:58:20Z",
        "chargingSchedule": schedule,
    }
    result = codec.decode_result(ReadCompositeSchedule(1), answer)
    assert (result.outcome, result.limit_a) == (Outcome.ACCEPTED, limit_a)


def test_orbis_viaris_composite_schedule(codec: Ocpp16Codec) -> None:
    """Local time marked as UTC, and a start of a period in the year 2001."""
    answer = {
        "status": "Accepted",
        "scheduleStart": "2026-06-01T14:00:00Z",
        "chargingSchedule": {
            "duration": 600,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 1006632455, "limit": 16}],
        },
    }
    assert codec.decode_result(ReadCompositeSchedule(1), answer).limit_a == 16


@given(command=COMMANDS, answer=JSON | st.dictionaries(
    st.sampled_from(["status", "configurationKey", "chargingSchedule", "scheduleStart"]), JSON
))  # fmt: skip
def test_no_answer_raises(command: Command, answer: Any) -> None:
    """Whatever stands in it, the command has ended somehow."""
    codec = Ocpp16Codec("cp1", ManualClock(), Tally())
    assert isinstance(codec.decode_result(command, answer), CommandResult)
