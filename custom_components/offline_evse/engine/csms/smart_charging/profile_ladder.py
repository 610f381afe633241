"""Which form of charging profile a station takes: tried from the best one down, and remembered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...model.command import ApplyFloor, ApplyLimit, Command, CommandResult, Outcome
from ..payloads.coercion import listed, word
from .charger_clock import ChargerClock
from .profiles import Kind, ProfileShape, Purpose, RateUnit

STRIKES = 3
"""A shape that has worked before is left for good only after it was refused this often in a row; a TxProfile, for one,
is refused whenever the transaction has just ended."""
_HIGHEST_LEVEL = 1000
_RATE_UNIT_KEYS = frozenset({"chargingscheduleallowedchargingrateunit", "smartchargingctrlrrateunit"})
_LEVEL_KEYS = frozenset({"chargeprofilemaxstacklevel", "smartchargingctrlrprofilestacklevel"})
_PERIOD_KEYS = frozenset({"chargingschedulemaxperiods", "smartchargingctrlrperiodsperschedule"})
_EVSE_KEYS = frozenset({"numberofconnectors"})


class Rungs:
    """Shapes in the order in which they are tried, and how far down we are."""

    def __init__(self) -> None:
        """Begin at the top of nothing."""
        self.shapes: tuple[ProfileShape, ...] = ()
        self._at = 0
        self._settled: ProfileShape | None = None
        self._strikes = 0
        self._fruitless = False

    @property
    def current(self) -> ProfileShape:
        """The shape to use now."""
        return self.shapes[self._at]

    @property
    def settled(self) -> ProfileShape | None:
        """The shape that has been accepted; None while nothing was."""
        return self._settled

    def arrange(self, shapes: tuple[ProfileShape, ...]) -> None:
        """Take new shapes; one that has been accepted stays in use if it is among them."""
        if shapes == self.shapes:
            return
        self.shapes = shapes
        if self._settled not in shapes:
            self._settled, self._strikes = None, 0
        self._at = self._home

    def settle(self, shape: ProfileShape) -> None:
        """Begin with a shape that was accepted some other time."""
        if shape in self.shapes:
            self._settled, self._strikes = shape, 0
            self._at = self._home

    def accepted(self) -> None:
        """The current shape was accepted."""
        self._fruitless = False
        if self.current == self._settled:
            self._strikes = 0
        elif self._settled is not None and self._strikes < STRIKES:
            self._at = self._home
        else:
            self._settled, self._strikes = self.current, 0

    def refused(self) -> bool:
        """The current shape was refused: go one down, or back to the start and return False where there is none.

        A station that has refused everything once is asked with one shape per command from then on: what it refuses
        may be the moment and not the shape, and profiles wear out the memory of some.
        """
        if self.current == self._settled:
            self._strikes += 1
        self._at += 1
        if self._at < len(self.shapes):
            return not self._fruitless
        self._at = 0 if self._fruitless else self._home
        self._fruitless = True
        return False

    @property
    def _home(self) -> int:
        return self.shapes.index(self._settled) if self._settled is not None else 0


class ProfileLadder:
    """What is known of the profiles that one station takes.

    Every shape comes in amperes and in watts unless the station has said which of them it takes. The best one is a
    TxProfile above a TxDefaultProfile with two steps; then come stations that have one stack level, those that
    refuse TxProfile, those that take a single period, those that insist on relative schedules, and at the very end,
    only where there is one EVSE, a maximum for the station as a whole.
    """

    def __init__(self, *, relative_station_max: bool = True) -> None:
        """Begin with what most stations take; 2.x forbids a relative maximum for the station (K01.FR.38)."""
        self._relative_station_max = relative_station_max
        self._seen: frozenset[int] = frozenset()
        self.clock = ChargerClock()
        """The clock by which the station obeys what is absolute."""
        self.forget()

    def forget(self) -> None:
        """Begin anew with a station whose firmware is another one; its EVSEs and its clock stay what they are."""
        self._units: tuple[RateUnit, ...] = (RateUnit.AMPERES, RateUnit.WATTS)
        self._max_level: int | None = None
        self._max_periods: int | None = None
        self._evse_count: int | None = None
        self._live = Rungs()
        self._floor = Rungs()
        self._arrange()

    @property
    def current(self) -> ProfileShape:
        """The shape for live limits."""
        return self._live.current

    @property
    def current_floor(self) -> ProfileShape:
        """The shape for the floor."""
        return self._floor.current

    @property
    def shapes(self) -> tuple[ProfileShape, ...]:
        """The shapes for live limits in the order in which they are tried."""
        return self._live.shapes

    @property
    def proven(self) -> bool:
        """Whether the station has accepted a live limit in some shape."""
        return self._live.settled is not None

    def accepted(self, *, floor: bool = False) -> None:
        """The station took the current shape."""
        (self._floor if floor else self._live).accepted()

    def noted(self, command: Command, result: CommandResult) -> None:
        """Take in how a command ended, if it was one that set a profile and the station took it."""
        if result.done and isinstance(command, ApplyLimit):
            self.accepted()
        elif result.done and isinstance(command, ApplyFloor) and command.current_a is not None:
            self.accepted(floor=True)

    def next_rung(self, command: Command, result: CommandResult) -> bool:
        """After a command that set a profile was refused: whether another shape is worth trying now."""
        if isinstance(command, ApplyLimit):
            return self.refused(result)
        if isinstance(command, ApplyFloor) and command.current_a is not None:
            return self.refused(result, floor=True)
        return False

    def refused(self, result: CommandResult, *, floor: bool = False) -> bool:
        """Go to the next shape after a refusal; False: there is none, or it was no refusal of the shape."""
        if result.outcome not in (Outcome.REJECTED, Outcome.UNSUPPORTED):
            return False
        if word(result.detail).startswith("notimplemented"):
            # A CALLERROR: the station has no SetChargingProfile at all, in no shape.
            return False
        return (self._floor if floor else self._live).refused()

    def learned(self, variables: Mapping[str, str | None]) -> None:
        """Take in what the station's configuration says of profiles, by the names of any OCPP version."""
        for name, value in variables.items():
            key = word(name)
            if key in _RATE_UNIT_KEYS:
                self._learn_units(value)
            elif key in _LEVEL_KEYS:
                self._max_level = _small(value, self._max_level, _HIGHEST_LEVEL)
            elif key in _PERIOD_KEYS:
                self._max_periods = _small(value, self._max_periods) or None
            elif key in _EVSE_KEYS:
                self._evse_count = _small(value, self._evse_count) or None
        self._arrange()

    def saw_evse(self, evse_id: int) -> None:
        """Note that the station has spoken of an EVSE."""
        if evse_id > 0 and evse_id not in self._seen and len(self._seen) < 2:
            self._seen |= {evse_id}
            self._arrange()

    def to_dict(self) -> dict[str, Any]:
        """Return what is worth keeping over restarts, as JSON can hold it."""
        return {
            "units": [unit.value for unit in self._units],
            "max_level": self._max_level,
            "max_periods": self._max_periods,
            "evse_count": self._evse_count,
            "live": _shape_to_dict(self._live.settled),
            "floor": _shape_to_dict(self._floor.settled),
        }

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Take back what `to_dict` returned; what cannot be read is found out anew."""
        units = memory.get("units")
        if isinstance(units, list) and (known := tuple(unit for unit in RateUnit if unit.value in units)):
            self._units = known
        self._max_level = _small(memory.get("max_level"), None, _HIGHEST_LEVEL)
        self._max_periods = _small(memory.get("max_periods"), None) or None
        self._evse_count = _small(memory.get("evse_count"), None) or None
        self._arrange()
        for rungs, name in ((self._live, "live"), (self._floor, "floor")):
            for shape in rungs.shapes:
                if _shape_to_dict(shape) == memory.get(name):
                    rungs.settle(shape)

    def _learn_units(self, value: str | None) -> None:
        words = {word(entry) for entry in listed(value)}
        known: list[RateUnit] = []
        if words & {"current", "a", "amps", "ampere", "amperes"}:
            known.append(RateUnit.AMPERES)
        if words & {"power", "w", "watt", "watts"}:
            known.append(RateUnit.WATTS)
        if known:
            self._units = tuple(known)

    @property
    def _single_evse(self) -> bool:
        if len(self._seen) > 1:
            return False
        return self._evse_count == 1 if self._evse_count is not None else self._seen == {1}

    def _arrange(self) -> None:
        self._live.arrange(tuple(self._live_shapes()))
        self._floor.arrange(
            tuple(
                ProfileShape(purpose=Purpose.TX_DEFAULT, kind=kind, live_level=0, unit=unit, two_step=False)
                for unit in self._units
                for kind in Kind
            )
        )

    def _live_shapes(self) -> list[ProfileShape]:
        top = 1 if self._max_level is None else self._max_level
        levels = dict.fromkeys((top, min(top, 1), 0))
        steps = (True,) if self._max_periods != 1 else ()
        ways = (*((Kind.ABSOLUTE, two_step) for two_step in (*steps, False)), (Kind.RELATIVE, False))
        forms = [
            ProfileShape(purpose=purpose, kind=kind, live_level=level, two_step=two_step)
            for kind, two_step in ways
            for purpose in (Purpose.TX, Purpose.TX_DEFAULT)
            for level in levels
        ]
        shapes = [replace(form, unit=unit) for unit in self._units for form in forms]
        if self._single_evse:
            maximum = ProfileShape(purpose=Purpose.STATION_MAX, on_evse=False)
            shapes += [
                replace(maximum, kind=kind, two_step=two_step, live_level=level, unit=unit)
                for unit in self._units
                for kind, two_step in (ways if self._relative_station_max else ways[:-1])
                for level in levels
            ]
        return shapes


def _small(value: object, otherwise: int | None, highest: int = 1_000_000) -> int | None:
    """Read a count that configuration values carry as text; keep `otherwise` where there is none."""
    try:
        read = int(float(str(value).strip("\"'[] ")))
    except ValueError, OverflowError:
        return otherwise
    return min(read, highest) if read >= 0 else otherwise


def _shape_to_dict(shape: ProfileShape | None) -> dict[str, Any] | None:
    if shape is None:
        return None
    return {
        "purpose": shape.purpose.value,
        "kind": shape.kind.value,
        "live_level": shape.live_level,
        "floor_level": shape.floor_level,
        "unit": shape.unit.value,
        "two_step": shape.two_step,
        "on_evse": shape.on_evse,
    }
