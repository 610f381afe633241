"""Houses as lists of currents: one entry per second, so that every control law meets the very same house."""

from functools import lru_cache
from random import Random

from simulator.physics.house import Appliance, House
from simulator.physics.phases import PerPhase

type Load = list[tuple[float, float, float]]
"""Current per phase in A, second by second."""

_NOMINAL_V = PerPhase(230.0, 230.0, 230.0)


def _on(phase: int, watts: float) -> PerPhase:
    return PerPhase(*(watts if at == phase else 0.0 for at in range(3)))


def _kettle(phase: int, every_s: float) -> Appliance:
    return Appliance(name=f"kettle {phase}", power_w=_on(phase, 2200), on_s=(120, 240), every_s=every_s)


def hostile(seed: int) -> tuple[Appliance, ...]:
    """Return everything that makes a load hard to follow, several times an hour, on phases that the seed chooses."""
    random = Random(seed)
    phases = [random.randrange(3) for _ in range(6)]

    def load(name: str, at: int, watts: float, on_s: tuple[float, float], every_s: float, **cycle: float) -> Appliance:
        return Appliance(name=name, power_w=_on(phases[at], watts), on_s=on_s, every_s=every_s, **cycle)

    return (
        load("kettle", 0, 2200, (120, 240), 1200),
        load("second kettle", 1, 2200, (120, 240), 1800),
        load("oven", 2, 2400, (1800, 3600), 5400, duty_s=100, duty_share=0.4),
        load("hob", 3, 2760, (600, 1800), 5400, duty_s=10),
        load("dryer", 4, 2300, (2400, 4800), 7200, duty_s=300, duty_share=0.8),
        load("washing machine", 5, 2000, (2400, 4800), 7200, duty_s=240, duty_share=0.75),
        Appliance(name="heat pump", power_w=PerPhase(900, 900, 900), on_s=(900, 2400), every_s=2700),
    )


HOSTILE_BASE_W = (300.0, 300.0, 300.0)

EVERYDAY: tuple[Appliance, ...] = (
    _kettle(0, 7200),
    Appliance(name="oven", power_w=_on(1, 2600), on_s=(1800, 3600), every_s=14_400, duty_s=90, duty_share=0.6),
    Appliance(name="heat pump", power_w=PerPhase(900, 900, 900), on_s=(900, 2400), every_s=3600),
)
"""A home on a usual evening."""

CALM: tuple[Appliance, ...] = (
    Appliance(name="refrigerator", power_w=_on(0, 120), on_s=(600, 900), every_s=1800),
    Appliance(name="boiler", power_w=_on(1, 1800), on_s=(2400, 3600), every_s=9000),
)
"""A building at night."""


@lru_cache(maxsize=32)
def _cached(
    appliances: tuple[Appliance, ...], seed: str, seconds: int, capped_at_a: float | None, base_w: PerPhase
) -> Load:
    house = House(appliances, seed=seed, base_w=base_w, capped_at_a=capped_at_a)
    load: Load = []
    for _ in range(seconds):
        house.step(1.0, _NOMINAL_V)
        load.append((house.currents_a.l1, house.currents_a.l2, house.currents_a.l3))
    return load


def lived_in(
    appliances: tuple[Appliance, ...],
    seed: int,
    seconds: int,
    *,
    capped_at_a: float | None = None,
    base_w: tuple[float, float, float] = (180.0, 120.0, 150.0),
    name: str = "",
) -> Load:
    """Return the load of a house with these appliances on their seeded timetables."""
    return _cached(appliances, f"{name}{seed}", seconds, capped_at_a, PerPhase(*base_w))


def empty(seconds: int) -> Load:
    """Return the load of nothing at all."""
    return [(0.0, 0.0, 0.0)] * seconds


def stepped(seconds: int, base_a: float, steps: tuple[tuple[int, int, tuple[float, float, float]], ...]) -> Load:
    """Return a constant load with loads on top, each from one second to another."""
    load: Load = [(base_a, base_a, base_a)] * seconds
    for begins_s, ends_s, extra in steps:
        for at in range(max(0, begins_s), min(seconds, ends_s)):
            l1, l2, l3 = load[at]
            load[at] = (l1 + extra[0], l2 + extra[1], l3 + extra[2])
    return load
