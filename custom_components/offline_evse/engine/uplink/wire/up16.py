"""What goes up in OCPP 1.6. Its connectors are our EVSEs."""

from typing import Any

from ocpp.v16.enums import ChargePointErrorCode, Reason

from ...model.access import BackendAnswer
from ...model.meter import EvseSample
from ...model.station import EvseStatus, OcppVersion
from ...model.upstream.message import (
    Ask,
    Boot,
    Data,
    EvseValues,
    Heartbeat,
    SessionStart,
    SessionStop,
    SessionValues,
    Status,
    UpMessage,
)
from ...ocppj.schemas import check_request
from .id_tokens import id_tag
from .readings import CONTEXTS, readings_of, signed_parts, sketch, timestamp_of
from .said import NO_ANSWER, BootSaid, StartSaid, read_boot, read_info, read_remote_id

_STATUSES = {
    EvseStatus.AVAILABLE: "Available",
    EvseStatus.PREPARING: "Preparing",
    EvseStatus.CHARGING: "Charging",
    EvseStatus.SUSPENDED_EV: "SuspendedEV",
    EvseStatus.SUSPENDED_EVSE: "SuspendedEVSE",
    EvseStatus.FINISHING: "Finishing",
    EvseStatus.RESERVED: "Reserved",
    EvseStatus.UNAVAILABLE: "Unavailable",
    EvseStatus.FAULTED: "Faulted",
}
_OF_A_STATION = frozenset({EvseStatus.AVAILABLE, EvseStatus.UNAVAILABLE, EvseStatus.FAULTED})
_ERROR_CODES = {code.value.casefold(): str(code.value) for code in ChargePointErrorCode}
_REASONS = {reason.value.casefold(): str(reason.value) for reason in Reason}
_REASONS_OF_2X = {"immediatereset": "HardReset"}
UNNAMED = "unknown"
"""What stands where a station does not say its make, and the schema wants something."""


class Up16:
    """OCPP 1.6, as a charge point speaks it."""

    version = OcppVersion.V16
    actions = (
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "Heartbeat",
        "MeterValues",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    )

    def encode(self, message: UpMessage) -> tuple[str, dict[str, Any]]:
        """See `UpCodec`."""
        action, payload = _encode(message)
        check_request(self.version, action, sketch(payload))
        return action, payload

    def read_boot(self, payload: dict[str, Any]) -> BootSaid:
        """See `UpCodec`."""
        return read_boot(payload)

    def read_start(self, payload: dict[str, Any]) -> StartSaid:
        """See `UpCodec`."""
        return StartSaid(remote_id=read_remote_id(payload.get("transactionId")), answer=_answer(payload))

    def read_ask(self, payload: dict[str, Any]) -> BackendAnswer:
        """See `UpCodec`."""
        return _answer(payload) or NO_ANSWER


def _encode(message: UpMessage) -> tuple[str, dict[str, Any]]:
    match message:
        case Boot(identity=identity):
            return "BootNotification", {
                "chargePointVendor": clipped(identity.vendor, 20) or UNNAMED,
                "chargePointModel": clipped(identity.model, 20) or UNNAMED,
                **_given("chargePointSerialNumber", clipped(identity.serial_number, 25)),
                **_given("firmwareVersion", clipped(identity.firmware_version, 50)),
            }
        case Heartbeat():
            return "Heartbeat", {}
        case Status():
            return "StatusNotification", _status(message)
        case Ask(id_token=id_token):
            return "Authorize", {"idTag": id_tag(id_token)}
        case SessionStart():
            return "StartTransaction", {
                "connectorId": message.evse_id,
                "idTag": id_tag(message.id_token),
                "meterStart": message.meter_wh,
                "timestamp": timestamp_of(message.timestamp),
            }
        case SessionValues():
            return "MeterValues", {
                "connectorId": message.evse_id,
                "transactionId": int(message.remote_id),
                "meterValue": _meter_values(message.samples),
            }
        case SessionStop():
            return "StopTransaction", _stop(message)
        case EvseValues():
            return "MeterValues", {"connectorId": message.evse_id, "meterValue": _meter_values((message.sample,))}
        case Data():
            return "DataTransfer", {
                "vendorId": message.vendor_id,
                **_given("messageId", message.message_id),
                **_given("data", message.data),
            }


def _status(message: Status) -> dict[str, Any]:
    """Write a status. A code that 1.6 does not know is told as the vendor's."""
    code = clipped(message.error_code, 50)
    known = _ERROR_CODES.get(code.casefold()) if code is not None else "NoError"
    status = message.status
    if message.evse_id == 0 and status not in _OF_A_STATION:
        # §4.9: of connector 0 only these three can be told.
        status = EvseStatus.AVAILABLE
    return {
        "connectorId": message.evse_id,
        "errorCode": known or "OtherError",
        "status": _STATUSES[status],
        "timestamp": timestamp_of(message.timestamp),
        **({} if known else _given("vendorErrorCode", code)),
    }


def _stop(message: SessionStop) -> dict[str, Any]:
    """Write the end. Without anybody's card there is no idTag: in StopTransaction it is who stopped, and optional."""
    payload: dict[str, Any] = {
        "transactionId": int(message.remote_id),
        "meterStop": message.meter_wh,
        "timestamp": timestamp_of(message.timestamp),
        "reason": _reason(message.reason),
    }
    if message.id_token is not None:
        payload["idTag"] = id_tag(message.id_token)
    if values := _meter_values(message.samples):
        payload["transactionData"] = values
    return payload


def _reason(reason: str | None) -> str:
    if reason is None:
        return "Local"
    word = reason.casefold()
    return _REASONS.get(word) or _REASONS_OF_2X.get(word, "Other")


def _meter_values(samples: tuple[EvseSample, ...]) -> list[dict[str, Any]]:
    """Write samples; values are texts in 1.6. Samples that say nothing are left out."""
    return [
        {"timestamp": timestamp_of(sample.timestamp), "sampledValue": values}
        for sample in samples
        if (values := _sampled_values(sample))
    ]


def _sampled_values(sample: EvseSample) -> list[dict[str, str]]:
    context = CONTEXTS[sample.context]
    values = [
        {
            "value": _number(reading.value),
            "context": context,
            "measurand": reading.measurand,
            **_given("phase", reading.phase),
            **_given("location", reading.location),
            "unit": reading.unit,
        }
        for reading in readings_of(sample)
    ]
    if sample.signed_data is not None:
        values += [
            {"value": part, "context": context, "format": "SignedData"} for part in signed_parts(sample.signed_data)
        ]
    return values


def _number(value: float) -> str:
    """Write a number without an exponent and without a fraction that says nothing."""
    return str(value) if isinstance(value, int) else f"{value:.3f}".rstrip("0").rstrip(".")


def _answer(payload: dict[str, Any]) -> BackendAnswer | None:
    info = payload.get("idTagInfo")
    return read_info(info, "expiryDate", info.get("parentIdTag") if isinstance(info, dict) else None)


def _given(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: value}


def clipped(text: str | None, longest: int) -> str | None:
    """Return a text that fits; None where there is none."""
    return ((text or "").strip()[:longest]).rstrip() or None
