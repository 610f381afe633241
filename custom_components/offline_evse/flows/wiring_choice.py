"""The wirings that people can choose for a charger, one of them being that nobody knows."""

from typing import Final

from ..engine.model.phases import IN_ORDER, WIRINGS, Phase, Wiring

LEARN: Final = "learn"
"""A charger on three phases in an order that nobody knows."""
LEARN_ONE: Final = "learn_one"
"""A charger on one phase that nobody knows."""

WIRING_CHOICES: Final[dict[str, Wiring]] = {**WIRINGS, LEARN: IN_ORDER, LEARN_ONE: (Phase.L1,)}
"""Wirings by the word that is kept for them. Of one that is to be learned, only the number of terminals counts."""

_NAMES: Final = {wiring: name for name, wiring in WIRINGS.items()}


def is_learned(name: str) -> bool:
    """Tell whether a wiring is left to be learned from the meter."""
    return name in (LEARN, LEARN_ONE)


def wiring_name(wiring: Wiring) -> str:
    """Return the word that is kept for a wiring."""
    return _NAMES[wiring]


def wiring_text(wiring: Wiring) -> str:
    """Write a wiring for people, first terminal first: "L2-L3-L1"."""
    return "-".join(phase.name for phase in wiring)
