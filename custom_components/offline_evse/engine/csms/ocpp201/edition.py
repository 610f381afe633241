"""In what the versions of OCPP 2.x differ from one another, as far as it concerns us."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ocpp.v201 import call_result
from ocpp.v201.datatypes import ChargingProfileType, ChargingSchedulePeriodType, ChargingScheduleType
from ocpp.v201.enums import (
    ChargingProfileKindEnumType,
    ChargingProfilePurposeEnumType,
    ChargingRateUnitEnumType,
    GenericStatusEnumType,
    GetCertificateStatusEnumType,
    NotifyEVChargingNeedsStatusEnumType,
)

from ...model.station import OcppVersion
from ..codec import Payload
from ..payloads.wire_names import payload_of, wire_time
from ..smart_charging.profiles import Profile, Purpose

PURPOSES = {
    Purpose.TX: ChargingProfilePurposeEnumType.tx_profile,
    Purpose.TX_DEFAULT: ChargingProfilePurposeEnumType.tx_default_profile,
    Purpose.STATION_MAX: ChargingProfilePurposeEnumType.charging_station_max_profile,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One version of OCPP 2.x."""

    version: OcppVersion
    longest_id_token: int
    longest_value: int
    """Of a variable that is written."""
    charging_profile: Callable[[Profile], Any]
    """Puts a profile into the words of the version."""
    notices: frozenset[str]
    """Messages that only want a receipt, and requests that are refused in the words of their own answer."""
    receipts: Mapping[str, Payload] = field(default_factory=dict)
    """Receipts that are not empty; what is not done here is refused."""
    offline_duration: bool = False
    """Whether a profile can say how long it outlives the connection."""


def charging_profile(profile: Profile) -> ChargingProfileType:
    """Return a profile as OCPP 2.0.1 writes it."""
    return ChargingProfileType(
        id=profile.profile_id,
        stack_level=profile.stack_level,
        charging_profile_purpose=PURPOSES[profile.purpose],
        charging_profile_kind=ChargingProfileKindEnumType(profile.kind.value),
        valid_to=wire_time(profile.valid_to) if profile.valid_to else None,
        transaction_id=profile.transaction_id,
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


OCPP_201 = Edition(
    version=OcppVersion.V201,
    longest_id_token=36,
    longest_value=1000,
    charging_profile=charging_profile,
    notices=frozenset(
        {
            "ClearedChargingLimit",
            "FirmwareStatusNotification",
            "GetCertificateStatus",
            "LogStatusNotification",
            "NotifyChargingLimit",
            "NotifyCustomerInformation",
            "NotifyDisplayMessages",
            "NotifyEVChargingNeeds",
            "NotifyEVChargingSchedule",
            "NotifyEvent",
            "NotifyMonitoringReport",
            "PublishFirmwareStatusNotification",
            "ReportChargingProfiles",
            "ReservationStatusUpdate",
            "SecurityEventNotification",
            "SignCertificate",
        }
    ),
    receipts={
        "SignCertificate": payload_of(call_result.SignCertificate(status=GenericStatusEnumType.rejected)),
        "NotifyEVChargingNeeds": payload_of(
            call_result.NotifyEVChargingNeeds(status=NotifyEVChargingNeedsStatusEnumType.rejected)
        ),
        "NotifyEVChargingSchedule": payload_of(
            call_result.NotifyEVChargingSchedule(status=GenericStatusEnumType.accepted)
        ),
        "GetCertificateStatus": payload_of(
            call_result.GetCertificateStatus(status=GetCertificateStatusEnumType.failed)
        ),
    },
)
