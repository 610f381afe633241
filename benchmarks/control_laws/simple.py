"""What all control laws beside ours have in common: one fuse, the last word of its meter, the last word of each car."""

from collections.abc import Sequence

from custom_components.offline_evse.engine.model.circuit import MINIMUM_CURRENT_A, SiteLayout
from custom_components.offline_evse.engine.model.shared_limit import SharedLimit

from .law import Amperes

MARGIN_A = 1.0
"""All of them keep this much free, so that they differ by their rule alone."""


class SimpleLaw:
    """Sees the root of the tree only. A rule derives from it and says `rule`."""

    name = ""
    every_s = 1
    """How often it decides."""
    polls = False

    def __init__(self) -> None:
        """Begin with an empty site."""
        self.limit_a = 0.0
        self.wirings: list[tuple[int, ...]] = []
        self.maximum_a: list[float] = []
        self.wants: list[bool] = []
        self.told_a: list[float] = []
        self.drawn_a: list[list[float]] = []
        """What each EVSE said last, per phase of the building."""
        self.meter_a: Amperes = (0.0, 0.0, 0.0)
        self.heard_s: float | None = None

    def set_up(self, layout: SiteLayout) -> None:
        """Take over the site as it was configured."""
        self.limit_a = layout.circuits[0].limit_a.l1
        self.wirings = [tuple(int(phase) for phase in placement.wiring) for placement in layout.placements]
        self.maximum_a = [placement.maximum_a for placement in layout.placements]
        count = len(self.wirings)
        self.wants = [False] * count
        self.told_a = [0.0] * count
        self.drawn_a = [[0.0, 0.0, 0.0] for _ in range(count)]

    def meter(self, circuit_id: str, currents_a: Amperes, now_s: float) -> None:
        """Hear a meter."""
        self.meter_a = currents_a
        self.heard_s = now_s

    def draw(self, evse: int, terminals_a: tuple[float, ...], now_s: float) -> None:
        """Hear what an EVSE draws."""
        phases = [0.0, 0.0, 0.0]
        for current_a, phase in zip(terminals_a, self.wirings[evse], strict=False):
            phases[phase] += current_a
        self.drawn_a[evse] = phases

    def demand(self, evse: int, *, online: bool, wants: bool, now_s: float) -> None:
        """Hear whether there is a car that can be told anything."""
        self.wants[evse] = online and wants
        if not wants:
            self.told_a[evse] = 0.0

    def found(self, evse: int, current_a: float, now_s: float) -> None:
        """Take what it has for what it was told."""
        self.told_a[evse] = current_a

    def limits(self, limits: Sequence[SharedLimit], now_s: float) -> None:
        """Know of no limits beside the fuse."""

    def decide(self, now_s: float) -> list[tuple[int, float]]:
        """Follow the rule when it is time."""
        if self.heard_s is None or round(now_s) % self.every_s:
            return []
        wanted = self.rule(now_s)
        return [
            (evse, current_a)
            for evse, current_a in wanted.items()
            if self.wants[evse] and abs(current_a - self.told_a[evse]) > 1e-6
        ]

    def sent(self, evse: int, current_a: float, now_s: float, *, taken: bool) -> None:
        """Hear whether a station took what it was sent."""
        if taken:
            self.told_a[evse] = current_a

    def rule(self, now_s: float) -> dict[int, float]:
        """Return what EVSEs are to have from now on."""
        raise NotImplementedError

    @property
    def active(self) -> list[int]:
        """EVSEs with a car."""
        return [evse for evse, wants in enumerate(self.wants) if wants]


def signalled(current_a: float) -> float:
    """Return a current as it can be signalled: 0, or at least the minimum."""
    return current_a if current_a >= MINIMUM_CURRENT_A - 1e-9 else 0.0
