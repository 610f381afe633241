"""A station in the words of OCPP 2.0.1."""

from datetime import datetime
from typing import Any, override

from ..station.messages import (
    Answer,
    Authorize,
    Boot,
    Heartbeat,
    Message,
    MeterMessage,
    Report,
    Stage,
    State,
    Status,
    TransactionMessage,
)
from ..station.readings import meter_value_v201, stamp
from ..station.schedule import Kind, Profile, Purpose
from ..station.station import Station
from .dialect import Dialect
from .inventory import fixed, report
from .library import Wire, call, on, receive, v201, v201_call as calls, v201_result as results
from .v16 import composite_periods, moment, periods_from

SUBPROTOCOL = "ocpp2.0.1"

PURPOSES = {
    "ChargingStationMaxProfile": Purpose.STATION_MAXIMUM,
    "TxDefaultProfile": Purpose.TX_DEFAULT,
    "TxProfile": Purpose.TX,
}

_RECURRENCES = {"Daily": 86_400, "Weekly": 7 * 86_400}
_CHARGING_STATES = {
    State.CHARGING: "Charging",
    State.SUSPENDED_EV: "SuspendedEV",
    State.SUSPENDED_EVSE: "SuspendedEVSE",
    State.FINISHING: "EVConnected",
    State.PREPARING: "EVConnected",
    State.AVAILABLE: "Idle",
}
_CONNECTOR_STATES = {State.AVAILABLE: "Available", State.UNAVAILABLE: "Unavailable"}
_STOP_REASONS = {"SoftReset": "ImmediateReset", "HardReset": "ImmediateReset", "UnlockCommand": "Other"}
_TRIGGERS = ("BootNotification", "Heartbeat", "MeterValues", "StatusNotification", "TransactionEvent")


class StationV201(v201.ChargePoint, Dialect):  # type: ignore[misc]
    """One connection of a station that speaks 2.0.1."""

    def __init__(self, station: Station, wire: Wire) -> None:
        """Speak for `station` over `wire`."""
        super().__init__(station.model.identity, wire, response_timeout=station.model.answer_within_s)
        self._station = station
        self._wire = wire

    @override
    async def receive(self) -> None:
        await receive(self, self._wire)

    @override
    async def deliver(self, message: Message) -> Answer:
        match message:
            case Boot(reason):
                return await self._boot(reason)
            case Heartbeat():
                await call(self, calls.Heartbeat(), checked=True)
            case Status(evse_id, state, at):
                await call(
                    self,
                    calls.StatusNotification(
                        timestamp=stamp(at),
                        connector_status=_CONNECTOR_STATES.get(state, "Occupied"),
                        evse_id=evse_id,
                        connector_id=1,
                    ),
                    checked=True,
                )
            case Authorize(tag):
                answer = await call(self, calls.Authorize(id_token=_token(tag)), checked=True)
                return Answer(status=answer.id_token_info["status"])
            case MeterMessage():
                if value := meter_value_v201(message.reading, message.measurands):
                    await call(self, calls.MeterValues(evse_id=message.evse_id, meter_value=[value]), checked=False)
            case TransactionMessage():
                return await self._transaction(message)
            case Report():
                await call(
                    self,
                    calls.NotifyReport(
                        request_id=message.request_id,
                        generated_at=stamp(message.at),
                        seq_no=message.seq_no,
                        tbc=message.more,
                        report_data=list(message.variables),
                    ),
                    checked=True,
                )
        return Answer()

    async def _boot(self, reason: str) -> Answer:
        model = self._station.model
        answer = await call(
            self,
            calls.BootNotification(
                charging_station={
                    "model": model.model,
                    "vendor_name": model.vendor,
                    "serial_number": model.serial,
                    "firmware_version": model.firmware,
                },
                reason=reason,
            ),
            checked=True,
        )
        return Answer(status=str(answer.status), interval_s=int(answer.interval))

    async def _transaction(self, message: TransactionMessage) -> Answer:
        transaction = message.transaction
        ended = message.stage is Stage.ENDED
        info: dict[str, Any] = {
            "transaction_id": transaction.central_id,
            "charging_state": "EVConnected" if ended else _CHARGING_STATES.get(message.state, "EVConnected"),
        }
        if ended:
            reason = transaction.stop_reason or "Other"
            info["stopped_reason"] = _STOP_REASONS.get(reason, reason)
        if message.stage is Stage.STARTED and transaction.remote_start_id is not None:
            info["remote_start_id"] = transaction.remote_start_id
        value = None
        if message.reading is not None:
            # Begin and end always carry the register: the transaction's energy is read from them.
            always = () if message.stage is Stage.UPDATED else ("Energy.Active.Import.Register",)
            measurands = tuple(dict.fromkeys((*always, *message.measurands)))
            value = meter_value_v201(message.reading, measurands)
        answer = await call(
            self,
            calls.TransactionEvent(
                event_type=message.stage.value,
                timestamp=stamp(message.at),
                trigger_reason=message.trigger,
                seq_no=message.seq_no,
                transaction_info=info,
                meter_value=[value] if value else None,
                offline=message.offline,
                evse={"id": transaction.evse_id, "connector_id": 1},
                id_token=_token(message.tag) if message.tag else None,
            ),
            checked=False,
        )
        return Answer(status=answer.id_token_info["status"] if answer.id_token_info else None)

    @on("SetChargingProfile")
    def on_set_charging_profile(self, evse_id: int, charging_profile: dict[str, Any]) -> Any:
        """Store a profile."""
        profile = profile_from(charging_profile, self._station.now())
        if profile is None:
            problem: str | None = "purpose not supported"
        elif _names_a_phase(charging_profile) and not self._station.model.quirks.switches_phases:
            # Only where ACPhaseSwitchingSupported is true (K01.FR.20).
            problem = "cannot choose a phase"
        else:
            problem = self._station.set_profile(evse_id, profile)
        info = {"reason_code": "InvalidProfile", "additional_info": problem} if problem else None
        return results.SetChargingProfile(status="Rejected" if problem else "Accepted", status_info=info)

    @on("ClearChargingProfile")
    def on_clear_charging_profile(
        self, charging_profile_id: int | None = None, charging_profile_criteria: dict[str, Any] | None = None
    ) -> Any:
        """Drop profiles."""
        criteria = charging_profile_criteria or {}
        purpose = criteria.get("charging_profile_purpose")
        dropped = 0
        if purpose is None or purpose in PURPOSES:
            dropped = self._station.profiles.clear(
                profile_id=charging_profile_id,
                evse_id=criteria.get("evse_id"),
                purpose=PURPOSES.get(purpose) if purpose else None,
                stack_level=criteria.get("stack_level"),
            )
        return results.ClearChargingProfile(status="Accepted" if dropped else "Unknown")

    @on("GetCompositeSchedule")
    def on_get_composite_schedule(self, duration: int, evse_id: int, charging_rate_unit: str | None = None) -> Any:
        """Say what limit is in force, and will be."""
        if evse_id not in (0, *self._station.points):
            return results.GetCompositeSchedule(status="Rejected")
        unit, periods = composite_periods(self._station, evse_id, duration, charging_rate_unit)
        schedule = {
            "evse_id": evse_id,
            "duration": duration,
            "schedule_start": stamp(self._station.now()),
            "charging_rate_unit": unit,
            "charging_schedule_period": periods,
        }
        return results.GetCompositeSchedule(status="Accepted", schedule=schedule)

    @on("RequestStartTransaction")
    def on_request_start(
        self,
        id_token: dict[str, Any],
        remote_start_id: int,
        evse_id: int | None = None,
        group_id_token: dict[str, Any] | None = None,
        charging_profile: dict[str, Any] | None = None,
    ) -> Any:
        """Start."""
        profile = profile_from(charging_profile, self._station.now()) if charging_profile else None
        done = self._station.remote_start(evse_id, id_token["id_token"], remote_start_id, profile)
        return results.RequestStartTransaction(status="Accepted" if done else "Rejected")

    @on("RequestStopTransaction")
    def on_request_stop(self, transaction_id: str) -> Any:
        """Stop."""
        done = self._station.remote_stop(transaction_id)
        return results.RequestStopTransaction(status="Accepted" if done else "Rejected")

    @on("GetTransactionStatus")
    def on_get_transaction_status(self, transaction_id: str | None = None) -> Any:
        """Say whether a transaction runs, and whether anything is still to be told."""
        running = None
        if transaction_id is not None:
            running = any(
                point.transaction is not None and point.transaction.central_id == transaction_id
                for point in self._station.points.values()
            )
        return results.GetTransactionStatus(
            messages_in_queue=bool(self._station.outbox.durable), ongoing_indicator=running
        )

    @on("Reset")
    def on_reset(self, type: str, evse_id: int | None = None) -> Any:
        """Start anew, all of it."""
        if evse_id is not None:
            return results.Reset(status="Rejected")
        if type == "OnIdle" and any(point.transaction for point in self._station.points.values()):
            self._station.reset_when_idle()
            return results.Reset(status="Scheduled")
        self._station.reset("SoftReset")
        return results.Reset(status="Accepted")

    @on("ChangeAvailability")
    def on_change_availability(self, operational_status: str, evse: dict[str, Any] | None = None) -> Any:
        """Go into or out of service."""
        evse_id = evse["id"] if evse else 0
        status = self._station.set_operative(evse_id, operational_status == "Operative")
        return results.ChangeAvailability(status=status)

    @on("UnlockConnector")
    def on_unlock_connector(self, evse_id: int, connector_id: int) -> Any:
        """Let go of the cable, unless somebody is charging."""
        point = self._station.points.get(evse_id)
        if point is None or connector_id != 1:
            return results.UnlockConnector(status="UnknownConnector")
        ongoing = point.transaction is not None
        return results.UnlockConnector(status="OngoingAuthorizedTransaction" if ongoing else "Unlocked")

    @on("TriggerMessage")
    def on_trigger_message(self, requested_message: str, evse: dict[str, Any] | None = None) -> Any:
        """Send something out of turn."""
        if requested_message not in _TRIGGERS:
            return results.TriggerMessage(status="NotImplemented")
        done = self._station.trigger(requested_message, evse["id"] if evse else None)
        return results.TriggerMessage(status="Accepted" if done else "Rejected")

    @on("GetVariables")
    def on_get_variables(self, get_variable_data: list[dict[str, Any]]) -> Any:
        """Read variables."""
        return results.GetVariables(get_variable_result=[self._get(wanted) for wanted in get_variable_data])

    @on("SetVariables")
    def on_set_variables(self, set_variable_data: list[dict[str, Any]]) -> Any:
        """Write variables."""
        return results.SetVariables(set_variable_result=[self._set(wanted) for wanted in set_variable_data])

    @on("GetBaseReport")
    def on_get_base_report(self, request_id: int, report_base: str) -> Any:
        """Send the inventory afterwards."""
        self._station.send_report(report(self._station, request_id))
        return results.GetBaseReport(status="Accepted")

    @on("ClearCache")
    def on_clear_cache(self) -> Any:
        """Forget cards."""
        self._station.forget_tags()
        return results.ClearCache(status="Accepted")

    @on("DataTransfer")
    def on_data_transfer(self, vendor_id: str, message_id: str | None = None, data: Any = None) -> Any:
        """Know no vendor but its own, and nothing of that."""
        known = vendor_id == self._station.model.vendor
        return results.DataTransfer(status="UnknownMessageId" if known else "UnknownVendorId")

    def _get(self, wanted: dict[str, Any]) -> dict[str, Any]:
        component, variable = wanted["component"], wanted["variable"]
        found: dict[str, Any] = {"component": component, "variable": variable, "attribute_type": "Actual"}
        if wanted.get("attribute_type", "Actual") != "Actual":
            return {**found, "attribute_status": "NotSupportedAttributeType"}
        setting = self._station.settings.find_variable(component["name"], variable["name"])
        if setting is not None and setting.hidden:
            return {**found, "attribute_status": "Rejected"}
        if setting is not None:
            value: str | None = self._station.settings.text(setting.name)
        else:
            evse_id = component.get("evse", {}).get("id")
            value = fixed(self._station, component["name"], variable["name"], evse_id)
        if value is None:
            return {**found, "attribute_status": "UnknownVariable"}
        return {**found, "attribute_status": "Accepted", "attribute_value": value}

    def _set(self, wanted: dict[str, Any]) -> dict[str, Any]:
        component, variable = wanted["component"], wanted["variable"]
        setting = self._station.settings.find_variable(component["name"], variable["name"])
        if setting is None:
            known = fixed(self._station, component["name"], variable["name"], None) is not None
            status = "Rejected" if known else "UnknownVariable"
        else:
            status = "Accepted" if self._station.settings.write(setting, wanted["attribute_value"]) else "Rejected"
        return {
            "component": component,
            "variable": variable,
            "attribute_type": "Actual",
            "attribute_status": status,
        }


def profile_from(raw: dict[str, Any], now: datetime) -> Profile | None:
    """Read a profile of 2.0.1, as the package hands it over; None for a purpose that only others may set."""
    if raw["charging_profile_purpose"] not in PURPOSES:
        return None
    schedule = raw["charging_schedule"][0]
    return Profile(
        profile_id=int(raw["id"]),
        stack_level=int(raw["stack_level"]),
        purpose=PURPOSES[raw["charging_profile_purpose"]],
        kind=Kind(raw["charging_profile_kind"]),
        unit=schedule["charging_rate_unit"],
        periods=periods_from(schedule["charging_schedule_period"]),
        installed_at=now,
        start=moment(schedule.get("start_schedule")),
        duration_s=schedule.get("duration"),
        every_s=_RECURRENCES.get(raw.get("recurrency_kind") or ""),
        valid_from=moment(raw.get("valid_from")),
        valid_to=moment(raw.get("valid_to")),
        transaction_id=raw.get("transaction_id"),
        max_offline_s=raw.get("max_offline_duration"),
        dies_offline=bool(raw.get("invalid_after_offline_duration")),
    )


def _names_a_phase(raw: dict[str, Any]) -> bool:
    periods = raw["charging_schedule"][0]["charging_schedule_period"]
    return any(period.get("phase_to_use") is not None for period in periods)


def _token(tag: str) -> dict[str, str]:
    return {"id_token": tag, "type": "ISO14443" if len(tag) in (8, 14) else "Central"}
