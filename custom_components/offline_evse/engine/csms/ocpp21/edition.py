"""In what OCPP 2.1 differs from 2.0.1, as far as it concerns us."""

from ocpp.v21 import call_result
from ocpp.v21.datatypes import ChargingProfileType, ChargingSchedulePeriodType, ChargingScheduleType
from ocpp.v21.enums import (
    ChargingProfileKindEnumType,
    ChargingProfilePurposeEnumType,
    ChargingProfileStatusEnumType,
    ChargingRateUnitEnumType,
    GenericStatusEnumType,
)

from ...model.station import OcppVersion
from ..ocpp201.edition import OCPP_201, PURPOSES, Edition
from ..payloads.wire_names import payload_of, wire_time
from ..smart_charging.profiles import Profile


def charging_profile(profile: Profile) -> ChargingProfileType:
    """Return a profile as OCPP 2.1 writes it: it may end by itself once the connection is gone."""
    return ChargingProfileType(
        id=profile.profile_id,
        stack_level=profile.stack_level,
        charging_profile_purpose=ChargingProfilePurposeEnumType(PURPOSES[profile.purpose].value),
        charging_profile_kind=ChargingProfileKindEnumType(profile.kind.value),
        valid_to=wire_time(profile.valid_to) if profile.valid_to else None,
        transaction_id=profile.transaction_id,
        max_offline_duration=profile.max_offline_s,
        invalid_after_offline_duration=None if profile.max_offline_s is None else True,
        charging_schedule=[
            ChargingScheduleType(
                id=profile.profile_id,
                charging_rate_unit=ChargingRateUnitEnumType(profile.unit.value),
                start_schedule=wire_time(profile.start) if profile.start else None,
                charging_schedule_period=[
                    ChargingSchedulePeriodType(
                        start_period=period.start_s,
                        limit=period.limit,
                        number_phases=period.number_phases,
                        phase_to_use=period.phase_to_use,
                    )
                    for period in profile.periods
                ],
            )
        ],
    )


_REFUSED = GenericStatusEnumType.rejected

OCPP_21 = Edition(
    version=OcppVersion.V21,
    longest_id_token=255,
    longest_value=2500,
    charging_profile=charging_profile,
    offline_duration=True,
    notices=OCPP_201.notices
    | {
        "BatterySwap",
        "ClosePeriodicEventStream",
        "NotifyDERAlarm",
        "NotifyDERStartStop",
        "NotifyPriorityCharging",
        "NotifySettlement",
        "NotifyWebPaymentStarted",
        "OpenPeriodicEventStream",
        "PullDynamicScheduleUpdate",
        "ReportDERControl",
    },
    receipts={
        **OCPP_201.receipts,
        "OpenPeriodicEventStream": payload_of(call_result.OpenPeriodicEventStream(status=_REFUSED)),
        "PullDynamicScheduleUpdate": payload_of(
            call_result.PullDynamicScheduleUpdate(status=ChargingProfileStatusEnumType.rejected)
        ),
    },
)
