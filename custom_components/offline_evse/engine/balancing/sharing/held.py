"""What is held of every row for EVSEs that will not leave it to others, whatever those are offered."""

from collections.abc import Iterable, Mapping, Sequence

from ..car.evse_track import EvseTrack
from ..meter.circuit_load import Hearing
from ..tree.fuse_tree import FuseTree


def held_for_absent(tracks: Iterable[EvseTrack], tree: FuseTree, hearing: Mapping[str, Hearing]) -> list[float]:
    """Return what is held for EVSEs that cannot be told anything, by row, in A or W.

    An offline EVSE keeps the most that it may believe it has; where no meter tells, also a car that plugs in unseen
    is reckoned with, at what it would be given then. One that refused its last offer keeps what it may have beyond.
    """
    held = [0.0] * len(tree.rows)
    others = tree.shared.counts_others
    for track in tracks:
        coefficients = track.coefficients
        if others and (counted := tree.shared_by_others(track.placement.evse, track.demand.phases_used)):
            # A limit that is none for it leaves the members what it has not taken.
            coefficients += counted
            if track.demand.connected:
                for row, cost in counted:
                    held[row] += cost * max(track.possible_a, track.offer_a)
        if not track.demand.connected:
            placement = track.placement
            floor_a = placement.safe_a if placement.unseen_a is None else placement.unseen_a
            unseen_a = max(track.possible_a, floor_a)
            for row, cost in coefficients:
                held[row] += cost * (track.possible_a if tree.rows[row].shows_in(hearing) else unseen_a)
        elif track.failed and track.possible_a > track.offer_a:
            for row, cost in track.coefficients:
                held[row] += cost * (track.possible_a - track.offer_a)
        if beyond_a := track.beyond_a:
            # Its draw beyond the offer shows in no meter as the house's, so it has to be held here.
            for row, cost in coefficients:
                held[row] += cost * beyond_a
    return held


def held_for_rises(rises: Iterable[tuple[EvseTrack, float]], held: Sequence[float]) -> Sequence[float]:
    """Return what is held once these EVSEs have been offered more, where limits count it that are none for them."""
    more = list(held)
    for track, offer_a in rises:
        rise_a = offer_a - max(track.possible_a, track.offer_a)
        if rise_a > 0:
            for row, cost in track.counted:
                more[row] += cost * rise_a
    return more
