"""Our answers to OCPP 1.6 charge points."""

from ocpp.v16 import call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import AuthorizationStatus as WireStatus, DataTransferStatus, GenericStatus, RegistrationStatus

from ...model.id_token import AuthorizationStatus
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
from ...model.transaction import TransactionEventType
from ..codec import Payload
from ..payloads.wire_names import payload_of, wire_time
from .inbound import LONGEST_ID_TAG

_STATUSES = {
    AuthorizationStatus.ACCEPTED: WireStatus.accepted,
    AuthorizationStatus.BLOCKED: WireStatus.blocked,
    AuthorizationStatus.EXPIRED: WireStatus.expired,
    AuthorizationStatus.INVALID: WireStatus.invalid,
    AuthorizationStatus.CONCURRENT_TX: WireStatus.concurrent_tx,
    AuthorizationStatus.NO_CREDIT: WireStatus.blocked,
    AuthorizationStatus.NOT_AT_THIS_LOCATION: WireStatus.invalid,
    AuthorizationStatus.NOT_AT_THIS_TIME: WireStatus.invalid,
    AuthorizationStatus.UNKNOWN: WireStatus.invalid,
}


def encode_answer(event: StationEvent, answer: StationAnswer) -> Payload:
    """Return the payload of a CALLRESULT; raises TypeError for an answer that does not belong to the event."""
    match event, answer:
        case TransactionReported(report), TransactionAnswer():
            authorization = answer.authorization
            if report.event_type is TransactionEventType.STARTED:
                return payload_of(
                    call_result.StartTransaction(
                        transaction_id=int(answer.transaction_id),
                        # Required by 1.6. Nobody was let in where nobody was named.
                        id_tag_info=_id_tag_info(authorization)
                        if authorization
                        else IdTagInfo(status=WireStatus.invalid),
                    )
                )
            if report.event_type is TransactionEventType.ENDED and report.id_token and authorization:
                return payload_of(call_result.StopTransaction(id_tag_info=_id_tag_info(authorization)))
            return {}
        case NoticeReported(topic="SignCertificate"), _:
            return payload_of(call_result.SignCertificate(status=GenericStatus.rejected))
        case TransactionReported(), _:
            raise TypeError(f"{type(answer).__name__} does not answer a transaction message")
        case _, BootAnswer():
            return payload_of(
                call_result.BootNotification(
                    current_time=wire_time(answer.current_time),
                    interval=answer.interval_s,
                    status=RegistrationStatus.accepted if answer.accepted else RegistrationStatus.pending,
                )
            )
        case _, TimeAnswer():
            return payload_of(call_result.Heartbeat(current_time=wire_time(answer.current_time)))
        case _, AuthorizationAnswer():
            return payload_of(call_result.Authorize(id_tag_info=_id_tag_info(answer)))
        case _, DataTransferAnswer():
            known = answer.known_vendor
            return payload_of(
                call_result.DataTransfer(
                    status=DataTransferStatus.accepted if known else DataTransferStatus.unknown_vendor_id
                )
            )
        case _:
            return {}


def _id_tag_info(answer: AuthorizationAnswer) -> IdTagInfo:
    return IdTagInfo(
        status=_STATUSES[answer.status],
        expiry_date=wire_time(answer.expires_at) if answer.expires_at else None,
        parent_id_tag=answer.group[:LONGEST_ID_TAG] if answer.group else None,
    )
