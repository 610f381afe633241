"""What would have to be there for one charger to have more, with everybody who would take of it too."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from .allocator import EPSILON, Allocation, Cause, Claim

type Lacking = tuple[tuple[int, float], ...]
"""Rows in which something is lacking, and how much, in A or W."""


class _Rivals(NamedTuple):
    """Claims on one row that are alike and would have more, if there were more."""

    cost: float
    priority: int
    weight: float
    minimum_a: float
    maximum_a: float
    current_a: float
    held_by: int | None
    """The row that binds them."""


class Contest:
    """An allocation, and what would have to be added to its rows. `claims` are in the order of their admission."""

    def __init__(self, claims: Sequence[Claim], capacity: Sequence[float], allocation: Allocation) -> None:
        """Look at an allocation of `capacity` to `claims`."""
        self._claims = claims
        self._capacity = capacity
        self.shares = allocation.shares
        self._slack = allocation.slack
        self._known: dict[tuple[object, ...], Lacking] = {}

    def for_more(self, place: int, target_a: float) -> Lacking:
        """Return what is lacking for an admitted claim to rise to `target_a`.

        Whoever is held by one of these rows would rise as well: those of its class to the same level, those of higher
        classes as far as they like, and of those that wait each to its minimum.
        """
        claim, share = self._claims[place], self.shares[place]
        # Alike by identity, as in the allocator.
        kind = (id(claim.rows), claim.priority, claim.weight, claim.maximum_a, share.current_a, share.row, target_a)
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = tuple(self._lacking(claim, share.current_a, share.row, target_a))
        return known

    def to_enter(self, place: int) -> Lacking:
        """Return what is lacking for a claim that was not admitted to be admitted, behind all that come before it."""
        return self._entries[place]

    def _lacking(self, claim: Claim, current_a: float, held_by: int | None, target_a: float) -> list[tuple[int, float]]:
        more_a = target_a - current_a
        tight = {row for row, cost in claim.rows if self._slack[row] < more_a * cost - EPSILON}
        if held_by is not None:
            tight.add(held_by)
        level = target_a / claim.weight
        found: list[tuple[int, float]] = []
        for row, own_cost in claim.rows:
            if row not in tight:
                continue
            # A claim that is held by a row is among its own rivals, as far as it may rise.
            counted_a = max(0.0, min(target_a, claim.maximum_a) - current_a) if held_by is not None else 0.0
            lack = (more_a - counted_a) * own_cost - self._slack[row]
            for rivals, count in self._rivals.get(row, {}).items():
                if rivals.held_by in tight:
                    lack += count * rivals.cost * _rise(rivals, claim.priority, level)
            if lack > EPSILON:
                found.append((row, lack))
        return found

    @cached_property
    def _rivals(self) -> dict[int, Counter[_Rivals]]:
        rivals: dict[int, Counter[_Rivals]] = {}
        for (_, rows, minimum, maximum, _, priority, weight, *_), (current, _, cause, held_by) in zip(
            self._claims, self.shares, strict=True
        ):
            if cause is not Cause.MAXIMUM:
                for row, cost in rows:
                    kind = _Rivals(cost, priority, weight, minimum, maximum, current, held_by)
                    rivals.setdefault(row, Counter())[kind] += 1
        return rivals

    @cached_property
    def _entries(self) -> dict[int, Lacking]:
        """By the place of the claim."""
        taken = [0.0] * len(self._capacity)
        ahead: dict[int, dict[int, float]] = {}
        """What those before would take who are held by a row, by that row and by the row of which they would take."""
        entries: dict[int, Lacking] = {}
        for place, (claim, share) in enumerate(zip(self._claims, self.shares, strict=True)):
            if share.current_a:
                for row, cost in claim.rows:
                    taken[row] += claim.minimum_a * cost
                continue
            if share.row is None:
                continue
            need_a = max(claim.minimum_a, claim.entry_a)
            free = [(row, self._capacity[row] - taken[row] - need_a * cost) for row, cost in claim.rows]
            tight = [row for row, left in free if left < -EPSILON]
            lacking = [
                (row, sum(ahead[held].get(row, 0.0) for held in tight if held in ahead) - left) for row, left in free
            ]
            entries[place] = tuple((row, lack) for row, lack in lacking if lack > EPSILON)
            held_up = ahead.setdefault(share.row, {})
            for row, cost in claim.rows:
                held_up[row] = held_up.get(row, 0.0) + claim.minimum_a * cost
        return entries


def _rise(rivals: _Rivals, priority: int, level: float) -> float:
    """Return by how much each of these would rise before somebody of a class has come to a level, in A."""
    if rivals.priority > priority:
        wanted = rivals.maximum_a
    elif rivals.priority == priority:
        wanted = min(max(rivals.weight * level, rivals.minimum_a), rivals.maximum_a)
    else:
        wanted = rivals.minimum_a
    return max(0.0, wanted - rivals.current_a)
