"""How hot every fuse is by what it has carried."""

from collections.abc import Callable, Iterator
from math import exp

from ...model.phases import NO_CURRENT, Phase, PhaseAmperes
from ..settings import BalancingSettings
from ..tree.fuse_tree import FuseTree

_PHASES = (Phase.L1, Phase.L2, Phase.L3)


class FuseHeat:
    """Heat per circuit and phase, as a share of what the fuse has at its rating for ever.

    θ' = ((I / In)² - θ) / τ: a breaker that carries 1.13 times its rating for an hour (IEC 60898-1) may trip at
    1.13² = 1.28. Solved exactly between two looks, for a current that stays as it was. A fuse not seen before is taken
    to have carried its present load for ever.
    """

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin with cold fuses, none of them known."""
        self._settings = settings
        self._ratings: dict[str, PhaseAmperes] = {}
        self._heat: dict[str, list[float]] = {}
        self._loads: dict[str, list[float]] = {}
        """(I / In)² now."""
        self._at_s: float | None = None

    def set_tree(self, tree: FuseTree) -> None:
        """Take over a tree; fuses that stay keep their heat."""
        self._ratings = {circuit_id: circuit.limit_a for circuit_id, circuit in tree.circuits.items()}
        self._heat = {circuit_id: heat for circuit_id, heat in self._heat.items() if circuit_id in self._ratings}
        self._loads = {circuit_id: load for circuit_id, load in self._loads.items() if circuit_id in self._ratings}

    def update(self, at_s: float, carried: Callable[[str], PhaseAmperes | None]) -> None:
        """Let time pass at the currents of the last look, and take in what every circuit carries now; None: unknown."""
        left = 1.0
        if self._at_s is not None:
            left = exp(-max(0.0, at_s - self._at_s) / self._settings.heat_tau_s)
        self._at_s = at_s
        for circuit_id, rating in self._ratings.items():
            heat = self._heat.get(circuit_id)
            if heat is not None:
                loads = self._loads[circuit_id]
                for phase in _PHASES:
                    load = loads[phase]
                    heat[phase] = load + (heat[phase] - load) * left
            currents_a = carried(circuit_id)
            if currents_a is None:
                continue
            loads = [
                (max(0.0, current_a) / limit_a) ** 2 if limit_a > 0 else 0.0
                for current_a, limit_a in zip(currents_a, rating, strict=True)
            ]
            self._loads[circuit_id] = loads
            if heat is None:
                self._heat[circuit_id] = list(loads)

    def of(self, circuit_id: str) -> PhaseAmperes:
        """Return a circuit's heat per phase."""
        heat = self._heat.get(circuit_id)
        return PhaseAmperes(*heat) if heat is not None else NO_CURRENT

    def over(self, circuit_id: str, phase: Phase) -> bool:
        """Whether the fuse carries more than its rating now."""
        loads = self._loads.get(circuit_id)
        return loads is not None and loads[phase] > 1.001

    def too_warm(self) -> Iterator[tuple[str, Phase]]:
        """Return the fuses on which nothing may rise."""
        hold = self._settings.heat_hold
        for circuit_id, heat in self._heat.items():
            if max(heat) > hold:
                yield from ((circuit_id, phase) for phase in _PHASES if heat[phase] > hold)

    def about_to_trip(self) -> Iterator[tuple[str, Phase]]:
        """Return the fuses that would be too hot in a moment if they went on carrying what they carry now."""
        most = self._settings.heat_most
        left = exp(-self._settings.heat_ahead_s / self._settings.heat_tau_s)
        for circuit_id, heat in self._heat.items():
            loads = self._loads[circuit_id]
            if max(loads) <= 1.0:
                continue
            for phase in _PHASES:
                load = loads[phase]
                if load > 1.0 and load + (heat[phase] - load) * left >= most:
                    yield circuit_id, phase
