"""The uncontrolled load of one metered circuit, followed from report to report."""

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum, auto
from math import isfinite
from typing import NamedTuple

from ...model.circuit import MINIMUM_CURRENT_A, Circuit
from ...model.phases import Phase, PhaseAmperes
from ..car.draw import Bounds
from ..settings import BalancingSettings
from ..sliding_maximum import SlidingMaximum
from .meter_traits import MeterTraits, Told

_FOR_AN_HOUR = 1.13
"""A breaker carries this many times its rating for an hour (IEC 60898-1, conventional non-tripping current)."""
_PHASES = (Phase.L1, Phase.L2, Phase.L3)


class Hearing(Enum):
    """How well a meter is heard."""

    FRESH = auto()
    HELD = auto()
    """It has just fallen silent: its highest load of late counts."""
    SILENT = auto()
    """It has been silent for long, or has never been heard."""


class Loads(NamedTuple):
    """Uncontrolled load per phase in A, and over all phases as their sum in A."""

    phases: tuple[float, float, float]
    total: float


class CircuitLoad:
    """What a circuit's meter shows beyond what the chargers below it draw.

    Only the sum is measured, so the load U is known as an interval: meter − what cars may draw at most ≤ U ≤
    meter − what they draw at least. Inside the interval U is left where it was: a change that a car may explain is
    taken for the car's, one that no car can explain is the house's at once. Cars that have been told to lower may
    still draw the old current for a while; what they have yet to give up is kept in a ledger of drops under way, from
    which every drop of the meter that the load does not explain is taken. So a cut is not repeated before it can be
    seen, and a further rise of the house during that time is.
    """

    __slots__ = (
        "_drops",
        "_first_s",
        "_heard_s",
        "_history",
        "_most",
        "_rising_since",
        "_settings",
        "_window",
        "circuit",
        "distrusted",
        "last_s",
        "loads",
        "measured",
        "traits",
    )

    def __init__(self, circuit: Circuit, settings: BalancingSettings) -> None:
        """Begin unheard."""
        self.circuit = circuit
        self.distrusted = False
        """Whether the meter reports what cannot be believed; it is taken for silent then."""
        self._settings = settings
        self.traits = MeterTraits(settings)
        self.measured: PhaseAmperes | None = None
        self.last_s: float | None = None
        self._heard_s = 0.0
        """When what was measured was last believed."""
        self._first_s: tuple[float, bool] = (0.0, True)
        """When it began to be heard without a break, and whether for the first time."""
        self.loads: list[float] = [0.0, 0.0, 0.0]
        self._most: list[float] = [0.0, 0.0, 0.0]
        """The most that the load can be, less the drops under way."""
        self._rising_since: list[float | None] = [None, None, None]
        self._drops: tuple[deque[list[float]], ...] = (deque(), deque(), deque())
        """Per phase: [until when, A still to come]."""
        self._window = [SlidingMaximum(settings.window_s, 1.0) for _ in range(4)]
        self._history = [SlidingMaximum(settings.history_s, 10.0) for _ in range(4)]

    def report(self, currents_a: PhaseAmperes, at_s: float, bounds: Bounds) -> bool:
        """Take in what the meter says; returns False for a report that says nothing or comes from the past."""
        if not all(isfinite(current_a) for current_a in currents_a) or (self.last_s is not None and at_s < self.last_s):
            return False
        first = self.measured is None
        thawed = self.traits.frozen
        missed = self.last_s is None or at_s - self.last_s > self.traits.stale_after_s(self.circuit.stale_after_s)
        self.traits.report(currents_a, at_s)
        if missed or (thawed and not self.traits.frozen):
            self._first_s = (at_s, first)
        self.measured = currents_a
        self.last_s = at_s
        if self.traits.frozen:
            return True
        if first:
            # `_follow` moves this no further than what was measured forces it to.
            self.loads = [0.0, 0.0, 0.0]
        self._follow(at_s, bounds)
        for phase in _PHASES:
            self._take_drops(phase, max(0.0, currents_a[phase] - self.loads[phase] - bounds.low[phase]))
        return True

    def update(self, at_s: float, bounds: Bounds, told: Callable[[], Told]) -> None:
        """Look again: cars have reported, been told something, or time has passed. `told`: what they say they draw."""
        if self.measured is None:
            return
        self.traits.watch(told, at_s)
        if self.hearing(at_s) is Hearing.FRESH:
            self._follow(at_s, bounds)

    def interrupt(self, at_s: float) -> None:
        """Nobody has looked for a while: what happened meanwhile was not observed, so the last minutes count."""
        if self.measured is not None:
            self._first_s = (at_s, False)

    def expect_drop(self, phase: Phase, drop_a: float, at_s: float) -> None:
        """Note that cars have been told to draw less by this much."""
        self._drops[phase].append([at_s + self._settings.in_flight_s, drop_a])

    def distrust(self, distrusted: bool, at_s: float) -> None:
        """Believe the meter no more, or again: then with the last minutes' loads first, as after a silence."""
        if self.distrusted and not distrusted:
            self._first_s = (at_s, False)
        self.distrusted = distrusted

    def hearing(self, at_s: float) -> Hearing:
        """Return how well the meter is heard, by the age of its last report."""
        if self.last_s is None or self.distrusted:
            return Hearing.SILENT
        if self.traits.frozen:
            return Hearing.SILENT
        age_s = at_s - self.last_s
        stale_s = self.traits.stale_after_s(self.circuit.stale_after_s)
        if age_s <= stale_s:
            return Hearing.FRESH
        return Hearing.HELD if age_s <= stale_s + self._settings.hold_s else Hearing.SILENT

    @property
    def margin_a(self) -> float:
        """What is kept free on each phase, in A: the circuit's margin, or more where its meter calls for it."""
        return self.traits.margin_a(self.circuit.margin_a)

    def cautious(self) -> Loads | None:
        """Return the most that the loads can be, while the fuse carries more than it may; None while it does not.

        With the fuse overloaded, a rise that a car or the house may have caused must not be left to a car that may
        not have moved at all: its cut would be no relief.
        """
        if self.measured is None or all(
            current_a <= limit_a for current_a, limit_a in zip(self.measured, self.circuit.limit_a, strict=True)
        ):
            return None
        over = [
            max(load, most) if current_a > limit_a else load
            for load, most, current_a, limit_a in zip(
                self.loads, self._most, self.measured, self.circuit.limit_a, strict=True
            )
        ]
        return Loads((over[0], over[1], over[2]), sum(over))

    def highest(self, at_s: float) -> Loads:
        """Return the highest load of the last minutes; while the meter is silent, of those before it fell silent."""
        if self.last_s is None or self.hearing(at_s) is Hearing.FRESH:
            return _loads(self._history, at_s)
        return _loads(self._history, min(at_s, self._heard_s))

    def unseen(self, at_s: float) -> Loads:
        """Return what is assumed for everything but cars in a long silence.

        That is the reserve, or the highest load of the last minutes before the silence if that was more: a reserve that
        was never set must not let safe currents overload a fuse whose house was seen to draw much. Where that would
        leave no car its minimum, the first one is let in all the same if that is within the reserve, and within what a
        breaker carries for an hour even if the house repeats its highest load (1.13 times its rating, IEC 60898-1).
        """
        reserve_a = self.circuit.reserve_a
        highest = self.highest(at_s)
        phases = []
        for load_a, limit_a in zip(highest.phases, self.circuit.limit_a, strict=True):
            assumed_a = max(reserve_a, load_a)
            first_car_a = limit_a - MINIMUM_CURRENT_A
            if reserve_a <= first_car_a < assumed_a <= limit_a * _FOR_AN_HOUR - MINIMUM_CURRENT_A:
                assumed_a = first_car_a
            phases.append(assumed_a)
        reserve_total_a = reserve_a * sum(limit_a > 0 for limit_a in self.circuit.limit_a)
        return Loads((phases[0], phases[1], phases[2]), max(reserve_total_a, highest.total))

    def sustained(self, at_s: float) -> Loads | None:
        """Return the highest load of the window; None while the meter has not been heard for long enough.

        At the start nothing is known of what cars draw, so until a window has passed the load counts with the most
        that it can be. A meter that comes back after a silence counts with the last minutes for as long.
        """
        since_s, first_time = self._first_s
        heard_s = at_s - since_s
        window = _loads(self._window, at_s)
        if heard_s >= self._settings.window_s:
            return window
        if not first_time:
            return self.highest(at_s)
        if heard_s < self._settings.startup_history_s:
            return None
        l1, l2, l3 = (max(load, most) for load, most in zip(window.phases, self._most, strict=True))
        return Loads((l1, l2, l3), max(window.total, sum(self._most)))

    def changes_at(self, at_s: float) -> list[float]:
        """Return the times after `at_s` at which something changes without a report."""
        times: list[float] = []
        if self.last_s is not None:
            stale_s = self.last_s + self.traits.stale_after_s(self.circuit.stale_after_s)
            times += [stale_s, stale_s + self._settings.hold_s]
            since_s, first_time = self._first_s
            times.append(since_s + (self._settings.startup_history_s if first_time else self._settings.window_s))
        times.extend(fall_s for window in self._window if (fall_s := window.next_fall_s()) is not None)
        times.extend(drop[0] for drops in self._drops for drop in drops)
        times.extend(since + self._settings.attribution_s for since in self._rising_since if since is not None)
        return [time_s for time_s in times if time_s > at_s]

    def _follow(self, at_s: float, bounds: Bounds) -> None:
        assert self.measured is not None
        self._heard_s = at_s
        for phase in _PHASES:
            measured = self.measured[phase]
            drops = self._drops[phase]
            while drops and drops[0][0] <= at_s:
                drops.popleft()
            to_come = sum(drop[1] for drop in drops)
            load = self.loads[phase]
            self._most[phase] = measured - bounds.low[phase] - to_come
            spoken_for = measured - bounds.expected[phase] - to_come
            since = self._rising_since[phase]
            if load >= spoken_for - 1e-6:
                self._rising_since[phase] = None
            elif since is None:
                self._rising_since[phase] = at_s
            elif at_s - since >= self._settings.attribution_s:
                load = spoken_for
                self._rising_since[phase] = None
            load = min(max(load, measured - bounds.high[phase] - to_come), measured - bounds.low[phase])
            self.loads[phase] = load
            self._window[phase].add(load, at_s)
            self._history[phase].add(load, at_s)
        total = sum(self.loads)
        self._window[3].add(total, at_s)
        self._history[3].add(total, at_s)

    def _take_drops(self, phase: Phase, left_a: float) -> None:
        """Cars cannot be above their new offers by more than this any more: forget drops beyond, oldest first."""
        drops = self._drops[phase]
        excess = sum(drop[1] for drop in drops) - left_a
        while drops and excess > 0:
            taken = min(excess, drops[0][1])
            drops[0][1] -= taken
            excess -= taken
            if drops[0][1] <= 1e-9:
                drops.popleft()


def _loads(maxima: Sequence[SlidingMaximum], at_s: float) -> Loads:
    l1, l2, l3, total = (maximum.highest(at_s) for maximum in maxima)
    return Loads((l1, l2, l3), total)
