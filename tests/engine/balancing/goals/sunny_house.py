"""A house with panels and cars, second by second: what the sharing of the sun really brings about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import math
import random

from custom_components.offline_evse.engine.balancing.goals.solar import SolarCar, SolarCeiling, SolarShare, Sun
from custom_components.offline_evse.engine.model.station import EvseKey

PHASE_V = 230.0


@dataclass
class Car:
    """A car on its charger: follows after 5 s, and its meter speaks every 30 s."""

    key: EvseKey
    phases: int = 3
    minimum_a: float = 6.0
    maximum_a: float = 16.0
    takes_a: float = 16.0
    """What the car can take itself."""
    keeps_minimum: bool = False
    priority: int = 0
    report_s: int = 30
    draw_a: float = 0.0
    reported_w: float | None = 0.0
    reported_s: float = 0.0
    energy_ws: float = 0.0
    cycles: int = 0
    _coming: list[float] = field(default_factory=lambda: [0.0] * 5)

    @property
    def watts_per_ampere(self) -> float:
        return self.phases * PHASE_V

    def second(self, at_s: float, offer_a: float) -> None:
        self._coming.append(offer_a)
        draw_a = min(self._coming.pop(0), self.takes_a)
        self.cycles += draw_a > 0 and self.draw_a == 0
        self.draw_a = draw_a
        self.energy_ws += draw_a * self.watts_per_ampere
        if int(at_s) % self.report_s == 0:
            self.reported_w, self.reported_s = draw_a * self.watts_per_ampere, at_s


class SunnyHouse:
    """Runs cars on the sun and keeps the accounts."""

    def __init__(self, cars: list[Car], sun_w: Callable[[int], float], house_w: Callable[[int], float]) -> None:
        self.cars = cars
        self.share = SolarShare()
        self.sun_w = sun_w
        self.house_w = house_w
        self.second = 0
        self.offers: Mapping[EvseKey, SolarCeiling] = {}
        self.caused_ws = 0.0
        """Imported because of cars: import that the house alone would not have had."""
        self.wasted_ws = 0.0
        """Flowed into the grid."""
        self.battery: Callable[[float], tuple[float, bool, float]] | None = None
        """From the power that is left: what the battery takes, whether it is first, and what it takes at most."""

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.second += 1
            at_s = 1000.0 + self.second
            cars_w = sum(car.draw_a * car.watts_per_ampere for car in self.cars)
            alone_w = self.house_w(self.second) - self.sun_w(self.second)
            grid_w = alone_w + cars_w
            battery_w, first, most_w = self.battery(-grid_w) if self.battery else (0.0, False, 0.0)
            grid_w += battery_w
            self.caused_ws += max(0.0, grid_w) - max(0.0, alone_w)
            self.wasted_ws += max(0.0, -grid_w)
            sun = Sun(grid_w=grid_w, battery_w=battery_w, battery_first=first, battery_most_w=most_w)
            self.offers = self.share.update(at_s, [self._seen(car) for car in self.cars], sun)
            for car in self.cars:
                car.second(at_s, self.offers[car.key].current_a)

    def _seen(self, car: Car) -> SolarCar:
        offer = self.offers.get(car.key)
        return SolarCar(
            evse=car.key,
            watts_per_ampere=car.watts_per_ampere,
            minimum_a=car.minimum_a,
            maximum_a=car.maximum_a,
            offer_a=offer.current_a if offer else 0.0,
            draw_w=car.reported_w,
            draw_at_s=car.reported_s,
            keeps_minimum=car.keeps_minimum,
            priority=car.priority,
        )


def cloudy(seed: int, peak_w: float, hours: float) -> Callable[[int], float]:
    """Half a sine of sun, with clouds of 20 s to 6 min that take 50 to 85 % within some seconds."""
    dice = random.Random(seed)
    clear: list[float] = []
    length = int(hours * 3600)
    while len(clear) <= length:
        clear += [1.0] * dice.randint(60, 900)
        depth = dice.uniform(0.15, 0.5)
        edge = dice.randint(3, 15)
        clear += [1.0 - (1.0 - depth) * step / edge for step in range(edge)]
        clear += [depth] * dice.randint(20, 360)
        clear += [depth + (1.0 - depth) * step / edge for step in range(edge)]
    return lambda second: peak_w * math.sin(math.pi * min(second, length) / length) * clear[min(second, length)]


def kettles(seed: int, base_w: float) -> Callable[[int], float]:
    """A base load, with a kettle of 2 kW for two minutes in every ten or so."""
    dice = random.Random(seed)
    load: list[float] = []
    while len(load) < 20 * 3600:
        load += [base_w] * dice.randint(300, 900) + [base_w + 2000] * dice.randint(60, 180)
    return lambda second: load[second]
