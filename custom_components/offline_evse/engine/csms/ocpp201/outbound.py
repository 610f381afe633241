"""Commands as OCPP 2.x requests."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from ocpp.v201 import call
from ocpp.v201.datatypes import EVSEType, GetVariableDataType, IdTokenType, SetVariableDataType
from ocpp.v201.enums import (
    IdTokenEnumType,
    MessageTriggerEnumType,
    OperationalStatusEnumType,
    ReportBaseEnumType,
    ResetEnumType,
    UpdateEnumType,
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
from ...model.station import ResetKind
from ...ocppj.schemas import check_request
from ..codec import Payload, UnsupportedCommandError
from ..payloads.wire_names import payload_of
from ..smart_charging.profile_ladder import ProfileLadder
from ..smart_charging.profiles import Profile, Role, floor_profile, live_profile, profile_id
from .edition import OCPP_201, Edition
from .inbound import LONGEST_TRANSACTION_ID
from .local_list import list_entry
from .variable_names import split_name


def encode_command(
    command: Command, ladder: ProfileLadder, now: datetime, edition: Edition = OCPP_201
) -> tuple[str, Payload]:
    """Return action and payload; raises UnsupportedCommandError where the version has no way to say it."""
    message = _message(command, ladder, now, edition)
    action = type(message).__name__
    payload = payload_of(message)
    check_request(edition.version, action, payload)
    return action, payload


def _message(command: Command, ladder: ProfileLadder, now: datetime, edition: Edition) -> Any:
    match command:
        case ApplyLimit():
            profile = live_profile(_limit(command), ladder.current, now, chooses_phase=ladder.chooses_phase)
            return _set_profile(profile, edition)
        case ApplyFloor(current_a=None):
            return call.ClearChargingProfile(charging_profile_id=profile_id(command.evse_id, Role.FLOOR))
        case ApplyFloor():
            return _set_profile(floor_profile(command, ladder.current_floor, now), edition)
        case ClearProfile():
            return call.ClearChargingProfile(charging_profile_id=command.profile_id)
        case ReadCompositeSchedule():
            return call.GetCompositeSchedule(duration=command.duration_s, evse_id=command.evse_id)
        case StartTransaction():
            token = command.id_token
            return call.RequestStartTransaction(
                id_token=IdTokenType(
                    id_token=_short(token.value, edition.longest_id_token, "idToken"),
                    type=IdTokenEnumType(token.type.value),
                ),
                remote_start_id=command.remote_start_id,
                evse_id=command.evse_id or None,
            )
        case StopTransaction():
            return call.RequestStopTransaction(transaction_id=_transaction_id(command.transaction_id))
        case Reset():
            return call.Reset(type=ResetEnumType.immediate if command.kind is ResetKind.HARD else ResetEnumType.on_idle)
        case ChangeAvailability():
            operative = command.operative
            return call.ChangeAvailability(
                operational_status=(
                    OperationalStatusEnumType.operative if operative else OperationalStatusEnumType.inoperative
                ),
                evse=EVSEType(id=command.evse_id) if command.evse_id else None,
            )
        case UnlockConnector():
            return call.UnlockConnector(evse_id=command.evse_id, connector_id=command.connector_id)
        case TriggerMessage():
            return call.TriggerMessage(
                requested_message=MessageTriggerEnumType(command.message.value), evse=_trigger_evse(command)
            )
        case ReadVariables():
            return _get_variables(command)
        case WriteVariable():
            component, variable = split_name(command.name)
            value = _short(command.value, edition.longest_value, "attributeValue")
            return call.SetVariables(
                set_variable_data=[SetVariableDataType(attribute_value=value, component=component, variable=variable)]
            )
        case RequestReport():
            return call.GetBaseReport(request_id=command.request_id, report_base=ReportBaseEnumType.full_inventory)
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
            return call.SendLocalList(
                version_number=command.version,
                update_type=UpdateEnumType.full if command.full else UpdateEnumType.differential,
                # An empty list is left out (D01).
                local_authorization_list=[list_entry(entry, edition) for entry in command.entries] or None,
            )


def _get_variables(command: ReadVariables) -> call.GetVariables:
    if not command.names:
        raise UnsupportedCommandError("OCPP 2.x reads variables by name; everything comes with a report")
    named = [split_name(name) for name in command.names]
    return call.GetVariables(
        get_variable_data=[GetVariableDataType(component=component, variable=variable) for component, variable in named]
    )


def _trigger_evse(command: TriggerMessage) -> EVSEType | None:
    if not command.evse_id:
        return None
    # A status belongs to a connector, so one has to be named (F06.FR.12).
    return EVSEType(id=command.evse_id, connector_id=1 if command.message is Trigger.STATUS else None)


def _limit(command: ApplyLimit) -> ApplyLimit:
    """Leave out a transaction that OCPP cannot name: a limit has to reach the station, for whatever runs there."""
    named = command.transaction_id
    if named is None or len(named) <= LONGEST_TRANSACTION_ID:
        return command
    return replace(command, transaction_id=None)


def _set_profile(profile: Profile, edition: Edition) -> call.SetChargingProfile:
    return call.SetChargingProfile(evse_id=profile.evse_id, charging_profile=edition.charging_profile(profile))


def _transaction_id(value: str) -> str:
    return _short(value, LONGEST_TRANSACTION_ID, "transactionId")


def _short(value: str, longest: int, name: str) -> str:
    if len(value) > longest:
        raise UnsupportedCommandError(f"{name} is longer than the {longest} characters that OCPP allows")
    return value
