"""The profiles a station holds, and the composite of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .schedule import Kind, Period, Profile, Purpose


@dataclass(frozen=True, slots=True)
class Running:
    """The transaction that runs on an EVSE, as far as profiles care."""

    transaction_id: str | None
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileLimits:
    """What a station's profile store takes."""

    stack_levels: int = 8
    """Highest stack level."""
    periods: int = 24
    profiles: int = 16
    units: tuple[str, ...] = ("A", "W")
    purposes: tuple[Purpose, ...] = (Purpose.STATION_MAXIMUM, Purpose.TX_DEFAULT, Purpose.TX)
    absolute_needs_start: bool = False
    """OCPP 2.0.1 K01.FR.40."""
    kinds: tuple[Kind, ...] = tuple(Kind)
    lowest_a: float = 0.0
    """A profile with a lower limit is refused, in A per phase."""
    ignored: tuple[Purpose, ...] = ()
    """Stored, and never followed."""
    relative_maximum: bool = True
    """Whether a station maximum may be relative (not in OCPP 2.0.1, K01.FR.38)."""


class ProfileStore:
    """Profiles by EVSE (0: the station), highest stack level first."""

    def __init__(self, evse_ids: Iterable[int], limits: ProfileLimits) -> None:
        """Start empty for these EVSEs."""
        self._held: dict[int, list[Profile]] = {0: [], **{evse_id: [] for evse_id in evse_ids}}
        self._limits = limits
        self._offline_since: datetime | None = None

    @property
    def held(self) -> dict[int, tuple[Profile, ...]]:
        """Every profile, by EVSE."""
        return {evse_id: tuple(profiles) for evse_id, profiles in self._held.items()}

    def install(self, evse_id: int, profile: Profile, running: Running | None) -> str | None:
        """Store a profile in place of the one it replaces; return why not, or None when it is stored.

        `running` is the transaction on that EVSE.
        """
        if problem := self._problem(evse_id, profile, running):
            return problem
        for profiles in self._held.values():
            profiles[:] = [held for held in profiles if held.profile_id != profile.profile_id]
        kept = [
            held
            for held in self._held[evse_id]
            if (held.purpose, held.stack_level) != (profile.purpose, profile.stack_level)
        ]
        self._held[evse_id] = sorted([*kept, profile], key=lambda held: -held.stack_level)
        return None

    def clear(
        self,
        *,
        profile_id: int | None = None,
        evse_id: int | None = None,
        purpose: Purpose | None = None,
        stack_level: int | None = None,
    ) -> int:
        """Drop all profiles that fit every given criterion; return how many."""
        dropped = 0
        for at, profiles in self._held.items():
            kept = [
                held
                for held in profiles
                if not (
                    (profile_id is None or held.profile_id == profile_id)
                    and (profile_id is not None or evse_id is None or at == evse_id)
                    and (profile_id is not None or purpose is None or held.purpose is purpose)
                    and (profile_id is not None or stack_level is None or held.stack_level == stack_level)
                )
            ]
            dropped += len(profiles) - len(kept)
            profiles[:] = kept
        return dropped

    def transaction_ended(self, evse_id: int) -> None:
        """Drop what was meant for the transaction that has just ended."""
        self._held[evse_id] = [held for held in self._held[evse_id] if held.purpose is not Purpose.TX]

    def link_lost(self, at: datetime) -> None:
        """There is no link from `at` on, unless there was none before."""
        if self._offline_since is None:
            self._offline_since = at

    def link_back(self, at: datetime) -> None:
        """There is a link again: drop what has died meanwhile."""
        for profiles in self._held.values():
            profiles[:] = [held for held in profiles if not (held.dies_offline and self._outlived(held, at))]
        self._offline_since = None

    def phases(self, evse_id: int, at: datetime, running: Running | None) -> int | None:
        """Return how many phases the limit in force is for; None if it names no number."""
        started_at = running.started_at if running else None
        found = self._in_force(Purpose.TX, (evse_id,), at, started_at) if running else None
        found = found or self._in_force(Purpose.TX_DEFAULT, (evse_id, 0), at, started_at)
        return found[1].phases if found else None

    def maximum_a(self, at: datetime, phases: int) -> float | None:
        """Return what the station maximum says for one phase, in A; None if nothing."""
        return self._of_purpose(Purpose.STATION_MAXIMUM, (0,), at, None, phases)

    def transaction_a(self, evse_id: int, at: datetime, running: Running | None, phases: int) -> float | None:
        """Return what TxProfile, or else TxDefaultProfile, says for an EVSE, in A; None if neither does."""
        started_at = running.started_at if running else None
        own = self._of_purpose(Purpose.TX, (evse_id,), at, started_at, phases) if running else None
        if own is not None:
            return own
        return self._of_purpose(Purpose.TX_DEFAULT, (evse_id, 0), at, started_at, phases)

    def limit_a(self, evse_id: int, at: datetime, running: Running | None, phases: int, hardware_a: float) -> float:
        """Return the composite limit of an EVSE, in A: the hardware's own where no profile has a word."""
        said = (self.maximum_a(at, phases), self.transaction_a(evse_id, at, running, phases))
        return min([hardware_a, *(limit for limit in said if limit is not None)])

    def composite(
        self, evse_id: int, at: datetime, duration_s: int, running: Running | None, phases: int, hardware_a: float
    ) -> tuple[tuple[int, float], ...]:
        """Return the composite schedule from `at` on: pairs of seconds and limits in A."""
        until = at + timedelta(seconds=duration_s)
        started_at = running.started_at if running else None
        moments = {at}
        for held in (*self._held[0], *self._held[evse_id]):
            moments.update(held.boundaries(at, until, started_at))
        steps: list[tuple[int, float]] = []
        for moment in sorted(moments):
            limit_a = self.limit_a(evse_id, moment, running, phases, hardware_a)
            if not steps or steps[-1][1] != limit_a:
                steps.append((round((moment - at).total_seconds()), limit_a))
        return tuple(steps)

    def _of_purpose(
        self, purpose: Purpose, places: tuple[int, ...], at: datetime, started_at: datetime | None, phases: int
    ) -> float | None:
        found = self._in_force(purpose, places, at, started_at)
        return found[0].amperes(found[1], phases) if found else None

    def _in_force(
        self, purpose: Purpose, places: tuple[int, ...], at: datetime, started_at: datetime | None
    ) -> tuple[Profile, Period] | None:
        # The highest stack level that has a word; an EVSE's own profile before the station's of the same level.
        if purpose in self._limits.ignored:
            return None
        held = [profile for place in places for profile in self._held[place] if profile.purpose is purpose]
        for profile in sorted(held, key=lambda one: -one.stack_level):
            period = None if self._outlived(profile, at) else profile.period(at, started_at)
            if period is not None:
                return profile, period
        return None

    def _outlived(self, profile: Profile, at: datetime) -> bool:
        if self._offline_since is None or profile.max_offline_s is None:
            return False
        return (at - self._offline_since).total_seconds() >= profile.max_offline_s

    def _problem(self, evse_id: int, profile: Profile, running: Running | None) -> str | None:
        limits = self._limits
        if evse_id not in self._held:
            return "no such EVSE"
        if profile.purpose not in limits.purposes:
            return "purpose not supported"
        if profile.unit not in limits.units:
            return "unit not supported"
        if profile.kind not in limits.kinds:
            return "kind not supported"
        if any(profile.amperes(period, 3) < limits.lowest_a - 1e-6 for period in profile.periods):
            return "limit too low"
        if not 0 <= profile.stack_level <= limits.stack_levels:
            return "stack level too high"
        if not profile.periods or profile.periods[0].start_s != 0 or len(profile.periods) > limits.periods:
            return "periods cannot be used"
        if sum(map(len, self._held.values())) >= limits.profiles and not self._replaces(evse_id, profile):
            return "store is full"
        if profile.purpose is Purpose.STATION_MAXIMUM and (
            evse_id != 0 or (profile.kind is Kind.RELATIVE and not limits.relative_maximum)
        ):
            return "not for the station maximum"
        if profile.kind is Kind.RECURRING and (profile.start is None or not profile.every_s):
            return "recurring without start or recurrency"
        if profile.kind is Kind.ABSOLUTE and profile.start is None and limits.absolute_needs_start:
            return "absolute without start"
        if profile.purpose is Purpose.TX:
            if evse_id == 0 or running is None:
                return "no transaction is running"
            if profile.transaction_id not in (None, running.transaction_id):
                return "another transaction is running"
        return None

    def _replaces(self, evse_id: int, profile: Profile) -> bool:
        return any(
            held.profile_id == profile.profile_id
            or (place == evse_id and (held.purpose, held.stack_level) == (profile.purpose, profile.stack_level))
            for place, profiles in self._held.items()
            for held in profiles
        )
