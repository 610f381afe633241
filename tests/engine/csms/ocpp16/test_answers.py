"""Our answers, checked against the schemas that a strict charge point would use."""

from datetime import timedelta

import pytest

from custom_components.offline_evse.engine.csms.codec import Payload
from custom_components.offline_evse.engine.csms.ocpp16.codec import Ocpp16Codec
from custom_components.offline_evse.engine.csms.ocpp16.inbound import NOTICES
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.station_event import (
    Acknowledged,
    AuthorizationAnswer,
    BootAnswer,
    DataTransferAnswer,
    StationAnswer,
    TimeAnswer,
    TransactionAnswer,
)
from custom_components.offline_evse.engine.ocppj.schemas import check_response
from tests.engine.clock import NOON


def answered(codec: Ocpp16Codec, action: str, answer: StationAnswer, **request: object) -> Payload:
    """Answer a request, and make sure that the answer is a valid one."""
    payload = codec.encode_answer(codec.decode_call(action, request), answer)
    check_response(OcppVersion.V16, action, payload)
    return payload


def test_boot(codec: Ocpp16Codec) -> None:
    """A station that nobody adopted stays pending."""
    answer = BootAnswer(accepted=True, current_time=NOON + timedelta(microseconds=123999), interval_s=30)
    assert answered(codec, "BootNotification", answer) == {
        "status": "Accepted",
        "currentTime": "2026-06-01T12:00:00.123Z",
        "interval": 30,
    }
    answer = BootAnswer(accepted=False, current_time=NOON, interval_s=30)
    assert answered(codec, "BootNotification", answer)["status"] == "Pending"


def test_heartbeat(codec: Ocpp16Codec) -> None:
    """RFC 3339 with milliseconds."""
    assert answered(codec, "Heartbeat", TimeAnswer(NOON)) == {"currentTime": "2026-06-01T12:00:00.000Z"}


@pytest.mark.parametrize("status", AuthorizationStatus)
def test_authorize(codec: Ocpp16Codec, status: AuthorizationStatus) -> None:
    """1.6 has five words; an unknown card, a wrong place and a wrong time are invalid, used up is blocked."""
    only_2x = {"Unknown": "Invalid", "NotAtThisLocation": "Invalid", "NotAtThisTime": "Invalid", "NoCredit": "Blocked"}
    info = answered(codec, "Authorize", AuthorizationAnswer(status, NOON), idTag="A")["idTagInfo"]
    assert info["status"] == only_2x.get(status.value, status.value)
    assert info["expiryDate"] == "2026-06-01T12:00:00.000Z"


def test_the_group_is_told(codec: Ocpp16Codec) -> None:
    """A charger ends a session for another card of the same parent; its id is no longer than an idTag."""
    told = AuthorizationAnswer(AuthorizationStatus.ACCEPTED, group="G" * 25)
    assert answered(codec, "Authorize", told, idTag="A")["idTagInfo"]["parentIdTag"] == "G" * 20


def test_start(codec: Ocpp16Codec) -> None:
    """The id is a number on the wire."""
    accepted = AuthorizationAnswer(AuthorizationStatus.ACCEPTED)
    answer = TransactionAnswer(transaction_id="42", authorization=accepted)
    assert answered(codec, "StartTransaction", answer, connectorId=1, idTag="A") == {
        "transactionId": 42,
        "idTagInfo": {"status": "Accepted"},
    }
    without_tag = answered(codec, "StartTransaction", TransactionAnswer(transaction_id="42"), connectorId=1)
    assert without_tag["idTagInfo"] == {"status": "Invalid"}


def test_stop(codec: Ocpp16Codec) -> None:
    """Something is said of a tag only if one was presented."""
    answer = TransactionAnswer(transaction_id="42", authorization=AuthorizationAnswer(AuthorizationStatus.ACCEPTED))
    assert answered(codec, "StopTransaction", answer, transactionId=42) == {}
    assert answered(codec, "StopTransaction", answer, transactionId=42, idTag="A") == {
        "idTagInfo": {"status": "Accepted"}
    }
    assert answered(codec, "StopTransaction", TransactionAnswer(transaction_id="42"), idTag="A") == {}


def test_meter_values(codec: Ocpp16Codec) -> None:
    """A receipt, in a transaction or not."""
    assert answered(codec, "MeterValues", TransactionAnswer(transaction_id="42"), transactionId=42) == {}
    assert answered(codec, "MeterValues", Acknowledged()) == {}


def test_data_transfer(codec: Ocpp16Codec) -> None:
    """Honest about vendors."""
    assert answered(codec, "DataTransfer", DataTransferAnswer()) == {"status": "UnknownVendorId"}
    assert answered(codec, "DataTransfer", DataTransferAnswer(known_vendor=True)) == {"status": "Accepted"}


def test_status(codec: Ocpp16Codec) -> None:
    """Known and unknown ones alike."""
    assert answered(codec, "StatusNotification", Acknowledged(), status="Available") == {}
    assert answered(codec, "StatusNotification", Acknowledged(), status="Dreaming") == {}


@pytest.mark.parametrize("action", sorted(NOTICES))
def test_notices(codec: Ocpp16Codec, action: str) -> None:
    """A receipt; nobody here signs certificates."""
    expected = {"status": "Rejected"} if action == "SignCertificate" else {}
    assert answered(codec, action, Acknowledged()) == expected


def test_an_answer_that_does_not_belong_is_a_fault_of_ours(codec: Ocpp16Codec) -> None:
    """A transaction is never acknowledged without its ledger entry."""
    with pytest.raises(TypeError):
        codec.encode_answer(codec.decode_call("StartTransaction", {}), Acknowledged())
