"""Charging profiles as a station stores them, and the limit that one of them gives at a moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

NOMINAL_V = 230.0
"""Voltage by which a station turns W into A."""


class Purpose(StrEnum):
    """What a profile is for (OCPP ChargingProfilePurposeType, by its role)."""

    STATION_MAXIMUM = "station_maximum"
    TX_DEFAULT = "tx_default"
    TX = "tx"


class Kind(StrEnum):
    """How a schedule is anchored in time (OCPP ChargingProfileKindType)."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


@dataclass(frozen=True, slots=True)
class Period:
    """One step of a schedule: from `start_s` after its start, at most `limit`."""

    start_s: int
    limit: float
    phases: int | None = None
    """Phases to be used; None means 3 (OCPP numberPhases)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A charging profile with its one schedule."""

    profile_id: int
    stack_level: int
    purpose: Purpose
    kind: Kind
    unit: str
    """A or W."""
    periods: tuple[Period, ...]
    installed_at: datetime
    start: datetime | None = None
    """Start of an absolute schedule, or any start of a recurring one."""
    duration_s: int | None = None
    every_s: int | None = None
    """Length of a recurrence: a day or a week."""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction_id: str | None = None
    max_offline_s: int | None = None
    """How long it is valid without a link (2.1)."""
    dies_offline: bool = False
    """Whether it is dropped for good after that time, rather than until the link is back."""

    def limit_a(self, at: datetime, started_at: datetime | None, phases: int) -> float | None:
        """Return the limit at `at` for an EVSE wired with `phases`, in A per phase; None where it says nothing.

        `started_at` is the start of the running transaction.
        """
        period = self.period(at, started_at)
        return None if period is None else self.amperes(period, phases)

    def period(self, at: datetime, started_at: datetime | None) -> Period | None:
        """Return the step that is in force at `at`; None where it says nothing."""
        if (self.valid_from is not None and at < self.valid_from) or (
            self.valid_to is not None and at >= self.valid_to
        ):
            return None
        start = self.start_at(at, started_at)
        if start is None or at < start:
            return None
        into_s = (at - start).total_seconds()
        if self.duration_s is not None and into_s >= self.duration_s:
            return None
        current: Period | None = None
        for period in self.periods:
            if period.start_s <= into_s:
                current = period
        return current

    def start_at(self, at: datetime, started_at: datetime | None) -> datetime | None:
        """Return when the schedule that counts at `at` began; None if it cannot be anchored."""
        if self.kind is Kind.RECURRING and self.start is not None and self.every_s:
            rounds = (at - self.start).total_seconds() // self.every_s
            return self.start + timedelta(seconds=rounds * self.every_s)
        if self.kind is Kind.ABSOLUTE and self.start is not None:
            return self.start
        if self.purpose is Purpose.STATION_MAXIMUM:
            return self.installed_at
        # Relative schedules, and absolute ones without a start, count from the start of charging (OCPP 1.6, 7.13).
        return started_at if started_at is not None else at

    def boundaries(self, at: datetime, until: datetime, started_at: datetime | None) -> Iterator[datetime]:
        """Yield the moments after `at` and before `until` when its limit may change."""
        moments = [moment for moment in (self.valid_from, self.valid_to) if moment is not None]
        start = self.start_at(at, started_at)
        while start is not None and start < until:
            moments += [start + timedelta(seconds=period.start_s) for period in self.periods]
            if self.duration_s is not None:
                moments.append(start + timedelta(seconds=self.duration_s))
            if self.kind is not Kind.RECURRING or not self.every_s:
                break
            start += timedelta(seconds=self.every_s)
        yield from (moment for moment in moments if at < moment < until)

    def amperes(self, period: Period, phases: int) -> float:
        """Return the limit of a step for an EVSE wired with `phases`, in A per phase."""
        if self.unit == "A":
            return period.limit
        # More phases than are wired do not raise the limit of a single one (OCPP 1.6, ChargingSchedulePeriod).
        return period.limit / (NOMINAL_V * min(period.phases or 3, phases))
