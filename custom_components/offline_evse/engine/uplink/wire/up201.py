"""What goes up in OCPP 2.0.1, and in 2.1, which differs in a few sizes and words."""

from dataclasses import replace
from typing import Any

from ocpp.v21.enums import ReasonEnumType as Reason21, TriggerReasonEnumType as TriggerReason21
from ocpp.v201.enums import BootReasonEnumType, ReasonEnumType as Reason201, TriggerReasonEnumType as TriggerReason201

from ...model.access import BackendAnswer
from ...model.id_token import IdToken
from ...model.meter import EvseSample, ReadingContext
from ...model.station import ChargingState, EvseStatus, OcppVersion
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
from .id_tokens import id_token_of
from .readings import (
    CONTEXTS,
    ENERGY,
    TEMPERATURE,
    readings_of,
    signed_meter_value,
    signed_parts,
    signed_register_wh,
    sketch,
    timestamp_of,
)
from .said import NO_ANSWER, BootSaid, StartSaid, read_boot, read_id_token_info
from .up16 import UNNAMED, clipped

_STATUSES = {
    EvseStatus.AVAILABLE: "Available",
    EvseStatus.RESERVED: "Reserved",
    EvseStatus.UNAVAILABLE: "Unavailable",
    EvseStatus.FAULTED: "Faulted",
}
_OCCUPIED = "Occupied"
_CHARGING_STATES = {
    ChargingState.IDLE: "Idle",
    ChargingState.EV_CONNECTED: "EVConnected",
    ChargingState.CHARGING: "Charging",
    ChargingState.SUSPENDED_EV: "SuspendedEV",
    ChargingState.SUSPENDED_EVSE: "SuspendedEVSE",
}
_BOOT_REASONS = {reason.value.casefold(): str(reason.value) for reason in BootReasonEnumType}
_REASONS_OF_16 = {"hardreset": "ImmediateReset", "softreset": "ImmediateReset"}
_TRIGGERS_OF_REASONS = {
    "Local": "StopAuthorized",
    "Remote": "RemoteStop",
    "DeAuthorized": "Deauthorized",
    "EVDisconnected": "EVCommunicationLost",
    "EnergyLimitReached": "EnergyLimitReached",
    "TimeLimitReached": "TimeLimitReached",
    "Timeout": "EVConnectTimeout",
    "ImmediateReset": "ResetCommand",
    "MasterPass": "StopAuthorized",
    "StoppedByEV": "ChargingStateChanged",
    "SOCLimitReached": "ChargingStateChanged",
}


class Up201:
    """OCPP 2.0.1, as a charging station speaks it. `transactionId` is our session's id."""

    version = OcppVersion.V201
    actions = (
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "Heartbeat",
        "MeterValues",
        "StatusNotification",
        "TransactionEvent",
    )
    longest_id_token = 36
    longest_signed_data = 2500
    signed_fields_required = True
    reasons = {reason.value.casefold(): str(reason.value) for reason in Reason201}
    triggers = {trigger.value.casefold(): str(trigger.value) for trigger in TriggerReason201}

    def encode(self, message: UpMessage) -> tuple[str, dict[str, Any]]:
        """See `UpCodec`."""
        action, payload = self._encode(message)
        check_request(self.version, action, sketch(payload))
        return action, payload

    def read_boot(self, payload: dict[str, Any]) -> BootSaid:
        """See `UpCodec`."""
        return read_boot(payload)

    def read_start(self, payload: dict[str, Any]) -> StartSaid:
        """See `UpCodec`."""
        return StartSaid(remote_id=None, answer=read_id_token_info(payload))

    def read_ask(self, payload: dict[str, Any]) -> BackendAnswer:
        """See `UpCodec`."""
        return read_id_token_info(payload) or NO_ANSWER

    def _encode(self, message: UpMessage) -> tuple[str, dict[str, Any]]:
        match message:
            case Boot():
                return "BootNotification", _boot(message)
            case Heartbeat():
                return "Heartbeat", {}
            case Status():
                return "StatusNotification", {
                    "timestamp": timestamp_of(message.timestamp),
                    "connectorStatus": _STATUSES.get(message.status, _OCCUPIED),
                    "evseId": message.evse_id,
                    "connectorId": message.connector_id if message.evse_id else 0,
                }
            case Ask(id_token=id_token):
                return "Authorize", {"idToken": self._id_token(id_token)}
            case SessionStart():
                return "TransactionEvent", self._start(message)
            case SessionValues():
                return "TransactionEvent", self._values(message)
            case SessionStop():
                return "TransactionEvent", self._stop(message)
            case EvseValues():
                values = self._meter_values((message.sample,))
                return "MeterValues", {"evseId": message.evse_id, "meterValue": values}
            case Data():
                payload = {"vendorId": message.vendor_id, "messageId": message.message_id, "data": message.data}
                return "DataTransfer", {name: value for name, value in payload.items() if value is not None}

    def _start(self, message: SessionStart) -> dict[str, Any]:
        """Write the event that starts, which is always number 0."""
        begin = EvseSample(
            timestamp=message.timestamp,
            context=ReadingContext.TRANSACTION_BEGIN,
            energy_import_wh=message.meter_wh,
        )
        otherwise = "CablePluggedIn" if message.id_token is None else "Authorized"
        if message.remote_start_id is not None:
            otherwise = "RemoteStart"
        payload = self._event("Started", message, message.session_id, 0, (begin,))
        payload["triggerReason"] = self._trigger(message.trigger_reason, otherwise)
        if message.remote_start_id is not None:
            payload["transactionInfo"]["remoteStartId"] = message.remote_start_id
        if message.charging_state is not None:
            payload["transactionInfo"]["chargingState"] = _CHARGING_STATES[message.charging_state]
        if message.id_token is not None:
            payload["idToken"] = self._id_token(message.id_token)
        return payload

    def _values(self, message: SessionValues) -> dict[str, Any]:
        aligned = bool(message.samples) and all(
            sample.context is ReadingContext.SAMPLE_CLOCK for sample in message.samples
        )
        payload = self._event("Updated", message, message.remote_id, message.seq_no, message.samples)
        payload["triggerReason"] = self._trigger(
            message.trigger_reason, "MeterValueClock" if aligned else "MeterValuePeriodic"
        )
        if message.charging_state is not None:
            payload["transactionInfo"]["chargingState"] = _CHARGING_STATES[message.charging_state]
        return payload

    def _stop(self, message: SessionStop) -> dict[str, Any]:
        reason = self._reason(message.reason)
        payload = self._event("Ended", message, message.remote_id, message.seq_no, _until_the_end(message))
        payload["triggerReason"] = _TRIGGERS_OF_REASONS.get(reason, "AbnormalCondition")
        payload["transactionInfo"]["stoppedReason"] = reason
        if message.id_token is not None:
            payload["idToken"] = self._id_token(message.id_token)
        return payload

    def _event(
        self,
        event_type: str,
        message: SessionStart | SessionValues | SessionStop,
        transaction_id: str,
        seq_no: int,
        samples: tuple[EvseSample, ...],
    ) -> dict[str, Any]:
        """Write what all events have."""
        payload: dict[str, Any] = {
            "eventType": event_type,
            "timestamp": timestamp_of(message.timestamp),
            "seqNo": seq_no,
            "transactionInfo": {"transactionId": transaction_id},
            "evse": {"id": message.evse_id, "connectorId": message.connector_id},
        }
        if message.offline:
            payload["offline"] = True
        if values := self._meter_values(samples):
            payload["meterValue"] = values
        return payload

    def _meter_values(self, samples: tuple[EvseSample, ...]) -> list[dict[str, Any]]:
        """Write samples. Those that say nothing are left out."""
        return [
            {"timestamp": timestamp_of(sample.timestamp), "sampledValue": sampled}
            for sample in samples
            if (sampled := self._sampled_values(sample))
        ]

    def _sampled_values(self, sample: EvseSample) -> list[dict[str, Any]]:
        """Write a sample; signed values stand beside the register that they sign."""
        context = CONTEXTS[sample.context]
        values: list[dict[str, Any]] = []
        for reading in readings_of(sample):
            if reading.measurand == TEMPERATURE:
                continue
            value: dict[str, Any] = {"value": reading.value, "context": context, "measurand": reading.measurand}
            if reading.phase is not None:
                value["phase"] = reading.phase
            if reading.location is not None:
                value["location"] = reading.location
            value["unitOfMeasure"] = {"unit": reading.unit}
            values.append(value)
        for part in signed_parts(sample.signed_data) if sample.signed_data is not None else ():
            self._add_signed(values, part, sample.energy_import_wh, context)
        return values

    def _add_signed(self, values: list[dict[str, Any]], part: str, energy_wh: int | None, context: str) -> None:
        """Add a signed value to the register, or beside it where there is one already.

        What says no register of its own, and has none beside it, is left out: a value is required, and 0 would be one.
        """
        signed = signed_meter_value(part, longest=self.longest_signed_data, all_fields=self.signed_fields_required)
        if signed is None:
            return
        if energy_wh is not None and "signedMeterValue" not in values[0]:
            values[0]["signedMeterValue"] = signed
            return
        register_wh = signed_register_wh(part) if energy_wh is None else energy_wh
        if register_wh is not None:
            values.append(
                {
                    "value": register_wh,
                    "context": context,
                    "measurand": ENERGY,
                    "unitOfMeasure": {"unit": "Wh"},
                    "signedMeterValue": signed,
                }
            )

    def _trigger(self, reason: str | None, otherwise: str) -> str:
        return self.triggers.get(reason.casefold(), otherwise) if reason is not None else otherwise

    def _reason(self, reason: str | None) -> str:
        if reason is None:
            return "Local"
        word = reason.casefold()
        return self.reasons.get(word) or _REASONS_OF_16.get(word, "Other")

    def _id_token(self, id_token: IdToken) -> dict[str, Any]:
        return id_token_of(id_token, self.longest_id_token)


class Up21(Up201):
    """OCPP 2.1, as a charging station speaks it."""

    version = OcppVersion.V21
    longest_id_token = 255
    longest_signed_data = 32768
    signed_fields_required = False
    reasons = {reason.value.casefold(): str(reason.value) for reason in Reason21}
    triggers = {trigger.value.casefold(): str(trigger.value) for trigger in TriggerReason21}


def _boot(message: Boot) -> dict[str, Any]:
    identity = message.identity
    station = {
        "vendorName": clipped(identity.vendor, 50) or UNNAMED,
        "model": clipped(identity.model, 20) or UNNAMED,
        "serialNumber": clipped(identity.serial_number, 25),
        "firmwareVersion": clipped(identity.firmware_version, 50),
    }
    return {
        "reason": _BOOT_REASONS.get(message.reason.casefold(), "Unknown"),
        "chargingStation": {name: value for name, value in station.items() if value is not None},
    }


def _until_the_end(message: SessionStop) -> tuple[EvseSample, ...]:
    """Return the samples with the register at the end, which is the stop's whatever the charger measured last."""
    at = next(
        (i for i, sample in reversed(tuple(enumerate(message.samples))) if sample.context is _END),
        None,
    )
    if at is None:
        end = EvseSample(timestamp=message.timestamp, context=_END, energy_import_wh=message.meter_wh)
        return (*message.samples, end)
    end = replace(message.samples[at], energy_import_wh=message.meter_wh)
    return (*message.samples[:at], end, *message.samples[at + 1 :])


_END = ReadingContext.TRANSACTION_END
