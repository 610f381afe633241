"""What holds at every decision, whatever happens in whatever order."""

from random import Random

from hypothesis import given, settings, strategies as st

from custom_components.offline_evse.engine.balancing.allocator import round_up
from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.balancing.fuse_tree import FuseTree
from custom_components.offline_evse.engine.balancing.settings import BalancingSettings
from custom_components.offline_evse.engine.model.circuit import SiteLayout
from custom_components.offline_evse.engine.model.meter import CircuitSample
from custom_components.offline_evse.engine.model.offer import BalancingDecision, EvseDemand, LimitReason
from custom_components.offline_evse.engine.model.phases import Phase, PhaseAmperes
from custom_components.offline_evse.engine.model.station import EvseKey

from .sites import random_layout

seeds = st.integers(0, 2**32 - 1)
SETTINGS = BalancingSettings(slot_s=120.0, resume_after_s=30.0)


class Chaos:
    """Events of every kind at random times, told to a balancer."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.layout = random_layout(self.random, meters=True)
        self.balancer = Balancer(SETTINGS)
        self.balancer.set_layout(self.layout)
        self.demands: dict[EvseKey, EvseDemand] = {}
        self.now_s = 0.0
        self.metered = [circuit.circuit_id for circuit in self.layout.circuits if circuit.metered]
        self.deaf = self.random.random() < 0.2
        self.last: BalancingDecision | None = None

    def step(self) -> BalancingDecision:
        random = self.random
        self.now_s += random.choice([0.1, 1.0, 1.0, 5.0, random.uniform(0.0, 60.0)])
        for _ in range(random.randint(0, 4)):
            random.choice(
                [self._meter, self._meter, self._demand, self._draw, self._confirm, self._confirm, self._fail]
            )()
        if random.random() < 0.02:
            self._relay()
        self.last = self.balancer.decide(self.now_s)
        return self.last

    def _meter(self) -> None:
        if self.metered and not self.deaf:
            currents_a = PhaseAmperes(*(self.random.uniform(-10.0, 60.0) for _ in range(3)))
            self.balancer.meter_reported(CircuitSample(self.random.choice(self.metered), currents_a, self.now_s))

    def _evse(self) -> EvseKey:
        return self.random.choice(self.layout.placements).evse

    def _demand(self) -> None:
        evse = self._evse()
        demand = EvseDemand(
            evse,
            connected=self.random.random() < 0.85,
            wants_current=self.random.random() < 0.8,
            ceiling_a=self.random.choice([0.0, 5.0, 10.0, 32.0, 32.0]),
            ceiling_reason=LimitReason.USER_LIMIT,
            phases_used=self.random.choice([None, None, (0,), (0, 1, 2)]),
        )
        self.demands[evse] = demand
        self.balancer.set_demand(demand, self.now_s)

    def _draw(self) -> None:
        terminals = tuple(self.random.uniform(0.0, 34.0) for _ in range(self.random.randint(1, 3)))
        self.balancer.draw_reported(self._evse(), terminals, self.now_s)

    def _confirm(self) -> None:
        evse = self._evse()
        offered_a = self.last.offers[evse].current_a if self.last is not None and evse in self.last.offers else 6.0
        self.balancer.offer_confirmed(evse, self.random.choice([offered_a, offered_a, 6.0]), self.now_s)

    def _fail(self) -> None:
        self.balancer.offer_failed(self._evse(), self.now_s)

    def _relay(self) -> None:
        """Wire the site anew: same names, other limits, some chargers gone."""
        other = random_layout(self.random, meters=True)
        self.layout = other
        self.metered = [circuit.circuit_id for circuit in other.circuits if circuit.metered]
        self.balancer.set_layout(other)


def exceeded(layout: SiteLayout, demands: dict[EvseKey, EvseDemand], decision: BalancingDecision) -> list[str]:
    """Rows where what is offered is more than the estimate has, with offline chargers' reservations counted first."""
    tree = FuseTree(layout)
    offered = [0.0] * len(tree.rows)
    held = [0.0] * len(tree.rows)
    for evse, offer in decision.offers.items():
        demand = demands.get(evse)
        online = offer.binding.reason is not LimitReason.OFFLINE
        for row, cost in tree.coefficients(evse, demand.phases_used if demand else None):
            (offered if online else held)[row] += cost * offer.current_a
    faults = []
    for number, (circuit_id, phase, _) in enumerate(tree.rows):
        if phase is not None and offered[number]:
            capacity_a = decision.circuits[circuit_id].capacity_a[phase]
            if offered[number] > max(0.0, capacity_a - held[number]) + 1e-5:
                faults.append(f"{circuit_id} {phase}: {offered[number]} of {capacity_a} - {held[number]}")
            if offered[number] > max(0.0, capacity_a - held[number] - 1e-5) and (
                decision.circuits[circuit_id].available_a[phase] > 1e-4
            ):
                faults.append(f"{circuit_id} {phase}: more said to be available than there is")
        limit_w = tree.circuits[circuit_id].limit_w
        if phase is None and limit_w is not None and offered[number] > max(0.0, limit_w - held[number]) + 1e-3:
            faults.append(f"{circuit_id}: {offered[number]} W of {limit_w}")
    return faults


@given(seeds)
@settings(max_examples=150)
def test_offers_and_reservations_never_exceed_the_capacity_of_any_row(seed: int) -> None:
    chaos = Chaos(seed)
    for _ in range(60):
        decision = chaos.step()
        assert exceeded(chaos.layout, chaos.demands, decision) == []


@given(seeds)
@settings(max_examples=100)
def test_no_offer_is_ever_between_nothing_and_the_minimum_or_above_what_is_allowed(seed: int) -> None:
    chaos = Chaos(seed)
    for _ in range(60):
        decision = chaos.step()
        placements = {placement.evse: placement for placement in chaos.layout.placements}
        assert set(decision.offers) == set(placements)
        for evse, offer in decision.offers.items():
            if offer.binding.reason is LimitReason.OFFLINE:
                continue
            placement = placements[evse]
            ceiling_a = min(placement.maximum_a, chaos.demands[evse].ceiling_a)
            assert offer.current_a == 0 or (
                round_up(placement.minimum_a, placement.step_a) <= offer.current_a <= ceiling_a + 1e-6
            )


@given(seeds)
@settings(max_examples=100)
def test_safe_mode_keeps_within_the_limit_less_the_reserve_and_each_safe_current(seed: int) -> None:
    chaos = Chaos(seed)
    chaos.deaf = True
    tree = FuseTree(chaos.layout)
    for _ in range(30):
        chaos._relay = lambda: None  # type: ignore[method-assign]  # noqa: SLF001
        decision = chaos.step()
        assert decision.safe_mode == bool(chaos.metered)
        for circuit_id in chaos.metered:
            circuit = tree.circuits[circuit_id]
            for evse in tree.evses_below(circuit_id):
                if decision.offers[evse].binding.reason is not LimitReason.OFFLINE:
                    assert decision.offers[evse].current_a <= tree.placements[evse].safe_a
            for phase in Phase:
                assert decision.circuits[circuit_id].capacity_a[phase] <= circuit.limit_a[phase] - circuit.reserve_a


@given(seeds)
@settings(max_examples=50)
def test_the_same_events_lead_to_the_same_decisions(seed: int) -> None:
    one, other = Chaos(seed), Chaos(seed)
    for _ in range(60):
        assert one.step() == other.step()


@given(seeds)
@settings(max_examples=50)
def test_it_settles_when_nothing_happens_any_more(seed: int) -> None:
    """Asked again at the same moment, with everything confirmed, it has nothing new to say."""
    chaos = Chaos(seed)
    for _ in range(40):
        chaos.step()
    for _ in range(3 * len(chaos.layout.placements)):
        decision = chaos.balancer.decide(chaos.now_s)
        for evse, offer in decision.offers.items():
            if offer.binding.reason is not LimitReason.OFFLINE:
                chaos.balancer.offer_confirmed(evse, offer.current_a, chaos.now_s)
    assert chaos.balancer.decide(chaos.now_s).offers == decision.offers
