"""Our balancer, driven as the site drives it."""

from collections.abc import Sequence

from benchmarks.judging.truth import Witness
from custom_components.offline_evse.engine.balancing.control import Balancer
from custom_components.offline_evse.engine.balancing.settings import BalancingSettings
from custom_components.offline_evse.engine.model.circuit import SiteLayout
from custom_components.offline_evse.engine.model.meter import CircuitSample
from custom_components.offline_evse.engine.model.offer import EvseDemand, Offer
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.shared_limit import SharedLimit
from custom_components.offline_evse.engine.model.station import EvseKey

from .law import Amperes

_PATIENCE_S = 2
"""How long an increase waits for decreases that are not confirmed."""
_TOLD_S = 0.5
"""By then all that was sent in this second has been taken or refused."""


class TwoCapacities:
    """Lowers at once to what is free now, raises only to what was free for the whole last window."""

    name = "two capacities (ours)"
    polls = False

    def __init__(self, settings: BalancingSettings | None = None) -> None:
        """Begin with an empty site."""
        self._settings = settings or BalancingSettings()
        self.balancer = Balancer(self._settings)
        self._layout = SiteLayout()
        self._limits: tuple[SharedLimit, ...] = ()
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
        self._limits = tuple(limits)
        self.balancer.set_shared_limits(self._limits, now_s)

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
        """Return how many offers name limits that would have to allow more, and how many of those rightly."""
        witness = Witness(self.balancer, self._layout, self._limits, now_s + _TOLD_S)
        named = [offer for offer in witness.offers.values() if witness.names_limits(offer)]
        return len(named), sum(map(witness.is_right, named))
