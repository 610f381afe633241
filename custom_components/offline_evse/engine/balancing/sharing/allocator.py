"""Weighted max-min sharing of a packing problem, with a least current per charger and a reason for every result.

Three steps. Admit: in order of class and score, whoever's minimum still fits. Fill: class by class, raise everybody's
share alike until a row is full, freeze those on it, and go on with the rest (water filling; the result is the
lexicographic max-min of current/weight). Quantise: round down to what the charger can follow, and hand the left-over
steps out in turn. Bertsekas and Gallager, Data Networks, section 6.5.2: a vector is max-min fair exactly if everyone
has a bottleneck row; that row is the reason named here.
"""

from collections.abc import Sequence
from enum import Enum, auto
from heapq import heapify, heappop, heappush, heapreplace
from math import inf
from typing import NamedTuple

from ...model.station import EvseKey
from ..tree.fuse_tree import Coefficients

EPSILON = 1e-9
"""Currents closer than this are equal; far below any step a charger can follow."""


class Cause(Enum):
    """Why a share is not higher."""

    MAXIMUM = auto()
    """It has all it may have."""
    ROW = auto()
    """A row is full; more there would be more here."""
    OTHERS_FIRST = auto()
    """A row is full, and more there would go to others first, by their class or their weight."""
    WAITING = auto()
    """Its minimum does not fit in a row beside those admitted before it."""
    TOO_SMALL = auto()
    """Its minimum does not fit in a row even if nobody else were there."""


class Claim(NamedTuple):
    """What one charger asks for. Minimum and maximum are multiples of its step."""

    evse: EvseKey
    rows: Coefficients
    minimum_a: float
    maximum_a: float
    step_a: float = 0.1
    priority: int = 0
    weight: float = 1.0
    score: float = 0.0
    """Order of admission within the class, highest first; equal scores in the order given."""
    entry_a: float = 0.0
    """What must be free for it to be admitted, if that is more than its minimum."""
    first: bool = False
    """Admitted before all others, of whatever class: it cannot be paused."""


class Share(NamedTuple):
    """What one charger gets."""

    current_a: float
    """0, or at least the minimum; a multiple of the step."""
    exact_a: float
    """Before rounding."""
    cause: Cause
    row: int | None = None
    """The row that binds, unless the cause is its own maximum."""


class Allocation(NamedTuple):
    """All shares, in the order of the claims, and what is left in every row."""

    shares: list[Share]
    slack: list[float]


def allocate(claims: Sequence[Claim], capacity: Sequence[float], turn: int = 0, *, ordered: bool = False) -> Allocation:
    """Share out `capacity` (by row number, in A or W; negative: nothing to give).

    `turn` says who gets the first left-over step: hand in a number that grows for it to go round.
    `ordered`: the claims are in the order of admission already.
    """
    if (enough := _all_have_their_maximum(claims, capacity)) is not None:
        return enough
    slack = list(capacity)
    shares: list[Share] = [_NOTHING] * len(claims)
    classes = _admit(claims, capacity, slack, shares, ordered=ordered)
    contested: set[int] = set()
    grouped = [_groups(members, claims) for members in classes]
    for groups in grouped:
        _fill(groups, slack, shares, contested)
    for groups in grouped:
        _quantise(groups, slack, shares, turn)
    return Allocation(shares, slack)


_NOTHING = Share(0.0, 0.0, Cause.MAXIMUM)
_LEVEL_EPSILON = EPSILON * 1e-3


def _all_have_their_maximum(claims: Sequence[Claim], capacity: Sequence[float]) -> Allocation | None:
    """Return the allocation where there is enough for everybody, as there mostly is; None where there is not."""
    slack = list(capacity)
    shares: list[Share] = []
    for _, rows, minimum, maximum, _, _, _, _, entry, _ in claims:
        if maximum < minimum - EPSILON:
            shares.append(_NOTHING)
            continue
        if entry > maximum:
            return None
        for row, cost in rows:
            left = slack[row] - maximum * cost
            if left < 0.0:
                return None
            slack[row] = left
        shares.append(Share(maximum, maximum, Cause.MAXIMUM))
    return Allocation(shares, slack)


def _admit(
    claims: Sequence[Claim], capacity: Sequence[float], slack: list[float], shares: list[Share], *, ordered: bool
) -> list[list[int]]:
    """Take everybody's minimum who gets one; returns them class by class, the highest first."""
    order: Sequence[int] = range(len(claims))
    if not ordered:
        ranks = [(not claim.first, -claim.priority, -claim.score) for claim in claims]
        order = sorted(order, key=ranks.__getitem__)
    classes: dict[int, list[int]] = {}
    for number in order:
        _, rows, minimum, maximum, _, priority, _, _, entry, _ = claims[number]
        if maximum < minimum - EPSILON:
            continue
        need = (max(entry, minimum)) - EPSILON
        for row, cost in rows:
            if slack[row] < need * cost:
                shares[number] = _refusal(claims[number], capacity, slack)
                break
        else:
            for row, cost in rows:
                slack[row] -= minimum * cost
            if priority in classes:
                classes[priority].append(number)
            else:
                classes[priority] = [number]
    return [classes[priority] for priority in sorted(classes, reverse=True)]


def _refusal(claim: Claim, capacity: Sequence[float], slack: list[float]) -> Share:
    tightest, least = 0, inf
    for row, cost in claim.rows:
        if slack[row] / cost < least:
            tightest, least = row, slack[row] / cost
    need = max(claim.minimum_a, claim.entry_a) - EPSILON
    alone = all(capacity[row] >= need * cost for row, cost in claim.rows)
    return Share(0.0, 0.0, Cause.WAITING if alone else Cause.TOO_SMALL, tightest)


class _Group(NamedTuple):
    """Members of one class that are alike in all that matters once admitted, and so have the same exact current."""

    rows: Coefficients
    minimum_a: float
    maximum_a: float
    weight: float
    step_a: float
    members: list[int]


def _groups(members: list[int], claims: Sequence[Claim]) -> list[_Group]:
    groups: dict[tuple[int, float, float, float, float], _Group] = {}
    for number in members:
        _, rows, minimum, maximum, step, _, weight, _, _, _ = claims[number]
        # Alike by identity: a tree hands out the same tuple for the same way up.
        kind = (id(rows), minimum, maximum, weight, step)
        group = groups.get(kind)
        if group is None:
            groups[kind] = _Group(rows, minimum, maximum, weight, step, [number])
        else:
            group.members.append(number)
    return list(groups.values())


def _fill(groups: list[_Group], slack: list[float], shares: list[Share], contested: set[int]) -> None:
    """Raise the level of one class until everyone in it is frozen.

    A live member has weight * level. While members are live, `slack` holds what its row would have without them, so
    the level at which a row is full is slack / rate; freezing a member only ever moves that level up, which lets
    the heap hold stale entries and look again when one comes up.
    """
    rate = [0.0] * len(slack)
    on_row: dict[int, list[int]] = {}
    for index, group in enumerate(groups):
        for row, _ in group.rows:
            if row in on_row:
                on_row[row].append(index)
            else:
                on_row[row] = [index]
    starts = sorted(((group.minimum_a / group.weight, index) for index, group in enumerate(groups)), reverse=True)
    finishes = sorted(((group.maximum_a / group.weight, index) for index, group in enumerate(groups)), reverse=True)
    waiting = set(range(len(groups)))
    live: set[int] = set()
    heap: list[tuple[float, int]] = []
    full: list[int] = []
    while waiting or live:
        row_level = _next_full(heap, slack, rate)
        while starts and starts[-1][1] not in waiting:
            starts.pop()
        while finishes and finishes[-1][1] not in live and finishes[-1][1] not in waiting:
            finishes.pop()
        start_level = starts[-1][0] if starts else inf
        finish_level = finishes[-1][0] if finishes else inf
        if start_level <= finish_level and start_level <= row_level:
            fresh: set[int] = set()
            while starts and starts[-1][0] <= start_level + _LEVEL_EPSILON:
                index = starts.pop()[1]
                if index in waiting:
                    waiting.discard(index)
                    live.add(index)
                    rows, minimum, _, weight, _, numbers = groups[index]
                    count = len(numbers)
                    for row, cost in rows:
                        cost *= count
                        slack[row] += minimum * cost
                        rate[row] += weight * cost
                        fresh.add(row)
            entries = [(slack[row] / rate[row], row) for row in fresh]
            if heap:
                for entry in entries:
                    heappush(heap, entry)
            else:
                heap = entries
                heapify(heap)
            continue
        frozen: list[tuple[int, Share]] = []
        if finish_level <= row_level:
            while finishes and finishes[-1][0] <= finish_level + _LEVEL_EPSILON:
                index = finishes.pop()[1]
                if index in live:
                    maximum = groups[index].maximum_a
                    frozen.append((index, Share(maximum, maximum, Cause.MAXIMUM)))
        else:
            row = heap[0][1]
            full.append(row)
            cause = Cause.OTHERS_FIRST if row in contested else Cause.ROW
            for index in on_row[row]:
                _, minimum, maximum, weight, _, numbers = groups[index]
                if index in live:
                    exact = min(max(weight * row_level, minimum), maximum)
                    frozen.append((index, Share(exact, exact, cause, row)))
                elif index in waiting:
                    waiting.discard(index)
                    for number in numbers:
                        shares[number] = Share(minimum, minimum, Cause.OTHERS_FIRST, row)
        for index, share in frozen:
            live.discard(index)
            rows, _, _, weight, _, numbers = groups[index]
            count = len(numbers)
            exact = share.exact_a
            for row, cost in rows:
                cost *= count
                slack[row] -= exact * cost
                rate[row] -= weight * cost
            for number in numbers:
                shares[number] = share
    contested.update(full)


def _next_full(heap: list[tuple[float, int]], slack: list[float], rate: list[float]) -> float:
    """Return the level at which the next row is full, and leave that row on top of the heap."""
    while heap:
        level, row = heap[0]
        # A row without live members has a rate of 0 but for rounding; weights are far above that.
        if rate[row] < EPSILON:
            heappop(heap)
        elif (now := slack[row] / rate[row]) > level + _LEVEL_EPSILON:
            heapreplace(heap, (now, row))
        else:
            return level
    return inf


def _quantise(groups: list[_Group], slack: list[float], shares: list[Share], turn: int) -> None:
    """Round down to steps, and hand the left-over steps of a class out, at most one to each."""
    short: list[tuple[int, int]] = []
    for index, (rows, minimum, _, _, step, numbers) in enumerate(groups):
        _, exact, cause, binding = shares[numbers[0]]
        if cause is Cause.MAXIMUM:
            continue
        rounded = max(round_down(exact, step), minimum)
        if exact - rounded > EPSILON:
            left = (exact - rounded) * len(numbers)
            for row, cost in rows:
                slack[row] += left * cost
            share = Share(rounded, exact, cause, binding)
            for number in numbers:
                shares[number] = share
                short.append((number, index))
    if not short:
        return
    short.sort()
    first = turn % len(short)
    served: set[int] = set()
    raised: dict[int, Share] = {}
    for number, index in short[first:] + short[:first]:
        if index in served:
            continue
        rows, _, maximum, _, step, _ = groups[index]
        for row, cost in rows:
            if slack[row] < step * cost - EPSILON:
                # Rows only get fuller here, so nobody else of this kind need be tried.
                served.add(index)
                break
        else:
            for row, cost in rows:
                slack[row] -= step * cost
            share_with_step = raised.get(index)
            if share_with_step is None:
                rounded, exact, cause, binding = shares[number]
                share_with_step = Share(min(round(rounded + step, 6), maximum), exact, cause, binding)
                raised[index] = share_with_step
            shares[number] = share_with_step


def round_down(current_a: float, step_a: float) -> float:
    """Return the highest multiple of the step that is not above the current, in A."""
    return round(int(current_a / step_a + 1e-8) * step_a, 6)


def round_up(current_a: float, step_a: float) -> float:
    """Return the lowest multiple of the step that is not below the current, in A."""
    steps = int(current_a / step_a + 1e-8)
    if steps * step_a < current_a - 1e-8 * step_a:
        steps += 1
    return round(steps * step_a, 6)
