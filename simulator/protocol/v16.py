"""A station in the words of OCPP 1.6-J."""

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
    Status,
    TransactionMessage,
)
from ..station.readings import meter_value_v16, stamp
from ..station.schedule import Kind, Period, Profile, Purpose
from ..station.station import Station
from .dialect import Dialect
from .library import Wire, call, on, receive, v16, v16_call as calls, v16_result as results

SUBPROTOCOL = "ocpp1.6"

PURPOSES = {
    "ChargePointMaxProfile": Purpose.STATION_MAXIMUM,
    "TxDefaultProfile": Purpose.TX_DEFAULT,
    "TxProfile": Purpose.TX,
}

_RECURRENCES = {"Daily": 86_400, "Weekly": 7 * 86_400}
_STOP_REASONS = {"Timeout": "Other", "Scheduled": "SoftReset"}
_TRIGGERS = ("BootNotification", "Heartbeat", "MeterValues", "StatusNotification")


class StationV16(v16.ChargePoint, Dialect):  # type: ignore[misc]
    """One connection of a station that speaks 1.6."""

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
            case Boot():
                return await self._boot()
            case Heartbeat():
                await call(self, calls.Heartbeat(), checked=True)
            case Status(evse_id, state, at):
                await call(
                    self,
                    calls.StatusNotification(
                        connector_id=evse_id, error_code="NoError", status=state.value, timestamp=stamp(at)
                    ),
                    checked=True,
                )
            case Authorize(tag):
                answer = await call(self, calls.Authorize(id_tag=tag), checked=True)
                return Answer(status=answer.id_tag_info["status"])
            case MeterMessage():
                if value := meter_value_v16(message.reading, message.measurands):
                    await call(
                        self, calls.MeterValues(connector_id=message.evse_id, meter_value=[value]), checked=False
                    )
            case TransactionMessage():
                return await self._transaction(message)
            case Report():
                pass
        return Answer()

    async def _boot(self) -> Answer:
        model = self._station.model
        answer = await call(
            self,
            calls.BootNotification(
                charge_point_model=model.model,
                charge_point_vendor=model.vendor,
                charge_point_serial_number=model.serial,
                firmware_version=model.firmware,
            ),
            checked=True,
        )
        return Answer(status=str(answer.status), interval_s=int(answer.interval))

    async def _transaction(self, message: TransactionMessage) -> Answer:
        transaction = message.transaction
        match message.stage:
            case Stage.STARTED:
                answer = await call(
                    self,
                    calls.StartTransaction(
                        connector_id=transaction.evse_id,
                        id_tag=transaction.tag,
                        meter_start=transaction.start_wh,
                        timestamp=stamp(transaction.started_at),
                    ),
                    checked=True,
                )
                return Answer(status=answer.id_tag_info["status"], transaction_id=str(answer.transaction_id))
            case Stage.UPDATED if message.reading is not None:
                if value := meter_value_v16(message.reading, message.measurands):
                    await call(
                        self,
                        calls.MeterValues(
                            connector_id=transaction.evse_id,
                            transaction_id=self._id(message),
                            meter_value=[value],
                        ),
                        checked=False,
                    )
            case Stage.ENDED:
                return await self._stop(message)
        return Answer()

    async def _stop(self, message: TransactionMessage) -> Answer:
        transaction = message.transaction
        value = meter_value_v16(message.reading, message.measurands) if message.reading is not None else None
        reason = transaction.stop_reason or "Other"
        answer = await call(
            self,
            calls.StopTransaction(
                meter_stop=transaction.stop_wh,
                timestamp=stamp(message.at),
                transaction_id=self._id(message),
                reason=_STOP_REASONS.get(reason, reason),
                id_tag=message.tag,
                transaction_data=[value] if value else None,
            ),
            checked=True,
        )
        return Answer(status=answer.id_tag_info["status"] if getattr(answer, "id_tag_info", None) else None)

    def _id(self, message: TransactionMessage) -> int:
        transaction = message.transaction
        # Some stations never put the real id into what they measured before they knew it.
        unmapped = message.offline and message.stage is Stage.UPDATED and not self._station.model.maps_offline_ids
        if transaction.central_id is None or (unmapped and transaction.offline):
            return transaction.local_id
        return int(transaction.central_id)

    @on("SetChargingProfile")
    def on_set_charging_profile(self, connector_id: int, cs_charging_profiles: dict[str, Any]) -> Any:
        """Store a profile."""
        profile = profile_from(cs_charging_profiles, self._station.now())
        problem = self._station.set_profile(connector_id, profile)
        return results.SetChargingProfile(status="Rejected" if problem else "Accepted")

    @on("ClearChargingProfile")
    def on_clear_charging_profile(
        self,
        id: int | None = None,
        connector_id: int | None = None,
        charging_profile_purpose: str | None = None,
        stack_level: int | None = None,
    ) -> Any:
        """Drop profiles."""
        purpose = PURPOSES[charging_profile_purpose] if charging_profile_purpose else None
        dropped = self._station.profiles.clear(
            profile_id=id, evse_id=connector_id, purpose=purpose, stack_level=stack_level
        )
        return results.ClearChargingProfile(status="Accepted" if dropped else "Unknown")

    @on("GetCompositeSchedule")
    def on_get_composite_schedule(self, connector_id: int, duration: int, charging_rate_unit: str | None = None) -> Any:
        """Say what limit is in force, and will be."""
        if connector_id not in (0, *self._station.points):
            return results.GetCompositeSchedule(status="Rejected")
        unit, periods = composite_periods(self._station, connector_id, duration, charging_rate_unit)
        now = stamp(self._station.now())
        schedule = {
            "duration": duration,
            "start_schedule": now,
            "charging_rate_unit": unit,
            "charging_schedule_period": periods,
        }
        return results.GetCompositeSchedule(
            status="Accepted", connector_id=connector_id, schedule_start=now, charging_schedule=schedule
        )

    @on("RemoteStartTransaction")
    def on_remote_start(
        self, id_tag: str, connector_id: int | None = None, charging_profile: dict[str, Any] | None = None
    ) -> Any:
        """Start."""
        profile = profile_from(charging_profile, self._station.now()) if charging_profile else None
        done = self._station.remote_start(connector_id, id_tag, None, profile)
        return results.RemoteStartTransaction(status="Accepted" if done else "Rejected")

    @on("RemoteStopTransaction")
    def on_remote_stop(self, transaction_id: int) -> Any:
        """Stop."""
        done = self._station.remote_stop(str(transaction_id))
        return results.RemoteStopTransaction(status="Accepted" if done else "Rejected")

    @on("Reset")
    def on_reset(self, type: str) -> Any:
        """Start anew."""
        self._station.reset("HardReset" if type == "Hard" else "SoftReset")
        return results.Reset(status="Accepted")

    @on("ChangeAvailability")
    def on_change_availability(self, connector_id: int, type: str) -> Any:
        """Go into or out of service."""
        return results.ChangeAvailability(status=self._station.set_operative(connector_id, type == "Operative"))

    @on("UnlockConnector")
    def on_unlock_connector(self, connector_id: int) -> Any:
        """Let go of the cable."""
        point = self._station.points.get(connector_id)
        if point is None:
            return results.UnlockConnector(status="NotSupported")
        point.stop("UnlockCommand", "UnlockCommand")
        return results.UnlockConnector(status="Unlocked")

    @on("TriggerMessage")
    def on_trigger_message(self, requested_message: str, connector_id: int | None = None) -> Any:
        """Send something out of turn."""
        if requested_message not in _TRIGGERS:
            return results.TriggerMessage(status="NotImplemented")
        done = self._station.trigger(requested_message, connector_id)
        return results.TriggerMessage(status="Accepted" if done else "Rejected")

    @on("GetConfiguration")
    def on_get_configuration(self, key: list[str] | None = None) -> Any:
        """Show settings: those asked for, or all."""
        settings = self._station.settings
        shown, unknown = [], []
        for name in key or [setting.name for setting in settings.shown()]:
            setting = settings.find(name)
            if setting is None or setting.hidden:
                unknown.append(name)
            else:
                value = settings.text(setting.name)
                shown.append({"key": setting.name, "readonly": setting.readonly, "value": value})
        return results.GetConfiguration(configuration_key=shown, unknown_key=unknown)

    @on("ChangeConfiguration")
    def on_change_configuration(self, key: str, value: str) -> Any:
        """Change a setting."""
        setting = self._station.settings.find(key)
        if setting is None:
            return results.ChangeConfiguration(status="NotSupported")
        done = self._station.settings.write(setting, value)
        return results.ChangeConfiguration(status="Accepted" if done else "Rejected")

    @on("ClearCache")
    def on_clear_cache(self) -> Any:
        """Forget cards."""
        self._station.forget_tags()
        return results.ClearCache(status="Accepted")

    @on("DataTransfer")
    def on_data_transfer(self, vendor_id: str, message_id: str | None = None, data: str | None = None) -> Any:
        """Know no vendor but its own, and nothing of that."""
        known = vendor_id == self._station.model.vendor
        return results.DataTransfer(status="UnknownMessageId" if known else "UnknownVendorId")


def moment(text: str | None) -> datetime | None:
    """Read a time as OCPP writes it."""
    return None if text is None else datetime.fromisoformat(text)


def periods_from(periods: list[dict[str, Any]]) -> tuple[Period, ...]:
    """Read the steps of a schedule."""
    return tuple(
        Period(int(p["start_period"]), float(p["limit"]), int(p["number_phases"]) if p.get("number_phases") else None)
        for p in periods
    )


def profile_from(raw: dict[str, Any], now: datetime) -> Profile:
    """Read a profile of 1.6, as the package hands it over. Raises KeyError or ValueError where it makes no sense."""
    schedule = raw["charging_schedule"]
    transaction_id = raw.get("transaction_id")
    return Profile(
        profile_id=int(raw["charging_profile_id"]),
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
        transaction_id=None if transaction_id is None else str(transaction_id),
    )


def composite_periods(
    station: Station, evse_id: int, duration_s: int, unit: str | None
) -> tuple[str, list[dict[str, Any]]]:
    """Return the unit and the steps of a composite schedule, in A unless W is asked for."""
    steps = station.composite(evse_id, duration_s)
    phases = station.points[evse_id].evse.phases if evse_id else max(p.evse.phases for p in station.points.values())
    factor = 230.0 * phases if unit == "W" else 1.0
    periods = [
        {"start_period": at_s, "limit": round(limit_a * factor, 1), "number_phases": phases} for at_s, limit_a in steps
    ]
    return "W" if unit == "W" else "A", periods
