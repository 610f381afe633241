"""The laws that are measured, by the names that tables have."""

from collections.abc import Callable

from custom_components.offline_evse.engine.balancing.settings import BalancingSettings

from .chasing import FloorOfHeadroom, HighestPhaseInTurn, MinimumFirst, Uncontrolled
from .damped import QuarterSteps, RiskBudget, SmoothedAndRamped
from .law import ControlLaw
from .two_capacities import TwoCapacities

OURS = TwoCapacities.name

OTHERS: dict[str, Callable[[], ControlLaw]] = {
    law().name: law
    for law in (
        lambda: HighestPhaseInTurn(30),
        lambda: HighestPhaseInTurn(10),
        MinimumFirst,
        RiskBudget,
        SmoothedAndRamped,
        FloorOfHeadroom,
        QuarterSteps,
    )
}
"""Laws in use, each re-implemented from its rule."""

NONE: dict[str, Callable[[], ControlLaw]] = {Uncontrolled.name: Uncontrolled}


def ours(window_s: float | None = None) -> Callable[[], ControlLaw]:
    """Return our law, with another window on wish."""
    if window_s is None:
        return TwoCapacities
    return lambda: TwoCapacities(BalancingSettings(window_s=window_s))
