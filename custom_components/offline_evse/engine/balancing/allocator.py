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

from ..model.station import EvseKey
from .fuse_tree import Coefficients

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


def allocate(claims: Sequence[Claim], capacity: Sequence[float], turn: int = 0) -> Allocation:
    """Share out `capacity` (by row number, in A or W; negative: nothing to give).

    `turn` says who gets the first left-over step: hand in a number that grows for it to go round.
    """
    slack = list(capacity)
    shares: list[Share] = [_NOTHING] * len(claims)
    admitted = _admit(claims, capacity, slack, shares)
    contested: set[int] = set()
    start = 0
    while start < len(admitted):
        priority = claims[admitted[start]].priority
        end = start
        while end < len(admitted) and claims[admitted[end]].priority == priority:
            end += 1
        members = admitted[start:end]
        _fill(members, claims, slack, shares, contested)
        start = end
    _quantise(admitted, claims, slack, shares, turn)
    return Allocation(shares, slack)


_NOTHING = Share(0.0, 0.0, Cause.MAXIMUM)


def _admit(claims: Sequence[Claim], capacity: Sequence[float], slack: list[float], shares: list[Share]) -> list[int]:
    order = sorted(range(len(claims)), key=lambda number: (-claims[number].priority, -claims[number].score))
    admitted: list[int] = []
    for number in order:
        claim = claims[number]
        minimum = claim.minimum_a
        if claim.maximum_a < minimum - EPSILON:
            continue
        need = max(minimum, claim.entry_a) - EPSILON
        for row, cost in claim.rows:
            if slack[row] < need * cost:
                shares[number] = _refusal(claim, capacity, slack)
                break
        else:
            for row, cost in claim.rows:
                slack[row] -= minimum * cost
            admitted.append(number)
    return admitted


def _refusal(claim: Claim, capacity: Sequence[float], slack: list[float]) -> Share:
    tightest, least = 0, inf
    for row, cost in claim.rows:
        if slack[row] / cost < least:
            tightest, least = row, slack[row] / cost
    need = max(claim.minimum_a, claim.entry_a) - EPSILON
    alone = all(capacity[row] >= need * cost for row, cost in claim.rows)
    return Share(0.0, 0.0, Cause.WAITING if alone else Cause.TOO_SMALL, tightest)


def _fill(
    members: list[int], claims: Sequence[Claim], slack: list[float], shares: list[Share], contested: set[int]
) -> None:
    """Raise the level of one class until everyone in it is frozen.

    A live member has weight * level. While members are live, `slack` holds what its row would have without them, so
    the level at which a row is full is slack / rate; freezing a member only ever moves that level up, which lets
    the heap hold stale entries and look again when one comes up.
    """
    rate: dict[int, float] = {}
    alive: dict[int, int] = {}
    on_row: dict[int, list[int]] = {}
    for number in members:
        for row, _ in claims[number].rows:
            if row in on_row:
                on_row[row].append(number)
            else:
                on_row[row] = [number]
                rate[row] = 0.0
                alive[row] = 0
    to_start = sorted(((claims[number].minimum_a / claims[number].weight, number) for number in members), reverse=True)
    to_finish = sorted(((claims[number].maximum_a / claims[number].weight, number) for number in members), reverse=True)
    waiting = set(members)
    live: set[int] = set()
    heap: list[tuple[float, int]] = []
    full: list[int] = []
    while waiting or live:
        while heap:
            level, row = heap[0]
            if not alive[row]:
                heappop(heap)
                continue
            now = slack[row] / rate[row]
            if now > level + EPSILON * 1e-3:
                heapreplace(heap, (now, row))
                continue
            break
        row_level = heap[0][0] if heap else inf
        while to_finish and to_finish[-1][1] not in live and to_finish[-1][1] not in waiting:
            to_finish.pop()
        while to_start and to_start[-1][1] not in waiting:
            to_start.pop()
        start_level = to_start[-1][0] if to_start else inf
        finish_level = to_finish[-1][0] if to_finish else inf
        if start_level <= finish_level and start_level <= row_level:
            fresh: set[int] = set()
            while to_start and to_start[-1][0] <= start_level + EPSILON * 1e-3:
                number = to_start.pop()[1]
                if number not in waiting:
                    continue
                waiting.discard(number)
                live.add(number)
                claim = claims[number]
                for row, cost in claim.rows:
                    slack[row] += claim.minimum_a * cost
                    rate[row] += claim.weight * cost
                    alive[row] += 1
                    fresh.add(row)
            if heap:
                for row in fresh:
                    heappush(heap, (slack[row] / rate[row], row))
            else:
                heap = [(slack[row] / rate[row], row) for row in fresh]
                heapify(heap)
            continue
        if finish_level <= row_level:
            number = to_finish.pop()[1]
            maximum = claims[number].maximum_a
            shares[number] = Share(maximum, maximum, Cause.MAXIMUM)
            frozen = [(number, maximum)]
        else:
            full_row = heap[0][1]
            full.append(full_row)
            first_served = full_row in contested
            frozen = []
            for number in on_row[full_row]:
                if number in live:
                    claim = claims[number]
                    exact = min(max(claim.weight * row_level, claim.minimum_a), claim.maximum_a)
                    cause = Cause.OTHERS_FIRST if first_served else Cause.ROW
                    shares[number] = Share(exact, exact, cause, full_row)
                    frozen.append((number, exact))
                elif number in waiting:
                    minimum = claims[number].minimum_a
                    shares[number] = Share(minimum, minimum, Cause.OTHERS_FIRST, full_row)
                    waiting.discard(number)
        for number, exact in frozen:
            live.discard(number)
            claim = claims[number]
            for row, cost in claim.rows:
                slack[row] -= exact * cost
                rate[row] -= claim.weight * cost
                alive[row] -= 1
    contested.update(full)


def _quantise(admitted: list[int], claims: Sequence[Claim], slack: list[float], shares: list[Share], turn: int) -> None:
    short: list[int] = []
    for number in admitted:
        share = shares[number]
        claim = claims[number]
        exact = share.exact_a
        rounded = max(round_down(exact, claim.step_a), claim.minimum_a)
        if exact - rounded > EPSILON:
            for row, cost in claim.rows:
                slack[row] += (exact - rounded) * cost
            short.append(number)
        shares[number] = Share(rounded, exact, share.cause, share.row)
    if not short:
        return
    first = turn % len(short)
    order = short[first:] + short[:first]
    order.sort(key=lambda number: -claims[number].priority)
    for number in order:
        claim = claims[number]
        step = claim.step_a
        if all(slack[row] >= step * cost - EPSILON for row, cost in claim.rows):
            for row, cost in claim.rows:
                slack[row] -= step * cost
            share = shares[number]
            more = min(round(share.current_a + step, 6), claim.maximum_a)
            shares[number] = Share(more, share.exact_a, share.cause, share.row)


def round_down(current_a: float, step_a: float) -> float:
    """Return the highest multiple of the step that is not above the current, in A."""
    return round(int(current_a / step_a + 1e-8) * step_a, 6)


def round_up(current_a: float, step_a: float) -> float:
    """Return the lowest multiple of the step that is not below the current, in A."""
    steps = int(current_a / step_a + 1e-8)
    if steps * step_a < current_a - 1e-8 * step_a:
        steps += 1
    return round(steps * step_a, 6)
