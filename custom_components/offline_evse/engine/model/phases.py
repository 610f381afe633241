"""The three phases of a building, and how a charger's terminals are wired to them."""

from enum import IntEnum
from typing import NamedTuple


class Phase(IntEnum):
    """A phase of the building's supply."""

    L1 = 0
    L2 = 1
    L3 = 2


class PhaseAmperes(NamedTuple):
    """One current per phase, in A."""

    l1: float
    l2: float
    l3: float

    @property
    def total(self) -> float:
        """Sum over the phases, in A."""
        return self.l1 + self.l2 + self.l3


NO_CURRENT = PhaseAmperes(0.0, 0.0, 0.0)

type Wiring = tuple[Phase, ...]
"""Building phase of each of a charger's terminals, first terminal first: one entry for a single-phase
charger, three for a three-phase one. OCPP calls the six three-phase orders RST, RTS, SRT, STR, TRS, TSR."""

IN_ORDER: Wiring = (Phase.L1, Phase.L2, Phase.L3)

WIRINGS: dict[str, Wiring] = {
    "rst": (Phase.L1, Phase.L2, Phase.L3),
    "rts": (Phase.L1, Phase.L3, Phase.L2),
    "srt": (Phase.L2, Phase.L1, Phase.L3),
    "str": (Phase.L2, Phase.L3, Phase.L1),
    "trs": (Phase.L3, Phase.L1, Phase.L2),
    "tsr": (Phase.L3, Phase.L2, Phase.L1),
    "r": (Phase.L1,),
    "s": (Phase.L2,),
    "t": (Phase.L3,),
}
"""Wirings by their OCPP name (ConnectorPhaseRotation, in lower case)."""


def on_building(terminals_a: tuple[float, ...], wiring: Wiring) -> PhaseAmperes:
    """Turn currents per charger terminal into currents per building phase, in A."""
    phases = [0.0, 0.0, 0.0]
    for current_a, phase in zip(terminals_a, wiring, strict=False):
        phases[phase] += current_a
    return PhaseAmperes(*phases)
