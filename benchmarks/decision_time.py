"""How long it takes to share a fuse out.

The tree has a metered main fuse and a sub-distribution for every 25 chargers. There are enough cars that most rows are
full and some chargers wait, a car in three draws on one phase, and the load of the house jumps before every look, to
anything between nothing and a quarter of the fuse. A look is taking in the meter's report and deciding; a tenth of the
chargers, which report every 10 s or so, has said what it draws since the last one, or, as the worst case, all have.

Times are CPU time of the thread. Other work on the machine still shows in them, by its use of caches; so all is done
several times over, each time the same, and each look counts with the least that it took.

After that a day passes in a site of five chargers, and what the balancer holds in memory is measured at its beginning
and at its end.
"""

import argparse
from functools import partial
import gc
from random import Random
from statistics import median, quantiles
import time
import tracemalloc

from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.balancing.sharing.allocator import Claim, allocate
from custom_components.offline_evse.engine.balancing.tree.fuse_tree import FuseTree
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.meter import CircuitSample
from custom_components.offline_evse.engine.model.offer import EvseDemand
from custom_components.offline_evse.engine.model.phases import IN_ORDER, Phase, PhaseAmperes, Wiring
from custom_components.offline_evse.engine.model.station import EvseKey

from .report import print_table

_SIZES = (5, 50, 200)
_PER_CIRCUIT = 25
_LOOK_EVERY_S = 5
_SETTLING_LOOKS = 100
"""Not counted: all cars begin at once, and what was free all the while is not known yet."""
_WARM_UP_S = 3600


def _layout(chargers: int) -> SiteLayout:
    main_a = max(25.0, chargers * 5.0)
    circuits = [Circuit(circuit_id="main", name="Main", limit_a=PhaseAmperes(main_a, main_a, main_a), metered=True)]
    circuits += [
        Circuit(circuit_id=f"sub{number}", name=f"Sub {number}", parent_id="main", limit_a=PhaseAmperes(160, 160, 160))
        for number in range(-(-chargers // _PER_CIRCUIT))
    ]
    placements = tuple(
        EvsePlacement(
            evse=EvseKey(f"CP{number:03d}", 1), circuit_id=f"sub{number // _PER_CIRCUIT}", wiring=_wiring(number)
        )
        for number in range(chargers)
    )
    return SiteLayout(circuits=tuple(circuits), placements=placements)


def _wiring(number: int) -> Wiring:
    return (Phase(number // 3 % 3),) if number % 3 == 0 else IN_ORDER


def _time_allocator(chargers: int, rounds: int) -> list[float]:
    tree = FuseTree(_layout(chargers))
    claims = [
        Claim(evse=evse, rows=tree.coefficients(evse), minimum_a=6.0, maximum_a=16.0, weight=1.0 + number % 2)
        for number, evse in enumerate(tree.placements)
    ]
    random = Random(1)
    took_ms = []
    for turn in range(rounds):
        house_a = random.uniform(0, tree.limits[0] / 4)
        capacity = [limit - house_a for limit in tree.limits]
        started_s = time.thread_time()
        allocate(claims, capacity, turn)
        took_ms.append((time.thread_time() - started_s) * 1e3)
    return took_ms


def _time_balancer(chargers: int, rounds: int, report_every: int) -> list[float]:
    """Return what each look took, in ms; every charger says what it draws once in that many looks."""
    layout = _layout(chargers)
    balancer = Balancer()
    balancer.set_layout(layout)
    limit_a = layout.circuits[0].limit_a.l1
    random = Random(1)
    at_s = 1000.0
    for placement in layout.placements:
        balancer.set_demand(EvseDemand(evse=placement.evse, connected=True, wants_current=True, ceiling_a=16.0), at_s)
    took_ms = []
    drawn_a = dict.fromkeys((placement.evse for placement in layout.placements), 0.0)
    for look in range(-_SETTLING_LOOKS, rounds):
        at_s += 1.0
        house_a = random.uniform(0, limit_a / 4)
        total_a = [house_a] * 3
        for number, placement in enumerate(layout.placements):
            draw_a = drawn_a[placement.evse]
            if (look + number) % report_every == 0:
                balancer.draw_reported(placement.evse, (draw_a,) * len(placement.wiring), at_s)
            for phase in placement.wiring:
                total_a[phase] += draw_a
        sample = CircuitSample("main", PhaseAmperes(*total_a), at_s)
        started_s = time.thread_time()
        balancer.meter_reported(sample)
        decision = balancer.decide(at_s)
        if look >= 0:
            took_ms.append((time.thread_time() - started_s) * 1e3)
        for evse, offer in decision.offers.items():
            if drawn_a[evse] != offer.current_a or look == -_SETTLING_LOOKS:
                drawn_a[evse] = offer.current_a
                balancer.offer_confirmed(evse, offer.current_a, at_s)
    if not any(drawn_a.values()):
        raise RuntimeError("Nobody was offered anything, which is no measure of sharing")
    return took_ms


def _memory_kb(hours: float) -> tuple[float, float]:
    """Return what is held after the first hour and after all of them, in kB."""
    layout = _layout(_SIZES[0])
    random = Random(1)
    held_kb = []
    tracemalloc.start()
    balancer = Balancer()
    balancer.set_layout(layout)
    for placement in layout.placements:
        balancer.set_demand(EvseDemand(evse=placement.evse, connected=True, wants_current=True, ceiling_a=16.0), 0.0)
    for second in range(0, round(hours * 3600) + 1, _LOOK_EVERY_S):
        at_s = float(second)
        house_a = random.uniform(0.0, 12.0)
        balancer.meter_reported(CircuitSample("main", PhaseAmperes(house_a, house_a, house_a), at_s))
        for evse, offer in balancer.decide(at_s).offers.items():
            balancer.offer_confirmed(evse, offer.current_a, at_s)
            balancer.draw_reported(evse, (offer.current_a,), at_s)
        if second in (_WARM_UP_S, round(hours * 3600)):
            gc.collect()
            held_kb.append(tracemalloc.get_traced_memory()[0] / 1000)
    tracemalloc.stop()
    return held_kb[0], held_kb[-1]


def main() -> None:
    """Measure each size, and print the median and the slow end."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--hours", type=float, default=24.0, help="simulated time over which memory is watched; 1 or less: not"
    )
    arguments = parser.parse_args()
    rounds = arguments.rounds
    rows = []
    for name, measure in (
        ("sharing out alone", _time_allocator),
        ("look, a tenth has reported", partial(_time_balancer, report_every=10)),
        ("look, all have reported", partial(_time_balancer, report_every=1)),
    ):
        for chargers in _SIZES:
            runs = [measure(chargers, rounds) for _ in range(arguments.repeats)]
            took_ms = list(map(min, zip(*runs, strict=True)))
            slow_ms = quantiles(took_ms, n=100)[98]
            rows.append((name, str(chargers), f"{min(took_ms):.3f}", f"{median(took_ms):.3f}", f"{slow_ms:.3f}"))
    print_table("Sharing out", ("what", "chargers", "least ms", "median ms", "99 % within ms"), rows)
    if arguments.hours * 3600 <= _WARM_UP_S:
        return
    early_kb, late_kb = _memory_kb(arguments.hours)
    print(f"\nHeld after 1 h: {early_kb:.0f} kB; after {arguments.hours:g} h: {late_kb:.0f} kB")


if __name__ == "__main__":
    main()
