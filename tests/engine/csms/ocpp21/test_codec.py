"""What OCPP 2.1 has beyond 2.0.1, in both directions."""

from typing import Any

from hypothesis import given, strategies as st
from ocpp.v21.enums import Action
import pytest

from custom_components.offline_evse.engine.csms.codec import UnknownActionError, UnsupportedCommandError
from custom_components.offline_evse.engine.csms.ocpp21.codec import Ocpp21Codec
from custom_components.offline_evse.engine.csms.ocpp21.edition import OCPP_21
from custom_components.offline_evse.engine.csms.ocpp201.edition import OCPP_201
from custom_components.offline_evse.engine.csms.payloads.sent import SENT
from custom_components.offline_evse.engine.model.command import ApplyLimit, Command, CommandResult, Outcome
from custom_components.offline_evse.engine.model.id_token import IdTokenType
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.station_event import (
    Acknowledged,
    IdTokenPresented,
    NoticeReported,
    TransactionReported,
)
from custom_components.offline_evse.engine.ocppj.schemas import check_request, check_response
from tests.engine.clock import ManualClock
from tests.engine.csms.any_command import COMMANDS
from tests.engine.csms.tally import Tally

LIMIT = ApplyLimit(evse_id=1, current_a=10, phases=3, transaction_id="tx-1", expires_after_s=250)
REJECTED = CommandResult(outcome=Outcome.REJECTED)
ACCEPTED = CommandResult(outcome=Outcome.ACCEPTED)
SERVED = frozenset(
    (
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "Heartbeat",
        "MeterValues",
        "NotifyReport",
        "StatusNotification",
        "TransactionEvent",
    )
)


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def codec(tally: Tally) -> Ocpp21Codec:
    return Ocpp21Codec("cp1", ManualClock(), tally)


def profile_of(codec: Ocpp21Codec, command: Command = LIMIT) -> dict[str, Any]:
    action, payload = codec.encode_command(command)
    assert action == "SetChargingProfile"
    profile = payload["chargingProfile"]
    assert isinstance(profile, dict)
    return profile


def test_a_live_limit_also_ends_with_the_connection(codec: Ocpp21Codec) -> None:
    """Besides its own two steps."""
    profile = profile_of(codec)
    assert profile["maxOfflineDuration"] == 250
    assert profile["invalidAfterOfflineDuration"] is True
    periods = profile["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert [(period["startPeriod"], period["limit"]) for period in periods] == [(0, 10), (310, 6)]


def test_a_limit_that_holds_has_no_offline_duration(codec: Ocpp21Codec) -> None:
    profile = profile_of(codec, ApplyLimit(evse_id=1, current_a=10, phases=3, expires_after_s=None))
    assert "maxOfflineDuration" not in profile
    assert "invalidAfterOfflineDuration" not in profile


def test_a_station_that_refuses_the_offline_duration_is_offered_the_same_without(codec: Ocpp21Codec) -> None:
    first = profile_of(codec)
    assert codec.next_rung(LIMIT, REJECTED)
    second = profile_of(codec)
    assert "maxOfflineDuration" not in second
    assert second == {key: value for key, value in first.items() if "ffline" not in key}
    codec.decode_result(LIMIT, {"status": "Accepted"})
    assert codec.ladder.current.expires


def test_a_relative_profile_is_not_said_to_run_out(codec: Ocpp21Codec) -> None:
    """It ends so long after the connection has gone, not so long after it was set."""
    while codec.ladder.current.kind != "Relative":
        assert codec.next_rung(LIMIT, REJECTED)
    assert profile_of(codec)["maxOfflineDuration"] == 250
    assert not codec.ladder.current.expires


@given(command=COMMANDS, refusals=st.integers(0, 80))
def test_whatever_is_asked_for_leaves_in_a_valid_form(command: Command, refusals: int) -> None:
    codec = Ocpp21Codec("cp1", ManualClock(), Tally())
    codec.ladder.saw_evse(1)
    for _ in range(refusals):
        codec.next_rung(LIMIT, REJECTED)
    try:
        action, payload = codec.encode_command(command)
    except UnsupportedCommandError:
        return
    assert action in SENT[OcppVersion.V21]
    check_request(OcppVersion.V21, action, payload)


@pytest.mark.parametrize("action", sorted(OCPP_21.notices - OCPP_201.notices))
def test_messages_that_only_2_1_has_get_their_receipt(codec: Ocpp21Codec, action: str) -> None:
    """What is not done here is refused in the words of the request's own answer."""
    event = codec.decode_call(action, {"anything": 1})
    assert isinstance(event, NoticeReported)
    answer = codec.encode_answer(event, Acknowledged())
    check_response(OcppVersion.V21, action, answer)
    refused = ("OpenPeriodicEventStream", "PullDynamicScheduleUpdate")
    assert answer == ({"status": "Rejected"} if action in refused else {})


def test_unknown_actions(codec: Ocpp21Codec) -> None:
    """Everything else, requests of ours included."""
    for action in {action.value for action in Action} - OCPP_21.notices - SERVED:
        with pytest.raises(UnknownActionError):
            codec.decode_call(action, {})


def test_costs_and_newer_words_change_nothing(codec: Ocpp21Codec, tally: Tally) -> None:
    """And are no oddity."""
    event = codec.decode_call(
        "TransactionEvent",
        {
            "eventType": "Updated",
            "timestamp": "2026-06-01T11:59:50Z",
            "triggerReason": "RunningCost",
            "seqNo": 3,
            "preconditioningStatus": "Ready",
            "evseSleep": False,
            "transactionInfo": {
                "transactionId": "tx-1",
                "chargingState": "Charging",
                "operationMode": "ChargingOnly",
                "tariffId": "T",
                "transactionLimit": {"maxCost": 10},
            },
            "costDetails": {"totalCost": {"currency": "EUR", "typeOfCost": "NormalCost"}, "totalUsage": {"energy": 1}},
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": [
                {
                    "timestamp": "2026-06-01T11:59:50Z",
                    "sampledValue": [
                        {"value": 9.9, "measurand": "Current.Import", "phase": "L1"},
                        {"value": 10, "measurand": "Current.Import.Offered"},
                        {"value": 41, "measurand": "Display.PresentSOC"},
                        {"value": 3, "measurand": "EnergyRequest.Bulk"},
                    ],
                }
            ],
        },
    )
    assert isinstance(event, TransactionReported)
    sample = event.report.samples[0]
    assert sample.offered_a == 10
    assert sample.currents_a is not None
    assert sample.currents_a[0] == 9.9
    assert not tally.met


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("EVCCID", IdTokenType.MAC_ADDRESS),
        ("DirectPayment", IdTokenType.CENTRAL),
        ("VIN", IdTokenType.LOCAL),
        ("ISO14443", IdTokenType.ISO14443),
    ],
)
def test_tokens_of_2_1(codec: Ocpp21Codec, tally: Tally, written: str, read: IdTokenType) -> None:
    """Up to 255 characters, of types that 2.0.1 does not have."""
    event = codec.decode_call("Authorize", {"idToken": {"idToken": "x" * 255, "type": written}})
    assert isinstance(event, IdTokenPresented)
    assert (len(event.id_token.value), event.id_token.type) == (255, read)
    assert not tally.met
