"""The settings we want a station to have: read carefully, written only where they differ, never twice in vain."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..model.command import CommandResult, Outcome, Priority, ReadVariables, WriteVariable
from ..model.station import OcppVersion
from .rpc.call_queue import NO_ANSWER
from .settings import CsmsSettings
from .station import Station

if TYPE_CHECKING:
    from .onboarding import Send

_ENERGY = "Energy.Active.Import.Register"
_MEASURANDS = (
    f"{_ENERGY},Power.Active.Import,Current.Import,Voltage,Current.Offered,SoC",
    f"{_ENERGY},Power.Active.Import,Current.Import,Voltage,Current.Offered",
    f"{_ENERGY},Power.Active.Import,Current.Import,Voltage",
    f"{_ENERGY},Power.Active.Import,Current.Import",
    f"{_ENERGY},Power.Active.Import",
    _ENERGY,
)
"""What a station is asked to sample: the first list it takes."""

_MAXIMUM_KEYS = "GetConfigurationMaxKeys"
_KEYS_AT_ONCE = {OcppVersion.V16: 10, OcppVersion.V201: 4, OcppVersion.V21: 4}
_ABOUT_PROFILES_2 = (
    "SmartChargingCtrlr.RateUnit",
    "SmartChargingCtrlr.ProfileStackLevel",
    "SmartChargingCtrlr.PeriodsPerSchedule",
    "SmartChargingCtrlr.ACPhaseSwitchingSupported",
)
_ABOUT_PROFILES = {
    OcppVersion.V16: (
        "ChargingScheduleAllowedChargingRateUnit",
        "ChargeProfileMaxStackLevel",
        "ChargingScheduleMaxPeriods",
        "NumberOfConnectors",
    ),
    OcppVersion.V201: _ABOUT_PROFILES_2,
    OcppVersion.V21: _ABOUT_PROFILES_2,
}
"""Read once per firmware; the codec learns from the answer which charging profiles can work."""
_FALSE, _TRUE = "false", "true"


@dataclass(frozen=True, slots=True)
class Setting:
    """A configuration key (1.6) or Component.Variable (2.x), and its values in order of preference."""

    name: str
    values: tuple[str, ...]
    essential: bool = False
    """Written even where the station shows no value for it: without it there is nothing to see of a session."""
    is_list: bool = False
    """A list of measurands. Some firmware takes any such list and then reboots when it has to show it, so it is
    read by itself, and only after one of ours has been written."""


def wanted_settings(version: OcppVersion, settings: CsmsSettings) -> tuple[Setting, ...]:
    """Return the settings for a version, the riskiest last."""
    heartbeat = (str(settings.heartbeat_interval_s),)
    ping = (str(settings.station_ping_interval_s),)
    sample = (str(settings.sample_interval_s),)
    aligned = (str(settings.aligned_interval_s),)
    if version is OcppVersion.V16:
        return (
            Setting("HeartbeatInterval", heartbeat),
            Setting("WebSocketPingInterval", ping),
            Setting("MeterValueSampleInterval", sample, essential=True),
            Setting("ClockAlignedDataInterval", aligned),
            Setting("StopTransactionOnInvalidId", (_TRUE,)),
            Setting("LocalPreAuthorize", (_FALSE,)),
            Setting("AuthorizeRemoteTxRequests", (_FALSE,)),
            Setting("MeterValuesSampledData", _MEASURANDS, is_list=True),
        )
    return (
        Setting("OCPPCommCtrlr.HeartbeatInterval", heartbeat),
        Setting("OCPPCommCtrlr.WebSocketPingInterval", ping),
        Setting("SampledDataCtrlr.TxUpdatedInterval", sample, essential=True),
        Setting("AlignedDataCtrlr.Interval", aligned),
        Setting("TxCtrlr.StopTxOnInvalidId", (_TRUE,)),
        Setting("AuthCtrlr.LocalPreAuthorize", (_FALSE,)),
        Setting("AuthCtrlr.AuthorizeRemoteStart", (_FALSE,)),
        Setting("SampledDataCtrlr.TxStartedMeasurands", (_ENERGY,), is_list=True),
        Setting("SampledDataCtrlr.TxEndedMeasurands", (_ENERGY,), is_list=True),
        Setting("SampledDataCtrlr.TxUpdatedMeasurands", _MEASURANDS, is_list=True),
    )


class Configuration:
    """Brings one connected station's settings in line, and remembers how the station took it."""

    def __init__(self, *, station: Station, version: OcppVersion, send: Send, settings: CsmsSettings) -> None:
        """Do nothing yet."""
        self._station = station
        self._version = version
        self._send = send
        self._settings = settings

    async def apply(self, *, booted: bool) -> None:
        """Read what may be read, write what differs. A station that does not answer is left in peace.

        `booted`: whether it has just restarted, and may have lost what cannot be read.
        """
        wanted = wanted_settings(self._version, self._settings)
        memory = self._station.memory
        plain = [setting.name for setting in wanted if not setting.is_list]
        if not memory.knows_profiles:
            plain = [*_ABOUT_PROFILES[self._version], *plain]
        shown = await self._read_all([name for name in plain if not memory.blocks(f"read:{name}")])
        memory.knows_profiles = memory.knows_profiles or bool(shown)
        if not booted and any(self._is_lost(setting, shown) for setting in wanted):
            await self._restore_floors()
        for setting in wanted:
            if setting.is_list and setting.name in memory.written and not memory.blocks(f"read:{setting.name}"):
                result = await self._read((setting.name,))
                shown |= result.variables or {}
            if not self._is_needed(setting, shown, booted=booted):
                continue
            if not await self._write(setting):
                return

    async def _read_all(self, names: list[str]) -> dict[str, str | None]:
        """Read several settings, no more of them at once than the station lets us."""
        shown: dict[str, str | None] = {}
        at_once = await self._keys_at_once()
        for start in range(0, len(names), at_once):
            result = await self._read(tuple(names[start : start + at_once]))
            shown |= result.variables or {}
            if result.outcome in (Outcome.UNCERTAIN, Outcome.OFFLINE):
                break
        return shown

    def _is_lost(self, setting: Setting, shown: dict[str, str | None]) -> bool:
        """Whether a setting that was found or brought in line before is not any more."""
        current, written = shown.get(setting.name), self._station.memory.written.get(setting.name)
        if current is None or written is None or setting.is_list:
            return False
        return _plain(current) != _plain(written) and self._station.memory.settled.get(setting.name) != current

    async def _restore_floors(self) -> None:
        """Set the floors of a station that has lost what we wrote, without ever having told that it booted."""
        floors = self._station.ladder.floors
        floors.forget()
        for floor in floors.wanted:
            await self._send(floor, Priority.SAFETY)

    async def _keys_at_once(self) -> int:
        """Return how many settings may be read in one request, asking a 1.6 station once in its life."""
        memory = self._station.memory
        most = _KEYS_AT_ONCE[self._version]
        if memory.maximum_keys is None and self._version is OcppVersion.V16:
            if memory.blocks(f"read:{_MAXIMUM_KEYS}"):
                return most
            result = await self._read((_MAXIMUM_KEYS,))
            told = (result.variables or {}).get(_MAXIMUM_KEYS)
            if result.outcome not in (Outcome.UNCERTAIN, Outcome.OFFLINE):
                memory.maximum_keys = int(told) if told and told.isdecimal() and 0 < int(told) < most else most
        return memory.maximum_keys or most

    async def _read(self, names: tuple[str, ...]) -> CommandResult:
        operations = [f"read:{name}" for name in names]
        self._station.attempting(*operations)
        result = await self._send(ReadVariables(names), Priority.CONFIGURATION, self._settings.probe_timeout_s)
        self._note_silence(result, operations)
        return result

    def _is_needed(self, setting: Setting, shown: dict[str, str | None], *, booted: bool) -> bool:
        """Whether a setting has to be written, as far as the station lets us see."""
        memory = self._station.memory
        if memory.blocks(f"write:{setting.name}"):
            return False
        values = self._values_left(setting)
        if not values:
            return False
        current = shown.get(setting.name)
        if current is not None:
            return not self._is_in_line(setting, values[0], current)
        if setting.name in shown and not setting.essential:
            return False
        return booted or memory.written.get(setting.name) != values[0]

    def _values_left(self, setting: Setting) -> list[str]:
        """The values that the station has not refused yet, best first."""
        refused = self._station.memory.refused.get(setting.name, [])
        return [value for value in setting.values if value not in refused]

    async def _write(self, setting: Setting) -> bool:
        """Write the first value that the station takes; returns False once it does not answer any more."""
        name = setting.name
        operation = f"write:{name}"
        memory = self._station.memory
        for value in self._values_left(setting):
            self._station.attempting(operation)
            result = await self._send(
                WriteVariable(name, value), Priority.CONFIGURATION, self._settings.probe_timeout_s
            )
            match result.outcome:
                case Outcome.ACCEPTED | Outcome.SCHEDULED:
                    memory.written[name] = value
                    return True
                case Outcome.REJECTED:
                    memory.note_refused(name, value)
                case Outcome.UNSUPPORTED:
                    memory.note_unsupported(operation)
                    return True
                case _:
                    self._note_silence(result, [operation])
                    return False
        return True

    def _note_silence(self, result: CommandResult, operations: list[str]) -> None:
        """Hold it against an operation that the station did not answer it."""
        if result.detail == NO_ANSWER:
            for operation in operations:
                self._station.memory.note_trouble(operation)

    def _is_in_line(self, setting: Setting, value: str, current: str) -> bool:
        """Whether what the station shows is what we want, or all that it is ever going to show."""
        if setting.is_list and _words(value) <= _words(current):
            return True
        if not setting.is_list and _plain(value) == _plain(current):
            return True
        memory = self._station.memory
        if memory.written.get(setting.name) != value:
            return False
        if memory.settled.get(setting.name) == current:
            return True
        memory.settled[setting.name] = current
        return False


def _plain(value: str) -> str:
    """Return a value without the quotes, brackets, spaces and cases that firmware adds."""
    text = value.strip(" \t\"'[]").lower()
    return text.removesuffix(".0")


def _words(value: str) -> frozenset[str]:
    """Return the members of a comma-separated list, however it is written."""
    return frozenset(word for part in value.split(",") if (word := _plain(part)))
