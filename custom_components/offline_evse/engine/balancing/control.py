"""The balancer: takes in what happens at the site, and says at any moment what every EVSE is to have."""

from dataclasses import replace
from functools import partial
from math import inf

from ..model.circuit import SiteLayout
from ..model.meter import CircuitSample
from ..model.offer import BalancingDecision, CircuitState, EvseDemand
from ..model.phases import Phase, PhaseAmperes
from ..model.shared_limit import SharedLimit
from ..model.station import EvseKey
from .car.draw import NO_DRAW, Bounds
from .car.evse_track import EvseTrack
from .fuse.protection import Protection
from .meter.capacity import Capacity, CapacityEstimate
from .meter.circuit_load import Hearing
from .reasons.explanation import Explainer
from .reasons.telling import Telling
from .settings import BalancingSettings
from .sharing.held import held_for_absent
from .sharing.phase_switching import choose_phases
from .sharing.planning import Plan, Planner, plan_for
from .steady_time import SteadyTime
from .tree.fuse_tree import FuseTree


class Balancer:
    """State of the site as far as it matters for sharing it out. All times are monotonic seconds, handed in.

    Whoever runs it tells it everything that happens, asks it to `decide` after that and at least every second or so,
    sends every changed offer, and reports how that ended. An offer that is to rise waits by itself for the confirmation
    of the cuts that make room for it.
    """

    def __init__(self, settings: BalancingSettings | None = None) -> None:
        """Begin with an empty site."""
        self._settings = settings or BalancingSettings()
        self._tree = FuseTree(SiteLayout(), self._settings.voltage_v)
        self._planner = Planner(self._settings)
        self._tracks: dict[EvseKey, EvseTrack] = {}
        self._demands: dict[EvseKey, EvseDemand] = {}
        self._estimate = CapacityEstimate(self._settings, self._bounds_of, self._told_by)
        self._estimate.set_tree(self._tree)
        self._time = SteadyTime()
        self._circuits_told: dict[str, CircuitState] = {}
        self._looked_s: float | None = None
        self._behind_s = 0.0
        self._protection = Protection(self._settings, self._tree)
        self._telling = Telling(Explainer(self._tree, self._settings), self._protection)
        self._shared_limits: tuple[SharedLimit, ...] = ()
        self._plan_of: dict[EvseKey, Plan] = {}
        self._plans: list[Plan] = []
        self._silent: frozenset[str] = frozenset()
        self._hearing: dict[str, Hearing] = {}
        self._held: list[float] = []
        self._offered: list[float] = []
        """What has been offered of each row, in A or W."""
        self._anew = True
        """Everything has to be looked at anew."""

    @property
    def slot_s(self) -> float:
        """How long a car keeps its turn where there is not enough for everyone's minimum, in s."""
        return self._settings.slot_s

    @property
    def tree(self) -> FuseTree:
        """The tree in force."""
        return self._tree

    @property
    def unheeded(self) -> dict[EvseKey, float]:
        """EVSEs whose cars have been seen above their offers although they have had time to follow, and since when."""
        return {
            evse: self._time.outside(track.obedience.since_s)
            for evse, track in self._tracks.items()
            if track.obedience.since_s is not None
        }

    @property
    def frozen_meters(self) -> frozenset[str]:
        """Circuits whose meters repeat themselves although what they measure has changed."""
        return self._estimate.frozen

    def learned_minimum(self, evse: EvseKey) -> float | None:
        """Return the lowest current at which the car there charges sensibly, in A, where that has been learned."""
        track = self._tracks.get(evse)
        return track.vehicle.learned_minimum_a if track is not None else None

    def overdraw(self, evse: EvseKey) -> float:
        """Return what the car there steadily draws beyond its offer, in A per phase."""
        track = self._tracks.get(evse)
        return track.overdraw_a if track is not None else 0.0

    def set_layout(self, layout: SiteLayout) -> None:
        """Take over a changed tree in place; what was learned of all that stays is kept. Raises LayoutError."""
        tree = FuseTree(layout, self._settings.voltage_v)
        tree.set_shared_limits(self._shared_limits)
        tracks: dict[EvseKey, EvseTrack] = {}
        for evse, placement in tree.placements.items():
            track = self._tracks.get(evse)
            if track is None:
                track = EvseTrack(placement, tree, self._settings)
                if (demand := self._demands.get(evse)) is not None:
                    track.take_demand(demand, tree, 0.0)
            else:
                track.place(placement, tree)
            tracks[evse] = track
        self._tree = tree
        self._tracks = tracks
        self._plan_of = {}
        self._anew = True
        self._telling = Telling(Explainer(tree, self._settings), self._protection)
        self._estimate.set_tree(tree)
        self._protection.set_tree(tree)

    def set_shared_limits(self, limits: tuple[SharedLimit, ...], at_s: float) -> None:
        """Take over all limits that are no fuses, instead of those before, from `at_s` on.

        One on a circuit that does not exist, or for nobody below it, counts as nothing until the layout has them.
        """
        if limits == self._shared_limits:
            return
        self._shared_limits = limits
        if self._tree.set_shared_limits(limits):
            for track in self._tracks.values():
                track.place(track.placement, self._tree)
            self._estimate.forget_all()
            self._anew = True
            self._telling = Telling(Explainer(self._tree, self._settings), self._protection)
        self._estimate.limits_changed()
        self._estimate.update(self._time.inside(at_s))

    def meter_reported(self, sample: CircuitSample) -> None:
        """Take in a report of a circuit's meter; an unchanged value is a report too."""
        at_s = self._time.inside(sample.at_s)
        self._estimate.report(sample if at_s == sample.at_s else replace(sample, at_s=at_s))

    def distrust(self, circuit_id: str, distrusted: bool, at_s: float) -> None:
        """Take a circuit's meter for silent although it reports, because what it says is wrong; or believe it again."""
        self._estimate.distrust(circuit_id, distrusted, self._time.inside(at_s))

    def draw_reported(self, evse: EvseKey, terminals_a: tuple[float, ...], at_s: float) -> None:
        """Take in what an EVSE says it draws, in A per terminal."""
        if (track := self._tracks.get(evse)) is not None:
            track.take_draw(terminals_a, self._time.inside(at_s), self._tree)
            self._estimate.forget(evse)

    def set_demand(self, demand: EvseDemand, at_s: float) -> None:
        """Take over what an EVSE would have if nothing bound it."""
        self._demands[demand.evse] = demand
        track = self._tracks.get(demand.evse)
        if track is None or track.demand == demand:
            return
        at_s = self._time.inside(at_s)
        before = track.bounds(at_s)
        track.take_demand(demand, self._tree, at_s)
        if not demand.wants_current and demand.connected:
            self._expect_drop(track, before, at_s)
        self._estimate.forget(demand.evse)

    def offer_confirmed(self, evse: EvseKey, current_a: float, at_s: float) -> None:
        """Note that a station has this limit for an EVSE.

        Also where it was found there (a charger that was running before us), and, while the station is offline, where
        its profile has run out and it has fallen to its safe current by itself.
        """
        if (track := self._tracks.get(evse)) is not None:
            at_s = self._time.inside(at_s)
            before = track.bounds(at_s)
            track.confirm(current_a, at_s)
            self._expect_drop(track, before, at_s)
            self._estimate.forget(evse)

    def offer_failed(self, evse: EvseKey, at_s: float) -> None:
        """Note that a station refused an offer or did not answer: the old and the new one are both possible."""
        if (track := self._tracks.get(evse)) is not None:
            track.fail()
            self._estimate.forget(evse)

    def decide(self, at_s: float) -> BalancingDecision:
        """Say what every EVSE is to have from now on, and why it is not more."""
        told_at_s, at_s = at_s, self._time.inside(at_s)
        self._notice_stall(at_s)
        self._estimate.update(at_s)
        self._protection.look(self._tracks, at_s, partial(self._carried, at_s))
        capacity = self._estimate.capacity(at_s)
        self._protection.hold_back(capacity.sustained)
        silent = capacity.silent
        changed = self._look_at_all(silent, at_s)
        if changed or capacity.hearing != self._hearing:
            self._hearing = capacity.hearing
            self._held = held_for_absent(self._tracks.values(), self._tree, capacity.hearing)
            self._anew = True
        held = self._held
        result = self._planner.plan(self._plans, capacity, held, at_s, changed=changed)
        if news := result.news or self._anew:
            self._anew = False
            self._lower_and_raise(at_s)
            offers = self._telling.all(self._tracks, self._plan_of, result)
        else:
            offers = self._telling.again(result)
        if choose_phases(self._plans, result.slack, self._tree, self._settings, at_s):
            self._estimate.forget_all()
            changed = True
        if changed or news:
            self._offered = self._sum_offers()
        self._circuits_told = self._circuits(capacity, held, at_s)
        return BalancingDecision(
            at_s=told_at_s,
            offers=offers,
            circuits=self._circuits_told,
            safe_mode=bool(silent),
            escalations=self._protection.escalations(self._tracks, self._time.outside),
        )

    def _look_at_all(self, silent: frozenset[str], at_s: float) -> bool:
        """Bring up to date what every EVSE could have; returns whether anything has changed."""
        changed = self._anew or silent != self._silent
        if changed:
            self._silent = silent
            for track in self._tracks.values():
                track.touch()
        plan_of = self._plan_of
        for evse, track in self._tracks.items():
            if track.steady(at_s):
                continue
            if track.demand.connected and track.demand.wants_current:
                silent_circuit = self._silent_above(track, silent) if silent else None
                plan = plan_for(track, silent_circuit, self._settings, at_s)
                if (last := plan_of.get(evse)) is None or not plan.like(last):
                    plan_of[evse] = plan
                    changed = True
            else:
                plan_of.pop(evse, None)
                changed = True
            track.settle(at_s)
        if changed:
            self._plans = [plan_of[evse] for evse in self._tracks if evse in plan_of]
        return changed

    def _lower_and_raise(self, at_s: float) -> None:
        for plan in self._plans:
            track = plan.track
            if plan.offer_a != track.offer_a:
                before = track.bounds(at_s)
                fell = plan.offer_a < track.offer_a
                track.set_offer(plan.offer_a, at_s, wished=plan.ceiling_a < track.minimum_a)
                if fell:
                    self._expect_drop(track, before, at_s)
                self._estimate.forget(track.placement.evse)
            track.told = True

    def next_look_s(self, at_s: float) -> float | None:
        """Return the monotonic time at which to decide again at the latest if nothing happens before; None: never."""
        at_s = self._time.inside(at_s)
        times = self._estimate.changes_at(at_s)
        for track in self._tracks.values():
            times.extend(track.changes_at(at_s))
        return self._time.outside(min(times)) if times else None

    def _notice_stall(self, at_s: float) -> None:
        """Where nobody has looked for a while, or the clock was set back, nothing that lasted can be relied on."""
        looked_s = self._looked_s
        self._looked_s = at_s
        if looked_s is not None and at_s - looked_s > self._settings.stall_s:
            self._estimate.interrupt(at_s)
        elif self._time.behind_s != self._behind_s:
            self._behind_s = self._time.behind_s
            self._estimate.interrupt(at_s)

    def _bounds_of(self, evse: EvseKey, at_s: float) -> tuple[Bounds, float]:
        track = self._tracks.get(evse)
        return (track.bounds(at_s), track.bounds_until_s) if track is not None else (NO_DRAW, inf)

    def _carried(self, at_s: float, circuit_id: str) -> PhaseAmperes | None:
        """Return what a circuit carries: as its meter says, or else what was given away below; None: not known yet."""
        circuit = self._tree.circuits[circuit_id]
        if circuit.metered:
            return self._estimate.carried(circuit_id, at_s)
        state = self._circuits_told.get(circuit_id)
        if state is None:
            return None
        l1, l2, l3 = (
            circuit.reserve_a + offered_a + held_a
            for offered_a, held_a in zip(state.offered_a, state.reserved_a, strict=True)
        )
        return PhaseAmperes(l1, l2, l3)

    def _told_by(self, evse: EvseKey, at_s: float) -> tuple[float, PhaseAmperes] | None:
        track = self._tracks.get(evse)
        return track.told_draw(at_s) if track is not None else None

    def _expect_drop(self, track: EvseTrack, before: Bounds, at_s: float) -> None:
        """Tell all meters above what the car has to give up from now on."""
        after = track.bounds(at_s)
        for phase in Phase:
            drop_a = before.expected[phase] - after.high[phase]
            if drop_a > 0:
                for circuit_id in self._tree.ancestry(track.placement.circuit_id):
                    self._estimate.expect_drop(circuit_id, phase, drop_a, at_s)

    def _silent_above(self, track: EvseTrack, silent: frozenset[str]) -> str | None:
        for circuit_id in self._tree.ancestry(track.placement.circuit_id):
            if circuit_id in silent:
                return circuit_id
        return None

    def _sum_offers(self) -> list[float]:
        offered = [0.0] * len(self._tree.rows)
        for track in self._tracks.values():
            if track.offer_a and track.demand.connected:
                for row, cost in track.coefficients:
                    offered[row] += track.offer_a * cost
        return offered

    def _circuits(self, capacity: Capacity, held: list[float], at_s: float) -> dict[str, CircuitState]:
        offered = self._offered
        left = [free - taken - given for free, taken, given in zip(capacity.now, held, offered, strict=True)]
        states: dict[str, CircuitState] = {}
        for circuit_id in self._tree.circuits:
            first = self._tree.phase_row(circuit_id, Phase.L1)
            states[circuit_id] = CircuitState(
                circuit_id,
                self._estimate.measured(circuit_id, at_s),
                PhaseAmperes(*capacity.now[first : first + 3]),
                PhaseAmperes(*left[first : first + 3]),
                capacity.hearing.get(circuit_id, Hearing.FRESH) is not Hearing.FRESH,
                self._estimate.uncontrolled(circuit_id, at_s),
                PhaseAmperes(*offered[first : first + 3]),
                PhaseAmperes(*held[first : first + 3]),
                self._protection.heat.of(circuit_id),
            )
        return states
