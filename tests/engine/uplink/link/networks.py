"""Networks as sites have them, on paper: how long round trips take, and when there are none."""

from dataclasses import dataclass
from random import Random
from typing import override

from ..doubles import Network

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@dataclass
class Outage:
    """Nothing passes between these, in s since the beginning."""

    from_s: float
    until_s: float
    breaks: bool = False
    """Connections break visibly; otherwise they fall silent."""


class PaperNetwork(Network):
    """Round trips with a median and a spread (log-normal), some of them lost, and times without any."""

    def __init__(
        self,
        random: Random,
        median_s: float,
        spread: float,
        loss: float,
        outages: tuple[Outage, ...] = (),
        flap_s: float | None = None,
    ) -> None:
        """Lose `loss` of all round trips, and everything in `outages` and in every second stretch of `flap_s`."""
        self._random = random
        self._median_s = median_s
        self._spread = spread
        self._loss = loss
        self._outages = outages
        self._flap_s = flap_s

    @override
    def trip(self, at_s: float) -> float | None:
        if self._outage(at_s) or self._random.random() < self._loss:
            return None
        return self._median_s * self._random.lognormvariate(0.0, self._spread)

    @override
    def reaches(self, at_s: float) -> bool:
        return not self._outage(at_s) and self._random.random() >= self._loss

    @override
    def cuts(self, at_s: float) -> bool:
        return any(outage.breaks and outage.from_s <= at_s < outage.until_s for outage in self._outages)

    def _outage(self, at_s: float) -> bool:
        if self._flap_s is not None and int(at_s // self._flap_s) % 2:
            return True
        return any(outage.from_s <= at_s < outage.until_s for outage in self._outages)


def fibre(random: Random) -> PaperNetwork:
    """A good line: 40 ms, one round trip in 2,000 lost."""
    return PaperNetwork(random, 0.04, 0.5, 0.0005)


def lte(random: Random) -> PaperNetwork:
    """A mobile line with 2 % loss and the odd slow answer."""
    return PaperNetwork(random, 0.25, 0.5, 0.02)


def poor(random: Random) -> PaperNetwork:
    """A quarter of all round trips is lost, and the others are slow."""
    return PaperNetwork(random, 1.0, 0.8, 0.25)


def flapping(random: Random) -> PaperNetwork:
    """40 s there, 40 s away, without a connection ever breaking visibly."""
    return PaperNetwork(random, 0.04, 0.5, 0.0005, flap_s=40.0)


def four_hours_out(random: Random) -> PaperNetwork:
    """A good line that is gone from hour 8 to hour 12; every other time its connections break visibly."""
    outage = Outage(8 * HOUR_S, 12 * HOUR_S, breaks=random.random() < 0.5)
    return PaperNetwork(random, 0.04, 0.5, 0.0005, (outage,))


def three_days_out(random: Random) -> PaperNetwork:
    """A mobile line that is gone from the second day to the fourth."""
    outage = Outage(DAY_S, 4 * DAY_S, breaks=random.random() < 0.5)
    return PaperNetwork(random, 0.25, 0.5, 0.02, (outage,))
