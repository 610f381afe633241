"""Energy from meter registers that reset, glitch, change their unit or lie.

A register is believed as long as it moves as a meter can: never down, and not faster than power over time allows.
Whatever else comes is quarantined. Readings that follow either confirm it (the register has moved elsewhere: energy
goes on by differences from there) or leave it alone (garbage). Nothing is ever replaced by 0.
"""

from collections.abc import Iterable
import copy
from dataclasses import dataclass, field
import itertools
from typing import NamedTuple, Self

MAXIMUM_POWER_W = 100_000
"""More than this is not believed of one EVSE, unless the site says otherwise."""
SLACK_WH = 2_000
"""On top of power over time, for coarse meters and rounded timestamps."""
UNTIMED_WH = 200_000
"""What one step may hold where the times of the readings are not to be believed: a large battery."""
RESOLUTION_WH = 1_000
"""A fall by less is a coarse meter next to a fine one, not a reset."""
CONFIRMED = 3
"""Weight that a quarantined run of readings needs; a start or stop register weighs 2, a sample 1."""


class Reading(NamedTuple):
    """A register at a moment."""

    at_us: int
    wh: int
    weight: int = 1


class _Base(NamedTuple):
    """A scale that was left behind, in case the register comes back to it."""

    total_wh: int
    last: Reading


def _scaled(wh: int, scale: int) -> int:
    """Read a register that is in kWh where Wh were announced (scale 1000), or the other way round (-1000)."""
    if scale == 1:
        return wh
    return wh * scale if scale > 0 else wh // -scale


@dataclass(slots=True)
class RegisterTrack:
    """One register, followed through everything it does. Feed it in the order of time; it may be serialised."""

    maximum_power_w: int = MAXIMUM_POWER_W
    timed: bool = True
    total_wh: int = 0
    last: Reading | None = None
    scale: int = 1
    moved: bool = False
    """The register is on another scale than the one it began with."""
    fed_us: int | None = None
    _former: _Base | None = None
    _pending: list[Reading] = field(default_factory=list)
    _accepted: int = 0

    def feed(self, reading: Reading, *, relative: bool = False) -> bool:
        """Take in a reading; return whether the total follows it.

        `relative`: should the readings turn out to count from 0 at the start of the session while the first one
        did not, they are taken at their word.
        """
        self.fed_us = reading.at_us
        if reading.wh < 0:
            return False
        if self.last is None:
            return self._first(reading)
        goes_on = bool(self._pending) and self._follows(self._pending[-1], reading)
        if goes_on and self._pending[0].weight > 1:
            # A session has begun on another scale, says its own start register, and this reading bears it out.
            return self._quarantine(reading, relative)
        for scale in (self.scale, 1) if self.scale != 1 else (1,):
            value = _scaled(reading.wh, scale)
            if 0 <= value - self.last.wh <= self.room_wh(self.last, reading):
                self.scale = scale
                self._advance(value - self.last.wh, Reading(reading.at_us, value))
                return True
        fallen_wh = self.last.wh - _scaled(reading.wh, self.scale)
        if not goes_on and 0 < fallen_wh <= RESOLUTION_WH and fallen_wh * 2 <= self.last.wh:
            self._pending.clear()
            return False
        former = self._former
        if former is not None and 0 <= reading.wh - former.last.wh <= self.room_wh(former.last, reading):
            self._return_to(former, reading)
            return True
        return self._quarantine(reading, relative)

    def begin(self, reading: Reading) -> None:
        """Believe this one, whatever it says, and count from it."""
        self.last = reading
        self.fed_us = reading.at_us
        self._accepted = 1

    def room_wh(self, earlier: Reading, later: Reading) -> int:
        """Return how far a register can have moved between two readings."""
        if not self.timed:
            return UNTIMED_WH
        elapsed_us = max(0, later.at_us - earlier.at_us)
        return self.maximum_power_w * elapsed_us // 3_600_000_000 + SLACK_WH

    def _first(self, reading: Reading) -> bool:
        # A 0 may be a meter that could not be read; it takes more than one reading to believe it.
        self._pending.append(reading)
        if reading.wh == 0 and sum(each.weight for each in self._pending) < CONFIRMED:
            return False
        self._pending.clear()
        self.total_wh = reading.wh
        self.begin(reading)
        return True

    def _follows(self, earlier: Reading, later: Reading, scale: int = 1) -> bool:
        return 0 <= _scaled(later.wh, scale) - _scaled(earlier.wh, scale) <= self.room_wh(earlier, later)

    def _advance(self, by_wh: int, to: Reading) -> None:
        self.total_wh += by_wh
        self.last = to
        self._accepted += 1
        self._pending.clear()

    def _return_to(self, former: _Base, reading: Reading) -> None:
        # What was counted meanwhile was the same energy on another scale, or garbage; the total never runs back.
        self.total_wh = max(self.total_wh, former.total_wh + reading.wh - former.last.wh)
        self.last = reading
        self.scale = 1
        self.moved = False
        self._former = None
        self._pending.clear()

    def _quarantine(self, reading: Reading, relative: bool) -> bool:
        if self._pending and not any(self._follows(self._pending[-1], reading, scale) for scale in (1, -1000)):
            self._pending.clear()
        self._pending.append(reading)
        if sum(each.weight for each in self._pending) < CONFIRMED:
            return False
        run = self._pending.copy()
        if self._rescale(run):
            return True
        if not all(self._follows(*pair) for pair in itertools.pairwise(run)):
            self._pending = [reading]
            return False
        self._move(run, relative)
        return True

    def _rescale(self, run: list[Reading]) -> bool:
        """Take the run for kWh read as Wh or the reverse, if that makes it go on where the register was."""
        assert self.last is not None
        for scale, tolerance_wh in ((1000, RESOLUTION_WH), (-1000, 1)):
            if self.last.wh < 100 * RESOLUTION_WH:
                break
            chain = [self.last, *(Reading(each.at_us, _scaled(each.wh, scale)) for each in run)]
            if all(
                -tolerance_wh <= later.wh - earlier.wh <= self.room_wh(earlier, later) + tolerance_wh
                for earlier, later in itertools.pairwise(chain)
            ):
                self.scale = scale
                top = chain[-1] if chain[-1].wh > self.last.wh else self.last
                self._advance(top.wh - self.last.wh, top)
                return True
        return False

    def _move(self, run: list[Reading], relative: bool) -> None:
        """The register has gone elsewhere: count on from the first reading there."""
        assert self.last is not None
        first, last = run[0], run[-1]
        from_wh = first.wh
        untouched = relative and self._accepted == 1
        if untouched and first.wh < self.last.wh and first.wh <= self.room_wh(self.last, first):
            from_wh = 0
        if not self.moved:
            self._former = _Base(self.total_wh, self.last)
        self.moved = True
        self.scale = 1
        self._advance(last.wh - from_wh, last)

    def as_json(self) -> list[object]:
        """Return everything that has to survive a restart."""
        former = [self._former.total_wh, *self._former.last] if self._former else None
        last = list(self.last) if self.last else None
        pending = [list(each) for each in self._pending]
        return [self.total_wh, last, self.scale, self.moved, self.fed_us, former, pending, self._accepted]

    @classmethod
    def from_json(cls, state: list[object], maximum_power_w: int = MAXIMUM_POWER_W) -> Self:
        """Go on from what `as_json` returned."""
        total_wh, last, scale, moved, fed_us, former, pending, accepted = state
        track = cls(maximum_power_w=maximum_power_w)
        assert isinstance(total_wh, int) and isinstance(scale, int) and isinstance(accepted, int)
        track.total_wh, track.scale, track.moved, track._accepted = total_wh, scale, bool(moved), accepted
        track.fed_us = fed_us if isinstance(fed_us, int) else None
        track.last = Reading(*last) if isinstance(last, list) else None
        track._former = _Base(former[0], Reading(*former[1:])) if isinstance(former, list) else None
        track._pending = [Reading(*each) for each in pending] if isinstance(pending, list) else []
        return track


@dataclass(slots=True)
class SessionEnergy:
    """The energy of one transaction, from the register at its start on."""

    start: Reading | None = None
    maximum_power_w: int = MAXIMUM_POWER_W
    timed: bool = True
    track: RegisterTrack = field(init=False)
    top: Reading | None = None
    """The last reading fed."""

    def __post_init__(self) -> None:
        """Begin at the start register, where there is one: it is the charger's word, 0 or not."""
        self.track = RegisterTrack(self.maximum_power_w, self.timed)
        if self.start is not None and self.start.wh >= 0:
            self.track.begin(self.start)

    def feed(self, readings: Iterable[Reading]) -> None:
        """Take in readings of its samples, in the order of time."""
        for reading in readings:
            self.top = reading
            if self.track.last is None:
                # Without a start register the session counts from its first reading.
                self.track.begin(reading)
            else:
                self.track.feed(reading, relative=self.start is not None)

    def result(self, stop: Reading | None) -> tuple[int, int | None]:
        """Return energy and last register in Wh, with the stop register if there is one.

        Start and stop on one scale count exactly: stop minus start, whatever the samples said in between. They
        are not on one scale if the register has moved meanwhile and the stop goes on from there.
        """
        track = self.track
        at_last = track.total_wh, track.last.wh if track.last else None
        if stop is None or stop.wh < 0:
            return at_last
        exact_wh = self._exact(stop)
        followed = copy.deepcopy(track)
        if followed.last is None:
            return 0, stop.wh
        on_track_wh = (
            followed.total_wh if followed.feed(stop._replace(weight=2), relative=self.start is not None) else None
        )
        if exact_wh is None and on_track_wh is None:
            return at_last
        if exact_wh is None:
            return followed.total_wh, followed.last.wh
        if on_track_wh is None or not track.moved:
            return exact_wh, stop.wh
        on_track_wh = followed.total_wh
        if abs(exact_wh - track.total_wh) <= abs(on_track_wh - track.total_wh):
            return exact_wh, stop.wh
        return on_track_wh, stop.wh

    def _exact(self, stop: Reading) -> int | None:
        """Stop minus start, or None where these two cannot belong together."""
        if self.start is None or self.start.wh < 0:
            return None
        track = self.track
        room_wh = track.room_wh(self.start, stop)
        scales = (1, 1000, -1000) if self.start.wh >= 100 * RESOLUTION_WH else (1,)
        for scale in scales:
            stop_wh = _scaled(stop.wh, scale)
            if not 0 <= stop_wh - self.start.wh <= room_wh:
                continue
            if not track.moved and track.last is not None and stop_wh < track.last.wh - RESOLUTION_WH:
                # The samples had been well beyond: this register was not read.
                continue
            return stop_wh - self.start.wh
        return None
