"""What can be configured in a station: configuration keys (1.6), or component variables (2.0.1), of one store."""

from dataclasses import dataclass

from .readings import MEASURANDS


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set. `name` is the 1.6 key; `variable` the 2.0.1 component and variable."""

    name: str
    value: str
    variable: tuple[str, str] | None = None
    kind: str = "string"
    """string, integer, boolean or MemberList."""
    readonly: bool = False
    hidden: bool = False
    """May be written but is never read out."""


_USUAL_MEASURANDS = "Energy.Active.Import.Register,Current.Import,Voltage,Power.Active.Import,Current.Offered,SoC"

_SETTINGS = (
    Setting("HeartbeatInterval", "300", ("OCPPCommCtrlr", "HeartbeatInterval"), "integer"),
    Setting("WebSocketPingInterval", "0", ("OCPPCommCtrlr", "WebSocketPingInterval"), "integer"),
    Setting("ConnectionTimeOut", "60", ("TxCtrlr", "EVConnectionTimeOut"), "integer"),
    Setting("MeterValueSampleInterval", "60", ("SampledDataCtrlr", "TxUpdatedInterval"), "integer"),
    Setting("MeterValuesSampledData", _USUAL_MEASURANDS, ("SampledDataCtrlr", "TxUpdatedMeasurands"), "MemberList"),
    Setting("StopTxnSampledData", "", ("SampledDataCtrlr", "TxEndedMeasurands"), "MemberList"),
    Setting("ClockAlignedDataInterval", "0", ("AlignedDataCtrlr", "Interval"), "integer"),
    Setting(
        "MeterValuesAlignedData", "Energy.Active.Import.Register", ("AlignedDataCtrlr", "Measurands"), "MemberList"
    ),
    Setting("AuthorizeRemoteTxRequests", "false", ("AuthCtrlr", "AuthorizeRemoteStart"), "boolean"),
    Setting("LocalAuthorizeOffline", "true", ("AuthCtrlr", "LocalAuthorizeOffline"), "boolean"),
    Setting("AllowOfflineTxForUnknownId", "true", ("AuthCtrlr", "OfflineTxForUnknownIdEnabled"), "boolean"),
    Setting("StopTransactionOnInvalidId", "true", ("TxCtrlr", "StopTxOnInvalidId"), "boolean"),
    Setting("StopTransactionOnEVSideDisconnect", "true", ("TxCtrlr", "StopTxOnEVSideDisconnect"), "boolean", True),
    Setting("UnlockConnectorOnEVSideDisconnect", "true", None, "boolean"),
    Setting("TransactionMessageAttempts", "3", ("OCPPCommCtrlr", "MessageAttempts"), "integer"),
    Setting("TransactionMessageRetryInterval", "5", ("OCPPCommCtrlr", "MessageAttemptInterval"), "integer"),
    Setting("ResetRetries", "1", ("OCPPCommCtrlr", "ResetRetries"), "integer"),
    Setting("GetConfigurationMaxKeys", "60", None, "integer", True),
    Setting(
        "SupportedFeatureProfiles", "Core,SmartCharging,RemoteTrigger,FirmwareManagement", None, "MemberList", True
    ),
    Setting("NumberOfConnectors", "1", None, "integer", True),
    Setting("ConnectorPhaseRotation", "0.Unknown", ("ChargingStation", "PhaseRotation"), "MemberList", True),
    Setting("ChargeProfileMaxStackLevel", "8", ("SmartChargingCtrlr", "ProfileStackLevel"), "integer", True),
    Setting(
        "ChargingScheduleAllowedChargingRateUnit",
        "Current,Power",
        ("SmartChargingCtrlr", "RateUnit"),
        "MemberList",
        True,
    ),
    Setting("ChargingScheduleMaxPeriods", "24", ("SmartChargingCtrlr", "PeriodsPerSchedule"), "integer", True),
    Setting("MaxChargingProfilesInstalled", "16", ("SmartChargingCtrlr", "Entries"), "integer", True),
    Setting("TxStartPoint", "Authorized,EVConnected", ("TxCtrlr", "TxStartPoint"), "MemberList", True),
    Setting("TxStopPoint", "Authorized,EVConnected", ("TxCtrlr", "TxStopPoint"), "MemberList", True),
    Setting("AuthorizationKey", "", ("SecurityCtrlr", "BasicAuthPassword"), "string", False, True),
)

_ONLY_V201 = frozenset({"TxStartPoint", "TxStopPoint"})


class Settings:
    """The settings of one station; they survive reboots."""

    def __init__(self, **own: str) -> None:
        """Start from the usual values, with `own` values where a station differs.

        Raises KeyError for a setting that no station has.
        """
        self._known = {setting.name: setting for setting in _SETTINGS}
        self._values = {setting.name: setting.value for setting in _SETTINGS}
        for name, value in own.items():
            self._known[name]
            self._values[name] = value

    def text(self, name: str) -> str:
        """Return a setting as it is written."""
        return self._values[name]

    def number(self, name: str) -> int:
        """Return a setting that is a whole number."""
        return int(self._values[name])

    def flag(self, name: str) -> bool:
        """Return a setting that is true or false."""
        return self._values[name].lower() == "true"

    def measurands(self, name: str) -> tuple[str, ...]:
        """Return a setting that is a list."""
        return tuple(part.strip() for part in self._values[name].split(",") if part.strip())

    def shown(self) -> list[Setting]:
        """Return what a 1.6 station shows."""
        return [s for s in self._known.values() if s.name not in _ONLY_V201 and not s.hidden]

    def variables(self) -> list[Setting]:
        """Return what a 2.0.1 station shows."""
        return [s for s in self._known.values() if s.variable is not None and not s.hidden]

    def find(self, name: str) -> Setting | None:
        """Return a setting by its 1.6 key, in any case."""
        return next((s for s in self._known.values() if s.name.lower() == name.lower()), None)

    def find_variable(self, component: str, variable: str) -> Setting | None:
        """Return a setting by its 2.0.1 component and variable, in any case."""
        wanted = f"{component}.{variable}".lower()
        shown = (s for s in self._known.values() if s.variable is not None)
        return next((s for s in shown if ".".join(s.variable or ()).lower() == wanted), None)

    def write(self, setting: Setting, value: str) -> bool:
        """Set it if it may be set to that; return whether it was."""
        if setting.readonly or not self._acceptable(setting, value):
            return False
        self._values[setting.name] = value
        return True

    def set(self, name: str, value: str) -> None:
        """Set it from the inside, whoever may write it."""
        self._known[name]
        self._values[name] = value

    def _acceptable(self, setting: Setting, value: str) -> bool:
        match setting.kind:
            case "integer":
                return value.strip().isdigit() and int(value) <= 86_400
            case "boolean":
                return value.strip().lower() in ("true", "false")
            case "MemberList":
                return all(part.strip() in MEASURANDS for part in value.split(",") if part.strip())
        return len(value) <= 500
