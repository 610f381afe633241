"""Our answers to OCPP 2.0.1 stations."""

from ocpp.v201 import call_result
from ocpp.v201.datatypes import IdTokenInfoType
from ocpp.v201.enums import (
    AuthorizationStatusEnumType,
    DataTransferStatusEnumType,
    GenericStatusEnumType,
    GetCertificateStatusEnumType,
    NotifyEVChargingNeedsStatusEnumType,
    RegistrationStatusEnumType,
)

from ...model.station_event import (
    AuthorizationAnswer,
    BootAnswer,
    DataTransferAnswer,
    NoticeReported,
    StationAnswer,
    StationEvent,
    TimeAnswer,
    TransactionAnswer,
    TransactionReported,
)
from ..codec import Payload
from ..payloads.wire_names import payload_of, wire_time


def encode_answer(event: StationEvent, answer: StationAnswer) -> Payload:
    """Return the payload of a CALLRESULT; raises TypeError for an answer that does not belong to the event."""
    match event, answer:
        case TransactionReported(report), TransactionAnswer():
            if report.id_token is None or answer.authorization is None:
                return {}
            return payload_of(call_result.TransactionEvent(id_token_info=_id_token_info(answer.authorization)))
        case TransactionReported(), _:
            raise TypeError(f"{type(answer).__name__} does not answer a transaction message")
        case NoticeReported(topic=topic), _:
            return _receipt(topic)
        case _, BootAnswer():
            accepted = answer.accepted
            return payload_of(
                call_result.BootNotification(
                    current_time=wire_time(answer.current_time),
                    interval=answer.interval_s,
                    status=RegistrationStatusEnumType.accepted if accepted else RegistrationStatusEnumType.pending,
                )
            )
        case _, TimeAnswer():
            return payload_of(call_result.Heartbeat(current_time=wire_time(answer.current_time)))
        case _, AuthorizationAnswer():
            return payload_of(call_result.Authorize(id_token_info=_id_token_info(answer)))
        case _, DataTransferAnswer():
            known = answer.known_vendor
            return payload_of(
                call_result.DataTransfer(
                    status=DataTransferStatusEnumType.accepted
                    if known
                    else DataTransferStatusEnumType.unknown_vendor_id
                )
            )
        case _:
            return {}


def _receipt(topic: str) -> Payload:
    """Return the receipt for a notice; what is not done here is refused in the words of the request's own answer."""
    match topic:
        case "SignCertificate":
            return payload_of(call_result.SignCertificate(status=GenericStatusEnumType.rejected))
        case "NotifyEVChargingNeeds":
            rejected = NotifyEVChargingNeedsStatusEnumType.rejected
            return payload_of(call_result.NotifyEVChargingNeeds(status=rejected))
        case "NotifyEVChargingSchedule":
            return payload_of(call_result.NotifyEVChargingSchedule(status=GenericStatusEnumType.accepted))
        case "GetCertificateStatus":
            return payload_of(call_result.GetCertificateStatus(status=GetCertificateStatusEnumType.failed))
        case _:
            return {}


def _id_token_info(answer: AuthorizationAnswer) -> IdTokenInfoType:
    return IdTokenInfoType(
        status=AuthorizationStatusEnumType(answer.status.value),
        cache_expiry_date_time=wire_time(answer.expires_at) if answer.expires_at else None,
    )
