"""Charging limits as profiles, before any OCPP version gives them its own form.

Three roles exist per EVSE. The *floor* is what it may draw when it has no other word from us; the *live* limit is what
the balancing offers now, and it falls back by itself unless it is refreshed; the *cap* is the live limit in the form
of a station-wide maximum, for stations with one EVSE that take nothing else. A profile of a role has a fixed id, so
that the next one replaces it, and a live limit for the transaction replaces the one that was set before it began.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
import math

from ...model.command import ApplyFloor, ApplyLimit

NOMINAL_V = 230.0
"""Voltage by which chargers turn current into power."""
HEAD_START_S = 60
"""How long before now a live profile begins, so that a charger whose clock is behind ours obeys it at once."""
_DEFAULT_PHASES = 3
"""What a charger assumes for a period that names no number of phases."""
_ROUNDING_SLACK = 1e-6
"""8.3 A is 82.99999… tenths as a float, and must not lose a tenth."""


class Purpose(StrEnum):
    """What a profile is for; the names of OCPP but for the station's maximum, which each version names differently."""

    TX = "TxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    STATION_MAX = "StationMaxProfile"


class Kind(StrEnum):
    """What the periods of a profile count from."""

    ABSOLUTE = "Absolute"
    RELATIVE = "Relative"


class RateUnit(StrEnum):
    """Unit of limits."""

    AMPERES = "A"
    WATTS = "W"


class Role(IntEnum):
    """Who a profile is in the life of an EVSE."""

    FLOOR = 1
    LIVE = 2
    CAP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileShape:
    """One way of putting a limit into a profile; a station takes some ways and refuses others."""

    purpose: Purpose = Purpose.TX
    """Of the live profile. TX stands for TxProfile while a transaction runs, and TxDefaultProfile at other times."""
    kind: Kind = Kind.ABSOLUTE
    live_level: int = 1
    floor_level: int = 0
    unit: RateUnit = RateUnit.AMPERES
    two_step: bool = True
    """Whether the profile itself says what follows when it is not refreshed in time."""
    on_evse: bool = True
    """False: set on the station as a whole. Only right where the station has one EVSE."""
    offline_duration: bool = False
    """Whether the profile also says how long it outlives the connection (2.1)."""

    @property
    def expires(self) -> bool:
        """Whether a live limit in this shape runs out by itself, with a transaction and without."""
        if self.kind is not Kind.ABSOLUTE:
            return False
        return self.two_step or self.purpose is Purpose.STATION_MAX or self.live_level != self.floor_level


@dataclass(frozen=True, slots=True)
class Period:
    """A limit from `start_s` seconds after the start of the schedule on."""

    start_s: int
    limit: float
    phases: int
    """Phases that the limit is for."""
    chosen: bool = False
    """Whether the charger is to use that many of those it has, rather than what it uses anyway."""
    phase_to_use: int | None = None
    """The one to use where the charger can put any of them on it (2.x), from 1."""

    @property
    def number_phases(self) -> int | None:
        """The number as a period has to name it; None: what is assumed without."""
        return self.phases if self.chosen or self.phases != _DEFAULT_PHASES else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A charging profile, complete but for the names that a version gives to things."""

    profile_id: int
    evse_id: int
    purpose: Purpose
    kind: Kind
    stack_level: int
    unit: RateUnit
    periods: tuple[Period, ...]
    start: datetime | None = None
    valid_to: datetime | None = None
    transaction_id: str | None = None
    max_offline_s: int | None = None
    """How long it is valid without a connection (2.1)."""


def profile_id(evse_id: int, role: Role) -> int:
    """Return the id of the profile that an EVSE has in a role."""
    return evse_id * 10 + role


def limit_value(current_a: float, unit: RateUnit, phases: int) -> float:
    """Return a limit in `unit`, rounded down to 0.1 A or 1 W; whole numbers as int, which every firmware can parse."""
    current_a = max(0.0, current_a)
    if unit is RateUnit.WATTS:
        return math.floor(current_a * NOMINAL_V * phases + _ROUNDING_SLACK)
    tenths = math.floor(current_a * 10 + _ROUNDING_SLACK)
    return tenths // 10 if tenths % 10 == 0 else tenths / 10


def in_amperes(limit: float, unit: RateUnit, phases: int) -> float:
    """Turn the limit of a schedule into A per phase."""
    return limit / (NOMINAL_V * phases) if unit is RateUnit.WATTS else limit


def live_profile(command: ApplyLimit, shape: ProfileShape, now: datetime, *, chooses_phase: bool = False) -> Profile:
    """Put a live limit into the given shape.

    `chooses_phase`: the charger can put any phase on a single one, and is told to take the first (2.x).
    A limit in W is for the phases in use, so that it comes to the same per phase on one as on three.

    A relative profile counts from the start of the transaction, so nothing in it can end in time: it holds until it
    is replaced. So does a single step that has no floor below it to fall to.
    """
    purpose = shape.purpose
    if purpose is Purpose.TX and command.transaction_id is None:
        purpose = Purpose.TX_DEFAULT
    phases, chosen = command.phases, command.use_phases is not None
    if command.use_phases is not None:
        phases = max(1, min(command.use_phases, command.phases))
    phase = 1 if chooses_phase and chosen and phases == 1 and command.phases > 1 else None
    first = Period(0, limit_value(command.current_a, shape.unit, phases), phases, chosen, phase)
    periods: tuple[Period, ...] = (first,)
    start: datetime | None = None
    valid_to: datetime | None = None
    if shape.kind is Kind.ABSOLUTE:
        start = now - timedelta(seconds=HEAD_START_S)
        if command.expires_after_s is not None:
            if shape.two_step:
                fallback = limit_value(command.fallback_a, shape.unit, phases)
                if fallback != first.limit:
                    fallen_s = HEAD_START_S + command.expires_after_s
                    periods = (first, Period(fallen_s, fallback, phases, chosen, phase))
            elif not _shares_level(purpose, shape):
                valid_to = now + timedelta(seconds=command.expires_after_s)
    return Profile(
        profile_id=_live_id(command.evse_id, purpose, shape),
        evse_id=command.evse_id if shape.on_evse else 0,
        purpose=purpose,
        kind=shape.kind,
        stack_level=shape.live_level,
        unit=shape.unit,
        periods=periods,
        start=start,
        valid_to=valid_to,
        transaction_id=command.transaction_id if purpose is Purpose.TX else None,
        max_offline_s=command.expires_after_s if shape.offline_duration else None,
    )


def floor_profile(command: ApplyFloor, shape: ProfileShape, now: datetime) -> Profile:
    """Put a floor into the given shape. `current_a` must be given."""
    if command.current_a is None:
        raise ValueError("a floor that is cleared has no profile")
    start: datetime | None = None
    if shape.kind is Kind.ABSOLUTE:
        # Midnight of the day before: the same on every connect of a day, and past for any clock that was ever set.
        start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    return Profile(
        profile_id=profile_id(command.evse_id, Role.FLOOR),
        evse_id=command.evse_id if shape.on_evse else 0,
        purpose=Purpose.TX_DEFAULT,
        kind=shape.kind,
        stack_level=shape.floor_level,
        unit=shape.unit,
        periods=(Period(0, limit_value(command.current_a, shape.unit, command.phases), command.phases),),
        start=start,
    )


def live_ids(evse_id: int, shape: ProfileShape) -> frozenset[int]:
    """Return the ids that live limits in a shape have, with a transaction and without."""
    purposes = (shape.purpose, Purpose.TX_DEFAULT if shape.purpose is Purpose.TX else shape.purpose)
    return frozenset(_live_id(evse_id, purpose, shape) for purpose in purposes)


def _shares_level(purpose: Purpose, shape: ProfileShape) -> bool:
    """Whether the live profile takes the place of the floor, because the station has one level only."""
    return purpose is Purpose.TX_DEFAULT and shape.live_level == shape.floor_level


def _live_id(evse_id: int, purpose: Purpose, shape: ProfileShape) -> int:
    if purpose is Purpose.STATION_MAX:
        return profile_id(evse_id, Role.CAP)
    # Two ids with one purpose and level must not exist side by side (2.0.1 K01.FR.06).
    return profile_id(evse_id, Role.FLOOR if _shares_level(purpose, shape) else Role.LIVE)
