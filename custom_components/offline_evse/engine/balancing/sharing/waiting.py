"""How long a car may have to wait where there is not enough for everybody's minimum."""

from math import ceil, inf

HANDOVER_S = 30.0
"""What a turn may take longer, in s: the one before has to be told and to confirm before its place is given on."""


def longest_wait_s(cars: int, places: int, slot_s: float, handover_s: float = HANDOVER_S) -> float:
    """Return how long one of `cars` waits at most between two turns, in s; infinite if there is no place at all.

    It holds for equals: cars of one class and weight that want current all the while, behind limits that leave room
    for `places` minima all the while. A turn lasts `slot_s`; whoever has waited longest is next, so nobody is served
    twice before all others were served once: between two turns of one car lie at most ceil(cars / places) - 1 turns
    of others. A higher class goes first, and so can make the wait longer.
    """
    if cars <= places:
        return 0.0
    if places < 1:
        return inf
    return (ceil(cars / places) - 1) * (slot_s + handover_s)
