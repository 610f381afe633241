"""Building meters: how often they report, how finely, and how they fail."""

from dataclasses import dataclass
from enum import Enum, auto


class Fault(Enum):
    """What is wrong with a meter."""

    SILENT = auto()
    """Its value does not move and is not reported anew, or it is said to be unavailable."""
    REPEATING = auto()
    """It reports at its pace, but always the same value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterModel:
    """A kind of meter."""

    period_s: int = 1
    resolution_a: float = 0.01


EVERY_SECOND = MeterModel()
EVERY_TEN_SECONDS = MeterModel(period_s=10)
WHOLE_AMPERES = MeterModel(resolution_a=1.0)


class Meter:
    """One meter at work."""

    __slots__ = ("_last", "_model", "fault")

    def __init__(self, model: MeterModel) -> None:
        """Begin in order."""
        self._model = model
        self._last: tuple[float, float, float] | None = None
        self.fault: Fault | None = None

    def second(self, now_s: int, currents_a: tuple[float, float, float]) -> tuple[float, float, float] | None:
        """Return what it reports in this second; None: nothing."""
        if now_s % self._model.period_s or self.fault is Fault.SILENT:
            return None
        if self.fault is Fault.REPEATING and self._last is not None:
            return self._last
        step_a = self._model.resolution_a
        l1, l2, l3 = currents_a
        self._last = (
            round(round(l1 / step_a) * step_a, 3),
            round(round(l2 / step_a) * step_a, 3),
            round(round(l3 / step_a) * step_a, 3),
        )
        return self._last
