"""Our balancer, driven as the site drives it."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from math import isinf

from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.balancing.settings import BalancingSettings
from custom_components.offline_evse.engine.model.circuit import SiteLayout
from custom_components.offline_evse.engine.model.meter import CircuitSample
from custom_components.offline_evse.engine.model.offer import EvseDemand, LimitReason, Offer
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.shared_limit import SharedLimit
from custom_components.offline_evse.engine.model.station import EvseKey

from .law import Amperes

_PATIENCE_S = 2
"""How long an increase waits for decreases that are not confirmed."""
_BEYOND_A = 0.2
"""Beyond what is missing, against rounding."""


class TwoCapacities:
    """Lowers at once to what is free now, raises only to what was free for the whole last window."""

    name = "two capacities (ours)"
    polls = False

    def __init__(self, settings: BalancingSettings | None = None) -> None:
        """Begin with an empty site."""
        self._settings = settings or BalancingSettings()
        self.balancer = Balancer(self._settings)
        self._layout = SiteLayout()
        self._keys: list[EvseKey] = []
        self._index: dict[EvseKey, int] = {}
        self._maximum_a: list[float] = []
        self._told_a: list[float | None] = []
        self._online: list[bool] = []
        self._wants: list[bool] = []
        self._waits_since_s: list[float | None] = []
        self.offers: dict[EvseKey, Offer] = {}

    def set_up(self, layout: SiteLayout) -> None:
        """Take over the site as it was configured."""
        self._layout = layout
        self._keys = [placement.evse for placement in layout.placements]
        self._index = {evse: number for number, evse in enumerate(self._keys)}
        self._maximum_a = [placement.maximum_a for placement in layout.placements]
        self._told_a = [None] * len(self._keys)
        self._online = [True] * len(self._keys)
        self._wants = [False] * len(self._keys)
        self._waits_since_s = [None] * len(self._keys)
        self.balancer.set_layout(layout)
        for number in range(len(self._keys)):
            self._set_demand(number, 0.0)

    def meter(self, circuit_id: str, currents_a: Amperes, now_s: float) -> None:
        """Hear a meter."""
        self.balancer.meter_reported(CircuitSample(circuit_id, PhaseAmperes(*currents_a), now_s))

    def draw(self, evse: int, terminals_a: tuple[float, ...], now_s: float) -> None:
        """Hear what an EVSE draws."""
        self.balancer.draw_reported(self._keys[evse], terminals_a, now_s)

    def demand(self, evse: int, *, online: bool, wants: bool, now_s: float) -> None:
        """Hear whether a station can be told anything, and whether there is a car."""
        if not wants or (online and not self._online[evse]):
            self._told_a[evse] = None
        self._online[evse], self._wants[evse] = online, wants
        self._set_demand(evse, now_s)

    def found(self, evse: int, current_a: float, now_s: float) -> None:
        """Learn what a station allows that was running before, or that is out of sight."""
        self.balancer.offer_confirmed(self._keys[evse], current_a, now_s)

    def limits(self, limits: Sequence[SharedLimit], now_s: float) -> None:
        """Take over limits that are no fuses."""
        self.balancer.set_shared_limits(tuple(limits), now_s)

    def decide(self, now_s: float) -> list[tuple[int, float]]:
        """Decide; decreases go first, and increases once all those have been taken."""
        self.offers = self.balancer.decide(now_s).offers
        lower: list[tuple[int, float]] = []
        higher: list[tuple[int, float]] = []
        for evse, offer in self.offers.items():
            number = self._index[evse]
            if not self._online[number] or not self._wants[number]:
                continue
            told_a = self._told_a[number]
            if told_a == offer.current_a:
                self._waits_since_s[number] = None
            elif offer.current_a < (self._maximum_a[number] if told_a is None else told_a):
                lower.append((number, offer.current_a))
            else:
                higher.append((number, offer.current_a))
        due = list(lower)
        for number, current_a in higher:
            since_s = self._waits_since_s[number]
            if since_s is None:
                since_s = self._waits_since_s[number] = now_s
            if not lower or now_s - since_s >= _PATIENCE_S:
                due.append((number, current_a))
        return due

    def sent(self, evse: int, current_a: float, now_s: float, *, taken: bool) -> None:
        """Hear whether a station took what it was sent."""
        if taken:
            self._told_a[evse] = current_a
            self._waits_since_s[evse] = None
            self.balancer.offer_confirmed(self._keys[evse], current_a, now_s)
        else:
            # It may apply or not, so whatever comes next is taken for a decrease.
            self._told_a[evse] = self._maximum_a[evse]
            self.balancer.offer_failed(self._keys[evse], now_s)

    def _set_demand(self, evse: int, now_s: float) -> None:
        self.balancer.set_demand(
            EvseDemand(
                evse=self._keys[evse],
                connected=self._online[evse],
                wants_current=self._wants[evse],
                ceiling_a=self._maximum_a[evse],
            ),
            now_s,
        )

    def probe(self, now_s: float) -> tuple[int, int]:
        """Loosen, in a copy, the fuse that each offer names, by what the offer says is missing.

        Returns how many offers named a fuse, and how many of those then rose within the time that a rise may take,
        with a house that stays as it is. All phases of the fuse are loosened, because the next phase is often full a
        tenth of an ampere later, and no charger is told that. Paused cars are left out: they rise after a while only.
        """
        named = rightly = 0
        for evse, offer in self.offers.items():
            binding = offer.binding
            if binding.reason is not LimitReason.CIRCUIT or binding.phase is None or offer.missing_a is None:
                continue
            if isinf(offer.missing_a) or not offer.current_a:
                continue
            named += 1
            rightly += self._rises(evse, offer, now_s)
        return named, rightly

    def _rises(self, evse: EvseKey, offer: Offer, now_s: float) -> bool:
        assert offer.missing_a is not None
        circuits = []
        for circuit in self._layout.circuits:
            if circuit.circuit_id == offer.binding.circuit_id:
                more_a = offer.missing_a + _BEYOND_A
                circuits.append(replace(circuit, limit_a=PhaseAmperes(*(at + more_a for at in circuit.limit_a))))
            else:
                circuits.append(circuit)
        copy = deepcopy(self.balancer)
        copy.set_layout(replace(self._layout, circuits=tuple(circuits)))
        at_s = now_s
        for _ in range(round(self._settings.min_raise_interval_s) + 2):
            decision = copy.decide(at_s)
            if decision.offers[evse].current_a > offer.current_a + 1e-6:
                return True
            for other, told in decision.offers.items():
                if self._online[self._index[other]]:
                    copy.offer_confirmed(other, told.current_a, at_s)
            at_s += 1.0
            for circuit_id, state in decision.circuits.items():
                if state.measured_a is not None:
                    copy.meter_reported(CircuitSample(circuit_id, state.measured_a, at_s))
        return False
