"""What OCPP 1.6 charge points say, as events. Nothing that one of them writes makes a parser raise."""

from collections.abc import Callable, Mapping
from typing import Any

from ...model.clock import Clock
from ...model.id_token import IdToken
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
)
from ...model.transaction import TransactionEventType, TransactionReport
from ..codec import Oddities, UnknownActionError
from ..payloads.coercion import (
    LARGEST_ID,
    as_mapping,
    id_text,
    identifier,
    moment,
    moment_or,
    number,
    text,
    whole,
    word,
)
from ..smart_charging.profile_ladder import ProfileLadder
from .samples import read_samples
from .statuses import read_error_code, read_status, read_stop_reason

LONGEST_ID_TAG = 20
NOTICES = frozenset(
    {
        "FirmwareStatusNotification",
        "DiagnosticsStatusNotification",
        "LogStatusNotification",
        "SecurityEventNotification",
        "SignedFirmwareStatusNotification",
        "SignCertificate",
    }
)
"""Messages that only want a receipt. A SignCertificate gets a refusal, because nobody here signs."""
_OF_A_CONNECTOR = frozenset({"preparing", "charging", "suspendedev", "suspendedevse", "finishing", "occupied"})


class Inbound:
    """The parsers of one conversation."""

    def __init__(self, station_id: str, clock: Clock, oddities: Oddities, ladder: Callable[[], ProfileLadder]) -> None:
        """Begin; `ladder` gives whatever ladder the codec has now."""
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
            "StartTransaction": self._start_transaction,
            "StatusNotification": self._status,
            "StopTransaction": self._stop_transaction,
        }

    def decode(self, action: str, payload: Mapping[str, Any]) -> StationEvent:
        """Turn a request into an event; raises UnknownActionError."""
        if type(payload) is not dict:
            payload = as_mapping(payload, self._oddities)
        parser = self._parsers.get(action)
        if parser is not None:
            return parser(payload)
        if action in NOTICES:
            return self._notice(action, payload)
        raise UnknownActionError(action)

    def _meter_values(self, payload: Mapping[str, Any]) -> StationEvent:
        oddities = self._oddities
        now = self._clock.now()
        samples = read_samples(payload.get("meterValue"), now, oddities)
        evse_id = payload.get("connectorId")
        if type(evse_id) is not int or not 0 <= evse_id <= LARGEST_ID:
            evse_id = self._evse_id(payload)
        raw_transaction_id = payload.get("transactionId")
        if raw_transaction_id is None:
            return MeterValuesReported(evse_id=evse_id or 0, samples=samples)
        return TransactionReported(
            TransactionReport(
                station_id=self._station_id,
                event_type=TransactionEventType.UPDATED,
                received_at=now,
                timestamp=samples[-1].timestamp if samples else self._only_time(payload, now),
                transaction_id=self._transaction_id(raw_transaction_id),
                evse_id=evse_id or None,
                connector_id=1 if evse_id else None,
                samples=samples,
            )
        )

    def _only_time(self, payload: Mapping[str, Any], otherwise: Any) -> Any:
        """Return the time of meter values of which none could be read."""
        entries = payload.get("meterValue")
        last = entries[-1] if isinstance(entries, list) and entries else entries
        return (moment(last.get("timestamp"), self._oddities) if isinstance(last, dict) else None) or otherwise

    def _start_transaction(self, payload: Mapping[str, Any]) -> StationEvent:
        oddities = self._oddities
        now = self._clock.now()
        evse_id = self._evse_id(payload)
        self._ladder().saw_evse(evse_id or 0)
        reservation_id = whole(payload.get("reservationId"), oddities)
        return TransactionReported(
            TransactionReport(
                station_id=self._station_id,
                event_type=TransactionEventType.STARTED,
                received_at=now,
                timestamp=moment_or(payload.get("timestamp"), now, oddities),
                evse_id=evse_id or None,
                connector_id=1 if evse_id else None,
                id_token=self._id_token(payload.get("idTag")),
                register_wh=self._register(payload.get("meterStart")),
                reservation_id=reservation_id if reservation_id is not None and reservation_id > 0 else None,
            )
        )

    def _stop_transaction(self, payload: Mapping[str, Any]) -> StationEvent:
        oddities = self._oddities
        now = self._clock.now()
        timestamp = moment_or(payload.get("timestamp"), now, oddities)
        id_tag = payload.get("idTag")
        return TransactionReported(
            TransactionReport(
                station_id=self._station_id,
                event_type=TransactionEventType.ENDED,
                received_at=now,
                timestamp=timestamp,
                transaction_id=self._transaction_id(payload.get("transactionId")),
                id_token=None if id_tag is None else self._id_token(id_tag),
                register_wh=self._register(payload.get("meterStop")),
                samples=read_samples(payload.get("transactionData"), timestamp, oddities),
                stop_reason=read_stop_reason(payload.get("reason"), oddities),
            )
        )

    def _status(self, payload: Mapping[str, Any]) -> StationEvent:
        oddities = self._oddities
        raw_status = payload.get("status")
        status = read_status(raw_status, oddities)
        if status is None:
            # Nothing is known of the connector that was not known before.
            return self._notice("StatusNotification", payload)
        evse_id = identifier(payload.get("connectorId"), oddities)
        if evse_id is None:
            oddities.count("missing_connector_id")
            evse_id = 1 if word(raw_status) in _OF_A_CONNECTOR else 0
        self._ladder().saw_evse(evse_id)
        return StatusReported(
            evse_id=evse_id,
            connector_id=1 if evse_id else 0,
            status=status.connector,
            charging_state=status.charging,
            timestamp=moment(payload.get("timestamp"), oddities),
            error_code=read_error_code(payload.get("errorCode"), oddities),
            info=text(payload.get("info"), oddities, 50),
            vendor_error_code=text(payload.get("vendorErrorCode"), oddities, 50),
        )

    def _boot(self, payload: Mapping[str, Any]) -> StationEvent:
        oddities = self._oddities
        return BootReported(
            identity=StationIdentity(
                vendor=text(payload.get("chargePointVendor"), oddities, 20),
                model=text(payload.get("chargePointModel"), oddities, 20),
                serial_number=text(payload.get("chargePointSerialNumber"), oddities, 25)
                or text(payload.get("chargeBoxSerialNumber"), oddities, 25),
                firmware_version=text(payload.get("firmwareVersion"), oddities, 50),
            )
        )

    def _heartbeat(self, payload: Mapping[str, Any]) -> StationEvent:
        return HeartbeatReported()

    def _authorize(self, payload: Mapping[str, Any]) -> StationEvent:
        return IdTokenPresented(IdToken(id_text(payload.get("idTag"), self._oddities, LONGEST_ID_TAG)))

    def _data_transfer(self, payload: Mapping[str, Any]) -> StationEvent:
        return DataTransferReported(
            vendor_id=text(payload.get("vendorId"), self._oddities) or "",
            message_id=text(payload.get("messageId"), self._oddities, 50),
            data=payload.get("data"),
        )

    def _notice(self, action: str, payload: Mapping[str, Any]) -> NoticeReported:
        status = payload.get("type" if action == "SecurityEventNotification" else "status")
        return NoticeReported(topic=action, status=text(status, self._oddities), detail=dict(payload))

    def _evse_id(self, payload: Mapping[str, Any]) -> int | None:
        evse_id = identifier(payload.get("connectorId"), self._oddities)
        if evse_id is None:
            self._oddities.count("missing_connector_id")
        return evse_id

    def _transaction_id(self, value: object) -> str | None:
        """Return an id that we may have given, or None: 0 and less are the charger's own (errata 3.54)."""
        if type(value) is int and 0 < value <= LARGEST_ID:
            return str(value)
        read = whole(value, self._oddities)
        if read is None or read <= 0:
            self._oddities.count("transaction_id_not_ours")
            return None
        return str(read)

    def _id_token(self, value: object) -> IdToken | None:
        read = id_text(value, self._oddities, LONGEST_ID_TAG)
        return IdToken(read) if read else None

    def _register(self, value: object) -> int | None:
        """Read a register in Wh. Below 0 it is kept: whether it makes sense is for the ledger to say."""
        if type(value) is int:
            return whole(value, self._oddities)
        self._oddities.count("register_not_a_whole_number")
        read = number(value, self._oddities)
        return None if read is None else round(read)
