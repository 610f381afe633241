"""What OCPP 2.x stations say, as events. Nothing that one of them writes makes a parser raise."""

from collections.abc import Callable, Mapping
from typing import Any

from ...model.clock import Clock
from ...model.id_token import IdToken, IdTokenType
from ...model.station import StationIdentity
from ...model.station_event import (
    BootReported,
    DataTransferReported,
    HeartbeatReported,
    IdTokenPresented,
    MeterValuesReported,
    NoticeReported,
    StationEvent,
    StatusReported,
    TransactionReported,
    VariablesReported,
)
from ...model.transaction import TransactionEventType, TransactionReport
from ..codec import UnknownActionError
from ..payloads.coercion import as_mapping, flag, id_text, identifier, mapping, moment, moment_or, text, whole
from ..payloads.oddities import Oddities
from ..smart_charging.profile_ladder import ProfileLadder
from .edition import OCPP_201, Edition
from .reports import read_report
from .samples import read_samples
from .statuses import read_charging_state, read_connector_status, read_event_type, read_stop_reason, read_token_type

LONGEST_TRANSACTION_ID = 36


class Inbound:
    """The parsers of one conversation."""

    def __init__(
        self,
        station_id: str,
        clock: Clock,
        oddities: Oddities,
        ladder: Callable[[], ProfileLadder],
        edition: Edition = OCPP_201,
    ) -> None:
        """Begin; `ladder` gives whatever ladder the codec has now."""
        self._edition = edition
        self._station_id = station_id
        self._clock = clock
        self._oddities = oddities
        self._ladder = ladder
        self._parsers: dict[str, Callable[[Mapping[str, Any]], StationEvent]] = {
            "Authorize": self._authorize,
            "BootNotification": self._boot,
            "DataTransfer": self._data_transfer,
            "Heartbeat": self._heartbeat,
            "MeterValues": self._meter_values,
            "NotifyReport": self._report,
            "StatusNotification": self._status,
            "TransactionEvent": self._transaction_event,
        }

    def decode(self, action: str, payload: Mapping[str, Any]) -> StationEvent:
        """Turn a request into an event; raises UnknownActionError."""
        payload = as_mapping(payload, self._oddities)
        parser = self._parsers.get(action)
        if parser is not None:
            return parser(payload)
        if action in self._edition.notices:
            return self._notice(action, payload)
        raise UnknownActionError(action)

    def _transaction_event(self, payload: Mapping[str, Any]) -> StationEvent:
        oddities = self._oddities
        now = self._clock.now()
        timestamp = moment_or(payload.get("timestamp"), now, oddities)
        event_type = read_event_type(payload.get("eventType"), oddities)
        info = mapping(payload.get("transactionInfo"), oddities)
        evse_id, connector_id = self._evse(payload.get("evse"))
        raw_token = payload.get("idToken")
        stop_reason = info.get("stoppedReason")
        return TransactionReported(
            TransactionReport(
                station_id=self._station_id,
                event_type=event_type,
                received_at=now,
                timestamp=timestamp,
                transaction_id=self._transaction_id(info.get("transactionId")),
                evse_id=evse_id or None,
                connector_id=connector_id,
                seq_no=identifier(payload.get("seqNo"), oddities),
                offline=flag(payload.get("offline"), oddities),
                id_token=None if raw_token is None else self._id_token(raw_token),
                samples=read_samples(payload.get("meterValue"), timestamp, oddities),
                charging_state=read_charging_state(info.get("chargingState"), oddities),
                trigger_reason=text(payload.get("triggerReason"), oddities, 50),
                stop_reason=(
                    read_stop_reason(stop_reason, oddities)
                    if event_type is TransactionEventType.ENDED or stop_reason is not None
                    else None
                ),
                remote_start_id=identifier(info.get("remoteStartId"), oddities),
                reservation_id=identifier(payload.get("reservationId"), oddities),
            )
        )

    def _meter_values(self, payload: Mapping[str, Any]) -> StationEvent:
        evse_id = identifier(payload.get("evseId"), self._oddities)
        if evse_id is None:
            self._oddities.count("missing_evse_id")
        samples = read_samples(payload.get("meterValue"), self._clock.now(), self._oddities)
        return MeterValuesReported(evse_id=evse_id or 0, samples=samples)

    def _status(self, payload: Mapping[str, Any]) -> StationEvent:
        oddities = self._oddities
        status = read_connector_status(payload.get("connectorStatus", payload.get("status")), oddities)
        if status is None:
            # Nothing is known of the connector that was not known before.
            return self._notice("StatusNotification", payload)
        evse_id = identifier(payload.get("evseId"), oddities)
        connector_id = identifier(payload.get("connectorId"), oddities)
        if evse_id is None:
            oddities.count("missing_evse_id")
            evse_id = connector_id or 0
        self._ladder().saw_evse(evse_id)
        return StatusReported(
            evse_id=evse_id,
            connector_id=connector_id if connector_id is not None else min(evse_id, 1),
            status=status[0],
            charging_state=status[1],
            timestamp=moment(payload.get("timestamp"), oddities),
        )

    def _boot(self, payload: Mapping[str, Any]) -> StationEvent:
        oddities = self._oddities
        station = mapping(payload.get("chargingStation"), oddities)
        return BootReported(
            identity=StationIdentity(
                vendor=text(station.get("vendorName"), oddities, 50),
                model=text(station.get("model"), oddities, 20),
                serial_number=text(station.get("serialNumber"), oddities, 25),
                firmware_version=text(station.get("firmwareVersion"), oddities, 50),
            ),
            reason=text(payload.get("reason"), oddities, 50),
        )

    def _heartbeat(self, payload: Mapping[str, Any]) -> StationEvent:
        return HeartbeatReported()

    def _authorize(self, payload: Mapping[str, Any]) -> StationEvent:
        return IdTokenPresented(self._id_token(payload.get("idToken")) or IdToken(""))

    def _report(self, payload: Mapping[str, Any]) -> StationEvent:
        report = VariablesReported(
            request_id=whole(payload.get("requestId"), self._oddities) or 0,
            variables=read_report(payload.get("reportData"), self._oddities),
            more_to_come=flag(payload.get("tbc"), self._oddities),
        )
        ladder = self._ladder()
        for variable in report.variables:
            if variable.component == "EVSE" and variable.evse_id:
                ladder.saw_evse(variable.evse_id)
        ladder.learned({f"{known.component}.{known.variable}": known.value for known in report.variables})
        return report

    def _data_transfer(self, payload: Mapping[str, Any]) -> StationEvent:
        return DataTransferReported(
            vendor_id=text(payload.get("vendorId"), self._oddities) or "",
            message_id=text(payload.get("messageId"), self._oddities, 50),
            data=payload.get("data"),
        )

    def _notice(self, action: str, payload: Mapping[str, Any]) -> NoticeReported:
        field = {"SecurityEventNotification": "type", "ReservationStatusUpdate": "reservationUpdateStatus"}
        status = payload.get(field.get(action, "status"))
        return NoticeReported(topic=action, status=text(status, self._oddities), detail=dict(payload))

    def _evse(self, value: object) -> tuple[int | None, int | None]:
        """Read an EVSE and its connector; a bare number is taken for the EVSE."""
        if value is None:
            return None, None
        if not isinstance(value, dict):
            self._oddities.count("evse_not_an_object")
            return identifier(value, self._oddities), None
        evse_id = identifier(value.get("id"), self._oddities)
        self._ladder().saw_evse(evse_id or 0)
        return evse_id, identifier(value.get("connectorId"), self._oddities)

    def _transaction_id(self, value: object) -> str | None:
        """Return the station's own id exactly as it wrote it: it must be able to recognise it."""
        if isinstance(value, str):
            if len(value) > LONGEST_TRANSACTION_ID:
                self._oddities.count("transaction_id_too_long")
            return value or None
        if isinstance(value, int) and not isinstance(value, bool):
            self._oddities.count("text_as_number")
            return str(value)
        self._oddities.count("missing_transaction_id")
        return None

    def _id_token(self, value: object) -> IdToken | None:
        """Read an idToken; a bare text is taken for a card. None where there is nothing in it."""
        if not isinstance(value, dict):
            self._oddities.count("id_token_not_an_object")
            read = id_text(value, self._oddities, self._edition.longest_id_token)
            return IdToken(read) if read else None
        kind = read_token_type(value.get("type"), self._oddities)
        if kind is IdTokenType.NO_AUTHORIZATION and not value.get("idToken"):
            return IdToken("", kind)
        read = id_text(value.get("idToken"), self._oddities, self._edition.longest_id_token)
        return IdToken(read, kind) if read else None
