"""Solar surplus: what would flow into the grid is shared among the cars that wait for it.

Down at once, up only to what has been there for a while; a start and a stop each need a longer while, because they
wear contactors and wake cars.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...model.offer import LimitReason
from ...model.station import EvseKey
from .draw_guess import DrawGuess


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarSettings:
    """How patient the sharing is."""

    start_after_s: float = 60.0
    """There must be enough for a car's minimum for this long before it starts."""
    stop_after_s: float = 180.0
    """There must be too little for this long before it stops; meanwhile it has its minimum."""
    raise_after_s: float = 25.0
    """A current is raised to what has been there for this long without a break."""
    raise_step_a: float = 0.5
    """A smaller raise is not worth a command."""
    turn_s: float = 1800.0
    """How long a car keeps its place where there is not enough for all who wait."""
    settle_s: float = 12.0
    """How long a car takes to follow an offer."""
    unused_a: float = 1.0
    """A car that leaves more than this of its offer does not want it all; twice as much is kept for it."""
    reserve_w: float = 0.0
    """Always left to flow into the grid; negative: what may be bought on top of the sun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarCar:
    """A car that charges, or would charge, on sun."""

    evse: EvseKey
    watts_per_ampere: float
    """For all phases that it uses."""
    minimum_a: float
    maximum_a: float
    offer_a: float
    """What it is offered now."""
    draw_w: float | None = None
    """What it last said that it draws."""
    draw_at_s: float = 0.0
    keeps_minimum: bool = False
    """Whether it has its minimum whatever the sun does."""
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sun:
    """What is known of the power that could be used."""

    grid_w: float
    """Drawn from the grid by everything; negative: flows into it."""
    battery_w: float = 0.0
    """What charges the house's battery; negative: what it gives."""
    battery_first: bool = False
    """Whether the battery is served before the cars. A battery is never emptied into a car for the sake of sun."""
    battery_most_w: float = 0.0
    """What the battery would take if there were enough: kept for it while it is first."""

    @property
    def spare_w(self) -> float:
        """What is left over besides what the cars draw, in W."""
        return self.battery_share_w - self.grid_w

    @property
    def battery_share_w(self) -> float:
        """What the battery leaves to the cars, or has to have from them, in W."""
        if not self.battery_first:
            return self.battery_w
        return min(0.0, self.battery_w, self.battery_w - self.battery_most_w)


@dataclass(frozen=True, slots=True)
class SolarCeiling:
    """The most that a car may have of the sun."""

    current_a: float
    reason: LimitReason = LimitReason.SOLAR


class _Track:
    """What is remembered of one car."""

    __slots__ = (
        "ceiling_a",
        "draw",
        "enough_since_s",
        "more_a",
        "more_since_s",
        "running",
        "served_s",
        "short_since_s",
        "takes_a",
    )

    def __init__(self, settle_s: float) -> None:
        self.draw = DrawGuess(settle_s)
        self.running = False
        self.served_s = 0.0
        """How long it has had its present turn."""
        self.ceiling_a = 0.0
        self.enough_since_s: float | None = None
        self.short_since_s: float | None = None
        self.more_since_s: float | None = None
        self.more_a = 0.0
        """The least that it could have had since then."""
        self.takes_a: float | None = None
        """What it leaves some of its offer at; None: it takes what it is offered."""


class SolarShare:
    """Shares the sun out. Times are monotonic seconds, handed in."""

    def __init__(self, settings: SolarSettings | None = None) -> None:
        """Begin in the dark."""
        self.settings = settings or SolarSettings()
        self._tracks: dict[EvseKey, _Track] = {}
        self._last_s: float | None = None
        self.surplus_w: float | None = None
        """What there was for cars at the last look, in W; None while nobody knows."""

    def update(self, at_s: float, cars: Sequence[SolarCar], sun: Sun | None) -> Mapping[EvseKey, SolarCeiling]:
        """Say what each car may have from now on. `sun` None: nothing is known, so there is none to share."""
        passed_s = 0.0 if self._last_s is None else max(0.0, at_s - self._last_s)
        self._last_s = at_s
        self._tracks = {car.evse: self._tracks.get(car.evse) or _Track(self.settings.settle_s) for car in cars}
        least_w = most_w = 0.0
        for car in cars:
            track = self._tracks[car.evse]
            if track.running:
                track.served_s += passed_s
            offer_w = car.offer_a * car.watts_per_ampere
            low_w, high_w = track.draw.bounds(at_s, offer_w, car.draw_w, car.draw_at_s)
            if car.draw_w is not None and low_w == high_w == car.draw_w:
                taken_a = low_w / car.watts_per_ampere
                track.takes_a = taken_a if taken_a < car.offer_a - self.settings.unused_a else None
            least_w, most_w = least_w + low_w, most_w + high_w
        if sun is None:
            self.surplus_w = None
            least_w = most_w = 0.0
        else:
            self.surplus_w = least_w + sun.spare_w
            least_w += sun.spare_w - self.settings.reserve_w
            most_w += sun.spare_w - self.settings.reserve_w
        self._admit(at_s, cars, least_w, most_w)
        placed = [self._as_it_takes(car) for car in cars if self._has_place(car)]
        lower, upper = _fill(placed, most_w), _fill(placed, least_w)
        reason = LimitReason.BATTERY if sun is not None and _battery_binds(sun) else LimitReason.SOLAR
        ceilings: dict[EvseKey, SolarCeiling] = {}
        for car in cars:
            if not self._has_place(car):
                self._tracks[car.evse].ceiling_a = 0.0
            else:
                self._follow(at_s, car, lower[car.evse], upper[car.evse])
            ceilings[car.evse] = SolarCeiling(self._tracks[car.evse].ceiling_a, reason)
        return ceilings

    def _has_place(self, car: SolarCar) -> bool:
        return car.keeps_minimum or self._tracks[car.evse].running

    def _as_it_takes(self, car: SolarCar) -> SolarCar:
        """Leave to others what a car does not take, but enough for it to show that it wants more."""
        takes_a = self._tracks[car.evse].takes_a
        if takes_a is None:
            return car
        return replace(car, maximum_a=max(car.minimum_a, min(car.maximum_a, takes_a + 2 * self.settings.unused_a)))

    def _admit(self, at_s: float, cars: Sequence[SolarCar], least_w: float, most_w: float) -> None:
        """Let cars start and stop, each after its while."""
        started = False
        displaced: list[_Track] = []
        for car in sorted(cars, key=self._turn):
            need_w = car.minimum_a * car.watts_per_ampere
            track = self._tracks[car.evse]
            if car.keeps_minimum:
                least_w, most_w = least_w - need_w, most_w - need_w
                continue
            if track.running:
                if most_w >= need_w:
                    track.short_since_s = None
                elif track.short_since_s is None:
                    track.short_since_s = at_s
                if track.short_since_s is not None:
                    if at_s - track.short_since_s >= self.settings.stop_after_s:
                        _stop(track)
                    elif track.served_s > self.settings.turn_s:
                        displaced.append(track)
                least_w, most_w = least_w - need_w, most_w - need_w
            elif least_w >= need_w:
                if track.enough_since_s is None:
                    track.enough_since_s = at_s
                if at_s - track.enough_since_s >= self.settings.start_after_s:
                    track.running = started = True
                    track.served_s, track.enough_since_s, track.short_since_s = 0.0, None, None
                # Nobody who comes after it may count on the same sun.
                least_w, most_w = least_w - need_w, most_w - need_w
            else:
                track.enough_since_s = None
        if started:
            for track in displaced:
                _stop(track)

    def _turn(self, car: SolarCar) -> tuple[bool, int, bool, bool, EvseKey]:
        """Order: those who keep their minimum, then by class; a running car before waiting ones until its turn ends."""
        track = self._tracks[car.evse]
        over = track.running and track.served_s > self.settings.turn_s
        return not car.keeps_minimum, -car.priority, over, not track.running, car.evse

    def _follow(self, at_s: float, car: SolarCar, down_a: float, up_a: float) -> None:
        """Move the ceiling of a car: down at once, up to the least of a while."""
        track = self._tracks[car.evse]
        if track.ceiling_a < car.minimum_a:
            # It starts just now.
            track.ceiling_a, track.more_since_s = max(up_a, car.minimum_a), None
            return
        if down_a < track.ceiling_a:
            track.ceiling_a = down_a
            track.more_since_s = None
            return
        if up_a < min(track.ceiling_a + self.settings.raise_step_a, car.maximum_a) or up_a <= track.ceiling_a:
            track.more_since_s = None
            return
        if track.more_since_s is None:
            track.more_since_s, track.more_a = at_s, up_a
        track.more_a = min(track.more_a, up_a)
        if at_s - track.more_since_s >= self.settings.raise_after_s:
            track.ceiling_a, track.more_since_s = track.more_a, None


def _stop(track: _Track) -> None:
    track.running, track.short_since_s, track.enough_since_s, track.served_s = False, None, None, 0.0


def _battery_binds(sun: Sun) -> bool:
    return sun.battery_first and (sun.battery_w > 0 or sun.battery_share_w < 0)


def _fill(cars: Sequence[SolarCar], surplus_w: float) -> dict[EvseKey, float]:
    """Give every car its minimum, then share the rest evenly in W; higher classes first. In A, rounded down to 0.1."""
    given = {car.evse: car.minimum_a * car.watts_per_ampere for car in cars}
    left_w = surplus_w - sum(given.values())
    for priority in sorted({car.priority for car in cars}, reverse=True):
        open_cars = [car for car in cars if car.priority == priority]
        while open_cars and left_w > 1e-6:
            share_w = left_w / len(open_cars)
            full = [car for car in open_cars if _room_w(car, given[car.evse]) <= share_w]
            for car in full or open_cars:
                more_w = min(share_w, _room_w(car, given[car.evse]))
                given[car.evse] += more_w
                left_w -= more_w
            open_cars = [car for car in open_cars if car not in full] if full else []
    return {car.evse: max(car.minimum_a, int(given[car.evse] / car.watts_per_ampere * 10 + 1e-6) / 10) for car in cars}


def _room_w(car: SolarCar, given_w: float) -> float:
    return max(0.0, car.maximum_a * car.watts_per_ampere - given_w)
