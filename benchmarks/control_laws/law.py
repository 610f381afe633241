"""What a control law hears of a site, and what it may do."""

from collections.abc import Sequence
from typing import Protocol

from custom_components.offline_evse.engine.model.circuit import SiteLayout
from custom_components.offline_evse.engine.model.shared_limit import SharedLimit

type Amperes = tuple[float, float, float]


class ControlLaw(Protocol):
    """Told everything that happens at the site, it is asked each second what to tell the chargers.

    EVSEs go by their place in the layout. All times are seconds since the begin of the run.
    """

    name: str
    polls: bool
    """Whether it asks chargers for their draw every second, instead of waiting for their reports."""

    def set_up(self, layout: SiteLayout) -> None:
        """Take over the site as it was configured."""

    def meter(self, circuit_id: str, currents_a: Amperes, now_s: float) -> None:
        """Hear a meter."""

    def draw(self, evse: int, terminals_a: tuple[float, ...], now_s: float) -> None:
        """Hear what an EVSE draws."""

    def demand(self, evse: int, *, online: bool, wants: bool, now_s: float) -> None:
        """Hear whether a station can be told anything, and whether there is a car."""

    def found(self, evse: int, current_a: float, now_s: float) -> None:
        """Learn, or take for granted, what a station that cannot be asked allows now."""

    def limits(self, limits: Sequence[SharedLimit], now_s: float) -> None:
        """Take over limits that are no fuses; replaces those before."""

    def decide(self, now_s: float) -> list[tuple[int, float]]:
        """Say what is to be sent now, in this order, in A."""

    def sent(self, evse: int, current_a: float, now_s: float, *, taken: bool) -> None:
        """Hear whether a station took what it was sent."""
