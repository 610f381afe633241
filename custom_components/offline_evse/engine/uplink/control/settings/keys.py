"""The settings that a backend sees of a line: by their key in 1.6, by component and variable in 2.x.

A backend's settings concern what it is told and nothing else. The charger has its own, which are the site's affair, and
whoever may charge is none of a backend's settings either: those are known, and refused.
"""

from dataclasses import dataclass
from enum import StrEnum

from ....model.upstream.config import UpstreamConfig, UpstreamPermit
from ..limits.overlay import MAX_PROFILES
from ..limits.profiles import MAX_PERIODS, MAX_STACK_LEVEL

LIST_ENTRIES = 1000
ITEMS = 100
"""How many settings may be asked for or set in one request."""
DAY_S = 86_400


class Access(StrEnum):
    """What a backend may do with a setting."""

    WRITE = "ReadWrite"
    READ = "ReadOnly"
    REFUSED = "refused"
    """It exists, and is none of its business: neither told nor changed."""


class Kind(StrEnum):
    """2.x DataEnumType, as far as it is needed."""

    INTEGER = "integer"
    BOOLEAN = "boolean"
    STRING = "string"
    MEMBERS = "MemberList"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting."""

    name: str
    """Its 1.6 key, or where 1.6 has none the one that it is kept under."""
    component: str | None = None
    """None: 2.x has none."""
    variable: str = ""
    instance: str | None = None
    access: Access = Access.READ
    kind: Kind = Kind.STRING
    value: str = ""
    """Its value, or the one it has until a backend sets it."""
    most: int = DAY_S
    """Largest number that can be set; the least is 0."""
    unit: str | None = None
    in_16: bool = True


HEARTBEAT = "HeartbeatInterval"
SAMPLE_INTERVAL = "MeterValueSampleInterval"
CONNECTION_TIMEOUT = "ConnectionTimeOut"


def keys_of(config: UpstreamConfig, evse_count: int) -> tuple[Key, ...]:
    """Return the settings of a line to a charger with so many EVSEs."""
    live_s = str(config.traffic.live_interval_s)
    list_there = config.role.controls and UpstreamPermit.LOCAL_LIST in config.permits
    profiles = ["Core", "RemoteTrigger", "SmartCharging", *(["LocalAuthListManagement"] if list_there else [])]
    return (
        _write(HEARTBEAT, "OCPPCommCtrlr", "HeartbeatInterval", str(config.traffic.probe_interval_s)),
        _write(SAMPLE_INTERVAL, "SampledDataCtrlr", "TxUpdatedInterval", live_s),
        _write("ClockAlignedDataInterval", "AlignedDataCtrlr", "Interval", "0"),
        _write("WebSocketPingInterval", "OCPPCommCtrlr", "WebSocketPingInterval", "0"),
        _write(CONNECTION_TIMEOUT, "TxCtrlr", "EVConnectionTimeOut", "300"),
        _number("NumberOfConnectors", evse_count),
        Key(name="SupportedFeatureProfiles", value=",".join(profiles), kind=Kind.MEMBERS),
        _number("GetConfigurationMaxKeys", ITEMS),
        _number("ItemsPerMessageGet", ITEMS, "DeviceDataCtrlr", "ItemsPerMessage", "GetVariables", in_16=False),
        _number("ItemsPerMessageSet", ITEMS, "DeviceDataCtrlr", "ItemsPerMessage", "SetVariables", in_16=False),
        _flag("AuthorizeRemoteTxRequests", True, "AuthCtrlr", "AuthorizeRemoteStart"),
        _flag("LocalAuthorizeOffline", True, "AuthCtrlr", "LocalAuthorizeOffline"),
        _flag("LocalAuthListEnabled", list_there, "LocalAuthListCtrlr", "Enabled"),
        _flag("LocalAuthListAvailable", list_there, "LocalAuthListCtrlr", "Available", in_16=False),
        _number("LocalAuthListMaxLength", LIST_ENTRIES),
        _number("SendLocalListMaxLength", LIST_ENTRIES, "LocalAuthListCtrlr", "ItemsPerMessage"),
        _flag("SmartChargingAvailable", True, "SmartChargingCtrlr", "Available", in_16=False),
        _flag("SmartChargingEnabled", True, "SmartChargingCtrlr", "Enabled", in_16=False),
        _number("ChargeProfileMaxStackLevel", MAX_STACK_LEVEL, "SmartChargingCtrlr", "ProfileStackLevel"),
        Key(name="ChargingScheduleAllowedChargingRateUnit", value="Current,Power", kind=Kind.MEMBERS),
        Key(
            name="RateUnit",
            component="SmartChargingCtrlr",
            variable="RateUnit",
            value="A,W",
            kind=Kind.MEMBERS,
            in_16=False,
        ),
        _number("ChargingScheduleMaxPeriods", MAX_PERIODS, "SmartChargingCtrlr", "PeriodsPerSchedule"),
        _number("MaxChargingProfilesInstalled", MAX_PROFILES, "SmartChargingCtrlr", "Entries", "ChargingProfiles"),
        _flag("ConnectorSwitch3to1PhaseSupported", False, "SmartChargingCtrlr", "Phases3to1"),
        _flag("ReservationAvailable", False, "ReservationCtrlr", "Available", in_16=False),
        _flag("DisplayAvailable", False, "DisplayMessageCtrlr", "Available", in_16=False),
        _flag("MonitoringAvailable", False, "MonitoringCtrlr", "Available", in_16=False),
        _number("TransactionMessageAttempts", 3, "OCPPCommCtrlr", "MessageAttempts", "TransactionEvent"),
        _number(
            "TransactionMessageRetryInterval",
            60,
            "OCPPCommCtrlr",
            "MessageAttemptInterval",
            "TransactionEvent",
            unit="s",
        ),
        _number("MessageTimeout", 30, "OCPPCommCtrlr", "MessageTimeout", "Default", unit="s", in_16=False),
        Key(name="MeterValuesSampledData", value="Energy.Active.Import.Register", kind=Kind.MEMBERS),
        Key(name="StopTxnSampledData", value="Energy.Active.Import.Register", kind=Kind.MEMBERS),
        Key(
            name="TxUpdatedMeasurands",
            component="SampledDataCtrlr",
            variable="TxUpdatedMeasurands",
            value="Energy.Active.Import.Register",
            kind=Kind.MEMBERS,
            in_16=False,
        ),
        _number("ResetRetries", 0, "OCPPCommCtrlr", "ResetRetries"),
        *(
            Key(name=name, component=component, variable=variable, access=Access.REFUSED)
            for name, component, variable in REFUSED
        ),
    )


REFUSED = (
    ("AllowOfflineTxForUnknownId", "AuthCtrlr", "OfflineTxForUnknownIdEnabled"),
    ("AuthorizationCacheEnabled", "AuthCacheCtrlr", "Enabled"),
    ("LocalPreAuthorize", "AuthCtrlr", "LocalPreAuthorize"),
    ("MaxEnergyOnInvalidId", "TxCtrlr", "MaxEnergyOnInvalidId"),
    ("StopTransactionOnInvalidId", "TxCtrlr", "StopTxOnInvalidId"),
    ("StopTransactionOnEVSideDisconnect", "TxCtrlr", "StopTxOnEVSideDisconnect"),
    ("UnlockConnectorOnEVSideDisconnect", "OCPPCommCtrlr", "UnlockOnEVSideDisconnect"),
    ("AuthorizationKey", "SecurityCtrlr", "BasicAuthPassword"),
    ("SecurityProfile", "SecurityCtrlr", "SecurityProfile"),
    ("CpoName", "SecurityCtrlr", "OrganizationName"),
    ("AdditionalRootCertificateCheck", "SecurityCtrlr", "AdditionalRootCertificateCheck"),
    ("AuthEnabled", "AuthCtrlr", "Enabled"),
    ("AuthCacheLifeTime", "AuthCacheCtrlr", "LifeTime"),
    ("DisableRemoteAuthorization", "AuthCtrlr", "DisableRemoteAuthorization"),
    ("NetworkConfigurationPriority", "OCPPCommCtrlr", "NetworkConfigurationPriority"),
    ("TxStartPoint", "TxCtrlr", "TxStartPoint"),
    ("TxStopPoint", "TxCtrlr", "TxStopPoint"),
)
"""Who may charge, when a session begins and ends, passwords and addresses: the owner's."""


def _write(name: str, component: str, variable: str, value: str) -> Key:
    return Key(
        name=name,
        component=component,
        variable=variable,
        access=Access.WRITE,
        kind=Kind.INTEGER,
        value=value,
        unit="s",
    )


def _number(
    name: str,
    value: int,
    component: str | None = None,
    variable: str = "",
    instance: str | None = None,
    *,
    unit: str | None = None,
    in_16: bool = True,
) -> Key:
    return Key(
        name=name,
        component=component,
        variable=variable,
        instance=instance,
        kind=Kind.INTEGER,
        value=str(value),
        unit=unit,
        in_16=in_16,
    )


def _flag(name: str, value: bool, component: str | None = None, variable: str = "", *, in_16: bool = True) -> Key:
    return Key(
        name=name,
        component=component,
        variable=variable,
        kind=Kind.BOOLEAN,
        value="true" if value else "false",
        in_16=in_16,
    )
