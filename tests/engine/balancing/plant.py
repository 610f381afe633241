"""A small site to close the loop with: house loads, cars and pilots that take their time, a fuse that warms up."""

from collections import deque
from dataclasses import dataclass, field
from random import Random

from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.meter import CircuitSample
from custom_components.offline_evse.engine.model.offer import EvseDemand
from custom_components.offline_evse.engine.model.phases import IN_ORDER, Phase, PhaseAmperes, Wiring
from custom_components.offline_evse.engine.model.station import EvseKey

PILOT_STEP_S = 5
"""IEC 61851-1: the pilot may change this often."""
TRIP_THETA = 1.277
"""Square of the 1.13 times the rating that a breaker carries for an hour."""
THETA_TAU_S = 120.0


@dataclass
class Appliance:
    """A load that is on and off at random, or by a thermostat while it is in use."""

    amperes: float
    phases: tuple[Phase, ...]
    mean_pause_s: float
    mean_use_s: float
    duty: tuple[int, int] | None = None
    """(s on, s off) while in use; None: on all the time."""
    using: bool = False
    left_s: int = 0
    clock_s: int = 0

    def draws(self, random: Random) -> bool:
        if self.left_s <= 0:
            self.using = not self.using
            mean_s = self.mean_use_s if self.using else self.mean_pause_s
            self.left_s = max(5, int(random.expovariate(1 / mean_s)))
        self.left_s -= 1
        self.clock_s += 1
        if not self.using:
            return False
        if self.duty is None:
            return True
        on_s, off_s = self.duty
        return self.clock_s % (on_s + off_s) < on_s


def kitchen(random: Random) -> list[Appliance]:
    """Everything that makes a load hard to follow: a kettle, an oven, a hob that pulses, dryers, a heat pump."""
    start = [Phase(random.randrange(3)) for _ in range(5)]
    return [
        Appliance(9.0, (start[0],), 1500, 180),
        Appliance(10.0, (start[1],), 3600, 2400, (40, 60)),
        Appliance(12.0, (start[2],), 3000, 1200, (5, 5)),
        Appliance(8.0, (start[3],), 5400, 3000, (240, 60)),
        Appliance(5.0, IN_ORDER, 1800, 1200),
        Appliance(3.0, (start[4],), 300, 200),
    ]


@dataclass
class Car:
    """A car at its charger: the pilot steps, the car follows late and in whole amperes."""

    key: EvseKey
    wiring: Wiring = IN_ORDER
    maximum_a: float = 16.0
    start_s: int = 5
    told: bool = False
    limit_a: float = 0.0
    pilot_a: float = 0.0
    draw_a: float = 0.0
    stepped_s: int = -PILOT_STEP_S
    due: list[tuple[int, float]] = field(default_factory=list)
    commands: int = 0
    pauses: int = 0
    energy_as: float = 0.0

    def command(self, current_a: float) -> None:
        self.commands += 1
        self.pauses += current_a == 0 and self.limit_a > 0
        self.told = True
        self.limit_a = current_a

    def second(self, now_s: int, random: Random) -> None:
        if self.pilot_a != self.limit_a and now_s - self.stepped_s >= PILOT_STEP_S:
            late_s = random.randint(3, 10) if self.limit_a else random.randint(1, 3)
            self.pilot_a = self.limit_a
            self.stepped_s = now_s
            self.due.append((now_s + late_s, float(int(min(self.pilot_a, self.maximum_a) + 1e-6))))
        while self.due and self.due[0][0] <= now_s:
            self.draw_a = self.due.pop(0)[1]
        self.energy_as += self.draw_a * len(self.wiring)


@dataclass
class Outcome:
    """What came of a run."""

    longest_over_s: int = 0
    over_s: int = 0
    highest_theta: float = 0.0
    delivered_as: float = 0.0
    sustained_as: float = 0.0
    """What the house left for a whole minute up to each second: the control law without delays, in its own terms."""
    commands: int = 0
    pauses: int = 0


class Plant:
    """One metered main fuse, with a house and cars behind it, and a balancer in charge."""

    def __init__(self, seed: int, fuse_a: float, cars: list[Car], house_limit_a: float, meter_s: int = 1) -> None:
        self.random = Random(seed)
        self.car_random = Random(seed + 1)
        self.fuse_a = fuse_a
        self.house_limit_a = house_limit_a
        self.meter_s = meter_s
        self.cars = cars
        self.appliances = kitchen(self.random)
        self.balancer = Balancer()
        main = Circuit(circuit_id="main", name="Main", limit_a=PhaseAmperes(fuse_a, fuse_a, fuse_a), metered=True)
        self.balancer.set_layout(
            SiteLayout(
                circuits=(main,),
                placements=tuple(
                    EvsePlacement(evse=car.key, circuit_id="main", wiring=car.wiring, maximum_a=car.maximum_a)
                    for car in cars
                ),
            )
        )
        self.now_s = 0
        self.house_peaks: deque[float] = deque(maxlen=61)
        self.theta = [0.2, 0.2, 0.2]
        self.run_s = [0, 0, 0]
        self.outcome = Outcome()

    def run(self, seconds: int) -> Outcome:
        for _ in range(seconds):
            self._second(self.now_s)
            self.now_s += 1
        self.outcome.delivered_as = sum(car.energy_as for car in self.cars)
        self.outcome.commands = sum(car.commands for car in self.cars)
        self.outcome.pauses = sum(car.pauses for car in self.cars)
        return self.outcome

    def _second(self, now_s: int) -> None:
        house = [1.5, 1.5, 1.5]
        for appliance in self.appliances:
            if appliance.draws(self.random):
                for phase in appliance.phases:
                    house[phase] += appliance.amperes
        house = [min(load_a, self.house_limit_a) for load_a in house]
        total = list(house)
        for car in self.cars:
            car.second(now_s, self.car_random)
            for phase in car.wiring:
                total[phase] += car.draw_a
        self._judge(house, total)
        if now_s % self.meter_s == 0:
            self.balancer.meter_reported(CircuitSample("main", PhaseAmperes(*total), float(now_s)))
        for car in self.cars:
            if now_s == car.start_s:
                self.balancer.set_demand(
                    EvseDemand(car.key, connected=True, wants_current=True, ceiling_a=car.maximum_a), float(now_s)
                )
            if now_s % 10 == car.key.evse_id % 10:
                self.balancer.draw_reported(car.key, (car.draw_a,) * len(car.wiring), float(now_s))
        decision = self.balancer.decide(float(now_s))
        for car in self.cars:
            offer_a = decision.offers[car.key].current_a
            if now_s >= car.start_s and (offer_a != car.limit_a or not car.told):
                car.command(offer_a)
                self.balancer.offer_confirmed(car.key, offer_a, float(now_s) + 0.3)

    def _judge(self, house: list[float], total: list[float]) -> None:
        over = False
        for phase in range(3):
            if total[phase] > self.fuse_a + 0.25 and house[phase] <= self.fuse_a:
                self.run_s[phase] += 1
                over = True
            else:
                self.run_s[phase] = 0
            self.outcome.longest_over_s = max(self.outcome.longest_over_s, self.run_s[phase])
            self.theta[phase] += ((total[phase] / self.fuse_a) ** 2 - self.theta[phase]) / THETA_TAU_S
            self.outcome.highest_theta = max(self.outcome.highest_theta, self.theta[phase])
        self.outcome.over_s += over
        self.house_peaks.append(max(house))
        free_a = self.fuse_a - 1.0 - max(self.house_peaks)
        if free_a >= 6.0:
            self.outcome.sustained_as += 3 * min(free_a, sum(car.maximum_a for car in self.cars))
