"""What would have to be there for one charger to have more, with everybody who would take of it too."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from ..sharing.allocator import EPSILON, Allocation, Cause, Claim, Share
from ..tree.fuse_tree import Coefficients

type Lacking = tuple[tuple[int, float], ...]
"""Rows in which something is lacking, and how much, in A or W."""


class _Group(NamedTuple):
    """Claims of one kind with one result."""

    claim: Claim
    share: Share
    number: int
    counted: Coefficients


class _Rivals(NamedTuple):
    """Claims that are alike and would have more, if there were more."""

    priority: int
    weight: float
    minimum_a: float
    maximum_a: float
    current_a: float


class Contest:
    """An allocation, and what would have to be added to its rows. `claims` are in the order of their admission."""

    def __init__(
        self,
        claims: Sequence[Claim],
        capacity: Sequence[float],
        allocation: Allocation,
        entries_a: Sequence[float],
        kinds: Sequence[int],
        counted: Sequence[Coefficients],
    ) -> None:
        """Look at an allocation of `capacity` to `claims`.

        `entries_a`: what must be free for each one refused. `kinds`: claims of one number differ in nothing but whose
        they are. `counted`: what an ampere of each takes from limits that are none for it, but count it.
        """
        self._counted = counted
        self._kinds = kinds
        self._entries_a = entries_a
        self._claims = claims
        self._capacity = capacity
        self.shares = allocation.shares
        self._known: dict[tuple[int, float, int | None, float], Lacking] = {}
        self._late: dict[tuple[int, float, int | None], Lacking] = {}
        self._rises: dict[tuple[int, int, int, float], float] = {}

    def for_more(self, place: int, target_a: float) -> Lacking:
        """Return what is lacking for an admitted claim to rise to `target_a`.

        Whoever is held by one of these rows would rise as well: those of its class to the same level, those of higher
        classes as far as they like, and of those that wait each to its minimum.
        """
        claim, share = self._claims[place], self.shares[place]
        kind = (self._kinds[place], share.exact_a, share.row, target_a)
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = self._lacking(claim, share.exact_a, share.row, target_a)
        return known

    def to_enter(self, place: int) -> Lacking:
        """Return what is lacking for a claim that was not admitted to be admitted, behind all that come before it."""
        return self._by_place[place]

    def to_enter_last(self, rows: Coefficients, need_a: float) -> Lacking:
        """Return what is lacking for one more claim to be admitted, behind all others."""
        return self._entries.lacking(rows, need_a, self._capacity)

    def to_enter_late(self, place: int) -> Lacking:
        """Return what is lacking for a claim to be admitted that has to let all others go first for now."""
        claim, row, entry_a = self._claims[place], self.shares[place].row, self._entries_a[place]
        kind = self._kinds[place], entry_a, row
        known = self._late.get(kind)
        if known is None:
            # It is among those who wait itself.
            need_a = entry_a - claim.minimum_a
            known = self._late[kind] = self._entries.lacking(claim.rows, need_a, self._capacity, row)
        return known

    def _lacking(self, claim: Claim, current_a: float, held_by: int | None, target_a: float) -> Lacking:
        more_a = target_a - current_a
        # A claim that is held by a row is among its own rivals, as far as it may rise.
        counted_a = max(0.0, min(target_a, claim.maximum_a) - current_a) if held_by is not None else 0.0
        level = target_a / claim.weight
        slack, rows = self._slack, claim.rows
        lacks = [(more_a - counted_a) * cost - slack[row] for row, cost in rows]
        tight = [row for row, cost in rows if slack[row] < more_a * cost - EPSILON]
        if held_by is not None and held_by not in tight:
            tight.append(held_by)
        for held in tight:
            if (rivals := self._rivals.get(held)) is None:
                continue
            for index, (row, _) in enumerate(rows):
                if row in rivals:
                    lacks[index] += self._rise_on(row, held, claim.priority, level)
            # Those who rise along with it fill other rows, where then somebody else is held.
            tight.extend(_also_tight(rows, lacks, tight))
        return tuple((row, lack) for (row, _), lack in zip(rows, lacks, strict=True) if lack > EPSILON)

    def _rise_on(self, row: int, held_by: int, priority: int, level: float) -> float:
        """Return what all who are held by a row would take of another one, before a class has come to a level."""
        key = row, held_by, priority, level
        known = self._rises.get(key)
        if known is None:
            known = self._rises[key] = sum(
                [
                    count * cost * _rise(each, priority, level)
                    for (cost, each), count in self._rivals[held_by][row].items()
                ]
            )
        return known

    @cached_property
    def _slack(self) -> list[float]:
        """What is left of every row before rounding: what rounding leaves over is handed out in single steps only."""
        slack = list(self._capacity)
        for claim, share, count, _ in self._groups:
            if taken_a := share.exact_a * count:
                for row, cost in claim.rows:
                    slack[row] -= taken_a * cost
        return slack

    @cached_property
    def _groups(self) -> list[_Group]:
        places: dict[tuple[int, int], list[int]] = {}
        for place, alike in enumerate(zip(self._kinds, map(id, self.shares), strict=True)):
            if alike in places:
                places[alike].append(place)
            else:
                places[alike] = [place]
        return [
            _Group(self._claims[those[0]], self.shares[those[0]], len(those), self._counted[those[0]])
            for those in places.values()
        ]

    @cached_property
    def _rivals(self) -> dict[int, dict[int, dict[tuple[float, _Rivals], int]]]:
        """By the row that holds them, and the row of which they would take at a cost."""
        rivals: dict[int, dict[int, dict[tuple[float, _Rivals], int]]] = {}
        for claim, share, count, counted in self._groups:
            if share.cause is Cause.MAXIMUM or share.row is None:
                continue
            each = _Rivals(claim.priority, claim.weight, claim.minimum_a, claim.maximum_a, share.exact_a)
            held = rivals.setdefault(share.row, {})
            for row, cost in claim.rows + counted:
                alike = cost, each
                on_row = held.get(row)
                if on_row is None:
                    held[row] = {alike: count}
                else:
                    on_row[alike] = on_row.get(alike, 0) + count
        return rivals

    @cached_property
    def _entries(self) -> _Entries:
        """What is taken, and what those who wait would take, in the end."""
        entries = _Entries(len(self._capacity))
        for claim, share, count, counted in self._groups:
            entries.add(claim, share, count, counted)
        return entries

    @cached_property
    def _by_place(self) -> dict[int, Lacking]:
        """For each claim that was not admitted, what was lacking when it was its turn."""
        by_place: dict[int, Lacking] = {}
        entries = _Entries(len(self._capacity))
        for place, (claim, share) in enumerate(zip(self._claims, self.shares, strict=True)):
            if not share.current_a and share.row is not None:
                by_place[place] = entries.lacking(claim.rows, self._entries_a[place], self._capacity)
            entries.add(claim, share, 1, self._counted[place])
        return by_place


class _Entries:
    """Minima in the order of admission."""

    def __init__(self, rows: int) -> None:
        """Begin with nobody."""
        self.taken = [0.0] * rows
        """By those who have been admitted."""
        self.waiting: dict[int, dict[int, float]] = {}
        """By the row that holds them up: what those who wait would take, by row."""

    def add(self, claim: Claim, share: Share, count: int, counted: Coefficients) -> None:
        """Let so many more claims of a kind be looked at."""
        if share.current_a:
            for row, cost in claim.rows:
                self.taken[row] += claim.minimum_a * cost * count
        elif share.row is not None:
            held_up = self.waiting.setdefault(share.row, {})
            for row, cost in claim.rows:
                held_up[row] = held_up.get(row, 0.0) + claim.minimum_a * cost * count
        if counted and share.row is not None:
            # It takes from these whatever others' minima need of them.
            held_up = self.waiting.setdefault(share.row, {})
            for row, cost in counted:
                held_up[row] = held_up.get(row, 0.0) + (claim.maximum_a - share.exact_a) * cost * count

    def lacking(
        self, rows: Coefficients, need_a: float, capacity: Sequence[float], held_by: int | None = None
    ) -> Lacking:
        """Return what is lacking for the next one, behind those who would be admitted along with it."""
        taken, waiting = self.taken, self.waiting
        lacks = [need_a * cost - capacity[row] + taken[row] for row, cost in rows]
        tight = [row for (row, _), lack in zip(rows, lacks, strict=True) if lack > EPSILON]
        if held_by is not None and held_by not in tight:
            tight.append(held_by)
        for held in tight:
            if (along := waiting.get(held)) is not None:
                for index, (row, _) in enumerate(rows):
                    if row in along:
                        lacks[index] += along[row]
                tight.extend(_also_tight(rows, lacks, tight))
        return tuple([(row, lack) for (row, _), lack in zip(rows, lacks, strict=True) if lack > EPSILON])


def _also_tight(rows: Coefficients, lacks: Sequence[float], tight: Sequence[int]) -> list[int]:
    return [row for (row, _), lack in zip(rows, lacks, strict=True) if lack > EPSILON and row not in tight]


def _rise(rivals: _Rivals, priority: int, level: float) -> float:
    """Return by how much each of these would rise before somebody of a class has come to a level, in A."""
    if rivals.priority > priority:
        wanted = rivals.maximum_a
    elif rivals.priority == priority:
        wanted = min(max(rivals.weight * level, rivals.minimum_a), rivals.maximum_a)
    else:
        wanted = rivals.minimum_a
    return max(0.0, wanted - rivals.current_a)
