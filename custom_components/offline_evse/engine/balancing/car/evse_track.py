"""What the balancing remembers of one EVSE: its demand, what it was told, what it may still believe, and its turn."""

from math import inf, isfinite

from ...model.circuit import EvsePlacement
from ...model.offer import Binding, EvseDemand, LimitReason
from ...model.phases import NO_CURRENT, Phase, PhaseAmperes
from ..settings import BalancingSettings
from ..sharing.allocator import EPSILON, round_down
from ..tree.fuse_tree import Coefficients, FuseTree
from .draw import NO_DRAW, Bounds, DrawReports
from .escalation import Obedience
from .phase_choice import PhaseChoice
from .rank import rank_of
from .reclaim import Reclaim
from .turn import Turn
from .vehicle import Vehicle

_SAME_A = 0.05
"""A station that confirms a current this close has confirmed it."""
_AT_ONCE_S = 0.01


class EvseTrack:
    """One EVSE over time. All times are monotonic seconds."""

    __slots__ = (
        "_bounds",
        "_least_a",
        "_reports",
        "_sensible_a",
        "_settings",
        "_steady_until_s",
        "bounds_until_s",
        "changed_s",
        "coefficients",
        "counted",
        "demand",
        "failed",
        "hot",
        "hurried_until_s",
        "lasting_ceiling_a",
        "minimum_a",
        "obedience",
        "offer_a",
        "pausable",
        "phase_choice",
        "phases",
        "placement",
        "possible_a",
        "priority",
        "reclaim",
        "told",
        "turn",
        "unsure",
        "vehicle",
        "weight",
    )

    def __init__(self, placement: EvsePlacement, tree: FuseTree, settings: BalancingSettings) -> None:
        """Begin not connected and told nothing."""
        self._settings = settings
        self._reports = DrawReports(settings)
        self._bounds = NO_DRAW
        self.bounds_until_s = -inf
        self._steady_until_s = -inf
        self.lasting_ceiling_a = 0.0
        """The most it may have once it is not held off any more, in A by its step."""
        self.turn = Turn(settings)
        self.reclaim = Reclaim(settings)
        self.vehicle = Vehicle(settings)
        self.obedience = Obedience(settings)
        self.phase_choice = PhaseChoice(settings)
        self.hot: Binding | None = None
        """The fuse that has to cool down before it gets anything."""
        self.demand = EvseDemand(placement.evse, connected=False, wants_current=False, ceiling_a=placement.maximum_a)
        self.offer_a = 0.0
        """What it is to have; 0 or at least its minimum."""
        self.possible_a = 0.0
        """The most that it may still believe it has: an older offer counts until a newer one is confirmed."""
        self.told = False
        """Whether an offer of ours, or one found there, is known."""
        self.unsure = False
        """It may have more than `offer_a` says, and not only until it has reacted."""
        self.failed = False
        """It refused its last offer or did not answer, so what it may have beyond is held for it."""
        self.changed_s = -inf
        self.hurried_until_s = -inf
        """Until then somebody waits for a rise that has just been asked for."""
        self.place(placement, tree)

    def place(self, placement: EvsePlacement, tree: FuseTree) -> None:
        """Take over where it hangs."""
        if getattr(self, "placement", placement).wiring != placement.wiring:
            self._reports.clear(None)
        self.placement = placement
        self._rank()
        if self.offer_a < self._least_a:
            # Its minimum has been raised above what it has: it begins anew.
            self.offer_a = 0.0
        self.route(tree)

    def _rank(self) -> None:
        """Work out its place among the others and its minimum."""
        rank = rank_of(self.demand, self.placement, self.vehicle.learned_minimum_a)
        self.priority, self.weight, self._least_a, self._sensible_a = rank
        self.pausable: bool = self.demand.pausable
        self.minimum_a: float = self._sensible_a

    def take_demand(self, demand: EvseDemand, tree: FuseTree, at_s: float) -> None:
        """Take over what it would have; a car that has just been let in begins to wait."""
        before = self.demand
        self.demand = demand
        if demand.wants_current and not before.wants_current:
            self.turn.restart(at_s)
            if before.connected:
                # It was seen without a session, so what it drew before was another one's.
                self._reports.clear(at_s)
            self.reclaim.restart()
            self.vehicle.restart()
            self.obedience.restart()
            self.phase_choice.restart()
            self.route(tree)
            if not self.offer_a:
                # Until it is told otherwise, it may begin with its floor profile.
                self.possible_a = max(self.possible_a, self.placement.safe_a)
                self.unsure = True
                self.changed_s = -inf
        elif not demand.wants_current and demand.connected:
            self.offer_a = self.possible_a = 0.0
            self.unsure = self.failed = False
            self.hot = None
            self.obedience.restart()
        self._rank()
        if demand.wants_current and (not before.wants_current or demand.ceiling_a > before.ceiling_a):
            self._hurry(before, at_s)
        if demand.phases_used != before.phases_used or demand.connected != before.connected:
            self.route(tree)
        self.forget_bounds()
        self.touch()

    def _hurry(self, before: EvseDemand, at_s: float) -> None:
        """Somebody who asks for more sees at once what comes of it, and the car is asked anew what it takes."""
        self.hurried_until_s = at_s + self._settings.hurry_s
        self.reclaim.kept_a = None
        if before.ceiling_a < self.minimum_a:
            # A pause that is lifted is over, even if there had been too little before it.
            self.turn.paused_s = None

    def take_draw(self, terminals_a: tuple[float, ...], at_s: float, tree: FuseTree) -> None:
        """Take in what it draws, and see whether the car follows, and whether it uses what it is offered."""
        before = self._learned()
        self._take_draw(terminals_a, at_s, tree)
        if self._learned() != before:
            self.touch()

    def _learned(self) -> tuple[object, ...]:
        """Return all that its draws may change and that counts for what it could have."""
        vehicle, obedience = self.vehicle, self.obedience
        return (
            self.reclaim.kept_a,
            vehicle.trial_a,
            vehicle.waking_until_s,
            vehicle.overdraw_a,
            vehicle.learned_minimum_a,
            obedience.step,
            obedience.excess_a,
            obedience.paused_until_s,
            self.phase_choice.mode,
            self.minimum_a,
            self.coefficients,
        )

    def _take_draw(self, terminals_a: tuple[float, ...], at_s: float, tree: FuseTree) -> None:
        if not self._reports.add(terminals_a, at_s):
            return
        self.forget_bounds()
        if self.phase_choice.saw(terminals_a):
            self.route(tree)
        drawn_a = self._reports.last_a or 0.0
        doubtful = self.failed or not self.demand.connected
        self.obedience.saw(drawn_a, max(self.offer_a, self.possible_a) if doubtful else self.offer_a, at_s)
        if not self.on:
            return
        settled = self._reports.range_since(self.changed_s + self._settings.in_flight_s)
        if settled is not None and not self.obedience.excess_a:
            learned_a = self.vehicle.learned_minimum_a
            self.vehicle.saw(*settled, self.offer_a, self.changed_s, at_s)
            if self.vehicle.learned_minimum_a != learned_a:
                self._rank()
        if not self.reclaim.saw(drawn_a):
            since_s = self.reclaim.may_go_below(self.changed_s)
            taken = self._reports.range_since(since_s) if at_s - since_s >= self._settings.reclaim_after_s else None
            if taken is not None:
                self.reclaim.take_back(taken[1], self.offer_a, self.minimum_a, self.placement.step_a, at_s)
        if self.pausable and self.turn.may_start(at_s):
            on_since_s = self.turn.on_since_s
            since = self._reports.range_since(on_since_s + self._settings.in_flight_s)
            self.vehicle.wake(since[1] if since else None, on_since_s, at_s)

    def confirm(self, current_a: float, at_s: float) -> None:
        """Note that the station has this limit now. While it is offline, or was told nothing yet: begin from there."""
        if not isfinite(current_a) or current_a < 0:
            return
        before = (self.told, self.offer_a, self.possible_a, self.unsure, self.failed, self.turn.on_since_s)
        self._confirm(current_a, at_s)
        self.phase_choice.confirm(current_a)
        if before != (self.told, self.offer_a, self.possible_a, self.unsure, self.failed, self.turn.on_since_s):
            self.forget_bounds()
            self.touch()

    def _confirm(self, current_a: float, at_s: float) -> None:
        if not self.told or not self.demand.connected:
            self.told = True
            self.offer_a = round_down(current_a, self.placement.step_a) if current_a >= self.minimum_a else 0.0
            self.possible_a = current_a
            self.unsure = self.failed = False
            self.turn.on_since_s = at_s
            self.obedience.offered(self.offer_a, at_s)
        elif abs(current_a - self.offer_a) < _SAME_A:
            self.possible_a = self.offer_a
            self.unsure = self.failed = False
        else:
            self.possible_a = max(current_a, self.offer_a)

    def fail(self) -> None:
        """Note that the station refused its last offer or did not answer: old and new are both possible."""
        if self.demand.wants_current:
            self.unsure = self.failed = True
            self.forget_bounds()
            self.touch()

    def set_offer(self, offer_a: float, at_s: float, *, wished: bool) -> None:
        """Decide on an offer. A higher one is possible from now on; a lower one is not certain until confirmed.

        `wished`: it could have had none because of its own ceiling, so it may resume as soon as that is lifted.
        """
        if self.on and not offer_a:
            self.turn.ends(at_s, wished=wished)
        elif offer_a and not self.on and (paused_for_s := self.turn.begins(at_s)) is not None:
            self.vehicle.starts(paused_for_s)
        self.offer_a = offer_a
        self.possible_a = max(self.possible_a, offer_a)
        self.told = True
        self.changed_s = at_s
        self.obedience.offered(offer_a, at_s)
        self.forget_bounds()
        self.touch()

    @property
    def overdraw_a(self) -> float:
        """What its car steadily draws beyond its offer, in A per phase."""
        return self.vehicle.overdraw_a if self.possible_a else 0.0

    @property
    def beyond_a(self) -> float:
        """What it takes beyond its offer, steadily or because it does not obey: to be held for it, in A per phase."""
        return self.overdraw_a + self.obedience.excess_a

    @property
    def on(self) -> bool:
        """Whether it has an offer."""
        return self.offer_a > 0

    def ceiling(self, silent_circuit: str | None, at_s: float) -> tuple[float, LimitReason]:
        """Return the most it may have whatever the fuses say, in A by its step, and whose limit that is."""
        demand = self.demand
        ceiling_a, reason = self.placement.maximum_a, LimitReason.CHARGER_MAXIMUM
        wished_a = demand.ceiling_a if isfinite(demand.ceiling_a) else 0.0
        if wished_a < ceiling_a:
            ceiling_a, reason = wished_a, demand.ceiling_reason
        if (kept_a := self.reclaim.ceiling_a(at_s)) is not None:
            kept_a = max(kept_a, self.vehicle.trial_a or 0.0)
            if kept_a < ceiling_a:
                ceiling_a, reason = kept_a, LimitReason.VEHICLE
        if silent_circuit is not None and self.placement.safe_a < ceiling_a:
            ceiling_a, reason = self.placement.safe_a, LimitReason.METER_SILENT
        ceiling_a = round_down(max(0.0, ceiling_a), self.placement.step_a)
        # A car that charges badly at its connector's minimum is still better off there than paused.
        self.minimum_a = self._sensible_a if ceiling_a >= self._sensible_a else self._least_a
        self.lasting_ceiling_a = ceiling_a
        if ceiling_a >= self.minimum_a and (held := self._held_off(at_s)) is not None:
            return 0.0, held
        return ceiling_a, reason

    def _held_off(self, at_s: float) -> LimitReason | None:
        """Return why it gets nothing for now whatever room there is; None: it may."""
        if self.hot is not None:
            return LimitReason.FUSE_HOT
        if at_s < self.obedience.paused_until_s:
            return LimitReason.NOT_OBEYING
        if self.phase_choice.switching:
            return LimitReason.FEWER_PHASES
        return LimitReason.VEHICLE if at_s < self.vehicle.waking_until_s else None

    def entry_a(self, at_s: float) -> float:
        """Return what must be free before it gets anything, in A."""
        return self.minimum_a + self.turn.margin_a(at_s, on=self.offer_a > 0)

    def least_rise_a(self, at_s: float) -> float | None:
        """Return how much of a rise is worth a command, in A; None: none is yet, the last change is too fresh."""
        settings, age_s = self._settings, at_s - self.changed_s
        if age_s >= settings.fine_after_s:
            return settings.fine_step_a
        rested = not self.on or at_s <= self.hurried_until_s or age_s >= settings.min_raise_interval_s
        return settings.raise_step_a if rested else None

    def rises_to(self, current_a: float, ceiling_a: float, least_rise_a: float) -> bool:
        """Whether a higher current is enough of a rise to be worth a command."""
        if not self.on:
            return current_a >= self.minimum_a - EPSILON
        if current_a >= ceiling_a - EPSILON:
            return current_a > self.offer_a + EPSILON
        return current_a >= self.offer_a + least_rise_a - EPSILON

    def bounds(self, at_s: float) -> Bounds:
        """Return what the car may be drawing."""
        if at_s >= self.bounds_until_s:
            self._bounds = self._compute_bounds(at_s)
            stale_s = self._reports.stale_at_s()
            self.bounds_until_s = inf if stale_s is None or stale_s < at_s else stale_s + EPSILON
        return self._bounds

    def told_draw(self, at_s: float) -> tuple[float, PhaseAmperes] | None:
        """Return what it says that it draws per building phase, in A, and when it said so; None: not known."""
        if not self.demand.connected:
            return None
        return self._reports.told(at_s, self.placement.wiring) if self.demand.wants_current else (at_s, NO_CURRENT)

    def steady(self, at_s: float) -> bool:
        """Whether nothing has happened and no time has come since `settle` that counts for what it could have."""
        return at_s < self._steady_until_s

    def settle(self, at_s: float) -> None:
        """Note that it has been looked at; what is to come just now is looked at once more, for times are rounded."""
        times = self.changes_at(at_s - _AT_ONCE_S)
        if at_s <= self.hurried_until_s:
            times.append(self.hurried_until_s + EPSILON)
        self._steady_until_s = min(times, default=inf)

    def touch(self) -> None:
        """Something has happened that may change what it could have."""
        self._steady_until_s = -inf

    def forget_bounds(self) -> None:
        """Something has happened that changes what it may draw."""
        self.bounds_until_s = -inf

    def changes_at(self, at_s: float) -> list[float]:
        """Return the times after `at_s` at which it may get something else without anything happening."""
        if not self.demand.wants_current or not self.demand.connected:
            return []
        times = self.turn.changes(on=self.on)
        if self.on:
            times.append(self.changed_s + self._settings.min_raise_interval_s)
            times.append(self.changed_s + self._settings.fine_after_s)
        if self.reclaim.kept_a is not None:
            times.append(self.reclaim.since_s + self._settings.probe_interval_s)
        times.append(self.vehicle.waking_until_s)
        others = self.obedience.next_look_s(), self.phase_choice.changes_at()
        times.extend(time_s for time_s in others if time_s is not None)
        return [time_s for time_s in times if time_s > at_s]

    @property
    def phases_used(self) -> tuple[int, ...] | None:
        """Terminals that count, 0-based; None: all. Out of our sight an EVSE may be back on all of them."""
        used = self.demand.phases_used
        if self.phase_choice.one and self.demand.connected:
            return used if used is not None and len(used) == 1 else (0,)
        # What was seen while it had one phase says nothing of the car.
        return None if self.phase_choice.switched and used is not None and len(used) == 1 else used

    def route(self, tree: FuseTree) -> None:
        """Work out which rows it loads."""
        evse, used = self.placement.evse, self.phases_used
        self.phases: tuple[Phase, ...] = tree.phases(evse, used)
        self.coefficients: Coefficients = tree.coefficients(evse, used)
        self.counted: Coefficients = tree.shared_by_others(evse, used) if tree.shared.counts_others else ()
        """What an ampere of it takes from limits that are none for it."""
        self.forget_bounds()
        self.touch()

    def _compute_bounds(self, at_s: float) -> Bounds:
        if not self.demand.connected:
            high = [0.0, 0.0, 0.0]
            for phase in self.phases:
                high[phase] = self.possible_a + self.beyond_a
            allowed = PhaseAmperes(*high)
            return Bounds(NO_CURRENT, allowed, allowed)
        beyond_a = self.beyond_a
        if not self.demand.wants_current and not beyond_a:
            return NO_DRAW
        return self._reports.bounds(
            at_s,
            wiring=self.placement.wiring,
            phases=self.phases,
            offer_a=self.offer_a + beyond_a,
            allowed_a=(self.possible_a if self.unsure else self.offer_a) + beyond_a,
            settled_from_s=self.changed_s + self._settings.in_flight_s,
        )
