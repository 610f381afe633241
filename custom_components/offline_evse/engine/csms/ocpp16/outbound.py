"""Commands as OCPP 1.6 requests."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from ocpp.v16 import call
from ocpp.v16.datatypes import AuthorizationData, ChargingProfile, ChargingSchedule, ChargingSchedulePeriod, IdTagInfo
from ocpp.v16.enums import (
    AuthorizationStatus,
    AvailabilityType,
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
    MessageTrigger,
    ResetType,
    UpdateType,
)

from ...model.command import (
    ApplyFloor,
    ApplyLimit,
    ChangeAvailability,
    ClearAuthorizationCache,
    ClearProfile,
    Command,
    ReadCompositeSchedule,
    ReadLocalListVersion,
    ReadVariables,
    RequestReport,
    Reset,
    SendData,
    SendLocalList,
    StartTransaction,
    StopTransaction,
    Trigger,
    TriggerMessage,
    UnlockConnector,
    WriteVariable,
)
from ...model.local_list import LocalListEntry
from ...model.station import OcppVersion, ResetKind
from ...ocppj.schemas import check_request
from ..codec import Payload, UnsupportedCommandError
from ..payloads.wire_names import payload_of, wire_time
from ..smart_charging.profile_ladder import ProfileLadder
from ..smart_charging.profiles import Profile, Purpose, Role, floor_profile, live_profile, profile_id
from .inbound import LONGEST_ID_TAG

_PURPOSES = {
    Purpose.TX: ChargingProfilePurposeType.tx_profile,
    Purpose.TX_DEFAULT: ChargingProfilePurposeType.tx_default_profile,
    Purpose.STATION_MAX: ChargingProfilePurposeType.charge_point_max_profile,
}
_TRIGGERS = {
    Trigger.BOOT: MessageTrigger.boot_notification,
    Trigger.STATUS: MessageTrigger.status_notification,
    Trigger.METER_VALUES: MessageTrigger.meter_values,
    Trigger.HEARTBEAT: MessageTrigger.heartbeat,
    Trigger.TRANSACTION: MessageTrigger.meter_values,
}


def encode_command(command: Command, ladder: ProfileLadder, now: datetime) -> tuple[str, Payload]:
    """Return action and payload; raises UnsupportedCommandError where 1.6 has no way to say it."""
    message = _message(command, ladder, now)
    action = type(message).__name__
    payload = payload_of(message)
    check_request(OcppVersion.V16, action, payload)
    return action, payload


def _message(command: Command, ladder: ProfileLadder, now: datetime) -> Any:
    match command:
        case ApplyLimit():
            return _set_profile(live_profile(_limit(command), ladder.current, now))
        case ApplyFloor(current_a=None):
            return call.ClearChargingProfile(id=profile_id(command.evse_id, Role.FLOOR))
        case ApplyFloor():
            return _set_profile(floor_profile(command, ladder.current_floor, now))
        case ClearProfile():
            return call.ClearChargingProfile(id=command.profile_id)
        case ReadCompositeSchedule():
            return call.GetCompositeSchedule(connector_id=command.evse_id, duration=command.duration_s)
        case StartTransaction():
            return call.RemoteStartTransaction(
                id_tag=_short(command.id_token.value, LONGEST_ID_TAG, "idTag"), connector_id=command.evse_id or None
            )
        case StopTransaction():
            return call.RemoteStopTransaction(transaction_id=_transaction_id(command.transaction_id))
        case Reset():
            return call.Reset(type=ResetType.hard if command.kind is ResetKind.HARD else ResetType.soft)
        case ChangeAvailability():
            return call.ChangeAvailability(
                connector_id=command.evse_id,
                type=AvailabilityType.operative if command.operative else AvailabilityType.inoperative,
            )
        case UnlockConnector():
            return call.UnlockConnector(connector_id=command.evse_id)
        case TriggerMessage():
            return call.TriggerMessage(
                requested_message=_TRIGGERS[command.message], connector_id=command.evse_id or None
            )
        case ReadVariables():
            return call.GetConfiguration(key=[_short(name, 50, "key") for name in command.names] or None)
        case WriteVariable():
            return call.ChangeConfiguration(
                key=_short(command.name, 50, "key"), value=_short(command.value, 500, "value")
            )
        case RequestReport():
            return call.GetConfiguration()
        case SendData():
            return call.DataTransfer(
                vendor_id=_short(command.vendor_id, 255, "vendorId"),
                message_id=None if command.message_id is None else _short(command.message_id, 50, "messageId"),
                data=command.data,
            )
        case ClearAuthorizationCache():
            return call.ClearCache()
        case ReadLocalListVersion():
            return call.GetLocalListVersion()
        case SendLocalList():
            entries = [_list_entry(entry) for entry in command.entries if len(entry.id_token.value) <= LONGEST_ID_TAG]
            return call.SendLocalList(
                list_version=command.version,
                update_type=UpdateType.full if command.full else UpdateType.differential,
                local_authorization_list=entries,
            )


def _list_entry(entry: LocalListEntry) -> AuthorizationData:
    if not entry.accepted:
        # Without a status it is taken out (5.15).
        return AuthorizationData(id_tag=entry.id_token.value)
    info = IdTagInfo(
        status=AuthorizationStatus.accepted,
        expiry_date=wire_time(entry.expires_at) if entry.expires_at else None,
        parent_id_tag=entry.group[:LONGEST_ID_TAG] if entry.group else None,
    )
    return AuthorizationData(id_tag=entry.id_token.value, id_tag_info=info)


def _limit(command: ApplyLimit) -> ApplyLimit:
    """Leave out a transaction that 1.6 cannot name: a limit has to reach the station, for whatever runs there."""
    named = command.transaction_id
    return command if named is None or named.isdecimal() else replace(command, transaction_id=None)


def _set_profile(profile: Profile) -> call.SetChargingProfile:
    transaction_id = profile.transaction_id
    return call.SetChargingProfile(
        connector_id=profile.evse_id,
        cs_charging_profiles=ChargingProfile(
            charging_profile_id=profile.profile_id,
            transaction_id=None if transaction_id is None else _transaction_id(transaction_id),
            stack_level=profile.stack_level,
            charging_profile_purpose=_PURPOSES[profile.purpose],
            charging_profile_kind=ChargingProfileKindType(profile.kind.value),
            valid_to=wire_time(profile.valid_to) if profile.valid_to else None,
            charging_schedule=ChargingSchedule(
                charging_rate_unit=ChargingRateUnitType(profile.unit.value),
                start_schedule=wire_time(profile.start) if profile.start else None,
                charging_schedule_period=[
                    ChargingSchedulePeriod(
                        start_period=period.start_s,
                        limit=period.limit,
                        number_phases=period.number_phases,
                    )
                    for period in profile.periods
                ],
            ),
        ),
    )


def _transaction_id(value: str) -> int:
    try:
        return int(value)
    except ValueError as err:
        raise UnsupportedCommandError(f"{value!r} is no transaction id of OCPP 1.6") from err


def _short(value: str, longest: int, name: str) -> str:
    if len(value) > longest:
        raise UnsupportedCommandError(f"{name} is longer than the {longest} characters that OCPP 1.6 allows")
    return value
