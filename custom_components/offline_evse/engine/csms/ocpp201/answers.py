"""Our answers to OCPP 2.x stations."""

from ocpp.v201 import call_result
from ocpp.v201.datatypes import IdTokenInfoType, IdTokenType
from ocpp.v201.enums import (
    AuthorizationStatusEnumType,
    DataTransferStatusEnumType,
    IdTokenEnumType,
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
from .edition import OCPP_201, Edition


def encode_answer(event: StationEvent, answer: StationAnswer, edition: Edition = OCPP_201) -> Payload:
    """Return the payload of a CALLRESULT; raises TypeError for an answer that does not belong to the event."""
    match event, answer:
        case TransactionReported(report), TransactionAnswer():
            if report.id_token is None or answer.authorization is None:
                return {}
            return payload_of(call_result.TransactionEvent(id_token_info=_id_token_info(answer.authorization, edition)))
        case TransactionReported(), _:
            raise TypeError(f"{type(answer).__name__} does not answer a transaction message")
        case NoticeReported(topic=topic), _:
            return dict(edition.receipts.get(topic, {}))
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
            return payload_of(call_result.Authorize(id_token_info=_id_token_info(answer, edition)))
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


def _id_token_info(answer: AuthorizationAnswer, edition: Edition) -> IdTokenInfoType:
    return IdTokenInfoType(
        status=AuthorizationStatusEnumType(answer.status.value),
        cache_expiry_date_time=wire_time(answer.expires_at) if answer.expires_at else None,
        group_id_token=(
            IdTokenType(id_token=answer.group[: edition.longest_id_token], type=IdTokenEnumType.central)
            if answer.group
            else None
        ),
    )
