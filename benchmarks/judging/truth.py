"""Whether the limits that an offer names are those that bind it, as copies of the balancer show."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.model.circuit import Circuit, SiteLayout
from custom_components.offline_evse.engine.model.offer import LimitReason, Offer
from custom_components.offline_evse.engine.model.phases import IN_ORDER, Phase, PhaseAmperes
from custom_components.offline_evse.engine.model.shared_limit import SharedLimit

_PLENTY_A = 500.0
_BEYOND_A = 1e-6
"""Beyond what is missing, against rounding."""
_ONLY_TIME = {LimitReason.SETTLING, LimitReason.FUSE_HOT, LimitReason.FEWER_PHASES}
"""Enough is there, and only has to last."""

type _Row = tuple[str, Phase | None, str | None]
"""Circuit, phase (None: power) and limit (None: the circuit's own)."""


class Witness:
    """A balancer at one moment. What it says is tried on copies of it, at that moment."""

    def __init__(self, balancer: Balancer, layout: SiteLayout, limits: Sequence[SharedLimit], at_s: float) -> None:
        """Look at a copy of the balancer, and let it say anew what it says."""
        self._balancer = deepcopy(balancer)
        self._layout = layout
        self._limits = limits
        self._at_s = at_s
        self.offers = self._balancer.decide(at_s).offers

    def names_limits(self, offer: Offer) -> bool:
        """Whether an offer says which limits would have to allow how much more."""
        binding = offer.binding
        unnamed = binding.reason in _ONLY_TIME or binding.reason is LimitReason.METER_SILENT
        return offer.missing_a is not None and binding.circuit_id is not None and not unnamed

    def is_right(self, offer: Offer) -> bool:
        """Whether more of what is named is enough, and more of everything else of no use."""
        bindings = (offer.binding, *offer.also)
        named = {(at.circuit_id, at.phase, at.limit_id) for at in bindings if at.circuit_id is not None}
        widened = self._with({row: (offer.missing_a or 0.0) + _BEYOND_A for row in self._rows() if row in named}, offer)
        enough = widened.current_a > offer.current_a or widened.binding.reason in _ONLY_TIME
        elsewhere = self._with({row: _PLENTY_A for row in self._rows() if row not in named}, offer)
        return enough and elsewhere.current_a <= offer.current_a

    def _rows(self) -> list[_Row]:
        rows: list[_Row] = []
        for circuit in self._layout.circuits:
            rows.extend((circuit.circuit_id, phase, None) for phase in (*IN_ORDER, None))
        for limit in self._limits:
            rows.extend((limit.circuit_id, phase, limit.limit_id) for phase in (*IN_ORDER, None))
        return rows

    def _with(self, more_a: dict[_Row, float], offer: Offer) -> Offer:
        """Return the offer if these rows allowed so much more of the EVSE's current."""
        balancer = deepcopy(self._balancer)
        tree = balancer.tree
        watts = tree.voltage_v * len(tree.phases(offer.evse))

        def wider(at: PhaseAmperes, circuit_id: str, limit_id: str | None) -> PhaseAmperes:
            return PhaseAmperes(
                *(it + more_a.get((circuit_id, phase, limit_id), 0.0) for phase, it in zip(IN_ORDER, at, strict=True))
            )

        def circuit_with(circuit: Circuit) -> Circuit:
            limit_w = circuit.limit_w
            if limit_w is not None:
                limit_w += watts * more_a.get((circuit.circuit_id, None, None), 0.0)
            return replace(circuit, limit_a=wider(circuit.limit_a, circuit.circuit_id, None), limit_w=limit_w)

        def limit_with(limit: SharedLimit) -> SharedLimit:
            limit_a, limit_w = limit.limit_a, limit.limit_w
            if limit_a is not None:
                limit_a = wider(limit_a, limit.circuit_id, limit.limit_id)
            if limit_w is not None:
                limit_w += watts * more_a.get((limit.circuit_id, None, limit.limit_id), 0.0)
            return replace(limit, limit_a=limit_a, limit_w=limit_w)

        balancer.set_layout(replace(self._layout, circuits=tuple(map(circuit_with, self._layout.circuits))))
        balancer.set_shared_limits(tuple(map(limit_with, self._limits)), self._at_s)
        return balancer.decide(self._at_s).offers[offer.evse]
