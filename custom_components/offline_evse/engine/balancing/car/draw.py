"""What a car may be drawing right now, as an interval: what it reported, and what it has been allowed."""

from collections.abc import Iterable
from math import isfinite
from typing import NamedTuple

from ...model.phases import NO_CURRENT, Phase, PhaseAmperes, Wiring, on_building
from ..settings import BalancingSettings


class Bounds(NamedTuple):
    """A car's draw per building phase, in A. Each is no greater than the next."""

    low: PhaseAmperes
    """The smallest draw compatible with what is known."""
    expected: PhaseAmperes
    """The greatest draw that its reports speak for; what it may have where they do not speak yet."""
    high: PhaseAmperes
    """The greatest draw that it is allowed."""


NO_DRAW = Bounds(NO_CURRENT, NO_CURRENT, NO_CURRENT)


class DrawReports:
    """The last two draws that an EVSE reported."""

    __slots__ = ("_before", "_idle_at_s", "_last", "_settings")

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin without a report."""
        self._settings = settings
        self._last: tuple[float, tuple[float, ...]] | None = None
        self._before: tuple[float, tuple[float, ...]] | None = None
        self._idle_at_s: float | None = None
        """When a session was seen to begin that has not reported yet."""

    def add(self, terminals_a: tuple[float, ...], at_s: float) -> bool:
        """Note a report; returns False for one that cannot be a draw."""
        if not terminals_a or not all(isfinite(current_a) for current_a in terminals_a):
            return False
        self._before, self._last = self._last, (at_s, tuple(max(0.0, current_a) for current_a in terminals_a))
        return True

    def clear(self, idle_at_s: float | None) -> None:
        """Forget them: a new session, seen to begin with nothing at that time, or another wiring (None)."""
        self._last = self._before = None
        self._idle_at_s = idle_at_s

    def told(self, at_s: float, wiring: Wiring) -> tuple[float, PhaseAmperes] | None:
        """Return when it was last told what it draws, and that, in A per building phase; None: not of late."""
        if self._last is None:
            return None if self._idle_at_s is None else (at_s, NO_CURRENT)
        if at_s - self._last[0] > self._settings.draw_stale_s:
            return None
        return self._last[0], on_building(self._last[1], wiring)

    @property
    def last_a(self) -> float | None:
        """The last report's highest terminal, in A."""
        return max(self._last[1]) if self._last else None

    def range_since(self, since_s: float) -> tuple[float, float] | None:
        """Return the highest terminals of the last two reports, the lesser first, in A.

        None unless both are at least as young as `since_s`.
        """
        if self._last is None or self._before is None or self._before[0] < since_s:
            return None
        last_a, before_a = max(self._last[1]), max(self._before[1])
        return (before_a, last_a) if before_a < last_a else (last_a, before_a)

    def stale_at_s(self) -> float | None:
        """Return when the older of the reports that count will stop to count."""
        oldest = self._before or self._last
        return oldest[0] + self._settings.draw_stale_s if oldest else None

    def bounds(
        self,
        at_s: float,
        *,
        wiring: Wiring,
        phases: Iterable[Phase],
        offer_a: float,
        allowed_a: float,
        settled_from_s: float,
    ) -> Bounds:
        """Return what the car may draw.

        `offer_a` is what it was told last, `allowed_a` what it may still believe; it is settled once its last two
        reports are both younger than `settled_from_s`.
        """
        high = [0.0, 0.0, 0.0]
        for phase in phases:
            high[phase] = allowed_a
        horizon_s = at_s - self._settings.draw_stale_s
        if self._last is None or self._last[0] < horizon_s:
            allowed = PhaseAmperes(*high)
            return Bounds(NO_CURRENT, allowed, allowed)
        last = on_building(self._last[1], wiring)
        if self._before is None or self._before[0] < horizon_s:
            before = last
            settled = False
        else:
            before = on_building(self._before[1], wiring)
            settled = self._before[0] >= settled_from_s
        most_a = min(offer_a, allowed_a)
        low = [min(last[phase], before[phase], most_a if high[phase] else 0.0) for phase in Phase]
        expected = [min(max(last[phase], before[phase]), high[phase]) for phase in Phase] if settled else high
        return Bounds(PhaseAmperes(*low), PhaseAmperes(*expected), PhaseAmperes(*high))
