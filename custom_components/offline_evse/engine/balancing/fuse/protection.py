"""The last line before a fuse trips: its heat, and cars that do not follow."""

from collections.abc import Callable, Collection, Mapping

from ...model.offer import Binding, Escalation, LimitReason
from ...model.phases import Phase, PhaseAmperes
from ...model.station import EvseKey
from ..car.evse_track import EvseTrack
from ..settings import BalancingSettings
from ..tree.fuse_tree import FuseTree
from .fuse_heat import FuseHeat

_DRAWS_A = 0.5
"""Pausing a car that draws less than this relieves nothing."""


class Protection:
    """Pauses whom sharing out has not kept off a fuse in time. All times are monotonic seconds."""

    def __init__(self, settings: BalancingSettings, tree: FuseTree) -> None:
        """Begin with fuses that have not been seen yet."""
        self._settings = settings
        self.heat = FuseHeat(settings)
        self._paused_s: dict[tuple[str, Phase], float] = {}
        """When somebody was paused last for a fuse."""
        self._hot: dict[EvseKey, float] = {}
        """Since when somebody has been paused for one."""
        self.warm: Collection[tuple[str, Phase]] = ()
        """Fuses on which nothing may rise for now."""
        self.set_tree(tree)

    def set_tree(self, tree: FuseTree) -> None:
        """Take over a tree."""
        self._tree = tree
        self.heat.set_tree(tree)
        self._paused_s = {fuse: at_s for fuse, at_s in self._paused_s.items() if fuse[0] in tree.circuits}

    def look(
        self, tracks: Mapping[EvseKey, EvseTrack], at_s: float, carried: Callable[[str], PhaseAmperes | None]
    ) -> None:
        """Reckon with what every circuit carries now, and pause at once where a fuse is about to be too hot."""
        self.heat.update(at_s, carried)
        self.warm = tuple(self.heat.too_warm())
        for fuse in self.heat.about_to_trip():
            # A pause is not repeated before the first one can be seen.
            if at_s - self._paused_s.get(fuse, float("-inf")) >= self._settings.in_flight_s:
                self._pause_lowest(fuse, tracks, at_s)
        if self._hot:
            self._let_go(tracks, at_s)
        for track in tracks.values():
            if track.obedience.step is not None:
                track.obedience.look(at_s, over=self._is_over(track), pausable=track.pausable)
                track.touch()

    def hold_back(self, sustained: list[float]) -> None:
        """Let nothing rise on fuses that are too warm. `sustained`: what offers may rise to, by row."""
        for circuit_id, phase in self.warm:
            sustained[self._tree.phase_row(circuit_id, phase)] = float("-inf")

    def binding(self, binding: Binding, track: EvseTrack) -> Binding:
        """Return the binding of an offer with the fuse named that is too hot for more, if it is that."""
        if binding.reason is LimitReason.FUSE_HOT and track.hot is not None:
            return track.hot
        if binding.reason is LimitReason.SETTLING and (binding.circuit_id, binding.phase) in self.warm:
            return Binding(LimitReason.FUSE_HOT, binding.circuit_id, binding.phase)
        return binding

    def escalations(
        self, tracks: Mapping[EvseKey, EvseTrack], outside: Callable[[float], float]
    ) -> dict[EvseKey, Escalation]:
        """Return who does not follow, and what is to be done about each; `outside` turns times into the caller's."""
        return {
            evse: escalation
            for evse, track in tracks.items()
            if track.obedience.step is not None
            and (escalation := track.obedience.escalation(evse, track.offer_a, outside)) is not None
        }

    def _pause_lowest(self, fuse: tuple[str, Phase], tracks: Mapping[EvseKey, EvseTrack], at_s: float) -> None:
        circuit_id, phase = fuse
        charging = [
            tracks[evse]
            for evse in self._tree.evses_below(circuit_id)
            if evse in tracks and tracks[evse].on and tracks[evse].demand.connected
        ]
        charging = [track for track in charging if track.bounds(at_s).expected[phase] > _DRAWS_A]
        if not charging:
            return
        self._paused_s[fuse] = at_s
        if any(track.hot is not None for track in charging):
            # Just paused for another fuse: that may do for this one too.
            return
        lowest = min(track.priority for track in charging)
        lowest_class = [track for track in charging if track.priority == lowest]
        for track in [track for track in lowest_class if track.pausable] or lowest_class:
            track.hot = Binding(LimitReason.FUSE_HOT, circuit_id, phase)
            track.touch()
            self._hot[track.placement.evse] = at_s

    def _let_go(self, tracks: Mapping[EvseKey, EvseTrack], at_s: float) -> None:
        for evse, since_s in list(self._hot.items()):
            track = tracks.get(evse)
            fuse = track.hot if track is not None else None
            if track is None or fuse is None or fuse.circuit_id is None or fuse.phase is None:
                del self._hot[evse]
                continue
            cool = self.heat.of(fuse.circuit_id)[fuse.phase] <= self._settings.heat_cool
            if cool and at_s - since_s >= self._settings.resume_after_s:
                track.hot = None
                track.touch()
                del self._hot[evse]

    def _is_over(self, track: EvseTrack) -> bool:
        return any(
            self.heat.over(circuit_id, phase)
            for circuit_id in self._tree.ancestry(track.placement.circuit_id)
            for phase in track.phases
        )
