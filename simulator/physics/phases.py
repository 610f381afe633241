"""Three phases, and how a charger's terminals are wired to them."""

from typing import NamedTuple


class PerPhase(NamedTuple):
    """One value per building phase: A, V or W."""

    l1: float
    l2: float
    l3: float

    def plus(self, other: PerPhase) -> PerPhase:
        """Add phase by phase."""
        return PerPhase(self.l1 + other.l1, self.l2 + other.l2, self.l3 + other.l3)


ZERO = PerPhase(0.0, 0.0, 0.0)

type Wiring = tuple[int, ...]
"""Building phase (0, 1, 2) of each charger terminal, first terminal first."""

WIRINGS: dict[str, Wiring] = {
    "RST": (0, 1, 2),
    "RTS": (0, 2, 1),
    "SRT": (1, 0, 2),
    "STR": (1, 2, 0),
    "TRS": (2, 0, 1),
    "TSR": (2, 1, 0),
    "R": (0,),
    "S": (1,),
    "T": (2,),
}
"""Every way to wire a charger, by its OCPP name (ConnectorPhaseRotation)."""
