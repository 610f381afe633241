"""Steps: moments at which a car took clearly more or less, and what the meters showed of it."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from ...model.phases import PhaseAmperes
from ...model.station import EvseKey

SMALLEST_STEP_A = 4.0
"""On at least one terminal; less is hard to tell from the house."""
STEADY_A = 1.5
"""A draw or a load that moves by less than this, in A, is taken to stand still."""
LONGEST_S = 75.0
"""Time between the last report before a step and the first one after it; in more time too much else happens."""
LOOK_BACK_S = 12.0
LOOK_AHEAD_S = 15.0
"""How late a meter may show what a car does."""
SKIP_S = 3.0
"""Right after a car's report its meter may not have followed yet."""
_KEPT_S = LONGEST_S + LOOK_BACK_S + LOOK_AHEAD_S
_THINNED_S = 0.9
_MOST_SAMPLES = 160


@dataclass(frozen=True, slots=True)
class Step:
    """One car's step, alone and in a house that stood still before and after it."""

    evse: EvseKey
    drawn_a: tuple[float, ...]
    """By how much the draw rose on each terminal, in A. One entry for a charger that tells only the whole: then it is
    the sum over the terminals."""
    by_terminal: bool
    """Whether the charger tells its terminals apart."""
    meters: Mapping[str, PhaseAmperes]
    """By how much the meter of each circuit rose, in A per phase; only meters that stood still before and after."""

    @property
    def total_a(self) -> float:
        """Sum over the terminals, in A."""
        return sum(self.drawn_a)

    @property
    def rises(self) -> bool:
        """Whether the car took more."""
        return self.total_a > 0


@dataclass(slots=True)
class _Level:
    drawn_a: tuple[float, ...]
    by_terminal: bool
    at_s: float


@dataclass(slots=True)
class _Pending:
    before: _Level
    after: _Level


class StepFinder:
    """Follows draws and meters, and cuts out the steps that can be judged. Memory is bounded."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._levels: dict[EvseKey, _Level] = {}
        self._pending: dict[EvseKey, _Pending] = {}
        self._meters: dict[str, deque[tuple[float, PhaseAmperes]]] = {}
        self._moved: deque[tuple[float, float, EvseKey]] = deque()
        """(from, until, who): when cars were on the move."""

    def meter(self, circuit_id: str, currents_a: PhaseAmperes, at_s: float) -> None:
        """Take in what a meter shows."""
        if not all(isfinite(current_a) for current_a in currents_a):
            return
        samples = self._meters.setdefault(circuit_id, deque(maxlen=_MOST_SAMPLES))
        if samples and at_s - samples[-1][0] < _THINNED_S:
            return
        samples.append((at_s, currents_a))
        while samples[0][0] < at_s - _KEPT_S:
            samples.popleft()

    def draw(self, evse: EvseKey, drawn_a: tuple[float, ...], at_s: float, *, by_terminal: bool) -> None:
        """Take in what an EVSE draws, in A per terminal, or as one sum where it does not tell them apart."""
        if not drawn_a or not all(isfinite(current_a) for current_a in drawn_a):
            return
        level = _Level(drawn_a, by_terminal, at_s)
        before = self._levels.get(evse)
        self._levels[evse] = level
        if before is not None and not any(before.drawn_a):
            # Nothing is nothing, however it is told.
            before = _Level((0.0,) * len(drawn_a), by_terminal, before.at_s)
        if before is None or before.by_terminal != by_terminal or len(before.drawn_a) != len(drawn_a):
            self._pending.pop(evse, None)
            return
        if max(abs(new - old) for new, old in zip(drawn_a, before.drawn_a, strict=True)) < STEADY_A:
            return
        self._moved.append((before.at_s, at_s, evse))
        while self._moved and self._moved[0][1] < at_s - _KEPT_S:
            self._moved.popleft()
        pending = self._pending.get(evse)
        # A car that goes on moving before its step could be judged makes one longer step.
        self._pending[evse] = _Pending(pending.before if pending else before, level)

    def settled(self, at_s: float) -> list[Step]:
        """Return the steps that can be judged by now, each once."""
        ready = [evse for evse, pending in self._pending.items() if at_s >= pending.after.at_s + LOOK_AHEAD_S]
        steps = []
        for evse in ready:
            step = self._judge(evse, self._pending.pop(evse))
            if step is not None:
                steps.append(step)
        return steps

    def forget_meter(self, circuit_id: str) -> None:
        """Forget what a meter has shown: it is read in another way from now on."""
        self._meters.pop(circuit_id, None)

    def keep_only(self, evses: frozenset[EvseKey], circuits: frozenset[str]) -> None:
        """Forget what does not belong to the site any more."""
        for evse in self._levels.keys() - evses:
            del self._levels[evse]
            self._pending.pop(evse, None)
        for circuit_id in self._meters.keys() - circuits:
            del self._meters[circuit_id]

    def _judge(self, evse: EvseKey, pending: _Pending) -> Step | None:
        begin_s, end_s = pending.before.at_s, pending.after.at_s
        drawn_a = tuple(new - old for new, old in zip(pending.after.drawn_a, pending.before.drawn_a, strict=True))
        if end_s - begin_s > LONGEST_S or max(map(abs, drawn_a)) < SMALLEST_STEP_A:
            return None
        for moved_from_s, moved_until_s, other in self._moved:
            if other != evse and moved_from_s <= end_s + LOOK_AHEAD_S and moved_until_s >= begin_s - LOOK_BACK_S:
                return None
        meters = {}
        for circuit_id, samples in self._meters.items():
            before = _steady([it for at_s, it in samples if begin_s - LOOK_BACK_S <= at_s <= begin_s])
            after = _steady([it for at_s, it in samples if end_s + SKIP_S <= at_s <= end_s + LOOK_AHEAD_S])
            if before is not None and after is not None:
                meters[circuit_id] = PhaseAmperes(*(new - old for new, old in zip(after, before, strict=True)))
        return Step(evse, drawn_a, pending.before.by_terminal, meters) if meters else None


def _steady(samples: list[PhaseAmperes]) -> PhaseAmperes | None:
    """Return the mean of samples that stand still; None where there are none, or they move."""
    if not samples:
        return None
    phases = list(zip(*samples, strict=True))
    if any(max(currents) - min(currents) > STEADY_A for currents in phases):
        return None
    return PhaseAmperes(*(sum(currents) / len(currents) for currents in phases))
