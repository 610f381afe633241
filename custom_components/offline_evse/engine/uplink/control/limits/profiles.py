"""Charging profiles as backends write them, as values, as they are kept, and as they are reported back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ....model.station import OcppVersion
from ....model.upstream.wish import LimitProfile, RateUnit, SchedulePeriod
from ..reading import Ask, UnreadableError
from .schedule import DEFAULT_PURPOSE, MAX_PURPOSE, RECURRENCES, TX_PURPOSE

MAX_STACK_LEVEL = 100
MAX_PERIODS = 100
MAX_LIMIT = 1_000_000.0
_MAX_16 = "ChargePointMaxProfile"
_PURPOSES_16 = {_MAX_16: MAX_PURPOSE, DEFAULT_PURPOSE: DEFAULT_PURPOSE, TX_PURPOSE: TX_PURPOSE}
_KINDS = ("Absolute", "Recurring", "Relative")
_NOT_HERE = ("maxOfflineDuration", "dynUpdateInterval")
_NOT_IN_SCHEDULES = ("limitAtSoC", "useLocalTime", "randomizedDelay")
_NOT_IN_PERIODS = ("dischargeLimit", "setpoint", "v2xBaseline", "v2xFreqWattCurve", "v2xSignalWattCurve")
"""What 2.1 can say beside a limit: a profile with one of these would not mean what we made of it."""


class ProfileRefusedError(Exception):
    """A profile that can be read and not be done, with the reasonCode of 2.x."""

    def __init__(self, reason: str, detail: str) -> None:
        """Say why: a reasonCode, and a sentence."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read_profile(version: OcppVersion, ask: Ask, evse_id: int, at: datetime) -> LimitProfile:
    """Read a ChargingProfile; the session of a TxProfile is for the caller to find.

    Raises UnreadableError where it makes no sense, ProfileRefusedError where it asks for what cannot be done here.
    """
    old = version is OcppVersion.V16
    purpose = ask.need_text("chargingProfilePurpose")
    known = {name.casefold(): name for name in (_PURPOSES_16 if old else (MAX_PURPOSE, DEFAULT_PURPOSE, TX_PURPOSE))}
    if purpose.casefold() not in known:
        raise ProfileRefusedError("InvalidProfile", "this purpose is not set by backends here")
    purpose = known[purpose.casefold()]
    purpose = _PURPOSES_16.get(purpose, purpose)
    _refuse(ask, _NOT_HERE)
    kind = _kind(ask)
    schedules = ask.children("chargingSchedule")
    if not schedules:
        raise UnreadableError("chargingSchedule is missing or cannot be read")
    # Of several, which are alternatives for a car that speaks ISO 15118, the first is the one to go by without one.
    schedule = schedules[0]
    _refuse(schedule, _NOT_IN_SCHEDULES)
    start, recurrency = schedule.maybe_moment("startSchedule"), None
    if kind == "Recurring":
        recurrency = ask.one_of("recurrencyKind", *RECURRENCES)
    if start is None and kind == "Absolute" and old:
        kind = "Relative"  # 1.6 §7.13: without startSchedule it is relative to the start of charging
    if start is None and kind != "Relative":
        raise ProfileRefusedError("InvalidSchedule", "startSchedule is missing")
    stack_level = ask.need_whole("stackLevel")
    if not 0 <= stack_level <= MAX_STACK_LEVEL:
        raise ProfileRefusedError("InvalidStackLevel", f"stackLevel is 0 to {MAX_STACK_LEVEL}")
    duration_s = schedule.maybe_whole("duration")
    if duration_s is not None and duration_s < 0:
        raise ProfileRefusedError("InvalidSchedule", "duration is negative")
    _check_place(purpose, kind, evse_id)
    return LimitProfile(
        profile_id=ask.need_whole("chargingProfileId" if old else "id"),
        evse_id=evse_id,
        purpose=purpose,
        stack_level=stack_level,
        kind=kind,
        recurrency=recurrency,
        unit=RateUnit(schedule.one_of("chargingRateUnit", *RateUnit)),
        periods=_periods(schedule),
        start=None if kind == "Relative" else start,
        duration_s=duration_s,
        valid_from=ask.maybe_moment("validFrom"),
        valid_to=ask.maybe_moment("validTo"),
        received_at=at,
    )


def _kind(ask: Ask) -> str:
    if (ask.text("chargingProfileKind") or "").casefold() == "dynamic":
        raise ProfileRefusedError("InvalidProfile", "dynamic profiles are not followed here")
    return ask.one_of("chargingProfileKind", *_KINDS)


def _check_place(purpose: str, kind: str, evse_id: int) -> None:
    if purpose == MAX_PURPOSE and evse_id != 0:
        raise ProfileRefusedError("InvalidProfile", "the station's maximum is set for EVSE 0")
    if purpose == MAX_PURPOSE and kind == "Relative":
        raise ProfileRefusedError("InvalidProfile", "the station's maximum cannot be relative")
    if purpose == TX_PURPOSE and evse_id == 0:
        raise ProfileRefusedError("InvalidProfile", "a transaction's profile is set for its EVSE")


def _refuse(ask: Ask, names: tuple[str, ...]) -> None:
    for name in names:
        if ask.number(name) or ask.child(name) or ask.children(name) or ask.flag(name):
            raise ProfileRefusedError("UnsupportedParam", f"{name} is not followed here")


def _periods(schedule: Ask) -> tuple[SchedulePeriod, ...]:
    asked = schedule.children("chargingSchedulePeriod")
    if len(asked) > MAX_PERIODS:
        raise ProfileRefusedError("TooManyElements", f"a schedule has at most {MAX_PERIODS} periods")
    periods = sorted((_period(ask) for ask in asked), key=lambda period: period.start_s)
    if not periods:
        raise UnreadableError("chargingSchedulePeriod is missing or cannot be read")
    if periods[0].start_s != 0:
        raise ProfileRefusedError("InvalidSchedule", "the first period starts at 0")
    if len({period.start_s for period in periods}) != len(periods):
        raise ProfileRefusedError("InvalidSchedule", "two periods start at the same time")
    return tuple(periods)


def _period(ask: Ask) -> SchedulePeriod:
    _refuse(ask, _NOT_IN_PERIODS)
    mode = ask.text("operationMode")
    if mode is not None and mode.casefold() not in ("chargingonly", "idle"):
        raise ProfileRefusedError("UnsupportedParam", "operationMode is ChargingOnly here")
    limits = [limit for name in ("limit", "limit_L2", "limit_L3") if (limit := ask.number(name)) is not None]
    if mode is not None and mode.casefold() == "idle":
        limits = [0.0]
    if not limits or not 0 <= min(limits) <= MAX_LIMIT:
        raise ProfileRefusedError("InvalidSchedule", "a period has no limit that makes sense")
    start_s, phases = ask.need_whole("startPeriod"), ask.maybe_whole("numberPhases")
    if phases is not None and not 1 <= phases <= 3:
        raise ProfileRefusedError("InvalidSchedule", "numberPhases is 1 to 3")
    return SchedulePeriod(start_s, min(limits), phases)


def as_json(profile: LimitProfile) -> dict[str, Any]:
    """Return a profile as it is kept."""
    moments = {"start": profile.start, "from": profile.valid_from, "to": profile.valid_to, "at": profile.received_at}
    kept: dict[str, Any] = {
        "id": profile.profile_id,
        "evse": profile.evse_id,
        "purpose": profile.purpose,
        "level": profile.stack_level,
        "kind": profile.kind,
        "recurrency": profile.recurrency,
        "unit": profile.unit.value,
        "periods": [[period.start_s, period.limit, period.phases] for period in profile.periods],
        "duration": profile.duration_s,
        "session": profile.session_id,
    } | {name: moment and moment.isoformat() for name, moment in moments.items()}
    return {name: value for name, value in kept.items() if value is not None}


def from_json(kept: object) -> LimitProfile | None:
    """Read what was kept; None where it cannot be read."""
    if not isinstance(kept, Mapping):
        return None
    try:
        return LimitProfile(
            profile_id=kept["id"],
            evse_id=kept["evse"],
            purpose=kept["purpose"],
            stack_level=kept["level"],
            kind=kept["kind"],
            recurrency=kept.get("recurrency"),
            unit=RateUnit(kept["unit"]),
            periods=tuple(SchedulePeriod(start_s, limit, phases) for start_s, limit, phases in kept["periods"]),
            duration_s=kept.get("duration"),
            session_id=kept.get("session"),
            start=_moment(kept.get("start")),
            valid_from=_moment(kept.get("from")),
            valid_to=_moment(kept.get("to")),
            received_at=datetime.fromisoformat(kept["at"]),
        )
    except KeyError, TypeError, ValueError:
        return None


def _moment(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None


def reported(profile: LimitProfile, remote_id: str | None) -> dict[str, Any]:
    """Write a profile as 2.x reports it (ChargingProfileType)."""
    schedule: dict[str, Any] = {
        "id": 1,
        "chargingRateUnit": profile.unit.value,
        "chargingSchedulePeriod": [written(period) for period in profile.periods],
        "startSchedule": profile.start and stamp(profile.start),
        "duration": profile.duration_s,
    }
    said = {
        "id": profile.profile_id,
        "stackLevel": profile.stack_level,
        "chargingProfilePurpose": profile.purpose,
        "chargingProfileKind": profile.kind,
        "recurrencyKind": profile.recurrency,
        "validFrom": profile.valid_from and stamp(profile.valid_from),
        "validTo": profile.valid_to and stamp(profile.valid_to),
        "transactionId": remote_id,
        "chargingSchedule": [{name: value for name, value in schedule.items() if value is not None}],
    }
    return {name: value for name, value in said.items() if value is not None}


def written(period: SchedulePeriod) -> dict[str, Any]:
    """Write a period; limits have one decimal (1.6 wants them to be multiples of 0.1)."""
    said: dict[str, Any] = {"startPeriod": period.start_s, "limit": round(period.limit, 1)}
    return said if period.phases is None else said | {"numberPhases": period.phases}


def stamp(moment: datetime) -> str:
    """Write a time as OCPP likes it best: UTC, with a Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
