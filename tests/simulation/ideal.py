"""What nobody can beat: an allocation that sees the house and every car without delay, with the same margin."""

from collections.abc import Iterable

from custom_components.offline_evse.engine.balancing.sharing.allocator import Claim, allocate
from custom_components.offline_evse.engine.balancing.tree.fuse_tree import FuseTree
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.phases import WIRINGS, Phase, PhaseAmperes
from custom_components.offline_evse.engine.model.station import EvseKey
from simulator.description import SiteDescription
from simulator.physics.phases import PerPhase
from simulator.station.charging_point import ChargingPoint

NOMINAL_V = 230.0


class Ideal:
    """Shares out, second by second, what the house leaves at that very second among cars as they really are."""

    def __init__(self, description: SiteDescription, margin_a: float) -> None:
        """Build the tree with every EVSE wired as it is."""
        self._main = next(branch.name for branch in description.branches if branch.parent is None)
        self._tree = FuseTree(
            SiteLayout(
                circuits=tuple(
                    Circuit(
                        circuit_id=branch.name,
                        name=branch.name,
                        parent_id=branch.parent,
                        limit_a=PhaseAmperes(branch.rating_a, branch.rating_a, branch.rating_a),
                    )
                    for branch in description.branches
                ),
                placements=tuple(
                    EvsePlacement(
                        evse=EvseKey(station.model.identity, number),
                        circuit_id=point.branch,
                        wiring=WIRINGS[point.wiring.lower()],
                        maximum_a=point.maximum_a,
                    )
                    for station in description.stations
                    for number, point in enumerate(station.points, 1)
                ),
            ),
            NOMINAL_V,
        )
        self._limits = [0.0] * len(self._tree.rows)
        for branch in description.branches:
            for phase in Phase:
                row = self._tree.phase_row(branch.name, phase)
                self._limits[row] = branch.rating_a - (margin_a if branch.name == self._main else 0.0)

    def second_wh(self, running: Iterable[tuple[EvseKey, ChargingPoint]], house_a: PerPhase) -> float:
        """Return what these EVSEs would deliver within a second, in Wh."""
        claims: list[Claim] = []
        phases: list[int] = []
        for key, point in running:
            car = point.evse.car
            if car is None or not car.wants_energy:
                continue
            used = min(car.model.phases, point.evse.phases)
            placement = self._tree.placements[key]
            most_a = min(car.model.maximum_a, placement.maximum_a)
            claims.append(Claim(key, self._tree.coefficients(key, tuple(range(used))), placement.minimum_a, most_a))
            phases.append(used)
        capacity = list(self._limits)
        for phase in Phase:
            capacity[self._tree.phase_row(self._main, phase)] -= house_a[phase]
        shares = allocate(claims, capacity).shares
        amperes = sum(share.exact_a * used for share, used in zip(shares, phases, strict=True))
        return amperes * NOMINAL_V / 3600
