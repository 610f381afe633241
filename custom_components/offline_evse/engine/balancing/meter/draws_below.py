"""What all cars below every circuit may draw, summed up; only cars for which something has changed are asked again."""

from collections.abc import Callable, Iterable
from math import inf

from ...model.phases import PhaseAmperes
from ...model.station import EvseKey
from ..car.draw import NO_DRAW, Bounds
from ..tree.fuse_tree import FuseTree

_ANEW_AFTER = 5000
"""Sums are made anew after so many changes, before rounding adds up to anything."""
_NOTHING = (0.0,) * 9


class DrawsBelow:
    """Sums for circuits of one tree. All times are monotonic seconds."""

    __slots__ = ("_bounds_of", "_changes", "_circuits_of", "_stale", "_stale_s", "_sums", "_told", "_until_s")

    def __init__(self, bounds_of: Callable[[EvseKey, float], tuple[Bounds, float]]) -> None:
        """Ask `bounds_of` what an EVSE may draw at a time, and until when that holds if nothing happens."""
        self._bounds_of = bounds_of
        self._circuits_of: dict[EvseKey, tuple[str, ...]] = {}
        self._sums: dict[str, list[float]] = {}
        self._told: dict[str, Bounds] = {}
        self._stale: dict[EvseKey, Bounds] = {}
        """EVSEs that have to be asked again, and what they were summed up with."""
        self._until_s: dict[EvseKey, tuple[float, Bounds]] = {}
        self._stale_s = -inf
        """Nothing changes before without anything happening."""
        self._changes = 0

    def set_tree(self, tree: FuseTree, circuits: Iterable[str]) -> None:
        """Take over a tree, and the circuits of which sums will be asked for."""
        asked = frozenset(circuits)
        self._circuits_of = {
            evse: tuple(above for above in tree.ancestry(placement.circuit_id) if above in asked)
            for evse, placement in tree.placements.items()
        }
        self._sums = {circuit_id: [] for circuit_id in asked}
        self._begin()

    def _begin(self) -> None:
        self._changes = 0
        self._sums = {circuit_id: list(_NOTHING) for circuit_id in self._sums}
        self._told = dict.fromkeys(self._sums, NO_DRAW)
        self._until_s = dict.fromkeys(self._circuits_of, (-inf, NO_DRAW))
        self._stale = dict.fromkeys(self._circuits_of, NO_DRAW)
        self._stale_s = inf

    def forget(self, evse: EvseKey) -> None:
        """Something has happened that changes what the car at an EVSE may draw."""
        if evse in self._until_s:
            self._stale[evse] = self._until_s[evse][1]

    def forget_all(self) -> None:
        """Something has happened that changes what any car may draw."""
        self._stale = {evse: bounds for evse, (_, bounds) in self._until_s.items()}

    def of(self, circuit_id: str, at_s: float) -> Bounds:
        """Return what all cars below a circuit may draw together."""
        if at_s >= self._stale_s:
            self._stale.update({evse: bounds for evse, (until_s, bounds) in self._until_s.items() if until_s <= at_s})
            self._stale_s = min((until_s for until_s, _ in self._until_s.values() if until_s > at_s), default=inf)
        if self._stale:
            if self._changes > _ANEW_AFTER:
                self._begin()
            self._take_in(at_s)
        return self._told[circuit_id]

    def _take_in(self, at_s: float) -> None:
        changed: set[str] = set()
        for evse, before in self._stale.items():
            bounds, until_s = self._bounds_of(evse, at_s)
            self._until_s[evse] = until_s, bounds
            self._stale_s = min(self._stale_s, until_s)
            if bounds == before:
                continue
            self._changes += 1
            for circuit_id in self._circuits_of[evse]:
                changed.add(circuit_id)
                sums, index = self._sums[circuit_id], 0
                for new, old in zip(bounds, before, strict=True):
                    for new_a, old_a in zip(new, old, strict=True):
                        if new_a != old_a:
                            sums[index] += new_a - old_a
                        index += 1
        self._stale.clear()
        for circuit_id in changed:
            sums = self._sums[circuit_id]
            self._told[circuit_id] = Bounds(PhaseAmperes(*sums[:3]), PhaseAmperes(*sums[3:6]), PhaseAmperes(*sums[6:]))
