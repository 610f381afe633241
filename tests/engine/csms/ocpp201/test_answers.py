"""Our answers, checked against the schemas that a strict station would use."""

import pytest

from custom_components.offline_evse.engine.csms.codec import Payload
from custom_components.offline_evse.engine.csms.ocpp201.codec import Ocpp201Codec
from custom_components.offline_evse.engine.csms.ocpp201.edition import OCPP_201
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus
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

TOKEN = {"idToken": "ABC", "type": "ISO14443"}


def answered(codec: Ocpp201Codec, action: str, answer: StationAnswer, **request: object) -> Payload:
    """Answer a request, and make sure that the answer is a valid one."""
    payload = codec.encode_answer(codec.decode_call(action, request), answer)
    check_response(codec.version, action, payload)
    return payload


def test_boot(codec: Ocpp201Codec) -> None:
    """A station that nobody adopted stays pending."""
    for accepted, status in ((True, "Accepted"), (False, "Pending")):
        answer = BootAnswer(accepted=accepted, current_time=NOON, interval_s=30)
        assert answered(codec, "BootNotification", answer) == {
            "status": status,
            "currentTime": "2026-06-01T12:00:00.000Z",
            "interval": 30,
        }


def test_heartbeat(codec: Ocpp201Codec) -> None:
    """RFC 3339 with milliseconds."""
    assert answered(codec, "Heartbeat", TimeAnswer(NOON)) == {"currentTime": "2026-06-01T12:00:00.000Z"}


@pytest.mark.parametrize("status", AuthorizationStatus)
def test_authorize(codec: Ocpp201Codec, status: AuthorizationStatus) -> None:
    """The model's words are those of 2.0.1."""
    assert answered(codec, "Authorize", AuthorizationAnswer(status, NOON), idToken=TOKEN) == {
        "idTokenInfo": {"status": status.value, "cacheExpiryDateTime": "2026-06-01T12:00:00.000Z"}
    }


def test_a_refused_card_is_refused_in_the_transaction_too(codec: Ocpp201Codec) -> None:
    """Something is said of a token only if one was presented."""
    answer = TransactionAnswer(transaction_id="t", authorization=AuthorizationAnswer(AuthorizationStatus.BLOCKED))
    assert answered(codec, "TransactionEvent", answer, idToken=TOKEN) == {"idTokenInfo": {"status": "Blocked"}}
    assert answered(codec, "TransactionEvent", answer) == {}
    assert answered(codec, "TransactionEvent", TransactionAnswer(transaction_id="t"), idToken=TOKEN) == {}


def test_data_transfer(codec: Ocpp201Codec) -> None:
    """Honest about vendors."""
    assert answered(codec, "DataTransfer", DataTransferAnswer()) == {"status": "UnknownVendorId"}
    assert answered(codec, "DataTransfer", DataTransferAnswer(known_vendor=True)) == {"status": "Accepted"}


@pytest.mark.parametrize("action", ["StatusNotification", "MeterValues", "NotifyReport"])
def test_plain_receipts(codec: Ocpp201Codec, action: str) -> None:
    """With nothing in them."""
    assert answered(codec, action, Acknowledged()) == {}


@pytest.mark.parametrize("action", sorted(OCPP_201.notices))
def test_notices(codec: Ocpp201Codec, action: str) -> None:
    """A receipt; what is not done here is refused in the words of the request's own answer."""
    refused = {
        "SignCertificate": "Rejected",
        "NotifyEVChargingNeeds": "Rejected",
        "GetCertificateStatus": "Failed",
        "NotifyEVChargingSchedule": "Accepted",
    }
    expected = {"status": refused[action]} if action in refused else {}
    assert answered(codec, action, Acknowledged()) == expected


def test_an_answer_that_does_not_belong_is_a_fault_of_ours(codec: Ocpp201Codec) -> None:
    """A transaction is never acknowledged without its ledger entry."""
    with pytest.raises(TypeError):
        codec.encode_answer(codec.decode_call("TransactionEvent", {}), Acknowledged())
