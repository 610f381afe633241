"""What an EVSE is worth beside others, and the least that it can use: from its demand, or else from its set-up."""

from math import isfinite
from typing import NamedTuple

from ...model.circuit import EvsePlacement
from ...model.offer import EvseDemand
from ..sharing.allocator import round_up

_LEAST_WEIGHT = 0.001


class Rank(NamedTuple):
    """Its place among the others, and its minima in multiples of its step."""

    priority: int
    weight: float
    least_a: float
    """The lowest current that its connector can offer."""
    sensible_a: float
    """The lowest current at which its car charges well."""


def rank_of(demand: EvseDemand, placement: EvsePlacement, learned_minimum_a: float | None) -> Rank:
    """Return the rank of what wants current; `learned_minimum_a`: what its car has turned out to need."""
    asked = demand.weight
    usable = asked is not None and isfinite(asked) and asked >= _LEAST_WEIGHT
    sensible_a = max(placement.minimum_a, learned_minimum_a or 0.0)
    if demand.minimum_a is not None and demand.minimum_a > sensible_a:
        sensible_a = demand.minimum_a
    if sensible_a > placement.maximum_a:
        sensible_a = placement.minimum_a
    return Rank(
        placement.priority if demand.priority is None else demand.priority,
        asked if asked is not None and usable else placement.weight,
        round_up(placement.minimum_a, placement.step_a),
        round_up(sensible_a, placement.step_a),
    )
