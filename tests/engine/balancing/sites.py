"""Sites to balance: random trees for properties, and one plain house to tell stories with."""

from collections.abc import Callable, Mapping
from random import Random

from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.balancing.settings import BalancingSettings
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.meter import CircuitSample
from custom_components.offline_evse.engine.model.offer import BalancingDecision, EvseDemand, LimitReason, Offer
from custom_components.offline_evse.engine.model.phases import WIRINGS, PhaseAmperes
from custom_components.offline_evse.engine.model.station import EvseKey


def key(number: int) -> EvseKey:
    return EvseKey(f"charger-{number}", 1)


def three(current_a: float) -> PhaseAmperes:
    return PhaseAmperes(current_a, current_a, current_a)


def random_layout(random: Random, most_circuits: int = 7, most_evses: int = 9, meters: bool = False) -> SiteLayout:
    """A tree at most four deep, with real-valued or whole limits, chargers of all wirings anywhere in it."""
    whole = random.random() < 0.3
    depth = {"c0": 1}
    circuits: list[Circuit] = []
    for number in range(random.randint(1, most_circuits)):
        parents = [circuit_id for circuit_id, level in depth.items() if level < 4]
        parent_id = random.choice(parents) if number else None
        if parent_id is not None:
            depth[f"c{number}"] = depth[parent_id] + 1
        limits = [random.uniform(4.0, 70.0) for _ in range(3)]
        circuits.append(
            Circuit(
                circuit_id=f"c{number}",
                name=f"Circuit {number}",
                parent_id=parent_id,
                limit_a=PhaseAmperes(*(float(round(limit_a)) if whole else limit_a for limit_a in limits)),
                limit_w=random.uniform(3000.0, 45000.0) if random.random() < 0.3 else None,
                metered=meters and (number == 0 or random.random() < 0.3),
                reserve_a=random.choice([0.0, 0.0, 3.0]),
            )
        )
    placements = [
        EvsePlacement(
            evse=key(number),
            circuit_id=random.choice(circuits).circuit_id,
            wiring=random.choice(list(WIRINGS.values())),
            minimum_a=random.choice([6.0, 6.0, 8.0]),
            maximum_a=random.choice([16.0, 32.0, random.uniform(6.0, 40.0)]),
            safe_a=random.choice([6.0, 6.0, 0.0, 10.0]),
            step_a=random.choice([0.1, 0.1, 1.0]),
            priority=random.choice([0, 0, 0, 1, 2]),
            weight=random.choice([1.0, 1.0, 2.0, random.uniform(0.2, 5.0)]),
        )
        for number in range(random.randint(1, most_evses))
    ]
    return SiteLayout(circuits=tuple(circuits), placements=tuple(placements))


class House:
    """A house with one metered main fuse and its chargers, told second by second."""

    def __init__(
        self,
        chargers: int = 1,
        fuse_a: float = 25.0,
        settings: BalancingSettings | None = None,
        placements: tuple[EvsePlacement, ...] | None = None,
        circuits: tuple[Circuit, ...] | None = None,
    ) -> None:
        self.balancer = Balancer(settings)
        self.now_s = 0.0
        self.sent: dict[EvseKey, tuple[float, int | None]] = {}
        self.commands = 0
        main = Circuit(circuit_id="main", name="Main", limit_a=three(fuse_a), metered=True)
        if placements is None:
            placements = tuple(EvsePlacement(evse=key(number), circuit_id="main") for number in range(chargers))
        self.layout = SiteLayout(circuits=circuits or (main,), placements=placements)
        self.balancer.set_layout(self.layout)

    def wants(
        self,
        number: int = 0,
        wants: bool = True,
        connected: bool = True,
        ceiling_a: float = 99.0,
        reason: LimitReason = LimitReason.CHARGER_MAXIMUM,
    ) -> None:
        demand = EvseDemand(
            key(number), connected=connected, wants_current=wants, ceiling_a=ceiling_a, ceiling_reason=reason
        )
        self.balancer.set_demand(demand, self.now_s)

    def draws(self, number: int, current_a: float) -> None:
        self.balancer.draw_reported(key(number), (current_a,) * 3, self.now_s)

    def meter(self, current_a: float | PhaseAmperes, circuit_id: str = "main") -> None:
        currents_a = current_a if isinstance(current_a, PhaseAmperes) else three(current_a)
        self.balancer.meter_reported(CircuitSample(circuit_id, currents_a, self.now_s))

    def decide(self, confirm: bool = True) -> BalancingDecision:
        decision = self.balancer.decide(self.now_s)
        for evse, offer in decision.offers.items():
            told = (offer.current_a, offer.terminals)
            if confirm and offer.binding.reason is not LimitReason.OFFLINE and self.sent.get(evse) != told:
                self.sent[evse] = told
                self.commands += 1
                self.balancer.offer_confirmed(evse, offer.current_a, self.now_s)
        return decision

    def offer(self, number: int = 0) -> Offer:
        return self.decide().offers[key(number)]

    def live(
        self,
        seconds: int,
        house_a: float | PhaseAmperes = 2.0,
        draws: Mapping[int, float | Callable[[float], float]] | None = None,
        reports_every_s: int = 5,
    ) -> BalancingDecision:
        """Let time pass, with a meter that reports every second what the house and the cars draw.

        Cars follow their offers at once, or draw what `draws` says: a current, or what they make of an offer.
        """
        house = house_a if isinstance(house_a, PhaseAmperes) else three(house_a)
        decision = self.decide()
        for _ in range(seconds):
            self.now_s += 1.0
            total = list(house)
            for placement in self.layout.placements:
                offer = decision.offers[placement.evse]
                drawn = (draws or {}).get(int(placement.evse.station_id.split("-")[1]), offer.current_a)
                drawn_a = drawn(offer.current_a) if callable(drawn) else drawn
                used = offer.terminals or len(placement.wiring)
                for phase in placement.wiring[:used]:
                    total[phase] += drawn_a
                if self.now_s % reports_every_s == 0:
                    terminals = tuple(drawn_a if number < used else 0.0 for number in range(len(placement.wiring)))
                    self.balancer.draw_reported(placement.evse, terminals, self.now_s)
            self.meter(PhaseAmperes(*total))
            decision = self.decide()
        return decision
