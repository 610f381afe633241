"""A random site in which everything obeys: houses that draw at random, cars that follow, commands that arrive."""

from copy import deepcopy
from dataclasses import replace
from random import Random

from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.balancing.settings import BalancingSettings
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.meter import CircuitSample
from custom_components.offline_evse.engine.model.offer import BalancingDecision, Binding, EvseDemand, LimitReason
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.shared_limit import LimitBasis, SharedLimit
from custom_components.offline_evse.engine.model.station import EvseKey

from .sites import random_layout

QUICK = BalancingSettings(
    window_s=10.0,
    min_raise_interval_s=5.0,
    resume_after_s=15.0,
    hurry_s=3.0,
    in_flight_s=1.0,
    attribution_s=0.0,
    heat_tau_s=5.0,
    slot_s=1e6,
    most_starts_per_hour=10_000,
)
"""Short times, so that little has to pass for what is to be seen, cars that follow at once, and turns that do not
end meanwhile."""
LONG_ENOUGH = 60
"""Seconds after which nothing is left to settle, with these settings."""


class LivingSite:
    """Lives second by second; `copy.deepcopy` makes another one with the same past."""

    def __init__(self, seed: int, most_circuits: int = 4, most_evses: int = 6) -> None:
        self.random = random = Random(seed)
        layout = random_layout(random, most_circuits, most_evses, meters=True)
        # Fuses that are as large as what hangs in them are where several limits bind at once.
        if random.random() < 0.3:
            alike = PhaseAmperes(*(random.choice([16.0, 25.0, 32.0]),) * 3)
            layout = replace(layout, circuits=tuple(replace(it, limit_a=alike) for it in layout.circuits))
        self.layout = layout
        self.balancer = Balancer(QUICK)
        self.balancer.set_layout(layout)
        self.now_s = 0.0
        self.house = {circuit.circuit_id: [0.0, 0.0, 0.0] for circuit in layout.circuits}
        self.demands: dict[EvseKey, EvseDemand] = {}
        self.limits: tuple[SharedLimit, ...] = ()
        self.sent: dict[EvseKey, float] = {}
        for placement in layout.placements:
            self.ask(placement.evse)
        self.decision = self.balancer.decide(0.0)

    def ask(self, evse: EvseKey) -> None:
        random = self.random
        self.tell(
            EvseDemand(
                evse,
                connected=True,
                wants_current=random.random() < 0.9,
                ceiling_a=random.choice([0.0, 5.0, 10.0, 40.0, 40.0, 40.0]),
                ceiling_reason=LimitReason.USER_LIMIT,
                phases_used=random.choice([None, None, (0,)]),
                priority=random.choice([None, None, 3]),
                laxity_s=random.choice([None, None, 3600.0]),
            )
        )

    def tell(self, demand: EvseDemand) -> None:
        before = self.demands.get(demand.evse)
        if before is None or before.wants_current != demand.wants_current:
            # A new session is told its limit anew.
            self.sent.pop(demand.evse, None)
        self.demands[demand.evse] = demand
        self.balancer.set_demand(demand, self.now_s)

    def limit(self, *limits: SharedLimit) -> None:
        self.limits = limits
        self.balancer.set_shared_limits(limits, self.now_s)

    def something_happens(self) -> None:
        random = self.random
        circuit = random.choice(self.layout.circuits)
        match random.randrange(4):
            case 0:
                self.ask(random.choice(self.layout.placements).evse)
            case 1 if random.random() < 0.5:
                self.limit(*(self._random_limit(number) for number in range(random.randint(0, 2))))
            case _:
                tree = self.balancer.tree
                # Houses alone overload no fuse.
                above = [tree.circuits[circuit_id].limit_a for circuit_id in tree.ancestry(circuit.circuit_id)]
                self.house[circuit.circuit_id] = [
                    random.choice([0.0, random.uniform(-2.0, min(limits) / len(self.layout.circuits))])
                    for limits in zip(*above, strict=True)
                ]

    def _random_limit(self, number: int) -> SharedLimit:
        random = self.random
        evses = [placement.evse for placement in self.layout.placements]
        per_phase = random.random() < 0.4
        return SharedLimit(
            limit_id=f"limit-{number}",
            reason=random.choice([LimitReason.GRID, LimitReason.PEAK]),
            circuit_id=random.choice(self.layout.circuits).circuit_id,
            basis=random.choice(list(LimitBasis)),
            limit_w=None if per_phase else random.uniform(2000.0, 30000.0),
            limit_a=PhaseAmperes(*(random.uniform(4.0, 50.0) for _ in range(3))) if per_phase else None,
            members=random.choice([None, frozenset(random.sample(evses, random.randint(1, len(evses))))]),
        )

    def live(self, seconds: int, happenings: float = 0.0) -> BalancingDecision:
        """Let time pass; `happenings`: how likely something happens in a second."""
        for _ in range(seconds):
            self.now_s += 1.0
            if self.random.random() < happenings:
                self.something_happens()
            self._measure()
            self.decision = self.balancer.decide(self.now_s)
            for evse, offer in self.decision.offers.items():
                if self.sent.get(evse) != offer.current_a:
                    self.sent[evse] = offer.current_a
                    self.balancer.offer_confirmed(evse, offer.current_a, self.now_s)
        return self.decision

    def _measure(self) -> None:
        carried = {circuit_id: list(loads) for circuit_id, loads in self.house.items()}
        tree = self.balancer.tree
        for circuit_id, loads in self.house.items():
            for above in tree.ancestry(circuit_id)[1:]:
                for phase in range(3):
                    carried[above][phase] += loads[phase]
        for evse, offer in self.decision.offers.items():
            placement = tree.placements[evse]
            used = tree.phases(evse, self.demands[evse].phases_used)
            terminals = tuple(offer.current_a if phase in used else 0.0 for phase in placement.wiring)
            self.balancer.draw_reported(evse, terminals, self.now_s)
            for circuit_id in tree.ancestry(placement.circuit_id):
                for phase in used:
                    carried[circuit_id][phase] += offer.current_a
        for circuit in self.layout.circuits:
            if circuit.metered:
                sample = CircuitSample(circuit.circuit_id, PhaseAmperes(*carried[circuit.circuit_id]), self.now_s)
                self.balancer.meter_reported(sample)

    def with_more(self, evse: EvseKey) -> LivingSite:
        """Return a copy in which every limit that is said to bind this EVSE allows as much more as is said to lack."""
        copy = deepcopy(self)
        offer = self.decision.offers[evse]
        if offer.missing_a is not None:
            for binding in (offer.binding, *offer.also):
                copy.allow_more(binding, evse, offer.missing_a)
        return copy

    def allow_more(self, binding: Binding, evse: EvseKey, by_a: float) -> None:
        tree = self.balancer.tree
        watts = by_a * tree.voltage_v * len(tree.phases(evse, self.demands[evse].phases_used))

        def wider(limit_a: PhaseAmperes) -> PhaseAmperes:
            return PhaseAmperes(*(it + by_a * (phase == binding.phase) for phase, it in enumerate(limit_a)))

        if binding.limit_id is not None:
            self.limit(
                *(
                    it
                    if it.limit_id != binding.limit_id
                    else replace(
                        it,
                        limit_a=wider(it.limit_a) if it.limit_a is not None else None,
                        limit_w=it.limit_w + watts if it.limit_w is not None else None,
                    )
                    for it in self.limits
                )
            )
        elif binding.circuit_id is not None:

            def widened(circuit: Circuit) -> Circuit:
                if binding.phase is not None:
                    return replace(circuit, limit_a=wider(circuit.limit_a))
                return replace(circuit, limit_w=(circuit.limit_w or 0.0) + watts)

            self._rebuild(
                tuple(widened(it) if it.circuit_id == binding.circuit_id else it for it in self.layout.circuits),
                self.layout.placements,
            )
        elif binding.reason is LimitReason.USER_LIMIT:
            demand = self.demands[evse]
            self.tell(replace(demand, ceiling_a=demand.ceiling_a + by_a))
        elif binding.reason is LimitReason.CHARGER_MAXIMUM:
            self._rebuild(
                self.layout.circuits,
                tuple(
                    replace(it, maximum_a=it.maximum_a + by_a) if it.evse == evse else it
                    for it in self.layout.placements
                ),
            )
            self.tell(replace(self.demands[evse], ceiling_a=self.demands[evse].ceiling_a + by_a))

    def _rebuild(self, circuits: tuple[Circuit, ...], placements: tuple[EvsePlacement, ...]) -> None:
        self.layout = SiteLayout(circuits=circuits, placements=placements)
        self.balancer.set_layout(self.layout)
