"""Laws that follow what is free at the moment, up as well as down."""

from math import floor
from typing import override

from custom_components.offline_evse.engine.model.circuit import MINIMUM_CURRENT_A

from .simple import MARGIN_A, SimpleLaw, signalled


class Uncontrolled(SimpleLaw):
    """Lets every car have all that its charger has."""

    name = "none"

    @override
    def rule(self, now_s: float) -> dict[int, float]:
        """Return everything for everybody."""
        return {evse: self.maximum_a[evse] for evse in self.active}


class HighestPhaseInTurn(SimpleLaw):
    """At each tick one charger, the next in turn, gets what the highest phase leaves beyond what it draws."""

    def __init__(self, every_s: int) -> None:
        """Tick so often."""
        super().__init__()
        self.every_s = every_s
        self.name = f"highest phase, one charger per {every_s} s"
        self._turn = 0

    @override
    def rule(self, now_s: float) -> dict[int, float]:
        """Return the current of the one whose turn it is."""
        active = self.active
        if not active:
            return {}
        evse = active[self._turn % len(active)]
        self._turn += 1
        drawn_a = max(self.drawn_a[evse])
        potential_a = self.limit_a - MARGIN_A - max(self.meter_a)
        wanted_a = self.maximum_a[evse]
        if max(0.0, wanted_a - drawn_a) > potential_a:
            wanted_a = min(wanted_a, max(0.0, drawn_a + potential_a))
        return {evse: signalled(round(wanted_a, 1))}


class MinimumFirst(SimpleLaw):
    """Every 10 s: what each phase leaves without the cars is dealt out anew, the minimum to each in turn first."""

    name = "per phase, minimum first, every 10 s"
    every_s = 10

    @override
    def rule(self, now_s: float) -> dict[int, float]:
        """Return everybody's current."""
        active = self.active
        left_a = [
            self.limit_a - MARGIN_A - (self.meter_a[phase] - sum(self.drawn_a[evse][phase] for evse in active))
            for phase in range(3)
        ]
        wanted: dict[int, float] = {}
        for evse in active:
            wiring = self.wirings[evse]
            fits = all(left_a[phase] >= MINIMUM_CURRENT_A for phase in wiring)
            wanted[evse] = MINIMUM_CURRENT_A if fits else 0.0
            if fits:
                for phase in wiring:
                    left_a[phase] -= MINIMUM_CURRENT_A
        served = [evse for evse in active if wanted[evse]]
        for number, evse in enumerate(served):
            wiring = self.wirings[evse]
            more_a = self.maximum_a[evse] - wanted[evse]
            for phase in wiring:
                count = sum(phase in self.wirings[other] for other in served[number:])
                more_a = min(more_a, left_a[phase] / count)
            more_a = max(0.0, floor(more_a * 10) / 10)
            wanted[evse] += more_a
            for phase in wiring:
                left_a[phase] -= more_a
        return {evse: round(current_a, 1) for evse, current_a in wanted.items()}


class FloorOfHeadroom(SimpleLaw):
    """Whole amperes of the headroom with 2 A of margin: down at once, up after 5 s, pausing after 15 s."""

    name = "floor of the headroom, up after 5 s"
    polls = True
    _MARGIN_A = 2.0

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        super().__init__()
        self._up_since_s: dict[int, float] = {}
        self._short_since_s: dict[int, float] = {}

    @override
    def rule(self, now_s: float) -> dict[int, float]:
        """Return what may change now, the headroom divided evenly."""
        active = self.active
        wanted: dict[int, float] = {}
        for evse in active:
            room_a = min(
                (
                    self.limit_a
                    - self._MARGIN_A
                    - self.meter_a[phase]
                    + sum(self.drawn_a[other][phase] for other in active)
                )
                / max(1, sum(phase in self.wirings[other] for other in active))
                for phase in self.wirings[evse]
            )
            wanted[evse] = self._next_a(evse, float(floor(min(room_a, self.maximum_a[evse]))), now_s)
        return wanted

    def _next_a(self, evse: int, target_a: float, now_s: float) -> float:
        told_a = self.told_a[evse]
        if not told_a:
            since_s = self._up_since_s.setdefault(evse, now_s) if target_a >= 8.0 else None
            if since_s is None:
                self._up_since_s.pop(evse, None)
            return target_a if since_s is not None and now_s - since_s >= 30.0 else 0.0
        if target_a < MINIMUM_CURRENT_A:
            self._up_since_s.pop(evse, None)
            since_s = self._short_since_s.setdefault(evse, now_s)
            if now_s - since_s < 15.0:
                return MINIMUM_CURRENT_A
            self._short_since_s.pop(evse)
            return 0.0
        self._short_since_s.pop(evse, None)
        if target_a <= told_a:
            self._up_since_s.pop(evse, None)
            return target_a
        if now_s - self._up_since_s.setdefault(evse, now_s) < 5.0:
            return told_a
        self._up_since_s.pop(evse)
        return target_a
