"""A car at its charger: when the pilot moves, how late the car follows, and what it makes of the signal."""

from collections import deque
from dataclasses import dataclass
from math import floor, inf

PILOT_INTERVAL_S = 5
"""IEC 61851-1: the pilot may change this often."""
MINIMUM_A = 6.0
"""Below this the pilot has no value."""
STOP_S = 3
"""A car opens its switch this long after the pilot has gone, however late it otherwise is."""
EXPIRES_AFTER_S = 250
"""A limit that is not repeated for so long gives way to the safe current."""
_WAKES_AFTER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CarModel:
    """How a car behaves, and when it is there."""

    phases: int = 3
    maximum_a: float = 16.0
    dead_s: int = 3
    """Between a change of the pilot and the change of the current."""
    rounds: bool = False
    """Takes whole amperes only."""
    overdraw_a: float = 0.0
    underdraw_a: float = 0.0
    sleeps_after_s: int | None = None
    """Without a signal for so long, it falls asleep until it is plugged in again, or has seen a signal come twice."""
    need_wh: float = inf
    arrives_s: int = 0
    leaves_s: float = inf


class Vehicle:
    """One EVSE with its car, stepped each second."""

    __slots__ = (
        "asleep",
        "coming",
        "draw_a",
        "energy_wh",
        "limit_a",
        "model",
        "obeys",
        "online",
        "pauses",
        "phases",
        "pilot_a",
        "pilot_at_s",
        "plugged",
        "quiet_s",
        "runs_out_late_s",
        "safe_a",
        "seen_a",
        "told_at_s",
        "wakings",
    )

    def __init__(self, model: CarModel, wiring: tuple[int, ...], safe_a: float) -> None:
        """Wire it as it truly is."""
        self.model = model
        self.phases = wiring[: model.phases]
        self.safe_a = safe_a
        self.limit_a = safe_a
        """What the station allows: its floor until it is told better."""
        self.told_at_s = inf
        """When the limit was told or repeated last; infinity: the floor, which does not run out."""
        self.pilot_a = 0.0
        self.pilot_at_s = -PILOT_INTERVAL_S
        self.coming: deque[tuple[int, float]] = deque()
        self.seen_a = 0.0
        self.draw_a = 0.0
        self.energy_wh = 0.0
        self.plugged = False
        self.online = True
        self.obeys = True
        """Whether the station takes limits; otherwise it refuses them."""
        self.asleep = False
        self.quiet_s = 0
        self.wakings = 0
        self.pauses = 0
        self.runs_out_late_s = 0
        """How much later than agreed its limit runs out, by its own wrong clock."""

    @property
    def wants(self) -> bool:
        """Whether there is a car that is not full yet."""
        return self.plugged and self.energy_wh < self.model.need_wh

    def plug(self) -> None:
        """Connect the car."""
        self.plugged = True
        self.asleep = False
        self.quiet_s = 0
        self.limit_a, self.told_at_s = self.safe_a, inf

    def unplug(self) -> None:
        """Take the car away."""
        self.plugged = False
        self.draw_a = self.pilot_a = self.seen_a = 0.0
        self.coming.clear()

    def tell(self, current_a: float, now_s: int) -> bool:
        """Give the station a limit; returns whether it took it."""
        if not self.online or not self.obeys:
            return False
        if not current_a and self.limit_a:
            self.pauses += 1
        self.limit_a = current_a
        self.told_at_s = now_s
        return True

    def second(self, now_s: int) -> None:
        """Live through a second."""
        if not self.plugged:
            return
        if now_s - self.told_at_s > EXPIRES_AFTER_S + self.runs_out_late_s:
            self.limit_a, self.told_at_s = self.safe_a, inf
        limit_a = self.limit_a
        if limit_a != self.pilot_a and (now_s - self.pilot_at_s >= PILOT_INTERVAL_S or limit_a < MINIMUM_A):
            model = self.model
            self.coming.append((now_s + (model.dead_s if limit_a >= MINIMUM_A else min(STOP_S, model.dead_s)), limit_a))
            if self.asleep and limit_a >= MINIMUM_A > self.pilot_a:
                self.wakings += 1
                self.asleep = self.wakings < _WAKES_AFTER
            self.pilot_a = limit_a
            self.pilot_at_s = now_s
        if self.coming:
            self._follow(now_s)
        if self.model.sleeps_after_s is not None:
            self._doze()
        if self.draw_a:
            self.energy_wh += self.draw_a * len(self.phases) * 230.0 / 3600.0
            if self.energy_wh >= self.model.need_wh:
                self.draw_a = 0.0

    def _follow(self, now_s: int) -> None:
        coming = self.coming
        while coming and coming[0][0] <= now_s:
            self.seen_a = coming.popleft()[1]
        self.draw_a = self._taken_a()

    def _taken_a(self) -> float:
        model = self.model
        if self.seen_a < MINIMUM_A or self.asleep or not self.wants:
            return 0.0
        taken_a = min(self.seen_a - model.underdraw_a, model.maximum_a)
        if model.rounds:
            taken_a = floor(taken_a + 1e-9)
        return max(0.0, min(taken_a + model.overdraw_a, model.maximum_a + model.overdraw_a))

    def _doze(self) -> None:
        assert self.model.sleeps_after_s is not None
        if self.pilot_a >= MINIMUM_A:
            self.quiet_s = 0
            return
        self.quiet_s += 1
        if self.quiet_s >= self.model.sleeps_after_s and not self.asleep:
            self.asleep = True
            self.wakings = 0
